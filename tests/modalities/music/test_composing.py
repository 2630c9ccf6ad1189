"""From a folder of scores to finished pieces, in the wished key, tempo, length, instrument and encoding."""

import base64
import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from castalia.core.errors import BadRequest
from castalia.families.artifact import read_config
from castalia.modalities.music import rendering
from castalia.modalities.music.generation import Composer
from castalia.modalities.music.midi import write_midi
from castalia.modalities.music.options import MusicOptions
from castalia.modalities.music.parallels import parallels
from castalia.modalities.music.piece import Part, Piece, estimated_key, in_order
from castalia.modalities.music.reading import read_music
from castalia.modalities.music.representation import (
    BAR,
    FINAL,
    FIRST_METRE,
    OPENING,
    MusicRepresentation,
    Voice,
    restored,
)
from castalia.modalities.music.synthesis import synthesise
from castalia.modalities.music.wording import Order, read_order
from castalia.modalities.sound import decode


@pytest.fixture(scope="module")
def composer(songbook, artifact_of):
    return artifact_of(songbook, "music", steps=200)


def pieces(events):
    return [read_music(event.data) for event in events if event.event == "media"]


@pytest.mark.parametrize(
    ("prompt", "order"),
    [
        ("Compose a slow chorale in G minor", Order(key=(7, True), pace="slow")),
        ("a tune in B flat major for flute, 16 bars", Order(key=(10, False), program=73, bars=16)),
        ("three fiddle tunes at 120 bpm in F#m", Order(count=3, key=(6, True), tempo=120.0, program=40)),
        ("Schreib ein Lied in Es-Dur", Order(key=(3, False))),
        ("I am sad, play a sad melody", Order(key=(None, True))),
        ("music", Order()),
        ("a major work", Order()),
        ("a song in a minor", Order(key=(9, True))),
        ("a song in a minor key", Order(key=(None, True))),
    ],
)
def test_wishes_are_read(prompt, order):
    assert read_order(prompt, MusicOptions()) == order


def test_options_beat_the_prompt_and_wrong_ones_are_refused():
    options = MusicOptions(key="Bb", tempo=90, instrument="organ", bars=4)
    assert read_order("slow, in C minor, 8 bars", options) == Order(1, (10, False), 90, "slow", 19, 4)
    with pytest.raises(BadRequest, match="'Q'"):
        read_order("", MusicOptions(key="Q"))
    with pytest.raises(BadRequest, match="'kazoo'"):
        read_order("", MusicOptions(instrument="kazoo"))


def test_train_save_serve(composer, ask, card_of):
    events = ask(composer, "music", "a tune in D minor, 6 bars")
    assert [event.event for event in events] == ["media", "usage", "done"]
    (piece,) = pieces(events)
    assert events[0].media_type == "audio/midi"
    assert len(piece.notes) > 12
    info = events[0].info
    assert (info["key"], info["notes"], info["bars"]) == ("D minor", len(piece.notes), piece.bars)
    assert [part.program for part in piece.parts] == [73, 43]
    scale = {(2 + step) % 12 for step in (0, 2, 3, 5, 7, 8, 10)}
    assert np.mean([int(pitch) % 12 in scale for pitch in piece.notes[:, 2]]) > 0.85
    figures = card_of(composer)["figures"]
    assert figures["music.pitch_overlap"] > 0.5
    assert figures["music.length_overlap"] > 0.5
    assert figures["music.in_key_real"] > 0.85


def test_voices_are_asked_for_the_range_that_they_have_in_the_training(composer, songbook):
    view = restored(read_config(composer).representation)
    barred = []

    def sampler(count, conditions, known, seed, given):
        barred.append(given.barred)
        position, _, _, note, _ = view.firsts
        return np.asarray([[OPENING, FIRST_METRE, *[BAR, position, note] * 6, FINAL]] * count)

    list(Composer(view, sampler, Order(key=(4, False)), seed=0).compose())
    assert set(barred) == {view.unsung(4, minor=False)} != {()}
    pieces_there = [read_music(path.read_bytes()) for path in sorted(songbook.iterdir())]
    for number, voice in enumerate(view.voices):
        known = np.concatenate([piece.notes[piece.notes[:, 4] == number, 2] for piece in pieces_there])
        assert known.min() <= voice.sung[0] <= np.quantile(known, 0.02)
        assert np.quantile(known, 0.98) <= voice.sung[1] <= known.max()


