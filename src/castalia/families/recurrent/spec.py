"""What the recurrent family states about itself."""

from castalia.core.specs import FamilySpec

SPEC = FamilySpec(
    name="recurrent",
    summary="LSTM or GRU: small, sound on little data, samples of any length at constant cost a token",
    implementation="castalia.families.recurrent.family:RecurrentFamily",
    requires=("torch",),
    extra="train",
    representations=("tokens",),
    options="castalia.families.recurrent.options:RecurrentOptions",
    sampling_options="castalia.families.nets.token_options:TokenSamplingOptions",
    completes=True,
    tunable=("optimiser", "matrix_rate", "rate", "weight_decay", "dropout", "batch", "epochs", "grammar_loss"),
)
