"""The loop and its stages: review, repair and validate one artifact, in a box, with evidence."""
