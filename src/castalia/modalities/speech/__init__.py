"""Speech: text spoken by a voice, and recordings of it."""
