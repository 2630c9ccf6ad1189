"""Other pieces than a model learnt from, as tokens of the model's own representation."""

from castalia.modalities.music.midi import write_midi
from castalia.modalities.music.modality import MusicModality
from castalia.modalities.music.options import MusicData


def test_pieces_are_read_in_the_metres_and_voices_of_the_model(tmp_path, compose):
    learnt, other = tmp_path / "learnt", tmp_path / "other"
    learnt.mkdir()
    other.mkdir()
    for seed in range(24):
        (learnt / f"{seed}.mid").write_bytes(write_midi(compose(seed)))
    pieces = [compose(100 + seed, metre=(3, 4) if seed % 6 == 0 else (4, 4)) for seed in range(24)]
    for number, piece in enumerate(pieces):
        (other / f"{number}.mid").write_bytes(write_midi(piece))
    modality = MusicModality()
    view, _ = modality.fit(learnt, MusicData())
    read = modality.encode(view, other, MusicData())
    assert len(read.data) == sum(piece.metre == (4, 4) for piece in pieces)
    assert read.data.shape[1:] == (view.length,)
    assert read.conditions is not None
    assert read.conditions.shape[1] == view.conditions.width
    notes = {len(view.decode(row).notes) for row in read.data}
    assert notes <= {len(piece.notes) for piece in pieces}
