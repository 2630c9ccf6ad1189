"""Generative adversarial networks for continuous layouts of every rank: rows, signals, pictures, films."""
