"""Comparing models: what was observed of each becomes rows of cells, findings, a picture and a page."""
