"""Text becomes tokens and comes back letter for letter; what a tokenizer cannot write is refused by name."""

import json
import random

import numpy as np
import pytest

from castalia.core.errors import BadRequest
from castalia.modalities.text.modality import TextModality
from castalia.modalities.text.molecules import symbols_of
from castalia.modalities.text.options import TextData
from castalia.modalities.text.tokenization import BytePairs, Symbols, restore, vocabulary_for

MODALITY = TextModality()
ANYTHING = "naïve ☃ 日本語\t\x07 <|end|> e\u0301 \U0001f600\r\n"


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "tale.txt"
    draw = random.Random(0)
    words = [draw.choice(["once", "there", "was", "a", "fox", "who", "ran,", "slept\n", "and"]) for _ in range(4000)]
    path.write_text(" ".join(words))
    return path


@pytest.mark.parametrize("tokenizer", ["characters", "bpe"])
def test_a_stream_holds_the_text_letter_for_letter(source, tokenizer):
    representation, encoded = MODALITY.fit(source, TextData(tokenizer=tokenizer))
    assert representation.layout.stream
    assert encoded.data.dtype == np.int64
    assert encoded.data.ndim == 1
    assert encoded.data.min() > representation.layout.padding
    assert encoded.data.max() < representation.layout.vocabulary
    assert representation.decode(encoded.data).strip() == source.read_text().strip()
    again = MODALITY.restore(json.loads(json.dumps(representation.config())))
    assert again.layout == representation.layout
    assert np.array_equal(again.encode("once there was"), representation.encode("once there was"))


def test_byte_pairs_write_anything_and_shorten_what_they_know(source):
    tokenizer = BytePairs.of([source.read_text()], 512)
    assert tokenizer.decode(tokenizer.encode(ANYTHING)) == ANYTHING
    assert len(tokenizer.encode("once there was a fox")) < 12
    assert restore(json.loads(json.dumps(tokenizer.config()))).encode(ANYTHING) == tokenizer.encode(ANYTHING)


def test_unknown_characters_are_refused_by_name():
    with pytest.raises(BadRequest, match="'é', '☃'") as error:
        Symbols.of(["cafe"]).encode("café ☃".replace(" ", ""))
    assert "bpe" in error.value.hint


def test_many_documents_have_borders(tmp_path):
    for index in range(10):
        (tmp_path / f"{index}.txt").write_text(f"number {index} " * 40)
    representation, encoded = MODALITY.fit(tmp_path, TextData())
    assert (encoded.data == 1).sum() == 10
    assert "number 3 \n\n\nnumber 4" in representation.decode(encoded.data)


def test_large_alphabets_take_byte_pairs(tmp_path):
    draw = random.Random(0)
    (tmp_path / "signs.txt").write_text("".join(chr(0x4E00 + draw.randrange(600)) for _ in range(5000)))
    representation, _ = MODALITY.fit(tmp_path, TextData())
    assert representation.tokenizer.config()["kind"] == "bpe"
    assert [vocabulary_for(size) for size in (10_000, 1_000_000, 10**8, 10**12)] == [512, 2048, 16384, 32768]


def test_molecules_fall_into_atoms(tmp_path):
    assert symbols_of("CC(Cl)[C@@H](Br)%12", "smiles") == ["C", "C", "(", "Cl", ")", "[C@@H]", "(", "Br", ")", "%12"]
    assert symbols_of("[C][=O][Branch1]", "selfies") == ["[C]", "[=O]", "[Branch1]"]
    lines = ["C" * n + end for n in range(1, 20) for end in ("O", "N", "Br", "[nH]")]
    (tmp_path / "set.smi").write_text("\n".join(lines))
    representation, encoded = MODALITY.fit(tmp_path / "set.smi", TextData())
    assert not representation.layout.stream
    assert representation.tokenizer.size == 5
    assert encoded.data.shape == (len(lines), 21)
    assert (encoded.data[:, -1] == 0).all(), "every item ends"
    assert [representation.decode(row) for row in encoded.data] == lines
