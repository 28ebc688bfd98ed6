"""The networks, read from top to bottom: building blocks, generators, discriminators, the encoder, initialisation.

Pictures go in and come out as float tensors (N, C, H, W) in [-1, 1]. A generator says `fitting_side`, the next length
of a side that it can take, and `latent`, how many numbers its code has, where it has one. Its `forward` is traced to
fuse its norms (`kernels/fuse.py`), so that what depends on sizes stands in functions of plain numbers.

A convolution has a bias only where it can matter. A norm subtracts its channel's mean, so a bias just before it is
dead weight; the published networks carry such biases, these do not.
"""

from __future__ import annotations

import itertools
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from minicyclegan.receptive_field import smallest_input

Norm = Literal["instance", "batch", "none"]
Direction = Literal["AtoB", "BtoA"]
LatentAt = Literal["input", "all"]
Upsampling = Literal["transposed", "balanced", "nearest", "bilinear"]


class InstanceNorm(nn.Module):
    """Each channel of each picture to mean 0, variance 1 over its own pixels; no parameters, no running statistics.

    (N, C, H, W) -> (N, C, H, W); a 1 x 1 map raises ValueError. Ulyanov et al. 2016, "Instance Normalization".
    """

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[-2:] == (1, 1):
            raise ValueError("instance norm of a 1 x 1 map is 0 whatever goes in: use a larger picture or fewer layers")
        # y = (x - mu) / sqrt(sigma^2 + eps)   (eq. 7)
        # One channel a group makes group norm this function, and its CPU code is several times as fast.
        return F.group_norm(x, num_groups=x.shape[1], eps=1e-5)  # (N, C, H, W)


def norm_layer(norm: Norm, channels: int) -> nn.Module:
    """The norm named by `norm` for maps of `channels` channels. Raises ValueError for a name it does not know."""
    if norm == "instance":
        return InstanceNorm()
    if norm == "batch":
        return nn.BatchNorm2d(channels)
    if norm == "none":
        return nn.Identity()
    raise ValueError(f'norm must be "instance", "batch" or "none", not {norm!r}')


class BalancedTransposedConv2d(nn.ConvTranspose2d):
    """A transposed convolution of stride 2 that turns a flat map into a flat map, without a checkerboard.

    Which of its weights reach a pixel depends on whether the pixel's row and column are even or odd: four phases, which
    train to different sums and so to a grid of period 2 (Odena et al. 2016, "Deconvolution and Checkerboard
    Artifacts"). Here each phase's sum is moved to the mean of the four, a condition of Sugawara et al. 2018,
    "Super-Resolution Using Convolutional Neural Networks Without Any Checkerboard Artifacts". Beyond its edges the map
    is taken to go on as it ends.
    """

    def __init__(self, *arguments: Any, **options: Any):
        super().__init__(*arguments, **options)
        parity = torch.arange(self.kernel_size[0]) % 2
        phase = 2 * parity[:, None] + parity  # (k, k), from 0 to 3
        self.register_buffer("phases", F.one_hot(phase, 4).to(self.weight), persistent=False)  # (k, k, 4)

    def forward(self, x: Tensor) -> Tensor:
        sums = torch.einsum("iokl,klp->iop", self.weight, self.phases)  # (in, out, 4)
        excess = (sums - sums.mean(dim=-1, keepdim=True)) / self.phases.sum(dim=(0, 1))  # (in, out, 4), of each weight
        weight = self.weight - torch.einsum("iop,klp->iokl", excess, self.phases)  # (in, out, k, k)
        x = F.pad(x, (1, 1, 1, 1), mode="replicate")  # (N, in, H + 2, W + 2)
        # What two rows and columns more make is cut off again: (N, out, 2 H, 2 W).
        return F.conv_transpose2d(x, weight, self.bias, self.stride, self.padding[0] + 2, self.output_padding)


