"""The body of POST /v1/tasks/{name}."""

from pydantic import Field

from castalia.core.content import Part
from castalia.core.requests import AUTO, Preference, Request
from castalia.server.schemas.chat import InputFile, file_part
from castalia.server.schemas.extras import Strict
from castalia.serving.tasks import task_request


class TaskBody(Strict):
    """What a task works on, and how."""

    input: str | list[str | InputFile] = Field(description="A text, or several texts and files, inline.")
    options: dict[str, object] = Field(
        default_factory=dict, description="The task's options, and those of text generation, by name."
    )
    model: str = AUTO
    engine: str | None = None
    policy: Preference | None = Field(default=None, description="What counts when several models could answer.")
    seed: int | None = None
    stream: bool = Field(default=False, description="Server-sent events while it runs.")

    def request(self, name: str) -> Request:
        """The request for that task. Raises NotFound, UnsupportedInput for a file that is not inline."""
        given = [self.input] if isinstance(self.input, str) else self.input
        parts = [Part.of_text(one) if isinstance(one, str) else file_part(one) for one in given]
        return task_request(
            name,
            parts,
            self.options,
            model=self.model,
            engine=self.engine,
            policy=self.policy,
            seed=self.seed,
        )
