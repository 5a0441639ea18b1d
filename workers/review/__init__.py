"""Sources of findings: each module finds by one kind of evidence; none edits or runs the artifact."""
