"""Where models come from: the starter catalogue, wheels on a package index, a model hub, a path."""
