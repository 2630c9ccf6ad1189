"""The body of POST /v1/responses."""

from typing import Annotated, Literal

from pydantic import Field

from castalia.core.content import Message, Part, ToolCall
from castalia.core.errors import BadRequest
from castalia.core.filters import Filter, Search
from castalia.core.requests import AUTO, Request
from castalia.server.schemas.chat import InputFile, attachment_of_url, file_part
from castalia.server.schemas.extras import Extras, Strict
from castalia.server.schemas.ranking import RankingOptions


class ContentItem(Strict):
    """A piece of a message, in either direction."""

    type: Literal["input_text", "output_text", "refusal", "input_image", "input_file"]
    text: str | None = None
    refusal: str | None = None
    image_url: str | None = None
    detail: str | None = None
    file_data: str | None = None
    filename: str | None = None
    annotations: list[object] | None = None
    logprobs: list[object] | None = None


class MessageItem(Strict):
    """A message; what an earlier response gave may be sent back as it is."""

    type: Literal["message"] = "message"
    role: Literal["user", "assistant", "system", "developer"]
    content: str | list[ContentItem]
    id: str | None = None
    status: str | None = None
    phase: str | None = None


class FunctionCallItem(Strict):
    """A call that the model made."""

    type: Literal["function_call"]
    call_id: str
    name: str
    arguments: str
    id: str | None = None
    status: str | None = None


class FunctionOutputItem(Strict):
    """What a function gave back."""

    type: Literal["function_call_output"]
    call_id: str
    output: str | list[ContentItem]
    id: str | None = None
    status: str | None = None


InputItem = MessageItem | FunctionCallItem | FunctionOutputItem
"""What may stand in ``input``."""


class FunctionTool(Strict):
    """A function that the model may call; who asks runs it."""

    type: Literal["function"]
    name: str
    description: str | None = None
    parameters: dict[str, object] | None = None
    strict: bool | None = None


class McpTool(Strict):
    """An MCP server of castalia.toml by its name there; of its tools those that are allowed both there and here."""

    type: Literal["mcp"]
    server_label: str
    allowed_tools: list[str] | None = None
    require_approval: Literal["never"] | None = None


class FileSearchTool(Strict):
    """Vector stores that the answer must come from. It stands alone: no other tool beside it."""

    type: Literal["file_search"]
    vector_store_ids: list[str] = Field(min_length=1)
    max_num_results: int | None = Field(default=None, ge=1, le=50)
    filters: Filter | None = None
    ranking_options: RankingOptions = RankingOptions()


ToolItem = Annotated[FunctionTool | McpTool | FileSearchTool, Field(discriminator="type")]
"""A tool. Another kind is one more class here, and a case in `castalia.server.http.served_tools`."""


class ChosenFileSearch(Strict):
    """The search of files, which always runs."""

    type: Literal["file_search"]


class ChosenFunction(Strict):
    """The function that must be called."""

    type: Literal["function"]
    name: str


class ChosenMcp(Strict):
    """The MCP tool that must be called; without a name, any one of all tools."""

    type: Literal["mcp"]
    server_label: str
    name: str | None = None


class TextFormat(Strict):
    """Text, any JSON object, or JSON by a schema."""

    type: Literal["text", "json_object", "json_schema"]
    name: str | None = None
    description: str | None = None
    schema_: dict[str, object] | None = Field(default=None, alias="schema")
    strict: bool | None = None


class TextConfig(Strict):
    """The form of the answer."""

    format: TextFormat = TextFormat(type="text")


class StreamOptions(Strict):
    """Taken for the clients that send it."""

    include_obfuscation: bool | None = None


class ConversationId(Strict):
    """A conversation by its id."""

    id: str


class PromptId(Strict):
    """A stored prompt: here a language task by its name, its options as variables."""

    id: str
    version: str | None = None
    variables: dict[str, object] = Field(default_factory=dict)


