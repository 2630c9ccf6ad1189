"""What a wish says of a task's options: a language, a tone, a length, a question, labels. By rules, in English."""

import re
from collections.abc import Callable

LANGUAGES = (
    "arabic", "chinese", "czech", "danish", "dutch", "english", "finnish", "french", "german", "greek", "hindi",
    "hungarian", "indonesian", "italian", "japanese", "korean", "norwegian", "polish", "portuguese", "romanian",
    "russian", "spanish", "swedish", "turkish", "ukrainian", "vietnamese",
)  # fmt: skip
LANGUAGE = "|".join(LANGUAGES)
TARGET = re.compile(rf"\b(?:to|into|in|auf|make it|the|a)\s+({LANGUAGE})\b", re.IGNORECASE)
SOURCE = re.compile(rf"\bfrom\s+({LANGUAGE})\b", re.IGNORECASE)
NAMED = re.compile(rf"\b({LANGUAGE})\b", re.IGNORECASE)
NUMBERS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10
}  # fmt: skip
COUNT = re.compile(
    rf"\b(\d+|{'|'.join(NUMBERS)})\s+(sentences?|lines?|points?|bullets?|bullet points|takeaways)\b", re.IGNORECASE
)
LIST = re.compile(r"\b(?:bullets?|bullet points|list|points|takeaways)\b", re.IGNORECASE)
TONES = {
    "formal": r"formal|professional|business\w*|serious|official",
    "friendly": r"friendl\w+|warm\w*|casual|relaxed|lively|cheerful|nicer|loosen",
    "polite": r"polite\w*|politer|less (?:rude|aggressive|harsh)|tone (?:it|this|that) down|diplomatic|"
    r"respectful|angry|calm",
    "simple": r"simpl\w+|plain|eas(?:y|ier)|layperson|child|understand\w*|complicated",
    "confident": r"confident|stronger",
    "neutral": r"neutral|objective",
}
SHORTER = re.compile(r"\b(?:short\w*|cut|trim|tighten|too long|concise|half)\b", re.IGNORECASE)
LONGER = re.compile(r"\b(?:longer|expand|lengthen|elaborate|flesh|more detail\w*)\b", re.IGNORECASE)
CORRECT = re.compile(r"\b(?:grammar|spelling|typos?|proofread|punctuation|mistakes|correct\w*|errors)\b", re.IGNORECASE)
LESS_FORMAL = re.compile(r"\b(?:less|too) (?:formal|stiff|professional)", re.IGNORECASE)
AUDIENCE = re.compile(
    r"\bfor ((?:an? |the |my )?(?:child|[\w-]+-year-old|beginners|lawyers?|laypeople|layperson|grandmother|executives|"
    r"customers|tourists|non-experts))\b",
    re.IGNORECASE,
)
KINDS = {
    "email": r"e-?mail|reply",
    "letter": r"letter|complaint|application",
    "announcement": r"announcement|invitation|notice|press release",
    "message": r"message|note|reminder",
    "paragraph": r"paragraph|memo|newsletter|statement|text",
}
ACTIONS = {
    "test": r"\btests?\b",
    "fix": r"\b(?:fix|repair|debug|bug|mend|crash\w*|error|never end\w*|fails?|throws|refactor|optimi[sz]e|wrong)\b",
    "complete": r"\b(?:complete|cursor|finish)\b",
    "explain": r"\b(?:explain|what (?:does|do|is)|comment|document)\b",
}
PROGRAMMING = re.compile(
    r"\b(python|javascript|typescript|sql|java|c\+\+|rust|go|bash|html|css|php|ruby)(?!\w)", re.IGNORECASE
)
SPELT = {
    "javascript": "JavaScript",
    "typescript": "TypeScript",
    "sql": "SQL",
    "html": "HTML",
    "css": "CSS",
    "php": "PHP",
}
LABELS = re.compile(r":\s*([^:?.]+?)\s*[?.]?$")
LABELLED = re.compile(
    r"(?:\b(?:as|into|to|is|whether|if)\s+)?((?:[\w-]+(?: [\w-]+)?, )*[\w-]+(?: [\w-]+)?,? or "
    r"[\w-]+(?: [\w-]+)?)\s*[?.]?$",
    re.IGNORECASE,
)
LEADING = re.compile(
    r"^(?:(?:classify|sort|label|tag|tell|say|decide|whether|if|is|does|as|into|to|me|it|count|good|this|that|the|my|file|"
    r"text|message|review|email|ticket|letter|document|article|read|be|are|a|an) )*(?=\S)",
    re.IGNORECASE,
)
FIELDS = re.compile(
    r"^(?:please |can you |could you )*(?:pull out|get me|give me|list|find|extract|collect|take out|"
    r"pick out|get|grab|read)\s+"
    r"(.+?)(?:\s+(?:from|in|of|out|as|with|mentioned|into)\b.*)?[.?!]?$",
    re.IGNORECASE,
)
INTO = re.compile(r"\binto\s+(.+)", re.IGNORECASE)
STOP = frozenset(
    ["the", "all", "every", "me", "from", "in", "of", "and", "as", "data", "text", "this", "that", "it", "a", "an"]
)


