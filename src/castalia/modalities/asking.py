"""What a training set's items may be asked for by, a class or words, and what a request asks for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from castalia.core.contracts import Array
from castalia.core.representation import Conditions, Segment
from castalia.modalities import sentences
from castalia.modalities.classes import encode_labels, label_conditions, wanted_labels
from castalia.modalities.wording import ARTICLE, EXAMPLES, MOST, VALUES, read_wish

POLITE = (
    r"(?:please|kindly|por favor|s'il (?:te|vous) pla[iî]t|bitte|hey|hi|hello|can you|could you|would you|will you)"
)
VERBS = (
    r"(?:draw|paint|sketch|make|create|generate|show|give|render|design|produce|illustrate|imagine|play|record|film"
    r"|i want|i need|i would like|i'd like|let me (?:see|hear)"
    r"|dibuja(?:me)?|pinta|haz(?:me)?|crea|genera|muestra(?:me)?"
    r"|dessine(?:-moi|r)?|peins|fais(?:-moi)?|cr[ée]e|montre(?:-moi)?"
    r"|zeichne|male|mach|erstelle|erzeuge|zeig)"
)
PRONOUNS = r"(?:me|us|mir|uns|moi|nos|for me|to see|to hear)"
JOINTS = r"(?:of|showing|with|that shows|depicting|where|in which|as|de|del|d'|con|von|mit|des)"
SINGULARS = frozenset({"sound", "noise", "clip", "video", "film", "movie", "animation", "bild", "zeichnung", "imagen"})
"""Words for one item that no rule makes out of those for several."""
COUNT = rf"(?:\d+|{'|'.join(word for word, value in VALUES.items() if value > 1)})"


@dataclass(frozen=True)
class Askable:
    """``classes`` are those of the set; ``captioned`` says that items have words, learnt as sentence vectors.

    As conditions: group ``label``, one-hot, where there are classes; group ``caption`` of unit scale after it.
    """

    classes: tuple[str, ...] = ()
    captioned: bool = False
    bare: bool = False
    """Captions have no article before them, so that what is asked for loses its own: else it lies elsewhere."""

    @property
    def conditions(self) -> Conditions | None:
        """The groups, or None where nothing can be asked for."""
        labels = label_conditions(self.classes)
        groups = () if labels is None else labels.groups
        if self.captioned:
            words = Segment(name="caption", kind="real", start=len(self.classes), width=sentences.WIDTH)
            groups = (*groups, words)
        return Conditions(groups=groups) if groups else None

    def encode(
        self, labels: Sequence[str | None], captions: Sequence[str | None]
    ) -> tuple[Array, NDArray[np.bool_]] | tuple[None, None]:
        """Conditions (n, width) and which groups are known (n, groups); None where nothing can be asked for."""
        parts: list[Array] = []
        seen: list[NDArray[np.bool_]] = []
        if self.classes:
            conditions, known = encode_labels(labels, self.classes)
            parts, seen = [conditions], [known]
        if self.captioned:
            rows = np.zeros((len(captions), sentences.WIDTH), dtype=np.float32)
            said = [place for place, caption in enumerate(captions) if caption]
            if said:
                rows[said] = sentences.vectors([str(captions[place]) for place in said])
            parts.append(rows)
            seen.append(np.asarray([[bool(caption)] for caption in captions], dtype=np.bool_))
        return (np.concatenate(parts, axis=1), np.concatenate(seen, axis=1)) if parts else (None, None)


@dataclass(frozen=True)
class Asked:
    """``count`` items: of the ``labels`` in turn, all as the ``caption`` says; ``note`` tells what could not be met."""

    count: int
    labels: list[str]
    caption: str | None
    note: dict[str, object] = field(default_factory=dict[str, object])

    def label(self, index: int) -> str | None:
        """The class of an item."""
        return self.labels[index % len(self.labels)] if self.labels else None

    def facts(self, index: int) -> dict[str, object]:
        """What an item was asked to be, for its record."""
        label = self.label(index)
        named: dict[str, object] = {} if label is None else {"label": label}
        return named | ({"caption": self.caption} if self.caption else {}) | self.note


def read_request(askable: Askable, label: str | None, prompt: str, things: frozenset[str], count: int | None) -> Asked:
    """What the options ``label`` and ``count`` and the prompt ask for; ``things`` are words by which items are counted.

    Raises BadRequest for a label that is no class.
    """
    caption = described(prompt, things) if askable.captioned else ""
    if askable.bare:
        caption = re.sub(rf"^{ARTICLE}\s+", "", caption, flags=re.IGNORECASE)
    if askable.captioned and label is None and not askable.classes:
        labels, note = list[str](), dict[str, object]()
    else:
        labels, note = wanted_labels(label, prompt, askable.classes, things)
    wished = read_wish(prompt, askable.classes, things).count
    if wished is None and askable.captioned:
        wished = _leading_count(prompt)
    return Asked(count or max(wished or 1, len(labels)), labels, caption or None, {} if caption else note)


def described(prompt: str, things: frozenset[str]) -> str:
    """What is to be seen or heard, without the words that ask for it: "draw me a picture of a red apple" is "a red
    apple"."""
    noun = rf"(?:{'|'.join(sorted(_singulars(things | EXAMPLES), key=len, reverse=True))})"
    rest = " ".join(prompt.split())
    rest = re.sub(rf"^(?:{POLITE}[\s,]+)*", "", rest, flags=re.IGNORECASE)
    rest = re.sub(rf"^{VERBS}\s+(?:{PRONOUNS}\s+)?", "", rest, flags=re.IGNORECASE)
    kind = rf"^(?:(?:{ARTICLE}|{COUNT})\s+)?(?:[\w-]+\s+)?{noun}\s+{JOINTS}\s+"
    rest = re.sub(kind, "", rest, flags=re.IGNORECASE)
    rest = re.sub(rf"^{COUNT}\s+(?=\S)", "", rest, flags=re.IGNORECASE)
    return re.sub(rf"[\s,]*{POLITE}?[\s.!?]*$", "", rest, flags=re.IGNORECASE)


def _leading_count(prompt: str) -> int | None:
    pattern = rf"^(?:{POLITE}[\s,]+)*(?:{VERBS}\s+(?:{PRONOUNS}\s+)?)?({COUNT})\s"
    found = re.match(pattern, " ".join(prompt.split()), flags=re.IGNORECASE)
    if found is None:
        return None
    word = found[1].lower()
    number = int(word) if word.isdecimal() else VALUES[word]
    return number if 2 <= number <= MOST else None


def _singulars(things: frozenset[str]) -> set[str]:
    found = set(things | SINGULARS)
    for word in things:
        found.add(word[:-3] + "y" if word.endswith("ies") else word.removesuffix("s"))
    return {re.escape(word) for word in found}
