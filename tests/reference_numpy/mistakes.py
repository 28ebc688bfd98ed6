"""Well-known ways to get a layer wrong. Each takes the right function (PyTorch's, a kernel, a student's) and returns a
wrong one with the same arguments; a check that lets one of them pass is no check.

The right functions have the arguments of `torch.nn.functional`'s `conv2d`, `pad` and of
`instance_norm(input, *, weight=None, bias=None, eps=1e-5)`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

Layer = Callable[..., Tensor]


def kernel_flipped(right: Layer) -> Layer:
    """Convolution as in a signal-processing book: the kernel turned by 180°."""

    def wrong(input: Tensor, weight: Tensor, *rest: Any, **options: Any) -> Tensor:
        return right(input, weight.flip(-1, -2), *rest, **options)

    return wrong


def padding_off_by_one(right: Layer) -> Layer:
    """The picture sits one pixel too far to the right and down in its padding."""

    def wrong(input: Tensor, *rest: Any, **options: Any) -> Tensor:
        return right(F.pad(input, (1, -1, 1, -1)), *rest, **options)

    return wrong


def bias_forgotten(right: Layer) -> Layer:
    def wrong(input: Tensor, weight: Tensor, bias: Tensor | None = None, *rest: Any, **options: Any) -> Tensor:
        return right(input, weight, None if bias is None else 0 * bias, *rest, **options)

    return wrong


def weight_axes_transposed(right: Layer) -> Layer:
    """(C, O, kh, kw) where (O, C, kh, kw) is meant: silent wherever a layer has as many outputs as inputs."""

    def wrong(input: Tensor, weight: Tensor, *rest: Any, **options: Any) -> Tensor:
        return right(input, weight.transpose(0, 1), *rest, **options)

    return wrong


def variance_over_the_batch_too(right: Layer) -> Layer:
    """Batch norm by mistake: the pictures of a batch share their mean and variance."""

    def wrong(input: Tensor, **options: Any) -> Tensor:
        n, c, *size = input.shape
        joined = input.transpose(0, 1).reshape(1, c, n * size[0], *size[1:])  # (1, C, N · H, W)
        return right(joined, **options).reshape(c, n, *size).transpose(0, 1)  # (N, C, H, W)

    return wrong


def unbiased_variance(right: Layer) -> Layer:
    """Divided by n − 1, the default of `torch.var`, where the norm divides by n."""

    def wrong(input: Tensor, *, eps: float = 1e-5, **affine: Any) -> Tensor:
        # √(n/(n−1)·σ² + eps) = √(n/(n−1)) · √(σ² + (n−1)/n · eps)
        share = 1 - 1 / input[0, 0].numel()
        y = right(input, eps=share * eps) * share**0.5  # (N, C, …)
        return _affine(y, **affine)

    return wrong


def eps_outside_the_root(right: Layer) -> Layer:
    """(x − μ) / (σ + eps) where (x − μ) / √(σ² + eps) is meant."""

    def wrong(input: Tensor, *, eps: float = 1e-5, **affine: Any) -> Tensor:
        variance = input.var(tuple(range(2, input.ndim)), keepdim=True, correction=0)  # (N, C, 1, …)
        y = right(input, eps=eps) * (variance + eps).sqrt() / (variance.sqrt() + eps)  # (N, C, …)
        return _affine(y, **affine)

    return wrong


def reflection_repeats_the_edge(right: Layer) -> Layer:
    """2 1 | 1 2 3 where 3 2 | 1 2 3 is meant: NumPy calls the first "symmetric" and the second "reflect"."""

    def wrong(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
        if mode != "reflect":
            return right(input, pad, mode, value)
        for k in range(len(pad) // 2):
            axis, before, after = input.ndim - 1 - k, pad[2 * k], pad[2 * k + 1]
            n = input.shape[axis]
            index = [*range(before - 1, -1, -1), *range(n), *range(n - 1, n - 1 - after, -1)]
            input = input.index_select(axis, torch.tensor(index, device=input.device))
        return input

    return wrong


def _affine(y: Tensor, weight: Tensor | None = None, bias: Tensor | None = None) -> Tensor:
    shape = (-1, *(1,) * (y.ndim - 2))
    y = y if weight is None else y * weight.reshape(shape)
    return y if bias is None else y + bias.reshape(shape)


# By the function they spoil. (`torch.nn.functional`'s names.)
MISTAKES: dict[str, list[Callable[[Layer], Layer]]] = {
    "conv2d": [kernel_flipped, padding_off_by_one, bias_forgotten, weight_axes_transposed],
    "instance_norm": [variance_over_the_batch_too, unbiased_variance, eps_outside_the_root],
    "pad": [reflection_repeats_the_edge],
}
