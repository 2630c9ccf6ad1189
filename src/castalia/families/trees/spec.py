"""What the family of trees states about itself."""

from castalia.core.specs import FamilySpec

SPEC = FamilySpec(
    name="trees",
    summary="Boosted trees: rows column by column, learnt in one step of seconds; for tables only",
    implementation="castalia.families.trees.family:TreesFamily",
    requires=("torch",),
    extra="train",
    representations=("continuous",),
    options="castalia.families.trees.options:TreesOptions",
    completes=True,
)
