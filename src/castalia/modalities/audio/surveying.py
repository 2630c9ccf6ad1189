"""Looking through a folder of sounds before training, so that every problem is told at once."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from castalia.core.contracts import Survey
from castalia.modalities.audio.options import AudioData
from castalia.modalities.audio.outline import near_pairs, outline
from castalia.modalities.audio.reading import (
    FEWEST,
    SILENT,
    UNREADABLE,
    Heard,
    digest,
    frames_of,
    heard,
    list_folder,
    rate_for,
)
from castalia.modalities.audio.spectrum import HOP
from castalia.modalities.captions import read_captions, tell_captions
from castalia.modalities.folders import Item, Listing, class_findings, duplicate_warnings, file_warnings, some
from castalia.modalities.sound import Samples, decode

CLIPPED = 0.001
"""A sound is clipped when so many of its samples lie in runs of three or more at full scale."""


@dataclass
class Listened:
    """What decoding every file showed; ``good`` are those that are neither unreadable nor silent."""

    good: list[Item] = field(default_factory=list[Item])
    facts: list[Heard] = field(default_factory=list[Heard])
    digests: list[bytes] = field(default_factory=list[bytes])
    outlines: list[NDArray[np.float32]] = field(default_factory=list[NDArray[np.float32]])
    clipped: list[str] = field(default_factory=list[str])
    silent: list[str] = field(default_factory=list[str])
    bad: dict[str, str] = field(default_factory=dict[str, str])


def clipped_share(samples: Samples) -> float:
    """The share of samples in runs of three or more at full scale, where a wave was cut off."""
    full = np.abs(samples) >= 0.999
    runs = np.convolve(full.astype(np.int8), np.ones(3, dtype=np.int8), mode="valid") == 3
    return float(runs.sum()) / max(1, len(samples))


def survey(source: Path, options: AudioData) -> Survey:
    """All problems, warnings and facts of the folder; decodes every sound once."""
    found = Survey(modality="audio", source=source, count=0)
    if not source.is_dir():
        found.problems.append(f"{source} is not a folder; sounds for training lie in one folder")
        return found
    listing = list_folder(source, options)
    captions = read_captions(listing, options.captions)
    listened = _listen(listing)
    found.count = len(listened.good)

    unreadable = [f"{name}: {reason}" for name, reason in listened.bad.items()]
    (found.warnings if options.skip_bad else found.problems).extend(
        f"{line}; left out" if options.skip_bad else line for line in unreadable
    )
    _judge_count(found, listened, listing)
    found.warnings += file_warnings(listing, "sounds")
    problems, warnings = class_findings(listing, options.labels, "sounds", FEWEST)
    found.problems += problems
    found.warnings += warnings
    rate = rate_for([fact.rate for fact in listened.facts], options)
    frames = frames_of([fact.seconds for fact in listened.facts], rate, options)
    _judge_sounds(found, listened, rate, frames * HOP / rate, options)
    found.warnings += duplicate_warnings(listened.good, listened.digests, "sounds")
    near = _near_duplicates(listened)
    if near:
        found.warnings.append(f"{len(near)} near-duplicates: {some(near)}")

    lengths = [fact.seconds for fact in listened.facts]
    found.facts = {
        "sounds": len(listened.good),
        "rate": rate,
        "seconds": round(frames * HOP / rate, 3),
        "shortest": round(min(lengths, default=0.0), 3),
        "longest": round(max(lengths, default=0.0), 3),
        "classes": listing.classes,
    }
    tell_captions(found, captions, listing, "sounds")
    return found


def _listen(listing: Listing) -> Listened:
    listened = Listened()
    for item in listing.items:
        try:
            samples, rate = decode(item.path.read_bytes())
        except UNREADABLE as error:
            listened.bad[item.name] = error.message
            continue
        facts = heard(samples, rate)
        if facts.peak < SILENT:
            listened.silent.append(item.name)
            continue
        listened.good.append(item)
        listened.facts.append(facts)
        listened.digests.append(digest(samples))
        listened.outlines.append(outline(samples, rate))
        if clipped_share(samples) > CLIPPED:
            listened.clipped.append(item.name)
    return listened


def _near_duplicates(listened: Listened) -> list[str]:
    if not listened.outlines:
        return []
    names, digests = [item.name for item in listened.good], listened.digests
    pairs = near_pairs(np.stack(listened.outlines))
    return [f"{names[one]} ~ {names[two]}" for one, two in pairs if digests[one] != digests[two]]


def _judge_count(found: Survey, listened: Listened, listing: Listing) -> None:
    unique = len(set(listened.digests))
    if not listing.items:
        found.problems.append("there is no sound in the folder (wav, flac, ogg, mp3, aiff or m4a)")
    elif unique < FEWEST:
        found.problems.append(
            f"{unique} different audible sounds are too few: at least {FEWEST} are needed, hundreds are better"
        )
    elif unique < 100:
        found.warnings.append(f"{unique} different sounds are few: the model may repeat them; hundreds are better")


def _judge_sounds(found: Survey, listened: Listened, rate: int, seconds: float, options: AudioData) -> None:
    if listened.silent:
        found.warnings.append(f"{len(listened.silent)} sounds are silent and left out: {some(listened.silent)}")
    if listened.clipped:
        found.warnings.append(
            f"{len(listened.clipped)} sounds are clipped, which is learnt as well: {some(listened.clipped)}"
        )
    rates = Counter(fact.rate for fact in listened.facts)
    if len(rates) > 1:
        told = ", ".join(f"{count} at {each} Hz" for each, count in rates.most_common())
        found.warnings.append(f"mixed rates ({told}): all are resampled to {rate} Hz")
    elif rates and rate not in rates:
        found.warnings.append(f"sounds at {next(iter(rates))} Hz are resampled to {rate} Hz")
    lengths = [fact.seconds for fact in listened.facts]
    long = [item.name for item, length in zip(listened.good, lengths, strict=True) if length > seconds + 0.005]
    if long:
        how = "cut into pieces" if options.longer == "cut" else "trimmed to their beginning"
        found.warnings.append(f"{len(long)} sounds are longer than {seconds:.2f} s and {how}: {some(long)}")
    if lengths and max(lengths) > 4 * min(lengths):
        found.warnings.append(
            f"lengths differ widely, from {min(lengths):.2f} to {max(lengths):.2f} s: "
            f"shorter sounds are followed by silence up to {seconds:.2f} s"
        )
