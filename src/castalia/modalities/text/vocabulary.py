"""The tokens of a text model for files of other programs."""

from typing import Any, cast

from castalia.core.exporting import TokenKind, Vocabulary
from castalia.modalities.text.representation import BREAK, PADDING, restored
from castalia.modalities.text.tokenization import BytePairs, Symbols

END, BORDER = "<|end|>", "<|document|>"


def vocabulary(config: dict[str, object]) -> Vocabulary:
    """Of the representation that ``config`` describes: paddings and borders are control tokens, symbols are themselves,
    byte pairs stand in GPT-2's spelling with their merges. Raises KeyError, TypeError for no such representation."""
    view = restored(config)
    closing = "\n" if view.asked else ""
    control = (END, BORDER)[: view.first]
    kinds: list[TokenKind] = ["control" for _ in control]
    end = BREAK if view.stream else PADDING
    if isinstance(view.tokenizer, BytePairs):
        model = cast("dict[str, Any]", view.tokenizer.config()["state"])["model"]
        numbers: dict[str, int] = model["vocab"]
        pieces = tuple(sorted(numbers, key=lambda piece: numbers[piece]))
        merges = tuple(one if isinstance(one, str) else " ".join(one) for one in model["merges"])
        kinds.extend("bytes" for _ in pieces)
        return Vocabulary((*control, *pieces), tuple(kinds), end, merges, closing=closing)
    symbols = cast("Symbols", view.tokenizer).alphabet
    kinds.extend("symbol" for _ in symbols)
    return Vocabulary((*control, *symbols), tuple(kinds), end, closing=closing)
