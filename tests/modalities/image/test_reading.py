"""Reading a folder: decoding of every kind of picture, classes, and all problems told at once."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from castalia.core.errors import DatasetError, UnsupportedInput
from castalia.modalities.image.modality import ImageModality
from castalia.modalities.image.options import ImageData
from castalia.modalities.image.pixels import decode, square, to_array, to_image
from castalia.modalities.image.reading import list_folder, side_for

MODALITY = ImageModality()


def encoded(image: Image.Image, format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def gradient(width: int = 24, height: int = 16) -> Image.Image:
    values = np.zeros((height, width, 3), dtype=np.uint8)
    values[..., 0] = np.linspace(0, 255, width)
    values[..., 1] = np.linspace(0, 255, height)[:, None]
    return Image.fromarray(values)


class TestDecoding:
    def test_transparency_lies_over_white(self) -> None:
        image = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
        assert decode(encoded(image, "PNG")).getpixel((3, 3)) == (255, 255, 255)

    def test_palette_with_transparent_colour(self) -> None:
        image = Image.new("P", (8, 8), 1)
        image.putpalette([255, 0, 0, 0, 0, 255])
        assert decode(encoded(image, "PNG")).getpixel((0, 0)) == (0, 0, 255)
        assert decode(encoded(image, "PNG", transparency=1)).getpixel((0, 0)) == (255, 255, 255)

    def test_sixteen_bits_are_scaled_not_clipped(self) -> None:
        deep = np.full((8, 8), 32768, dtype=np.uint16)
        assert decode(encoded(Image.fromarray(deep), "PNG")).getpixel((0, 0)) == 128

    def test_floats_between_nought_and_one(self) -> None:
        image = Image.fromarray(np.full((8, 8), 0.5, dtype=np.float32))
        assert decode(encoded(image, "TIFF")).getpixel((0, 0)) == 128

    def test_camera_rotation_is_undone(self) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6
        assert decode(encoded(gradient(24, 16), "JPEG", exif=exif)).size == (16, 24)

    def test_first_frame_of_an_animation(self) -> None:
        frames = [Image.new("L", (8, 8), value) for value in (10, 200)]
        data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
        assert max(decode(data).convert("L").getextrema()) <= 12

    @pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
    def test_cut_off_files_are_refused(self, format: str) -> None:
        noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8))
        data = encoded(noise, format)
        assert decode(data).size == (64, 64)
        with pytest.raises(UnsupportedInput):
            decode(data[: len(data) // 2])

    def test_not_a_picture(self) -> None:
        with pytest.raises(UnsupportedInput, match="none of PNG"):
            decode(b"<html>sorry</html>")

    def test_a_decompression_bomb_is_refused_before_decoding(self) -> None:
        data = encoded(Image.new("1", (12_000, 12_000)), "PNG")
        assert len(data) < 100_000
        with pytest.raises(UnsupportedInput, match="megapixels"):
            decode(data)

    def test_pixels_survive_the_way_there_and_back(self) -> None:
        image = gradient()
        assert np.array_equal(np.asarray(to_image(to_array(image, 3))), np.asarray(image))

    def test_squares(self) -> None:
        image = Image.new("RGB", (30, 10), (0, 0, 255))
        image.paste((255, 0, 0), (10, 0, 20, 10))
        assert square(image, 10, "centre").getpixel((0, 5)) == (255, 0, 0)
        fitted = square(image, 30, "fit")
        assert fitted.getpixel((0, 15)) == (0, 0, 255)
        assert fitted.getpixel((15, 15)) == (255, 0, 0)


class TestFit:
    def test_digits_become_grey_eight_by_eight_with_ten_classes(self, digits: Path) -> None:
        representation, encoded_set = MODALITY.fit(digits, ImageData())
        assert representation.layout.shape == (1, 8, 8)
        assert representation.askable.classes == tuple("0123456789")
        assert encoded_set.data.shape == (1797, 1, 8, 8)
        assert encoded_set.data.min() == -1.0
        assert encoded_set.data.max() == 1.0
        assert encoded_set.conditions is not None
        assert encoded_set.known is not None
        assert encoded_set.conditions.shape == (1797, 10)
        assert encoded_set.known.all()
        assert MODALITY.restore(representation.config()) == representation

    def test_side_follows_the_data(self) -> None:
        options = ImageData()
        assert side_for([(28, 28)] * 3, options) == 28
        assert side_for([(4, 4)], options) == 8
        assert side_for([(640, 480)], options) == 64
        assert side_for([(640, 480)], ImageData(size=128)) == 128

    def test_colour_is_kept_and_can_be_dropped(self, tmp_path: Path) -> None:
        for index in range(16):
            Image.new("RGB", (16, 16), (index * 15, 0, 200)).save(tmp_path / f"{index}.png")
        assert MODALITY.fit(tmp_path, ImageData())[0].channels == 3
        assert MODALITY.fit(tmp_path, ImageData(channels="grey"))[0].channels == 1

    def test_pictures_outside_the_class_folders_are_learnt_without_class(self, few_digits: Path) -> None:
        next((few_digits / "3").iterdir()).rename(few_digits / "loose.png")
        _, encoded_set = MODALITY.fit(few_digits, ImageData())
        assert encoded_set.known is not None
        assert (~encoded_set.known).sum() == 1

    def test_train_and_test_folders_are_no_classes(self, few_digits: Path, tmp_path: Path) -> None:
        outer = tmp_path / "outer"
        outer.mkdir()
        few_digits.rename(outer / "train")
        assert MODALITY.fit(outer, ImageData())[0].askable.classes == tuple("0123456789")

    def test_exact_duplicates_count_once(self, few_digits: Path) -> None:
        original = next((few_digits / "0").iterdir())
        (few_digits / "0" / "copy.png").write_bytes(original.read_bytes())
        assert len(MODALITY.fit(few_digits, ImageData())[1].data) == 300

    def test_at_most_max_items_spread_over_the_classes(self, few_digits: Path) -> None:
        listing = list_folder(few_digits, ImageData(max_items=50))
        assert len(listing.items) == 50
        assert listing.left_out == 250
        assert len(listing.classes) == 10

    def test_unreadable_files_stop_it_unless_left_out(self, few_digits: Path) -> None:
        (few_digits / "0" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nrubbish")
        with pytest.raises(DatasetError) as caught:
            MODALITY.fit(few_digits, ImageData())
        assert caught.value.problems[0].startswith("0/broken.png: ")
        assert len(MODALITY.fit(few_digits, ImageData(skip_bad=True))[1].data) == 300

    def test_too_few(self, tmp_path: Path) -> None:
        gradient().save(tmp_path / "one.png")
        with pytest.raises(DatasetError, match="at least 16"):
            MODALITY.fit(tmp_path, ImageData())


class TestSurvey:
    def test_a_sound_folder_has_nothing_to_say(self, digits: Path) -> None:
        found = MODALITY.survey(digits, ImageData())
        assert found.problems == []
        assert found.warnings == []
        assert found.count == 1797
        assert found.facts["classes"]["3"] == 183
        assert found.facts["channels"] == "grey"

    def test_everything_wrong_is_told_at_once(self, few_digits: Path, tmp_path: Path) -> None:
        whole = next((few_digits / "1").iterdir()).read_bytes()
        (few_digits / "1" / "half.png").write_bytes(whole[: len(whole) // 2])
        (few_digits / "1" / "empty.png").write_bytes(b"")
        (few_digits / "1" / "page.jpg").write_text("<html>")
        (few_digits / "1" / "again.png").write_bytes(whole)
        (few_digits / "2" / "again.png").write_bytes(whole)
        (few_digits / "notes.docx").write_text("notes")
        gradient(90, 20).save(few_digits / "3" / "wide.png")
        gradient(5, 5).save(few_digits / "3" / "tiny.png")
        rare = few_digits / "rare"
        rare.mkdir()
        gradient(9, 9).save(rare / "only.png")
        secret = tmp_path / "secret.png"
        gradient(8, 8).save(secret)
        (few_digits / "4" / "link.png").symlink_to(secret)
        brighter = np.asarray(Image.open(next((few_digits / "5").iterdir()))).copy()
        brighter[4, 4] += 3
        Image.fromarray(brighter).save(few_digits / "5" / "near.png")

        found = MODALITY.survey(few_digits, ImageData())
        problems, warnings = "\n".join(found.problems), "\n".join(found.warnings)
        assert [problem.split(":")[0] for problem in found.problems] == ["1/empty.png", "1/half.png", "1/page.jpg"]
        assert "damaged or cut off" in problems
        for words in (
            "notes.docx",
            "4/link.png",
            "rare (1)",
            "4 different sizes",
            "resized to 8 x 8",
            "tiny",
            "3/wide.png",
            "2 exact duplicates",
            "two classes",
            "1 near-duplicates",
        ):
            assert words in warnings, words

    def test_bad_files_are_warnings_when_they_are_left_out(self, few_digits: Path) -> None:
        (few_digits / "bad.png").write_bytes(b"no")
        found = MODALITY.survey(few_digits, ImageData(skip_bad=True))
        assert found.problems == []
        assert any(line.startswith("bad.png") and line.endswith("left out") for line in found.warnings)

    def test_no_folder_none_few_and_one_class(self, tmp_path: Path, few_digits: Path) -> None:
        assert "not a folder" in MODALITY.survey(tmp_path / "nowhere", ImageData()).problems[0]
        empty = tmp_path / "empty"
        empty.mkdir()
        assert "no picture" in MODALITY.survey(empty, ImageData()).problems[0]
        for index in range(5):
            gradient(8 + index, 8).save(empty / f"{index}.png")
        assert "too few" in MODALITY.survey(empty, ImageData()).problems[0]
        single = tmp_path / "single"
        single.mkdir()
        (few_digits / "0").rename(single / "noughts")
        assert any("one class" in line for line in MODALITY.survey(single, ImageData()).warnings)
        assert "two sub-folders" in MODALITY.survey(single, ImageData(labels="folders")).problems[0]

    def test_recognises_folders_of_pictures(self, digits: Path, tmp_path: Path) -> None:
        assert MODALITY.recognises(digits) == 1.0
        (tmp_path / "table.csv").write_text("a,b\n1,2\n")
        assert MODALITY.recognises(tmp_path) == 0.0
        assert MODALITY.recognises(tmp_path / "table.csv") == 0.0
