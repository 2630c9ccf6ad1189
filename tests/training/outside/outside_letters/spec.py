"""What the modality of letters states about itself."""

from castalia.core.specs import ModalitySpec

SPEC = ModalitySpec(
    name="letters",
    summary="Words of small letters",
    implementation="outside_letters.modality:Letters",
    media_types=("text/plain",),
    suffixes=(".letters",),
    options="outside_letters.modality:LettersOptions",
    representations=("tokens",),
    default_family="transformer",
)
