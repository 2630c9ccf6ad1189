"""What the speech modality states about itself."""

from castalia.core.specs import ModalitySpec

SPEC = ModalitySpec(
    name="speech",
    summary="Text spoken aloud",
    media_types=("audio/wav", "audio/flac", "audio/ogg", "audio/mpeg"),
    suffixes=(".wav", ".flac", ".ogg", ".mp3"),
    options="castalia.modalities.speech.options:SpeechOptions",
    checks="castalia.judging.instant.speech:check",
    join="castalia.modalities.sound:join",
    wishes=(
        "read aloud",
        "read out loud",
        "say",
        "speak",
        "narrate",
        "pronounce",
        "voice over",
        "text to speech",
        "lee en voz alta",
        "lis à haute voix",
        "lies vor",
    ),
)
