"""What the VAE family states about itself."""

from castalia.core.specs import FamilySpec

SPEC = FamilySpec(
    name="vae",
    summary="Variational autoencoder: learns in minutes, samples at once, never collapses onto a few items",
    implementation="castalia.families.vae.family:VaeFamily",
    requires=("torch",),
    extra="train",
    representations=("continuous",),
    options="castalia.families.vae.options:VaeOptions",
    sampling_options="castalia.families.vae.options:VaeSamplingOptions",
    compressor="castalia.families.vae.compressor:VaeCompressorMaker",
    tunable=("rate", "weight_decay", "dropout", "batch", "epochs"),
)
