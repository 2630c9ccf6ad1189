"""A modality of an outside package: words of small letters, one a line, or one long text."""
