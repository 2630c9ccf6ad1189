"""The words by which several outputs are wished for, by language: lists of ``several.toml``, compiled to patterns."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).parent / "several.toml"
SLOT = re.compile(r"\{([a-z]+)\}")


@dataclass(frozen=True)
class Words:
    """The patterns of one language."""

    question: re.Pattern[str]
    boundary: re.Pattern[str]
    opens: re.Pattern[str]
    document: re.Pattern[str]
    summary: re.Pattern[str]
    onto: re.Pattern[str]
    idiom: re.Pattern[str]
    aloud: re.Pattern[str]
    charting: re.Pattern[str]
    chart: re.Pattern[str]
    picturing: re.Pattern[str]
    scoring: re.Pattern[str]
    texting: re.Pattern[str]
    illustrated: re.Pattern[str]
    companion: re.Pattern[str]
    elliptic: re.Pattern[str]
    own: re.Pattern[str]
    genitive: re.Pattern[str]
    relative: re.Pattern[str]
    third: re.Pattern[str]
    bare: re.Pattern[str]
    strong: re.Pattern[str]
    needs: re.Pattern[str]
    pointing: re.Pattern[str]
    onward: re.Pattern[str]
    writes: re.Pattern[str]


@cache
def _data() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


@cache
def vocabulary(language: str) -> Words:
    """The patterns of a language, compiled at first use."""
    return _compiled(_data()[language], packed=language == "zh")


def _compiled(lists: dict[str, list[str]], *, packed: bool) -> Words:
    def whole(name: str) -> str:
        joined = "|".join(sorted(lists[name], key=len, reverse=True))
        return SLOT.sub(lambda slot: whole(slot.group(1)), joined)

    gap, edge = (r"\s*", "") if packed else (r"\s+", r"(?![\w])")
    joiner, courtesy = whole("joiner"), whole("courtesy")
    fillers = rf"(?:(?:{whole('filler')}){gap}){{0,3}}"
    between = rf"(?:(?:{whole('article')}){gap})?{fillers}"
    listed = (
        rf"(?:[,，、]\s*(?:(?:{joiner}){gap})?|(?:{joiner}|[和及与])){gap}"
        if packed
        else rf"(?:,\s*|\s+(?:{joiner})\s+)"
    )
    listed = rf"{listed}(?:(?:{joiner}){gap})?(?:{whole('article')}){gap}{fillers}"
    media = "|".join(f"(?P<{name}>{whole(name)})" for name in ("chart", "speech", "image", "music"))
    ends = rf"{edge}(?={gap if packed else ' *'}(?:{whole('end')}))"
    stops = r"(?:[.;:!?,]+(?=\s|$)|[\n。；：！？，、]+)"
    boundary = (
        rf"(?:{stops}\s*(?:{joiner})?|(?:{joiner}))\s*"
        if packed
        else rf"(?:{stops}\s*(?:(?:{joiner}){edge}\s*)?|\s+(?:{joiner})\s+)"
    )
    writes = rf"(?:{whole('write')}){edge}(?:{gap}[^\s.,;:]+){{0,4}}?{gap}(?:{whole('document')}){edge}"
    text = f"|(?P<text>{whole('document')})"
    flags = re.IGNORECASE
    return Words(
        question=re.compile(whole("question"), flags),
        boundary=re.compile(boundary, flags),
        opens=re.compile(rf"\s*(?:(?:{courtesy}){edge}[\s,，]*)*(?P<body>(?:{whole('opener')}){edge})", flags),
        document=re.compile(whole("document") if packed else rf"\b(?:{whole('document')})\b", flags),
        summary=re.compile(whole("summary"), flags),
        onto=re.compile(whole("onto"), flags),
        idiom=re.compile(whole("idiom"), flags),
        aloud=re.compile(whole("aloud"), flags),
        charting=re.compile(whole("charting"), flags),
        chart=re.compile(whole("chart"), flags),
        picturing=re.compile(whole("picturing"), flags),
        scoring=re.compile(whole("scoring"), flags),
        texting=re.compile(whole("texting"), flags),
        illustrated=re.compile(whole("illustrated"), flags),
        companion=re.compile(
            rf"(?:,\s*)?(?:\b|(?<=\W)|(?<=[㐀-鿿]))(?:{whole('with')}){gap}?{between}(?:{media}){ends}", flags
        ),
        elliptic=re.compile(rf"{listed}(?:{media}{text}){ends}", flags),
        own=re.compile(whole("own"), flags),
        genitive=re.compile(whole("genitive"), flags),
        relative=re.compile(whole("relative"), flags),
        third=re.compile(whole("third"), flags),
        bare=re.compile(rf"\s*(?P<body>(?:{whole('bare')}))", flags),
        strong=re.compile(rf"\W*(?:{whole('strong')})", flags),
        needs=re.compile(whole("needs"), flags),
        pointing=re.compile(whole("pointing"), flags),
        onward=re.compile(whole("onward"), flags | re.DOTALL),
        writes=re.compile(writes, flags),
    )
