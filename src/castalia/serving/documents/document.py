"""A document before it has a format: title, sections with their outputs, and what is to be said of each."""

from dataclasses import dataclass, field

from castalia.choosing.reading import guess_language, read
from castalia.core.content import Part
from castalia.core.results import Result, Step
from castalia.serving.documents.markdown import blocks

TITLE = 90
"""Characters of a title that is made of the request."""
HEADINGS = {"speech": "Read aloud", "music": "Music", "audio": "Sound", "video": "Film", "table": "Table"}


@dataclass
class Section:
    """What one step has made. ``heading`` is empty for the text that the document is about; ``about`` says by whom it
    was made, what the verdict is and why it is doubtful; ``missing`` why there is nothing."""

    heading: str
    parts: list[Part]
    about: str
    missing: str = ""


@dataclass
class Document:
    """Everything that goes into the file. ``language`` is a code such as ``en``."""

    title: str
    request: str
    language: str
    sections: list[Section] = field(default_factory=list[Section])
    notes: list[str] = field(default_factory=list[str])
    footer: str = ""


def document_of(result: Result, prompt: str) -> Document:
    """The document of a plan's result; ``prompt`` is what was asked."""
    written = next((part.text for part in result.outputs if part.text is not None), "")
    headed = next((block.text for block in blocks(written)[:1] if block.kind == "heading"), "")
    title = headed or (prompt if len(prompt) <= TITLE else f"{prompt[: TITLE - 1].rsplit(' ', 1)[0]}…")
    sections = [_section(step, result, first=step is result.choice.steps[0]) for step in result.choice.steps]
    if headed and sections and sections[0].parts and sections[0].parts[0].text is not None:
        first = sections[0].parts[0]
        body = written.lstrip().split("\n", 1)
        sections[0].parts[0] = first.model_copy(update={"text": body[1] if len(body) > 1 else ""})
    footer = f"Machine-made by Castalia, {result.created:%Y-%m-%d %H:%M} UTC, plan {result.id}."
    return Document(
        title=title,
        request=prompt,
        language=guess_language(prompt, read(prompt).tokens),
        sections=sections,
        notes=[note for step in result.choice.steps for note in step.notes],
        footer=footer,
    )


def _section(step: Step, result: Result, *, first: bool) -> Section:
    parts = [result.outputs[place] for place in step.outputs]
    heading = HEADINGS.get(step.modality, "")
    if step.name.startswith("summary"):
        heading = "Summary"
    elif step.modality == "text" and not first:
        heading = "Text"
    if step.state != "done":
        return Section(heading or step.name.capitalize(), [], "", f"The step {step.name} {step.state}. {step.why}")
    by = step.choice.model if step.choice is not None else None
    seed = "" if step.seed is None else f", seed {step.seed}"
    doubt = f" ({step.why.rstrip('.')})" if step.why else ""
    return Section(heading, parts, f"{step.name} by {by}, verdict {step.status}{doubt}{seed}")


def caption(part: Part) -> str:
    """What is said below a picture."""
    return str(part.info.get("caption") or "")
