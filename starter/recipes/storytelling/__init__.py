"""A grammar of short simple stories of our own: words, openings, plots, endings and the requests that ask for them."""
