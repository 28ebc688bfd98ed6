"""The networks of `minicyclegan.networks` in NumPy: the same arguments, attributes and state_dict keys.

Pictures are (N, C, H, W) in [-1, 1]. A convolution has a bias only where no norm removes it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import numpy as np

from reference_numpy import functional as F
from reference_numpy import nn
from reference_numpy.tensor import Tensor, concatenate

Norm = Literal["instance", "batch", "none"]
LatentAt = Literal["input", "all"]
Upsampling = Literal["transposed", "balanced", "nearest", "bilinear"]


def norm_layer(norm: Norm, channels: int) -> nn.Module:
    """Raises ValueError for a name that is none of `Norm`."""
    if norm == "instance":
        return nn.InstanceNorm2d()
    if norm == "batch":
        return nn.BatchNorm2d(channels)
    if norm == "none":
        return nn.Identity()
    raise ValueError(f'norm must be "instance", "batch" or "none", not {norm!r}')


def upsampling_layer(
    kind: Upsampling, channels: int, out: int, kernel: int, rng: np.random.Generator, bias: bool = False
) -> nn.Module:
    """(N, channels, H, W) -> (N, out, 2 H, 2 W). Raises ValueError for a name that is none of `Upsampling`."""
    if kind == "transposed":
        return nn.ConvTranspose2d(channels, out, kernel, 2, 1, output_padding=kernel % 2, bias=bias, rng=rng)
    if kind == "balanced":
        return nn.BalancedTransposedConv2d(channels, out, 4, 2, 1, bias=bias, rng=rng)
    if kind in ("nearest", "bilinear"):
        doubled = nn.NearestUpsampling() if kind == "nearest" else nn.BilinearUpsampling()
        convolution = nn.Conv2d(channels, out, 3, padding=1, bias=bias, padding_mode=edges(kind), rng=rng)
        return nn.Sequential([doubled, convolution])
    raise ValueError(f'upsampling must be "transposed", "balanced", "nearest" or "bilinear", not {kind!r}')


def edges(upsampling: Upsampling) -> str:
    """What a convolution sees beyond a map's edges."""
    return "replicate" if upsampling in ("balanced", "bilinear") else "zeros"


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
        upsampling: Upsampling = "transposed",
        *,
        rng: nn.Rng = None,
    ):
        rng = rng or np.random.default_rng(0)
        self.stem = nn.Conv2d(in_channels, width, 7, bias=False, rng=rng)
        self.stem_norm = norm_layer(norm, width)
        beyond = edges(upsampling)
        self.down1 = nn.Conv2d(width, 2 * width, 3, stride=2, padding=1, bias=False, padding_mode=beyond, rng=rng)
        self.down1_norm = norm_layer(norm, 2 * width)
        self.down2 = nn.Conv2d(2 * width, 4 * width, 3, stride=2, padding=1, bias=False, padding_mode=beyond, rng=rng)
        self.down2_norm = norm_layer(norm, 4 * width)
        self.blocks = nn.Sequential(ResidualBlock(4 * width, norm, dropout, rng) for _ in range(blocks))
        self.up1 = upsampling_layer(upsampling, 4 * width, 2 * width, 3, rng)
        self.up1_norm = norm_layer(norm, 2 * width)
        self.up2 = upsampling_layer(upsampling, 2 * width, width, 3, rng)
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


