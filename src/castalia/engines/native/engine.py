"""Runs an artifact: the family draws arrays, the modality turns them into finished outputs."""

import importlib
import queue
import threading
from collections.abc import Iterator
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from castalia.core.assets import provide
from castalia.core.contracts import Array, Given, Modality, Sample
from castalia.core.errors import BadRequest, Interrupted
from castalia.core.events import Done, EngineEvent, MediaChunk, Progress, TextDelta, Usage
from castalia.core.machine import usable_cores
from castalia.core.models import Model
from castalia.core.plugins import families, modalities, resolve
from castalia.core.representation import Layout, Tokens
from castalia.core.requests import Request
from castalia.core.results import FinishReason, UsageCounts
from castalia.engines.native.options import NativeLoadOptions
from castalia.families.artifact import damaged, read_config
from castalia.families.nets.token_options import TokenSamplingOptions

BATCH = 64
"""Items drawn at a time: between batches a generation can be stopped."""
ROW_BATCH = 4096
"""The same for flat layouts, whose items are small."""
TOKENS = 65_536
"""Tokens drawn at a time, where so many items are at least `BATCH`."""
PULSE = 0.4
"""Seconds between signs of life."""


class NativeEngine:
    """One loaded artifact."""

    def __init__(self, model: Model, load_options: dict[str, object]) -> None:
        """Load configuration, family, modality and weights.

        Raises EngineError when the artifact is damaged, NotFound or MissingExtra when its family or modality is not
        installed.
        """
        self._torch: Any = importlib.import_module("torch")
        options = NativeLoadOptions.model_validate(load_options)
        provide(options.assets)
        self._torch.set_num_threads(options.threads or usable_cores())
        loading: Any = importlib.import_module("castalia.families.loading")
        self._config = read_config(model.folder)
        self._modality = cast("Modality", modalities().implementation(self._config.modality)())
        try:
            self._representation = self._modality.restore(self._config.representation)
        except (ValidationError, KeyError, TypeError, ValueError) as error:
            raise damaged(model.folder, f"its representation cannot be restored: {error!r}") from None
        self._learner: Any = loading.load_learner(model.folder, self._config)
        self._compressor: Any = loading.load_compressor(model.folder, self._config)
        spec = families().spec(self._config.family)
        self._completes, sampling = spec.completes, spec.sampling_options
        self._sampling = cast("type[BaseModel]", resolve(sampling)) if sampling else None

    def generate(self, request: Request) -> Iterator[EngineEvent]:
        """One `MediaChunk` for each output, of text a `TextDelta` for each piece, `Progress` while they are made.

        The modality works in a thread of its own, so that we can answer, and be stopped, while it does.
        """
        messages: queue.SimpleQueue[Sample | Progress | BaseException | None] = queue.SimpleQueue()
        job = _Job(self, request)

        def work() -> None:
            try:
                for item in self._modality.generate(self._representation, job.sample, request):
                    job.check()
                    messages.put(item)
                messages.put(None)
            except BaseException as error:  # noqa: BLE001 - handed to the caller's thread, raised there
                messages.put(error)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        index = tokens = 0
        finish_reason: FinishReason = "stop"
        try:
            while True:
                try:
                    item = messages.get(timeout=PULSE)
                except queue.Empty:
                    # text streams to where this would stand between its pieces
                    told = job.drawn > 0 and self._config.modality != "text"
                    yield Progress(message=f"{job.drawn} drawn" if told else "")
                    continue
                if item is None:
                    break
                if isinstance(item, BaseException):
                    raise item
                if isinstance(item, Progress):
                    yield item
                    continue
                modality = self._config.modality
                if modality == "text":
                    tokens += cast(int, item.info.get("tokens", 0))
                    finish_reason = cast("FinishReason", item.info.get("finish_reason", finish_reason))
                    yield TextDelta(text=item.data.decode())
                    continue
                yield MediaChunk(
                    index=index, modality=modality, media_type=item.media_type, data=item.data, info=item.info
                )
                index += 1
        finally:
            job.cancelled.set()
            thread.join()
        units = {"outputs": float(index)} if index else {}
        yield Usage(counts=UsageCounts(output_tokens=tokens, units=units))
        yield Done(finish_reason=finish_reason)

    def close(self) -> None:
        """Forget the weights."""
        self._learner = self._compressor = None

    def draw(
        self,
        count: int,
        conditions: Array | None,
        known: NDArray[np.bool_] | None,
        given: Given | None,
        job: "_Job",
    ) -> Any:
        """Batches of items as arrays, one after the other; stops between them when the job is cancelled."""
        if given is not None and not (self._completes and self._config.keeps_places):
            raise BadRequest(
                f"This {self._config.family} makes whole items; it cannot go on from a beginning or fill a gap.",
                hint="Ask for a fresh one, or train another family.",
            )
        torch = self._torch
        step = _batch(self._config.layout)
        for start in range(0, count, step):
            job.check()
            size = min(step, count - start)
            part = slice(start, start + size)
            wanted = (
                None if conditions is None else torch.from_numpy(np.ascontiguousarray(conditions[part], np.float32))
            )
            seen = None if known is None else torch.from_numpy(np.ascontiguousarray(known[part], np.bool_))
            settled = None if given is None else (_tensor(torch, given.data[part]), _tensor(torch, given.mask[part]))
            yield self._drawn(size, wanted, seen, settled, job, () if given is None else given.barred).numpy()
            job.drawn += size

    def _drawn(
        self,
        count: int,
        wanted: Any,
        seen: Any,
        given: tuple[Any, Any] | None,
        job: "_Job",
        barred: tuple[int, ...],
    ) -> Any:
        """``count`` items as a tensor; what is given goes through the code where there is one, and comes back as it
        was."""
        code = self._compressor
        settled = given if given is None or code is None else (code.encode(given[0]), code.settles(given[1]))
        going_on = [] if settled is None else [settled]  # only families that complete know of it
        options = job.options
        if barred and isinstance(options, TokenSamplingOptions):
            options = options.model_copy(update={"barred": barred})
        drawn = self._learner.sample(count, wanted, seen, job.generator, options, *going_on)
        if code is None:
            return drawn
        whole = code.decode(drawn)
        return whole if given is None else self._torch.where(given[1], given[0], whole)

    def job_options(self, request: Request) -> BaseModel | None:
        """The family's sampling options out of the request's. Raises BadRequest for values out of range."""
        if self._sampling is None:
            return None
        values = dict(request.options)
        layout = self._config.layout
        if isinstance(layout, Tokens) and self._config.modality == "text":
            wanted = values.get("max_tokens")
            # a stream is written window by window, so that it streams; items are drawn whole, and cut by the modality
            values["max_tokens"] = min(wanted, layout.length) if layout.stream and isinstance(wanted, int) else None
        try:
            return self._sampling.model_validate(values)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            name = ".".join(str(piece) for piece in first["loc"])
            raise BadRequest(f"The option {name!r} is wrong: {first['msg']}.", hint="Choose another value.") from None


