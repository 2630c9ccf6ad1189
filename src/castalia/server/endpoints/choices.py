"""/v1/choices: which model would answer, and why, without running it; and corrections that it learns from."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from castalia.core.content import Part
from castalia.core.requests import AUTO, Preference, Request
from castalia.core.results import Choice
from castalia.server.desk import DeskDependency
from castalia.serving.learning import Lesson, correct, forget, undo
from castalia.serving.pipeline import chosen

router = APIRouter(prefix="/v1/choices", tags=["choices"])


class ChoiceBody(BaseModel):
    """A request in plain words; attachments are named, not sent."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1)
    attachments: list[str] = Field(default_factory=list, max_length=16, description="File names.")
    model: str = AUTO
    modality: str = AUTO
    policy: Preference | None = Field(default=None, description="What counts when several models could answer.")


@router.post("")
def choose(body: ChoiceBody, desk: DeskDependency) -> Choice:
    """The choice with its reasons and alternatives."""
    parts = [Part(type="file", name=name) for name in body.attachments]
    request = Request.of_text(body.text, parts, model=body.model, modality=body.modality, policy=body.policy)
    return chosen(desk.house, request)


class CorrectionBody(BaseModel):
    """What a request was a wish for."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1)
    attachments: list[str] = Field(default_factory=list, max_length=16, description="File names.")
    modality: str = Field(description="The kind of output that was wanted, or unsupported.")


@router.post("/corrections")
def learn(body: CorrectionBody, desk: DeskDependency) -> Lesson:
    """Learn from a correction; tells what has changed."""
    parts = [Part(type="file", name=name) for name in body.attachments]
    return correct(desk.house, Request.of_text(body.text, parts), body.modality)


@router.delete("/corrections")
def take_all_back(desk: DeskDependency) -> Lesson:
    """Take all corrections back."""
    return forget(desk.house)


@router.delete("/corrections/last")
def take_back(desk: DeskDependency) -> Lesson:
    """Take the last correction back."""
    return undo(desk.house)
