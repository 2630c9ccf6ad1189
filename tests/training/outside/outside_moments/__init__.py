"""A family of an outside package: one Gaussian for everything."""