def _batch(layout: Layout) -> int:
    """Items drawn at a time."""
    if layout.kind == "continuous":
        return ROW_BATCH if len(layout.shape) == 1 else BATCH
    return max(BATCH, min(ROW_BATCH, TOKENS // layout.length))


def _tensor(torch: Any, array: NDArray[np.generic]) -> Any:
    return torch.from_numpy(np.ascontiguousarray(array))


class _Job:
    """One generation: what has been drawn, and whether it was given up."""

    def __init__(self, engine: NativeEngine, request: Request) -> None:
        self.engine = engine
        self.options = engine.job_options(request)
        self.cancelled = threading.Event()
        self.drawn = 0
        self.generator: Any = None

    def check(self) -> None:
        """Raise Interrupted when nobody waits for the rest."""
        if self.cancelled.is_set():
            raise Interrupted("The generation was stopped.")

    def sample(
        self,
        count: int,
        conditions: Array | None,
        known: NDArray[np.bool_] | None,
        seed: int,
        given: Given | None = None,
    ) -> NDArray[np.generic]:
        """The `castalia.core.contracts.Sampler` that the modality calls."""
        torch: Any = importlib.import_module("torch")
        self.generator = torch.Generator().manual_seed(seed)
        return np.concatenate(list(self.engine.draw(count, conditions, known, given, self)))