def test_notes_that_no_voice_sings_in_a_key_are_barred():
    flute, drums = Part("Flute", 73), Part("Drums", 0, drums=True)
    voices = (Voice(flute, 58, 70, (60, 66)), Voice(drums, 36, 40, (38, 38)), Voice(flute, 40, 44))
    view = MusicRepresentation(1, ((4, 4),), voices, (1,), (), 32, True, {}, (0,) * 24, 100.0)
    first = view.firsts[3]
    sung = [pitch for pitch in range(58, 71) if first + pitch - 58 not in view.unsung(7, minor=False)]
    assert sung == list(range(65, 71)), (
        "G major lies seven semitones over C major or five below it: it is moved by five up"
    )
    assert view.unsung(0, minor=False) == tuple(first + pitch - 58 for pitch in (58, 59, 67, 68, 69, 70))


def test_without_a_wished_length_a_piece_is_not_shorter_than_those_of_the_training(composer):
    view = restored(read_config(composer).representation)
    position, _, _, note, _ = view.firsts
    bar = [BAR, position, note]

    def sampler(count, *_):
        rows = np.zeros((count, 64), dtype=np.int64)
        for place, bars in enumerate((1, 2, 6)):
            tokens = [OPENING, FIRST_METRE, *bar * bars, FINAL]
            rows[place, : len(tokens)] = tokens
        return rows

    assert view.fewest_bars == 5
    made = Composer(view, sampler, Order(), seed=0)
    list(made.compose())
    assert made.piece().bars == 6


def test_more_are_drawn_until_one_is_in_the_wished_key(composer):
    view = restored(read_config(composer).representation)
    position, _, _, note, _ = view.firsts
    low = view.voices[0].low
    scales = {"wrong": [1, 3, 5, 6, 8, 10, 12, 1], "right": [0, 2, 4, 5, 7, 9, 11, 0]}
    asked = []

    def sampler(count, *_):
        asked.append(count)
        steps = scales["right" if len(asked) == 2 else "wrong"]
        pitches = [next(pitch for pitch in range(low, low + 12) if pitch % 12 == step % 12) for step in steps]
        bars = [token for pitch in pitches for token in (BAR, position, note + pitch - low)]
        row = [OPENING, FIRST_METRE, *bars, FINAL]
        return np.asarray([row + [0] * (64 - len(row))] * count)

    made = Composer(view, sampler, Order(key=(0, False)), seed=0)
    list(made.compose())
    assert len(asked) == 2
    assert estimated_key(made.piece().notes) == (0, False)


@pytest.mark.parametrize(("usual", "left"), [(0.0, 0), (1.0, 1), (None, 1)])
def test_parallels_that_training_pieces_lack_are_drawn_anew(composer, usual, left):
    """Bass C F G C; the soprano goes with it in octaves first, and against it when it is drawn anew."""
    view = replace(restored(read_config(composer).representation), parallels=usual)
    position, _, _, first, _ = view.firsts
    high, low = view.voices
    bass = [next(pitch for pitch in range(low.low, low.low + 12) if pitch % 12 == step) for step in (0, 5, 7, 0)]
    octaves, against = ((0, 5, 11, 0), (0, 9, 11, 0))
    begun = []

    def row(steps):
        tokens = [OPENING, FIRST_METRE]
        for step, below in zip(steps, bass, strict=True):
            above = next(pitch for pitch in range(high.low, high.low + 12) if pitch % 12 == step)
            tokens += [BAR, position, first + high.width + below - low.low, first + above - high.low]
        return [*tokens, FINAL]

    def sampler(count, _conditions, _known, _seed, given):
        begun.append(given.data[0][given.mask[0]].tolist())
        drawn = row(octaves) if len(begun[-1]) == 1 else begun[-1] + row(against)[len(begun[-1]) :]
        return np.asarray([drawn + [0] * (64 - len(drawn))] * count)

    made = Composer(view, sampler, Order(key=(0, False)), seed=0)
    list(made.compose())
    assert len(parallels(made.piece())) == left
    kept = begun[-1]
    assert kept == row(octaves)[: len(kept)], "what stands before the fault stays"
    assert (len(begun) > 1) == (left == 0)


