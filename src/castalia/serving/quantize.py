"""A language model with its weights in another format: a new model, with what it cost in likelihood."""

import math
import shutil
from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path

from castalia.core.errors import BadRequest, Conflict, EngineError, UnsupportedInput
from castalia.core.events import ModelReady, Progress, TextDelta
from castalia.core.models import Model
from castalia.core.requests import Request, new_id
from castalia.judging.evaluation.language.material import packaged, supplied
from castalia.modalities.text.options import TextOptions
from castalia.serving.calibrate import calibrate
from castalia.serving.describe import model_of
from castalia.serving.hosting import ENGINE, is_adapter
from castalia.serving.house import House
from castalia.store.gguf import read_header
from castalia.store.gguf_quantising import planned_types, quantise
from castalia.store.locking import publish_folder, storage_errors
from castalia.store.registry import check_name
from castalia.store.sources.identify import Found

BITS, BITS_BEFORE, BYTES_BEFORE = "bits_per_byte", "bits_per_byte_before", "bytes_before"
"""Figures of what comes of it."""


def quantize(
    house: House, name: str, kind: str, *, new_name: str | None = None, text: str | Path | None = None
) -> Generator[Progress | ModelReady]:
    """Rewrite a GGUF model's weights as ``kind``: progress, then ModelReady with the new model.

    Its figures hold the bits per byte of ``text`` (a file or folder; passages of our own without it) before and after,
    both by llama.cpp. Nothing is left of what is stopped or fails. Raises NotFound, UnsupportedInput for a model that
    is no GGUF file, BadRequest when the format is unknown or nothing would become smaller, Conflict for a name that is
    taken.
    """
    model = house.registry.get(name)
    if model.format != "gguf" or is_adapter(model):
        raise UnsupportedInput(f"{model.name} is no language model in GGUF.", hint="castalia ls shows which are.")
    kind = kind.upper()
    wanted = check_name(new_name or f"{model.name}-{kind.lower().replace('_', '-')}")
    if any(wanted in (known.name, *known.aliases) for known in house.registry.list()):
        raise Conflict(f"A model named {wanted!r} is there already.", hint="Choose another --name, or castalia rm it.")
    source = model.folder / str(model.details["gguf"])
    header = read_header(source)
    planned_types(header, kind)  # says now what makes no sense
    if ENGINE not in model.engines:
        raise UnsupportedInput(f"{model.name} does not run on {ENGINE}.", hint="Its likelihood cannot be measured.")
    passages = packaged().passages if text is None else supplied(Path(text).expanduser()).passages
    staging = house.models_folder / ".staging" / new_id("q")
    with storage_errors(str(staging)):
        staging.mkdir(parents=True)
    try:
        now = next(iter(header.tensor_types))
        if now not in {"F32", "F16", "BF16"}:
            yield Progress(message=f"note: the weights are {now} already; rounding them twice loses a little more")
        before = yield from _bits_per_byte(house, model, passages, "as it is")
        stem = source.stem.removesuffix(f".{now}").removesuffix(f"-{now}")
        target = staging / f"{stem}.{kind}.gguf"
        yield from quantise(source, target, kind)
        fresh = model_of(Found("gguf", staging, (target,)), wanted)
        fresh = fresh.model_copy(
            update={
                "source": model.source,
                "licence": model.licence,
                "description": model.description,
                "options": model.options,
                "details": {**fresh.details, "quantised": f"{now} to {kind}", "quantised_from": model.name},
            }
        )
        fresh = yield from calibrate(fresh, house.pool)
        after = yield from _bits_per_byte(house, fresh, passages, f"as {kind}")
        figures = {BITS: after, BITS_BEFORE: before, BYTES_BEFORE: float(source.stat().st_size)}
        folder = publish_folder(staging, house.models_folder, wanted)
        fresh = fresh.model_copy(update={"folder": folder, "figures": {**fresh.figures, **figures}})
        try:
            house.registry.add(fresh)
        except Conflict:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    yield ModelReady(model=fresh)


def _bits_per_byte(house: House, model: Model, passages: Sequence[str], told: str) -> Generator[Progress, None, float]:
    """-log2 p(text) over its bytes in UTF-8, by llama.cpp."""
    if not passages:
        raise BadRequest("There is no text to measure the likelihood of.", hint="Give text with --text.")
    options = TextOptions(echo=True, logprobs=0, temperature=0.0)
    nats, size = 0.0, 0
    trial = model.model_copy(update={"name": f"{model.name}.trial"})  # what is at work stays untouched
    with house.pool.lease(trial, ENGINE) as engine:
        for number, passage in enumerate(passages):
            yield Progress(message=f"bits per byte {told}", fraction=number / len(passages))
            request = Request.of_text(passage, modality="text", model=model.name, seed=0, options=options.model_dump())
            with closing(engine.generate(request)) as events:  # pyright: ignore[reportArgumentType] - generators all
                for event in events:
                    if isinstance(event, TextDelta):
                        nats -= sum(token.logprob for token in event.logprobs)
                    elif isinstance(event, Progress):
                        yield Progress()
            size += len(passage.encode())
    house.pool.unload(trial.name)
    if not math.isfinite(nats):
        raise EngineError(f"{model.name} gives the text no likelihood.", hint="The format may be too coarse for it.")
    return round(nats / math.log(2) / size, 4)
