"""What the transformer family states about itself."""

from castalia.core.specs import FamilySpec

SPEC = FamilySpec(
    name="transformer",
    summary="Autoregressive transformer: valid sequences of tokens, exact likelihoods, goes on from a beginning",
    implementation="castalia.families.transformer.family:TransformerFamily",
    requires=("torch",),
    extra="train",
    representations=("tokens",),
    options="castalia.families.transformer.options:TransformerOptions",
    sampling_options="castalia.families.nets.token_options:TokenSamplingOptions",
    completes=True,
    gguf="castalia.families.transformer.gguf:network",
    tunable=("optimiser", "matrix_rate", "rate", "weight_decay", "dropout", "batch", "epochs", "grammar_loss"),
)
