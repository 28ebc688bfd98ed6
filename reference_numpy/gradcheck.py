"""Checks derivatives against finite differences: `python -m reference_numpy.gradcheck` checks every operation.

For y = f(x), a random direction u and a random projection v, the number ⟨v, f(x)⟩ changes along u by ⟨u, Jᵀv⟩. On the
left is a central difference of f, on the right the vector-Jacobian product under test: one number checks a whole
Jacobian, since an error in any element would have to be orthogonal to u and v. The second order is the same check on
the function x → Jᵀv.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

import numpy as np

from reference_numpy import functional as F
from reference_numpy.tensor import TABLE, Tensor, concatenate, grad, matmul, where

STEP = 1e-5  # the difference is off by about step² (the curve bends) plus 1e-16 / step (rounding)
TOLERANCE = 1e-7  # relative; below 2e-9 is measured for every operation


def relative_error(function: Callable[..., Tensor], *arrays: np.ndarray, order: int = 1, seed: int = 0) -> float:
    """How far gradient and finite difference are apart, relative to the larger, at the given float64 arrays.

    `function` takes one Tensor per array. With order=2 its gradient is the function that is checked.
    """
    rng = np.random.default_rng(seed)
    if order > 1:
        return relative_error(_gradient_of(function, seed + 1), *arrays, order=order - 1, seed=seed + 2)
    inputs = [Tensor(array, requires_grad=True) for array in arrays]
    u = [rng.standard_normal(array.shape) for array in arrays]
    y = function(*inputs)
    v = rng.standard_normal(y.shape)
    ahead, behind = (
        function(*(Tensor(x + sign * STEP * d) for x, d in zip(arrays, u, strict=True))).data for sign in (1, -1)
    )
    difference = float(np.sum(v * (ahead - behind))) / (2 * STEP)
    if not y.requires_grad:  # the gradient of a linear function does not depend on its input
        return abs(difference)
    y.backward(v)
    gradient = sum(float(np.sum(d * x.grad)) for d, x in zip(u, inputs, strict=True) if x.grad is not None)
    return abs(gradient - difference) / max(abs(gradient), abs(difference), 1e-3)


def _gradient_of(function: Callable[..., Tensor], seed: int) -> Callable[..., Tensor]:
    """The function inputs → (∂⟨v, f⟩/∂input, for all of them, in one vector), for a random v."""

    def gradient(*inputs: Tensor) -> Tensor:
        points = [x if x.requires_grad else Tensor(x, requires_grad=True) for x in inputs]
        y = function(*points)
        v = np.random.default_rng(seed).standard_normal(y.shape)
        return concatenate([part.reshape(part.size) for part in grad(y, points, v, create_graph=True)])

    return gradient


def cases() -> dict[str, tuple[Callable[..., Tensor], Sequence[np.ndarray]]]:
    """Every operation, with arrays on which it is smooth: away from the corners of relu and of the absolute value."""
    rng = np.random.default_rng(0)

    def normal(*shape: int) -> np.ndarray:
        x = rng.standard_normal(shape)
        return np.where(np.abs(x) < 0.1, 0.5, x)

    def positive(*shape: int) -> np.ndarray:
        return 0.5 + rng.random(shape)

    matrix, row, four = normal(2, 3), normal(3), normal(4)
    picture, kernel = normal(2, 4, 6, 5), normal(4, 2, 3, 2)  # (N, C, H, W), (O, C / 2 groups, kh, kw)
    half, rows = rng.random((2, 3)) < 0.5, np.array([0, 1, 0])
    geometry = {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 2), "groups": 2}
    flat, wide, odd = TABLE["reshape"], TABLE["broadcast_to"], TABLE["scatter"]
    return {
        "add": (lambda a, b: (a + b) * a, (matrix, row)),
        "subtract": (lambda a, b: (a - b) * a, (matrix, row)),
        "multiply": (lambda a, b: a * b, (matrix, row)),
        "divide": (lambda a, b: a / b, (matrix, positive(3))),
        "power": (lambda a, b: a**b, (positive(2, 3), row)),
        "negative": (lambda a: -a * a, (matrix,)),
        "matmul": (matmul, (normal(2, 1, 3, 4), normal(3, 4, 2))),
        "exp": (lambda a: a.exp(), (matrix,)),
        "log": (lambda a: a.log(), (positive(2, 3),)),
        "sqrt": (lambda a: a.sqrt(), (positive(2, 3),)),
        "abs": (lambda a: a.abs() * a, (matrix,)),
        "sum": (lambda a: (a * a).sum(1), (matrix,)),
        "mean": (lambda a: (a * a).mean(0, keepdims=True), (matrix,)),
        "var": (lambda a: a.var(1), (matrix,)),
        "where": (lambda a, b: where(half, a * b, b * b * b), (matrix, row)),
        "reshape": (lambda a: flat(a * a, shape=(3, 2)), (matrix,)),
        "broadcast_to": (lambda a: wide(a * a, shape=(2, 3)), (row,)),
        "transpose": (lambda a: (a * a).transpose(2, 0, 1), (normal(2, 3, 4),)),
        "getitem": (lambda a: (a * a)[rows, 1:], (matrix,)),
        "scatter": (lambda a: odd(a * a, index=(slice(None), rows), shape=(2, 2)), (matrix,)),
        "astype": (lambda a: (a * a).astype(np.float64), (matrix,)),
        "concatenate": (lambda a, b: concatenate([a * a, b * b * b], 1), (matrix, normal(2, 2))),
        "conv2d": (lambda x, w, b: F.conv2d(x, w, b, **geometry), (picture, kernel, four)),
        "conv_transpose2d": (
            lambda x, w, b: F.conv_transpose2d(x, w, b, output_padding=(1, 1), **geometry),
            (picture, kernel, four),
        ),
        "avg_pool2d": (lambda x: F.avg_pool2d(x * x, 3, 2, 1, ceil_mode=True, count_include_pad=False), (picture,)),
        "pad": (lambda x: F.pad(x * x, (2, -1, 1, 0)), (picture,)),
        "pad, reflect": (lambda x: F.pad(x * x, (3, 4, 5, -1), "reflect"), (picture,)),
        "pad, replicate": (lambda x: F.pad(x * x, (7, -1, 2, 1), "replicate"), (picture,)),
        "instance_norm": (lambda x, w, b: F.instance_norm(x, weight=w, bias=b), (picture, four, four)),
        "batch_norm": (lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True), (picture, four, four)),
        "batch_norm, evaluation": (lambda x, w, b: F.batch_norm(x, four, four**2, w, b), (picture, four, four)),
        "relu": (lambda x: F.relu(x) * x, (matrix,)),
        "leaky_relu": (lambda x: F.leaky_relu(x, 0.2) * x, (matrix,)),
        "tanh": (F.tanh, (matrix,)),
        "sigmoid": (F.sigmoid, (matrix,)),
        "dropout": (lambda x: F.dropout(x * x, 0.5, True, np.random.default_rng(1)), (matrix,)),
        "linear": (F.linear, (matrix, normal(4, 3), four)),
        "l1_loss": (lambda x, t: F.l1_loss(x * x, -t * t), (matrix, matrix[::-1])),
        "mse_loss": (F.mse_loss, (matrix, matrix[::-1])),
        "binary_cross_entropy_with_logits": (
            lambda x, t, w, p: F.binary_cross_entropy_with_logits(x, t, w, pos_weight=p),
            (matrix, positive(2, 3), row, positive(3)),
        ),
    }


def main() -> int:
    """Prints one line per operation; 1 if one of them is wrong or has no case here, 0 otherwise."""
    checked = cases()
    unchecked = ({*TABLE, *F.__all__}) - checked.keys()
    failures = len(unchecked)
    print(f"{'operation':34s}{'first order':>12s}{'second order':>14s}   (relative error, at most {TOLERANCE:g})")
    for name, (function, arrays) in checked.items():
        errors = [relative_error(function, *arrays, order=order) for order in (1, 2)]
        wrong = not max(errors) <= TOLERANCE  # so that NaN is wrong too
        failures += wrong
        print(f"{name:34s}{errors[0]:12.1e}{errors[1]:14.1e}   {'WRONG' if wrong else 'ok'}")
    for name in sorted(unchecked):
        print(f"{name:34s} has no case")
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