def options_of(task: str, wish: str) -> dict[str, object]:
    """What the wish says of the options of that task."""
    reader = READERS.get(task)
    return {} if reader is None else reader(wish)


def _translate(wish: str) -> dict[str, object]:
    source, target = SOURCE.search(wish), TARGET.search(wish)
    named = [found.group(1) for found in NAMED.finditer(wish) if source is None or found.start() != source.start(1)]
    said: dict[str, object] = {}
    if target is not None or named:
        said["to"] = (target.group(1) if target is not None else named[-1]).title()
    if source is not None:
        said["source"] = source.group(1).title()
    return said


def _summarise(wish: str) -> dict[str, object]:
    said: dict[str, object] = {}
    count = COUNT.search(wish)
    if count is not None:
        word = count.group(1).lower()
        said["sentences"] = min(20, NUMBERS.get(word) or int(word))
    if LIST.search(wish):
        said["form"] = "list"
    return said


def _rewrite(wish: str) -> dict[str, object]:
    said: dict[str, object] = {}
    if CORRECT.search(wish):
        return {"correct": True}
    if SHORTER.search(wish):
        said["length"] = "shorter"
    elif LONGER.search(wish):
        said["length"] = "longer"
    tone = "friendly" if LESS_FORMAL.search(wish) else _first(TONES, wish)
    if tone is not None:
        said["tone"] = tone
    audience = AUDIENCE.search(wish)
    if audience is not None:
        said["audience"] = audience.group(1)
    return said or {"tone": "neutral"}


def _draft(wish: str) -> dict[str, object]:
    # "turn my notes into a letter": what the points become counts, not what they are
    into = INTO.search(wish)
    kind = (_first(KINDS, into.group(1)) if into is not None else None) or _first(KINDS, wish)
    return {} if kind is None else {"kind": kind}


def _code(wish: str) -> dict[str, object]:
    said: dict[str, object] = {"action": _first(ACTIONS, wish) or "write"}
    language = PROGRAMMING.search(wish)
    if language is not None:
        word = language.group(1).lower()
        said["language"] = SPELT.get(word, word.title())
    return said


def _classify(wish: str) -> dict[str, object]:
    found = LABELS.search(wish) or LABELLED.search(wish)
    if found is None:
        return {}
    labels = [label.strip() for label in re.split(r",\s*(?:or\s+)?|\s+or\s+", found.group(1)) if label.strip()]
    labels[:1] = [LEADING.sub("", labels[0])]
    return {"labels": labels} if len(labels) > 1 and all(labels) else {}


def _extract(wish: str) -> dict[str, object]:
    found = LABELS.search(wish) or FIELDS.search(wish)
    if found is None:
        return {}
    pieces = re.split(r",\s*(?:and\s+)?|\s+and\s+", found.group(1))
    names = [" ".join(word for word in piece.split() if word.lower() not in STOP) for piece in pieces]
    return {"fields": names} if names and all(names) else {}


def _first(patterns: dict[str, str], wish: str) -> str | None:
    """The key whose pattern stands first in the wish."""
    places = {
        name: found.start()
        for name, pattern in patterns.items()
        if (found := re.search(rf"\b(?:{pattern})", wish, re.IGNORECASE))
    }
    return min(places, key=lambda name: places[name]) if places else None


def _answer(wish: str) -> dict[str, object]:
    return {"question": wish}


READERS: dict[str, Callable[[str], dict[str, object]]] = {
    "answer": _answer,
    "classify": _classify,
    "code": _code,
    "draft": _draft,
    "extract": _extract,
    "rewrite": _rewrite,
    "summarise": _summarise,
    "translate": _translate,
}
