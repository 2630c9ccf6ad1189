"""Ask, generate, choose, train, evaluate and compare from Python. Each call is thin over `castalia.serving`.

import castalia

print(castalia.ask("What is the capital of France?").text)
castalia.ask("Read this aloud: good morning").save("morning.wav")
run = castalia.train("customers.csv", minutes=2)
castalia.generate("500 rows", model=run.model, where=["sex=Female"]).save("rows.csv")
print(castalia.evaluate(run.model).figure("quality"))
"""

import atexit
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from pathlib import Path
from threading import Lock

from castalia.client.planned import of_plan
from castalia.core.content import Part
from castalia.core.errors import Interrupted
from castalia.core.events import Completed, Event, ModelReady, Progress
from castalia.core.models import Model
from castalia.core.requests import AUTO, Preference, Request
from castalia.core.results import Choice, Result
from castalia.judging.comparing.cells import Compared, Comparison
from castalia.judging.evaluation.figures import Evaluated, Evaluation
from castalia.serving.advise import Advice
from castalia.serving.advise import advise as advise_on
from castalia.serving.compare import MOST_REQUESTS, SAMPLES
from castalia.serving.compare import compare as compare_models
from castalia.serving.evaluate import evaluate as evaluate_model
from castalia.serving.exporting import export as export_model
from castalia.serving.finetune import finetune as finetune_plan
from castalia.serving.finetune import plan_finetuning
from castalia.serving.finetune import resume as resume_finetuning_run
from castalia.serving.following import outcome
from castalia.serving.functions import function_tool
from castalia.serving.house import House
from castalia.serving.learning import Lesson, forget, undo
from castalia.serving.learning import correct as teach
from castalia.serving.pipeline import chosen
from castalia.serving.planning import plan_training
from castalia.serving.plans import planned, respond
from castalia.serving.quantize import quantize as quantize_model
from castalia.serving.talking import Talk
from castalia.serving.tool_loop import answer_with_tools
from castalia.serving.toolbox import Toolbox
from castalia.serving.train import resume
from castalia.serving.train import train as train_plan
from castalia.serving.workload import read_workload

_lock = Lock()
_houses: list[House] = []


def house() -> House:
    """The house that calls without one of their own use: opened at the first call, closed when Python ends."""
    with _lock:
        if not _houses:
            _houses.append(House())
            atexit.register(_close)
        return _houses[0]


def _close() -> None:
    with _lock:
        while _houses:
            _houses.pop().close()


def request_of(
    prompt: str | Request,
    attachments: tuple[str | Path | Part, ...] = (),
    *,
    model: str | Model = AUTO,
    modality: str = AUTO,
    policy: Preference | None = None,
    engine: str | None = None,
    seed: int | None = None,
    documents: str | list[str] | None = None,
    **options: object,
) -> Request:
    """The request that a call describes. Raises NotFound for an attachment that is not there."""
    if isinstance(prompt, Request):
        return prompt
    parts = [part if isinstance(part, Part) else Part.of_file(part) for part in attachments]
    name = model.name if isinstance(model, Model) else model
    named = [documents] if isinstance(documents, str) else documents
    wishes = {"policy": policy, "engine": engine, "seed": seed, "documents": named, "options": options}
    return Request.of_text(prompt, parts, model=name, modality=modality, **wishes)


def stream(prompt: str | Request, *attachments: str | Path | Part, **wishes: object) -> Generator[Event]:
    """Everything that happens, as it happens: the choice, text and media, and the judged result last.

    Takes what `ask` takes. Closing the iterator stops the generation.
    """
    return respond(house(), request_of(prompt, attachments, **wishes))  # pyright: ignore[reportArgumentType]


