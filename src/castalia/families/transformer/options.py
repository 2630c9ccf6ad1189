"""Options of the transformer family."""

from pydantic import Field

from castalia.families.nets.token_options import TokenOptions


class TransformerOptions(TokenOptions):
    """What may be set by hand at training; None lets the size dial decide."""

    heads: int | None = Field(default=None, ge=1, le=128, description="Attention heads; they divide the width.")
    key_heads: int | None = Field(
        default=None, ge=1, le=128, description="Heads of keys and values; fewer than heads means grouped attention."
    )
    repeating: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="How much of what it looks at the attention of the upper layers repeats when training begins: "
        "above 0 names and things are soon named again.",
    )
    tied: bool | None = Field(default=None, description="Whether the head shares the weights of the token embedding.")
