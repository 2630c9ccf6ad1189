"""The body of POST /v1/completions."""

from pydantic import Field

from castalia.core.errors import BadRequest
from castalia.core.requests import AUTO, Request
from castalia.server.schemas.chat import StreamOptions
from castalia.server.schemas.extras import Extras, Strict

MAX_TOKENS = 16
"""OpenAI's default."""
MOST_PROMPTS = 256


class CompletionBody(Strict):
    """OpenAI's completion request: text that is gone on from as it stands, without chat template.

    Fields that no engine here can honour are refused by name.
    """

    model: str = AUTO
    prompt: str | list[str] | list[int] | list[list[int]] | None = None
    stream: bool = False
    stream_options: StreamOptions | None = None
    n: int = Field(default=1, ge=1, le=8)
    max_tokens: int | None = Field(default=None, ge=0)
    temperature: float | None = None
    top_p: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    stop: str | list[str] | None = None
    seed: int | None = None
    echo: bool | None = None
    logprobs: int | None = Field(default=None, ge=0, le=20)
    user: str | None = None
    castalia: Extras = Extras()

    @property
    def prompts(self) -> list[str]:
        """Its texts; none is an empty one. Raises BadRequest for token numbers and for too many."""
        given = [self.prompt or ""] if isinstance(self.prompt, str) or self.prompt is None else self.prompt
        texts = [one for one in given if isinstance(one, str)]
        if len(texts) < len(given):
            raise BadRequest(
                "Prompts of token numbers are not taken: what is asked is checked as text before a model sees it.",
                hint="Send the text itself (lm-evaluation-harness: tokenized_requests=False).",
            )
        if not 1 <= len(texts) <= MOST_PROMPTS:
            raise BadRequest(f"There are {len(texts)} prompts.", hint=f"Send 1 to {MOST_PROMPTS}.")
        return texts

    @property
    def limit(self) -> int:
        """Most tokens of the answer; 0 means that only the prompt is measured. Raises BadRequest where it is not."""
        limit = MAX_TOKENS if self.max_tokens is None else self.max_tokens
        if limit == 0 and not self.echo:
            raise BadRequest("max_tokens 0 asks for nothing.", hint="Set echo to measure the prompt, or max_tokens.")
        return limit

    def reading(self, prompt: str) -> Request | None:
        """The request that measures the prompt, where that is wanted."""
        if not self.echo or (self.logprobs is None and self.limit > 0):
            return None
        return self._request(prompt, {"echo": True, "logprobs": self.logprobs}, 0)

    def writing(self, prompt: str, index: int) -> Request | None:
        """The request for answer ``index`` of ``n``, where one is wanted."""
        if self.limit == 0:
            return None
        names = ("temperature", "top_p", "frequency_penalty", "presence_penalty", "logprobs")
        options: dict[str, object] = {name: getattr(self, name) for name in names}
        options["stop"] = [self.stop] if isinstance(self.stop, str) else self.stop
        known = {name: value for name, value in options.items() if value is not None}
        return self._request(prompt, {**known, "raw": True, "max_tokens": self.limit, **self.castalia.options}, index)

    def _request(self, prompt: str, options: dict[str, object], index: int) -> Request:
        seed = self.seed if self.seed is not None else self.castalia.seed
        return Request.of_text(
            prompt,
            model=self.model,
            modality="text",
            policy=self.castalia.policy,
            engine=self.castalia.engine,
            seed=None if seed is None else seed + index,
            options=options,
        )
