"""What the audio modality states about itself."""

from castalia.core.specs import ModalitySpec

SPEC = ModalitySpec(
    name="audio",
    summary="Sounds of a few seconds, made by a model that was trained on a folder of sounds",
    implementation="castalia.modalities.audio.modality:AudioModality",
    requires=("PIL",),
    extra="speech",
    media_types=("audio/wav", "audio/flac", "audio/ogg", "audio/mpeg"),
    suffixes=(".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".m4a"),
    options="castalia.modalities.audio.options:AudioOptions",
    checks="castalia.judging.instant.audio:check",
    evaluation="castalia.judging.evaluation.media:evaluate",
    observe="castalia.modalities.audio.observing:observe",
    captions="castalia.modalities.audio.observing:captions",
    join="castalia.modalities.sound:join",
    wishes=("sound", "sound of", "sound effect", "noise of", "drum", "one-shot"),
    default_family="vae",
)
