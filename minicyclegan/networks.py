"""The networks, read from top to bottom: building blocks, the generator, the discriminator, initialisation.

Pictures go in and come out as float tensors (N, C, H, W) in [-1, 1].

A convolution has a bias only where it can matter. A norm subtracts its channel's mean, so a bias just before it is
dead weight; the published networks carry such biases, these do not.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Norm = Literal["instance", "batch", "none"]
Direction = Literal["AtoB", "BtoA"]


class InstanceNorm(nn.Module):
    """Each channel of each picture to mean 0, variance 1 over its own pixels; no parameters, no running statistics.

    (N, C, H, W) -> (N, C, H, W). Ulyanov et al. 2016, "Instance Normalization", eq. 7.
    Raises ValueError on a batch of one 1 x 1 map, whose variance does not exist.
    """

    def forward(self, x: Tensor) -> Tensor:
        # One channel a group makes group norm the same function, and its kernel is several times faster on a CPU.
        return F.group_norm(x, num_groups=x.shape[1])  # (N, C, H, W)


def norm_layer(norm: Norm, channels: int) -> nn.Module:
    """The norm named by `norm` for maps of `channels` channels. Raises ValueError for a name it does not know."""
    if norm == "instance":
        return InstanceNorm()
    if norm == "batch":
        return nn.BatchNorm2d(channels)
    if norm == "none":
        return nn.Identity()
    raise ValueError(f'norm must be "instance", "batch" or "none", not {norm!r}')


class ResidualBlock(nn.Module):
    """x + F(x), with F two 3 x 3 convolutions and no activation after the sum (Johnson et al. 2016, appendix)."""

    def __init__(self, channels: int, norm: Norm = "instance", dropout: float = 0.0):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, bias=False)
        self.norm1 = norm_layer(norm, channels)
        self.dropout = nn.Dropout(dropout) if dropout else nn.Identity()
        self.conv2 = nn.Conv2d(channels, channels, 3, bias=False)
        self.norm2 = norm_layer(norm, channels)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(F.pad(x, (1, 1, 1, 1), mode="reflect"))  # (N, C, H, W)
        y = self.dropout(F.relu(self.norm1(y)))  # (N, C, H, W)
        y = self.norm2(self.conv2(F.pad(y, (1, 1, 1, 1), mode="reflect")))  # (N, C, H, W)
        return x + y  # (N, C, H, W)


class ResnetGenerator(nn.Module):
    """Down by 4, residual blocks at that size, up again (CycleGAN, appendix 7.2: 6 blocks at 128 px, 9 at 256 px).

    in_channels, out_channels   1 (grey) or 3 (RGB)
    width                       channels after the first convolution; the residual blocks have 4 x width
    blocks                      number of residual blocks
    norm                        after every convolution but the last
    dropout                     probability inside each residual block; 0 leaves the layer out

    (N, in_channels, H, W) in [-1, 1] -> (N, out_channels, H, W) in (-1, 1). H and W are multiples of 4, at least 8:
    any other size comes back rounded up to one. Weights are drawn by `initialise` from `generator`.
    """

    def __init__(
        self,
        in_channels: int = 3,
        out_channels: int = 3,
        width: int = 64,
        blocks: int = 9,
        norm: Norm = "instance",
        dropout: float = 0.0,
        *,
        generator: torch.Generator | None = None,
    ):
        super().__init__()
        self.stem = nn.Conv2d(in_channels, width, 7, bias=False)
        self.stem_norm = norm_layer(norm, width)
        self.down1 = nn.Conv2d(width, 2 * width, 3, stride=2, padding=1, bias=False)
        self.down1_norm = norm_layer(norm, 2 * width)
        self.down2 = nn.Conv2d(2 * width, 4 * width, 3, stride=2, padding=1, bias=False)
        self.down2_norm = norm_layer(norm, 4 * width)
        self.blocks = nn.Sequential(*(ResidualBlock(4 * width, norm, dropout) for _ in range(blocks)))
        self.up1 = nn.ConvTranspose2d(4 * width, 2 * width, 3, stride=2, padding=1, output_padding=1, bias=False)
        self.up1_norm = norm_layer(norm, 2 * width)
        self.up2 = nn.ConvTranspose2d(2 * width, width, 3, stride=2, padding=1, output_padding=1, bias=False)
        self.up2_norm = norm_layer(norm, width)
        self.head = nn.Conv2d(width, out_channels, 7)
        initialise(self, generator)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(F.pad(x, (3, 3, 3, 3), mode="reflect"))  # (N, width, H, W)
        x = F.relu(self.stem_norm(x))  # (N, width, H, W)
        x = F.relu(self.down1_norm(self.down1(x)))  # (N, 2 width, H/2, W/2)
        x = F.relu(self.down2_norm(self.down2(x)))  # (N, 4 width, H/4, W/4)
        x = self.blocks(x)  # (N, 4 width, H/4, W/4)
        x = F.relu(self.up1_norm(self.up1(x)))  # (N, 2 width, H/2, W/2)
        x = F.relu(self.up2_norm(self.up2(x)))  # (N, width, H, W)
        x = F.pad(x, (3, 3, 3, 3), mode="reflect")  # (N, width, H + 6, W + 6)
        # So few output channels are convolved much faster on a CPU when a pixel's channels lie side by side.
        x = self.head(x.contiguous(memory_format=torch.channels_last))  # (N, out_channels, H, W)
        return torch.tanh(x).contiguous()  # (N, out_channels, H, W)


class PatchDiscriminator(nn.Module):
    """Judges every patch of a picture as real or generated (pix2pix, section 3.2.2 and appendix 6.1.2).

    `layers` strided convolutions set the patch: 1 sees 16 x 16 pixels, 2 sees 34, 3 sees 70, 5 sees 286.
    The first and the last convolution have no norm, hence a bias.

    (N, in_channels, H, W) in [-1, 1] -> logits (N, 1, about H / 2^layers, about W / 2^layers), without a sigmoid:
    the loss decides what they mean.
    """

    def __init__(
        self,
        in_channels: int = 3,
        width: int = 64,
        layers: int = 3,
        norm: Norm = "instance",
        *,
        generator: torch.Generator | None = None,
    ):
        super().__init__()
        # Width doubles with every layer up to 8 x; the last hidden layer no longer strides.
        widths = [width * min(2**i, 8) for i in range(layers + 1)]
        strides = [2] * layers + [1]
        self.first = nn.Conv2d(in_channels, widths[0], 4, stride=strides[0], padding=1)
        self.hidden = nn.ModuleList(
            nn.Conv2d(widths[i - 1], widths[i], 4, stride=strides[i], padding=1, bias=False)
            for i in range(1, layers + 1)
        )
        self.norms = nn.ModuleList(norm_layer(norm, channels) for channels in widths[1:])
        self.last = nn.Conv2d(widths[-1], 1, 4, padding=1)
        initialise(self, generator)

    def forward(self, x: Tensor) -> Tensor:
        x = F.leaky_relu(self.first(x), 0.2)  # (N, width, H/2, W/2)
        for convolution, norm in zip(self.hidden, self.norms, strict=True):
            x = F.leaky_relu(norm(convolution(x)), 0.2)  # (N, up to 8 width, H/2^i, W/2^i)
        return self.last(x)  # (N, 1, H/2^layers - 2, W/2^layers - 2)


def receptive_field(convolutions: Iterable[tuple[int, int]]) -> int:
    """How many input pixels, along one side, one output of a stack of (kernel, stride) convolutions looks at.

    receptive_field([(4, 2)] * 3 + [(4, 1)] * 2) is 70: the 70 x 70 PatchGAN.
    """
    field, step = 1, 1
    for kernel, stride in convolutions:
        field += (kernel - 1) * step
        step *= stride
    return field


def patch_convolutions(layers: int) -> list[tuple[int, int]]:
    """The (kernel, stride) pairs of a PatchDiscriminator with `layers` strided convolutions."""
    return [(4, 2)] * layers + [(4, 1)] * 2


def smallest_input(layers: int) -> int:
    """The smallest picture side, in pixels, on which a PatchDiscriminator with `layers` layers still has an output."""
    side = 1
    for kernel, stride in reversed(patch_convolutions(layers)):
        side = (side - 1) * stride + kernel - 2  # padding 1 on both sides
    return side


@torch.no_grad()
def initialise(network: nn.Module, generator: torch.Generator | None = None) -> None:
    """Convolution weights from N(0, 0.02), batch norm scales from N(1, 0.02), every bias 0 (CycleGAN, appendix 7.1)."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, 0.02, generator=generator)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, 0.02, generator=generator)
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)
