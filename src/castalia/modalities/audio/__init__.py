"""Audio: any sound of a few seconds, learnt from a folder as spectrograms, and made audible again."""
