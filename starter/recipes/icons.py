"""Icons with captions, and the same icons in other colours: the training folder of the starter model ``icons``.

The art is Google's Noto Emoji (Apache-2.0) as the npm package ``emoji-datasource-google`` 16.0.0 carries it: 1,911
icons without skin tones, 64 x 64. Captions are the icons' short names and names. Icons with one colour that fills them
are also painted in other colours, so that colour and kind are learnt apart; 200 pairs of kind and colour are never
shown, for `starter/measures/icons.py`.

    python starter/recipes/icons.py icons/
    castalia train icons/ --name icons-1 --family diffusion --size medium --minutes 64 --data size=64 \\
        --compress latents --option rate=0.002 --option dropout=0
    castalia train icons/ --name icons --from icons-1 --minutes 85 --data size=64 --option rate=0.002

``--plain`` writes the icons as they are, without other colours: the set of `benchmarks/icons.py`.
"""

import argparse
import json
import random
import re
import subprocess
import tarfile
import tempfile
from base64 import b64encode
from dataclasses import dataclass, field
from hashlib import sha512
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

PACKAGE = "emoji-datasource-google@16.0.0"
INTEGRITY = "ZRexfzs7MVoLnmzZmNsO4TKhnAJp5D++Vm6PpUpH/jEQQlemp3l88CjZ+DoZ2faM9R4QxZkOPJCoT8DlPhfQ3A=="
COLOURS: dict[str, tuple[float, float, float, float]] = {
    # hue in degrees; factors of saturation and of value; the least value
    "red": (358.0, 1.0, 1.0, 0.0),
    "orange": (28.0, 1.0, 1.0, 0.35),
    "yellow": (50.0, 1.0, 1.1, 0.45),
    "green": (125.0, 0.9, 0.85, 0.0),
    "blue": (215.0, 1.0, 1.0, 0.0),
    "purple": (275.0, 0.85, 0.9, 0.0),
    "pink": (330.0, 0.55, 1.1, 0.4),
    "brown": (22.0, 0.8, 0.6, 0.0),
    "black": (0.0, 0.05, 0.3, 0.0),
    "white": (0.0, 0.04, 0.25, 0.75),
    "grey": (0.0, 0.04, 0.7, 0.0),
}
"""What a colour's name means, as a change of an icon's main colour."""
WORDS = re.compile(rf"\b(?:light |dark )?(?:{'|'.join(COLOURS)}|gray|gold|golden|silver|colou?r\w*|rainbow)\b ?")
NEAR = 38.0
"""Degrees of hue around an icon's main colour that are painted anew."""
FILLS = 0.4
"""Share of an icon that its main colour must fill to be painted anew."""
UNSEEN = 200
EACH = 5
"""Other colours of an icon that are shown."""


@dataclass
class Icon:
    """One icon: RGBA (64, 64, 4), what it is called, and the name of its main colour where it has one."""

    pixels: NDArray[np.uint8]
    captions: list[str]
    group: str
    colour: str | None = None
    others: dict[str, NDArray[np.uint8]] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The shortest name without a colour."""
        names = [bare for caption in self.captions if (bare := WORDS.sub("", caption).strip())]
        return min(names or self.captions, key=len)


def fetch(folder: Path) -> Path:
    """The package's contents, checked against its digest."""
    subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=folder, check=True, capture_output=True)
    archive = next(folder.glob("emoji-datasource-google-*.tgz"))
    if b64encode(sha512(archive.read_bytes()).digest()).decode() != INTEGRITY:
        raise SystemExit(f"{archive.name} is not the package that was pinned.")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return folder / "package"


def read(package: Path) -> list[Icon]:
    """All icons without skin tones, with their captions."""
    icons: list[Icon] = []
    for entry in json.loads((package / "emoji.json").read_text("utf-8")):
        image = Image.open(package / "img" / "google" / "64" / entry["image"]).convert("RGBA")
        names = [name.replace("_", " ").replace("-", " ") for name in entry["short_names"]]
        captions = list(dict.fromkeys([*names, entry["name"].lower()]))
        icons.append(Icon(np.asarray(image), captions, entry["category"]))
    return icons


