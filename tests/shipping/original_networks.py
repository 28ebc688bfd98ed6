"""The networks of the original PyTorch code, laid out so that their state dicts have its keys: the oracle of a loader.

Written from the facts alone: which module stands at which index, which convolutions have a bias.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

ORIGINAL_NORMS = {
    "instance": nn.InstanceNorm2d,
    "batch": nn.BatchNorm2d,
    "none": lambda channels: nn.Identity(),
}


class OriginalBlock(nn.Module):
    def __init__(self, channels: int, norm: str, dropout: bool):
        super().__init__()
        parts = []
        for half in range(2):
            parts.append(nn.ReflectionPad2d(1))
            parts.append(nn.Conv2d(channels, channels, 3, bias=norm == "instance"))
            parts.append(ORIGINAL_NORMS[norm](channels))
            if half == 0:
                parts += [nn.ReLU(), nn.Dropout(0.5)] if dropout else [nn.ReLU()]
        self.conv_block = nn.Sequential(*parts)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv_block(x)


def original_resnet(channels: int, out: int, width: int, blocks: int, norm: str, dropout: bool) -> nn.Module:
    bias = norm == "instance"

    def normed(convolution: nn.Module, count: int) -> list[nn.Module]:
        return [convolution, ORIGINAL_NORMS[norm](count), nn.ReLU()]

    parts = [nn.ReflectionPad2d(3), *normed(nn.Conv2d(channels, width, 7, bias=bias), width)]
    for wide in (width, 2 * width):
        parts += normed(nn.Conv2d(wide, 2 * wide, 3, stride=2, padding=1, bias=bias), 2 * wide)
    parts += [OriginalBlock(4 * width, norm, dropout) for _ in range(blocks)]
    for wide in (4 * width, 2 * width):
        up = nn.ConvTranspose2d(wide, wide // 2, 3, stride=2, padding=1, output_padding=1, bias=bias)
        parts += normed(up, wide // 2)
    parts += [nn.ReflectionPad2d(3), nn.Conv2d(width, out, 7), nn.Tanh()]
    return Named(nn.Sequential(*parts))


class Named(nn.Module):
    """A network whose keys begin with a name."""

    def __init__(self, inside: nn.Module, name: str = "model"):
        super().__init__()
        self.name = name
        self.add_module(name, inside)

    def forward(self, x: Tensor) -> Tensor:
        return getattr(self, self.name)(x)


class OriginalLevel(nn.Module):
    """One level of the U-Net with all levels below it inside; all but the outermost hand on their input as well."""

    def __init__(self, parts: list[nn.Module], outermost: bool):
        super().__init__()
        self.model, self.outermost = nn.Sequential(*parts), outermost

    def forward(self, x: Tensor) -> Tensor:
        y = self.model(x)
        # The leaky ReLU at the beginning of `model` has changed x by now, if it works in place.
        return y if self.outermost else torch.cat([x, y], 1)


def original_unet(
    channels: int, out: int, width: int, depth: int, norm: str, dropout: bool, in_place: bool = True
) -> nn.Module:
    """`in_place=False` is the one liberty: skips then hand over what came in, not what the activation made of it."""
    bias = norm == "instance"
    widths = [width * min(2**level, 8) for level in range(depth)]
    inner: list[nn.Module] = []
    for level in reversed(range(1, depth)):
        outer, here = widths[level - 1], widths[level]
        parts = [nn.LeakyReLU(0.2, inplace=in_place), nn.Conv2d(outer, here, 4, stride=2, padding=1, bias=bias)]
        if inner:
            parts += [ORIGINAL_NORMS[norm](here), *inner]
        up = nn.ConvTranspose2d(here * (2 if inner else 1), outer, 4, stride=2, padding=1, bias=bias)
        parts += [nn.ReLU(), up, ORIGINAL_NORMS[norm](outer)]
        if dropout and inner and level >= 4:
            parts.append(nn.Dropout(0.5))
        inner = [OriginalLevel(parts, outermost=False)]
    first = nn.Conv2d(channels, width, 4, stride=2, padding=1, bias=bias)
    last = nn.ConvTranspose2d(2 * width, out, 4, stride=2, padding=1)
    return Named(OriginalLevel([first, *inner, nn.ReLU(), last, nn.Tanh()], outermost=True))


def original_patch(channels: int, width: int, layers: int, norm: str) -> nn.Module:
    parts = [nn.Conv2d(channels, width, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
    before = width
    for layer in range(1, layers + 1):
        after, stride = width * min(2**layer, 8), 2 if layer < layers else 1
        parts.append(nn.Conv2d(before, after, 4, stride=stride, padding=1, bias=norm == "instance"))
        parts += [ORIGINAL_NORMS[norm](after), nn.LeakyReLU(0.2)]
        before = after
    return Named(nn.Sequential(*parts, nn.Conv2d(before, 1, 4, padding=1)))


def original_pixel(channels: int, width: int, norm: str) -> nn.Module:
    bias = norm == "instance"
    parts = [nn.Conv2d(channels, width, 1), nn.LeakyReLU(0.2), nn.Conv2d(width, 2 * width, 1, bias=bias)]
    parts += [ORIGINAL_NORMS[norm](2 * width), nn.LeakyReLU(0.2), nn.Conv2d(2 * width, 1, 1, bias=bias)]
    return Named(nn.Sequential(*parts), "net")


@torch.no_grad()
def randomised(network: nn.Module, seed: int = 0) -> nn.Module:
    """In eval mode, every number of it drawn, and none so small or large that an output would hide it."""
    draw = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            weight = module.weight
            fan_in = weight[0].numel() if isinstance(module, nn.Conv2d) else weight[:, 0].numel() / 4  # stride 2
            weight.normal_(0, math.sqrt(1.5 / fan_in), generator=draw)
            if module.bias is not None:
                module.bias.normal_(0, 0.3, generator=draw)
        elif isinstance(module, nn.BatchNorm2d):
            for value in (module.weight, module.running_var):
                value.uniform_(0.5, 1.5, generator=draw)
            for value in (module.bias, module.running_mean):
                value.normal_(0, 0.3, generator=draw)
            module.num_batches_tracked.fill_(7)
    return network.eval()
