"""How the error grows along what is made: by quarters of a sound's or clip's time, or of a sequence of tokens."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from castalia.families.contract import Batch
from castalia.families.nets.autoregressive import Autoregressive
from castalia.judging.evaluation import vectors
from castalia.judging.evaluation.bootstrap import Estimate, of_statistic
from castalia.judging.evaluation.distances import median_width, rbf_estimate
from castalia.judging.evaluation.figures import Curve, Figure
from castalia.modalities.likeness import averaging

QUARTERS = 4
SIDE = 8
"""A quarter is averaged down to this side at most before it is compared."""
AT_ONCE = 32
MOST = 256

Array = NDArray[np.float64]
Items = NDArray[np.generic]


def of_time(real: Items, made: Items, floor: Items, trivial: Items, seed: int) -> tuple[list[Figure], list[Curve]]:
    """Kernel distance of each quarter of spectrograms (n, mels, frames) or clips (n, channels, frames, height, width).

    All sets are cut into quarters along their frames; the distance is the unbiased one with a Gaussian kernel (Gretton
    et al., 2012) on quarters averaged down, its width that of the real quarters.
    """
    estimates = [_quarter(real, made, floor, trivial, number, seed) for number in range(QUARTERS)]
    figures = [
        vectors.figure(f"error_quarter_{number}", "context", mine, least.value, most.value, unit="squared distance",
                       direction="lower",
                       about=f"Kernel distance of quarter {number} of {QUARTERS} of their time, made against held out.")
        for number, (mine, least, most) in enumerate(estimates, start=1)
    ]  # fmt: skip
    return figures, [_curve("squared distance", figures)]


def of_tokens(learner: Autoregressive, held: Items, seed: int) -> tuple[list[Figure], list[Curve]]:
    """Nats a token of each quarter of held-out sequences (n, length), each token with all before it known.

    As in sampling, what a grammar forbids has no probability; tokens of the data that it forbids are left out.
    """
    rows = vectors.some(held, MOST, seed)
    obeying = not learner.rules.trivial and not learner.layout.stream
    sums, counts = np.zeros((len(rows), QUARTERS)), np.zeros((len(rows), QUARTERS))
    with torch.no_grad():
        for start in range(0, len(rows), AT_ONCE):
            data = torch.from_numpy(np.ascontiguousarray(rows[start : start + AT_ONCE], dtype=np.int64))
            losses, counted = learner.token_losses(Batch(data, None, None), None, obeying)
            for place, (loss, known) in enumerate(zip(losses.double().numpy(), counted.numpy(), strict=True), start):
                for number, part in enumerate(np.array_split(loss[known], QUARTERS)):
                    allowed = part[np.isfinite(part)]
                    sums[place, number], counts[place, number] = allowed.sum(), len(allowed)
    figures: list[Figure] = []
    for number in range(QUARTERS):
        nats, sizes = sums[:, number], counts[:, number]

        def mean(chosen: NDArray[np.intp], nats: Array = nats, sizes: Array = sizes) -> float:
            return float(nats[chosen].sum() / max(1.0, sizes[chosen].sum()))

        figures.append(
            vectors.figure(f"error_quarter_{number + 1}", "context", of_statistic(mean, len(rows), seed), None, None,
                           unit="nats a token", direction="lower",
                           about=f"-log likelihood of quarter {number + 1} of {QUARTERS} of held-out sequences.")
        )  # fmt: skip
    return figures, [_curve("nats a token", figures)]


def _quarter(real: Items, made: Items, floor: Items, trivial: Items, number: int, seed: int) -> tuple[Estimate, ...]:
    parts = [_part(items, number) for items in (real, made, floor, trivial)]
    scale = max(float(parts[0].std()), 1e-6)
    parts = [vectors.some(part / scale, MOST, seed) for part in parts]
    width = median_width(parts[0])
    return tuple(rbf_estimate(parts[0], part, width, seed) for part in parts[1:])


def _part(items: Items, number: int) -> Array:
    """One quarter as vectors (n, d)."""
    values = np.asarray(items, dtype=np.float64)
    if values.ndim == 3:
        start, end = _ends(values.shape[2], number)
        piece = values[:, None, :, start:end]
    else:
        start, end = _ends(values.shape[2], number)
        piece = values[:, :, start:end].reshape(len(values), -1, *values.shape[3:])
    rows, columns = (averaging(size, min(SIDE, size)) for size in piece.shape[2:])
    return np.einsum("kh,nchw,lw->nckl", rows, piece, columns, optimize=True).reshape(len(values), -1)


def _ends(length: int, number: int) -> tuple[int, int]:
    start, end = length * number // QUARTERS, length * (number + 1) // QUARTERS
    return min(start, length - 1), max(end, start + 1)


def _curve(unit: str, figures: Sequence[Figure]) -> Curve:
    """The figures over the share of the whole at which their quarter ends."""
    ends = [(number + 1) / QUARTERS for number in range(len(figures))]
    drawn = {"held out" if unit == "nats a token" else "made": [one.value for one in figures]}
    if all(one.floor is not None for one in figures):
        drawn["real items"] = [one.floor for one in figures]
    series = {name: [(x, y or 0.0) for x, y in zip(ends, values, strict=True)] for name, values in drawn.items()}
    return Curve(title="Error by horizon", x="share of the whole", y=unit, series=series)