def upsampling_layer(kind: Upsampling, channels: int, out: int, kernel: int, bias: bool = False) -> nn.Module:
    """(N, channels, H, W) -> (N, out, 2 H, 2 W). Raises ValueError for a name it does not know.

    kernel   side of the published transposed convolution's kernel, 3 or 4
    """
    if kind == "transposed":
        return nn.ConvTranspose2d(channels, out, kernel, stride=2, padding=1, output_padding=kernel % 2, bias=bias)
    if kind == "balanced":
        # With 4 x 4 weights, 2 x 2 of them reach each pixel, in every phase.
        return BalancedTransposedConv2d(channels, out, 4, stride=2, padding=1, bias=bias)
    if kind in ("nearest", "bilinear"):
        convolution = nn.Conv2d(channels, out, 3, padding=1, bias=bias, padding_mode=edges(kind))
        return nn.Sequential(nn.Upsample(scale_factor=2, mode=kind), convolution)
    raise ValueError(f'upsampling must be "transposed", "balanced", "nearest" or "bilinear", not {kind!r}')


def edges(upsampling: Upsampling) -> Literal["zeros", "replicate"]:
    """What a convolution sees beyond a map's edges. By zeros it can tell where it is, and paint streaks there."""
    return "replicate" if upsampling in ("balanced", "bilinear") else "zeros"


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
        y = self.conv2(F.pad(y, (1, 1, 1, 1), mode="reflect"))  # (N, C, H, W)
        return x + self.norm2(y)  # (N, C, H, W)


