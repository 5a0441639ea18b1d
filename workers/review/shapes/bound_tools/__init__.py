"""LangChain: functions that are bound to a model of OpenAI become tools."""
