"""One document of what a plan has made: HTML, DOCX or PDF, with its media inside."""