class ResnetGenerator(nn.Module):
    """Down by 4, residual blocks at that size, up again (CycleGAN, appendix 7.2: 6 blocks at 128 px, 9 at 256 px).

    in_channels, out_channels   1 (grey) or 3 (RGB)
    width                       channels after the first convolution; the residual blocks have 4 x width
    blocks                      number of residual blocks
    norm                        after every convolution but the last
    dropout                     probability inside each residual block; 0 leaves the layer out
    upsampling                  "transposed" convolutions, as published; "balanced" ones, which make no checkerboard;
                                or the "nearest" pixel or "bilinear" interpolation, and a 3 x 3 convolution.
                                "balanced" and "bilinear" also repeat maps' edges instead of padding with zeros

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
        upsampling: Upsampling = "transposed",
        *,
        generator: torch.Generator | None = None,
    ):
        super().__init__()
        beyond = edges(upsampling)
        self.stem = nn.Conv2d(in_channels, width, 7, bias=False)
        self.stem_norm = norm_layer(norm, width)
        self.down1 = nn.Conv2d(width, 2 * width, 3, stride=2, padding=1, bias=False, padding_mode=beyond)
        self.down1_norm = norm_layer(norm, 2 * width)
        self.down2 = nn.Conv2d(2 * width, 4 * width, 3, stride=2, padding=1, bias=False, padding_mode=beyond)
        self.down2_norm = norm_layer(norm, 4 * width)
        self.blocks = nn.Sequential(*(ResidualBlock(4 * width, norm, dropout) for _ in range(blocks)))
        self.up1 = upsampling_layer(upsampling, 4 * width, 2 * width, kernel=3)
        self.up1_norm = norm_layer(norm, 2 * width)
        self.up2 = upsampling_layer(upsampling, 2 * width, width, kernel=3)
        self.up2_norm = norm_layer(norm, width)
        self.head = nn.Conv2d(width, out_channels, 7)
        initialise(self, generator)

    def forward(self, x: Tensor) -> Tensor:
        x = F.pad(x, (3, 3, 3, 3), mode="reflect")  # (N, in_channels, H + 6, W + 6)
        x = F.relu(self.stem_norm(self.stem(x)))  # (N, width, H, W)
        x = F.relu(self.down1_norm(self.down1(x)))  # (N, 2 width, H/2, W/2)
        x = F.relu(self.down2_norm(self.down2(x)))  # (N, 4 width, H/4, W/4)
        x = self.blocks(x)  # (N, 4 width, H/4, W/4)
        x = F.relu(self.up1_norm(self.up1(x)))  # (N, 2 width, H/2, W/2)
        x = F.relu(self.up2_norm(self.up2(x)))  # (N, width, H, W)
        x = F.pad(x, (3, 3, 3, 3), mode="reflect")  # (N, width, H + 6, W + 6)
        return torch.tanh(self.head(x))  # (N, out_channels, H, W)

    def fitting_side(self, side: int) -> int:
        """The smallest side, in pixels, that is at least `side` and comes back as it is."""
        return max(8, (side + 3) // 4 * 4)


class UnetGenerator(nn.Module):
    """Halves `depth` times, doubles as often; each level of the way up also sees its twin of the way down.

    (pix2pix, section 3.2.1 and appendix 6.1.1: depth 8 at 256 px.)

    in_channels, out_channels   1 (grey) or 3 (RGB)
    depth                       levels, 2 or more; H and W must be multiples of 2^depth
    width                       channels of the first level; they double from level to level, up to 8 x width
    norm                        after every convolution but the first, the innermost and the last
    dropout                     probability on the way up, in those levels below the fourth that are not the innermost
    skips                       False: an encoder-decoder, without the connections that skip the levels below
    latent                      length of a code z that tells many answers apart; 0: none (BicycleGAN, section 4)
    latent_at                   where z enters, a picture-sized map of each number: at the "input", or at "all" levels
                                of the way down
    upsampling                  as of ResnetGenerator; "bilinear" also ends with a convolution at the picture's own size

    (N, in_channels, H, W) in [-1, 1], and z (N, latent) -> (N, out_channels, H, W) in (-1, 1).
    Raises ValueError for a depth below 2 and for a picture that can't be halved so often.
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
        generator: torch.Generator | None = None,
    ):
        super().__init__()
        if depth < 2:
            raise ValueError(f"depth must be at least 2, not {depth}")
        self.depth, self.skips, self.latent, self.latent_at = depth, skips, latent, latent_at
        widths = [width * min(2**level, 8) for level in range(depth)]
        normed = [0 < level < depth - 1 for level in range(depth)]
        # Where no norm follows, the published networks have a bias, but for the pix2pix one with batch norm.
        unnormed_bias = norm == "instance" or latent > 0
        codes = [latent if level == 0 or latent_at == "all" else 0 for level in range(depth)]
        beyond = edges(upsampling)
        self.down = nn.ModuleList(
            nn.Conv2d(channels + code, out, 4, 2, padding=1, bias=unnormed_bias and not has_norm, padding_mode=beyond)
            for channels, code, out, has_norm in zip([in_channels, *widths], codes, widths, normed, strict=False)
        )
        self.down_norms = nn.ModuleList(
            norm_layer(norm if has_norm else "none", out) for out, has_norm in zip(widths, normed, strict=True)
        )
        # Interpolated maps are smooth: for sharp edges one more layer sees them, as in ResnetGenerator.
        last = (width + 1) // 2 if upsampling == "bilinear" else out_channels
        self.up = nn.ModuleList(
            upsampling_layer(
                upsampling, widths[level] * (2 if skips and level < depth - 1 else 1), out, kernel=4, bias=level == 0
            )
            for level, out in enumerate([last, *widths[:-1]])
        )
        self.up_norms = nn.ModuleList(
            norm_layer(norm if level else "none", out) for level, out in enumerate([last, *widths[:-1]])
        )
        self.head = None
        if upsampling == "bilinear":
            self.head = nn.Conv2d(last, out_channels, 7, padding=3, padding_mode=beyond)
        self.dropouts = nn.ModuleList(
            nn.Dropout(dropout) if dropout and 4 <= level < depth - 1 else nn.Identity() for level in range(depth)
        )
        initialise(self, generator)

    def forward(self, x: Tensor, z: Tensor | None = None) -> Tensor:
        check_unet_input(x.shape, None if z is None else z.shape, self.depth, self.latent)
        down = []
        for level, (convolution, norm) in enumerate(zip(self.down, self.down_norms, strict=True)):
            if z is not None and (level == 0 or self.latent_at == "all"):
                planes = z[:, :, None, None].expand(-1, -1, x.shape[2], x.shape[3])  # (N, latent, H/2^level, W/2^level)
                x = torch.cat([x, planes], dim=1)  # (N, C + latent, H/2^level, W/2^level)
            x = norm(convolution(F.leaky_relu(x, 0.2) if level else x))  # (N, width 2^level, H/2^(level+1), …)
            down.append(x)
        for level in reversed(range(self.depth)):
            # The published skip hands over what its leaky ReLU made in place; after this ReLU both are the same.
            x = self.up[level](F.relu(x))  # (N, width 2^(level-1), H/2^level, W/2^level)
            if level:
                x = self.dropouts[level](self.up_norms[level](x))  # (N, width 2^(level-1), H/2^level, W/2^level)
                x = torch.cat([down[level - 1], x], dim=1) if self.skips else x  # (N, twice as many, …)
        if self.head is not None:
            x = self.head(F.relu(x))  # (N, out_channels, H, W)
        return torch.tanh(x)  # (N, out_channels, H, W)

    def fitting_side(self, side: int) -> int:
        """The smallest side, in pixels, that is at least `side` and can be halved `depth` times."""
        return (side + 2**self.depth - 1) // 2**self.depth * 2**self.depth


