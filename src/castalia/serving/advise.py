"""Advice for a workload: which kinds of models its requests want, which installed one would answer, what is missing."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import BaseModel, Field

from castalia.choosing.signals.attachments import kinds_of
from castalia.core.errors import BadRequest
from castalia.core.models import Model
from castalia.core.plugins import modalities
from castalia.core.results import PLAN, Choice
from castalia.judging.comparing.cells import Cell, Comparison, Part, mean, share
from castalia.judging.comparing.contrasts import joined
from castalia.judging.comparing.quality import quality
from castalia.judging.comparing.writing import DATA
from castalia.serving.compare import FOLDER
from castalia.serving.evaluate import kept
from castalia.serving.house import House
from castalia.serving.workload import UNSUPPORTED, Line
from castalia.store.history import Experience

EXAMPLES = 3
LONGEST = 90
"""Characters of an example."""
COMPARED = ("use-case fit", "typical limitations", "CPU-seconds")
"""Rows of the newest comparison that count as evidence."""


class Evidence(BaseModel):
    """An installed model that could answer a kind of request: how many it would answer, and what was measured of it.

    ``figures`` counts those of its newest evaluation, ``quality`` places it between their baselines and floors, where
    they have them; ``comparison`` holds figures of the newest `castalia compare` that it took part in.
    """

    model: str
    answers: int
    family: str | None = None
    bytes: int
    passed: Part | None = None
    """Results on the record whose verdict was ``pass``."""
    seconds: float | None = None
    """Their median, without loading."""
    quality: Cell | None = None
    figures: int = 0
    comparison: dict[str, Cell] = Field(default_factory=dict)


class Need(BaseModel):
    """One kind of output that requests want, or ``plan``: several at once.

    ``served`` counts those that an installed model would answer; of plans those of which every step has one.
    """

    kind: str
    part: Part
    requests: int
    confidence: Part
    served: int
    models: list[Evidence] = Field(default_factory=list[Evidence])
    missing: str = ""
    reasons: list[str] = Field(default_factory=list[str])
    examples: list[str] = Field(default_factory=list[str])


class Advice(BaseModel):
    """All that is to be said of a workload. ``unclear`` requests would be asked back, ``unsupported`` ones refused.

    ``agreement`` is the share of labelled requests for which the chooser says what the label says.
    """

    created: datetime = Field(default_factory=lambda: datetime.now(UTC))
    command: str = ""
    source: str
    requests: int
    needs: list[Need]
    unclear: int = 0
    unsupported: int = 0
    refusals: dict[str, int] = Field(default_factory=dict)
    agreement: Part | None = None
    language: Part
    """The share of the requests that a language model serves, among those that want something made."""
    installed: list[str] = Field(default_factory=list[str])

    @property
    def served(self) -> int:
        """Requests that an installed model would answer."""
        return sum(need.served for need in self.needs)


def advise(house: House, lines: Sequence[Line], source: str, command: str = "") -> Advice:
    """Choose for each request, run none, and gather what was measured of the models that would answer.

    Raises BadRequest for no request at all.
    """
    if not lines:
        raise BadRequest("There is no request to advise on.", hint='One object a line, such as {"text": "draw a cat"}.')
    models = house.registry.list()
    experiences = house.history.experience()
    choices = [house.chooser.choose(line.request, models, experiences) for line in lines]
    clear = [(line, choice) for line, choice in zip(lines, choices, strict=True) if choice.question is None]
    wanted = [(line, choice) for line, choice in clear if choice.refusal is None]
    counted = Counter(choice.modality for _, choice in wanted)
    known = Known(house, models, experiences, _compared(house))
    needs = [
        _need(known, kind, [pair for pair in wanted if pair[1].modality == kind], len(lines))
        for kind, _ in counted.most_common()
    ]
    labelled = [(line.wanted, choice) for line, choice in zip(lines, choices, strict=True) if line.wanted]
    agreed = [said.question is None and label in outputs_of(said) for label, said in labelled]
    refused = [choice for _, choice in clear if choice.refusal is not None]
    return Advice(
        command=command,
        source=source,
        requests=len(lines),
        needs=needs,
        unclear=len(lines) - len(clear),
        unsupported=len(refused),
        refusals=dict(Counter(str(choice.refusal) for choice in refused).most_common()),
        agreement=share("agreement", agreed) if labelled else None,
        language=share("language", ["text" in outputs_of(choice) for _, choice in wanted]),
        installed=[model.name for model in models if model.outputs],
    )


@dataclass(frozen=True)
class Known:
    """What is known of the models: the record's experience, and their cells of the newest comparison, by name."""

    house: House
    models: list[Model]
    experiences: dict[str, Experience]
    compared: dict[str, dict[str, Cell]]