class ResponseBody(Strict):
    """OpenAI's request for a response. Fields that nothing here can honour are refused by name."""

    model: str = AUTO
    input: str | list[InputItem]
    instructions: str | None = None
    prompt: PromptId | None = None
    previous_response_id: str | None = None
    conversation: str | ConversationId | None = None
    store: bool = True
    stream: bool = False
    stream_options: StreamOptions | None = None
    tools: list[ToolItem] = Field(default_factory=list[ToolItem])
    tool_choice: Literal["none", "auto", "required"] | ChosenFunction | ChosenMcp | ChosenFileSearch = "auto"
    parallel_tool_calls: bool = True
    max_tool_calls: int | None = Field(default=None, ge=1)
    text: TextConfig = TextConfig()
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    metadata: dict[str, str] = Field(default_factory=dict)
    truncation: Literal["auto", "disabled"] = "auto"
    include: list[str] = Field(default_factory=list)
    user: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    castalia: Extras = Extras()

    def request(self) -> Request:
        """The pipeline's request, with what is new in it. Raises BadRequest, UnsupportedInput."""
        task = self.task
        variables = {} if self.prompt is None else self.prompt.variables
        if task is not None and (self.tools or self.instructions):
            raise BadRequest(
                f"The task {task} takes no tools and no instructions.", hint="Leave them out; it has options."
            )
        return Request(
            messages=self.messages(),
            model=self.model,
            modality=self.castalia.modality or AUTO,
            policy=self.castalia.policy,
            engine=self.castalia.engine,
            seed=self.castalia.seed,
            options={**self._options(), **variables, **self.castalia.options},
            task=task,
            documents=self.vector_stores,
            search=self.search,
        )

    @property
    def vector_stores(self) -> list[str] | None:
        """The vector stores of the tool ``file_search``; None without it. Raises BadRequest beside other tools."""
        searches = [tool for tool in self.tools if isinstance(tool, FileSearchTool)]
        if not searches:
            return None
        if len(searches) < len(self.tools):
            raise BadRequest("file_search stands alone.", hint="Leave the other tools out.")
        return [store for tool in searches for store in tool.vector_store_ids]

    @property
    def search(self) -> Search:
        """How the vector stores are searched. Raises BadRequest for several tools ``file_search`` that differ in it."""
        told = RESULTS in self.include
        ways = [
            Search(
                most=tool.max_num_results,
                filters=tool.filters,
                threshold=tool.ranking_options.score_threshold,
                told=told,
            )
            for tool in self.tools
            if isinstance(tool, FileSearchTool)
        ]
        if any(way != ways[0] for way in ways):
            raise BadRequest("Two tools file_search want different searches.", hint="Use one for all vector stores.")
        return ways[0] if ways else Search(told=told)

    @property
    def task(self) -> str | None:
        """The language task that is asked for: by the prompt's id, or ``task`` in the metadata."""
        return self.metadata.get("task") if self.prompt is None else self.prompt.id

    def messages(self) -> list[Message]:
        """The input as messages; calls that follow each other are one message. Raises BadRequest, UnsupportedInput."""
        if isinstance(self.input, str):
            return [Message.of_text(self.input)]
        if not self.input:
            raise BadRequest("The input is empty.", hint="Send a text or at least one item.")
        return messages_of(self.input)

    @property
    def conversation_id(self) -> str | None:
        """The conversation that the response belongs to."""
        return self.conversation.id if isinstance(self.conversation, ConversationId) else self.conversation

    def echo(self) -> dict[str, object]:
        """What the response says of how it was asked for."""
        told = self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"input", *NOT_ECHOED})
        nulls = dict.fromkeys(("instructions", "previous_response_id", "max_output_tokens", "max_tool_calls", "user"))
        nothing = {"strict": None, "parameters": None}
        tools = [
            {**(nothing if isinstance(tool, FunctionTool) else {}), **tool.model_dump(exclude_none=True)}
            for tool in self.tools
        ]
        return {**nulls, "temperature": None, "top_p": None, **told, "tools": tools}

    def _options(self) -> dict[str, object]:
        options: dict[str, object] = {
            "temperature": self.temperature,
            "top_p": self.top_p,
            "max_tokens": self.max_output_tokens,
            "json_schema": self._schema(),
        }
        functions = [tool for tool in self.tools if isinstance(tool, FunctionTool)]
        if functions:
            options["tools"] = [
                {
                    "name": tool.name,
                    "description": tool.description or "",
                    "parameters": tool.parameters or {"type": "object", "properties": {}},
                }
                for tool in functions
            ]
        if self.vector_stores is None and (self.tools or self.tool_choice != "auto"):
            chosen = self.tool_choice
            if isinstance(chosen, ChosenFileSearch):
                raise BadRequest(
                    "file_search is demanded and not among the tools.", hint="Name its vector stores in tools."
                )
            options["tool_choice"] = chosen if isinstance(chosen, str) else chosen.name or "required"
            options["parallel_tool_calls"] = self.parallel_tool_calls
        return {name: value for name, value in options.items() if value is not None}

    def _schema(self) -> dict[str, object] | None:
        wanted = self.text.format
        if wanted.type == "text":
            return None
        if wanted.type == "json_object":
            return {"type": "object"}
        if wanted.schema_ is None:
            raise BadRequest("text.format json_schema has no schema.", hint="Give its name and schema.")
        return wanted.schema_


RESULTS = "file_search_call.results"
"""In ``include``: the passages that were found are told with the search."""
NOT_ECHOED = {"store", "stream", "stream_options", "include", "castalia", "conversation", "model"}


def messages_of(items: list[InputItem]) -> list[Message]:
    """Items as messages; calls that follow each other are one message. Raises BadRequest, UnsupportedInput."""
    messages: list[Message] = []
    for item in items:
        message = _message(item)
        if isinstance(item, FunctionCallItem) and messages and messages[-1].role == "assistant":
            messages[-1].tool_calls += message.tool_calls
        else:
            messages.append(message)
    return messages


def _message(item: InputItem) -> Message:
    match item:
        case FunctionCallItem():
            call = ToolCall(id=item.call_id, name=item.name, arguments=item.arguments)
            return Message(role="assistant", tool_calls=[call])
        case FunctionOutputItem():
            return Message(role="tool", parts=_parts(item.output), tool_call_id=item.call_id)
        case MessageItem():
            role = "system" if item.role == "developer" else item.role
            return Message(role=role, parts=_parts(item.content))


def _parts(content: str | list[ContentItem]) -> list[Part]:
    return [Part.of_text(content)] if isinstance(content, str) else [_part(piece) for piece in content]


def _part(piece: ContentItem) -> Part:
    match piece.type:
        case "input_text" | "output_text" if piece.text is not None:
            return Part.of_text(piece.text)
        case "refusal" if piece.refusal is not None:
            return Part.of_text(piece.refusal)
        case "input_image" if piece.image_url is not None:
            return attachment_of_url(piece.image_url, "image", None)
        case "input_file" if piece.file_data is not None:
            return file_part(InputFile(file_data=piece.file_data, filename=piece.filename))
        case _:
            raise BadRequest(f"The {piece.type} part is empty.", hint="Fill the field that its type names.")
