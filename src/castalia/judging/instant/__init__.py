"""Instant checks: one module for each modality, run on every result."""