def colour(icon: Icon) -> None:
    """Find the icon's main colour, and paint it in the others, when one hue fills enough of it."""
    if icon.group in {"People & Body", "Flags", "Symbols"} and "heart" not in icon.captions[0]:
        return
    opaque = icon.pixels[..., 3] > 127
    hsv = np.asarray(Image.fromarray(icon.pixels[..., :3]).convert("HSV"), dtype=np.float64)
    hue, saturation, value = hsv[..., 0] * 360.0 / 256.0, hsv[..., 1] / 255.0, hsv[..., 2] / 255.0
    coloured = opaque & (saturation > 0.22) & (value > 0.2)
    if not coloured.any():
        return
    places = np.histogram(hue[coloured], bins=72, range=(0, 360), weights=saturation[coloured])[0]
    smooth = sum(np.roll(places, shift) for shift in range(-3, 4))
    main = 5.0 * int(np.argmax(smooth)) + 2.5
    distance = np.abs((hue - main + 180.0) % 360.0 - 180.0)
    chosen = opaque & (distance < NEAR) & (saturation > 0.12)
    if (chosen & coloured).sum() < FILLS * opaque.sum():
        return
    typical = np.median(value[chosen & coloured])
    icon.colour = _named(main, float(np.median(saturation[chosen & coloured])), float(typical))
    for name, (wanted, stronger, brighter, least) in COLOURS.items():
        painted = hsv.copy()
        shifted = (
            wanted + np.clip(hue - main + 360.0 * (hue - main < -180) - 360.0 * (hue - main > 180), -12, 12)
        ) % 360
        floor = np.maximum(saturation, 0.55 * (saturation > 0.3))
        painted[..., 0] = np.where(chosen, shifted * 256.0 / 360.0, painted[..., 0])
        painted[..., 1] = np.where(chosen, np.clip(floor * stronger, 0, 1) * 255.0, painted[..., 1])
        lifted = least + np.clip(value * brighter, 0, 1) * (1.0 - least if name != "white" else 1.0)
        painted[..., 2] = np.where(chosen, np.clip(lifted, 0, 1) * 255.0, painted[..., 2])
        rgb = np.asarray(Image.fromarray(painted.astype(np.uint8), "HSV").convert("RGB"))
        icon.others[name] = np.dstack([rgb, icon.pixels[..., 3]])


def _named(hue: float, saturation: float, value: float) -> str:
    if hue < 40.0 and value < 0.62:
        return "brown"
    names = {"red": 0.0, "orange": 28.0, "yellow": 48.0, "green": 120.0, "blue": 210.0, "purple": 275.0, "pink": 335.0}
    nearest = min(names, key=lambda name: abs((hue - names[name] + 180.0) % 360.0 - 180.0))
    return "pink" if nearest == "red" and saturation < 0.5 else nearest


def on_white(pixels: NDArray[np.uint8]) -> Image.Image:
    """The icon on white."""
    image = Image.fromarray(pixels, "RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def pairs(icons: list[Icon], seed: int = 0) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """Pairs of an icon's place and another colour: those that are shown, and those that never are."""
    draw = random.Random(seed)
    taken = {caption for icon in icons for caption in icon.captions}
    shown: list[tuple[int, str]] = []
    spare: list[tuple[int, str]] = []
    for place, icon in enumerate(icons):
        names = [name for name in icon.others if name != icon.colour and f"{name} {icon.kind}" not in taken]
        draw.shuffle(names)
        shown += [(place, name) for name in names[:EACH]]
        # of things that a person would ask for in a colour; the rest of the colours stay unused
        if len(icon.kind.split()) <= 2 and icon.group not in {"People & Body", "Smileys & Emotion"}:
            spare += [(place, name) for name in names[EACH : EACH + 1]]
    return shown, draw.sample(spare, min(UNSEEN, len(spare)))


def write(folder: Path, icons: list[Icon], plain: bool) -> None:
    """Pictures, and metadata.jsonl with their captions; ``unseen.json`` beside the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, object]] = []
    for place, icon in enumerate(icons):
        name = f"{place:04d}.png"
        on_white(icon.pixels).save(folder / name)
        captions = list(icon.captions)
        if not plain and icon.colour and not any(WORDS.search(caption) for caption in captions):
            captions.append(f"{icon.colour} {icon.kind}")
        rows.append({"file_name": name, "text": captions})
    if not plain:
        shown, unseen = pairs(icons)
        for place, name in shown:
            on_white(icons[place].others[name]).save(folder / f"{place:04d}-{name}.png")
            rows.append({"file_name": f"{place:04d}-{name}.png", "text": [f"{name} {icons[place].kind}"]})
        listed = [{"icon": place, "colour": name, "kind": icons[place].kind} for place, name in unseen]
        folder.with_name(f"{folder.name}-unseen.json").write_text(json.dumps(listed, indent=1), encoding="utf-8")
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "metadata.jsonl").write_text(lines, encoding="utf-8")
    print(f"{len(rows)} pictures, {sum(len(row['text']) for row in rows)} captions in {folder}")


def main() -> None:
    """Write the training folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--plain", action="store_true", help="the icons as they are")
    parser.add_argument("--package", type=Path, help="the unpacked npm package, where it is there already")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        icons = read(chosen.package or fetch(Path(temporary)))
    if not chosen.plain:
        for icon in icons:
            colour(icon)
    write(chosen.folder, icons, chosen.plain)


if __name__ == "__main__":
    main()
