"""The Whisper engine: a recording to text, one delta a segment."""

import importlib
import os
import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from castalia.core.content import Part
from castalia.core.errors import BadRequest, EngineError
from castalia.core.events import Done, EngineEvent, Progress, TextDelta, Usage
from castalia.core.machine import usable_cores
from castalia.core.models import Model
from castalia.core.requests import Request
from castalia.core.results import UsageCounts
from castalia.engines.whisper.options import TranscriptionOptions, WhisperLoadOptions
from castalia.modalities.sound import decode

RATE = 16_000
"""Samples a second that Whisper hears."""
POLL = 0.25
"""Seconds between two signs of life while a window of half a minute is being heard."""
_FALLBACK = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
"""Temperatures tried in turn where the likeliest text repeats itself or is improbable (Whisper paper, section 4.5)."""
_FILES = ("config.json", "model.bin", "tokenizer.json")


class WhisperEngine:
    """One Whisper model in CTranslate2's format, run with 8-bit weights. Never reaches for the network.

    At temperature 0 the same recording gives the same text, whatever the seed. Above 0 it may not: CTranslate2 seeds
    its threads only once.
    """

    def __init__(self, model: Model, load_options: dict[str, object]) -> None:
        options = WhisperLoadOptions.model_validate(load_options)
        missing = [name for name in _FILES if not (_folder(model) / name).is_file()]
        if missing:
            raise EngineError(
                f"{model.name} lacks {', '.join(missing)}.", hint=f"castalia rm {model.name}, then pull it again."
            )
        os.environ["HF_HUB_OFFLINE"] = "1"  # read at the import of the hub's client
        faster_whisper: Any = importlib.import_module("faster_whisper")
        try:
            self._whisper: Any = faster_whisper.WhisperModel(
                str(_folder(model)),
                device="cpu",
                compute_type="int8",
                cpu_threads=options.threads or usable_cores(),
                local_files_only=True,
            )
        except (RuntimeError, ValueError) as error:
            raise EngineError(
                f"{model.name} cannot be loaded: {error}.", hint=f"castalia rm {model.name}, then pull it again."
            ) from None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def generate(self, request: Request) -> Iterator[EngineEvent]:
        """A `TextDelta` per segment, whose ``info`` holds ``start`` and ``end`` in seconds, and ``words``.

        The recording is the one attached to the last user message. Raises BadRequest without one or for an unknown
        language, UnsupportedInput when it cannot be read.
        """
        options = TranscriptionOptions.model_validate(request.options)
        self._check_language(options.language)
        samples, _ = decode(_recording(request).read(), RATE)
        seconds = len(samples) / RATE
        self._finish_last()
        heard: queue.SimpleQueue[Any] = queue.SimpleQueue()
        arguments = {
            "language": options.language,
            "task": options.task,
            "temperature": options.temperature or _FALLBACK,
            "beam_size": options.beam_size,
            "word_timestamps": options.word_timestamps,
            "initial_prompt": options.prompt,
        }
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._listen, args=(samples, arguments, heard, self._stop), daemon=True)
        self._thread.start()
        tokens = 0
        fraction = 0.0
        try:
            while True:
                try:
                    segment = heard.get(timeout=POLL)
                except queue.Empty:
                    yield Progress(message="listening", fraction=fraction)
                    continue
                if segment is None:
                    break
                if isinstance(segment, BaseException):
                    raise EngineError(f"The transcription failed: {segment}.", hint="Try again.") from segment
                yield TextDelta(text=segment.text if tokens else segment.text.lstrip(), info=_facts(segment))
                tokens += len(segment.tokens)
                fraction = min(float(segment.end) / seconds, 1.0)
        finally:
            self._stop.set()
        yield Usage(counts=UsageCounts(output_tokens=tokens, units={"seconds": round(seconds, 3)}))
        yield Done()

    def close(self) -> None:
        """Free the model."""
        self._finish_last()
        self._whisper = None

    def _finish_last(self) -> None:
        """Wait for a cancelled transcription: it ends with the segment at hand, within seconds."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _listen(
        self,
        samples: Any,
        arguments: dict[str, object],
        heard: "queue.SimpleQueue[Any]",
        stop: threading.Event,
    ) -> None:
        """Put segments, then None, into ``heard``; an error is put there as well. Runs in its own thread."""
        try:
            segments, _ = self._whisper.transcribe(samples, **arguments)
            for segment in segments:
                if stop.is_set():
                    return
                heard.put(segment)
            heard.put(None)
        except (RuntimeError, ValueError) as error:
            heard.put(error)

    def _check_language(self, language: str | None) -> None:
        known: list[str] = self._whisper.supported_languages
        if language is not None and language not in known:
            raise BadRequest(
                f"The model does not know the language {language!r}.", hint=f"It knows: {', '.join(sorted(known))}."
            )


def _folder(model: Model) -> Path:
    inside = next((Path(file.path).parent for file in model.files if Path(file.path).name == "model.bin"), Path())
    return model.folder / inside


def _recording(request: Request) -> Part:
    found = [part for part in request.attachments if part.type in {"speech", "audio", "music", "video", "file"}]
    if not found:
        raise BadRequest("There is no recording to transcribe.", hint="Attach one, such as a WAV, MP3 or M4A file.")
    if len(found) > 1:
        raise BadRequest(f"{len(found)} recordings are attached.", hint="Transcribe them one by one.")
    return found[0]


def _facts(segment: Any) -> dict[str, object]:
    facts: dict[str, object] = {"start": round(float(segment.start), 2), "end": round(float(segment.end), 2)}
    if segment.words:
        facts["words"] = [
            {"word": word.word.strip(), "start": round(float(word.start), 2), "end": round(float(word.end), 2)}
            for word in segment.words
        ]
    return facts
