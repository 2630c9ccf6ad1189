"""The body of POST /v1/plans."""

from pydantic import Field

from castalia.core.content import Message, Part
from castalia.core.requests import Preference, Request
from castalia.server.schemas.chat import InputFile, file_part
from castalia.server.schemas.extras import Strict


class PlanBody(Strict):
    """A request in plain words for one or several outputs."""

    input: str = Field(min_length=1, description="What is wanted, in plain words.")
    attachments: list[InputFile] = Field(default_factory=list[InputFile], max_length=16, description="Files, inline.")
    instructions: str | None = Field(default=None, description="Standing instructions for language models.")
    dry_run: bool = Field(default=False, description="Only say what the steps would be.")
    stream: bool = Field(default=False, description="Server-sent events while it runs.")
    seed: int | None = None
    policy: Preference | None = Field(default=None, description="What counts when several models could answer.")
    options: dict[str, object] = Field(default_factory=dict, description="Options of the modalities by name.")

    def request(self) -> Request:
        """The pipeline's request. Raises UnsupportedInput for an attachment that is no inline file."""
        parts = [Part.of_text(self.input), *(file_part(file) for file in self.attachments)]
        system = [Message.of_text(self.instructions, role="system")] if self.instructions else []
        return Request(
            messages=[*system, Message(role="user", parts=parts)],
            seed=self.seed,
            policy=self.policy,
            options=self.options,
        )
