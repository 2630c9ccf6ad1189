"""Video: short clips learnt from a folder, and made frame by frame at once."""
