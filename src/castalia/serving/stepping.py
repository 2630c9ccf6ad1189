"""One step of a plan as an ordinary request: what it is asked, what goes in, what a language model sees of a table."""

from castalia.choosing.planning import CHART_ENGINE, CHARTS
from castalia.choosing.signals.attachments import kind_of
from castalia.core.content import Message, Part
from castalia.core.errors import BadRequest
from castalia.core.models import Model
from castalia.core.plugins import engines, modalities, resolve
from castalia.core.requests import Request
from castalia.core.results import Step
from castalia.modalities.speech.spoken import VERBATIM
from castalia.modalities.table.overview import told
from castalia.modalities.table.reading import read_table
from castalia.serving.documents.markdown import plain
from castalia.serving.house import House
from castalia.serving.resolving import ANY

TOLD = 1600
"""Characters by which a language model is told of a table, about 600 tokens: small models lose themselves in more."""
SENTENCE = 160
"""Characters of a text that a picture is made of."""


def request_of_step(asked: Request, step: Step, inputs: list[Part]) -> Request:
    """The request of a step. ``inputs`` are the outputs of the steps before; the step's notes say how they went in."""
    texts = [part.text for part in inputs if part.text is not None]
    attached = [*(asked.attachments if step.attach else []), *(part for part in inputs if part.text is None)]
    prompt = step.prompt
    facts: dict[str, object] = {}
    if texts and step.modality == "speech":
        prompt = plain("\n\n".join(texts))
        facts[VERBATIM] = True
    elif texts and step.modality == "text":
        prompt = "\n\n".join([*texts, prompt])
    elif texts:
        prompt = f"{prompt}: {_first_sentence(texts[0])}"
    parts = [Part(type="text", text=prompt, info=facts)]
    if step.modality == "text":
        # what is wished for comes last: small models do what they have read last
        parts = [*(_in_words(part, step) for part in attached), *parts]
    elif step.model == CHARTS:
        parts += [part for part in attached if kind_of(part) == "table"][:1]
    else:
        parts += attached
    system = [message for message in asked.messages if message.role == "system"] if step.modality == "text" else []
    return Request(
        messages=[*system, Message(role="user", parts=parts)],
        modality=step.modality,
        model=step.model,
        engine=step.engine or _engine(asked, step),
        seed=asked.seed if step.seed is None else step.seed,
        options={name: value for name, value in asked.options.items() if name in _options(step)},
        policy=asked.policy,
    )


def check_options(asked: Request, steps: list[Step]) -> None:
    """Raise BadRequest for an option that no step of the plan has."""
    known = {name for step in steps for name in _options(step)}
    for name in asked.options:
        if name not in known:
            made = ", ".join(dict.fromkeys(step.modality for step in steps))
            raise BadRequest(
                f"No step of this plan has the option {name!r}: it makes {made}.",
                hint="Leave it out, or say --modality for one output.",
            )


def with_charts(house: House, step: Step) -> None:
    """Have the model ``charts`` in the registry when a step needs it: it has no files, so that there is no pulling."""
    if step.model != CHARTS or any(model.name == CHARTS for model in house.registry.list()):
        return
    model = Model(
        name=CHARTS,
        format="chart",
        engines=[CHART_ENGINE],
        engine_reason="the only one that draws numbers",
        outputs=["image"],
        inputs=["table"],
        folder=house.models_folder,
        source="built in",
        licence="Apache-2.0",
        description="Draws the numbers of an attached table: lines, bars, slices, points",
    )
    house.registry.add(model)


def _in_words(part: Part, step: Step) -> Part:
    """A table in words, anything else as it is."""
    if kind_of(part) != "table":
        return part
    name = part.name or "the table"
    table = read_table(part.read(), name)
    words = told(table, name, TOLD)
    step.notes.append(
        f"The language model is told of {name} in {len(words)} characters: {table.rows} rows by their totals"
        " and groups."
    )
    return Part.of_text(words)


def _engine(asked: Request, step: Step) -> str | None:
    """The engine that the person asked for, where it can make this step's kind of output."""
    if asked.engine is None:
        return None
    outputs = engines().spec(asked.engine).outputs
    return asked.engine if step.modality in outputs or "*" in outputs else None


def _options(step: Step) -> set[str]:
    """The options that a step's kind of output has and that the engine chosen for it carries out."""
    spec = modalities().specs().get(step.modality)
    options = None if spec is None else resolve(spec.options)
    names = set(getattr(options, "model_fields", {}))
    engine = step.engine or (step.choice.engine if step.choice is not None else None)
    if engine is None:
        return names
    honoured = engines().spec(engine).options
    told = {*honoured.get(step.modality, ()), *honoured.get(ANY, ())}
    return names if ANY in told else names & told


def _first_sentence(text: str) -> str:
    flat = " ".join(text.split())
    ends = [place for mark in ".!?。！？" if (place := flat.find(mark)) > 0]
    return flat[: min([SENTENCE, *ends])].strip()
