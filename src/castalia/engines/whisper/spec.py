"""What the Whisper engine states about itself."""

from castalia.core.specs import EngineSpec

SPEC = EngineSpec(
    name="whisper",
    summary="Recordings to text by Whisper models, on faster-whisper",
    implementation="castalia.engines.whisper.engine:WhisperEngine",
    requires=("faster_whisper", "av"),
    extra="speech",
    formats=("whisper-ctranslate2",),
    outputs=("text",),
    inputs=("speech", "audio"),
    options={"text": ("language", "task", "temperature", "beam_size", "word_timestamps", "prompt")},
    request_options="castalia.engines.whisper.options:TranscriptionOptions",
    load_options="castalia.engines.whisper.options:WhisperLoadOptions",
    licence="faster-whisper, CTranslate2 and Whisper are MIT",
)
