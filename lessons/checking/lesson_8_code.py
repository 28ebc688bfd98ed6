"""Lesson 8: the gradient of a code that was drawn, by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from checking.engine import Answer, Exercise, Mistake

# Task 8.3: the code's gradient by hand

Part = Callable[[np.ndarray], Any]  # of the log variance


def _sigma(log_variance: np.ndarray) -> np.ndarray:
    return np.exp(0.5 * log_variance)


def _gradients_with(
    through_draw: Part = lambda v: 0.5 * _sigma(v),
    eps_counts: bool = True,
    to_mean: float = 1.0,
    of_variance: Part = lambda v: 0.5 * (np.exp(v) - 1),
    price: Callable[[float, np.ndarray], Any] = lambda weight, mean: weight,
    kept: tuple[float, float] = (1.0, 1.0),
) -> Answer:
    """The right gradients, of which anything may be wrong: what g and the KL divergence send to each of the two.

    kept   which share of g passes to the mean, and to the log variance
    """

    def gradients(
        g: np.ndarray, mean: np.ndarray, log_variance: np.ndarray, eps: np.ndarray, weight: float
    ) -> tuple[np.ndarray, np.ndarray]:
        paid = price(weight, mean)
        drawn = g * through_draw(log_variance) * (eps if eps_counts else 1.0)
        return kept[0] * g + to_mean * paid * mean, kept[1] * drawn + paid * of_variance(log_variance)

    return gradients


def _then(change: Callable[..., Any]) -> Answer:
    """The right gradients, of which something is made."""
    return lambda *arguments: change(*_gradients_with()(*arguments))


def _code_inputs() -> list[tuple[Any, ...]]:
    rng = np.random.default_rng(83)
    return [(*rng.standard_normal((4, n, latent)), weight) for n, latent, weight in ((3, 4, 0.7), (2, 5, 0.3))]


MEAN_HALF = "This looks like a KL divergence whose pull on the mean is wrong by a factor of 2; differentiate ½ μ²."

code_gradients = Exercise(
    "8.3",
    reference=_gradients_with(),
    inputs=_code_inputs(),
    parts=("the gradient of mean", "the gradient of log_variance"),
    mistakes=(
        Mistake(
            "This looks like σ = exp(log σ²), which is σ²: the half in the exponent is missing, in the draw and in the "
            "KL divergence.",
            _gradients_with(lambda v: 0.5 * np.exp(v), of_variance=lambda v: 0.5 * (np.exp(2 * v) - 1)),
        ),
        Mistake(
            "This looks like σ² in place of σ in the draw: σ is exp(½ log σ²).",
            _gradients_with(lambda v: 0.5 * np.exp(v)),
        ),
        Mistake(
            "This looks like exp without its half, in the draw and in its derivative: σ is exp(½ log σ²).",
            _gradients_with(np.exp),
        ),
        Mistake(
            "This looks like the chain rule without the half: by log σ², exp(½ log σ²) has the derivative ½ σ.",
            _gradients_with(_sigma),
        ),
        Mistake(
            "This looks like log σ² taken for σ: the encoder gives the logarithm of the variance.",
            _gradients_with(lambda v: 1.0, of_variance=lambda v: v - 1 / v),
        ),
        Mistake(
            "This looks like the gradient of σ; the task asks for that of log σ², one step further back.",
            _gradients_with(lambda v: 1.0, of_variance=lambda v: _sigma(v) - 1 / _sigma(v)),
        ),
        Mistake(
            "This looks like a draw whose gradient stops at σ: from there to log σ² it is another factor of ½ σ.",
            _gradients_with(lambda v: 1.0),
        ),
        Mistake(
            "This looks like a KL divergence with the wrong sign: it is a price, and the loss contains it with a plus.",
            _gradients_with(to_mean=-1.0, of_variance=lambda v: -0.5 * (np.exp(v) - 1)),
        ),
        Mistake(
            "This looks like the wrong sign in the KL divergence's pull on log σ²: where σ is above 1, it should go "
            "down.",
            _gradients_with(of_variance=lambda v: 0.5 * (1 - np.exp(v))),
        ),
        Mistake(
            "This looks like the KL divergence as a mean over everything; here it is a sum, as published.",
            _gradients_with(price=lambda weight, mean: weight / mean.size),
        ),
        Mistake(
            "This looks like the KL divergence as a mean over the batch; here it is a sum, as published.",
            _gradients_with(price=lambda weight, mean: weight / len(mean)),
        ),
        Mistake(
            "This looks like a loss without its KL divergence; both come back together.",
            _gradients_with(price=lambda weight, mean: 0.0),
        ),
        Mistake(
            "This looks like a KL divergence without its weight λ.", _gradients_with(price=lambda weight, mean: 1.0)
        ),
        Mistake(
            "This looks like a draw that passes no gradient on: the KL divergence alone is left. z = μ + σ ε is a "
            "formula; differentiate it.",
            _gradients_with(kept=(0.0, 0.0)),
        ),
        Mistake(
            "This looks like a draw that passes its gradient to μ alone; z depends on σ as well.",
            _gradients_with(kept=(1.0, 0.0)),
        ),
        Mistake(MEAN_HALF, _gradients_with(to_mean=0.5)),
        Mistake(MEAN_HALF, _gradients_with(to_mean=2.0)),
        Mistake(
            "This looks like a KL divergence without its half.",
            _gradients_with(to_mean=2.0, of_variance=lambda v: np.exp(v) - 1),
        ),
        Mistake(
            "This looks like a KL divergence whose pull on log σ² is without its half.",
            _gradients_with(of_variance=lambda v: np.exp(v) - 1),
        ),
        Mistake(
            "This looks like σ where the KL divergence has σ².",
            _gradients_with(of_variance=lambda v: 0.5 * (_sigma(v) - 1)),
        ),
        Mistake(
            "This looks like a KL divergence that pulls σ to 0: the −1, from −log σ², is missing.",
            _gradients_with(of_variance=lambda v: 0.5 * np.exp(v)),
        ),
        Mistake(
            "This looks like a draw without its ε: how far z moves with σ depends on it.",
            _gradients_with(eps_counts=False),
        ),
        Mistake(
            "This looks like the two gradients in each other's place; the mean's comes first.",
            _then(lambda to_mean, to_log_variance: (to_log_variance, to_mean)),
        ),
        Mistake(
            "This looks like sums over the batch; each picture has a Gaussian of its own.",
            _then(lambda *both: tuple(one.sum(0) for one in both)),
        ),
        Mistake(
            "This looks like means over the batch; each picture has a Gaussian of its own.",
            _then(lambda *both: tuple(one.mean(0) for one in both)),
        ),
        Mistake(
            "This looks like λ on everything; it weighs the KL divergence alone.",
            lambda g, mean, v, eps, weight: tuple(weight * one for one in _gradients_with()(g, mean, v, eps, 1.0)),
        ),
    ),
)
check_code_gradients = code_gradients.check
