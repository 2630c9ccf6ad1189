"""``python -m castalia`` is the command ``castalia``."""

from castalia.cli.main import main

main()
