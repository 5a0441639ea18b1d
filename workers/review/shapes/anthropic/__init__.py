"""Text completions become messages."""
