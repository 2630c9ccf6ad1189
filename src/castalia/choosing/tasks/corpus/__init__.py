"""The wishes that the router of tasks learns from: a grammar of our own, without those that are held out by hand."""

from pathlib import Path

from castalia.choosing import held_out
from castalia.choosing.corpus.grammar import Example, Grammar, load

FOLDER = Path(__file__).parent
APART = (FOLDER.parent / "held_out.txt", FOLDER.parent / "development.txt")
"""Wishes that are never learnt from."""


def examples(grammar: Grammar | None = None) -> list[Example]:
    """All wishes of the grammar with their tasks, the same each time."""
    kept = {held_out.plain(one.text) for path in APART for one in held_out.load(path)}
    return [one for one in (grammar or load(FOLDER)).examples(seed=0) if held_out.plain(one.text) not in kept]
