"""Sentences with their places in a text, of any script that ends them with a mark or a line."""

import re

END = re.compile(r"(?:[.!?…]+[\"'”’»)\]]*(?=\s)|[。！？；]+[”’」』）]*|\n+)")
ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:Mr|Mrs|Ms|Dr|Prof|St|No|Nr|Fig|Eq|vs|cf|approx|ca|bzw|usw|[A-Za-z]|e\.g|i\.e|z\.\s?B|d\.\s?h|Art|Abs|p|pp)\.$"
)


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """``(start, end)`` of each sentence in order, without the white space around it: ``text[start:end]``.

    A line's end ends a sentence only when the line is a point of a list or a row, or an empty line follows: elsewhere
    lines flow.
    """
    found: list[tuple[int, int]] = []
    start = 0
    for mark in END.finditer(text):
        piece = text[start : mark.end()]
        if mark.group().startswith("\n"):
            after = text[mark.end() : mark.end() + 2]
            row = " | " in piece or piece.lstrip().startswith("- ") or after.startswith("- ")
            if len(mark.group()) < 2 and not row:
                continue
        elif mark.group().startswith(".") and (
            ABBREVIATION.search(piece)
            or text[mark.end() :].lstrip()[:1].islower()
            or _is_number_before(piece, text, mark)
        ):
            continue
        found.append((start, mark.end()))
        start = mark.end()
    found.append((start, len(text)))
    return [span for span in (_stripped(text, *one) for one in found) if span[0] < span[1]]


def _is_number_before(piece: str, text: str, mark: "re.Match[str]") -> bool:
    """An ordinal as German writes it: ``3. Mai`` goes on; ``in 1889. The`` ends."""
    return (
        bool(re.search(r"(?:^|\s)\d{1,2}\.$", piece))
        and text[mark.end() :].lstrip()[:1].isalpha()
        and len(re.findall(r"\w+", piece)) < 4
    )


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
