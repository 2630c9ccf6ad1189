"""What the video modality states about itself."""

from castalia.core.specs import ModalitySpec

SPEC = ModalitySpec(
    name="video",
    summary="Short clips made by a model that was trained on a folder of clips",
    implementation="castalia.modalities.video.modality:VideoModality",
    requires=("PIL",),
    media_types=("video/mp4", "video/webm", "image/gif", "image/webp", "video/quicktime"),
    suffixes=(".mp4", ".webm", ".mov", ".m4v", ".mkv", ".avi", ".gif", ".webp"),
    options="castalia.modalities.video.options:VideoOptions",
    checks="castalia.judging.instant.video:check",
    evaluation="castalia.judging.evaluation.media:evaluate",
    observe="castalia.modalities.video.observing:observe",
    captions="castalia.modalities.video.observing:captions",
    wishes=("video", "video of", "clip of", "film of", "animate", "animation"),
    default_family="vae",
    begins_with=("image",),
)
