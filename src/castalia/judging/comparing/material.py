"""What models are asked when they are compared: requests of every kind, facts to recall, things to attach."""

import io
import random
import wave
from dataclasses import dataclass

from PIL import Image

from castalia.core.content import Part
from castalia.core.models import Model
from castalia.judging.evaluation.language.material import packaged
from castalia.modalities.wording import names_of


@dataclass(frozen=True)
class Asked:
    """A request that is put to every model: the kind it wants, the task class it counts for, what its answer must hold.

    ``attachments`` are files that go with it.
    """

    prompt: str
    wanted: str
    task: str
    answers: tuple[str, ...] = ()
    attachments: tuple[Part, ...] = ()


REQUESTS = (
    Asked("What is the capital of France? Answer in one word.", "text", "text", ("Paris",)),
    Asked("Write two sentences about the sea.", "text", "text"),
    Asked("Draw me a picture.", "image", "image"),
    Asked("Paint something that I can hang on the wall.", "image", "image"),
    Asked("Make a sound.", "audio", "audio"),
    Asked("I need a short sound effect.", "audio", "audio"),
    Asked("Read this aloud: The boat leaves at nine.", "speech", "speech"),
    Asked("Say with a voice: good morning to all of you.", "speech", "speech"),
    Asked("Compose a short piece of music in G major.", "music", "music"),
    Asked("Write a slow tune in D minor that I can play.", "music", "music"),
    Asked("Make a short video clip.", "video", "video"),
    Asked("Animate something that moves.", "video", "video"),
    Asked("Give me 20 rows of a synthetic table.", "table", "table"),
    Asked("Generate a table of 12 records.", "table", "table"),
)
"""Asked when no file of requests is given: two of each kind, which any model of that kind can meet."""

OWN = {
    "text": "Write two sentences about the sea.",
    "image": "a picture",
    "audio": "a sound",
    "speech": "Read this aloud: The boat leaves at nine and comes back at noon.",
    "music": "a piece of music in G major",
    "video": "a video clip",
    "table": "24 rows",
}
"""What a model is asked for again and again, with other seeds, to see how it behaves."""

DISTANCES = (50, 200, 800)
"""Words between a fact and the question about it."""
FACTS = 4
"""Facts for each distance."""
LONG = 2000
"""Words of the long prompt."""
PLACES = ("harbour", "library", "station", "garden", "museum", "bakery", "school", "theatre")


def own_prompt(model: Model) -> str:
    """A wish of the model's own kind: its first class by name where it has classes."""
    kind = model.outputs[0]
    classes = model.details.get("classes")
    if kind in {"image", "audio", "video"} and isinstance(classes, dict | list) and classes:
        first = str(next(iter(classes)))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        return f"{OWN[kind]} of {names_of(first)[0]}"
    return OWN.get(kind, "something")


def recall(distance: int, number: int, seed: int) -> tuple[str, str]:
    """A prompt with a fact, ``distance`` words of other text, and the question about the fact; and the answer."""
    draw = random.Random(f"{seed}/{distance}/{number}")  # noqa: S311 - nothing secret
    place, code = draw.choice(PLACES), str(draw.randrange(1000, 9999))
    filler = words_of_passages(distance, draw.randrange(1000))
    question = f"What is the number of the {place}? Answer with the number only."
    return f"The number of the {place} is {code}.\n\n{filler}\n\n{question}", code


def long_prompt(prompt: str, words: int = LONG) -> str:
    """The wish, with so many words of other text behind it."""
    return f"{prompt}\n\n{words_of_passages(words, 0)}"


def words_of_passages(count: int, start: int) -> str:
    """So many words of our own passages, over and over, from some word on."""
    words = " ".join(packaged().passages).split()
    return " ".join(words[(start + place) % len(words)] for place in range(count))


def attachments() -> list[tuple[str, Part]]:
    """One small file of each kind that people attach."""
    picture = Image.new("RGB", (32, 32), "white")
    picture.paste((200, 40, 40), (8, 8, 24, 24))
    image, sound = io.BytesIO(), io.BytesIO()
    picture.save(image, "PNG")
    with wave.open(sound, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        tone = (8000 * (1 if place // 20 % 2 else -1) for place in range(8000))
        file.writeframes(b"".join(value.to_bytes(2, "little", signed=True) for value in tone))
    rows = "name,age,town\n" + "".join(f"person {number},{20 + number},Rome\n" for number in range(12))

    def part(name: str, media_type: str, data: bytes) -> Part:
        return Part(type="file", name=name, media_type=media_type, data=data)

    return [
        ("a picture", part("square.png", "image/png", image.getvalue())),
        ("a sound", part("tone.wav", "audio/wav", sound.getvalue())),
        ("a table", part("people.csv", "text/csv", rows.encode())),
        ("a text", part("note.txt", "text/plain", words_of_passages(60, 0).encode())),
    ]
