"""Evaluate: what a model makes, measured against data that it has not seen."""
