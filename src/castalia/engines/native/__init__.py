"""The engine of our own artifacts: any family, any modality."""
