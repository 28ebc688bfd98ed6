"""Well-known ways to get a layer wrong. Each takes the right function (PyTorch's, a kernel, a student's) and returns a
wrong one with the same arguments; a check that lets one of them pass is no check.

The right functions of layers have the arguments of `torch.nn.functional`'s `conv2d`, `pad` and of
`instance_norm(input, *, weight=None, bias=None, eps=1e-5)`; those of a training step are what a model of
`minicyclegan.models` calls, or its networks' `forward`, or its `step`.
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


# Mistakes in one step of pix2pix or BicycleGAN. Training goes on with each of them, which makes them hard to see.


def channels_in_the_wrong_order(right: Layer) -> Layer:
    """D sees (b, a) for (a, b), or a level of the U-Net what came up before what skipped: only old weights notice."""

    def wrong(x: Tensor) -> Tensor:
        return right(torch.cat(x.chunk(2, dim=1)[::-1], dim=1))

    return wrong


def condition_forgotten(right: Layer) -> Layer:
    """D sees b, but not what it was made from: G may answer with any picture that looks real."""

    def wrong(pair: Tensor) -> Tensor:
        a, b = pair.chunk(2, dim=1)  # (N, C, H, W) each
        return right(torch.cat([torch.zeros_like(a), b], dim=1))

    return wrong


def discriminator_learns_last(right: Layer) -> Layer:
    """G meets the D of the step before. (`right` is the model's own step.)"""
    optimizer = right.__self__.optimizer_D
    learn = optimizer.step

    def wrong(a: Tensor, b: Tensor) -> dict[str, Tensor]:
        optimizer.step = lambda: None
        losses = right(a, b)
        learn()
        return losses

    return wrong


def real_and_fake_swapped(right: Layer) -> Layer:
    """discriminator_loss(fake, real) where (real, fake) is meant: D learns to tell G what not to do."""
    return lambda real, fake, kind: right(fake, real, kind)


def saturating(right: Layer) -> Layer:
    """G minimises log(1 − σ(D)) where the published code minimises −log σ(D)."""
    return lambda fake, kind: right(fake, "minimax")


def squared(right: Layer) -> Layer:
    """(y − G(x))² where |y − G(x)| is meant: blurrier."""
    return lambda output, target: (output - target).square().mean()


def averaged_over_the_scales(right: Layer) -> Layer:
    """The mean of the two scales' losses, where their sum is meant."""
    return lambda *arguments: right(*arguments) / 2


def averaged_over_the_codes(right: Layer) -> Layer:
    """The mean of the KL divergence over pictures and numbers, where its sum is meant: some 30 times too weak."""
    return lambda mean, log_variance: right(mean, log_variance) / mean.numel()


def log_deviation_for_log_variance(right: Layer) -> Layer:
    """z = μ + exp(s) ε where s is the log variance, so that exp(s / 2) is meant."""

    def wrong(b: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = right(b)  # (N, latent) each
        return mean, 2 * log_variance

    return wrong


def encoder_learns_from_the_latent_regression(right: Layer) -> Layer:
    """E and G agree on a hidden sign for the code, which no picture needs to show. `right` measures with a frozen E."""
    return lambda encoder, pictures: encoder(pictures)


def one_draw_for_both(right: Layer) -> Layer:
    """The noise around the encoded code is also the random code."""
    drawn: list[Tensor] = []

    def wrong(*how: Any) -> Tensor:
        drawn.append(drawn.pop() if drawn else right(*how))
        return drawn[0]

    return wrong


def halves_swapped(right: Layer) -> Layer:
    """The second half of the batch is encoded, and the first shows D what is real."""
    return lambda a, b: right(*(torch.cat(x.chunk(2)[::-1]) for x in (a, b)))


def encoded_pictures_as_the_random_ones(right: Layer) -> Layer:
    """D_lr sees the same real pictures as D_vae: those that E has read."""
    return lambda a, b: right(a, torch.cat([b[: len(b) // 2]] * 2))


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
# The same by what they spoil in a model's step; a name in its module, or a path from the model.
STEP_MISTAKES: dict[str, list[tuple[str, Callable[[Layer], Layer]]]] = {
    "pix2pix": [
        ("model.D.forward", channels_in_the_wrong_order),
        ("model.D.forward", condition_forgotten),
        ("model.G.up.1.forward", channels_in_the_wrong_order),
        ("model.step", discriminator_learns_last),
        ("discriminator_loss", real_and_fake_swapped),
        ("generator_loss", saturating),
        ("l1_loss", squared),
    ],
    "bicyclegan": [
        ("model.G.up.1.forward", channels_in_the_wrong_order),
        ("generator_loss", averaged_over_the_scales),
        ("discriminator_loss", averaged_over_the_scales),
        ("discriminator_loss", real_and_fake_swapped),
        ("kl_loss", averaged_over_the_codes),
        ("model.E.forward", log_deviation_for_log_variance),
        ("_frozen", encoder_learns_from_the_latent_regression),
        ("model.random", one_draw_for_both),
        ("model.step", halves_swapped),
        ("model.step", encoded_pictures_as_the_random_ones),
    ],
}
