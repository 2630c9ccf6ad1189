"""What every engine for language models needs around the tokens: messages for chat templates, stop texts."""

import json
from typing import cast

from castalia.core.content import Message, ToolCall
from castalia.core.errors import BadRequest, UnsupportedInput
from castalia.engines.calling import overlap, tool_prompt
from castalia.modalities.text.options import TextOptions

KNOWN = ("This is known:", "")
"""What stands before and behind what tools gave back."""
KNOWN_TO_CALLERS = ("This was looked up and done:", "\n\nTell me in words what came of it.")
"""The same for models that learnt to call tools; docs/experiments.md tells what others make of it."""


def plain_messages(messages: list[Message], options: TextOptions, *, knows_tools: bool = False) -> list[dict[str, str]]:
    """``{role, content}`` for chat templates without tools: tools, calls and their results become plain text.

    Where words are wanted, no call may stand in the conversation, for a small model writes what it reads: there a
    call and its result are one line of what is known, worded by whether the model ``knows_tools``. Raises
    UnsupportedInput for attachments, which a language model cannot read.
    """
    for message in messages:
        _check_text_only(message)
    if not options.tools or options.tool_choice == "none":
        return _in_words(messages, *(KNOWN_TO_CALLERS if knows_tools else KNOWN))
    plain: list[dict[str, str]] = []
    for message in messages:
        role, content = message.role, message.text
        if message.tool_calls:
            calls = [
                f'{{"name": {json.dumps(call.name)}, "arguments": {call.arguments}}}' for call in message.tool_calls
            ]
            content = "\n".join([*([content] if content else []), *calls])
        if role == "tool":
            role, content = "user", f"The tool answered: {content}"
        plain.append({"role": role, "content": content})
    prompt = tool_prompt(options)
    if plain and plain[0]["role"] == "system":
        plain[0]["content"] += f"\n\n{prompt}"
    else:
        plain.insert(0, {"role": "system", "content": prompt})
    return plain


def _in_words(messages: list[Message], before: str, behind: str) -> list[dict[str, str]]:
    """The conversation without calls: what tools gave back stands with the words of the user."""
    plain: list[dict[str, str]] = []
    calls: dict[str, ToolCall] = {}
    known: list[str] = []

    def tell_known() -> None:
        if not known:
            return
        told = "\n".join([before, *known]) + behind
        known.clear()
        if plain and plain[-1]["role"] == "user":
            plain[-1]["content"] += f"\n\n{told}"
        else:
            plain.append({"role": "user", "content": told})

    for message in messages:
        if message.role == "tool":
            call = calls.get(message.tool_call_id or "")
            known.append(f"- {'' if call is None else _call_in_words(call)}{message.text}")
            continue
        calls |= {call.id: call for call in message.tool_calls}
        if message.tool_calls and not message.text:
            continue
        tell_known()
        plain.append({"role": message.role, "content": message.text})
    tell_known()
    return plain


def _call_in_words(call: ToolCall) -> str:
    """What a result is of, such as "track parcel (code MN3): "."""
    given = ", ".join(
        f"{name} {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for name, value in _arguments(call).items()
    )
    return call.name.replace("_", " ") + (f" ({given}): " if given else ": ")


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


def _arguments(call: ToolCall) -> dict[str, object]:
    try:
        arguments = json.loads(call.arguments or "{}")
    except ValueError as error:
        arguments = error
    if isinstance(arguments, dict):
        return cast("dict[str, object]", arguments)
    raise BadRequest(
        f"The arguments of the earlier call of {call.name} are no JSON object: {arguments}.",
        hint="Send them as the text of one.",
    )


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
