"""The speech server: OpenAI-compatible HTTP, engines in worker processes, model store, slim client."""
