"""What is to be spoken out of a request."""

from pathlib import Path

import pytest

from castalia.core.content import Message, Part
from castalia.core.errors import UnsupportedInput
from castalia.core.requests import Request
from castalia.modalities.speech.spoken import spoken_text, without_instruction


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [
        ("Read this aloud: good morning", "good morning"),
        ("Please read the following text out loud:\nIt was late.\n\nShe left.", "It was late.\n\nShe left."),
        ("convert this to speech: The sun is up.", "The sun is up."),
        ("Say 'hello there'", "hello there"),
        ("say: hi", "hi"),
        ("Say hello to the world", "hello to the world"),
        ("Can you say \"it's fine, isn't it?\" please?", "it's fine, isn't it?"),
        ("Read 'Good night, moon' aloud", "Good night, moon"),
        ("Read good night aloud.", "good night"),
        ("read aloud good morning everyone", "good morning everyone"),
        ("Could you read out the following for me? The bus is late.", "The bus is late."),
        ("Speak slowly: one, two, three", "one, two, three"),
        ("Text to speech: hello", "hello"),
        ("Good morning everyone -- please read this aloud", "Good morning everyone"),
        ("I want to convert the text 'Greetings from afar!' into an audio file.", "Greetings from afar!"),
        ("Create an audio recording of the sentence: I am here.", "I am here."),
        ("Say 'How are you?' and 'What time is it?'", "How are you?\nWhat time is it?"),
        ("Lee en voz alta: buenos días", "buenos días"),
        ("Di 'hola amigos'", "hola amigos"),
        ("Convierte este texto en voz: Llueve mucho.", "Llueve mucho."),
        ("Lis à haute voix : bonjour à tous", "bonjour à tous"),
        ("Dis bonjour", "bonjour"),
        ("Lies das bitte laut vor: Guten Morgen", "Guten Morgen"),
        ("Sag: Guten Tag", "Guten Tag"),
        ("Wandle diesen Text in Sprache um: Es regnet.", "Es regnet."),
    ],
)
def test_the_instruction_is_not_spoken(asked: str, spoken: str) -> None:
    assert without_instruction(asked) == spoken


@pytest.mark.parametrize(
    "text",
    [
        "Good morning everyone. The meeting starts at 9:30.",
        'He said: "no" and left.',
        "The audio file formats: wav and mp3.",
        "Read the room: nobody is happy.",
        "Make a cake: take flour and eggs.",
        "Saying no is hard.",
        "Dear all,\n\nthe office is closed on Monday.",
        "I want it all: fame and money.",
        '"No," she said, "I will not."',
    ],
)
def test_a_text_without_an_instruction_is_spoken_whole(text: str) -> None:
    assert without_instruction(text) == text


def test_dialogue_behind_the_instruction_keeps_its_quotation_marks() -> None:
    assert without_instruction('Read this aloud: "No," she said, "I will not."') == '"No," she said, "I will not."'


@pytest.mark.parametrize("asked", ["Read this aloud", "Please read the attached file out loud.", "Lies das bitte vor"])
def test_an_attached_text_is_spoken_when_only_the_instruction_is_given(asked: str, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("Eins, zwei – drei.\n", encoding="utf-8")
    assert spoken_text(Request.of_text(asked, [Part.of_file(file)])) == "Eins, zwei – drei."


def test_the_text_of_the_request_wins_over_an_attachment(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not this", encoding="utf-8")
    assert spoken_text(Request.of_text("Say hello", [Part.of_file(file)])) == "hello"


def test_an_attached_text_of_another_encoding_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "old.txt"
    file.write_bytes("Grüße".encode("latin-1"))
    with pytest.raises(UnsupportedInput, match=r"old\.txt is not UTF-8"):
        spoken_text(Request.of_text("Read this aloud", [Part.of_file(file)]))


def test_a_verbatim_part_is_spoken_with_its_instruction() -> None:
    part = Part(type="text", text="Read this aloud: hello", info={"verbatim": True})
    assert spoken_text(Request(messages=[Message(parts=[part])])) == "Read this aloud: hello"


def test_an_instruction_alone_is_spoken() -> None:
    assert spoken_text(Request.of_text("Read this aloud")) == "Read this aloud"


def test_instructions_of_the_development_requests_are_recognised(shared: Path) -> None:
    import json

    lines = (shared / "data" / "requests-dev.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    asked = [row["text"] for row in rows if row["label"] == "speech" and row["tier"] == "explicit_rule"]
    found = [without_instruction(text) for text in asked]
    recognised = sum(spoken != text and spoken in text for spoken, text in zip(found, asked, strict=True))
    assert recognised >= 0.9 * len(asked)
