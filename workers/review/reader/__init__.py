"""What a reader needs and can be decided without running anything."""
