"""Residual layers over vectors, modulated by a vector."""

from torch import Tensor, nn
from torch.nn import functional


class DenseBlock(nn.Module):
    """x + g f(x, c): layer norm with scale and shift from the context, two linear layers, a gate; the identity at
    first."""

    def __init__(self, width: int, context: int, dropout: float) -> None:
        super().__init__()
        self.modulation = nn.Linear(context, 3 * width)
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)
        self.net = nn.Sequential(
            nn.Linear(width, 2 * width), nn.SiLU(), nn.Dropout(dropout), nn.Linear(2 * width, width)
        )

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """x (batch, width), context (batch, features) -> same shape as x."""
        scale, shift, gate = self.modulation(context).chunk(3, dim=1)
        return x + gate * self.net(functional.layer_norm(x, x.shape[1:]) * (1.0 + scale) + shift)


class DenseNet(nn.Module):
    """x (batch, features) and context (batch, context) -> (batch, features); zero at first."""

    def __init__(self, features: int, width: int, blocks: int, context: int, dropout: float) -> None:
        super().__init__()
        self.stem = nn.Linear(features, width)
        self.blocks = nn.ModuleList(DenseBlock(width, context, dropout) for _ in range(blocks))
        self.head = nn.Linear(width, features)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """See the class."""
        hidden = self.stem(x)
        for block in self.blocks:
            hidden = block(hidden, context)
        return self.head(functional.layer_norm(hidden, hidden.shape[1:]))
