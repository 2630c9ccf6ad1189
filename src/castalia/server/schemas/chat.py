"""The body of POST /v1/chat/completions."""

import base64
import binascii
from typing import Literal

from pydantic import Field

from castalia.core.content import Message, Part, ToolCall
from castalia.core.errors import BadRequest, UnsupportedInput
from castalia.core.requests import AUTO, Request
from castalia.server.schemas.extras import Extras, Strict


class ImageUrl(Strict):
    """A picture as a ``data:`` URL; other URLs are refused: nothing is fetched from outside."""

    url: str
    detail: str | None = None


class InputAudio(Strict):
    """Sound as base64."""

    data: str
    format: str


class InputFile(Strict):
    """A file as a ``data:`` URL."""

    file_data: str
    filename: str | None = None


class ContentPart(Strict):
    """A piece of a message."""

    type: Literal["text", "image_url", "input_audio", "file"]
    text: str | None = None
    image_url: ImageUrl | None = None
    input_audio: InputAudio | None = None
    file: InputFile | None = None


class FunctionCall(Strict):
    """A call that an assistant message made."""

    name: str
    arguments: str


class CallMade(Strict):
    """A call with its id."""

    id: str
    type: Literal["function"] = "function"
    function: FunctionCall


class ChatMessage(Strict):
    """A turn of the conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[ContentPart] | None = None
    name: str | None = None
    tool_calls: list[CallMade] | None = None
    tool_call_id: str | None = None
    refusal: str | None = None


class FunctionDefinition(Strict):
    """A function that the model may call."""

    name: str
    description: str | None = None
    parameters: dict[str, object] | None = None
    strict: bool | None = None


class ToolDefinition(Strict):
    """A tool; only functions."""

    type: Literal["function"]
    function: FunctionDefinition


class NamedFunction(Strict):
    """The name of a function."""

    name: str


class NamedTool(Strict):
    """The tool that must be called."""

    type: Literal["function"]
    function: NamedFunction


class JsonSchema(Strict):
    """The schema that an answer must obey."""

    name: str
    description: str | None = None
    schema_: dict[str, object] = Field(alias="schema")
    strict: bool | None = None


class ResponseFormat(Strict):
    """Text, any JSON object, or JSON by a schema."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None


class StreamOptions(Strict):
    """What the stream carries besides text."""

    include_usage: bool = False
    include_obfuscation: bool | None = None


class ChatBody(Strict):
    """OpenAI's chat completion request. Fields that no engine here can honour are refused by name."""

    model: str = AUTO
    messages: list[ChatMessage] = Field(min_length=1)
    stream: bool = False
    stream_options: StreamOptions | None = None
    n: int = Field(default=1, ge=1, le=8)
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    stop: str | list[str] | None = None
    seed: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = Field(default=None, ge=0, le=20)
    response_format: ResponseFormat | None = None
    tools: list[ToolDefinition] | None = None
    tool_choice: Literal["none", "auto", "required"] | NamedTool | None = None
    parallel_tool_calls: bool | None = None
    user: str | None = None
    metadata: dict[str, str] | None = None
    store: bool | None = None
    castalia: Extras = Extras()

    def request(self, index: int = 0) -> Request:
        """The pipeline's request for answer ``index`` of ``n``. Raises BadRequest, UnsupportedInput."""
        seed = self.seed if self.seed is not None else self.castalia.seed
        return Request(
            messages=[_message(message) for message in self.messages],
            model=self.model,
            modality=self.castalia.modality or AUTO,
            policy=self.castalia.policy,
            documents=self.castalia.documents,
            engine=self.castalia.engine,
            seed=None if seed is None else seed + index,
            options={**self._options(), **self.castalia.options},
        )

    def _options(self) -> dict[str, object]:
        names = ("temperature", "top_p", "frequency_penalty", "presence_penalty")
        options: dict[str, object] = {name: getattr(self, name) for name in names}
        options["max_tokens"] = self.max_completion_tokens or self.max_tokens
        options["stop"] = [self.stop] if isinstance(self.stop, str) else self.stop
        options["logprobs"] = (self.top_logprobs or 0) if self.logprobs else None
        options["json_schema"] = _schema(self.response_format)
        if self.tools:
            options["tools"] = [
                {
                    "name": tool.function.name,
                    "description": tool.function.description or "",
                    "parameters": tool.function.parameters or {"type": "object", "properties": {}},
                }
                for tool in self.tools
            ]
            chosen = self.tool_choice
            options["tool_choice"] = chosen.function.name if isinstance(chosen, NamedTool) else chosen
            options["parallel_tool_calls"] = self.parallel_tool_calls
        return {name: value for name, value in options.items() if value is not None}


def _schema(wanted: ResponseFormat | None) -> dict[str, object] | None:
    if wanted is None or wanted.type == "text":
        return None
    if wanted.type == "json_object":
        return {"type": "object"}
    if wanted.json_schema is None:
        raise BadRequest("response_format json_schema has no json_schema.", hint="Give its name and schema.")
    return wanted.json_schema.schema_


def _message(message: ChatMessage) -> Message:
    content = message.content
    parts = [Part.of_text(content)] if isinstance(content, str) else [_part(piece) for piece in content or []]
    calls = [
        ToolCall(id=call.id, name=call.function.name, arguments=call.function.arguments)
        for call in message.tool_calls or []
    ]
    role = "system" if message.role == "developer" else message.role
    return Message(role=role, parts=parts, tool_calls=calls, tool_call_id=message.tool_call_id)


def _part(piece: ContentPart) -> Part:
    if piece.type == "text" and piece.text is not None:
        return Part.of_text(piece.text)
    if piece.type == "image_url" and piece.image_url is not None:
        return attachment_of_url(piece.image_url.url, "image", None)
    if piece.type == "input_audio" and piece.input_audio is not None:
        media_type = {"mp3": "audio/mpeg"}.get(piece.input_audio.format, f"audio/{piece.input_audio.format}")
        return Part(type="audio", media_type=media_type, data=_decoded(piece.input_audio.data))
    if piece.type == "file" and piece.file is not None:
        return file_part(piece.file)
    raise BadRequest(f"The {piece.type} part has no {piece.type}.", hint="Fill the field that its type names.")


def file_part(file: InputFile) -> Part:
    """An inline file as an attachment. Raises UnsupportedInput for any other address."""
    return attachment_of_url(file.file_data, "file", file.filename)


def attachment_of_url(url: str, kind: str, name: str | None) -> Part:
    """What a ``data:`` URL holds as an attachment. Raises UnsupportedInput for any other address."""
    head, comma, data = url.partition(",")
    if not head.startswith("data:") or not comma or not head.endswith(";base64"):
        raise UnsupportedInput(
            "Only data: URLs with base64 are taken; nothing is fetched.", hint="Send the bytes inline."
        )
    return Part(type=kind, media_type=head[5:-7] or None, data=_decoded(data), name=name)


def _decoded(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise UnsupportedInput("The attachment is not valid base64.", hint="Encode its bytes with base64.") from None
