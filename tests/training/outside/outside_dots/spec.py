"""What the modality of dots states about itself."""

from castalia.core.specs import ModalitySpec

SPEC = ModalitySpec(
    name="dots",
    summary="Coloured dots on a plane",
    implementation="outside_dots.modality:Dots",
    media_types=("text/plain",),
    suffixes=(".dots",),
    options="outside_dots.modality:DotsOptions",
    default_family="vae",
)
