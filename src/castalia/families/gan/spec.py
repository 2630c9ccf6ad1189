"""What the GAN family states about itself."""

from castalia.core.specs import FamilySpec

SPEC = FamilySpec(
    name="gan",
    summary="Generative adversarial network: items in one pass, trained by a game that is kept from collapsing",
    implementation="castalia.families.gan.family:GanFamily",
    requires=("torch",),
    extra="train",
    representations=("continuous",),
    options="castalia.families.gan.options:GanOptions",
    sampling_options="castalia.families.gan.options:GanSamplingOptions",
)
