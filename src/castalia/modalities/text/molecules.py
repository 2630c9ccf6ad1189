"""Molecules as text: which files hold them, how their text falls into atoms, and whether one can exist.

SMILES: Weininger 1988; SELFIES: Krenn et al. 2020. Validity is asked of RDKit where it is installed; nothing else here
needs it.
"""

import importlib
import re
from functools import cache
from importlib.util import find_spec
from typing import Any, Literal

Content = Literal["prose", "smiles", "selfies"]

SUFFIXES: dict[str, Content] = {".smi": "smiles", ".smiles": "smiles", ".selfies": "selfies"}

ATOMS: dict[str, re.Pattern[str]] = {
    "smiles": re.compile(r"\[[^\]]+\]|Br|Cl|%\d\d|\S"),
    "selfies": re.compile(r"\[[^\]]*\]|\."),
}
"""What counts as one symbol: a bracketed atom, an element of two letters, a ring number of two digits, a sign."""


def molecule_of(line: str) -> str:
    """The molecule of a line: what stands before the first blank (a name may follow it)."""
    return line.split(maxsplit=1)[0] if line.strip() else ""


def symbols_of(text: str, content: Content) -> list[str]:
    """The symbols of a molecule; of other text its characters."""
    return list(text) if content == "prose" else ATOMS[content].findall(text)


def can_check() -> bool:
    """Whether RDKit is here (and, for SELFIES, the ``selfies`` package is asked as well)."""
    return find_spec("rdkit") is not None


def is_valid(text: str, content: Content) -> bool | None:
    """Whether the molecule can exist; None when nothing installed can tell."""
    if content == "selfies":
        library = _selfies()
        if library is None:
            return None
        try:
            text = library.decoder(text)
        except library.DecoderError:
            return False
    reader = _rdkit_reader()
    return None if reader is None else bool(text) and reader(text) is not None


@cache
def _rdkit_reader() -> Any:
    if not can_check():
        return None
    importlib.import_module("rdkit.RDLogger").DisableLog("rdApp.*")
    return importlib.import_module("rdkit.Chem").MolFromSmiles


@cache
def _selfies() -> Any:
    return None if find_spec("selfies") is None else importlib.import_module("selfies")
