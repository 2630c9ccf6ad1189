"""The chart engine: draws the numbers of an attached table."""
