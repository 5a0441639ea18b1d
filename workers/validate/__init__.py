"""Rules that must all accept an attempt; the first refusal is the reason."""
