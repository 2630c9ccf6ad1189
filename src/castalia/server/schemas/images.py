"""The body of POST /v1/images/generations."""

from typing import Literal

from pydantic import Field

from castalia.core.errors import BadRequest
from castalia.core.requests import AUTO, Request
from castalia.server.schemas.extras import Extras, Strict


class ImagesBody(Strict):
    """OpenAI's image request. ``size`` is ``auto`` or a square such as ``256x256``."""

    prompt: str = Field(min_length=1, max_length=32_000)
    model: str = AUTO
    n: int = Field(default=1, ge=1, le=10)
    size: str | None = None
    response_format: Literal["url", "b64_json"] | None = None
    output_format: Literal["png", "jpeg", "webp"] | None = None
    quality: Literal["auto", "low", "medium", "high", "standard", "hd"] | None = Field(
        default=None, description="Taken and without effect: a model here has one quality."
    )
    user: str | None = None
    castalia: Extras = Extras()

    def request(self) -> Request:
        """The pipeline's request. Raises BadRequest for a size that is not square."""
        options: dict[str, object] = {"count": self.n}
        if self.output_format is not None:
            options["format"] = self.output_format
        if self.size not in {None, "auto"}:
            options["size"] = _side(self.size or "")
        return Request.of_text(
            self.prompt,
            model=self.model,
            modality="image",
            policy=self.castalia.policy,
            engine=self.castalia.engine,
            seed=self.castalia.seed,
            options={**options, **self.castalia.options},
        )


def _side(size: str) -> int:
    width, _, height = size.partition("x")
    if not (width.isdigit() and width == height):
        raise BadRequest(f"The size {size!r} is not a square of pixels.", hint="For example 256x256, or auto.")
    return int(width)
