"""Short clips of icons that move, with captions: the training folder of the starter model ``clips``.

The art is that of `icons.py`. Ninety-nine everyday things, in their own and in other colours, move left, right, up or
down, spin, grow or shrink, on white: 16 frames of 48 x 48 pixels each, as lossless WebP. Pairs of a thing and a motion,
two of each thing, are never shown: `starter/measures/clips.py` asks for them.

    python starter/recipes/clips.py clips/
    castalia train clips/ --name clips --family diffusion --size medium --minutes 36 --compress latents \\
        --option rate=0.002 --option dropout=0
"""

import argparse
import json
import math
import random
import sys
import tempfile
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))
from icons import Icon, colour, fetch, read

FRAMES, SIDE, FPS = 16, 48, 12
MOTIONS: dict[str, tuple[str, ...]] = {
    "left": ("moves left", "moving left", "moves to the left"),
    "right": ("moves right", "moving right", "moves to the right"),
    "up": ("moves up", "moving up", "rises"),
    "down": ("moves down", "moving down", "falls"),
    "spin": ("spins", "spinning", "turns around"),
    "grow": ("grows", "growing", "gets bigger"),
    "shrink": ("shrinks", "shrinking", "gets smaller"),
}
"""Each motion and the words for it."""
NAMES = """
apple banana cherries strawberry pizza hamburger cake cookie doughnut lemon carrot mushroom tulip rose sunflower cactus
car red_car bus truck tractor rocket airplane helicopter bike scooter ship anchor house tent star heart key bell book
crown gift guitar trumpet umbrella ghost robot_face alien dragon pig cow horse lion_face tiger bear panda_face rabbit
mouse frog monkey_face penguin owl turtle snail snake dolphin whale octopus crab bee ladybug spider butterfly bird fish
unicorn_face fox_face cat dog balloon soccer basketball baseball football tennis fire droplet snowflake snowman zap gem
magnet hammer wrench bulb candle camera tv hourglass crescent_moon cloud sunglasses dress shirt smile
"""
CALLED = {
    "smile": "smiling face",
    "red_car": "car",
    "robot_face": "robot",
    "lion_face": "lion",
    "panda_face": "panda",
    "monkey_face": "monkey",
    "unicorn_face": "unicorn",
    "fox_face": "fox",
    "zap": "lightning bolt",
    "soccer": "football",
    "bulb": "light bulb",
    "crescent_moon": "moon",
    "droplet": "drop of water",
    "tennis": "tennis ball",
    "shirt": "t-shirt",
    "gem": "diamond",
    "bike": "bicycle",
    "football": "rugby ball",
}
THINGS = {name: CALLED.get(name, name.replace("_", " ")) for name in NAMES.split()}
"""Short names of the icons, and what people call them."""
EACH = 56
"""Clips of a thing."""


def thing(icon: Icon) -> str | None:
    """What people call an icon, if it is one of `THINGS`."""
    names = [caption.replace(" ", "_") for caption in icon.captions]
    return next((THINGS[name] for name in names if name in THINGS), None)


def frames(picture: Image.Image, motion: str, draw: random.Random) -> list[Image.Image]:
    """One clip of an RGBA picture, from a place, size and speed that chance decides."""
    size = draw.uniform(20.0, 26.0)
    small, large = draw.uniform(9.0, 13.0), draw.uniform(36.0, 44.0)
    distance, across = draw.uniform(20.0, 26.0), draw.uniform(-6.0, 6.0)
    turns, start = draw.uniform(0.6, 1.0) * draw.choice((-1.0, 1.0)), draw.uniform(0.0, 0.15)
    made: list[Image.Image] = []
    for frame in range(FRAMES):
        share = frame / (FRAMES - 1)
        way = (share - 0.5) * distance
        side, angle, x, y = size, 0.0, 0.0, 0.0
        if motion in {"left", "right"}:
            x, y = way if motion == "right" else -way, across
        elif motion in {"up", "down"}:
            x, y = across, way if motion == "down" else -way
        elif motion == "spin":
            side, angle = 30.0, 360.0 * turns * (share + start)
        else:
            low, high = (small, large) if motion == "grow" else (large, small)
            side = low * (high / low) ** share
        made.append(_placed(picture, side, angle, SIDE / 2 + x, SIDE / 2 + y))
    return made


def _placed(picture: Image.Image, side: float, angle: float, x: float, y: float) -> Image.Image:
    """The picture at that side and angle with its centre at (x, y), on white."""
    big = 4  # drawn larger and averaged, so that it moves by parts of a pixel
    scale = picture.width / (side * big)
    cosine, sine = math.cos(math.radians(angle)) * scale, math.sin(math.radians(angle)) * scale
    centre = picture.width / 2
    terms = (
        *(cosine, sine, centre - cosine * x * big - sine * y * big),
        *(-sine, cosine, centre + sine * x * big - cosine * y * big),
    )
    canvas = Image.new("RGBA", (SIDE * big, SIDE * big), "white")
    moved = picture.transform(canvas.size, Image.Transform.AFFINE, terms, Image.Resampling.BILINEAR)
    return Image.alpha_composite(canvas, moved).convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX)


def pictures(icons: list[Icon]) -> dict[str, dict[str, Image.Image]]:
    """Each thing's pictures by what they are called: by itself, and with a colour's name where it can have others."""
    found: dict[str, dict[str, Image.Image]] = {}
    for icon in icons:
        name = thing(icon)
        if name is None or name in found:
            continue
        colour(icon)
        own = Image.fromarray(icon.pixels, "RGBA")
        found[name] = {name: own}
        if icon.colour:
            found[name][f"{icon.colour} {name}"] = own
            shown = [other for other in icon.others if other not in {icon.colour, "white", "grey"}]
            found[name] |= {f"{other} {name}": Image.fromarray(icon.others[other], "RGBA") for other in shown}
    return found


def unseen(names: list[str], seed: int = 0) -> dict[str, list[str]]:
    """Two motions of each thing that are never shown."""
    draw = random.Random(seed)
    return {name: draw.sample(list(MOTIONS), 2) for name in names}


def main() -> None:
    """Write the training folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--package", type=Path, help="the unpacked npm package, where it is there already")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        things = pictures(read(chosen.package or fetch(Path(temporary))))
    chosen.folder.mkdir(parents=True, exist_ok=True)
    hidden, draw = unseen(list(things)), random.Random(1)
    rows: list[dict[str, str]] = []
    for name, variants in things.items():
        motions = [motion for motion in MOTIONS if motion not in hidden[name]]
        for number in range(EACH):
            called = name if number % 4 == 0 else draw.choice(list(variants))
            motion = motions[number % len(motions)]
            clip = frames(variants[called], motion, draw)
            path = chosen.folder / f"{len(rows):05d}.webp"
            clip[0].save(path, save_all=True, append_images=clip[1:], duration=1000 // FPS, lossless=True, loop=0)
            article = "an" if called[0] in "aeiou" else "a"
            rows.append({"file_name": path.name, "text": f"{article} {called} {draw.choice(MOTIONS[motion])}"})
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (chosen.folder / "metadata.jsonl").write_text(lines, encoding="utf-8")
    chosen.folder.with_name(f"{chosen.folder.name}-unseen.json").write_text(json.dumps(hidden), encoding="utf-8")
    print(f"{len(rows)} clips of {len(things)} things in {chosen.folder}")


if __name__ == "__main__":
    main()
