"""Documents: reading files, cutting them into passages, keeping and searching them.

(`castalia.serving.documents` is another thing: it writes the results of plans as files.)
"""
