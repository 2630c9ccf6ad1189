"""Choosing: which kind of model and which model answers a request, and why."""
