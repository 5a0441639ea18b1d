"""OpenAI's clients: the module becomes a client, Chat Completions become Responses, functions become tools."""
