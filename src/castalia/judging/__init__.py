"""Judging: measures that fit each modality, and the verdict over them."""
