"""The Piper engine: text to speech, one chunk a sentence."""

import json
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np

from castalia.core.errors import BadRequest, EngineError
from castalia.core.events import Done, EngineEvent, MediaChunk, Progress, Usage
from castalia.core.models import Model
from castalia.core.requests import Request
from castalia.core.results import UsageCounts
from castalia.engines.piper.program import Manner, PiperProgram
from castalia.engines.piper.reading import reading_line
from castalia.modalities.sound import decode, open_encoder
from castalia.modalities.speech.options import MEDIA_TYPES, SpeechOptions
from castalia.modalities.speech.sentences import split_sentences
from castalia.modalities.speech.spoken import spoken_text

WARM = 2
"""Programs kept warm: another speed or voice needs another process of some 150 MB."""


class PiperEngine:
    """One Piper voice: a model file ``NAME.onnx`` beside its ``NAME.onnx.json``.

    With ``variation`` 0 the same request gives the same bytes, whatever its seed: Piper cannot be seeded, so its random
    tone and rhythm are switched off. On ten sentences of the starter voice that changed neither their length (1 %) nor
    their share of energy above 4 kHz (0.5 dB) nor what Whisper base heard (one word in 122). Above 0 no reading is like
    another.
    """

    def __init__(self, model: Model, load_options: dict[str, object]) -> None:  # noqa: ARG002 - Piper has none
        self._model = model
        self._voice = _voice_file(model)
        self._config = _read_config(self._voice)
        self._programs: OrderedDict[Manner, PiperProgram] = OrderedDict()
        try:
            # The first sentence loads the voice: what is wrong with it is said now
            for _ in self._program(self._manner(SpeechOptions())).speak("Ready."):
                pass
        except EngineError:
            self.close()
            raise

    @property
    def pids(self) -> list[int]:
        """Process ids of the warm programs, the longest unused first."""
        return [program.pid for program in self._programs.values()]

    def generate(self, request: Request) -> Iterator[EngineEvent]:
        """A `MediaChunk` per sentence, the last one closing the file.

        Each chunk's ``info`` states totals so far: seconds, rate, characters, sentences. Raises BadRequest when there
        is nothing to pronounce or the voice is unknown, EngineCrashed when the program dies (the next request starts
        it again).
        """
        options = SpeechOptions.model_validate(request.options)
        manner = self._manner(options)
        english = self._language.startswith("en")
        lines = [reading_line(sentence, english) for sentence in split_sentences(spoken_text(request))]
        sentences = [line for line in lines if line]
        if not sentences:
            raise BadRequest(
                "There is nothing to read aloud.", hint="Give a text with words or numbers, or attach a text file."
            )
        program = self._program(manner)
        media_type = MEDIA_TYPES[options.format]
        encoder = open_encoder(self._rate, media_type)
        silence = np.zeros(round(options.sentence_silence * self._rate), dtype=np.float32)
        total = sum(map(len, sentences))
        seconds, characters = 0.0, 0
        speaking = False
        try:
            for number, sentence in enumerate(sentences, 1):
                wav = b""
                speaking = True
                for wav in program.speak(sentence):
                    if not wav:
                        yield Progress(message="speaking", fraction=characters / total)
                speaking = False
                samples = decode(wav)[0]
                last = number == len(sentences)
                data = encoder.write(samples if last else np.concatenate([samples, silence]))
                seconds += (len(samples) + (0 if last else len(silence))) / self._rate
                characters += len(sentence)
                info: dict[str, object] = {
                    "seconds": round(seconds, 3),
                    "rate": self._rate,
                    "characters": characters,
                    "sentences": number,
                }
                yield MediaChunk(
                    modality="speech",
                    media_type=media_type,
                    data=data + (encoder.finish() if last else b""),
                    last=last,
                    info=info,
                )
        finally:
            if speaking:  # cancelled or dead in mid-sentence: what it says next would belong to nobody
                self._forget(manner)
        units = {"seconds": round(seconds, 3), "characters": float(characters)}
        yield Usage(counts=UsageCounts(units=units))
        yield Done()

    def close(self) -> None:
        """End all programs."""
        for manner in list(self._programs):
            self._forget(manner)

    @property
    def _rate(self) -> int:
        return int(cast("dict[str, int]", self._config["audio"])["sample_rate"])

    @property
    def _language(self) -> str:
        return str(cast("dict[str, object]", self._config.get("espeak") or {}).get("voice", ""))

    def _program(self, manner: Manner) -> PiperProgram:
        """The warm program for this manner, started when there is none or when it has died."""
        program = self._programs.get(manner)
        if program is not None and not program.alive:
            self._forget(manner)
            program = None
        if program is None:
            while len(self._programs) >= WARM:
                self._forget(next(iter(self._programs)))
            program = self._programs[manner] = PiperProgram(self._voice, manner)
        self._programs.move_to_end(manner)
        return program

    def _forget(self, manner: Manner) -> None:
        self._programs.pop(manner).close()

    def _manner(self, options: SpeechOptions) -> Manner:
        own = cast("dict[str, float]", self._config.get("inference", {}))
        return Manner(
            speed=options.speed / own.get("length_scale", 1.0),
            noise_scale=options.variation * own.get("noise_scale", 0.667),
            noise_w_scale=options.variation * own.get("noise_w", 0.8),
            speaker=self._speaker(options.voice),
        )

    def _speaker(self, voice: str | None) -> int | None:
        """The number of a voice's speaker. Raises BadRequest naming those there are."""
        speakers = cast("dict[str, int]", self._config.get("speaker_id_map") or {})
        own = {self._model.name, self._voice.stem, *self._model.aliases, str(self._config.get("dataset") or "")}
        if voice is None or voice in own:
            return None
        if voice in speakers:
            return speakers[voice]
        known = sorted(speakers) or sorted({self._model.name, self._voice.stem})
        raise BadRequest(
            f"{self._model.name} has no voice {voice!r}.", hint=f"It has: {', '.join(known)}. Or leave it out."
        )


def _voice_file(model: Model) -> Path:
    found = [file.path for file in model.files if file.path.endswith(".onnx")]
    if len(found) != 1:
        raise EngineError(
            f"{model.name} should hold one voice file (.onnx) and holds {len(found)}.",
            hint=f"castalia rm {model.name}, then pull it again.",
        )
    return model.folder / found[0]


def _read_config(voice: Path) -> dict[str, object]:
    path = Path(f"{voice}.json")
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EngineError(
            f"The voice's description {path.name} cannot be read: {error}.", hint="Pull the model again."
        ) from None
    if not isinstance(config, dict) or "audio" not in config:
        raise EngineError(f"{path.name} does not describe a Piper voice.", hint="Pull the model again.")
    return cast("dict[str, object]", config)
