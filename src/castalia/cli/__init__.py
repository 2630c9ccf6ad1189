"""The command line: one file per group of commands, all thin over `castalia.client` and `castalia.serving`."""
