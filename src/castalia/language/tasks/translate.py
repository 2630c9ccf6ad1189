"""Translate: a text into another language, section by section."""

from collections.abc import Generator

from pydantic import Field

from castalia.core.events import Event
from castalia.language.answering import section_by_section
from castalia.language.task import Desk, Given, Made, Task, TaskOptions, TaskOutput, Turn

SECTION = 160
"""Most tokens translated at once: small models leave sentences out of more."""
GROWTH = 1.6

SAMPLES = {
    "english": ("Good morning, where is the station?", "The letter arrived on Monday."),
    "german": ("Guten Morgen, wo ist der Bahnhof?", "Der Brief ist am Montag angekommen."),
    "french": ("Bonjour, où est la gare ?", "La lettre est arrivée lundi."),
    "spanish": ("Buenos días, ¿dónde está la estación?", "La carta llegó el lunes."),
    "italian": ("Buongiorno, dov'è la stazione?", "La lettera è arrivata lunedì."),
    "portuguese": ("Bom dia, onde fica a estação?", "A carta chegou na segunda-feira."),
    "dutch": ("Goedemorgen, waar is het station?", "De brief is maandag aangekomen."),
    "chinese": ("早上好，车站在哪里？", "信是星期一到的。"),
    "vietnamese": ("Chào buổi sáng, nhà ga ở đâu?", "Lá thư đã đến hôm thứ Hai."),
}
"""Two sentences in each language: they show the model what is wanted, and where the answer ends."""


class Options(TaskOptions):
    """Into which language."""

    to: str = Field(min_length=2, max_length=40, description="The language wanted, by its English name: German.")
    source: str = Field(default="", max_length=40, description="The language of the text; found out when left out.")


def run(given: Given[Options], desk: Desk) -> Generator[Event, None, Made]:
    """The translations of all sections."""
    return (
        yield from section_by_section(
            desk,
            given.text,
            lambda section: turns(section, given.options),
            growth=GROWTH,
            most=SECTION,
            doing="translating",
        )
    )


def turns(text: str, options: Options) -> list[Turn]:
    """The conversation: two sentences translated already, where both languages are known, and then the text."""
    source, target = options.source.lower() or "english", options.to.lower()
    if source == target:
        source = "german" if target == "english" else "english"
    said: list[Turn] = []
    for before, after in zip(SAMPLES.get(source, ()), SAMPLES.get(target, ()), strict=False):
        said += [("user", _asked(before, options)), ("assistant", after)]
    return [*said, ("user", _asked(text, options))]


def _asked(text: str, options: Options) -> str:
    origin = f" from {options.source.title()}" if options.source else ""
    return f"Translate{origin} to {options.to.title()}: {text}"


TASK = Task(
    name="translate",
    summary="Put a text into another language.",
    options=Options,
    output=TaskOutput,
    run=run,
    measures=("coverage", "language", "numbers kept", "left as it was"),
)
