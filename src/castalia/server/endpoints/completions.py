"""POST /v1/completions"""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from itertools import takewhile

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.requests import Request as HttpRequest

from castalia.core.events import Chosen, Completed, TextDelta, TokenLogprob
from castalia.core.requests import Request
from castalia.core.results import Result
from castalia.server.desk import Desk, DeskDependency
from castalia.server.endpoints.chat import FINISH_REASONS, usage_of
from castalia.server.http.extras import castalia_extras
from castalia.server.http.streaming import SSE_DONE, bridged, completed, sse, started, with_errors
from castalia.server.schemas.completions import CompletionBody
from castalia.serving.pipeline import answer
from castalia.serving.summary import check_released

router = APIRouter(prefix="/v1/completions", tags=["completions"])


class Told:
    """The text of one choice so far, from which log-probabilities get their places."""

    def __init__(self, wanted: int | None) -> None:
        self.text = ""
        self._wanted = wanted
        self._place = 0

    def logprobs(self, text: str, entries: list[TokenLogprob]) -> dict[str, object] | None:
        """OpenAI's parallel lists for the tokens of ``text``, which comes next; None when not asked for.

        Offsets are characters of the whole choice; of a token that is part of a character, that character's.
        """
        self.text += text
        if self._wanted is None:
            return None
        offsets = [self._offset(entry.token) for entry in entries]
        return {
            "tokens": [entry.token for entry in entries],
            "token_logprobs": [entry.logprob for entry in entries],
            "top_logprobs": [_top(entry) for entry in entries] if self._wanted else None,
            "text_offset": offsets,
        }

    def _offset(self, token: str) -> int:
        if not self.text.startswith(token, self._place) and self.text.startswith(token, self._place + 1):
            self._place += 1  # the rest of a character
        offset = self._place
        pairs = zip(token, self.text[offset:], strict=False)
        self._place += sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        return offset


@router.post("", response_model=None)
async def create_completion(body: CompletionBody, http: HttpRequest, desk: DeskDependency) -> Response:
    """Text that goes on from each prompt as it stands; with ``echo`` the prompt first, with its log-probabilities."""
    if body.stream:
        chunks = await started(_stream(body, desk))
        return StreamingResponse(
            with_errors(chunks), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )
    choices: list[dict[str, object]] = []
    counted: list[Result] = []
    last: Result | None = None
    for index, (prompt, number) in enumerate(_wanted(body)):
        told, reason = Told(body.logprobs), "length"
        entries: list[TokenLogprob] = []
        text = prompt if _repeats(body) else ""
        for request in _requests(body, prompt, number):
            last, events = await completed(http, answer(desk.house, request), desk.queue)
            check_released(last)
            entries += [token for event in events if isinstance(event, TextDelta) for token in event.logprobs]
            text += last.text
            reason = _reason(body, last)
        if last is not None:
            counted.append(last)
        logprobs = told.logprobs(text, entries)
        choices.append({"index": index, "text": text, "logprobs": logprobs, "finish_reason": reason})
    assert last is not None  # noqa: S101 - each choice makes at least one request
    whole = {**_head(last.id, last.choice.model or body.model), "choices": choices, "usage": _usage(counted)}
    return JSONResponse({**whole, "castalia": castalia_extras(last)})


async def _stream(body: CompletionBody, desk: Desk) -> AsyncGenerator[bytes]:
    counted: list[Result] = []
    head: dict[str, object] = {}
    for index, (prompt, number) in enumerate(_wanted(body)):
        told = Told(body.logprobs)
        requests = _requests(body, prompt, number)
        for request in requests:
            async with aclosing(bridged(answer(desk.house, request), desk.queue)) as events:
                async for event in events:
                    match event:
                        case Chosen():
                            head = head or _head(request.id, event.choice.model or body.model)
                        case TextDelta():
                            if _repeats(body) and not told.text:
                                told.text = prompt
                                yield sse(_chunk(head, index, prompt, None))
                            logprobs = told.logprobs(event.text, event.logprobs)
                            yield sse(_chunk(head, index, event.text, logprobs))
                        case Completed():
                            check_released(event.result)
                            if request is requests[-1]:
                                counted.append(event.result)
                                ended = _chunk(head, index, "", None, _reason(body, event.result))
                                yield sse({**ended, "castalia": castalia_extras(event.result)})
                        case _:
                            pass
    if body.stream_options is not None and body.stream_options.include_usage:
        yield sse({**head, "choices": [], "usage": _usage(counted)})
    yield SSE_DONE


def _wanted(body: CompletionBody) -> list[tuple[str, int]]:
    """Each prompt with the number of its answer, in the order of the choices."""
    return [(prompt, number) for prompt in body.prompts for number in range(body.n)]


def _requests(body: CompletionBody, prompt: str, number: int) -> list[Request]:
    wanted = [body.reading(prompt), body.writing(prompt, number)]
    return [request for request in wanted if request is not None]


def _repeats(body: CompletionBody) -> bool:
    """Whether the prompt is given back without being measured."""
    return bool(body.echo) and body.reading("") is None


def _reason(body: CompletionBody, result: Result) -> str:
    return "length" if body.limit == 0 else FINISH_REASONS.get(result.finish_reason, result.finish_reason)


def _top(entry: TokenLogprob) -> dict[str, float]:
    """Runners-up by their text, which may be the same of several: the likeliest counts; with the token itself."""
    top: dict[str, float] = {}
    for token, logprob in [*entry.top, (entry.token, entry.logprob)]:
        top[token] = max(logprob, top.get(token, logprob))
    return top


def _head(request: str, model: str) -> dict[str, object]:
    return {"id": f"cmpl-{request}", "object": "text_completion", "created": int(time.time()), "model": model}


def _chunk(
    head: dict[str, object], index: int, text: str, logprobs: dict[str, object] | None, reason: str | None = None
) -> dict[str, object]:
    return {**head, "choices": [{"index": index, "text": text, "logprobs": logprobs, "finish_reason": reason}]}


def _usage(results: list[Result]) -> dict[str, object]:
    return usage_of([result.usage for result in results])
