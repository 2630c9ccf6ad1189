"""What the diffusion family states about itself."""

from castalia.core.specs import FamilySpec

SPEC = FamilySpec(
    name="diffusion",
    summary="Diffusion and flow matching: follows classes closely; fills gaps; takes a few steps to sample",
    implementation="castalia.families.diffusion.family:DiffusionFamily",
    requires=("torch",),
    extra="train",
    representations=("continuous",),
    options="castalia.families.diffusion.options:DiffusionOptions",
    sampling_options="castalia.families.diffusion.options:DiffusionSamplingOptions",
    completes=True,
    tunable=("rate", "muon", "weight_decay", "dropout", "batch", "epochs"),
)
