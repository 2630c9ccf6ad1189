"""Serving: the way of a request, the pool of loaded models, long work."""
