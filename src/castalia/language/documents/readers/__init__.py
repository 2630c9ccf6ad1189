"""One file a format, found by scanning: each names its ``FORMAT`` and imports its library when it reads."""
