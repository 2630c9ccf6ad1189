"""What the image modality states about itself."""

from castalia.core.specs import ModalitySpec

SPEC = ModalitySpec(
    name="image",
    summary="Pictures drawn by a model that was trained on a folder of pictures",
    implementation="castalia.modalities.image.modality:ImageModality",
    requires=("PIL",),
    media_types=("image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp", "image/tiff"),
    suffixes=(".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff"),
    options="castalia.modalities.image.options:ImageOptions",
    checks="castalia.judging.instant.image:check",
    evaluation="castalia.judging.evaluation.media:evaluate",
    observe="castalia.modalities.image.observing:observe",
    captions="castalia.modalities.image.observing:captions",
    wishes=("draw", "paint", "sketch", "picture", "image", "photo", "drawing", "icon", "illustration"),
    default_family="vae",
    begins_with=("image",),
)
