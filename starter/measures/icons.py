"""How well the model ``icons`` draws kinds and colours that it never saw together, and how original it is.

    python starter/measures/icons.py --model icons

A classifier learns kind and colour from the real icons painted in every colour (`starter/recipes/icons.py`), moved,
scaled, blurred and speckled. It then looks at what the model drew for the 200 pairs of kind and colour that were kept
out of its training. Beside it stand the same figures of the real icons painted in those colours (the most that can be
reached) and of pictures drawn for other pairs (chance). Originality: the distance to the nearest training picture over
the usual distance between training pictures, and the share that our own check would call copies.
"""

import argparse
import io
import itertools
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

import castalia

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "recipes"))
from icons import COLOURS, Icon, colour, fetch, on_white, pairs, read  # noqa: E402 - the folder is put in the way above

SIDE = 32
NAMES = list(COLOURS)
COPY = 0.4
SHEET = 64


@dataclass
class Real:
    """Icons of every kind in every colour: ``pixels`` (n, 3, 32, 32) in [-1, 1], ``kinds`` and ``colours`` (n,)."""

    pixels: Tensor
    kinds: Tensor
    colours: Tensor
    names: list[str]


class Classifier(nn.Module):
    """Kind and colour of pictures (batch, 3, 32, 32)."""

    def __init__(self, kinds: int) -> None:
        super().__init__()
        widths = (3, 32, 64, 128)
        layers: list[nn.Module] = []
        for inputs, outputs in itertools.pairwise(widths):
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.SiLU(), nn.MaxPool2d(2)]
        self.body = nn.Sequential(*layers, nn.Flatten(), nn.Linear(2048, 256), nn.SiLU())
        self.kind, self.colour = nn.Linear(256, kinds), nn.Linear(256, len(NAMES))

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of kinds (batch, kinds) and colours (batch, 11)."""
        hidden = self.body(pixels)
        return self.kind(hidden), self.colour(hidden)


def small(image: Image.Image) -> np.ndarray:
    """Pixels (3, 32, 32) in [-1, 1]."""
    shrunk = image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(shrunk, dtype=np.float32).transpose(2, 0, 1) / 127.5 - 1.0


def real(icons: list[Icon]) -> Real:
    """Every icon that can have several colours, in all of them."""
    pixels, kinds, colours = [], [], []
    names = sorted({icon.kind for icon in icons if icon.others})
    for icon in icons:
        for name, painted in icon.others.items():
            pixels.append(small(on_white(painted)))
            kinds.append(names.index(icon.kind))
            colours.append(NAMES.index(name))
    return Real(torch.from_numpy(np.stack(pixels)), torch.tensor(kinds), torch.tensor(colours), names)


def varied(pixels: Tensor) -> Tensor:
    """Moved, scaled, turned a little, blurred and speckled, as drawn pictures are."""
    count = len(pixels)
    angle, scale = 0.15 * torch.randn(count), torch.exp(0.12 * torch.randn(count))
    terms = torch.zeros(count, 2, 3)
    terms[:, 0, 0], terms[:, 0, 1] = scale * angle.cos(), -scale * angle.sin()
    terms[:, 1, 0], terms[:, 1, 1] = scale * angle.sin(), scale * angle.cos()
    terms[:, :, 2] = 0.12 * torch.randn(count, 2)
    grid = functional.affine_grid(terms, list(pixels.shape), align_corners=False)
    moved = functional.grid_sample(pixels - 1.0, grid, align_corners=False) + 1.0
    blurred = functional.avg_pool2d(functional.pad(moved, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    share = torch.rand(count, 1, 1, 1)
    return share * moved + (1.0 - share) * blurred + 0.15 * torch.rand(count, 1, 1, 1) * torch.randn_like(moved)


def learn(data: Real, seconds: float) -> Classifier:
    """A classifier after so many processor seconds."""
    torch.manual_seed(0)
    net = Classifier(len(data.names))
    optimiser = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.02)
    start = time.process_time()
    while (share := (time.process_time() - start) / seconds) < 1.0:
        optimiser.param_groups[0]["lr"] = 2e-3 * (1.0 - share)
        chosen = torch.randint(len(data.kinds), (128,))
        kinds, colours = net(varied(data.pixels[chosen]))
        loss = functional.cross_entropy(kinds, data.kinds[chosen]) + functional.cross_entropy(
            colours, data.colours[chosen]
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return net.eval()


@torch.no_grad()
def told(net: Classifier, pictures: np.ndarray, kinds: Tensor, colours: Tensor) -> dict[str, float]:
    """Shares of pictures (n, 3, 32, 32) whose kind is first, is among the first five, and whose colour is right."""
    by_kind, by_colour = net(torch.from_numpy(pictures))
    first = by_kind.topk(5, dim=1).indices == kinds[:, None]
    return {
        "kind_top1": round(float(first[:, 0].float().mean()), 4),
        "kind_top5": round(float(first.any(dim=1).float().mean()), 4),
        "colour": round(float((by_colour.argmax(dim=1) == colours).float().mean()), 4),
    }


def draw(model: str, prompts: list[str], **options: object) -> list[Image.Image]:
    """One picture for each prompt, at a seed of its own."""
    results = (castalia.generate(prompt, model=model, seed=seed, **options) for seed, prompt in enumerate(prompts))
    return [Image.open(io.BytesIO(result.outputs[0].read())).convert("RGB") for result in results]


def originality(made: list[Image.Image], icons: list[Icon]) -> dict[str, float]:
    """Nearest training pictures at 32 x 32 against the usual distance between training pictures."""
    shown, _ = pairs(icons)
    seen = [small(on_white(icon.pixels)) for icon in icons]
    seen += [small(on_white(icons[place].others[name])) for place, name in shown]
    rows = torch.from_numpy(np.stack(seen)).flatten(1)
    drawn = torch.from_numpy(np.stack([small(image) for image in made])).flatten(1)
    between = torch.cdist(rows[:: max(1, len(rows) // 2000)], rows)
    usual = float(between.kthvalue(2, dim=1).values.median())
    nearest = torch.cdist(drawn, rows).amin(dim=1)
    return {
        "nearest_over_usual": round(float((nearest / usual).median()), 4),
        "copies": round(float((nearest < COPY * usual).float().mean()), 4),
    }


def sheet(made: list[Image.Image], path: Path) -> None:
    """The first pictures, 16 a row, as they came."""
    side = made[0].width + 2
    whole = Image.new("RGB", (16 * side, -(-len(made[:SHEET]) // 16) * side), "white")
    for place, image in enumerate(made[:SHEET]):
        whole.paste(image, (place % 16 * side, place // 16 * side))
    whole.save(path)


def main() -> None:
    """Measure a model of this home."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="icons")
    parser.add_argument("--package", type=Path, help="the unpacked npm package, where it is there already")
    parser.add_argument("--seconds", type=float, default=240.0, help="processor seconds of the classifier's training")
    parser.add_argument("--options", default="{}", help="JSON of generation options")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        icons = read(chosen.package or fetch(Path(name)))
    for icon in icons:
        colour(icon)
    data = real(icons)
    _, unseen = pairs(icons)
    kinds = torch.tensor([data.names.index(icons[place].kind) for place, _ in unseen])
    colours = torch.tensor([NAMES.index(colour_name) for _, colour_name in unseen])
    net = learn(data, chosen.seconds)
    painted = np.stack([small(on_white(icons[place].others[colour_name])) for place, colour_name in unseen])
    prompts = [f"draw a {colour_name} {icons[place].kind}" for place, colour_name in unseen]
    options = json.loads(chosen.options)
    start = time.perf_counter()
    made = draw(chosen.model, prompts, **options)
    seconds = (time.perf_counter() - start) / len(made)
    drawn = np.stack([small(image) for image in made])
    mixed = np.roll(drawn, len(drawn) // 2, axis=0)
    result: dict[str, object] = {
        "command": " ".join(["python", *sys.argv]),
        "pairs": len(unseen),
        "kinds": len(data.names),
        "options": options,
        "drawn": told(net, drawn, kinds, colours) | originality(made, icons),
        "real, the most": told(net, painted, kinds, colours),
        "drawn for other pairs, chance": told(net, mixed, kinds, colours),
        "seconds_a_picture": round(seconds, 3),
    }
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    (results / "icons.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    sheet(made, results / "icons.png")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
