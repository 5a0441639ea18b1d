"""Where a value goes in a document, and how it is read there."""
