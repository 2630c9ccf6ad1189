"""Muon: momentum whose matrices are made orthogonal before each update, with AdamW for everything else.

Jordan et al. 2024, "Muon: an optimizer for hidden layers"; the polynomials follow Amsel et al. 2025, "The Polar
Express". An orthogonal update moves all directions of a matrix alike, which small transformers learn from much faster.
"""

import math
from collections.abc import Callable, Iterable
from typing import overload

import torch
from torch import Tensor, nn

from castalia.families.contract import Diverged, Step, parameters_of

POLYNOMIALS = (
    (8.256838, -24.265278, 17.958904),
    (3.854963, -2.878414, 0.554357),
    (3.042503, -2.279525, 0.486446),
    (2.108130, -1.490050, 0.399703),
)
"""a, b, c of x <- a x + b x^3 + c x^5, one after the other: singular values from 0.006 to 1 come to 0.945 to 1.055.

Each has the least greatest distance from 1 over the interval that the former leaves, found by linear programming.
"""


def orthogonalise(matrices: Tensor) -> Tensor:
    """The nearest (semi-)orthogonal matrices to ``matrices`` (count, rows, columns), nearly."""
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    x = x / (torch.linalg.matrix_norm(x)[:, None, None] + 1e-12)
    for a, b, c in POLYNOMIALS:
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.mT if tall else x


class Muon(torch.optim.Optimizer):
    """W <- (1 - rate decay) W - rate sqrt(max(1, rows / columns)) orthogonalise(g + momentum m), m <- momentum m + g.

    ``params`` are matrices, each of so many ``parts`` one above the other (the gates of a recurrent layer), which are
    made orthogonal by themselves; kernels of convolutions count as matrices of a row for each output channel.
    """

    def __init__(
        self, params: Iterable[nn.Parameter], lr: float, momentum: float = 0.95, decay: float = 0.0, parts: int = 1
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "decay": decay, "parts": parts})

    @overload
    def step(self, closure: None = None) -> None: ...
    @overload
    def step(self, closure: Callable[[], float]) -> float: ...
    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """One update of every matrix that has a gradient."""
        loss = None if closure is None else closure()
        for group in self.param_groups:
            alike: dict[tuple[int, int], list[nn.Parameter]] = {}
            for parameter in group["params"]:
                if parameter.grad is not None:
                    alike.setdefault((parameter.shape[0], parameter[0].numel()), []).append(parameter)
            for shape, matrices in alike.items():
                self._update(group, (shape[0] // group["parts"], shape[1]), matrices)
        return loss

    def _update(self, group: dict[str, float], shape: tuple[int, int], matrices: list[nn.Parameter]) -> None:
        """``matrices`` of one shape together; ``shape`` is that of a part."""
        wanted: list[Tensor] = []
        for one in matrices:
            gradient, state = one.grad, self.state[one]
            if gradient is None:
                continue
            if "momentum" not in state:
                state["momentum"] = torch.zeros_like(one)
            state["momentum"].mul_(group["momentum"]).add_(gradient)
            wanted.append(gradient.add(state["momentum"], alpha=group["momentum"]).flatten(1))
        turned = orthogonalise(torch.stack(wanted).view(-1, *shape)).reshape(len(matrices), -1)
        length = math.sqrt(max(1.0, shape[0] / shape[1]))
        for one, direction in zip(matrices, turned, strict=True):
            one.mul_(1.0 - group["lr"] * group["decay"])
            one.add_(direction.view(one.shape), alpha=-group["lr"] * length)


def update_all(optimisers: Iterable[torch.optim.Optimizer], loss: Tensor, step: Step, clip: float = 1.0) -> float:
    """`castalia.families.contract.update` for several optimisers that share one loss; returns the gradient's norm."""
    optimisers = list(optimisers)
    if not torch.isfinite(loss):
        raise Diverged(f"the loss is {loss.item()} at step {step.index}")
    for one in optimisers:
        one.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    norm = nn.utils.clip_grad_norm_([parameter for one in optimisers for parameter in parameters_of(one)], clip)
    if not torch.isfinite(norm):
        raise Diverged(f"the gradient's norm is {norm.item()} at step {step.index}")
    for one in optimisers:
        for group in one.param_groups:
            group["lr"] = group.setdefault("base_rate", group["lr"]) * step.rate
        one.step()
    return float(norm)