class UnetGenerator(nn.Module):
    """(N, in_channels, H, W) and, with latent > 0, a code z (N, latent) -> (N, out_channels, H, W) in (-1, 1).

    H and W are multiples of 2^depth (pix2pix, section 3.2.1; the code at the input or at all levels: BicycleGAN, 4).
    Raises ValueError for a depth below 2, any other size, and a z that is missing, of another shape or not asked for.
    """

    def __init__(
        self,
        in_channels: int = 3,
        out_channels: int = 3,
        depth: int = 8,
        width: int = 64,
        norm: Norm = "batch",
        dropout: float = 0.5,
        skips: bool = True,
        latent: int = 0,
        latent_at: LatentAt = "all",
        upsampling: Upsampling = "transposed",
        *,
        rng: nn.Rng = None,
    ):
        if depth < 2:
            raise ValueError(f"depth must be at least 2, not {depth}")
        rng = rng or np.random.default_rng(0)
        self.depth, self.skips, self.latent = depth, skips, latent
        self.coded = range(depth) if latent and latent_at == "all" else range(1 if latent else 0)  # levels that see z
        widths = [width * min(2**level, 8) for level in range(depth)]
        above = [(width + 1) // 2 if upsampling == "bilinear" else out_channels, *widths[:-1]]
        inner = range(1, depth - 1)  # neither the outermost level nor the innermost
        self.down = nn.ModuleList(
            nn.Conv2d(
                (widths[level - 1] if level else in_channels) + (latent if level in self.coded else 0),
                widths[level],
                4,
                stride=2,
                padding=1,
                bias=level not in inner and (norm == "instance" or latent > 0),  # as published
                padding_mode=edges(upsampling),
                rng=rng,
            )
            for level in range(depth)
        )
        self.down_norms = nn.ModuleList(
            norm_layer(norm if level in inner else "none", widths[level]) for level in range(depth)
        )
        self.up = nn.ModuleList(
            upsampling_layer(
                upsampling,
                widths[level] * (2 if skips and level < depth - 1 else 1),
                above[level],
                4,
                rng,
                bias=level == 0,
            )
            for level in range(depth)
        )
        self.up_norms = nn.ModuleList(norm_layer(norm if level else "none", above[level]) for level in range(depth))
        self.head = None
        if upsampling == "bilinear":
            self.head = nn.Conv2d(above[0], out_channels, 7, padding=3, padding_mode=edges(upsampling), rng=rng)
        self.dropouts = nn.ModuleList(
            nn.Dropout(dropout, rng=rng) if dropout and level >= 4 and level in inner else nn.Identity()
            for level in range(depth)
        )

    def forward(self, x: Tensor, z: Tensor | None = None) -> Tensor:
        self._check(x.shape, None if z is None else z.shape)
        down = []
        for level in range(self.depth):
            if level in self.coded:
                planes = z.reshape(*z.shape, 1, 1) * np.ones(x.shape[2:], x.dtype)  # (N, latent, H/2^level, W/2^level)
                x = concatenate([x, planes], axis=1)  # (N, C + latent, H/2^level, W/2^level)
            x = self.down[level](F.leaky_relu(x, 0.2) if level else x)  # (N, width 2^level, H/2^(level+1), …)
            x = self.down_norms[level](x)
            down.append(x)
        for level in range(self.depth)[::-1]:
            x = self.up_norms[level](self.up[level](F.relu(x)))  # (N, width 2^(level-1), H/2^level, W/2^level)
            x = self.dropouts[level](x)
            if level and self.skips:
                x = concatenate([down[level - 1], x], axis=1)  # (N, width 2^level, H/2^level, W/2^level)
        if self.head:
            x = self.head(F.relu(x))  # (N, out_channels, H, W)
        return F.tanh(x)  # (N, out_channels, H, W)

    def _check(self, picture: tuple[int, ...], code: tuple[int, ...] | None) -> None:
        if picture[2] % 2**self.depth or picture[3] % 2**self.depth:
            raise ValueError(
                f"a U-Net of depth {self.depth} takes pictures whose sides are multiples of {2**self.depth}, "
                f"not {picture[2]} x {picture[3]}"
            )
        expected = (picture[0], self.latent) if self.latent else None
        if code != expected:
            raise ValueError(f"this network takes a code of shape {expected}, and got {code}")


class PatchDiscriminator(nn.Module):
    """(N, in_channels, H, W) -> logits (N, 1, about H / 2^layers, about W / 2^layers) (pix2pix, appendix 6.1.2)."""

    def __init__(
        self, in_channels: int = 3, width: int = 64, layers: int = 3, norm: Norm = "instance", *, rng: nn.Rng = None
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


class PixelDiscriminator(nn.Module):
    """(N, in_channels, H, W) -> logits (N, 1, H, W): every pixel is judged alone (pix2pix, appendix 6.1.2)."""

    def __init__(self, in_channels: int = 3, width: int = 64, norm: Norm = "batch", *, rng: nn.Rng = None):
        rng = rng or np.random.default_rng(0)
        self.first = nn.Conv2d(in_channels, width, 1, rng=rng)
        self.hidden = nn.Conv2d(width, 2 * width, 1, bias=False, rng=rng)
        self.norm = norm_layer(norm, 2 * width)
        self.last = nn.Conv2d(2 * width, 1, 1, bias=norm == "instance", rng=rng)  # as published

    def forward(self, x: Tensor) -> Tensor:
        x = F.leaky_relu(self.first(x), 0.2)  # (N, width, H, W)
        x = F.leaky_relu(self.norm(self.hidden(x)), 0.2)  # (N, 2 width, H, W)
        return self.last(x)  # (N, 1, H, W)


class MultiscaleDiscriminator(nn.Module):
    """(N, in_channels, H, W) -> a list of logits, one a scale: full size, half, … (BicycleGAN, section 4: two)."""

    def __init__(
        self,
        in_channels: int = 3,
        width: int = 64,
        layers: int = 3,
        norm: Norm = "instance",
        scales: int = 2,
        *,
        rng: nn.Rng = None,
    ):
        rng = rng or np.random.default_rng(0)
        widths = [max(1, round(width / 2**scale)) for scale in range(scales)]
        self.scales = nn.ModuleList(PatchDiscriminator(in_channels, one, layers, norm, rng=rng) for one in widths)

    def forward(self, x: Tensor) -> list[Tensor]:
        pictures = [x]
        for _ in range(len(list(self.scales)) - 1):
            x = F.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False)  # (N, in_channels, H/2, W/2)
            pictures.append(x)
        return [D(picture) for D, picture in zip(self.scales, pictures, strict=True)]


class EncoderBlock(nn.Module):
    """(N, in_channels, H, W) -> (N, out_channels, H/2, W/2): norm and activation before each convolution."""

    def __init__(self, in_channels: int, out_channels: int, norm: Norm, rng: np.random.Generator):
        self.norm1 = norm_layer(norm, in_channels)
        self.conv1 = nn.Conv2d(in_channels, in_channels, 3, padding=1, bias=norm == "none", rng=rng)
        self.norm2 = norm_layer(norm, in_channels)
        self.conv2 = nn.Conv2d(in_channels, out_channels, 3, padding=1, rng=rng)
        self.shortcut = nn.Conv2d(in_channels, out_channels, 1, rng=rng)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(F.leaky_relu(self.norm1(x), 0.2))  # (N, in_channels, H, W)
        y = F.avg_pool2d(self.conv2(F.leaky_relu(self.norm2(y), 0.2)), 2)  # (N, out_channels, H/2, W/2)
        return y + self.shortcut(F.avg_pool2d(x, 2))  # (N, out_channels, H/2, W/2)


class StyleEncoder(nn.Module):
    """(N, in_channels, H, W) -> mean (N, latent) and log variance (N, latent) of a code (BicycleGAN, section 3.2)."""

    def __init__(
        self,
        in_channels: int = 3,
        latent: int = 8,
        width: int = 64,
        blocks: int = 4,
        norm: Norm = "instance",
        *,
        rng: nn.Rng = None,
    ):
        rng = rng or np.random.default_rng(0)
        widths = [width * min(block, 4) for block in range(1, blocks + 2)]
        self.first = nn.Conv2d(in_channels, width, 4, stride=2, padding=1, rng=rng)
        self.blocks = nn.Sequential(EncoderBlock(before, after, norm, rng) for before, after in pairwise(widths))
        self.mean = nn.Linear(widths[-1], latent, rng=rng)
        self.log_variance = nn.Linear(widths[-1], latent, rng=rng)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.blocks(self.first(x))  # (N, up to 4 width, H/2^(blocks + 1), W/2^(blocks + 1))
        x = F.leaky_relu(x, 0.2).mean((2, 3))  # (N, up to 4 width)
        return self.mean(x), self.log_variance(x)  # (N, latent) each
