"""What the family of moments states about itself."""

from castalia.core.specs import FamilySpec

SPEC = FamilySpec(
    name="moments",
    summary="Mean and spread of every number, learnt with two optimisers",
    implementation="outside_moments.family:Moments",
    representations=("continuous",),
    options="outside_moments.family:MomentsOptions",
)
