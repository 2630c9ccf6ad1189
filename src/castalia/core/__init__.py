"""Words that every room shares: types, errors, configuration and plug-in discovery. Imports nothing of ours."""
