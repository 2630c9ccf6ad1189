"""What the music modality states about itself."""

from castalia.core.specs import ModalitySpec

SPEC = ModalitySpec(
    name="music",
    summary="Music composed by a model that was trained on a folder of scores, as MIDI, a score, or sound",
    implementation="castalia.modalities.music.modality:MusicModality",
    requires=("mido",),
    extra="music",
    media_types=(
        "audio/midi",
        "application/vnd.recordare.musicxml+xml",
        "audio/wav",
        "audio/flac",
        "audio/ogg",
        "audio/mpeg",
    ),
    suffixes=(".mid", ".midi", ".abc", ".musicxml", ".mxl", ".xml"),
    options="castalia.modalities.music.options:MusicOptions",
    representations=("tokens",),
    checks="castalia.judging.instant.music:check",
    evaluation="castalia.judging.evaluation.music:evaluate",
    vocabulary="castalia.modalities.music.vocabulary:vocabulary",
    join="castalia.modalities.sound:join",
    wishes=("compose", "melody", "tune", "song", "music", "chorale", "improvise", "play"),
    default_family="transformer",
)
