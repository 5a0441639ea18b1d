"""Mistral's first client became another."""