def check_unet_input(shape: torch.Size, code: torch.Size | None, depth: int, latent: int) -> None:
    """Raises ValueError for a picture (N, C, H, W) that can't be halved `depth` times, and for a code that isn't z."""
    if shape[2] % 2**depth or shape[3] % 2**depth:
        raise ValueError(
            f"a U-Net of depth {depth} takes pictures whose sides are multiples of {2**depth}, "
            f"not {shape[2]} x {shape[3]}"
        )
    if latent and code != (shape[0], latent):
        given = "none" if code is None else f"one of shape {tuple(code)}"
        raise ValueError(f"this network takes a code z of shape ({shape[0]}, {latent}), and got {given}")
    if code is not None and not latent:
        raise ValueError("this network was made without a code: latent=0")


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
        self.least_side = smallest_input(layers)
        initialise(self, generator)

    def forward(self, x: Tensor) -> Tensor:
        check_sides(x.shape, self.least_side, "PatchDiscriminator")
        x = F.leaky_relu(self.first(x), 0.2)  # (N, width, H/2, W/2)
        for convolution, norm in zip(self.hidden, self.norms, strict=True):
            x = F.leaky_relu(norm(convolution(x)), 0.2)  # (N, up to 8 width, H/2^i, W/2^i)
        return self.last(x)  # (N, 1, H/2^layers - 2, W/2^layers - 2)


class PixelDiscriminator(nn.Module):
    """Judges every pixel by its own colour alone, a PatchGAN with patches of 1 x 1 (pix2pix, appendix 6.1.2).

    (N, in_channels, H, W) in [-1, 1] -> logits (N, 1, H, W).
    """

    def __init__(
        self, in_channels: int = 3, width: int = 64, norm: Norm = "batch", *, generator: torch.Generator | None = None
    ):
        super().__init__()
        self.first = nn.Conv2d(in_channels, width, 1)
        self.hidden = nn.Conv2d(width, 2 * width, 1, bias=False)
        self.norm = norm_layer(norm, 2 * width)
        self.last = nn.Conv2d(2 * width, 1, 1, bias=norm == "instance")  # as published
        initialise(self, generator)

    def forward(self, x: Tensor) -> Tensor:
        x = F.leaky_relu(self.first(x), 0.2)  # (N, width, H, W)
        x = F.leaky_relu(self.norm(self.hidden(x)), 0.2)  # (N, 2 width, H, W)
        return self.last(x)  # (N, 1, H, W)


