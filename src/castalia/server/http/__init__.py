"""What all endpoints share: keys, limits, error shapes, streaming."""
