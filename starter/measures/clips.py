"""How well the model ``clips`` moves things: the right way by optical flow, the right thing by a classifier.

    python starter/measures/clips.py --model clips

Each thing is asked for in the two motions that it was never shown in (`starter/recipes/clips.py`). Between each two
frames an affine motion is fitted to the change of brightness (Lucas and Kanade's constraint over the whole picture):
four figures a clip, to the right, downwards, growing and turning. The largest in its own unit tells the motion. The
same figures of real clips stand beside (the most that can be reached).
"""

import argparse
import io
import itertools
import json
import random
import sys
import tempfile
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

import castalia

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "recipes"))
from clips import FRAMES, MOTIONS, SIDE, fetch, frames, pictures, read, unseen  # noqa: E402 - see above

Frames = NDArray[np.float32]
UNITS = {"right": 1.4, "down": 1.4, "grow": 0.06, "spin": 0.35}
"""What each figure is a frame in the real clips: pixels, pixels, share, radians."""


def flow(clip: Frames) -> dict[str, float]:
    """Mean motion a frame of a clip (frames, height, width) in [0, 1]: to the right, down, growth, turning."""
    height, width = clip.shape[1:]
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    found: list[NDArray[np.float64]] = []
    for one, two in itertools.pairwise(clip):
        middle = (one + two) / 2
        down, right = np.gradient(middle)
        change = two - one
        weight = 1.0 - middle + 1e-3  # things are darker than the paper
        x, y = (axis - (axis * weight).sum() / weight.sum() for axis in (columns, rows))
        terms = np.stack([right, down, right * x + down * y, down * x - right * y], axis=-1).reshape(-1, 4)
        found.append(np.linalg.lstsq(terms, -change.ravel(), rcond=None)[0])
    mean = np.mean(found, axis=0)
    turning = float(np.mean(np.abs([one[3] for one in found])))
    return {"right": float(mean[0]), "down": float(mean[1]), "grow": float(mean[2]), "spin": turning}


def moved(clip: Frames) -> str:
    """The motion of a clip, one of `MOTIONS`."""
    told = {name: value / UNITS[name] for name, value in flow(clip).items()}
    strongest = max(told, key=lambda name: abs(told[name]))
    opposite = {"right": "left", "down": "up", "grow": "shrink"}
    return opposite[strongest] if strongest in opposite and told[strongest] < 0 else strongest


def grey(pictures_: list[Image.Image]) -> Frames:
    """Frames (frames, side, side) in [0, 1], a little blurred so that gradients mean something."""
    small = [picture.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX) for picture in pictures_]
    stacked = np.stack([np.asarray(picture, dtype=np.float32) / 255.0 for picture in small])
    padded = np.pad(stacked, ((0, 0), (1, 1), (1, 1)), mode="edge")
    parts = [padded[:, y : y + SIDE, x : x + SIDE] for y in range(3) for x in range(3)]
    return np.mean(parts, axis=0)


def film(data: bytes) -> list[Image.Image]:
    """The frames of an encoded clip."""
    with av.open(io.BytesIO(data)) as container:
        return [frame.to_image() for frame in container.decode(video=0)]


def summary(asked: list[str], seen: list[str]) -> dict[str, float]:
    """Shares of clips that move as asked, all and for each motion."""
    right = {"all": float(np.mean([one == two for one, two in zip(asked, seen, strict=True)]))}
    for motion in MOTIONS:
        places = [place for place, one in enumerate(asked) if one == motion]
        right[motion] = float(np.mean([seen[place] == motion for place in places])) if places else float("nan")
    return {name: round(value, 3) for name, value in right.items()}


def main() -> None:
    """Measure a model of this home."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="clips")
    parser.add_argument("--package", type=Path, help="the unpacked npm package, where it is there already")
    parser.add_argument("--most", type=int, default=200, help="clips that are made")
    parser.add_argument("--options", default="{}", help="JSON of generation options")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        things = pictures(read(chosen.package or fetch(Path(name))))
    draw = random.Random(2)
    asked = [(thing, motion) for thing, motions in unseen(list(things)).items() for motion in motions][: chosen.most]
    motions = [motion for _, motion in asked]
    real = [moved(grey(frames(things[thing][thing], motion, draw))) for thing, motion in asked]
    made: list[list[Image.Image]] = []
    for seed, (thing, motion) in enumerate(asked):
        prompt = f"a video of a {thing} {MOTIONS[motion][1]}"
        result = castalia.generate(prompt, model=chosen.model, seed=seed, **json.loads(chosen.options))
        made.append(film(result.outputs[0].read()))
    result = {
        "command": " ".join(["python", *sys.argv]),
        "clips": len(asked),
        "drawn": summary(motions, [moved(grey(clip)) for clip in made]),
        "real, the most": summary(motions, real),
    }
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    (results / "clips.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    strip = Image.new("RGB", (8 * (SIDE + 2), 16 * (SIDE + 2)), "white")
    for row, clip in enumerate(made[:16]):
        for column, place in enumerate(np.linspace(0, FRAMES - 1, 8).astype(int)):
            frame = clip[place].resize((SIDE, SIDE), Image.Resampling.BOX)
            strip.paste(frame, (column * (SIDE + 2), row * (SIDE + 2)))
    strip.save(results / "clips.png")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
