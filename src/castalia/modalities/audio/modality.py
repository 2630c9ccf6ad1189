"""The audio modality: reading a folder, and turning spectrograms into finished sounds."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from castalia.core.contracts import Encoded, Representation, Sample, Sampler, Survey
from castalia.core.errors import BadRequest
from castalia.core.events import Progress
from castalia.core.representation import Kind
from castalia.core.requests import Request
from castalia.modalities.asking import Askable, read_request
from castalia.modalities.audio import likeness, surveying
from castalia.modalities.audio.options import AudioData, AudioOptions
from castalia.modalities.audio.reading import (
    FEWEST,
    UNREADABLE,
    digest,
    faded,
    frames_of,
    heard,
    list_folder,
    pieces,
    rate_for,
    refuse,
    without_silence,
)
from castalia.modalities.audio.representation import MelRepresentation, mel_levels, restore
from castalia.modalities.audio.sheet import spectrogram_sheet
from castalia.modalities.audio.spec import SPEC
from castalia.modalities.captions import Captions, read_captions, without_captions
from castalia.modalities.folders import Listing
from castalia.modalities.image.pixels import encode as encode_picture
from castalia.modalities.sound import Samples, decode, encode

SOUNDS = frozenset(
    {
        *("sounds", "clips", "hits", "shots", "noises", "effects", "recordings", "beeps", "tones"),
        *("sonidos", "ruidos", "golpes", "sons", "bruits", "coups"),
        *("klange", "klaenge", "gerausche", "geraeusche", "tone", "schlage", "schlaege"),
    }
)
"""Words by which sounds are counted."""

MEDIA_TYPES = {"wav": "audio/wav", "flac": "audio/flac", "ogg": "audio/ogg", "mp3": "audio/mpeg"}

DECODERS = {"learned": "learned", "phase": "griffin-lim"}
"""The vocoder that each value of the option ``decoder`` stands for."""

BATCH = 8
"""Sounds made at once, so that a long request can be stopped between batches."""


class AudioModality:
    """Sounds as log-mel spectrograms. Implements `castalia.core.contracts.Modality`."""

    def recognises(self, source: Path) -> float:
        """The share of a folder's visible files that have a sound's suffix; 0 for a single file."""
        return without_captions(list_folder(source, AudioData())).share if source.is_dir() else 0.0

    def survey(self, source: Path, options: BaseModel) -> Survey:
        """Decode every sound and report every problem at once."""
        return surveying.survey(source, _data_options(options))

    def data_options(self) -> type[BaseModel]:
        """How a folder becomes a training set."""
        return AudioData

    def fit(self, source: Path, options: BaseModel, kind: Kind = "continuous") -> tuple[MelRepresentation, Encoded]:  # noqa: ARG002 - one kind so far
        """All sounds as spectrograms (n, mels, frames), one for each caption of theirs; exact duplicates of the same
        class and caption count once.

        Raises DatasetError with all unreadable files unless ``skip_bad``, and for fewer than 16 sounds.
        """
        chosen = _data_options(options)
        listing = list_folder(source, chosen)
        captions = read_captions(listing, chosen.captions)
        rate, frames = _shape(listing, chosen)
        sounds, labels, words = _read(listing, captions, rate, frames, chosen)
        top = max(float(mel_levels(sound, rate, frames).max()) for sound in sounds)
        askable = Askable(
            tuple(label for label in listing.classes if label in set(labels)), bool(captions.texts), captions.bare
        )
        representation = MelRepresentation(rate, frames, round(top, 1), askable)
        data = np.stack([representation.encode(sound) for sound in sounds])
        return representation, Encoded(data, *askable.encode(labels, words))

    def encode(self, representation: Representation, source: Path, options: BaseModel) -> Encoded:
        """Other sounds at the rate and length and with the classes of a representation."""
        chosen, view = _data_options(options), _log_mel(representation)
        listing = list_folder(source, chosen)
        captions = read_captions(listing, chosen.captions)
        sounds, labels, words = _read(listing, captions, view.rate, view.frames, chosen)
        return Encoded(np.stack([view.encode(sound) for sound in sounds]), *view.askable.encode(labels, words))

    def restore(self, config: dict[str, object]) -> MelRepresentation:
        """The representation that a model's ``config.json`` describes."""
        return restore(config)

    def fingerprints(self, representation: Representation, data: NDArray[np.generic]) -> dict[str, NDArray[np.generic]]:
        """Descriptors of the training sounds and their usual distances, see `likeness`."""
        del representation
        return likeness.fingerprints(data)

    def generate(
        self, representation: Representation, sampler: Sampler, request: Request
    ) -> Iterator[Sample | Progress]:
        """Sounds of the classes that options or prompt name, in turn, or, of a model that has learnt captions, as the
        prompt says in words; of any kind when it names nothing that the model knows.

        Each sample's info holds ``seconds`` and ``rate``; ``label`` and ``caption`` where one was asked for, and
        ``note`` where the prompt names no class of a model that has some. Raises BadRequest for a label that is no
        class, and for more seconds than the model was trained at.
        """
        view = _log_mel(representation)
        options = AudioOptions.model_validate(request.options)
        if options.seconds is not None and options.seconds > view.seconds + 0.005:
            raise BadRequest(
                f"This model makes sounds of at most {view.seconds:.2f} s.",
                hint="Ask for a shorter one, or train with --data seconds=N.",
            )
        if options.decoder is not None:
            view = replace(view, vocoder=DECODERS[options.decoder])
        asked = read_request(view.askable, options.label, request.prompt, SOUNDS, options.count)
        media_type = MEDIA_TYPES[options.format]
        for start in range(0, asked.count, BATCH):
            size = min(BATCH, asked.count - start)
            labels = [asked.label(start + index) for index in range(size)]
            conditions = view.askable.encode(labels, [asked.caption] * size)
            # a seed of its own for each batch, far from those that a person would ask for next
            seed = (request.seed or 0) + start * 1_000_003
            for index, array in enumerate(sampler(size, *conditions, seed)):
                samples = finished(view.decode(array, seed + index), view.rate, options.seconds)
                facts: dict[str, object] = {"seconds": round(len(samples) / view.rate, 3), "rate": view.rate}
                facts |= asked.facts(start + index)
                yield Sample(encode(samples, view.rate, media_type), media_type, facts)
                yield Progress(message="sounding", fraction=(start + index + 1) / asked.count)

    def preview(self, representation: Representation, data: NDArray[np.generic]) -> Sample:
        """A sheet of spectrograms."""
        del representation
        sheet = spectrogram_sheet(data)
        facts: dict[str, object] = {"width": sheet.width, "height": sheet.height, "count": len(data)}
        return Sample(encode_picture(sheet, "png"), "image/png", facts)

    def training_figures(
        self, representation: Representation, real: NDArray[np.generic], synthetic: NDArray[np.generic]
    ) -> dict[str, float]:
        """Realism, coverage, diversity, loudness and detail against held-out sounds, see `likeness`."""
        del representation
        return likeness.training_figures(real, synthetic)


