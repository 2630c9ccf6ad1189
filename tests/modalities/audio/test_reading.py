"""A folder of sounds is recognised, looked through and read."""

import shutil

import numpy as np
import pytest

from castalia.core.errors import DatasetError
from castalia.core.requests import Request
from castalia.modalities import sentences
from castalia.modalities.audio.modality import AudioModality
from castalia.modalities.audio.options import AudioData, AudioOptions
from castalia.modalities.audio.outline import near_pairs
from castalia.modalities.audio.reading import pieces, without_silence
from castalia.modalities.audio.spectrum import HOP
from castalia.modalities.sound import decode, encode
from castalia.serving.detect import detect_modality

MODALITY = AudioModality()
RATE = 16_000


def tone(seconds, hertz=440.0, rate=RATE, level=0.5):
    return (level * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


@pytest.fixture
def mixed(drums, tmp_path):
    """A copy of the drums to put bad files into."""
    return shutil.copytree(drums, tmp_path / "mixed")


def test_a_folder_of_sounds_is_recognised(drums, tmp_path):
    assert detect_modality(drums) == "audio"
    (tmp_path / "song.mid").write_bytes(b"MThd")
    (tmp_path / "picture.png").write_bytes(b"")
    assert MODALITY.recognises(tmp_path) == 0.0
    assert MODALITY.recognises(drums / "kick" / "00.wav") == 0.0


def test_near_duplicates_are_told(mixed):
    samples, _ = decode((mixed / "hat" / "03.wav").read_bytes())
    later = np.concatenate([np.zeros(700, np.float32), 0.4 * samples])
    (mixed / "hat" / "quieter.flac").write_bytes(encode(later, RATE, "audio/flac"))
    at_44100, rate = decode((mixed / "hat" / "05.wav").read_bytes(), 44_100)
    (mixed / "hat" / "resampled.wav").write_bytes(encode(at_44100, rate, "audio/wav"))
    (told,) = [line for line in MODALITY.survey(mixed / "hat", AudioData()).warnings if "near-duplicates" in line]
    assert told == "2 near-duplicates: quieter.flac ~ 03.wav, resampled.wav ~ 05.wav"


def test_three_alike_are_two_copies():
    sounds = np.random.default_rng(0).uniform(-30.0, 0.0, (6, 384)).astype(np.float32)
    sounds[3] = sounds[1] + 0.1
    sounds[5] = sounds[1] + 0.3
    assert [pair[0] for pair in near_pairs(sounds)] == [3, 5]
    assert near_pairs(sounds[:1]) == []


def test_every_problem_is_told_at_once(mixed):
    (mixed / "kick" / "broken.wav").write_bytes(b"RIFF0000WAVEnothing")
    (mixed / "kick" / "words.mp3").write_bytes(b"no sound at all")
    (mixed / "hat" / "silent.wav").write_bytes(encode(np.zeros(8000, np.float32), RATE, "audio/wav"))
    (mixed / "hat" / "loud.wav").write_bytes(encode(np.clip(tone(0.2, level=5.0), -1, 1), RATE, "audio/wav"))
    (mixed / "hat" / "high.flac").write_bytes(encode(tone(3.0, rate=44_100), 44_100, "audio/flac"))
    shutil.copy(mixed / "kick" / "00.wav", mixed / "hat" / "twin.wav")
    (mixed / "notes.txt").write_text("a file that is no sound")
    survey = MODALITY.survey(mixed, AudioData())
    assert [line.partition(":")[0] for line in survey.problems] == ["kick/broken.wav", "kick/words.mp3"]
    told = "\n".join(survey.warnings)
    for words in (
        "1 sounds are silent and left out: hat/silent.wav",
        "1 sounds are clipped",
        "mixed rates (42 at 16000 Hz, 1 at 44100 Hz): all are resampled to 16000 Hz",
        "1 sounds are longer than 0.26 s and trimmed to their beginning: hat/high.flac",
        "lengths differ widely",
        "1 exact duplicates are used once: kick/00.wav = hat/twin.wav",
        "1 sounds lie in two classes",
        "1 files are not sounds and are left out: notes.txt",
    ):
        assert words in told
    assert survey.facts["sounds"] == 43
    assert survey.facts["classes"] == {"hat": 24, "kick": 22}
    with pytest.raises(DatasetError) as caught:
        MODALITY.fit(mixed, AudioData())
    assert len(caught.value.problems) == 2
    lenient = AudioData(skip_bad=True)
    assert MODALITY.survey(mixed, lenient).problems == []
    _, encoded = MODALITY.fit(mixed, lenient)
    assert len(encoded.data) == 43


def test_too_few_sounds_and_empty_folders_are_refused(tmp_path, drums):
    assert MODALITY.survey(tmp_path, AudioData()).problems == [
        "there is no sound in the folder (wav, flac, ogg, mp3, aiff or m4a)"
    ]
    for index in range(3):
        shutil.copy(drums / "kick" / f"{index:02d}.wav", tmp_path / f"{index}.wav")
    assert "too few" in MODALITY.survey(tmp_path, AudioData()).problems[0]
    assert "not a folder" in MODALITY.survey(tmp_path / "0.wav", AudioData()).problems[0]


def test_drums_are_read_as_spectrograms(drums):
    representation, encoded = MODALITY.fit(drums, AudioData())
    assert representation.askable.classes == ("hat", "kick")
    assert encoded.data.shape == (40, 80, 16)
    assert encoded.data.shape[1:] == representation.layout.shape
    assert encoded.data.min() == -1.0
    assert 0.99 <= encoded.data.max() <= 1.0
    assert encoded.conditions is not None
    kicks = encoded.data[encoded.conditions[:, 1] == 1.0]
    hats = encoded.data[encoded.conditions[:, 0] == 1.0]
    assert kicks[:, :8, :4].mean() > kicks[:, 60:, :4].mean() + 0.3, "kicks are low"
    assert hats[:, 60:, :4].mean() > hats[:, :8, :4].mean() + 0.1, "hats are high"
    assert MODALITY.restore(representation.config()) == representation


def test_the_length_and_rate_can_be_chosen(drums):
    representation, _ = MODALITY.fit(drums, AudioData(seconds=1.0, rate=22_050))
    assert representation.rate == 22_050
    assert 1.0 <= representation.seconds < 1.2


def test_longer_sounds_are_trimmed_or_cut():
    data = encode(np.concatenate([np.zeros(4000, np.float32), tone(1.0)]), RATE, "audio/wav")
    frames = 16
    (beginning,) = pieces(data, RATE, frames, AudioData())
    assert len(beginning) == frames * HOP
    assert np.abs(beginning[:1000]).max() > 0.8, "silence before the sound is left out"
    assert np.abs(beginning[-5:]).max() < 0.05, "faded out where it was cut"
    cut = pieces(data, RATE, frames, AudioData(longer="cut"))
    assert [len(piece) for piece in cut] == [4096, 4096, 4096, 3712]
    assert pieces(encode(np.zeros(999, np.float32), RATE, "audio/wav"), RATE, frames, AudioData()) == []


def test_levels_are_evened_out_unless_kept():
    data = encode(tone(0.2, level=0.05), RATE, "audio/wav")
    (even,) = pieces(data, RATE, 16, AudioData())
    (kept,) = pieces(data, RATE, 16, AudioData(level="keep"))
    assert np.abs(even).max() == pytest.approx(0.9, abs=0.01)
    assert np.abs(kept).max() == pytest.approx(0.05, abs=0.002)


def test_silence_is_found_at_both_ends():
    sound = np.concatenate([np.zeros(1600, np.float32), tone(0.1), np.zeros(3200, np.float32)])
    assert abs(len(without_silence(sound, RATE)) - 1600) <= 160
    assert abs(len(without_silence(sound, RATE, lead=False)) - 3200) <= 160
    assert len(without_silence(np.zeros(800, np.float32), RATE)) == 0


def test_sounds_with_captions_are_asked_in_words(tmp_path, monkeypatch):
    def said(sentences_):
        return np.stack([np.full(sentences.WIDTH, float(len(one)), dtype=np.float32) for one in sentences_])

    monkeypatch.setattr(sentences, "vectors", said)
    draw = np.random.default_rng(0)
    for number in range(16):
        samples = (0.5 * draw.standard_normal(8000) * np.linspace(1, 0, 8000)).astype(np.float32)
        (tmp_path / f"{number:02d}.wav").write_bytes(encode(samples, 16_000, "audio/wav"))
        (tmp_path / f"{number:02d}.txt").write_text(f"hiss number {number}", encoding="utf-8")
    view, encoded = MODALITY.fit(tmp_path, AudioData())
    assert view.askable.captioned
    assert encoded.conditions.shape == (16, sentences.WIDTH)
    assert MODALITY.recognises(tmp_path) == 1.0
    assert MODALITY.survey(tmp_path, AudioData()).facts["captions"] == 16
    asked = []

    def sampler(count, conditions, known, seed):
        asked.append(conditions)
        return np.full((count, *encoded.data.shape[1:]), -1.0, dtype=np.float32)

    options = AudioOptions().model_dump()
    request = Request.of_text("play me the sound of a soft hiss", modality="audio", seed=0, options=options)
    made = [one for one in MODALITY.generate(view, sampler, request) if hasattr(one, "data")]
    assert made[0].info["caption"] == "soft hiss"
    assert float(asked[0][0, 0]) == len("soft hiss")
