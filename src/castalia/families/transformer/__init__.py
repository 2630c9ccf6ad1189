"""Autoregressive transformers of the Llama kind for sequences and streams of tokens."""
