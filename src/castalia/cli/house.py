"""The house that a command works in."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import cast

import click

from castalia.core.config import Loaded, load
from castalia.serving.house import House


def loaded_settings() -> Loaded:
    """The settings in force, the flags of this call included."""
    flags = cast("dict[str, object] | None", click.get_current_context().find_root().obj)
    return load(flags)


@contextmanager
def opened_house() -> Generator[House]:
    """The house of these settings; its models are unloaded at the end."""
    with House(loaded_settings().settings) as house:
        yield house
