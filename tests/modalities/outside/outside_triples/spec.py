"""What the family of triples states about itself."""

from castalia.core.specs import FamilySpec

SPEC = FamilySpec(
    name="triples",
    summary="What follows which three tokens, in a table",
    implementation="outside_triples.family:Triples",
    representations=("tokens",),
    options="outside_triples.family:TriplesOptions",
    sampling_options="outside_triples.family:TriplesSampling",
    completes=True,
)
