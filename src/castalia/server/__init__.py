"""The HTTP face, OpenAI's API included. The only room that knows FastAPI."""
