"""The guard: what happens to personal data in requests, answers, history and training sets."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from castalia.core.config import GuardSettings, Policy
from castalia.core.content import Message, Part
from castalia.core.errors import Blocked
from castalia.core.requests import Request
from castalia.core.results import Measure
from castalia.guarding.detect import detect
from castalia.guarding.findings import NAMES, Finding, counted

RARE = 0.01
"""Share of rows below which findings in a column are told, but are no reason to drop it: one in a hundred may be a
number that only looks personal."""


@dataclass
class Guarded:
    """A request after the guard; ``findings`` lie in the original's texts, in order; ``action`` is what was done."""

    request: Request
    findings: list[Finding]
    action: Policy


@dataclass
class TrainingFindings:
    """Personal data in a training set: by place (column), the share of its excerpts with each kind."""

    columns: dict[str, dict[str, float]] = field(default_factory=dict[str, dict[str, float]])
    drop_columns: list[str] = field(default_factory=list[str])
    warnings: list[str] = field(default_factory=list[str])


PLACEHOLDER = re.compile(r"\[([A-Z_]+)_(\d+)\]")


@dataclass
class ExampleFindings:
    """Which examples of a training set hold personal data, and whether they are left out."""

    places: list[int] = field(default_factory=list[int])
    leave_out: bool = False
    warnings: list[str] = field(default_factory=list[str])


class Redactor:
    """Replaces findings by placeholders such as ``[EMAIL_1]``; the same value gets the same one everywhere.

    Placeholders that stand in the texts ``before``, redacted earlier, are given to nothing else.
    """

    def __init__(self, before: Iterable[str] = ()) -> None:
        self.findings: list[Finding] = []
        self._placeholders: dict[tuple[str, str], str] = {}
        self._taken: Counter[str] = Counter()
        for text in before:
            for kind, number in PLACEHOLDER.findall(text):
                self._taken[kind] = max(self._taken[kind], int(number))

    def text(self, text: str) -> str:
        """The text without personal data."""
        pieces: list[str] = []
        place = 0
        for finding in detect(text):
            self.findings.append(finding)
            pieces += [text[place : finding.start], self._placeholder(finding)]
            place = finding.end
        return "".join([*pieces, text[place:]])

    def request(self, request: Request) -> Request:
        """The request with all its texts and tool calls redacted; media is left as it is."""
        return request.model_copy(update={"messages": [self.message(message) for message in request.messages]})

    def message(self, message: Message) -> Message:
        """The message with its texts and tool calls redacted."""
        parts = [
            part if part.text is None else part.model_copy(update={"text": self.text(part.text)})
            for part in message.parts
        ]
        calls = [call.model_copy(update={"arguments": self.text(call.arguments)}) for call in message.tool_calls]
        return message.model_copy(update={"parts": parts, "tool_calls": calls})

    def _placeholder(self, finding: Finding) -> str:
        key = (finding.kind, normalised(finding.text))
        if key not in self._placeholders:
            kind = finding.kind.upper()
            self._taken[kind] += 1
            self._placeholders[key] = f"[{kind}_{self._taken[kind]}]"
        return self._placeholders[key]


