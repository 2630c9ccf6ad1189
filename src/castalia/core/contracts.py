"""The interfaces that engines and modalities implement. (Families have theirs beside them: it speaks of tensors.)"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from castalia.core.events import EngineEvent, Progress
from castalia.core.models import Model
from castalia.core.representation import Conditions, Kind, Layout
from castalia.core.requests import Request

Array = NDArray[np.float32]


class Engine(Protocol):
    """One loaded model. Constructing it loads (`Model`, load options); ``close`` frees everything."""

    def __init__(self, model: Model, load_options: dict[str, object]) -> None: ...

    def generate(self, request: Request) -> Generator[EngineEvent]:
        """Events of one generation: see `castalia.core.events` for their order.

        ``request`` is fully resolved: modality, seed and complete, validated options. Closing the iterator stops the
        generation. An engine that has nothing to say for long yields a `Progress` at least twice a second, so that it
        can be stopped. Engines whose spec says ``parallel`` are called from several threads at once.
        """
        ...

    def close(self) -> None:
        """Free memory and processes; called once."""
        ...


@dataclass
class Survey:
    """What looking through a training set found, before any step.

    ``problems`` forbid training, ``warnings`` do not. ``excerpts`` holds text found in the data by place (column,
    caption file), for the guard to look through. ``facts`` are told to the person.
    """

    modality: str
    source: Path
    count: int
    problems: list[str] = field(default_factory=list[str])
    warnings: list[str] = field(default_factory=list[str])
    facts: dict[str, object] = field(default_factory=dict[str, object])
    excerpts: dict[str, list[str]] = field(default_factory=dict[str, list[str]])


@dataclass
class Encoded:
    """A training set as arrays: ``data`` (n, *shape), for streams (n,); ``conditions`` (n, width) and ``known``
    (n, groups) or None."""

    data: NDArray[np.generic]
    conditions: Array | None = None
    known: NDArray[np.bool_] | None = None


@dataclass
class Sample:
    """One finished output: encoded bytes and facts about them."""

    data: bytes
    media_type: str
    info: dict[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True)
class Given:
    """What of new items is settled beforehand: a prefix to go on from, a part of a picture, the first frame of a film.

    ``data`` (count, *shape) holds values wherever ``mask``, of the same shape, is true; the rest is to be made.
    ``barred`` are the tokens that must not be made, where items are sequences of tokens.
    """

    data: NDArray[np.generic]
    mask: NDArray[np.bool_]
    barred: tuple[int, ...] = ()


class Sampler(Protocol):
    """A trained family, as a modality sees it."""

    def __call__(
        self,
        count: int,
        conditions: Array | None,
        known: NDArray[np.bool_] | None,
        seed: int,
        given: Given | None = None,
    ) -> NDArray[np.generic]:
        """``count`` fresh items (count, *shape); same arguments, same items.

        Raises BadRequest for ``given`` when the family cannot go on from it.
        """
        ...


class Representation(Protocol):
    """The view of a modality that a family learns, fitted to one training set."""

    name: str
    layout: Layout
    conditions: Conditions | None

    def config(self) -> dict[str, object]:
        """JSON-ready data from which `Modality.restore` makes the same representation."""
        ...


class Modality(Protocol):
    """A kind of content: reading a training set, and turning arrays into finished outputs and previews."""

    def recognises(self, source: Path) -> float:
        """How sure it is, in [0, 1], that ``source`` (a file or folder) is training data of this modality."""
        ...

    def survey(self, source: Path, options: BaseModel) -> Survey:
        """Look through all of it and report every problem at once; raises nothing for bad items."""
        ...

    def data_options(self) -> type[BaseModel]:
        """The pydantic class of options for reading and representing training data."""
        ...

    def fit(self, source: Path, options: BaseModel, kind: Kind = "continuous") -> tuple[Representation, Encoded]:
        """The representation of that kind, one of the spec's, fitted to the training set, and the set as arrays."""
        ...

    def restore(self, config: dict[str, object]) -> Representation:
        """The representation that `Representation.config` described."""
        ...

    def encode(self, representation: Representation, source: Path, options: BaseModel) -> Encoded:
        """Another set as arrays of a representation that was fitted before, so that a model can be judged by it.

        What the representation has no place for (a metre, a letter, a class) is left out. Raises DatasetError as `fit`
        does.
        """
        ...

    def fingerprints(self, representation: Representation, data: NDArray[np.generic]) -> dict[str, NDArray[np.generic]]:
        """Small arrays by name that let `checks` see a near-copy of a training item; kept in the artifact."""
        ...

    def generate(
        self, representation: Representation, sampler: Sampler, request: Request
    ) -> Iterator[Sample | Progress]:
        """Finished outputs for a resolved request: how many, under which conditions, in which encoding.

        Raises BadRequest for conditions that the model cannot meet, naming those that it can.
        """
        ...

    def preview(self, representation: Representation, data: NDArray[np.generic]) -> Sample:
        """A sheet of the given items: a picture, or a table as text."""
        ...

    def training_figures(
        self, representation: Representation, real: NDArray[np.generic], synthetic: NDArray[np.generic]
    ) -> dict[str, float]:
        """A few quick figures of how like the held-out items the synthetic ones are, for card and registry."""
        ...
