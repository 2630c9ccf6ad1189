"""What a request wants spoken: its text without the instruction to speak it.

An instruction is a command verb at the start ("read", "say", "convert"), then words that only point at the text or at
the act of speaking ("this", "out loud", "to speech"), then the text behind a colon, a line break or in quotes. The
words of each language stand in `castalia.modalities.speech.phrases`. Where no instruction is recognised the whole text
is spoken: saying too much is heard at once, saying too little is not.
"""

import re

from castalia.core.content import Part
from castalia.core.errors import UnsupportedInput
from castalia.core.requests import Request
from castalia.modalities.speech import phrases

VERBATIM = "verbatim"
"""A text part whose ``info`` holds this name as True is spoken as it stands, instructions and all."""

_OPENING = {'"': '"', "'": "'", "“": "”", "‘": "’", "«": "»", "„": "“", "「": "」", "`": "`"}  # fmt: skip
_QUOTE = r"""["'“‘«„「`]"""
_DELIMITER = re.compile(rf"\s*[:：]\s*(?=\S|$)|\?\s+(?=\S)|\s*\n\s*|(?:(?<=\s)|^)(?={_QUOTE}\S)")
_LEAD = 220
"""Characters in which an instruction must come to its delimiter."""
_POLITE = rf"(?:(?:{phrases.POLITE})\b[,!.]?\s+)*"
_SAY = re.compile(rf"{_POLITE}(?:{phrases.SAY})\b(?![-'’])", re.IGNORECASE)
_READ = re.compile(rf"{_POLITE}(?:{phrases.READ})\b(?![-'’])", re.IGNORECASE)
_MARK = re.compile(rf"\b(?:{phrases.MARKS})\b", re.IGNORECASE)
_POINTING = re.compile(rf"[\s,]*(?:(?:{phrases.MARKS}|{phrases.POINTERS})\b[\s,]*)*", re.IGNORECASE)
_POINTING_THEN_MARK = re.compile(
    rf"[\s,]*(?:(?:{phrases.POINTERS})\b[\s,]*)*(?:(?:{phrases.MARKS})\b[\s,]*)+(?P<rest>.*)", re.IGNORECASE | re.DOTALL
)
_LABEL = re.compile(rf"(?:{phrases.LABELS})\s*[:：]\s*(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_ENDING_MARK = re.compile(rf"[\s,]+(?:(?:{phrases.MARKS})|(?:{phrases.THANKS}))[\s.!?]*$", re.IGNORECASE)
_AFTERWARDS = re.compile(
    rf"(?P<rest>.+?)(?:\s*\n\s*|\s+[-–—]+\s*){_POLITE}(?:{phrases.SAY}|{phrases.READ})\b(?P<pointing>[^:\n]*)",
    re.IGNORECASE | re.DOTALL,
)
_TAIL = re.compile(rf"[\s.,;!?]*(?:(?:{phrases.TAILS})\b.*)?", re.IGNORECASE | re.DOTALL)
_BETWEEN = re.compile(r"[\s,;]*(?:and|or|then|y|et|und|e)?[\s,;]*", re.IGNORECASE)


def spoken_text(request: Request) -> str:
    """The text to be spoken, "" when there is none.

    It is the last user message without its instruction to speak; when that message holds nothing but the instruction,
    it is the text of the attached text files. Raises UnsupportedInput for an attached text that is not UTF-8.
    """
    if _is_verbatim(request):
        return request.prompt.strip()
    prompt = request.prompt.strip()
    files = [part for part in request.attachments if _is_text_file(part)]
    wanted = without_instruction(prompt) if prompt else ""
    if wanted:
        return wanted
    if files:
        return "\n\n".join(_read(part) for part in files)
    return prompt


def without_instruction(text: str) -> str:
    """The text without an instruction to speak it; "" when there is only the instruction."""
    text = text.strip()
    if label := _LABEL.fullmatch(text):
        return _unquoted(label["rest"])
    if head := _SAY.match(text):
        return _after_say(text[head.end() :])
    if head := _READ.match(text):
        found = _after_read(text[head.end() :])
        return text if found is None else found
    after = _AFTERWARDS.fullmatch(text)
    if after and _MARK.search(after["pointing"]) and _only_points(after["pointing"].rstrip(".!? ")):
        return _unquoted(after["rest"])
    return text


def _after_say(rest: str) -> str:
    """What follows a verb that needs no more words: "say hello", "say this slowly: hello"."""
    delimiter = _DELIMITER.search(rest[:_LEAD])
    if delimiter and _only_points(rest[: delimiter.start()]):
        return _unquoted(rest[delimiter.end() :])
    if _only_points(rest.rstrip(".!? ")):
        return ""
    return _ENDING_MARK.sub("", rest.strip()).strip()


def _after_read(rest: str) -> str | None:
    """What follows a verb that needs more words, None when they do not come: "read", "convert", "I want"."""
    if _only_points(rest.rstrip(".!? ")):
        return ""
    delimiter = _DELIMITER.search(rest[:_LEAD])
    if delimiter:
        lead = rest[: delimiter.start()]
        if _MARK.search(lead) or _only_points(lead):
            return _unquoted(rest[delimiter.end() :])
    if (direct := _POINTING_THEN_MARK.fullmatch(rest)) and direct["rest"]:
        return _unquoted(direct["rest"].lstrip(" -–—"))
    if delimiter and rest[delimiter.end() : delimiter.end() + 1] in _OPENING and _MARK.search(rest):
        return _unquoted(rest[delimiter.end() :])
    ending = _ENDING_MARK.search(rest)
    if ending and _MARK.search(ending.group()) and "\n" not in rest.strip():
        return _unquoted(rest[: ending.start()].strip())
    return None


def _only_points(words: str) -> bool:
    return _POINTING.fullmatch(words) is not None


def _unquoted(text: str) -> str:
    """The inside of quotation marks around the whole text, or of several joined by "and"; else the text itself."""
    text = text.strip()
    inside: list[str] = []
    place = 0
    while place < len(text) and text[place] in _OPENING:
        closing = _OPENING[text[place]]
        ends = [match.start() for match in re.finditer(rf"{re.escape(closing)}(?!\w)", text) if match.start() > place]
        # Closed where the rest is no part of the text (an apostrophe closes nothing) and no quotation opened meanwhile
        again = re.compile(rf"(?<!\w){re.escape(text[place])}")
        fitting = [end for end in ends if _TAIL.fullmatch(text[end + 1 :]) and not again.search(text, place + 1, end)]
        if fitting:
            inside.append(text[place + 1 : fitting[0]].strip())
            return "\n".join(inside)
        link = next((m for end in ends[:1] if (m := _BETWEEN.match(text, end + 1))), None)
        if link is None or link.end() == place:
            break
        inside.append(text[place + 1 : ends[0]].strip())
        place = link.end()
    return text


def _is_verbatim(request: Request) -> bool:
    for message in reversed(request.messages):
        if message.role == "user":
            return any(part.info.get(VERBATIM) is True for part in message.parts)
    return False


def _is_text_file(part: Part) -> bool:
    if part.type == "text" or (part.media_type or "").startswith("text/plain"):
        return True
    return part.type == "file" and (part.name or "").lower().endswith((".txt", ".md"))


def _read(part: Part) -> str:
    try:
        return part.read().decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise UnsupportedInput(
            f"The attached text {part.name or ''} is not UTF-8.", hint="Save it as UTF-8 and attach it again."
        ) from None
