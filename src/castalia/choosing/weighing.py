"""Weighs the signals: wording by the classifier, then the rules that outrank it, each with its reason."""

from dataclasses import dataclass, field

from castalia.choosing.classifier import Classifier
from castalia.choosing.features import blocks, hashed
from castalia.choosing.lexicon import Lexicon
from castalia.choosing.reading import Reading
from castalia.choosing.refusing import sorts_rows
from castalia.choosing.signals.openness import flattened, is_open
from castalia.choosing.signals.wishes import Wish, find_wishes
from castalia.choosing.wording import joined, named, percent

CERTAIN = 0.97
"""Probability that a decisive rule gives its modality."""
RULED_OUT = 0.05
"""What is left of a modality's probability when it was only named to be ruled out."""


@dataclass
class Weighed:
    """The probability of each modality, and the reasons in words, the weightiest first."""

    probabilities: dict[str, float]
    reasons: list[str] = field(default_factory=list[str])
    wishes: list[Wish] = field(default_factory=list[Wish])

    def ranked(self) -> list[tuple[str, float]]:
        """Modalities by falling probability."""
        return sorted(self.probabilities.items(), key=lambda item: -item[1])


def weigh(reading: Reading, kinds: list[str], lexicon: Lexicon, classifier: Classifier) -> Weighed:
    """Probabilities and reasons for a prompt with attachments of these kinds."""
    wishes = find_wishes(reading, lexicon)
    found = blocks(reading, wishes, kinds, lexicon)
    probabilities = classifier.probabilities(*hashed(found))
    reasons: list[str] = []
    decided = _decided(reading, wishes, kinds, classifier)
    if decided:
        modality, reason = decided
        probabilities = _give(probabilities, modality, CERTAIN)
        reasons.append(reason)
    live = {wish.modality for wish in wishes if not wish.negated}
    if not (decided or live or kinds) and is_open(reading.whole):
        probabilities = flattened(probabilities)
        reasons.append("You left open what kind of thing it shall be.")
    for modality in dict.fromkeys(wish.modality for wish in wishes if wish.negated):
        if modality not in live and modality in probabilities:
            probabilities = _give(probabilities, modality, RULED_OUT * probabilities[modality])
            reasons.append(f"You ruled out {named(modality)}.")
    best = max(probabilities, key=lambda name: probabilities[name])
    for wish in wishes:
        if wish.modality == best and not wish.negated and not decided:
            reasons.append(f"You asked for {named(best)}: “{_shown(wish.words)}”.")
            break
    if kinds:
        reasons.append(f"Attached: {joined(kinds, 'and')}.")
    if not decided and reading.tokens:
        reasons.append(f"The wording reads like a wish for {named(best)} ({percent(probabilities[best])}).")
    return Weighed(probabilities, reasons, wishes)


def _decided(reading: Reading, wishes: list[Wish], kinds: list[str], classifier: Classifier) -> tuple[str, str] | None:
    """The rule that outranks the wording, if one applies: (modality, reason)."""
    live = [wish for wish in wishes if not wish.negated]
    for wish in live:
        if wish.modality not in classifier.labels and (wish.first or not wish.direct):
            return wish.modality, f"You asked for {named(wish.modality)}: “{_shown(wish.words)}”."
    asked = {wish.modality for wish in live if wish.direct}
    if sorts_rows(reading):
        return "unsupported", "Rows shall be sorted into classes or groups, which no generator does."
    if "table" in kinds and "table" in asked:
        return "table", "More rows like those of the attached table are wanted."
    if "audio" in kinds and any("transcri" in wish.words for wish in live) and not asked - {"text"}:
        return "text", "The attached recording is to be put into writing."
    return None


def _give(probabilities: dict[str, float], modality: str, probability: float) -> dict[str, float]:
    """The distribution with that one probability set and the others scaled to fill the rest."""
    others = sum(value for name, value in probabilities.items() if name != modality)
    scale = (1 - probability) / others if others else 0.0
    scaled = {name: value * scale for name, value in probabilities.items() if name != modality}
    return {**scaled, modality: probability}


def _shown(words: str) -> str:
    return words.replace("_", " ")
