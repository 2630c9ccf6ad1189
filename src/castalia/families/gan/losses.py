"""The relativistic pairing loss with zero-centred gradient penalties (Huang et al., The GAN is dead; long live the
GAN!, 2024).

With critic D, real item x under the distribution p and made item y = G(z):

    critic      E[softplus(D(y) - D(x))] + weight / 2 (R1 + R2)
    generator   E[softplus(D(x) - D(y))]
    R1 = E_p ||grad D(x)||^2,  R2 = E_G ||grad D(y)||^2

Each made item is judged against a real one, so that no region of the data can be given up at no cost; the two
penalties make the game converge near its solution.
"""

import torch
from torch import Tensor
from torch.nn import functional


def pairing_loss(wanted: Tensor, other: Tensor) -> Tensor:
    """E[softplus(other - wanted)] of logits (batch,): small when ``wanted`` is judged the more real of each pair."""
    return functional.softplus(other - wanted).mean()


def gradient_penalty(logits: Tensor, items: Tensor) -> Tensor:
    """||d logit / d item||^2 (batch,), differentiable; ``logits`` (batch,) depend each on its own item alone."""
    (gradient,) = torch.autograd.grad(logits.sum(), items, create_graph=True)
    return gradient.flatten(1).square().sum(dim=1)
