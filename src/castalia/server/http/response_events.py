"""The events of one turn as OpenAI's typed events of a response, numbered, and the response that they add up to.

response.created, response.in_progress, then for each item output_item.added, its own events and output_item.done, then
response.completed, response.incomplete or response.failed.
"""

import time
from collections.abc import Iterator

from castalia.core.content import ToolCall
from castalia.core.errors import CastaliaError
from castalia.core.events import (
    Chosen,
    Completed,
    Event,
    Progress,
    Stepped,
    Summarised,
    TextDelta,
    ToolCallDelta,
    Used,
)
from castalia.core.results import PLAN, Result, ToolUse
from castalia.language.documents.citing import Cited
from castalia.server.http.file_search import EVENTS, annotations, cited_in, passages_in, search_item
from castalia.server.http.response_items import (
    Item,
    call_item,
    extras,
    item_id,
    message_item,
    response_object,
    text_part,
    use_item,
)
from castalia.server.http.told import media_text, step_text
from castalia.serving.summary import check_released


class ResponseWriter:
    """Takes the events of a turn in and gives the response's events out; ``response`` is how it stands. ``searched`` is
    what was looked for in vector stores, where the answer comes from them."""

    def __init__(self, id: str, echo: Item, model: str, base: str, searched: str | None = None) -> None:
        self.id, self.base, self.created, self.searched = id, base, time.time(), searched
        self.begun = False
        self.result: Result | None = None
        self._echo: Item = {**echo, "model": model}
        self._output: list[Item] = []
        self._text: str | None = None
        self._number = 0
        self._summaries: list[Item] = []

    @property
    def response(self) -> Item:
        """The response so far."""
        told: Item = {}
        if self.result is not None:
            told["castalia"] = {**extras(self.result, self.result.trace), "summarised": self._summaries}
        return response_object(self.id, self.created, self._echo, self._output, self.result, **told)

    def feed(self, event: Event) -> Iterator[Item]:
        """The response's events for one event of the turn. Raises Blocked for a result that is withheld."""
        match event:
            case Chosen():
                self._echo["model"] = event.choice.model or self._echo["model"]
                return
            case Summarised():
                self._summaries.append(event.model_dump(mode="json", exclude={"event"}))
                return
            case Progress():
                return
            case _:
                yield from self._beginning()
        match event:
            case TextDelta(text=text) | Stepped(inside=TextDelta(text=text)):
                yield from self._said(text)
            case Stepped(inside=None, step=step) if step.state != "running":
                yield from self._said(step_text(step))
            case ToolCallDelta():
                yield from self._text_done()
                yield from self._call(event.call)
            case Used():
                yield from self._text_done()
                yield from self._use(event.use)
            case Completed():
                yield from self._end(event.result)
            case _:
                pass

    def failed(self, error: CastaliaError) -> Item:
        """The event that ends a response whose turn failed after it had begun."""
        code = "server_error" if error.http_status >= 500 else "invalid_prompt"
        told = {"code": code, "message": f"{error.message} {error.hint}".strip()}
        gone = {"status": "failed", "error": told, "castalia": {"error": error.as_dict()}}
        return self._event("response.failed", response={**self.response, **gone})

    def _beginning(self) -> Iterator[Item]:
        if self.begun:
            return
        self.begun = True
        yield self._event("response.created", response=self.response)
        yield self._event("response.in_progress", response=self.response)
        if self.searched is not None:
            yield from self._added(search_item(self._next_id(), self.searched, "in_progress"))
            for state in EVENTS:
                yield self._event(f"response.file_search_call.{state}", **self._place())
            yield from self._done(search_item(str(self._output[-1]["id"]), self.searched))

    def _end(self, result: Result) -> Iterator[Item]:
        check_released(result)
        if result.choice.question is not None or result.choice.refusal is not None:
            yield from self._said(result.text)
        media = media_text(result, self.base)
        yield from self._said(f"\n{media}" if media and self._text else media)
        cut = result.finish_reason == "length"
        if self._text is None and not self._output and result.choice.modality != PLAN:
            yield from self._open_text()
        yield from self._text_done("incomplete" if cut else "completed", cited_in(result.outputs))
        if self.searched is not None:
            # found before the answer, told of with the whole response only
            self._output[0] = search_item(
                str(self._output[0]["id"]), self.searched, passages=passages_in(result.outputs)
            )
        self.result = result
        yield self._event("response.incomplete" if cut else "response.completed", response=self.response)

    def _said(self, text: str) -> Iterator[Item]:
        if not text:
            return
        if self._text is None:
            yield from self._open_text()
        self._text = (self._text or "") + text
        yield self._event("response.output_text.delta", **self._part_place(), delta=text, logprobs=[])

    def _open_text(self) -> Iterator[Item]:
        yield from self._added(message_item(self._next_id(), "", "in_progress"))
        self._text = ""
        yield self._event("response.content_part.added", **self._part_place(), part=text_part(""))

    def _text_done(self, status: str = "completed", cited: Cited | None = None) -> Iterator[Item]:
        if self._text is None:
            return
        text, self._text = self._text, None
        yield self._event("response.output_text.done", **self._part_place(), text=text, logprobs=[])
        for number, place in enumerate([] if cited is None else annotations(cited)):
            told: Item = {"annotation": place, "annotation_index": number}
            yield self._event("response.output_text.annotation.added", **self._part_place(), **told)
        yield self._event("response.content_part.done", **self._part_place(), part=text_part(text, cited))
        yield from self._done(message_item(str(self._output[-1]["id"]), text, status, cited))

    def _call(self, call: ToolCall) -> Iterator[Item]:
        place_id = self._next_id()
        yield from self._added(call_item(place_id, call, "in_progress"))
        place = self._place()
        yield self._event("response.function_call_arguments.delta", **place, delta=call.arguments)
        yield self._event("response.function_call_arguments.done", **place, name=call.name, arguments=call.arguments)
        yield from self._done(call_item(place_id, call))

    def _use(self, use: ToolUse) -> Iterator[Item]:
        kind = "mcp_call" if use.source.startswith("mcp:") else None
        if use.state == "running":
            yield from self._added(use_item(self._next_id(), use))
            if kind:
                yield self._event(f"response.{kind}.in_progress", **self._place())
                yield self._event(f"response.{kind}_arguments.done", **self._place(), arguments=use.arguments)
            return
        if kind:
            ended = "failed" if use.state == "failed" else "completed"
            yield self._event(f"response.{kind}.{ended}", **self._place())
        yield from self._done(use_item(str(self._output[-1]["id"]), use))

    def _added(self, item: Item) -> Iterator[Item]:
        self._output.append(item)
        yield self._event("response.output_item.added", output_index=len(self._output) - 1, item=item)

    def _done(self, item: Item) -> Iterator[Item]:
        self._output[-1] = item
        yield self._event("response.output_item.done", output_index=len(self._output) - 1, item=item)

    def _next_id(self) -> str:
        return item_id(self.id, len(self._output))

    def _place(self) -> Item:
        return {"item_id": self._output[-1]["id"], "output_index": len(self._output) - 1}

    def _part_place(self) -> Item:
        return {**self._place(), "content_index": 0}

    def _event(self, kind: str, **told: object) -> Item:
        event: Item = {"type": kind, "sequence_number": self._number, **told}
        self._number += 1
        return event
