"""Quick figures of how like the held-out text the generated text is. Nothing is downloaded."""

import re
from collections import Counter
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from castalia.modalities.text.molecules import is_valid, symbols_of
from castalia.modalities.text.representation import TextRepresentation

WORD = re.compile(r"[^\W\d_]{3,}")
USUAL = 1e-4
"""Share of the held-out symbols from which one counts as part of the usual alphabet."""
MOST = 200_000
"""Symbols of each side that are compared."""


def training_figures(
    representation: TextRepresentation, real: NDArray[np.generic], synthetic: NDArray[np.generic]
) -> dict[str, float]:
    """Figures by name.

    ``alphabet_coverage``: share of the usual symbols that were written. ``triple_overlap``: what the shares of runs of
    three symbols have in common, 1 when alike; ``triple_overlap_real`` is the same between halves of the real text.
    ``bytes_per_token``: of held-out text, so that bits per byte = held_out_loss / ln 2 / bytes_per_token. Of prose
    ``words_known``: share of words of three letters or more that the first half of the held-out text has, and
    ``words_known_real``, the same for its second half. Of items ``unique``, and for molecules, where RDKit is
    installed, ``valid``.
    """
    left, right = _texts(representation, real), _texts(representation, synthetic)
    content = representation.content
    signs = [
        [symbol for text in texts for symbol in [*symbols_of(text, content), ""]][:MOST] for texts in (left, right)
    ]
    if min(len(one) for one in signs) < 100:
        return {}
    usual = {symbol for symbol, count in Counter(signs[0]).items() if count >= USUAL * len(signs[0])}
    half = len(signs[0]) // 2
    kept = int(np.count_nonzero(np.asarray(real, dtype=np.int64) >= representation.first))
    figures = {
        "alphabet_coverage": len(usual & set(signs[1])) / len(usual),
        "triple_overlap": _overlap(_triples(signs[0]), _triples(signs[1])),
        "triple_overlap_real": _overlap(_triples(signs[0][:half]), _triples(signs[0][half:])),
        "bytes_per_token": len("".join(left).encode()) / max(kept, 1),
    }
    if not representation.stream and not representation.asked:
        figures["unique"] = len(set(right)) / len(right)
        verdicts = [verdict for text in right if (verdict := is_valid(text, content)) is not None]
        return figures | ({"valid": sum(verdicts) / len(verdicts)} if content != "prose" and verdicts else {})
    words = [WORD.findall(text.casefold()) for text in ("\n".join(left), "\n".join(right))]
    middle = len(words[0]) // 2
    known = set(words[0][:middle])
    if middle and words[1]:
        figures["words_known"] = _share(words[1], known)
        figures["words_known_real"] = _share(words[0][middle:], known)
    return figures


def _texts(representation: TextRepresentation, data: NDArray[np.generic]) -> list[str]:
    return [representation.decode(row) for row in np.asarray(data)]


def _triples(symbols: list[str]) -> Counter[tuple[str, ...]]:
    return Counter(zip(symbols, symbols[1:], symbols[2:], strict=False))


def _overlap(left: Counter[tuple[str, ...]], right: Counter[tuple[str, ...]]) -> float:
    """Shares in common: 1 - total variation."""
    totals = max(left.total(), 1), max(right.total(), 1)
    return float(sum(min(left[run] / totals[0], right[run] / totals[1]) for run in left.keys() & right.keys()))


def _share(words: Iterable[str], known: set[str]) -> float:
    found = [word in known for word in words]
    return sum(found) / max(len(found), 1)
