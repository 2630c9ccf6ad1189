"""Specs: the cheap side of a plug-in, read without importing the rest of it.

A spec names its implementation as an import string ``"package.module:Name"`` that is resolved at first use. A modality
without an implementation can be generated but not trained.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from castalia.core.representation import Kind


class Spec(BaseModel):
    """What every plug-in states about itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    summary: str
    implementation: str = ""
    requires: tuple[str, ...] = ()
    """Modules that must be importable, looked up without importing them."""
    extra: str | None = None
    """The pip extra that brings them."""


class EngineSpec(Spec):
    """An engine: what it runs, what comes out and which options it honours.

    ``options`` holds, per output modality, the names of the modality's options that the engine carries out; an option
    that a person sets and that is not here is refused by name; ``limits`` the highest value of those that it carries
    out up to a point. ``isolation`` says whether it lives in a child process.
    """

    formats: tuple[str, ...]
    outputs: tuple[str, ...]
    inputs: tuple[str, ...] = ("text",)
    options: dict[str, tuple[str, ...]]
    limits: dict[str, float] = {}
    isolation: Literal["process", "inline"] = "process"
    remote: bool = False
    """Whether requests leave this machine."""
    parallel: bool = False
    """Whether several requests run at once in one loaded model."""
    load_options: str | None = None
    """Import string of a pydantic class: how to load (threads, context, slots)."""
    request_options: str | None = None
    """Import string of a pydantic class that replaces the output modality's options: for an engine whose requests
    have little in common with them (transcription gives text, but nothing is sampled by ``top_p``)."""
    licence: str = ""


class ModalitySpec(Spec):
    """A modality: file types, how it is recognised, asked for, checked.

    ``options`` is the import string of the pydantic class of generation options. ``checks`` is the import string of
    ``(output: Part, context: CheckContext) -> list[Measure]``. ``representations`` are the kinds that ``fit`` offers.
    ``wishes`` are words that ask for it outright. ``join`` is the import string of ``(pieces: list[bytes], media_type:
    str) -> bytes``, which makes one file of an output that came in several chunks; without it they are strung together.
    ``vocabulary`` is the import string of ``(config: dict) -> castalia.core.exporting.Vocabulary``, the tokens of a
    representation for files of other programs. ``evaluation`` is the import string of ``(bench) -> Evaluation``, which
    measures a trained model (`castalia.judging.evaluation`). ``observe`` is that of ``(representation, data: bytes) ->
    array``, a finished output as the item that ``fit`` would have made of it, and ``captions`` that of ``(source: Path,
    options) -> list[str]``, what is said of the items of a training set.
    """

    media_types: tuple[str, ...]
    suffixes: tuple[str, ...]
    options: str
    representations: tuple[Kind, ...] = ("continuous",)
    checks: str | None = None
    join: str | None = None
    vocabulary: str | None = None
    evaluation: str | None = None
    observe: str | None = None
    captions: str | None = None
    wishes: tuple[str, ...] = ()
    default_family: str | None = None
    begins_with: tuple[str, ...] = ()
    """Kinds of attachments from which a family that completes can go on: a picture, the first frame of a film."""


class FamilySpec(Spec):
    """A family: which kinds of representation it learns. ``options`` are its training options' import string.

    ``compressor`` is the import string of a `castalia.families.contract.CompressorMaker`, for a family that can bring
    continuous items into a shorter form for others to learn. ``completes`` says that it can go on from what is given
    (`castalia.core.contracts.Given`). ``tunable`` are the options that may differ in a training that goes on from a
    model's weights; a family without any keeps too little of a training for another to go on. ``gguf`` is the import
    string of ``(folder, config, wished, known) -> (Network, start token)``, for a family whose networks
    `castalia.core.exporting` can hand to llama.cpp.
    """

    representations: tuple[Kind, ...]
    options: str
    sampling_options: str | None = None
    compressor: str | None = None
    completes: bool = False
    tunable: tuple[str, ...] = ()
    gguf: str | None = None