def finished(samples: Samples, rate: int, seconds: float | None) -> Samples:
    """Samples as they are handed out: within full scale, of the wanted length or until they have died away."""
    peak = float(np.abs(samples).max(initial=0.0))
    if peak > 1.0:
        samples = samples / np.float32(peak)
    if seconds is None:
        kept = without_silence(samples, rate, lead=False)
        return faded(kept if len(kept) else samples[: rate // 10], rate)
    wanted = round(seconds * rate)
    cut = faded(samples[:wanted], rate)
    return np.pad(cut, (0, max(0, wanted - len(cut))))


def _shape(listing: Listing, options: AudioData) -> tuple[int, int]:
    """The rate and the frames to train at."""
    facts = [heard(*found) for item in listing.items if (found := _decoded(item.path)) is not None]
    rate = rate_for([fact.rate for fact in facts], options)
    return rate, frames_of([fact.seconds for fact in facts if fact.seconds], rate, options)


def _decoded(path: Path) -> tuple[Samples, int] | None:
    try:
        return decode(path.read_bytes())
    except UNREADABLE:
        return None  # `_read` tells


def _read(
    listing: Listing, captions: Captions, rate: int, frames: int, options: AudioData
) -> tuple[list[Samples], list[str | None], list[str | None]]:
    """Sounds with their labels and captions. Raises DatasetError."""
    sounds: list[Samples] = []
    labels: list[str | None] = []
    words: list[str | None] = []
    problems = list(captions.problems)
    seen: set[tuple[bytes, str | None, str | None]] = set()
    for item in listing.items:
        try:
            found = pieces(item.path.read_bytes(), rate, frames, options)
        except UNREADABLE as error:
            problems.append(f"{item.name}: {error.message}")
            continue
        for sound, caption in itertools.product(found, captions.of(item.name)):
            if (key := (digest(sound), item.label, caption)) not in seen:
                seen.add(key)
                sounds.append(sound)
                labels.append(item.label)
                words.append(caption)
    if problems and not options.skip_bad:
        raise refuse(problems)
    if len(sounds) < FEWEST:
        raise refuse([f"{len(sounds)} different sounds that can be heard; at least {FEWEST} are needed"])
    return sounds, labels, words


def _data_options(options: BaseModel) -> AudioData:
    return options if isinstance(options, AudioData) else AudioData.model_validate(options.model_dump())


def _log_mel(representation: Representation) -> MelRepresentation:
    if not isinstance(representation, MelRepresentation):
        raise TypeError(f"{SPEC.name} is made from log-mel spectrograms, not from {representation.name}")
    return representation
