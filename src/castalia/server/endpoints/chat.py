"""POST /v1/chat/completions"""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.requests import Request as HttpRequest

from castalia.core.content import ToolCall
from castalia.core.events import Chosen, Completed, Event, Progress, Stepped, TextDelta, TokenLogprob, ToolCallDelta
from castalia.core.results import Result, UsageCounts
from castalia.server.desk import Desk, DeskDependency
from castalia.server.http.extras import castalia_extras
from castalia.server.http.streaming import SSE_DONE, bridged, completed, sse, started, with_errors
from castalia.server.http.told import answer_text, media_text, step_text
from castalia.server.schemas.chat import ChatBody
from castalia.serving.plans import respond
from castalia.serving.summary import check_released

router = APIRouter(prefix="/v1/chat/completions", tags=["chat"])

FINISH_REASONS = {"cancelled": "stop", "question": "stop", "unsupported": "stop"}
"""Ours that OpenAI does not know."""


@router.post("", response_model=None)
async def create_chat_completion(body: ChatBody, http: HttpRequest, desk: DeskDependency) -> Response:
    """A chat completion. With ``model: auto`` media may come: then the message links to it."""
    if body.stream:
        chunks = await started(_stream(body, str(http.base_url), desk))
        return StreamingResponse(
            with_errors(chunks), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )
    choices: list[dict[str, object]] = []
    results: list[Result] = []
    for index in range(body.n):
        result, events = await completed(http, respond(desk.house, body.request(index)), desk.queue)
        check_released(result)
        results.append(result)
        told = events if body.logprobs else []
        choices.append(_choice(index, result, told, str(http.base_url)))
    whole = {
        **_head(results[0], "chat.completion"),
        "choices": choices,
        "usage": usage_of([result.usage for result in results]),
        "castalia": castalia_extras(results[0]),
    }
    return JSONResponse(whole)


async def _stream(body: ChatBody, base: str, desk: Desk) -> AsyncGenerator[bytes]:
    usages: list[UsageCounts] = []
    head: dict[str, object] = {}
    for index in range(body.n):
        request = body.request(index)
        async with aclosing(bridged(respond(desk.house, request), desk.queue)) as events:
            begun, calls = False, 0
            async for event in events:
                if isinstance(event, Chosen):
                    named = {"id": f"chatcmpl-{request.id}", "model": event.choice.model or body.model}
                    head = {**named, "object": "chat.completion.chunk", "created": int(time.time())}
                elif not (begun or isinstance(event, Progress)):
                    # only now: what fails before the first output keeps its HTTP status
                    begun = True
                    yield sse(_chunk(head, index, {"role": "assistant", "content": ""}))
                match event:
                    case TextDelta():
                        told = event.logprobs if body.logprobs else []
                        yield sse(_chunk(head, index, {"content": event.text}, logprobs=told))
                    case Stepped(inside=TextDelta() as delta):
                        yield sse(_chunk(head, index, {"content": delta.text}))
                    case Stepped(inside=None, step=step) if step.state != "running":
                        yield sse(_chunk(head, index, {"content": step_text(step)}))
                    case ToolCallDelta():
                        yield sse(_chunk(head, index, {"tool_calls": [{"index": calls, **_call(event.call)}]}))
                        calls += 1
                    case Completed():
                        check_released(event.result)
                        media = media_text(event.result, base)
                        if media:
                            yield sse(_chunk(head, index, {"content": media}))
                        reason = event.result.finish_reason
                        last = _chunk(head, index, {}, finish_reason=FINISH_REASONS.get(reason, reason))
                        yield sse({**last, "castalia": castalia_extras(event.result)})
                        usages.append(event.result.usage)
                    case _:
                        pass
    if body.stream_options is not None and body.stream_options.include_usage:
        yield sse({**head, "choices": [], "usage": usage_of(usages)})
    yield SSE_DONE


def _head(result: Result, kind: str) -> dict[str, object]:
    created = int(result.created.timestamp())
    return {"id": f"chatcmpl-{result.id}", "object": kind, "created": created, "model": result.choice.model or "auto"}


def _choice(index: int, result: Result, events: list[Event], base: str) -> dict[str, object]:
    text = answer_text(result, base)
    message: dict[str, object] = {"role": "assistant", "content": text, "refusal": None}
    if result.tool_calls:
        message |= {"content": text or None, "tool_calls": [_call(call) for call in result.tool_calls]}
    logprobs = [token for event in events if isinstance(event, TextDelta) for token in event.logprobs]
    reason = FINISH_REASONS.get(result.finish_reason, result.finish_reason)
    return {"index": index, "message": message, "logprobs": _logprobs(logprobs), "finish_reason": reason}


def _chunk(
    head: dict[str, object],
    index: int,
    delta: dict[str, object],
    *,
    logprobs: list[TokenLogprob] | None = None,
    finish_reason: str | None = None,
) -> dict[str, object]:
    choice = {"index": index, "delta": delta, "logprobs": _logprobs(logprobs or []), "finish_reason": finish_reason}
    return {**head, "choices": [choice]}


def _call(call: ToolCall) -> dict[str, object]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _logprobs(tokens: list[TokenLogprob]) -> dict[str, object] | None:
    if not tokens:
        return None
    content = [
        {
            **_token(token.token, token.logprob),
            "top_logprobs": [_token(text, logprob) for text, logprob in token.top],
        }
        for token in tokens
    ]
    return {"content": content, "refusal": None}


def _token(text: str, logprob: float) -> dict[str, object]:
    return {"token": text, "logprob": logprob, "bytes": list(text.encode())}


def usage_of(counts: list[UsageCounts]) -> dict[str, object]:
    """OpenAI's ``usage`` of several answers together."""
    prompt = sum(count.input_tokens for count in counts)
    answer_tokens = sum(count.output_tokens for count in counts)
    cached = sum(count.cached_tokens for count in counts)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": answer_tokens,
        "total_tokens": prompt + answer_tokens,
        "prompt_tokens_details": {"cached_tokens": cached},
    }
