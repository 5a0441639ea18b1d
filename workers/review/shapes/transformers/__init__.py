"""What transformers moved: arguments that dictionaries hold, and tokenizers of targets."""
