"""The tasks, one file each: a module that holds ``TASK`` is found by scanning (`castalia.language.catalogue`)."""
