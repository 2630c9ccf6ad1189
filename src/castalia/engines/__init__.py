"""Engines: what runs models. One folder each, found by scanning; none imports another."""
