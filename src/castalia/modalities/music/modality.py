"""The music modality: reading scores, and turning tokens into finished pieces."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from castalia.core.contracts import Encoded, Representation, Sample, Sampler, Survey
from castalia.core.events import Progress
from castalia.core.representation import Kind
from castalia.core.requests import Request
from castalia.modalities.folders import refuse
from castalia.modalities.music import figures, fingerprints, fitting, generation, surveying
from castalia.modalities.music.options import MusicData
from castalia.modalities.music.piece import Piece
from castalia.modalities.music.reading import FEWEST, files_of, read_all
from castalia.modalities.music.representation import MusicRepresentation, restored
from castalia.modalities.music.roll import as_png, piano_rolls
from castalia.modalities.music.spec import SPEC


class MusicModality:
    """Music as tokens. Implements `castalia.core.contracts.Modality`."""

    def recognises(self, source: Path) -> float:
        """The share of a folder's visible files that are scores; sure of a single one."""
        if source.is_file():
            return 0.95 if source.suffix.lower() in SPEC.suffixes and source.suffix.lower() != ".xml" else 0.0
        return 0.95 * files_of(source, MusicData()).share if source.is_dir() else 0.0

    def survey(self, source: Path, options: BaseModel) -> Survey:
        """Read every score and report every problem at once."""
        return surveying.survey(source, _data_options(options))

    def data_options(self) -> type[BaseModel]:
        """How a folder becomes a training set."""
        return MusicData

    def fit(self, source: Path, options: BaseModel, kind: Kind = "tokens") -> tuple[MusicRepresentation, Encoded]:  # noqa: ARG002 - one kind
        """All different pieces as tokens (n, length), in C major or A minor, with what is known of each.

        Raises DatasetError with all unreadable files unless ``skip_bad``, and for fewer than 16 pieces; MissingExtra.
        """
        chosen = _data_options(options)
        pieces, problems = _different(source, chosen)
        pieces = fitting.usable(pieces, chosen) if pieces else []
        _refuse_few(pieces, problems)
        view, data, facts = fitting.fit(pieces, chosen)
        if not view.groups:
            return view, Encoded(data)
        return view, Encoded(data, *view.encode_conditions(facts))

    def encode(self, representation: Representation, source: Path, options: BaseModel) -> Encoded:
        """Other pieces as tokens of a representation, those in its metres and with parts that it has."""
        view = _view(representation)
        pieces, problems = _different(source, _data_options(options))
        kept = [piece for piece in pieces if not view.by_parts or len(piece.parts) == len(view.voices)]
        rows = [(row, view.facts(piece)) for piece in kept for row in view.encode(piece)]
        _refuse_few(rows, problems)
        data = np.stack([row for row, _ in rows])
        return Encoded(data, *view.encode_conditions([facts for _, facts in rows])) if view.groups else Encoded(data)

    def restore(self, config: dict[str, object]) -> MusicRepresentation:
        """The representation that a model's ``config.json`` describes."""
        return restored(config)

    def fingerprints(self, representation: Representation, data: NDArray[np.generic]) -> dict[str, NDArray[np.generic]]:
        """Hashes of the lines of all training items and what is usual in them, see `fingerprints`."""
        return fingerprints.fingerprints(_view(representation), data)

    def generate(
        self, representation: Representation, sampler: Sampler, request: Request
    ) -> Iterator[Sample | Progress]:
        """Finished pieces, see `generation`."""
        return generation.generate(_view(representation), sampler, request)

    def preview(self, representation: Representation, data: NDArray[np.generic]) -> Sample:
        """Piano rolls of the first items, as PNG."""
        sheet = piano_rolls([_view(representation).decode(row) for row in np.asarray(data)])
        return Sample(as_png(sheet), "image/png", {"width": sheet.width, "height": sheet.height, "count": len(data)})

    def training_figures(
        self, representation: Representation, real: NDArray[np.generic], synthetic: NDArray[np.generic]
    ) -> dict[str, float]:
        """Pitches, lengths, steps, key and density against held-out pieces, see `figures`."""
        return figures.training_figures(_view(representation), real, synthetic)


def _different(source: Path, options: MusicData) -> tuple[list[Piece], list[str]]:
    """All different pieces, and what could not be read unless that may be skipped."""
    read = read_all(source, options)
    problems = [] if options.skip_bad else [f"{name}: {reason}" for name, reason in read.bad.items()]
    return surveying.different(read.pieces), problems


def _refuse_few(items: Sequence[object], problems: list[str]) -> None:
    if len(items) < FEWEST:
        problems = [*problems, f"{len(items)} pieces of shared metres and parts; at least {FEWEST} are needed"]
    if problems:
        raise refuse("scores", problems)


def _data_options(options: BaseModel) -> MusicData:
    return options if isinstance(options, MusicData) else MusicData.model_validate(options.model_dump())


def _view(representation: Representation) -> MusicRepresentation:
    if not isinstance(representation, MusicRepresentation):
        raise TypeError(f"{SPEC.name} is composed from notes, not from {representation.name}")
    return representation
