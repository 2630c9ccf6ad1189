"""What a request may say beyond OpenAI's fields, all under ``castalia``."""

from pydantic import BaseModel, ConfigDict, Field

from castalia.core.requests import Preference


class Strict(BaseModel):
    """A body that refuses fields it does not know."""

    model_config = ConfigDict(extra="forbid")


class Extras(Strict):
    """Castalia's own wishes; with the openai client: ``extra_body={"castalia": {...}}``."""

    modality: str | None = Field(default=None, description="The kind of output wanted; auto when left out.")
    policy: Preference | None = Field(default=None, description="What counts when several models could answer.")
    engine: str | None = Field(default=None, description="Run the model on this engine.")
    seed: int | None = Field(default=None, description="For endpoints whose OpenAI form has no seed.")
    documents: list[str] | None = Field(
        default=None, description="Collections (vector stores) that the answer must come from."
    )
    options: dict[str, object] = Field(default_factory=dict, description="Options of the modality by name.")
