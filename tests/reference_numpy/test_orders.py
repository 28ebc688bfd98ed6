"""Derivatives up to the fourth order where a rule has a zero in it: no 0 · ∞ comes back from behind a mask."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch.nn import functional as TF

import reference_numpy as rn
from reference_numpy import functional as F
from reference_numpy.tensor import where

INF = np.inf


def orders(function: Callable[[rn.Tensor], rn.Tensor], at: float) -> list[float]:
    """Its first four derivatives, those of what does not depend on x any more being 0."""
    x = rn.Tensor(at, requires_grad=True)
    y, found = function(x), []
    for _ in range(4):
        y = rn.grad(y, [x], create_graph=True)[0] if y.requires_grad else rn.Tensor(0.0)
        found.append(y.item())
    return found


def orders_in_pytorch(function: Callable[[torch.Tensor], torch.Tensor], at: float) -> list[float]:
    x = torch.tensor(at, dtype=torch.float64, requires_grad=True)
    y, found = function(x), []
    for _ in range(4):
        (y,) = torch.autograd.grad(y, x, create_graph=True, materialize_grads=True) if y.requires_grad else (0 * y,)
        found.append(y.item())
    return found


COEFFICIENTS = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
K = np.arange(6)
AT_ZERO: dict[str, tuple[Callable[[rn.Tensor], rn.Tensor], list[float]]] = {
    "exp(-x²)": (lambda x: (-(x**2)).exp(), [0, -2, 0, 12]),
    "exp(-x²), the 2 a Tensor": (lambda x: (-(x ** rn.Tensor(2.0))).exp(), [0, -2, 0, 12]),
    "Σ cₖ xᵏ": (lambda x: (COEFFICIENTS * x**K).sum(), [2, 6, 24, 120]),
    "Σ cₖ xᵏ, its k a Tensor": (
        lambda x: (COEFFICIENTS * x ** rn.Tensor(K, requires_grad=True)).sum(),
        [2, 6, 24, 120],
    ),
    "x⁰": (lambda x: x**0, [0, 0, 0, 0]),
    "x¹": (lambda x: x**1, [1, 0, 0, 0]),
    "x³ + x⁴": (lambda x: x**3 + x**4, [0, 0, 6, 24]),
    "(x + 1)² x²": (lambda x: (x + 1) ** 2 * x**2, [0, 2, 12, 24]),
    "(x²)²": (lambda x: (x**2) ** 2, [0, 0, 0, 24]),
    "1 / (1 + x²)": (lambda x: 1 / (1 + x**2), [0, -2, 0, 24]),
    "x / (1 + x)": (lambda x: x / (1 + x), [1, -2, 6, -24]),
    "√(1 + x²)": (lambda x: (1 + x**2).sqrt(), [0, 1, 0, -3]),
    "log(1 + x²)": (lambda x: (1 + x**2).log(), [0, 2, 0, -12]),
    "0ˣ": (lambda x: 0**x, [0, 0, 0, 0]),  # as PyTorch takes the first
    "2ˣ": (lambda x: 2**x, [np.log(2) ** k for k in (1, 2, 3, 4)]),
    "|x|": (lambda x: x.abs(), [0, 0, 0, 0]),
    "|x| x": (lambda x: x.abs() * x, [0, 0, 0, 0]),
    "relu(x)²": (lambda x: F.relu(x) ** 2, [0, 0, 0, 0]),
    "leaky relu": (lambda x: F.leaky_relu(x, 0.2) ** 2, [0, 2 * 0.2**2, 0, 0]),
    "x² where x > 0": (lambda x: where(x > 0, x**2, 0.0), [0, 0, 0, 0]),
    "x² where x is 0": (lambda x: where(x == 0, x**2, x), [0, 2, 0, 0]),
    "√x": (lambda x: x.sqrt(), [INF, -INF, INF, -INF]),
    "x to the half": (lambda x: x**0.5, [INF, -INF, INF, -INF]),
    "x to the one and a half": (lambda x: x**1.5, [0, INF, -INF, INF]),
    "log x": (lambda x: x.log(), [INF, -INF, INF, -INF]),
    "1 / x": (lambda x: 1 / x, [-INF, INF, -INF, INF]),
    "x⁻¹": (lambda x: x**-1, [-INF, INF, -INF, INF]),
}


@pytest.mark.parametrize("name", AT_ZERO)
def test_four_derivatives_at_zero(name: str):
    function, expected = AT_ZERO[name]
    np.testing.assert_allclose(orders(function, 0.0), expected, rtol=1e-13)


@pytest.mark.parametrize(
    ("exponent", "at"),
    [(k, at) for k in (0, 1, 2, 3, 4, 5, -1, -2) for at in (-1.5, 0.0, 0.7)]
    + [(k, at) for k in (0.5, 1.5) for at in (0.0, 0.7)],
)
def test_powers_of_a_number_as_in_pytorch(exponent: float, at: float):
    np.testing.assert_allclose(
        orders(lambda x: x**exponent, at), orders_in_pytorch(lambda x: x**exponent, at), rtol=1e-12
    )


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (F.sigmoid, torch.sigmoid),
        (F.tanh, torch.tanh),
        (lambda x: F.relu(x) ** 3 * x, lambda x: TF.relu(x) ** 3 * x),
        (
            lambda x: F.instance_norm(x * np.ones((1, 2, 2, 2))).sum(),
            lambda x: TF.instance_norm(x * torch.ones(1, 2, 2, 2)).sum(),
        ),
        (lambda x: F.mse_loss(x, np.zeros(())), lambda x: TF.mse_loss(x, torch.zeros((), dtype=x.dtype))),
        (lambda x: F.l1_loss(x, np.zeros(())), lambda x: TF.l1_loss(x, torch.zeros((), dtype=x.dtype))),
        (
            lambda x: F.binary_cross_entropy_with_logits(x, np.ones(())),
            lambda x: TF.binary_cross_entropy_with_logits(x, torch.ones((), dtype=x.dtype)),
        ),
        (lambda x: (x * x + 1e-12).sqrt(), lambda x: (x * x + 1e-12).sqrt()),  # a norm, as far as it has a slope at 0
    ],
)
@pytest.mark.parametrize("at", [0.0, 0.3])
def test_functions_as_in_pytorch(ours, theirs, at: float):
    expected = orders_in_pytorch(theirs, at)
    np.testing.assert_allclose(orders(ours, at), expected, rtol=1e-9, atol=1e-9 * max(map(abs, expected)))


def test_base_and_exponent_together():
    """∂²/∂a∂b of aᵇ is aᵇ⁻¹ (1 + b log a), also where b is 0; PyTorch says 0 there."""
    for a, b, expected in ((2.0, 0.0, 0.5), (2.0, 1.0, 1 + np.log(2)), (0.0, 2.0, 0.0), (0.0, 3.0, 0.0)):
        base, exponent = rn.Tensor(a, requires_grad=True), rn.Tensor(b, requires_grad=True)
        for first, second in ((base, exponent), (exponent, base)):
            (slope,) = rn.grad(base**exponent, [first], create_graph=True)
            (found,) = rn.grad(slope, [second])
            np.testing.assert_allclose(found.item(), expected, rtol=1e-14)


def test_zeros_leave_the_other_elements_as_they_are():
    x = np.array([0.0, 2.0, -1.0, 0.0])
    tensor = rn.Tensor(x, requires_grad=True)
    y = (tensor ** np.array([0, 3, 2, 1])).sum()
    for expected in ([0, 12, -2, 1], [0, 12, 2, 0], [0, 6, 0, 0]):
        (slope,) = rn.grad(y, [tensor], create_graph=True)
        np.testing.assert_allclose(slope.data, expected, rtol=1e-14)
        y = slope.sum()
