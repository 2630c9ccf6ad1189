"""Classes with several names: any of them asks for the class, the first one tells it."""

import numpy as np
import pytest

from castalia.core.errors import BadRequest
from castalia.modalities.classes import encode_labels, wanted_labels
from castalia.modalities.folders import class_findings, list_folder
from castalia.modalities.wording import Wish, find_label, names_of, read_wish

CLASSES = ("bass drum, kick drum, kick", "bass, synth bass", "hi-hat, hihat", "vinyl hiss, hiss")
SOUNDS = frozenset({"sounds"})


@pytest.mark.parametrize(
    ("prompt", "wish"),
    [
        ("the sound of a bass drum", Wish(None, (CLASSES[0],))),
        ("play me a kick", Wish(None, (CLASSES[0],))),
        ("three kick drums, please", Wish(3, (CLASSES[0],))),
        ("a bass and a hihat", Wish(None, (CLASSES[1], CLASSES[2]))),
        ("the sound of a closed hi-hat", Wish(None, (CLASSES[2],))),
        ("a kick and a bass drum", Wish(None, (CLASSES[0],))),
        ("some hisses", Wish(None, (CLASSES[3],))),
        ("a gong", Wish(None, ())),
    ],
)
def test_any_name_asks_for_the_class(prompt: str, wish: Wish) -> None:
    assert read_wish(prompt, CLASSES, SOUNDS) == wish


def test_the_option_takes_any_name_too() -> None:
    assert find_label("kicks", CLASSES) == CLASSES[0]
    assert find_label(CLASSES[0], CLASSES) == CLASSES[0]
    assert wanted_labels("Kick Drum", "", CLASSES, SOUNDS) == (["bass drum"], {})
    with pytest.raises(BadRequest, match="no class 'drum'") as error:
        wanted_labels("drum", "", CLASSES, SOUNDS)
    assert error.value.hint == "Its classes: bass drum, bass, hi-hat, vinyl hiss."


def test_the_first_name_stands_for_the_class() -> None:
    assert names_of("Washington") == ("Washington",)
    assert names_of(" one ,, two") == ("one", "two")
    labels, note = wanted_labels(None, "a hiss", CLASSES, SOUNDS)
    assert (labels, note) == (["vinyl hiss"], {})
    by_name, by_folder = encode_labels(labels, CLASSES), encode_labels([CLASSES[3]], CLASSES)
    assert np.array_equal(by_name[0], by_folder[0])
    assert by_name[1].all()


def test_a_name_of_two_classes_is_told(tmp_path) -> None:
    for folder in ("crash, cymbal", "splash, cymbal"):
        (tmp_path / folder).mkdir()
        for item in range(20):
            (tmp_path / folder / f"{item}.wav").touch()
    listing = list_folder(tmp_path, (".wav",), "auto", 100)
    assert class_findings(listing, "auto", "sounds", 16) == (
        [],
        ["names that stand for two classes ask for the first: cymbal"],
    )
