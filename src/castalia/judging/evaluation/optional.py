"""Libraries that only an evaluation needs, imported when it needs them."""

import importlib
from typing import Any

from castalia.core.errors import MissingExtra


def optional(module: str) -> Any:
    """The module. Raises MissingExtra with the pip command."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        package = (error.name or module).partition(".")[0]
        raise MissingExtra(
            f"This evaluation needs {package}, which is not installed.", hint="pip install 'castalia[evaluate]'"
        ) from None
