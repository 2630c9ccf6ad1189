"""A folder of clips is recognised, looked through and read."""

import shutil

import numpy as np
import pytest
from PIL import Image

from castalia.core.errors import DatasetError, UnsupportedInput
from castalia.modalities.video.clips import Clip, encode, read_clip, sampled
from castalia.modalities.video.modality import VideoModality
from castalia.modalities.video.options import VideoData
from castalia.serving.detect import detect_modality

MODALITY = VideoModality()


@pytest.fixture
def mixed(clips, tmp_path):
    """A copy of the clips to put bad files into."""
    return shutil.copytree(clips, tmp_path / "mixed")


def test_animations_are_films_and_still_gifs_are_pictures(clips, tmp_path):
    assert detect_modality(clips) == "video"
    for index in range(20):
        Image.new("L", (16, 16), index).save(tmp_path / f"{index}.gif")
    assert detect_modality(tmp_path) == "image"
    assert MODALITY.recognises(clips / "left" / "00.gif") == 0.0


def test_every_problem_is_told_at_once(mixed, moving_frames):
    (mixed / "left" / "broken.mp4").write_bytes(b"no film at all")
    (mixed / "left" / "cut.gif").write_bytes((mixed / "left" / "00.gif").read_bytes()[:40])
    Image.new("L", (32, 32), 9).save(mixed / "right" / "single.gif")
    still = encode([moving_frames("left", 1)[0]] * 8, 10.0, "webm")
    (mixed / "right" / "still.webm").write_bytes(still)
    large = [frame.resize((48, 40)) for frame in moving_frames("right", 999)]
    (mixed / "right" / "large.mp4").write_bytes(encode(large, 20.0, "mp4"))
    shutil.copy(mixed / "left" / "00.gif", mixed / "right" / "twin.gif")
    (mixed / "notes.txt").write_text("a file that is no film")
    survey = MODALITY.survey(mixed, VideoData(frames=8))
    named = [line.partition(":")[0] for line in survey.problems]
    assert named == ["left/broken.mp4", "left/cut.gif", "right/single.gif"]
    told = "\n".join(survey.warnings)
    for words in (
        "in 1 clips nothing moves: right/still.webm",
        "clips run at 10 to 20 frames a second",
        "2 different sizes: frames are cut to their centre square and resized to 32 x 32",
        "1 exact duplicates are used once: right/twin.gif = left/00.gif",
        "1 clips lie in two classes",
        "1 files are not clips and are left out: notes.txt",
    ):
        assert words in told
    assert "have fewer than 16 frames" in "\n".join(MODALITY.survey(mixed, VideoData()).warnings)
    with pytest.raises(DatasetError) as caught:
        MODALITY.fit(mixed, VideoData(frames=8))
    assert len(caught.value.problems) == 3
    _, encoded = MODALITY.fit(mixed, VideoData(frames=8, skip_bad=True))
    assert len(encoded.data) == 43


def test_too_few_clips_and_empty_folders_are_refused(tmp_path, clips):
    assert "there is no clip" in MODALITY.survey(tmp_path, VideoData()).problems[0]
    shutil.copy(clips / "left" / "00.gif", tmp_path / "0.gif")
    assert "too few" in MODALITY.survey(tmp_path, VideoData()).problems[0]
    assert "not a folder" in MODALITY.survey(tmp_path / "0.gif", VideoData()).problems[0]


def test_clips_are_read_as_frames(clips, moving_frames):
    view, encoded = MODALITY.fit(clips, VideoData(frames=8))
    assert (view.channels, view.side, view.fps, view.askable.classes) == (1, 32, 10.0, ("left", "right"))
    assert encoded.data.shape == (40, 1, 8, 32, 32)
    assert encoded.data.shape[1:] == view.layout.shape
    first = np.stack([np.asarray(frame) for frame in moving_frames("left", 0)]) / 127.5 - 1.0
    assert np.abs(encoded.data[0, 0] - first).max() < 0.01
    columns = np.arange(32)
    light = encoded.data[:, 0].mean(axis=2) + 1.0
    centre = (light * columns).sum(axis=2) / light.sum(axis=2)
    assert (np.diff(centre[:20]).mean(axis=1) < -1.0).all(), "left"
    assert (np.diff(centre[20:]).mean(axis=1) > 1.0).all(), "right"
    assert MODALITY.restore(view.config()) == view


def test_folders_of_frames_are_clips(tmp_path, moving_frames):
    for direction in ("left", "right"):
        for index in range(8):
            folder = tmp_path / direction / f"clip{index}"
            folder.mkdir(parents=True)
            for place, frame in enumerate(moving_frames(direction, index)):
                frame.save(folder / f"frame{place}.png")
    (tmp_path / "left" / "cover.png").write_bytes(b"")
    view, encoded = MODALITY.fit(tmp_path, VideoData(frames=8))
    assert view.askable.classes == ("left", "right")
    assert len(encoded.data) == 16
    assert "cover.png" in "\n".join(MODALITY.survey(tmp_path, VideoData()).warnings)


@pytest.mark.parametrize("format", ["mp4", "webm", "gif", "webp"])
def test_every_format_comes_back(format, moving_frames):
    frames = [frame.resize((64, 64)) for frame in moving_frames("right", 3)]
    clip = read_clip(encode(frames, 8.0, format))
    assert len(clip.frames) == 8
    assert clip.fps == pytest.approx(8.0, rel=0.05)
    for one, other in zip(frames, clip.frames, strict=True):
        assert np.abs(np.asarray(one, float) - np.asarray(other.convert("L"), float)).mean() < 6.0


def test_equal_frames_of_an_animation_keep_their_time(moving_frames):
    first, second, *_ = moving_frames("right", 3)
    clip = read_clip(encode([first] * 5 + [second] * 3, 10.0, "gif"))
    assert clip.seconds == pytest.approx(0.8)
    assert len(clip.frames) == 8


def test_frames_are_sampled_over_the_clip_or_at_a_rate():
    clip = Clip([Image.new("L", (8, 8), index) for index in range(20)], 10.0)
    assert [frame.getpixel((0, 0)) for frame in sampled(clip, 4, None)] == [2, 7, 12, 17]
    assert [frame.getpixel((0, 0)) for frame in sampled(clip, 4, 5.0)] == [1, 3, 5, 7]
    assert [frame.getpixel((0, 0)) for frame in sampled(clip, 4, 5.0, start=8)] == [17, 19, 19, 19]


def test_longer_clips_are_cut_into_pieces(clips):
    _, encoded = MODALITY.fit(clips, VideoData(frames=8, fps=20.0, longer="cut"))
    assert len(encoded.data) == 80
    _, trimmed = MODALITY.fit(clips, VideoData(frames=8, fps=20.0))
    assert len(trimmed.data) == 40


def test_no_film_is_an_error_of_the_users():
    with pytest.raises(UnsupportedInput):
        read_clip(b"nothing of the kind")
