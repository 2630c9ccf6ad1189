"""Variational autoencoders for continuous layouts of every rank: rows, signals, pictures, films."""
