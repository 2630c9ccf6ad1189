"""The models that Castalia's founders have trained: small ones for pictures, sounds, music, films and stories.

Only files lie here, one artifact folder each in ``models/``, with a ``starter.json`` that names it. ``castalia pull
starter`` copies them into its home.
"""

from pathlib import Path

__version__ = "0.1.0"

MODELS = Path(__file__).with_name("models")
"""A folder for each model."""
