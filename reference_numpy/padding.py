"""Padding and cropping by constants, reflection, or repetition of the edge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from reference_numpy.tensor import Operation, Tensor, as_tensor


def _pad_constant(x: np.ndarray, widths: tuple[tuple[int, int], ...], value: float) -> np.ndarray:
    shape = tuple(n + before + after for n, (before, after) in zip(x.shape, widths, strict=True))
    result = np.full(shape, value, x.dtype)
    inside = tuple(slice(max(before, 0), n - max(after, 0)) for n, (before, after) in zip(shape, widths, strict=True))
    kept = tuple(slice(max(-b, 0), n - max(-a, 0)) for n, (b, a) in zip(x.shape, widths, strict=True))
    result[inside] = x[kept]
    return result


# Padding with zeros and cropping (negative widths) are each other's adjoint.
PAD_CONSTANT = Operation(
    "pad",
    _pad_constant,
    (lambda g, y, x, widths, value: PAD_CONSTANT(g, widths=tuple((-b, -a) for b, a in widths), value=0),),
)


def _take(x: np.ndarray, index: np.ndarray, axis: int) -> np.ndarray:
    return np.take(x, index, axis)


def _put(g: np.ndarray, index: np.ndarray, axis: int, length: int) -> np.ndarray:
    """The adjoint of `_take`: each slice is added up where it was taken from, consecutive ones together."""
    g = np.moveaxis(g, axis, 0)
    result = np.zeros((length, *g.shape[1:]), g.dtype)
    for run in np.split(np.arange(len(index)), np.flatnonzero(np.diff(index) != 1) + 1):
        if len(run):
            result[index[run[0]] : index[run[-1]] + 1] += g[run[0] : run[-1] + 1]
    return np.moveaxis(result, 0, axis)


TAKE = Operation("pad", _take, (lambda g, y, x, index, axis: PUT(g, index=index, axis=axis, length=x.shape[axis]),))
PUT = Operation("pad's adjoint", _put, (lambda g, y, x, index, axis, length: TAKE(g, index=index, axis=axis),))


def pad(input: Any, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """Widens the last axes, as `torch.nn.functional.pad`: (left, right, top, bottom, …), the last axis first.

    Negative widths crop. mode is "constant" (with `value`, 0 by default), "reflect" (3 2 1 | 1 2 3 without repeating
    the edge: 3 2 | 1 2 3) or "replicate" (1 1 | 1 2 3). The latter two take the last 1, 2 or 3 axes of an input that
    has one or two axes before them; reflection must be narrower than the axis.
    """
    x, axes = as_tensor(input), len(pad) // 2
    if len(pad) % 2 or axes > x.ndim:
        raise RuntimeError(f"padding {tuple(pad)} must hold two numbers for each padded axis of an input {x.shape}")
    if mode not in ("constant", "reflect", "replicate"):
        raise NotImplementedError(f"mode must be constant, reflect or replicate, but got {mode!r}")
    widths = [(0, 0)] * (x.ndim - axes) + [(pad[2 * k], pad[2 * k + 1]) for k in range(axes)][::-1]
    if any(n + min(b, 0) + min(a, 0) < 0 for n, (b, a) in zip(x.shape, widths, strict=True)):
        raise RuntimeError(f"padding {tuple(pad)} removes more than there is of an input of shape {x.shape}")
    if mode == "constant":
        return PAD_CONSTANT(x, widths=tuple(widths), value=value or 0)
    if value is not None:
        raise RuntimeError(f"padding mode {mode!r} takes no value")
    if axes not in (1, 2, 3) or x.ndim - axes not in (1, 2):
        raise NotImplementedError(f"{mode} padding of {axes} axes does not take an input of shape {x.shape}")
    if 0 in x.shape[-axes:] or (0 in x.shape and x.ndim - axes == 1):
        raise RuntimeError(f"only the batch may be empty for {mode} padding, but got shape {x.shape}")
    for axis in range(x.ndim - axes, x.ndim):
        (before, after), n = widths[axis], x.shape[axis]
        index = np.arange(-before, n + after)
        if mode == "reflect":
            if max(before, after) >= n:
                raise RuntimeError(f"reflecting {(before, after)} of axis {axis} needs more than shape {x.shape} has")
            index = n - 1 - np.abs(n - 1 - np.abs(index))  # mirrored at 0, then at n − 1
        x = TAKE(x, index=np.clip(index, 0, n - 1), axis=axis)
    return x
