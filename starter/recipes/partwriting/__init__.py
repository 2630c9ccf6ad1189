"""Four-part chorales by the rules of common-practice part writing: chords, phrases, voices, ornaments."""
