"""google.generativeai gave way to google.genai."""
