"""Evaluating language: likelihood of given text, facts, instructions, coherence, support in sources."""
