"""Text: prose and code from language models."""
