"""How passages are ranked, in OpenAI's words."""

from typing import Literal

from pydantic import Field

from castalia.server.schemas.extras import Strict


class RankingOptions(Strict):
    """The least score, in [0, 1]. There is one ranker, whatever its name."""

    ranker: Literal["none", "auto", "default-2024-11-15"] | None = None
    score_threshold: float = Field(default=0.0, ge=0, le=1)
