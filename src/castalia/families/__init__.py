"""Families: ways to learn a distribution. One folder each; none imports another, none knows a modality."""
