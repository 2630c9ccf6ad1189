"""Speech by the Piper program."""
