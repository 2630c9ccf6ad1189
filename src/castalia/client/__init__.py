"""The Python face: `castalia.ask`, `castalia.generate`, `castalia.train`, `castalia.choose`."""
