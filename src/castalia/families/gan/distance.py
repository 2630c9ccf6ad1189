"""How far what a generator makes is from held-out items, in one figure that does not depend on the critic."""

import torch
from torch import Tensor


def energy_distance(real: Tensor, made: Tensor) -> Tensor:
    """2 E|x - y| - E|x - x'| - E|y - y'| (Szekely and Rizzo, 2013), unbiased, of (batch, features) each; at least 2.

    Zero in expectation exactly when both come from one distribution; no bandwidth is to be chosen. A collapsed
    generator is seen by its small E|y - y'|, a blurred one likewise.
    """
    between = torch.cdist(real, made).mean()
    return 2.0 * between - _among(real) - _among(made)


def _among(items: Tensor) -> Tensor:
    count = len(items)
    return torch.cdist(items, items, compute_mode="donot_use_mm_for_euclid_dist").sum() / (count * (count - 1))
