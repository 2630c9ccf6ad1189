"""/v1/responses: a turn of a conversation that is kept, streaming too."""

from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing
from typing import Literal, cast

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.requests import Request as HttpRequest

from castalia.core.errors import BadRequest, CastaliaError, NotFound
from castalia.core.events import Event
from castalia.server.desk import Desk, DeskDependency
from castalia.server.http.file_search import query_of
from castalia.server.http.pages import Page, page
from castalia.server.http.response_events import ResponseWriter
from castalia.server.http.response_items import Item, input_items, kept_response
from castalia.server.http.served_tools import served_tools
from castalia.server.http.streaming import bridged, completed, sse, started
from castalia.server.http.told import answer_text
from castalia.server.schemas.responses import ResponseBody
from castalia.serving.exchanging import Exchange, exchange
from castalia.serving.house import House
from castalia.serving.tool_loop import MAX_STEPS
from castalia.store.conversations import Turn

router = APIRouter(prefix="/v1/responses", tags=["responses"])


@router.post("", response_model=None)
async def create_response(body: ResponseBody, http: HttpRequest, desk: DeskDependency) -> Response:
    """A response: one turn, perhaps after others (`previous_response_id`, `conversation`), kept unless `store` is
    false."""
    turn = exchange_of(desk.house, body, str(http.base_url))
    searched = None if turn.request.documents is None else query_of(turn.request.messages)
    writer = ResponseWriter(turn.id, body.echo(), body.model, str(http.base_url), searched)
    if body.stream:
        chunks = await started(_stream(body, turn, writer, desk))
        return StreamingResponse(chunks, media_type="text/event-stream", headers={"Cache-Control": "no-store"})
    _, events = await completed(http, _events(desk.house, body, turn), desk.queue)
    for event in events:
        for _ in writer.feed(event):
            pass
    return JSONResponse(_told(writer.response, turn))


@router.get("/{id}")
def get_response(id: str, desk: DeskDependency) -> dict[str, object]:
    """A kept response."""
    return kept_response(_kept(desk, id))


@router.delete("/{id}")
def delete_response(id: str, desk: DeskDependency) -> dict[str, object]:
    """Delete a response, and everything else on the record that repeats its text; later ones go on without it."""
    desk.house.conversations.delete_turn(_kept(desk, id).id)
    return {"id": id, "object": "response", "deleted": True}


@router.get("/{id}/input_items")
def list_input_items(
    id: str, desk: DeskDependency, after: str | None = None, limit: int = 20, order: Literal["asc", "desc"] = "desc"
) -> dict[str, object]:
    """What was said in a response, without what earlier ones said."""
    return page(input_items(_kept(desk, id)), Page(after=after, limit=limit, order=order))


def exchange_of(house: House, body: ResponseBody, base: str) -> Exchange:
    """The turn that a body asks for. Raises NotFound for an unknown response or conversation before it."""
    after = body.previous_response_id
    conversation = body.conversation_id
    if after is not None and conversation is not None:
        raise BadRequest("previous_response_id and conversation exclude each other.", hint="Leave one of them out.")
    if after is not None:
        _turn(house, after)
    if conversation is not None:
        after = house.conversations.get(conversation).tip
    return Exchange(
        request=body.request(),
        after=after,
        conversation=conversation,
        instructions=body.instructions,
        keep=body.store,
        shorten=body.truncation == "auto",
        max_steps=MAX_STEPS if body.max_tool_calls is None else body.max_tool_calls + 1,
        written=lambda result: answer_text(result, base),
        face={"asked": _hidden(house, body.echo())},
    )


def _events(house: House, body: ResponseBody, turn: Exchange) -> Generator[Event]:
    with served_tools(house, body.tools) as toolbox:
        turn.toolbox = toolbox
        yield from exchange(house, turn)


async def _stream(body: ResponseBody, turn: Exchange, writer: ResponseWriter, desk: Desk) -> AsyncGenerator[bytes]:
    try:
        async with aclosing(bridged(_events(desk.house, body, turn), desk.queue)) as events:
            async for event in events:
                for told in writer.feed(event):
                    if "response" in told:
                        told["response"] = _told(writer.response, turn)
                    yield sse(told)
    except CastaliaError as error:
        if not writer.begun:
            raise  # nothing is sent yet, so it keeps its HTTP status
        yield sse(writer.failed(error))


def _told(response: Item, turn: Exchange) -> Item:
    """The response, with the conversation that it was kept in."""
    return response if turn.kept is None else {**response, "conversation": {"id": turn.kept.conversation}}


def _hidden(house: House, echo: Item) -> Item:
    """What is kept of how a response was asked for: personal data is hidden as everywhere on the record."""
    hide = house.guard.hiding()
    if hide is None:
        return echo
    told = cast("dict[str, str]", echo["metadata"])
    instructions = echo["instructions"]
    return {
        **echo,
        "instructions": hide.text(instructions) if isinstance(instructions, str) else None,
        "metadata": {name: hide.text(value) for name, value in told.items()},
    }


def _kept(desk: Desk, id: str) -> Turn:
    turn = _turn(desk.house, id)
    if "asked" not in turn.face:
        raise _unknown(id)
    return turn


def _turn(house: House, id: str) -> Turn:
    try:
        return house.conversations.turn(id)
    except NotFound:
        raise _unknown(id) from None


def _unknown(id: str) -> NotFound:
    return NotFound(f"There is no response {id!r}.", hint="Responses are kept unless store is false.")
