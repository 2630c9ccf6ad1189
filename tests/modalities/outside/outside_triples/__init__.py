"""A family of an outside package that learns tokens: what follows which two."""