def _need(known: Known, kind: str, pairs: list[tuple[Line, Choice]], total: int) -> Need:
    answered = Counter(choice.model for _, choice in pairs if choice.model is not None)
    imitating = sum(choice.model is None and bool(choice.settings.get("imitate")) for _, choice in pairs)
    able = sorted((model for model in known.models if kind in model.outputs), key=lambda one: -answered[one.name])
    unanswered = [line for line, choice in pairs if choice.model is None and not choice.settings.get("imitate")]
    reasons = Counter(reason for _, choice in pairs for reason in choice.reasons if _tells(reason))
    examples = [_shortened(known.house.guard.for_history(line.request).prompt) for line, _ in pairs[:EXAMPLES]]
    if kind == PLAN:
        served, answered, missing = _planned([choice for _, choice in pairs])
        able = sorted((model for model in known.models if answered[model.name]), key=lambda one: -answered[one.name])
    else:
        served, missing = sum(answered.values()) + imitating, _missing(kind, able, unanswered)
    return Need(
        kind=kind,
        part=share(kind, [True] * len(pairs) + [False] * (total - len(pairs)), better="none"),
        requests=len(pairs),
        confidence=mean("confidence", [choice.confidence for _, choice in pairs], "share"),
        served=served,
        models=[_evidence(known, model, answered[model.name]) for model in able],
        missing=missing,
        reasons=[reason for reason, _ in reasons.most_common(2)],
        examples=examples,
    )


def _planned(plans: list[Choice]) -> tuple[int, Counter[str | None], str]:
    """How many plans have a model for every step, in how many each model takes part, and which kinds lack one."""
    lacking = [{step.modality for step in plan.steps if step.choice is None or step.choice.model is None}
               for plan in plans]  # fmt: skip
    taking_part = Counter(
        name
        for plan in plans
        for name in {step.choice.model for step in plan.steps if step.choice is not None} - {None}
    )
    kinds = sorted({kind for one in lacking for kind in one})
    missing = (
        f"no installed model makes {joined(kinds)}; castalia pull starter gets the starter models." if kinds else ""
    )
    return sum(not one for one in lacking), taking_part, missing


def outputs_of(choice: Choice) -> list[str]:
    """The kinds of output that a choice makes: of a plan, one a step, and ``plan`` itself."""
    return [choice.modality, *(step.modality for step in choice.steps)]


def _evidence(known: Known, model: Model, answers: int) -> Evidence:
    record = known.experiences.get(model.name)
    evaluation = kept(known.house, model)
    placed = None if evaluation is None else quality(evaluation.figures)
    stands = None
    if placed is not None and evaluation is not None:
        note = f"{placed[2]} figures of castalia evaluate, {evaluation.created:%Y-%m-%d}"
        stands = Cell(value=placed[0], interval=placed[1], n=evaluation.samples, better="higher", note=note)
    passed = None
    if record is not None:
        passed = share("passed", [True] * record.passed + [False] * (record.n - record.passed))
    return Evidence(
        model=model.name,
        answers=answers,
        family=model.family,
        bytes=model.size,
        passed=passed,
        seconds=None if record is None else round(record.seconds, 3),
        quality=stands,
        figures=0 if evaluation is None else sum(one.value is not None for one in evaluation.figures),
        comparison=known.compared.get(model.name, {}),
    )


def _compared(house: House) -> dict[str, dict[str, Cell]]:
    """The cells of each model in the newest comparison that it took part in."""
    found: dict[str, dict[str, Cell]] = {}
    read: list[Comparison] = []
    for path in (house.home / FOLDER).glob(f"*/{DATA}"):
        try:
            read.append(Comparison.model_validate_json(path.read_bytes()))
        except (OSError, ValueError):
            continue  # one of an older version, or cut off: no evidence
    for comparison in sorted(read, key=lambda one: one.created, reverse=True):
        for name in comparison.models:
            cells = {row.name: row.cells[name] for row in comparison.rows if row.name in COMPARED}
            plain = {row: Cell.model_validate(cell.model_dump(exclude={"parts"})) for row, cell in cells.items()}
            found.setdefault(name, {row: cell for row, cell in plain.items() if cell.value is not None})
    return found


def _missing(kind: str, able: list[Model], unanswered: list[Line]) -> str:
    """What would answer these requests, of one kind, that no installed model answers."""
    if not unanswered:
        return ""
    if able:
        attached = Counter(one for line in unanswered for one in dict.fromkeys(kinds_of(line.request)))
        told = joined([f"{one} {count} x" for one, count in attached.most_common()]) if attached else "nothing attached"
        return f"wanted is one that makes {kind} and reads what is attached: {told}."
    train = "castalia train FOLDER makes one from your own data; " if modalities().spec(kind).default_family else ""
    return f"{train}castalia pull starter gets the starter models."


def _tells(reason: str) -> bool:
    """Whether a reason is about the request, not about one model."""
    return not reason.startswith(("It was trained on", "Or get", "Train one"))


def _shortened(prompt: str) -> str:
    words = " ".join(prompt.split())
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…"


def wanted_of(advice: Advice) -> dict[str, int]:
    """How many requests want each kind, ``unsupported`` and ``unclear`` among them."""
    counts = {need.kind: need.requests for need in advice.needs}
    return {**counts, UNSUPPORTED: advice.unsupported, "unclear": advice.unclear}
