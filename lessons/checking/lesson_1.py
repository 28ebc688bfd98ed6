"""Lesson 1: finite differences, the backward rule of log-sum-exp, a schedule of rates; task 1.3 is in a file beside."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from checking.engine import Exercise, Mistake
from checking.lesson_1_graphs import gradients
from reference_numpy import Tensor

rng = np.random.default_rng(1)

# Task 1.1: numerical_gradient(f, x, h), the gradient of a number by nudging each element of x


def _by_nudging(
    up: float = 1.0, down: float = -1.0, steps_apart: float = 2.0, put_back: bool = True, together: bool = False
) -> Callable[..., np.ndarray]:
    """steps_apart is what the difference is divided by, in steps of h; 0 means not at all."""

    def gradient(f: Callable[[np.ndarray], float], x: np.ndarray, h: float) -> np.ndarray:
        x, found = x.copy(), np.zeros(x.shape)
        for index in np.ndindex(x.shape):
            where, before = (... if together else index), x.copy()
            x[where] = before[where] + up * h
            ahead = f(x)
            x[where] = before[where] + down * h
            found[index] = (ahead - f(x)) / (steps_apart * h or 1.0)
            x = before if put_back else x
        return found

    return gradient


def _bent(x: np.ndarray) -> float:
    """Bent enough to tell differences of one side from those of two, and every element matters to every other."""
    weights = np.arange(1.0, x.size + 1).reshape(x.shape)
    return float((weights * x**3).sum() + x.sum() ** 2)


def _growing(x: np.ndarray) -> float:
    return float(np.exp(x).sum() + (x**2).sum() * x.ravel()[0])


_FURTHER = "A step to each side is far more accurate."

numerical_gradient = Exercise(
    "1.1",
    reference=_by_nudging(),
    inputs=[
        (_bent, rng.standard_normal(4), 0.1),
        (_growing, rng.standard_normal((2, 3)), 0.2),
        (_bent, rng.standard_normal((2, 1, 3)), 0.05),
    ],
    mistakes=(
        Mistake(
            f"This looks like a one-sided difference, a step ahead against no step. {_FURTHER}",
            _by_nudging(down=0.0, steps_apart=1.0),
        ),
        Mistake(
            f"This looks like a one-sided difference, no step against a step back. {_FURTHER}",
            _by_nudging(up=0.0, steps_apart=1.0),
        ),
        Mistake(
            "This looks twice as large as it should be; how far apart are the two points at which you asked f?",
            _by_nudging(steps_apart=1.0),
        ),
        Mistake(
            "This looks like half of a one-sided difference; how far apart are the two points at which you asked f?",
            _by_nudging(down=0.0),
        ),
        Mistake(
            "This looks like the right size with the wrong sign; it is ahead minus behind.",
            _by_nudging(steps_apart=-2.0),
        ),
        Mistake(
            "This looks like a difference alone; a derivative is one per distance.",
            _by_nudging(steps_apart=0.0),
        ),
        Mistake(
            "This looks like all elements nudged together; each has a derivative of its own, so move one at a time.",
            _by_nudging(together=True),
        ),
        Mistake(
            "This looks like elements that stay where they were moved to; put each back before you turn to the next.",
            _by_nudging(put_back=False),
        ),
    ),
    # Moving in place and back by the same step leaves a rounding error in x, which is no mistake here.
    observe=lambda answer, f, x, h: answer(f, x.copy(), h),
)
check_numerical_gradient = numerical_gradient.check

# Task 1.2: log_sum_exp_backward(g, x) for yₙ = log Σₖ exp(xₙₖ)


def _log_sum_exp_backward(g: np.ndarray, x: np.ndarray) -> np.ndarray:
    tensor = Tensor(x, requires_grad=True)
    shifted = tensor - x.max(axis=1, keepdims=True)  # the largest is a constant here, and cancels in the gradient
    shifted.exp().sum(1).log().backward(g)
    return tensor.grad


def _softmax(x: np.ndarray, axis: int | None = 1) -> np.ndarray:
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def _quietly(function: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    def answer(g: np.ndarray, x: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            return function(g[:, None], x)

    return answer


def _softmax_backward(g: np.ndarray, x: np.ndarray) -> np.ndarray:
    y = _softmax(x)
    return y * (g - (g * y).sum(axis=1, keepdims=True))


_LARGE = np.array([[1000.0, 999.0, 1002.0], [0.5, -3.0, 2.0], [-1000.0, -1001.0, -999.5], [0.0, 1.0, -1.0]])
_WIDE = np.array([[-1000.0, 1000.0, 0.0], [0.0, 1000.0, 999.0], [1000.0, -1000.0, 998.0]])


def _shifted_by(choose: Callable[[np.ndarray], np.ndarray]) -> Callable[..., np.ndarray]:
    def answer(g: np.ndarray, x: np.ndarray) -> np.ndarray:
        e = np.exp(x - choose(x))
        return g * e / e.sum(axis=1, keepdims=True)

    return _quietly(answer)


_SHIFT = "This looks like a shift that is not the best one: some rows are still too large for exp. Try (-1000, 1000)."
_FRACTION = "What is the derivative of log u, and what is u here?"

log_sum_exp_backward = Exercise(
    "1.2",
    reference=_log_sum_exp_backward,
    inputs=[
        (rng.standard_normal(4), rng.standard_normal((4, 3))),
        (rng.standard_normal(2), rng.standard_normal((2, 5))),
        (rng.standard_normal(4), _LARGE),
        (rng.standard_normal(3), _WIDE),
    ],
    mistakes=(
        Mistake(
            "This looks like the derivative alone; the gradient g that comes in is still to be multiplied with it.",
            _quietly(lambda g, x: _softmax(x)),
        ),
        Mistake(
            "This looks right until x is large: e to the 1000 overflows. Only differences within a row matter, so "
            "a row may be shifted first; how far, so that nothing overflows?",
            _quietly(lambda g, x: g * np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)),
        ),
        Mistake(_SHIFT, _shifted_by(lambda x: x.mean(axis=1, keepdims=True))),
        Mistake(_SHIFT, _shifted_by(lambda x: x.min(axis=1, keepdims=True))),
        Mistake(_SHIFT, _shifted_by(lambda x: x[:, :1])),
        Mistake(
            "This looks like one shift for the whole array: a row far below the largest number has only zeros left to "
            "divide by.",
            _shifted_by(np.max),
        ),
        Mistake(
            f"This looks like the backward rule of the sum of exponentials, without that of the log. {_FRACTION}",
            _quietly(lambda g, x: g * np.exp(x)),
        ),
        Mistake(
            f"This looks like the backward rule of the log without that of the exponential. {_FRACTION}",
            _quietly(lambda g, x: g / np.exp(x).sum(axis=1, keepdims=True) + 0 * x),
        ),
        Mistake(
            "This looks like a sum over the rows; each row has a sum of its own, so add along axis 1.",
            _quietly(lambda g, x: g * _softmax(x, axis=0)),
        ),
        Mistake(
            "This looks like one sum over the whole array; each row has a sum of its own, so add along axis 1.",
            _quietly(lambda g, x: g * _softmax(x, axis=None)),
        ),
        Mistake(
            "This looks like the backward rule of softmax; log-sum-exp's derivative is softmax itself, one step less.",
            _quietly(_softmax_backward),
        ),
        Mistake(
            f"This looks like shifted exponentials that are not divided by their sum. {_FRACTION}",
            _quietly(lambda g, x: g * np.exp(x - x.max(axis=1, keepdims=True))),
        ),
        Mistake(
            "This looks like s · (1 − s), the slope of softmax itself; log-sum-exp's derivative is one step less.",
            _quietly(lambda g, x: g * _softmax(x) * (1 - _softmax(x))),
        ),
        Mistake(
            "This looks like the logarithm of the answer; the derivative is the share itself.",
            _quietly(lambda g, x: g * np.log(_softmax(x))),
        ),
    ),
)
check_log_sum_exp_backward = log_sum_exp_backward.check

check_gradients = gradients.check

# Task 1.4: rates(constant, decay, rate), the schedule of pix2pix's and CycleGAN's code without its slip


def _schedule(ahead: int = 0, steps: int = 1, held: bool = True) -> Callable[..., list[float]]:
    """ahead: epochs that the schedule runs early; steps: added to the number of epochs of the fall."""

    def rates(constant: int, decay: int, rate: float) -> list[float]:
        past = (epoch + ahead - constant for epoch in range(1, constant + decay + 1))
        return [rate * (1 - (max(0, k) if held else k) / (decay + steps)) for k in past]

    return rates


def _compounding(constant: int, decay: int, rate: float) -> list[float]:
    found = []
    for epoch in range(1, constant + decay + 1):
        rate *= 1 - max(0, epoch - constant) / (decay + 1)
        found.append(rate)
    return found


rates = Exercise(
    "1.4",
    reference=_schedule(),
    inputs=[(3, 4, 1.0), (1, 3, 0.5), (0, 5, 0.1), (100, 100, 2e-4)],
    mistakes=(
        Mistake(
            "This looks like the code as it was: the last epoch with the full rate has fallen already, and the last of "
            "all trains at 0. For which epoch is each rate worked out, and which one uses it?",
            _schedule(ahead=1),
        ),
        Mistake("This looks one epoch late: the first epoch of the fall still has the full rate.", _schedule(ahead=-1)),
        Mistake(
            "This looks like a fall that reaches 0 in the last epoch, which then learns nothing; 0 is for the epoch "
            "after it.",
            _schedule(steps=0),
        ),
        Mistake(
            "This looks like a fall that starts an epoch late and reaches 0 in the last; neither the full rate nor 0 "
            "belongs to the fall.",
            lambda constant, decay, rate: [rate] * constant + list(np.linspace(rate, 0, decay)),
        ),
        Mistake(
            "This looks like a rate that falls from the beginning, or starts above the full one; until the fall begins "
            "it stays as it is.",
            _schedule(held=False),
        ),
        Mistake(
            "This looks like each epoch's share taken of the last rate instead of the full one, so that it falls ever "
            "faster.",
            _compounding,
        ),
        Mistake(
            "This looks right except for the rate itself: a share of 1 stands for the full rate, so multiply.",
            lambda constant, decay, rate: _schedule()(constant, decay, 1.0),
        ),
    ),
)
check_rates = rates.check