def test_parallels_are_counted_between_parts_that_both_move():
    def piece(upper, lower):
        rows = [(time, 1.0, pitch, 80.0, part) for part, line in enumerate((upper, lower)) for time, pitch in line]
        return Piece(in_order(np.asarray(rows)), (Part("Upper"), Part("Lower")))

    assert parallels(piece([(0, 67), (1, 69), (2, 69)], [(0, 60), (1, 62), (2, 62)])).tolist() == [1.0], "fifths"
    assert parallels(piece([(0, 72), (1, 74)], [(0, 60), (1, 50)])).tolist() == [1.0], (
        "octaves, also by contrary motion"
    )
    assert len(parallels(piece([(0, 67), (1, 69)], [(0, 60), (1, 61)]))) == 0
    assert len(parallels(piece([(0, 64), (1, 65)], [(0, 60), (1, 62)]))) == 0, "thirds are welcome"
    assert len(parallels(piece([(0, 67), (2, 69)], [(0, 60), (1, 64), (2, 62)]))) == 0


def test_the_seed_repeats_and_others_differ(composer, ask):
    first, again, other = (ask(composer, "music", "a tune", seed=seed)[0].data for seed in (1, 1, 2))
    assert first == again != other


def test_key_tempo_instrument_and_length_are_as_wished(composer, ask):
    for bars in (3, 8, 20):
        events = ask(composer, "music", key="F# major", tempo=77, instrument="organ", bars=bars)
        (piece,) = pieces(events)
        assert abs(piece.bars - bars) <= max(1, bars // 10)
        assert piece.tempo == pytest.approx(77, abs=0.01)
        assert {part.program for part in piece.parts} == {19}
        assert events[0].info["note"].startswith("the instrument")
    assert estimated_key(piece.notes)[0] in {6, 3, 1, 11}


def test_several_pieces_and_every_encoding(composer, ask, monkeypatch):
    monkeypatch.setattr(rendering, "soundfont", lambda: None)
    assert len(pieces(ask(composer, "music", "three tunes"))) == 3
    score = ask(composer, "music", "a tune", format="musicxml")[0]
    midi = ask(composer, "music", "a tune")[0]
    notes = [read_music(event.data).notes[:, [0, 2]] for event in (score, midi)]
    assert np.allclose(*notes, atol=0.01), "in a score a chord ends where the next begins"
    for kind, media_type in (("wav", "audio/wav"), ("ogg", "audio/ogg")):
        sound = ask(composer, "music", "a tune", format=kind)[0]
        samples, rate = decode(sound.data)
        assert sound.media_type == media_type
        assert sound.info["rendered by"] == "castalia"
        assert len(samples) / rate == pytest.approx(sound.info["seconds"] + 1.2, abs=1.5)
        assert base64.b64decode(sound.info["midi"]) == midi.data


def test_the_preview_is_a_picture_of_the_notes(songbook, composer):
    from castalia.modalities.music.modality import MusicModality
    from castalia.modalities.music.options import MusicData

    modality = MusicModality()
    view, encoded = modality.fit(songbook, MusicData())
    sheet = modality.preview(view, encoded.data[:6])
    with Image.open(io.BytesIO(sheet.data)) as picture:
        colours = {colour for _, colour in picture.convert("RGB").getcolors(100_000)}
    assert {(0x2A, 0x6F, 0xBB), (0xD1, 0x49, 0x5B)} <= colours
    assert sheet.media_type == "image/png"


@pytest.mark.parametrize("program", [0, 9, 16, 24, 32, 40, 52, 56, 65, 73, 80, 88])
def test_the_synthesiser_plays_the_pitch_that_is_written(program):
    note = np.asarray([[0.0, 4.0, 69.0, 100.0, 0.0]])
    samples = synthesise(Piece(note, (Part("", program),), tempo=120.0), 16_000)
    spectrum = np.abs(np.fft.rfft(samples[3200:19_200] * np.hanning(16_000)))
    assert abs(int(spectrum.argmax()) % 440) <= 4 or spectrum[440] > 0.3 * spectrum.max()
    assert np.abs(samples).max() == pytest.approx(0.89, abs=0.01)
    assert np.abs(samples[-160:]).max() < 0.01, "it dies away"


def test_drums_sound_and_are_never_transposed():
    rows = [[time / 2, 0.25, pitch, 100, 0] for time, pitch in enumerate([36, 42, 38, 46, 45, 49])]
    piece = Piece(np.asarray(rows, float), (Part("Kit", 0, drums=True),), tempo=120.0)
    assert np.array_equal(piece.transposed(3).notes, piece.notes)
    assert read_music(write_midi(piece)).parts[0].drums
    samples = synthesise(piece, 16_000)
    assert all(np.abs(samples[start * 4000 : start * 4000 + 2000]).max() > 0.05 for start in range(6))
