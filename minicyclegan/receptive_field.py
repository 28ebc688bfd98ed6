"""How much of a picture a discriminator's patch sees: arithmetic on kernels and strides alone."""

from __future__ import annotations

from collections.abc import Iterable


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
    """The (kernel, stride) pairs of a PatchDiscriminator with `layers` strided ones; 0: of a PixelDiscriminator."""
    return [(4, 2)] * layers + [(4, 1)] * 2 if layers else [(1, 1)] * 3


def smallest_input(layers: int) -> int:
    """The smallest picture side, in pixels, on which a discriminator with `layers` layers still has an output."""
    side = 1
    for kernel, stride in reversed(patch_convolutions(layers)):
        side = (side - 1) * stride + kernel - (2 if kernel > 1 else 0)  # padding 1 on both sides
    return side