class Guard:
    """Carries out the policies of `castalia.core.config.GuardSettings`."""

    def __init__(self, settings: GuardSettings) -> None:
        self.settings = settings

    def inbound(self, request: Request) -> Guarded:
        """The request as the model may see it. Raises Blocked, naming kinds and counts and no value."""
        redactor = Redactor()
        redacted = redactor.request(request)
        findings = redactor.findings
        if not findings or self.settings.requests == "allow":
            return Guarded(request, findings, "allow")
        if self.settings.requests == "block":
            kinds = [finding.kind for finding in findings]
            raise Blocked(
                f"The request holds personal data: {counted(kinds)}.",
                hint="Take it out, or set guard.requests to redact or allow.",
                details={"kinds": dict(Counter(kinds))},
            )
        return Guarded(redacted, findings, "redact")

    def hiding(self, before: Iterable[str] = ()) -> Redactor | None:
        """What hides personal data from history, the same in all that it is given; None where ``guard.history`` is
        ``keep``."""
        return None if self.settings.history == "keep" else Redactor(before)

    def for_history(self, request: Request) -> Request:
        """The request as history keeps it: redacted, unless ``guard.history`` is ``keep``."""
        return request if self.settings.history == "keep" else Redactor().request(request)

    def outputs_for_history(self, outputs: list[Part]) -> list[Part]:
        """Outputs as history keeps them: their texts and those that they cite redacted, unless ``guard.history`` is
        ``keep``."""
        if self.settings.history == "keep":
            return outputs
        redactor = Redactor()
        return [
            part.model_copy(
                update={
                    "text": None if part.text is None else redactor.text(part.text),
                    "info": _with_hidden_texts(part.info, redactor),
                }
            )
            for part in outputs
        ]

    def training(self, excerpts: dict[str, list[str]]) -> TrainingFindings:
        """What was found in the excerpts of each column, and which columns to leave out.

        A column's name counts as context for its values. Raises Blocked when the policy is ``block`` and a column
        holds personal data in at least one row of a hundred.
        """
        found = TrainingFindings()
        for column, values in excerpts.items():
            shares = _shares(column, values)
            if shares:
                found.columns[column] = shares
        common = [column for column, shares in found.columns.items() if max(shares.values()) >= RARE]
        if common and self.settings.training == "block":
            told = "; ".join(f"{column}: {_told(found.columns[column])}" for column in common)
            raise Blocked(
                f"The training data holds personal data: {told}.",
                hint="Leave those columns out, or set guard.training to redact (drops them) or allow.",
                details={"columns": {column: found.columns[column] for column in common}},
            )
        dropping = self.settings.training == "redact"
        found.drop_columns = common if dropping else []
        for column, shares in found.columns.items():
            dropped = " and is left out" if column in found.drop_columns else ", which the model may repeat"
            found.warnings.append(f"{column} holds personal data ({_told(shares)}){dropped}")
        return found

    def examples(self, texts: Sequence[str]) -> ExampleFindings:
        """What was found in examples that a model is to learn word by word, and which to leave out: all that hold
        personal data unless the policy is ``allow``.

        Raises Blocked, naming kinds and counts and no value, when the policy is ``block`` and there is any.
        """
        found = ExampleFindings()
        kinds: Counter[str] = Counter()
        for place, text in enumerate(texts):
            here = {finding.kind for finding in detect(text)}
            kinds.update(here)
            if here:
                found.places.append(place)
        if not found.places:
            return found
        told = ", ".join(f"{NAMES[kind]} in {count}" for kind, count in sorted(kinds.items()))
        if self.settings.training == "block":
            raise Blocked(
                f"{len(found.places)} of {len(texts)} examples hold personal data: {told}.",
                hint="Take it out, or set guard.training to redact (leaves these examples out) or allow.",
                details={"kinds": dict(kinds)},
            )
        found.leave_out = self.settings.training == "redact"
        what = "are left out" if found.leave_out else "are learnt: the model may repeat it"
        found.warnings.append(f"{len(found.places)} of {len(texts)} examples hold personal data ({told}) and {what}")
        return found

    def outbound(self, outputs: list[Part], request: Request) -> list[Measure]:
        """The measure ``personal data`` over all text outputs: findings that the request did not hold."""
        texts = [part.text for part in outputs if part.text is not None]
        if not texts:
            return []
        asked = normalised("\n".join(message.text for message in request.messages))
        fresh = [found for text in texts for found in detect(text) if normalised(found.text) not in asked]
        kinds = [finding.kind for finding in fresh]
        return [
            Measure(
                name="personal data",
                value=len(fresh),
                unit="findings",
                direction="lower",
                threshold=0,
                status="flag" if fresh else "pass",
                note=f"The answer holds personal data that was not in the request: {counted(kinds)}." if fresh else "",
            )
        ]


def normalised(text: str) -> str:
    """Letters, digits and @ alone, in lower case: numbers are the same however they are grouped."""
    return re.sub(r"[^\w@]|_", "", text.casefold())


def _shares(column: str, values: list[str]) -> dict[str, float]:
    context = f"{column.replace('_', ' ')}: "
    counts: Counter[str] = Counter()
    for value in values:
        # the name itself may hold digits, so only findings within the value count
        counts.update({finding.kind for finding in detect(context + value) if finding.start >= len(context)})
    return {kind: count / len(values) for kind, count in counts.items()}


def _told(shares: dict[str, float]) -> str:
    return ", ".join(f"{NAMES[kind]} in {share:.0%} of rows" for kind, share in sorted(shares.items()))


def _with_hidden_texts(info: Any, redactor: Redactor) -> Any:
    """Facts about an output with every ``text`` in them redacted."""
    if isinstance(info, list):
        return [_with_hidden_texts(one, redactor) for one in cast("list[object]", info)]
    if not isinstance(info, dict):
        return info
    return {
        name: redactor.text(value) if name == "text" and isinstance(value, str) else _with_hidden_texts(value, redactor)
        for name, value in cast("dict[str, object]", info).items()
    }
