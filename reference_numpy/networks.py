"""The networks of `minicyclegan.networks` in NumPy: the same arguments, attributes and state_dict keys.

Pictures are (N, C, H, W) in [-1, 1]. A convolution has a bias only where no norm removes it.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from reference_numpy import functional as F
from reference_numpy import nn
from reference_numpy.tensor import Tensor

Norm = Literal["instance", "batch", "none"]


def norm_layer(norm: Norm, channels: int) -> nn.Module:
    """Raises ValueError for a name that is none of `Norm`."""
    if norm == "instance":
        return nn.InstanceNorm2d()
    if norm == "batch":
        return nn.BatchNorm2d(channels)
    if norm == "none":
        return nn.Identity()
    raise ValueError(f'norm must be "instance", "batch" or "none", not {norm!r}')


class ResidualBlock(nn.Module):
    """x + F(x), (N, C, H, W) -> (N, C, H, W) (Johnson et al. 2016, appendix)."""

    def __init__(self, channels: int, norm: Norm, dropout: float, rng: np.random.Generator):
        self.conv1 = nn.Conv2d(channels, channels, 3, bias=False, rng=rng)
        self.norm1 = norm_layer(norm, channels)
        self.dropout = nn.Dropout(dropout, rng=rng) if dropout else nn.Identity()
        self.conv2 = nn.Conv2d(channels, channels, 3, bias=False, rng=rng)
        self.norm2 = norm_layer(norm, channels)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(F.pad(x, (1, 1, 1, 1), "reflect"))  # (N, C, H, W)
        y = self.dropout(F.relu(self.norm1(y)))  # (N, C, H, W)
        y = self.norm2(self.conv2(F.pad(y, (1, 1, 1, 1), "reflect")))  # (N, C, H, W)
        return x + y  # (N, C, H, W)


class ResnetGenerator(nn.Module):
    """(N, in_channels, H, W) -> (N, out_channels, H, W) in (-1, 1), H and W multiples of 4 (CycleGAN, appendix 7.2)."""

    def __init__(
        self,
        in_channels: int = 3,
        out_channels: int = 3,
        width: int = 64,
        blocks: int = 9,
        norm: Norm = "instance",
        dropout: float = 0.0,
        *,
        rng: np.random.Generator | None = None,
    ):
        rng = rng or np.random.default_rng(0)
        up = {"stride": 2, "padding": 1, "output_padding": 1, "bias": False, "rng": rng}
        self.stem = nn.Conv2d(in_channels, width, 7, bias=False, rng=rng)
        self.stem_norm = norm_layer(norm, width)
        self.down1 = nn.Conv2d(width, 2 * width, 3, stride=2, padding=1, bias=False, rng=rng)
        self.down1_norm = norm_layer(norm, 2 * width)
        self.down2 = nn.Conv2d(2 * width, 4 * width, 3, stride=2, padding=1, bias=False, rng=rng)
        self.down2_norm = norm_layer(norm, 4 * width)
        self.blocks = nn.Sequential(ResidualBlock(4 * width, norm, dropout, rng) for _ in range(blocks))
        self.up1 = nn.ConvTranspose2d(4 * width, 2 * width, 3, **up)
        self.up1_norm = norm_layer(norm, 2 * width)
        self.up2 = nn.ConvTranspose2d(2 * width, width, 3, **up)
        self.up2_norm = norm_layer(norm, width)
        self.head = nn.Conv2d(width, out_channels, 7, rng=rng)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(F.pad(x, (3, 3, 3, 3), "reflect"))  # (N, width, H, W)
        x = F.relu(self.stem_norm(x))  # (N, width, H, W)
        x = F.relu(self.down1_norm(self.down1(x)))  # (N, 2 width, H/2, W/2)
        x = F.relu(self.down2_norm(self.down2(x)))  # (N, 4 width, H/4, W/4)
        x = self.blocks(x)  # (N, 4 width, H/4, W/4)
        x = F.relu(self.up1_norm(self.up1(x)))  # (N, 2 width, H/2, W/2)
        x = F.relu(self.up2_norm(self.up2(x)))  # (N, width, H, W)
        x = self.head(F.pad(x, (3, 3, 3, 3), "reflect"))  # (N, out_channels, H, W)
        return F.tanh(x)  # (N, out_channels, H, W)


class PatchDiscriminator(nn.Module):
    """(N, in_channels, H, W) -> logits (N, 1, about H / 2^layers, about W / 2^layers) (pix2pix, appendix 6.1.2)."""

    def __init__(
        self,
        in_channels: int = 3,
        width: int = 64,
        layers: int = 3,
        norm: Norm = "instance",
        *,
        rng: np.random.Generator | None = None,
    ):
        rng = rng or np.random.default_rng(0)
        widths = [width * min(2**i, 8) for i in range(layers + 1)]
        strides = [2] * layers + [1]
        self.first = nn.Conv2d(in_channels, widths[0], 4, strides[0], padding=1, rng=rng)
        self.hidden = nn.ModuleList(
            nn.Conv2d(widths[i - 1], widths[i], 4, strides[i], padding=1, bias=False, rng=rng)
            for i in range(1, layers + 1)
        )
        self.norms = nn.ModuleList(norm_layer(norm, channels) for channels in widths[1:])
        self.last = nn.Conv2d(widths[-1], 1, 4, padding=1, rng=rng)

    def forward(self, x: Tensor) -> Tensor:
        x = F.leaky_relu(self.first(x), 0.2)  # (N, width, H/2, W/2)
        for convolution, norm in zip(self.hidden, self.norms, strict=True):
            x = F.leaky_relu(norm(convolution(x)), 0.2)  # (N, up to 8 width, H/2^i, W/2^i)
        return self.last(x)  # (N, 1, H/2^layers - 2, W/2^layers - 2)