def ask(
    prompt: str | Request,
    *attachments: str | Path | Part,
    tools: Sequence[Callable[..., object]] = (),
    **wishes: object,
) -> Result:
    """Ask in plain words; the right kind of model answers.

    ``wishes`` are ``model``, ``modality``, ``policy``, ``engine``, ``seed``, ``documents`` (a collection,
    or several, that the answer must come from: ``info["documents"]`` of the output cites) and any option by name
    (``temperature``, ``rows``, ``speed``, ...). A request for several outputs gives one result with all of them,
    which saves as ``.html``, ``.docx`` or ``.pdf``; ``result.choice.steps`` tell of each, also of those that failed.
    ``tools`` are functions that the model may call; ``result.trace`` tells of each call. Raises a CastaliaError that
    says what to do next.
    """
    request = request_of(prompt, attachments, **wishes)  # pyright: ignore[reportArgumentType]
    toolbox = Toolbox(function_tool(tool) for tool in tools)
    with closing(answer_with_tools(house(), request, toolbox) if toolbox else stream(request)) as events:
        for event in events:
            if isinstance(event, Completed):
                return of_plan(event.result, request.prompt)
    raise Interrupted("The request ended without a result.", hint="Ask again.")


def chat(
    conversation: str | None = None,
    *,
    branch: str | None = None,
    tools: Sequence[Callable[..., object]] = (),
    **wishes: object,
) -> Talk:
    """A conversation whose turns are kept: a new one, one to go on with, or a ``branch`` (``ID`` or ``ID:TURN``).

    ``wishes`` are ``system``, ``model``, ``engine``, ``seed`` and ``options``. Raises NotFound.
    """
    toolbox = Toolbox(function_tool(tool) for tool in tools)
    return Talk(house(), conversation=conversation, branch=branch, toolbox=toolbox, **wishes)  # pyright: ignore[reportArgumentType]


def generate(prompt: str, *, model: str | Model, seed: int | None = None, **options: object) -> Result:
    """Generate with a model of your choice; everything else as in `ask`."""
    return ask(prompt, model=model, seed=seed, **options)  # pyright: ignore[reportArgumentType]


def choose(prompt: str | Request, *attachments: str | Path | Part, **wishes: object) -> Choice:
    """What `ask` would choose, and why, without running it."""
    request = request_of(prompt, attachments, **wishes)  # pyright: ignore[reportArgumentType]
    return chosen(house(), request)


def plan(prompt: str | Request, *attachments: str | Path | Part, **wishes: object) -> Choice:
    """The steps that `ask` would take, each with its model and reasons, without running them; one for one output."""
    return planned(house(), request_of(prompt, attachments, **wishes))  # pyright: ignore[reportArgumentType]


def correct(prompt: str | Request, *attachments: str | Path | Part, meant: str) -> Lesson:
    """Teach the chooser that a request is a wish for the modality ``meant``; tells what has changed."""
    return teach(house(), request_of(prompt, attachments), meant)


def forget_corrections(*, last: bool = False) -> Lesson:
    """Take all corrections of the chooser back, or only the last."""
    return undo(house()) if last else forget(house())


class TrainingRun:
    """A training under way. Iterate ``events()`` to follow it; ``model`` waits for the end and is the trained model."""

    def __init__(self, events: Generator[Progress | ModelReady], warnings: list[str]) -> None:
        self.warnings = warnings
        self._events = events
        self._model: Model | None = None

    def events(self) -> Generator[Progress | ModelReady]:
        """Progress as it comes, `ModelReady` last. Closing this iterator stops the training after a checkpoint."""
        for event in self._events:
            if isinstance(event, ModelReady):
                self._model = event.model
            yield event

    @property
    def model(self) -> Model:
        """The trained model, after waiting for it. Raises what the training raised, Interrupted when it was stopped."""
        for _ in self.events():
            pass
        if self._model is None:
            raise Interrupted("The training was stopped.", hint="Go on with castalia train --resume")
        return self._model


def train(source: str | Path, **wishes: object) -> TrainingRun:
    """Train a model on a folder or file of your own.

    ``wishes``: ``name``, ``modality``, ``family``, ``size`` (tiny to large), ``minutes``, ``max_steps``, ``seed``,
    ``data_options``, ``start_from`` (a model to go on from). All problems of the data are raised at once as
    DatasetError, before any step.
    """
    training, warnings = plan_training(house(), source, **wishes)  # pyright: ignore[reportArgumentType]
    return TrainingRun(train_plan(house(), training), warnings)


