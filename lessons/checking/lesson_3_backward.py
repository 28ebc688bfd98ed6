"""Lesson 3's third exercise: batch norm backwards."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import reference_numpy as rn
from checking.engine import Exercise, Mistake

BATCH = (0, 2, 3)
Parts = tuple[np.ndarray, np.ndarray, np.ndarray]


def features(*shape: int, spread: float = 1.0, seed: int = 3) -> np.ndarray:
    """Pictures and channels of unequal means and contrasts, so that it shows whose mean was taken."""
    rng = np.random.default_rng(seed)
    means, scales = rng.normal(0, 1.5, (*shape[:2], 1, 1)), rng.uniform(0.5, 2, (*shape[:2], 1, 1))
    return spread * (means + scales * rng.standard_normal(shape))


def along(x: np.ndarray, axes: tuple[int, ...], eps: float) -> np.ndarray:
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)


def _column(values: np.ndarray) -> np.ndarray:
    return values.reshape(-1, 1, 1)


def _backward(g: np.ndarray, x: np.ndarray, weight: np.ndarray, eps: float) -> Parts:
    x, weight = rn.Tensor(x, requires_grad=True), rn.Tensor(weight, requires_grad=True)
    bias = rn.Tensor(np.zeros(weight.shape), requires_grad=True)
    rn.functional.batch_norm(x, None, None, weight, bias, training=True, eps=eps).backward(g)
    return x.grad, weight.grad, bias.grad


def _to_input(
    formula: Callable[..., np.ndarray], axes: tuple[int, ...] = BATCH, root: Callable[..., np.ndarray] | None = None
) -> Callable[..., Parts]:
    """Another formula for the gradient of x, from g · weight, y, σ and the mean; the other two gradients are right."""

    def answer(g: np.ndarray, x: np.ndarray, weight: np.ndarray, eps: float) -> Parts:
        def mean(values: np.ndarray) -> np.ndarray:
            return values.mean(axes, keepdims=True)

        sigma = root(x, eps) if root else np.sqrt(x.var(axes, keepdims=True) + eps)
        y = (x - mean(x)) / sigma
        return formula(g * _column(weight), y, sigma, mean), *_backward(g, x, weight, eps)[1:]

    return answer


def _right(g: np.ndarray, y: np.ndarray, sigma: np.ndarray, mean: Callable) -> np.ndarray:
    return (g - mean(g) - y * mean(g * y)) / sigma


def _with_root(root: Callable[..., np.ndarray]) -> Callable[..., Parts]:
    """All three gradients, with another σ."""

    def answer(g: np.ndarray, x: np.ndarray, weight: np.ndarray, eps: float) -> Parts:
        y = (x - x.mean(BATCH, keepdims=True)) / root(x, eps)
        return _to_input(_right, root=root)(g, x, weight, eps)[0], (g * y).sum(BATCH), g.sum(BATCH)

    return answer


def _to_parameters(change: Callable[..., tuple[np.ndarray, np.ndarray]]) -> Callable[..., Parts]:
    """Other gradients of weight and bias, from g, y and x; that of x is right."""

    def answer(g: np.ndarray, x: np.ndarray, weight: np.ndarray, eps: float) -> Parts:
        return _backward(g, x, weight, eps)[0], *change(g, along(x, BATCH, eps), x)

    return answer


def _summed(g: np.ndarray, y: np.ndarray) -> np.ndarray:
    return y * (g * y).sum(BATCH, keepdims=True)


def _first_term_weighted(g: np.ndarray, x: np.ndarray, weight: np.ndarray, eps: float) -> Parts:
    y, sigma = along(x, BATCH, eps), np.sqrt(x.var(BATCH, keepdims=True) + eps)
    rest = g.mean(BATCH, keepdims=True) + y * (g * y).mean(BATCH, keepdims=True)
    return (g * _column(weight) - rest) / sigma, *_backward(g, x, weight, eps)[1:]


def _of_z(g: np.ndarray, x: np.ndarray, weight: np.ndarray, eps: float) -> Parts:
    z, sigma = along(x, BATCH, eps) * _column(weight), np.sqrt(x.var(BATCH, keepdims=True) + eps)
    gradient = _right(g * _column(weight), z, sigma, lambda values: values.mean(BATCH, keepdims=True))
    return gradient, (g * z).sum(BATCH), g.sum(BATCH)


CONSTANTS = "This looks as if mean and variance were constants; both depend on x, and the gradient flows through them."

BATCH_NORM_BACKWARD = Exercise(
    "3.3",
    parts=("the gradient of x", "the gradient of weight", "the gradient of bias"),
    reference=_backward,
    inputs=[
        (features(5, 4, 3, 2, seed=5), features(5, 4, 3, 2), np.array([1.5, -0.5, 2.0, 0.7]), 1e-5),
        (features(2, 3, 4, 3, seed=6), features(2, 3, 4, 3), np.array([0.3, 1.2, -2.0]), 0.5),
        (features(4, 2, 2, 3, seed=7), features(4, 2, 2, 3, spread=2e-3), np.array([1.1, 0.6]), 1e-5),
    ],
    mistakes=(
        Mistake(CONSTANTS, _to_input(lambda g, y, sigma, mean: g / sigma)),
        Mistake(
            "This looks as if the variance were a constant; it depends on x, and gives a term with y in it.",
            _to_input(lambda g, y, sigma, mean: (g - mean(g)) / sigma),
        ),
        Mistake(
            "This looks as if the mean were a constant; it depends on x too, and gives a term without y.",
            _to_input(lambda g, y, sigma, mean: (g - y * mean(g * y)) / sigma),
        ),
        Mistake(
            "This looks like sums where means belong; how large is each pixel's share in μ and σ?",
            _to_input(lambda g, y, sigma, mean: (g - g.sum(BATCH, keepdims=True) - _summed(g, y)) / sigma),
        ),
        Mistake(
            "This looks like a plus before the terms of mean and variance; do they add to the gradient or take away?",
            _to_input(lambda g, y, sigma, mean: (g + mean(g) + y * mean(g * y)) / sigma),
        ),
        Mistake(
            "This looks like a plus before the variance's term; does it add to the gradient or take away?",
            _to_input(lambda g, y, sigma, mean: (g - mean(g) + y * mean(g * y)) / sigma),
        ),
        Mistake(
            "This looks like instance norm backwards; batch norm's mean and variance are the whole batch's.",
            lambda g, x, weight, eps: (
                _to_input(_right, axes=(2, 3))(g, x, weight, eps)[0],
                (g * along(x, (2, 3), eps)).sum(BATCH),
                g.sum(BATCH),
            ),
        ),
        Mistake(
            "This looks like means over one picture; batch norm's mean and variance are the whole batch's.",
            _to_input(_right, axes=(2, 3)),
        ),
        Mistake(
            "This looks like means over the pictures alone; a channel's pixels belong to its list as well.",
            _to_input(_right, axes=(0,)),
        ),
        Mistake(
            "This looks like a third term without its y; mean(g · y) has to point somewhere.",
            _to_input(lambda g, y, sigma, mean: (g - mean(g) - mean(g * y)) / sigma),
        ),
        Mistake(
            "This looks like x − μ where y belongs, in the third term; is it divided by σ?",
            _to_input(lambda g, y, sigma, mean: (g - mean(g) - y * sigma * mean(g * y * sigma)) / sigma),
        ),
        Mistake(
            "This looks like y · mean(g) in the last term; the mean is taken of the product g · y.",
            _to_input(lambda g, y, sigma, mean: (g - mean(g) - y * mean(g)) / sigma),
        ),
        Mistake(
            "This looks like a gradient of x that is not divided by σ.",
            _to_input(lambda g, y, sigma, mean: g - mean(g) - y * mean(g * y)),
        ),
        Mistake(
            "This looks like a gradient of x that is divided by the variance; is a root missing?",
            _to_input(lambda g, y, sigma, mean: _right(g, y, sigma, mean) / sigma),
        ),
        Mistake(
            "This looks like a gradient of x without the weight; y is multiplied by it on the way out.",
            lambda g, x, weight, eps: (
                _backward(g, x, np.ones_like(weight), eps)[0],
                *_backward(g, x, weight, eps)[1:],
            ),
        ),
        Mistake(
            "This looks like a gradient of x that is divided by the weight; what is a product's derivative?",
            lambda g, x, weight, eps: (_backward(g, x, 1 / weight, eps)[0], *_backward(g, x, weight, eps)[1:]),
        ),
        Mistake(
            "This looks like the unbiased variance; batch norm normalises by the one divided by the count itself.",
            _with_root(lambda x, eps: np.sqrt(x.var(BATCH, ddof=1, keepdims=True) + eps)),
        ),
        Mistake(
            "This looks like a σ without eps.",
            _with_root(lambda x, eps: np.sqrt(x.var(BATCH, keepdims=True))),
        ),
        Mistake(
            "This looks like an eps outside the root; σ is the root of the variance and eps together.",
            _with_root(lambda x, eps: x.std(BATCH, keepdims=True) + eps),
        ),
        Mistake(
            "This looks like an eps of 1e-5 whatever was asked for; use the argument.",
            lambda g, x, weight, eps: _backward(g, x, weight, 1e-5),
        ),
        Mistake(
            "This looks like a weight's gradient made of x; which number does the weight multiply?",
            _to_parameters(lambda g, y, x: ((g * x).sum(BATCH), g.sum(BATCH))),
        ),
        Mistake(
            "This looks like a weight's gradient made of x − μ; which number does the weight multiply?",
            _to_parameters(lambda g, y, x: ((g * (x - x.mean(BATCH, keepdims=True))).sum(BATCH), g.sum(BATCH))),
        ),
        Mistake(
            "This looks like means for weight and bias; each is used at every pixel, and its gradients add up.",
            _to_parameters(lambda g, y, x: ((g * y).mean(BATCH), g.mean(BATCH))),
        ),
        Mistake(
            "This looks like weight's and bias's gradients in each other's place; the order is x, weight, bias.",
            _to_parameters(lambda g, y, x: (g.sum(BATCH), (g * y).sum(BATCH))),
        ),
        Mistake(
            "This looks like gradients of weight and bias for each picture; one weight serves the whole batch.",
            _to_parameters(lambda g, y, x: ((g * y).sum((2, 3)), g.sum((2, 3)))),
        ),
        Mistake(
            "This looks like gradients of weight and bias that are multiplied by the weight; it is behind them.",
            lambda g, x, weight, eps: (
                _backward(g, x, weight, eps)[0],
                *(weight * part for part in _backward(g, x, weight, eps)[1:]),
            ),
        ),
        Mistake(
            "This looks like a weight in the first term alone; all three terms are of the gradient that reaches y.",
            _first_term_weighted,
        ),
        Mistake(
            "This looks like z where y belongs; the lesson's formula is for y, before weight and bias.",
            _of_z,
        ),
    ),
)
