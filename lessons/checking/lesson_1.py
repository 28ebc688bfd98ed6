"""Lesson 1: a neuron, finite differences, log-sum-exp backwards, a schedule of rates; task 1.4 is in a file beside."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from checking.engine import Exercise, Mistake
from checking.lesson_1_graphs import gradients
from reference_numpy import Tensor

rng = np.random.default_rng(1)

# Task 1.1: neuron_gradients(w, x, b, t) of (w · x + b - t)²

Parts = tuple[np.ndarray, np.ndarray, np.ndarray]


def _neuron(w: np.ndarray, x: np.ndarray, b: float, t: float) -> Parts:
    w, x, b = (Tensor(np.asarray(value, dtype=float), requires_grad=True) for value in (w, x, b))
    distance = (w * x).sum() + b - t
    (distance * distance).backward()
    return w.grad, x.grad, b.grad


def _scaled(factor: Callable[[np.ndarray], float | np.ndarray]) -> Callable[..., Parts]:
    """The right gradients times a factor that is made of ∂L/∂y."""

    def answer(w: np.ndarray, x: np.ndarray, b: float, t: float) -> Parts:
        right = _neuron(w, x, b, t)
        return tuple(part * factor(right[2]) for part in right)

    return answer


def _changed(change: Callable[..., Parts]) -> Callable[..., Parts]:
    """From the three right gradients, w, x and b."""
    return lambda w, x, b, t: change(*_neuron(w, x, b, t), w, x, b)


neuron_gradients = Exercise(
    "1.1",
    reference=_neuron,
    inputs=[
        (np.array([1.0, 2.0]), np.array([3.0, 4.0]), 0.5, 10.0),
        (np.array([-0.5, 1.5]), np.array([2.0, 0.7]), -1.0, 3.0),
        (np.array([2.0, -3.0]), np.array([-1.0, 0.2]), 4.0, -2.5),
    ],
    mistakes=(
        Mistake("This looks like half of it; what is the derivative of a square?", _scaled(lambda g: 0.5)),
        Mistake("This looks twice as large; the square gives a factor of 2 once.", _scaled(lambda g: 2.0)),
        Mistake("This looks like the right size with the wrong sign; the distance is y − t.", _scaled(lambda g: -1.0)),
        Mistake(
            "This looks like the loss where its derivative belongs; ∂L/∂y is not L.",
            _scaled(lambda g: g / 4),
        ),
        Mistake(
            "This looks like the sign of the distance alone; the derivative of a square grows with the distance.",
            _scaled(lambda g: np.sign(g) / g),
        ),
        Mistake(
            "This looks like w and x exchanged; a product multiplies the gradient by the other factor.",
            _changed(lambda gw, gx, gb, w, x, b: (gx, gw, gb)),
        ),
        Mistake(
            "This looks like a product that multiplies by both its factors; only the other one counts.",
            _changed(lambda gw, gx, gb, w, x, b: (gw * w, gx * x, gb)),
        ),
        Mistake(
            "This looks like the derivatives of y; the loss has one of its own, with which they are multiplied.",
            _changed(lambda gw, gx, gb, w, x, b: (x, w, np.ones(()))),
        ),
        Mistake(
            "This looks like a gradient of b with a factor b; a sum passes its gradient on unchanged.",
            _changed(lambda gw, gx, gb, w, x, b: (gw, gx, gb * b)),
        ),
        Mistake(
            "This looks like a gradient of b that is always 1; ∂y/∂b is 1, and what is ∂L/∂b?",
            _changed(lambda gw, gx, gb, w, x, b: (gw, gx, np.ones(()))),
        ),
        Mistake(
            "This looks like parameters after a step down the slope; asked for are the gradients.",
            _changed(lambda gw, gx, gb, w, x, b: (w - gw, x - gx, b - gb)),
        ),
        Mistake("This looks like a neuron without its b.", lambda w, x, b, t: _neuron(w, x, 0.0, t)),
        Mistake(
            "This looks as if t were left out; how far is y from where it should be?", lambda *a: _neuron(*a[:3], 0)
        ),
        Mistake(
            "This looks like two products that are not added up; y is a single number.",
            lambda w, x, b, t: tuple(2 * (w * x + b - t) * other for other in (x, w, 1.0)),
        ),
    ),
    parts=("∂L/∂w", "∂L/∂x", "∂L/∂b"),
)
check_neuron_gradients = neuron_gradients.check

# Task 1.2: numerical_gradient(f, x, h), the gradient of a number by nudging each element of x


def _by_nudging(
    up: float = 1.0,
    down: float = -1.0,
    steps_apart: float = 2.0,
    put_back: bool = True,
    together: bool = False,
    rows: bool = False,
) -> Callable[..., np.ndarray]:
    """steps_apart is what the difference is divided by, in steps of h; 0 means not at all. rows: each row together."""

    def gradient(f: Callable[[np.ndarray], float], x: np.ndarray, h: float) -> np.ndarray:
        x, found = x.copy(), np.zeros(x.shape)
        for index in range(len(x)) if rows else np.ndindex(x.shape):
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


def _on_a_copy(answer: Callable[..., object], f: Callable, x: np.ndarray, h: float) -> object:
    """Moving in place and back by the same step leaves a rounding error in x, which is no mistake here."""
    own = x.copy()
    result = answer(f, own, h)
    if own.shape != x.shape or not np.allclose(own, x, rtol=1e-9, atol=1e-9):
        x[...] = np.nan  # which the check notices
    return result


_FURTHER = "A step to each side is far more accurate."

numerical_gradient = Exercise(
    "1.2",
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
        Mistake(
            "This looks like whole rows nudged together; in an array of two axes, x[k] is a row, not an element.",
            _by_nudging(rows=True),
        ),
        Mistake(
            "This looks like a step of your own; the check asks for steps of h, so that errors of h show.",
            lambda f, x, h: _by_nudging()(f, x, 1e-5),
        ),
        Mistake(
            "This looks like a result cut off to whole numbers; an array made with dtype int keeps no fractions.",
            lambda f, x, h: np.trunc(_by_nudging()(f, x, h)),
        ),
    ),
    observe=_on_a_copy,
)
check_numerical_gradient = numerical_gradient.check

# Task 1.3: log_sum_exp_backward(g, x) for yₙ = log Σₖ exp(xₙₖ)


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
    "1.3",
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
        Mistake(
            "This looks like x cut off before exp, so that large elements become equal; shift each row instead.",
            _quietly(lambda g, x: g * _softmax(np.clip(x, -700, 700))),
        ),
        Mistake(
            "This looks like one sum for the whole array behind a shift by row; each row has a sum of its own.",
            _quietly(lambda g, x: g * (e := np.exp(x - x.max(axis=1, keepdims=True))) / e.sum()),
        ),
        Mistake(
            "This looks like the right elements, added up over the rows; ∂L/∂x has x's shape.",
            _quietly(lambda g, x: (g * _softmax(x)).sum(axis=0)),
        ),
        Mistake(
            "This looks like softmax minus 1 at one place: that is the gradient of cross-entropy, where a right class "
            "is known. Here is none.",
            _quietly(lambda g, x: g * (_softmax(x) - (x == x.max(axis=1, keepdims=True)))),
        ),
    ),
)
check_log_sum_exp_backward = log_sum_exp_backward.check

check_gradients = gradients.check

# Task 1.5: rates(constant, decay, rate), the schedule of pix2pix's and CycleGAN's code without its slip


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
    "1.5",
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
        Mistake(
            "This looks like a share that is taken from the rate as it stands; it is a share of the rate, so multiply.",
            lambda constant, decay, rate: [rate - (1 - part) for part in _schedule()(constant, decay, 1.0)],
        ),
        Mistake(
            "This looks like the code as it was, with another mistake: the fall has decay + 1 steps.",
            _schedule(ahead=1, steps=0),
        ),
        Mistake(
            "This looks right but for the last epoch, which is missing; range leaves out its end.",
            lambda constant, decay, rate: _schedule()(constant, decay, rate)[:-1],
        ),
        Mistake(
            "This looks like 100 + 100 epochs whatever was asked for; use the arguments.",
            lambda constant, decay, rate: _schedule()(100, 100, rate),
        ),
    ),
)
check_rates = rates.check
