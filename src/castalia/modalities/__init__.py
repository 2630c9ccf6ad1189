"""Modalities: kinds of content. One folder each; none knows a family. NumPy only, never torch."""
