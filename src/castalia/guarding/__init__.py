"""Guarding: personal data is found before it reaches a model, a training set or the history."""
