"""Diffusion and flow matching for continuous layouts of every rank: rows, signals, pictures, films."""