class MultiscaleDiscriminator(nn.Module):
    """PatchDiscriminators that see the picture at full size, at half, at a quarter, …, each half as wide as the last.

    (BicycleGAN, section 4: two scales.) (N, in_channels, H, W) in [-1, 1] -> a list of their logits, one a scale.
    """

    def __init__(
        self,
        in_channels: int = 3,
        width: int = 64,
        layers: int = 3,
        norm: Norm = "instance",
        scales: int = 2,
        *,
        generator: torch.Generator | None = None,
    ):
        super().__init__()
        self.scales = nn.ModuleList(
            PatchDiscriminator(in_channels, max(1, round(width / 2**scale)), layers, norm, generator=generator)
            for scale in range(scales)
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        judged = []
        for scale, discriminator in enumerate(self.scales):
            if scale:
                # Contiguous, since padded pooling of channels last has wrong gradients on a GPU up to PyTorch 2.11
                # at least (pytorch #188344).
                x = F.avg_pool2d(x.contiguous(), 3, stride=2, padding=1, count_include_pad=False)  # (N, C, H/2, W/2)
            judged.append(discriminator(x))  # (N, 1, H/2^(layers + scale) - 2, …)
        return judged


class EncoderBlock(nn.Module):
    """A residual block that halves: norm and activation come before each convolution (BicycleGAN, section 4)."""

    def __init__(self, in_channels: int, out_channels: int, norm: Norm):
        super().__init__()
        self.norm1 = norm_layer(norm, in_channels)
        self.conv1 = nn.Conv2d(in_channels, in_channels, 3, padding=1, bias=norm == "none")
        self.norm2 = norm_layer(norm, in_channels)
        self.conv2 = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.shortcut = nn.Conv2d(in_channels, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(F.leaky_relu(self.norm1(x), 0.2))  # (N, in_channels, H, W)
        y = self.conv2(F.leaky_relu(self.norm2(y), 0.2))  # (N, out_channels, H, W)
        y = F.avg_pool2d(y, 2)  # (N, out_channels, H/2, W/2)
        return y + self.shortcut(F.avg_pool2d(x, 2))  # (N, out_channels, H/2, W/2)


class StyleEncoder(nn.Module):
    """Reads the code of a picture's style off it: mean and log variance of a Gaussian (BicycleGAN, section 3.2 and 4).

    latent   length of the code
    blocks   residual blocks, each of which halves the picture; published: 4 at 256 px, 3 at 128 px, down to 8 x 8
    norm     within the blocks

    (N, in_channels, H, W) in [-1, 1] -> mean and log variance, (N, latent) each. H and W are at least 2^(blocks + 1).
    """

    def __init__(
        self,
        in_channels: int = 3,
        latent: int = 8,
        width: int = 64,
        blocks: int = 4,
        norm: Norm = "instance",
        *,
        generator: torch.Generator | None = None,
    ):
        super().__init__()
        widths = [width * min(1 + block, 4) for block in range(blocks + 1)]
        self.first = nn.Conv2d(in_channels, width, 4, stride=2, padding=1)
        self.blocks = nn.Sequential(
            *(EncoderBlock(before, after, norm) for before, after in itertools.pairwise(widths))
        )
        self.mean = nn.Linear(widths[-1], latent)
        self.log_variance = nn.Linear(widths[-1], latent)
        self.least_side = 2 ** (blocks + 1)
        initialise(self, generator)
        if norm == "none":
            # Nothing lifts the published small weights' signal up again, layer after layer: He et al. 2015, eq. 15.
            for convolution in (module for module in self.modules() if isinstance(module, nn.Conv2d)):
                nn.init.kaiming_normal_(convolution.weight, a=0.2, generator=generator)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        check_sides(x.shape, self.least_side, "StyleEncoder")
        x = self.blocks(self.first(x))  # (N, up to 4 width, H/2^(blocks + 1), W/2^(blocks + 1))
        x = F.leaky_relu(x, 0.2).mean(dim=(2, 3))  # (N, up to 4 width)
        return self.mean(x), self.log_variance(x)  # (N, latent) each


def check_sides(shape: torch.Size, least: int, network: str) -> None:
    """Raises ValueError for a picture (N, C, H, W) with a side below `least` pixels."""
    if min(shape[2:]) < least:
        raise ValueError(f"this {network} takes sides of {least} pixels or more, not {shape[2]} x {shape[3]}")


@torch.no_grad()
def initialise(network: nn.Module, generator: torch.Generator | None = None) -> None:
    """Weights from N(0, 0.02), batch norm scales from N(1, 0.02), every bias 0 (CycleGAN, appendix 7.1)."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(module.weight, 0.0, 0.02, generator=generator)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, 0.02, generator=generator)
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)
