"""A modality of an outside package: coloured dots on a plane."""
