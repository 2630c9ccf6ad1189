"""The single signals: reading, wishes, attachments, and words of modalities from other packages."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from castalia.choosing.chooser import Chooser
from castalia.choosing.lexicon import LEXICON
from castalia.choosing.reading import read
from castalia.choosing.signals.attachments import columns_of, kind_of
from castalia.choosing.signals.wishes import find_wishes
from castalia.core import plugins
from castalia.core.config import ChooserSettings
from castalia.core.content import Part
from castalia.core.models import Model
from castalia.core.requests import Request
from castalia.core.specs import ModalitySpec


def wished(text: str) -> list[tuple[str, bool]]:
    return [(wish.modality, wish.negated) for wish in find_wishes(read(text), LEXICON)]


def test_quotes_code_and_payload_are_not_read_as_wishes() -> None:
    assert read("Translate 'draw a cat' to French").tokens == ["translate", "<quote>", "to", "french"]
    assert "<code>" in read("Explain ```draw(x)``` to me").tokens
    assert read("It's the dog's bone, isn't it").tokens[0] == "it's"
    assert "circle" not in read("Summarise what follows.\nText: draw a circle").tokens
    assert read('"draw a cat"').tokens == ["draw", "a", "cat"]


def test_phrases_are_one_token() -> None:
    assert "read_aloud" in read("please read aloud").tokens
    assert "图片" in read("一张海的图片").tokens
    assert "3d_model" in read("a 3D model").tokens


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("draw a cat", "en"),
        ("dibuja una casa con un perro", "es"),
        ("dessine une maison avec un chien", "fr"),
        ("ein Bild von einem Hund bitte", "de"),
        ("hãy vẽ một con chó cho tôi", "vi"),
        ("画一只狗", "zh"),
    ],
)
def test_language(text: str, language: str) -> None:
    assert read(text).language == language


def test_the_object_decides_what_is_made() -> None:
    assert wished("create a script for a video")[0] == ("text", False)
    assert wished("generate a picture of a song")[0] == ("image", False)
    assert wished("turn this poem into speech")[0] == ("speech", False)
    assert wished("sketch an outline of my essay")[0] == ("text", False)
    assert wished("The film was long") == []
    assert wished("how do whales make sounds?") == []


def test_negation() -> None:
    assert wished("do not draw anything") == [("image", True)]
    assert wished("why don't you draw a cat") == [("image", False)]
    assert ("image", True) in wished("I want no picture")


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        (Part(type="image"), "image"),
        (Part(type="speech"), "audio"),
        (Part(type="file", name="a.CSV"), "table"),
        (Part(type="file", media_type="video/mp4"), "video"),
        (Part(type="file", media_type="text/csv"), "table"),
        (Part(type="file", path=Path("/nowhere/b.webp")), "image"),
        (Part(type="file", name="audio"), "audio"),
        (Part(type="file", name="thing.xyz"), "file"),
    ],
)
def test_kind_of_attachment(part: Part, kind: str) -> None:
    assert kind_of(part) == kind


def test_columns_of_a_table() -> None:
    assert columns_of(Part(type="table", data=b'\xef\xbb\xbfa,"b, c",d\n1,2,3\n')) == ["a", "b, c", "d"]
    assert columns_of(Part(type="table", data=b"a\tb\n")) == ["a", "b"]
    assert columns_of(Part(type="table", data=b"")) is None
    assert columns_of(Part(type="table", data=b"PAR1\x00\x01")) is None
    assert columns_of(Part(type="table", path=Path("/nowhere/a.csv"))) is None


@pytest.fixture
def smells(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A modality of another package, known by its spec alone."""
    spec = ModalitySpec(
        name="smell",
        summary="Recipes for scents",
        media_types=("application/x-smell",),
        suffixes=(".smell",),
        options="castalia.modalities.text.options:TextOptions",
        wishes=("scent", "perfume", "smell of"),
    )
    known = {**plugins.modalities().specs(), "smell": spec}
    monkeypatch.setattr(plugins.modalities(), "_specs", known)
    yield
    plugins.modalities().forget()


@pytest.mark.usefixtures("smells")
def test_an_outside_modality_is_chosen_by_its_words() -> None:
    chooser = Chooser(ChooserSettings())
    nose = Model(name="nose", format="fake", engines=["fake"], outputs=["smell"], folder=Path())
    for text in ("Create a perfume of cedar and rain", "Generate the scent of an old library"):
        choice = chooser.choose(Request.of_text(text), [nose])
        assert (choice.modality, choice.model) == ("smell", "nose")
        assert "asked for smell" in choice.reasons[0]
    assert chooser.choose(Request.of_text("Draw a perfume bottle"), [nose]).modality == "image"
    assert chooser.choose(Request.of_text("Why is perfume so expensive?"), [nose]).modality == "text"


@pytest.mark.parametrize(
    "text",
    [
        "Classify these rows by churn",
        "Please label every row of this table",
        "Klassifiziere diese Zeilen",
        "把这些行分类",
    ],
)
def test_rows_are_sorted_into_classes_by_no_generator(text: str) -> None:
    chooser = Chooser(ChooserSettings())
    for parts in ([], [Part(type="file", name="customers.csv")]):
        choice = chooser.choose(Request.of_text(text, parts), [])
        assert choice.modality == "unsupported"
        assert "scikit-learn" in str(choice.refusal)


def test_who_speaks_of_classifying_rows_may_want_a_text_or_rows() -> None:
    chooser = Chooser(ChooserSettings())
    assert chooser.choose(Request.of_text("Explain how to classify rows of a table"), []).modality == "text"
    assert chooser.choose(Request.of_text("Make 20 rows of classified ads"), []).modality == "table"
    assert chooser.choose(Request.of_text("Sort the rows of this list by name"), []).modality == "text"
