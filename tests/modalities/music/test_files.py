"""Pieces come out of MIDI, MusicXML and ABC as they are written there, and go into files and come back."""

import io
import zipfile

import numpy as np
import pytest

from castalia.core.errors import UnsupportedInput
from castalia.modalities.music.abc import read_abc
from castalia.modalities.music.midi import read_midi, write_midi
from castalia.modalities.music.musicxml import read_musicxml
from castalia.modalities.music.notation import write_musicxml
from castalia.modalities.music.piece import PITCH, START, Part, Piece, estimated_key, in_order
from castalia.modalities.music.reading import read_music

SCORE = """<?xml version="1.0"?><score-partwise version="4.0"><part-list>
<score-part id="P1"><part-name>Clarinet in A</part-name></score-part><score-part id="P2"><part-name>Bass</part-name>
<midi-instrument id="I"><midi-channel>2</midi-channel><midi-program>33</midi-program></midi-instrument></score-part>
</part-list><part id="P1">
<measure number="0"><attributes><divisions>2</divisions><key><fifths>1</fifths></key><time><beats>3</beats>
<beat-type>4</beat-type></time><transpose><chromatic>-3</chromatic></transpose></attributes><sound tempo="72"/>
<note><pitch><step>F</step><octave>4</octave></pitch><duration>2</duration></note></measure>
<measure number="1"><note><pitch><step>B</step><alter>-1</alter><octave>4</octave></pitch><duration>6</duration>
<tie type="start"/></note></measure>
<measure number="2"><note><grace/><pitch><step>C</step><octave>5</octave></pitch></note>
<note><pitch><step>B</step><alter>-1</alter><octave>4</octave></pitch><duration>2</duration><tie type="stop"/></note>
<note><rest/><duration>4</duration></note></measure></part>
<part id="P2"><measure number="0"><attributes><divisions>1</divisions></attributes><note><rest/><duration>1</duration>
</note></measure><measure number="1"><note><pitch><step>G</step><octave>2</octave></pitch><duration>3</duration></note>
<note><chord/><pitch><step>D</step><octave>3</octave></pitch><duration>3</duration></note>
<backup><duration>3</duration></backup><forward><duration>1</duration></forward>
<note><pitch><step>B</step><octave>2</octave></pitch><duration>1</duration><voice>2</voice></note></measure>
<measure number="2"><note><rest/><duration>3</duration></note></measure></part></score-partwise>"""

TUNES = """X:1
T:The First
M:6/8
L:1/8
Q:3/8=80
K:Ador
e|:"Am"A2B c3|{g}^cd=c (3ABc d|A>B c-c2 [Ac]|z3 A,3:|
X:2
T:The Second
M:C
K:Bb
B,2 E2 e'4|_A2A2 =A2A2|[M:3/4]B6|
"""


def same(left: Piece, right: Piece) -> bool:
    return left.notes.shape == right.notes.shape and np.allclose(left.notes[:, :3], right.notes[:, :3], atol=0.01)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("write", "read"), [(write_midi, read_midi), (write_musicxml, read_musicxml)])
def test_what_is_written_is_read(compose, write, read, seed):
    piece = compose(seed, metre=[(4, 4), (3, 4), (6, 8)][seed % 3])
    again = read(write(piece))
    assert same(piece, again)
    assert (again.metre, again.tempo, [p.program for p in again.parts]) == (piece.metre, piece.tempo, [73, 43])
    assert same(piece, read_music(write(piece)))


def test_triplets_ties_and_odd_lengths_survive_a_score():
    rows = [(0, 1 / 3, 60, 80, 0), (1 / 3, 1 / 3, 62, 80, 0), (2 / 3, 1 / 3, 64, 80, 0), (1, 5.25, 65, 80, 0)]
    rows += [(7, 0.125, 67, 80, 0), (7, 0.125, 60, 80, 0)]
    piece = Piece(in_order(np.asarray(rows, float)), (Part("Melody"),), tempo=90.0)
    assert same(piece, read_musicxml(write_musicxml(piece)))


def test_a_score_is_read_with_pickup_transposition_ties_and_voices():
    piece = read_musicxml(SCORE.encode(), "a.musicxml")
    assert piece.metre == (3, 4)
    assert piece.tempo == 72
    assert [(part.name, part.program) for part in piece.parts] == [("Clarinet in A", 71), ("Bass", 32)]
    found = [tuple(row) for row in piece.notes[:, [0, 1, 2, 4]].tolist()]
    assert found == [(2, 1, 62, 0), (3, 4, 67, 0), (3, 3, 50, 1), (3, 3, 43, 1), (4, 1, 47, 1)]


def test_a_packed_score_is_read():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(
            "META-INF/container.xml", '<container><rootfiles><rootfile full-path="s.xml"/></rootfiles></container>'
        )
        archive.writestr("s.xml", SCORE)
    assert same(read_music(out.getvalue()), read_musicxml(SCORE.encode()))


def test_tunes_are_read_from_abc():
    first, second = read_abc(TUNES.encode(), "a.abc")
    assert (first.name, first.metre, first.tempo) == ("The First", (6, 8), 120.0)
    assert first.notes[0].tolist() == [2.5, 0.5, 76, 80, 0], "the pickup ends where the first bar begins"
    bar = first.notes[(first.notes[:, START] >= 6) & (first.notes[:, START] < 9)]
    assert bar[:, PITCH].tolist() == [73, 74, 72, 69, 71, 72, 74], "sharp, natural, tuplet"
    assert bar[3:6, 1].tolist() == pytest.approx([1 / 3] * 3)
    third = first.notes[(first.notes[:, START] >= 9) & (first.notes[:, START] < 12)]
    assert third[:, 1].tolist() == [0.75, 0.25, 1.5, 0.5, 0.5], "broken rhythm, and a tie"
    assert third[-2:, PITCH].tolist() == [72, 69]
    assert second.notes[:, PITCH].tolist() == [58, 63, 87, 68, 68, 69, 69], "signature, octaves, accidentals of a bar"
    assert second.metre == (4, 4), "the longest stretch of one metre"


def test_what_cannot_be_read_says_why():
    for data in (b"MThd\x00\x00", b"<score-partwise/>", b"<html></html>", b"<", b"PK\x03\x04", b"hello", b""):
        with pytest.raises(UnsupportedInput):
            read_music(data, "a")
    with pytest.raises(UnsupportedInput, match="no ABC tune"):
        read_abc(b"nothing here\n", "a.abc")


def test_keys_are_told_by_their_notes(compose):
    right = 0
    for piece in (compose(seed, bars=12) for seed in range(24)):
        tonic, minor = found = estimated_key(piece.notes)
        right += found == (piece.tonic, piece.minor)
        assert estimated_key(piece.transposed(5).notes) == ((tonic + 5) % 12, minor)
    assert right >= 16, "chance is one"


def test_of_two_keys_with_the_same_notes_that_of_the_last_bass_note_is_told():
    pitches = [60, 62, 64, 65, 67, 69, 71]
    for last, key in ((48, (0, False)), (45, (9, True))):
        rows = [(float(time), 1.0, float(pitch), 80.0, 0.0) for time, pitch in enumerate([*pitches, last])]
        assert estimated_key(np.asarray(rows)) == key
