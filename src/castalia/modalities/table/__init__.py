"""Tables: rows of numbers, categories, dates and identifiers."""
