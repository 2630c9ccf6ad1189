"""Options of the transformer family."""

from pydantic import Field

from castalia.families.nets.token_options import TokenOptions


class TransformerOptions(TokenOptions):
    """What may be set by hand at training; None lets the size dial decide."""

    heads: int | None = Field(default=None, ge=1, le=128, description="Attention heads; they divide the width.")
    key_heads: int | None = Field(
        default=None, ge=1, le=128, description="Heads of keys and values; fewer than heads means grouped attention."
    )
    tied: bool | None = Field(default=None, description="Whether the head shares the weights of the token embedding.")
