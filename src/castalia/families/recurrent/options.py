"""Options of the recurrent family."""

from typing import Literal

from pydantic import Field

from castalia.families.nets.token_options import TokenOptions


class RecurrentOptions(TokenOptions):
    """What may be set by hand at training; None lets the size dial decide."""

    cell: Literal["lstm", "gru"] = Field(default="lstm", description="Kind of recurrent layer.")
