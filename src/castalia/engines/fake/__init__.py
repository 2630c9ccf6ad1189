"""A deterministic engine without weights: for trying the flow and for tests."""
