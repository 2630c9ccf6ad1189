"""What every engine for language models needs around the tokens: messages for chat templates, stop texts."""

import json

from castalia.core.content import Message, ToolCall
from castalia.core.errors import BadRequest, UnsupportedInput
from castalia.engines.calling import overlap, tool_prompt
from castalia.modalities.text.options import TextOptions


def plain_messages(messages: list[Message], options: TextOptions) -> list[dict[str, str]]:
    """``{role, content}`` for chat templates without tools: tools, calls and their results become plain text.

    Raises UnsupportedInput for attachments, which a language model cannot read.
    """
    plain: list[dict[str, str]] = []
    for message in messages:
        _check_text_only(message)
        role, content = message.role, message.text
        if message.tool_calls:
            calls = [
                f'{{"name": {json.dumps(call.name)}, "arguments": {call.arguments}}}' for call in message.tool_calls
            ]
            content = "\n".join([*([content] if content else []), *calls])
        if role == "tool":
            role, content = "user", f"The tool answered: {content}"
        plain.append({"role": role, "content": content})
    if options.tools and options.tool_choice != "none":
        prompt = tool_prompt(options)
        if plain and plain[0]["role"] == "system":
            plain[0]["content"] += f"\n\n{prompt}"
        else:
            plain.insert(0, {"role": "system", "content": prompt})
    return plain


def template_messages(messages: list[Message]) -> list[dict[str, object]]:
    """Messages as OpenAI's API has them, with arguments as objects, for chat templates that know tools.

    Raises UnsupportedInput for attachments, which a language model cannot read.
    """
    told: list[dict[str, object]] = []
    for message in messages:
        _check_text_only(message)
        data: dict[str, object] = {"role": message.role, "content": message.text}
        if message.tool_calls:
            data["tool_calls"] = [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.name, "arguments": _arguments(call)},
                }
                for call in message.tool_calls
            ]
        if message.tool_call_id is not None:
            data["tool_call_id"] = message.tool_call_id
        told.append(data)
    return told


def _arguments(call: ToolCall) -> object:
    try:
        return json.loads(call.arguments)
    except ValueError as error:
        raise BadRequest(
            f"The arguments of the earlier call of {call.name} are not JSON: {error}.", hint="Send them as JSON text."
        ) from None


def template_tools(options: TextOptions) -> list[dict[str, object]]:
    """The tools as OpenAI's API has them."""
    return [{"type": "function", "function": tool.model_dump()} for tool in options.tools]


def _check_text_only(message: Message) -> None:
    for part in message.attachments:
        raise UnsupportedInput(
            f"This language model reads text only, not {part.name or part.type}.",
            hint="Leave the attachment out, or pass its content as text.",
        )


class StopCutter:
    """Cuts streamed text before the first stop text, keeping back what may be the start of one."""

    def __init__(self, stops: list[str]) -> None:
        self._stops = [stop for stop in stops if stop]
        self._held = ""
        self.stopped = False

    def feed(self, text: str) -> str:
        """The text that is safe to send; ``stopped`` is True once a stop text has come, and nothing follows it."""
        if self.stopped:
            return ""
        self._held += text
        places = [place for stop in self._stops if (place := self._held.find(stop)) >= 0]
        if places:
            self.stopped = True
            safe, self._held = self._held[: min(places)], ""
            return safe
        keep = max((overlap(self._held, stop) for stop in self._stops), default=0)
        cut = len(self._held) - keep
        safe, self._held = self._held[:cut], self._held[cut:]
        return safe

    def flush(self) -> str:
        """What was kept back, at the end of the generation."""
        held, self._held = self._held, ""
        return held
