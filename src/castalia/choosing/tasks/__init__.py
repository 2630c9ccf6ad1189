"""Which language task a wish in plain words asks for."""
