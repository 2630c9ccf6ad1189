"""/v1/conversations: the conversations of `castalia chat` and of responses in OpenAI's words."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from castalia.server.desk import Desk, DeskDependency
from castalia.server.http.conversation_items import conversation_items, found_item, turn_without
from castalia.server.http.pages import Page, page
from castalia.server.http.response_items import Item, input_items
from castalia.server.schemas.conversations import ConversationBody, ConversationUpdate, ItemsBody
from castalia.server.schemas.responses import messages_of
from castalia.serving.exchanging import added, new_conversation_id
from castalia.store.conversations import Conversation, Turn

router = APIRouter(prefix="/v1/conversations", tags=["conversations"])

Include = Annotated[list[str] | None, Query(alias="include[]")]
"""What else to tell of items; nothing that is asked for so exists here, so that it changes nothing."""


@router.post("")
def create_conversation(body: ConversationBody, desk: DeskDependency) -> Item:
    """A new conversation, with items if some are given."""
    info: dict[str, object] = {"metadata": _hidden(desk, body.metadata or {})}
    fresh = desk.house.conversations.create(Conversation(id=new_conversation_id(), info=info))
    if body.items:
        added(desk.house, fresh.id, messages_of(body.items))
    return conversation_object(fresh)


@router.get("/{id}")
def get_conversation(id: str, desk: DeskDependency) -> Item:
    """One conversation."""
    return conversation_object(desk.house.conversations.get(id))


@router.post("/{id}")
def update_conversation(id: str, body: ConversationUpdate, desk: DeskDependency) -> Item:
    """Other metadata in the place of those it had."""
    kept = desk.house.conversations.get(id)
    info = {**kept.info, "metadata": _hidden(desk, body.metadata or {})}
    return conversation_object(desk.house.conversations.describe(id, info))


@router.delete("/{id}")
def delete_conversation(id: str, desk: DeskDependency) -> Item:
    """Delete it with its turns; those that a branch goes on from stay with that branch."""
    desk.house.conversations.delete(id)
    return {"id": id, "object": "conversation.deleted", "deleted": True}


@router.post("/{id}/items")
def create_items(id: str, body: ItemsBody, desk: DeskDependency, include: Include = None) -> Item:  # noqa: ARG001
    """Add items at the end; no model runs."""
    turn = added(desk.house, id, messages_of(body.items))
    return page(input_items(turn), Page(limit=100, order="asc"))


@router.get("/{id}/items")
def list_items(
    id: str,
    desk: DeskDependency,
    after: str | None = None,
    limit: int = 20,
    order: Literal["asc", "desc"] = "desc",
    include: Include = None,  # noqa: ARG001
) -> Item:
    """Everything said and answered, the newest first unless ``order`` is ``asc``."""
    return page(conversation_items(_path(desk, id)), Page(after=after, limit=limit, order=order))


@router.get("/{id}/items/{item_id}")
def get_item(id: str, item_id: str, desk: DeskDependency, include: Include = None) -> Item:  # noqa: ARG001
    """One item."""
    return found_item(_path(desk, id), item_id)[1].item


@router.delete("/{id}/items/{item_id}")
def delete_item(id: str, item_id: str, desk: DeskDependency) -> Item:
    """Delete an item, and everything on the record that repeats it; tells the conversation."""
    turn, item = found_item(_path(desk, id), item_id)
    desk.house.conversations.replace(turn_without(turn, item))
    return conversation_object(desk.house.conversations.get(id))


def conversation_object(kept: Conversation) -> Item:
    """A conversation as OpenAI tells it."""
    metadata = kept.info.get("metadata", {})
    return {"id": kept.id, "object": "conversation", "created_at": int(kept.created.timestamp()), "metadata": metadata}


def _path(desk: Desk, id: str) -> list[Turn]:
    return desk.house.conversations.path(desk.house.conversations.get(id).tip)


def _hidden(desk: Desk, metadata: dict[str, str]) -> dict[str, str]:
    hide = desk.house.guard.hiding()
    return metadata if hide is None else {name: hide.text(value) for name, value in metadata.items()}
