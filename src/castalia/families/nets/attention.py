"""Self-attention over a set of vectors, and over the places of a grid."""

from torch import Tensor, nn
from torch.nn import functional

from castalia.families.nets.convolution import group_norm

HEAD = 32
"""Least channels of one head."""


class Attention(nn.Module):
    """softmax(Q K^T / sqrt(d)) V over tokens (batch, tokens, width), with normalised queries and keys.

    The normalisation (Dehghani et al., ViT-22B, 2023) keeps the logits in range at high learning rates.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.heads = max(1, width // (2 * HEAD) if width >= 4 * HEAD else width // HEAD)
        while width % self.heads:
            self.heads -= 1
        self.inputs = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)
        self.scales = nn.Parameter(self.output.bias.new_ones(2, width // self.heads))

    def forward(self, x: Tensor) -> Tensor:
        """x (batch, tokens, width) -> same shape."""
        queries, keys, values = self.inputs(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        queries = functional.rms_norm(queries, queries.shape[-1:], self.scales[0].to(queries))
        keys = functional.rms_norm(keys, keys.shape[-1:], self.scales[1].to(keys))
        mixed = functional.scaled_dot_product_attention(queries, keys, values)
        return self.output(mixed.transpose(1, 2).flatten(2))


class GridAttention(nn.Module):
    """x + attention over all places of x (batch, channels, *space)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = group_norm(channels)
        self.attention = Attention(channels)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        tokens = self.norm(x).flatten(2).transpose(1, 2)
        return x + self.attention(tokens).transpose(1, 2).unflatten(2, x.shape[2:])
