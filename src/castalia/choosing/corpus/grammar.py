"""Expands the corpus files into labelled requests.

A file holds slots and sections:

    @scene = a lighthouse at dusk | two foxes in the snow      a slot: one alternative is drawn at random
    = image en 300                                             label, language, number of requests [kinds attached]
    vp draw {scene}                                            a verb phrase, put into a frame ("Could you ...?")
    np a picture of {scene}                                    a noun phrase, put into a frame ("I need ...")
    raw {scene}, oil on canvas                                 stands as it is

``[a|b|]`` draws inline, nothing included. Slots of the file's language win over common ones. Expansion is
deterministic in its seed.
"""

import random
import re
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from castalia.choosing import held_out

FOLDER = Path(__file__).parent
PACKAGE = FOLDER.parent
SOURCES = (
    "corpus/grammar.py",
    "held_out.txt",
    "features.py",
    "lexicon.py",
    "lexicon.toml",
    "reading.py",
    "signals/wishes.py",
)
"""What turns the corpus into features: when one changes, the weights must be trained anew."""
SLOT = re.compile(r"\{([\w-]+)\}")
INLINE = re.compile(r"\[([^\[\]]*)\]")
NEARBY = {"a": "s", "e": "r", "i": "o", "o": "p", "n": "m", "t": "r", "s": "d", "l": "k", "r": "t", "h": "j"}


@dataclass(frozen=True)
class Example:
    """A request with its label; ``template`` numbers the line that it came from, to split by."""

    text: str
    label: str
    language: str
    kinds: tuple[str, ...]
    template: str


@dataclass
class Section:
    """Templates of one label and language."""

    label: str
    language: str
    count: int
    kinds: list[tuple[str, ...]]
    templates: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


@dataclass
class Grammar:
    """All slots and sections of the folder."""

    slots: dict[str, list[str]]
    sections: list[Section]
    digest: str

    def examples(self, seed: int = 0) -> list[Example]:
        """Every section's requests, drawn anew for each seed; the same seed gives the same list.

        A request that happens to be one of those held out by hand is left out.
        """
        draw = random.Random(seed)  # noqa: S311 - sentences, not secrets
        kept = {held_out.plain(request.text) for request in held_out.load()}
        drawn = (example for section in self.sections for example in self._of_section(section, draw))
        return [example for example in drawn if held_out.plain(example.text) not in kept]

    def _of_section(self, section: Section, draw: random.Random) -> list[Example]:
        found: list[Example] = []
        for index in range(section.count):
            form, template = section.templates[index % len(section.templates)]
            language = section.language
            body = self.expand(template, language, draw)
            text = body if form == "raw" else self._framed(form, body, language, draw)
            text = _roughened(_tidied(text), draw)
            kinds = draw.choice(section.kinds)
            found.append(Example(text, section.label, language, kinds, f"{section.label} {template}"))
        return found

    def _framed(self, form: str, body: str, language: str, draw: random.Random) -> str:
        frame = self.expand(f"{{frame-{form}}}", language, draw).replace("VP", body).replace("NP", body)
        if draw.random() < 0.3:
            frame = f"{self.expand('{before}', language, draw)} {frame}"
        if draw.random() < 0.12:
            frame = f"{frame} {self.expand('{after}', language, draw)}"
        return frame

    def expand(self, text: str, language: str, draw: random.Random) -> str:
        """The text with every slot and inline choice drawn."""
        while True:
            inline = INLINE.search(text)
            slot = SLOT.search(text)
            if inline:
                chosen = draw.choice(inline.group(1).split("|"))
                text = text[: inline.start()] + chosen + text[inline.end() :]
            elif slot:
                name = slot.group(1)
                values = self.slots.get(f"{name}.{language}") or self.slots[name]
                text = text[: slot.start()] + draw.choice(values) + text[slot.end() :]
            else:
                return text


def load(folder: Path = FOLDER) -> Grammar:
    """The grammar in the folder's ``*.txt`` files; its digest covers them and `SOURCES`."""
    slots: dict[str, list[str]] = {}
    sections: list[Section] = []
    digest = sha256()
    for source in SOURCES:
        digest.update((PACKAGE / source).read_bytes())
    for path in sorted(folder.glob("*.txt")):
        content = path.read_text(encoding="utf-8")
        digest.update(content.encode())
        language = path.stem.split("-")[0]
        name = ""
        for line in content.splitlines():
            if not line.strip() or line.startswith("#"):
                continue
            if line.startswith("@"):
                name, _, values = line[1:].partition("=")
                name = name.strip() if language == "common" else f"{name.strip()}.{language}"
                slots.setdefault(name, []).extend(_alternatives(values))
            elif line.startswith("  |"):
                slots[name].extend(_alternatives(line.strip()[1:]))
            elif line.startswith("= "):
                label, spoken, count, *kinds = line[2:].split()
                attached = [tuple(kind.split("+")) if kind != "none" else () for kind in kinds] or [()]
                sections.append(Section(label, spoken, int(count), attached))
            else:
                form, _, template = line.partition(" ")
                sections[-1].templates.append((form, template))
    return Grammar(slots, sections, digest.hexdigest())


def _alternatives(values: str) -> list[str]:
    """The alternatives between bars that are not inside brackets."""
    found: list[str] = []
    depth, start = 0, 0
    for place, letter in enumerate(values):
        depth += (letter == "[") - (letter == "]")
        if letter == "|" and depth == 0:
            found.append(values[start:place].strip())
            start = place + 1
    found.append(values[start:].strip())
    return [value for value in found if value or len(found) > 1]


def _tidied(text: str) -> str:
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r"\s+([,.;:?!])", r"\1", text)
    text = re.sub(r"\ba ([aeiou])", r"an \1", text)
    return text[:1].upper() + text[1:]


def _roughened(text: str, draw: random.Random) -> str:
    """People type carelessly: some requests lose capitals or full stops, or gain a slip of the finger."""
    if draw.random() < 0.25:
        text = text.lower()
    if draw.random() < 0.15:
        text = text.rstrip(".?!。？！")
    if draw.random() < 0.08 and len(text) > 12:
        place = draw.randrange(1, len(text) - 2)
        letter = text[place]
        slip = draw.randrange(3)
        if slip == 0 and letter.isalpha():
            text = text[:place] + text[place + 1 :]
        elif slip == 1 and letter.isalpha() and text[place + 1].isalpha():
            text = text[:place] + text[place + 1] + letter + text[place + 2 :]
        elif letter in NEARBY:
            text = text[:place] + NEARBY[letter] + text[place + 1 :]
    return text
