"""POST /v1/choices: which model would answer, and why, without running it."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from castalia.core.content import Part
from castalia.core.requests import AUTO, Request
from castalia.core.results import Choice
from castalia.server.desk import DeskDependency

router = APIRouter(prefix="/v1/choices", tags=["choices"])


class ChoiceBody(BaseModel):
    """A request in plain words; attachments are named, not sent."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1)
    attachments: list[str] = Field(default_factory=list, max_length=16, description="File names.")
    model: str = AUTO
    modality: str = AUTO


@router.post("")
def choose(body: ChoiceBody, desk: DeskDependency) -> Choice:
    """The choice with its reasons and alternatives."""
    parts = [Part(type="file", name=name) for name in body.attachments]
    request = Request.of_text(body.text, parts, model=body.model, modality=body.modality)
    return desk.house.chooser.choose(request, desk.house.registry.list())