def finetune(model: str | Model, data: str | Path, **wishes: object) -> TrainingRun:
    """Teach a language model a style or a format from examples; what comes of it is a model beside its base.

    ``data`` is a ``.jsonl`` file of conversations, instructions or texts, or a ``.txt`` file. ``wishes``: ``name``,
    ``minutes``, ``max_steps``, ``epochs``, ``rank``, ``alpha``, ``rate``, ``batch_tokens``, ``length``, ``seed``,
    ``threads``, ``licence``. The run raises all problems of the examples at once as DatasetError, before any step.
    """
    base = model.name if isinstance(model, Model) else model
    planned_run, notes = plan_finetuning(house(), base, data, **wishes)  # pyright: ignore[reportArgumentType]
    return TrainingRun(finetune_plan(house(), planned_run), notes)


def resume_finetuning(run: str) -> TrainingRun:
    """Go on with a fine-tuning that was stopped or killed."""
    return TrainingRun(resume_finetuning_run(house(), run), [])


def quantize(
    model: str | Model,
    to: str,
    *,
    name: str | None = None,
    text: str | Path | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Model:
    """A language model with its weights in another format of GGUF, as a new model; see
    `castalia.serving.quantize.quantize`."""
    base = model.name if isinstance(model, Model) else model
    return outcome(quantize_model(house(), base, to, new_name=name, text=text), ModelReady, progress).model


def evaluate(
    model: str | Model,
    data: str | Path | None = None,
    *,
    samples: int | None = None,
    seed: int = 0,
    engine: str | None = None,
    data_options: dict[str, object] | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Evaluation:
    """Measure what a model makes against data that it has not seen; its figures go into the registry and on its card.

    ``data`` is a file or folder like what it learnt from, for a language model text or questions (``.jsonl``); without
    it a trained model is judged by what it was trained on, a language model by questions and texts of our own.
    ``progress`` is told how far it is. Raises NotFound, BadRequest, DatasetError, MissingExtra.
    """
    name = model.name if isinstance(model, Model) else model
    wishes: dict[str, object] = {"data": None if data is None else str(data), "samples": samples, "seed": seed}
    events = evaluate_model(
        house(),
        name,
        data=data,
        samples=samples,
        seed=seed,
        engine=engine,
        data_options=data_options,
        command=f"castalia.evaluate({name!r}, {', '.join(f'{key}={value!r}' for key, value in wishes.items())})",
    )
    return outcome(events, Evaluated, progress).evaluation


def compare(
    *models: str | Model,
    requests: str | Path | None = None,
    samples: int = SAMPLES,
    seed: int = 0,
    most: int = MOST_REQUESTS,
    fresh: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> Comparison:
    """Set models side by side: what they make, how well, at what cost; the report lies in ``<home>/comparisons``.

    ``requests`` is a file of JSON lines that all of them are asked; see `castalia.serving.compare.compare`. Raises
    NotFound, BadRequest.
    """
    names = [model.name if isinstance(model, Model) else model for model in models]
    told = {"requests": None if requests is None else str(requests), "samples": samples, "seed": seed}
    events = compare_models(
        house(),
        names,
        requests=requests,
        samples=samples,
        seed=seed,
        most=most,
        fresh=fresh,
        command=f"castalia.compare({', '.join(map(repr, names))}, "
        f"{', '.join(f'{key}={value!r}' for key, value in told.items())})",
    )
    return outcome(events, Compared, progress).comparison


def advise(requests: str | Path) -> Advice:
    """Which kinds of models a file of requests needs, which installed one would answer, what is missing; runs nothing.

    ``requests`` are JSON lines. Raises BadRequest for a file that cannot be read.
    """
    path = Path(requests).expanduser()
    return advise_on(house(), read_workload(path), path.name, f"castalia.advise({str(requests)!r})")


def export(name: str, to: str | Path, conditions: dict[str, str] | None = None) -> Path:
    """Write a model that was trained here as a GGUF file for llama.cpp; see `castalia.serving.exporting.export`."""
    return export_model(house(), name, Path(to), conditions)


def resume_training(run: str) -> TrainingRun:
    """Go on with a run that was stopped or killed."""
    return TrainingRun(resume(house(), run), [])
