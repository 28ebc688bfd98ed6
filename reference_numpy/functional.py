"""PyTorch's `torch.nn.functional` in NumPy: its names, argument order and meaning.

N is the batch, C the channels. Arguments may be Tensors or arrays; float32 stays float32. What PyTorch refuses raises a
RuntimeError here too (ValueError for a bad option).
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from reference_numpy.convolution import avg_pool2d, conv2d, conv_transpose2d
from reference_numpy.padding import pad
from reference_numpy.tensor import Operation, Tensor, as_tensor, where

__all__ = [
    "avg_pool2d",
    "batch_norm",
    "binary_cross_entropy_with_logits",
    "conv2d",
    "conv_transpose2d",
    "dropout",
    "instance_norm",
    "l1_loss",
    "leaky_relu",
    "linear",
    "mse_loss",
    "pad",
    "relu",
    "sigmoid",
    "tanh",
]


def _normalise(x: np.ndarray, axes: tuple[int, ...], eps: float) -> np.ndarray:
    count = math.prod(x.shape[axis] for axis in axes)
    centred = x - x.sum(axes, keepdims=True) / count
    variance = (centred * centred).sum(axes, keepdims=True) / count  # biased: divided by the count itself
    return centred / np.sqrt(variance + eps)


# y = (x − μ) / σ, where μ and σ = √(var + eps) depend on x too. Through all three,
# ∂L/∂x = (g − mean(g) − y · mean(g · y)) / σ
NORMALISE = Operation(
    "normalise",
    _normalise,
    (
        lambda g, y, x, axes, eps: (
            (g - g.mean(axes, keepdims=True) - y * (g * y).mean(axes, keepdims=True))
            / (x.var(axes, keepdims=True, correction=0) + eps).sqrt()
        ),
    ),
)


def instance_norm(input: Any, *, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Tensor:
    """(x − μ) / √(σ² + eps) · weight + bias with μ, σ² (biased) of each picture and channel: no running statistics.

    input (N, C, …), weight and bias (C). ValueError where a channel has one pixel only.
    """
    x = as_tensor(input)
    if math.prod(x.shape[2:]) == 1:
        raise ValueError(f"expected more than 1 spatial element, got input of shape {x.shape}")
    return _affine(NORMALISE(x, axes=tuple(range(2, x.ndim)), eps=eps), weight, bias)


def batch_norm(
    input: Any,
    running_mean: np.ndarray | None,
    running_var: np.ndarray | None,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """(x − μ) / √(σ² + eps) · weight + bias, one μ and σ² per channel, as `torch.nn.functional.batch_norm`.

    input (N, C) or (N, C, …), weight and bias (C). In training μ and σ² (biased) are the batch's, and the running
    statistics, arrays (C) that are changed in place, move by `momentum` towards μ and the *unbiased* σ²; they may be
    None. Otherwise the running ones are used.
    """
    x = as_tensor(input)
    if x.ndim < 2:
        raise IndexError(f"batch_norm takes an input (N, C, …), but got shape {x.shape}")
    for statistic in (running_mean, running_var):
        if statistic is not None and statistic.shape != (x.shape[1],):
            raise RuntimeError(f"an input of shape {x.shape} takes statistics ({x.shape[1]},), got {statistic.shape}")
    if (running_mean is None) != (running_var is None):
        raise ValueError("running_mean and running_var must both be given, or neither")
    if not training:
        if running_mean is None:
            raise RuntimeError("running_mean and running_var must be given in evaluation mode")
        mean, variance = (_per_channel(Tensor(statistic), x.ndim) for statistic in (running_mean, running_var))
        return _affine((x - mean) / (variance + eps).sqrt(), weight, bias)
    axes = (0, *range(2, x.ndim))
    count = math.prod(x.shape[axis] for axis in axes)
    if count == 1:
        raise ValueError(f"expected more than 1 value per channel when training, got input of shape {x.shape}")
    if running_mean is not None and count:
        running_mean += momentum * (x.data.mean(axes) - running_mean)
        running_var += momentum * (x.data.var(axes, ddof=1) - running_var)
    return _affine(NORMALISE(x, axes=axes, eps=eps), weight, bias)


def _affine(x: Tensor, weight: Any, bias: Any) -> Tensor:
    for one in (weight, bias):
        if one is not None and one.shape != (x.shape[1],):
            raise RuntimeError(
                f"an input of shape {x.shape} takes a weight and bias of ({x.shape[1]},), got {one.shape}"
            )
    x = x if weight is None else x * _per_channel(as_tensor(weight), x.ndim)
    return x if bias is None else x + _per_channel(as_tensor(bias), x.ndim)


def _per_channel(values: Tensor, ndim: int) -> Tensor:
    """(C) → (C, 1, …, 1), so that it broadcasts over (N, C, …)"""
    return values.reshape(-1, *(1,) * (ndim - 2))


TANH = Operation("tanh", np.tanh, (lambda g, y, x: g * (1 - y * y),))
SIGMOID = Operation("sigmoid", lambda x: 1 / (1 + np.exp(-x)), (lambda g, y, x: g * y * (1 - y),))
SOFTPLUS = Operation("softplus", lambda x: np.logaddexp(0, x), (lambda g, y, x: g * sigmoid(x),))  # log(1 + eˣ)


def relu(input: Any) -> Tensor:
    """max(x, 0); its subgradient at 0 is 0, and NaN stays NaN, as in PyTorch."""
    x = as_tensor(input)
    return where(~(x.data <= 0), x, 0.0)


def leaky_relu(input: Any, negative_slope: float = 0.01) -> Tensor:
    """x where x > 0, negative_slope · x elsewhere (also at 0)."""
    x = as_tensor(input)
    return where(x.data > 0, x, x * negative_slope)


def tanh(input: Any) -> Tensor:
    return TANH(as_tensor(input))


def sigmoid(input: Any) -> Tensor:
    """1 / (1 + e⁻ˣ)"""
    return SIGMOID(as_tensor(input))


def dropout(input: Any, p: float, training: bool, rng: np.random.Generator) -> Tensor:
    """In training, sets each element to 0 with probability p and scales the others by 1 / (1 − p)."""
    if not 0 <= p <= 1:
        raise ValueError(f"the probability of dropout must lie between 0 and 1, but got {p}")
    x = as_tensor(input)
    if not training or p == 0:
        return x
    return where(rng.random(x.shape) < p, 0.0, x / (1 - p) if p < 1 else x)


def linear(input: Any, weight: Any, bias: Any = None) -> Tensor:
    """x weightᵀ + bias for input (…, in), weight (out, in) or (in), bias (out)."""
    y = as_tensor(input) @ as_tensor(weight).T
    return y if bias is None else y + bias


# Losses. reduction is "none", "mean" (over all elements) or "sum".


def l1_loss(input: Any, target: Any, *, reduction: str = "mean") -> Tensor:
    """|x − t|"""
    return _reduce(_difference(input, target).abs(), reduction)


def mse_loss(input: Any, target: Any, *, reduction: str = "mean") -> Tensor:
    """(x − t)²"""
    difference = _difference(input, target)
    return _reduce(difference * difference, reduction)


def binary_cross_entropy_with_logits(
    input: Any, target: Any, weight: Any = None, *, reduction: str = "mean", pos_weight: Any = None
) -> Tensor:
    """weight · −[p · t · log σ(x) + (1 − t) · log(1 − σ(x))], p = pos_weight; stable for any x.

    input and target have one shape, to which weight and pos_weight broadcast.
    """
    x = as_tensor(input)
    t = as_tensor(target, x.dtype)
    if x.shape != t.shape:
        raise ValueError(f"target shape {t.shape} must be the same as input shape {x.shape}")
    # log σ(x) = −softplus(−x) and log(1 − σ(x)) = −x − softplus(−x)
    positives = 1 if pos_weight is None else 1 + (as_tensor(pos_weight) - 1) * t
    loss = (1 - t) * x + positives * SOFTPLUS(-x)
    return _reduce(loss if weight is None else loss * weight, reduction)


def _difference(input: Any, target: Any) -> Tensor:
    x = as_tensor(input)
    t = as_tensor(target, x.dtype)
    if x.shape != t.shape:
        warnings.warn(f"target shape {t.shape} differs from input shape {x.shape}: it is broadcast", stacklevel=3)
    return x - t


def _reduce(loss: Tensor, reduction: str) -> Tensor:
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"reduction must be none, mean or sum, but got {reduction!r}")
    return loss if reduction == "none" else loss.mean() if reduction == "mean" else loss.sum()
