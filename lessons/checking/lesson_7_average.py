"""Lesson 7's task 7.4: how much of each step's weights is in an average?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from checking.engine import Answer, Exercise, Mistake


def _contributions(shares: np.ndarray) -> np.ndarray:
    """By averaging unit vectors: what has come of the t-th stands at place t."""
    units = np.eye(len(shares) + 1)  # (T + 1, T + 1)
    average = units[0]  # (T + 1,)
    for unit, share in zip(units[1:], shares, strict=True):
        average = average + share * (unit - average)
    return average


def _parts_with(
    taken: Callable[[np.ndarray], np.ndarray] = lambda shares: np.array([1.0, *shares]),
    kept: Callable[[np.ndarray, int], np.ndarray] = lambda keep, t: keep[t:],
) -> Answer:
    """What is taken up at each step, times what is kept of it; either may be wrong. Step 0 is the start."""

    def answer(shares: np.ndarray) -> np.ndarray:
        keep = 1 - np.asarray(shares)  # (T,)
        return np.array([part * np.prod(kept(keep, t)) for t, part in enumerate(taken(shares))])

    return answer


def _of(change: Callable[[np.ndarray], np.ndarray]) -> Answer:
    """The right answer to other shares."""
    return lambda shares: _contributions(change(np.asarray(shares)))


def _then(change: Callable[[np.ndarray], np.ndarray]) -> Answer:
    """The right answer, and then something is done to it."""
    return lambda shares: change(_contributions(shares))


def _start_at(value: Callable[[np.ndarray], float]) -> Answer:
    return lambda shares: np.array([value(shares), *_contributions(shares)[1:]])


def _start_goes_first(shares: np.ndarray) -> np.ndarray:
    """As if the average began at the first step's weights."""
    return np.array([0.0, *_contributions(shares[1:])])


def _running(shares: np.ndarray) -> float:
    average = 0.0
    for t, share in enumerate(shares, start=1):
        average += share * (t - average)
    return average


CONTRIBUTIONS = Exercise(
    "7.4",
    reference=_contributions,
    inputs=[
        (np.array([0.9, 0.5, 0.2]),),
        (np.array([0.1, 0.1, 0.1, 0.1, 0.1]),),
        (np.array([0.9, 0.82, 0.75, 0.6, 0.3, 0.25, 0.1]),),
    ],
    mistakes=(
        Mistake(
            "This looks like what is kept, without the share that was taken up in the first place: the contributions "
            "have to add up to 1.",
            _parts_with(taken=lambda shares: np.ones(len(shares) + 1)),
        ),
        Mistake(
            "This looks like the shares themselves: later steps shrink what earlier ones have put in.",
            _parts_with(taken=lambda shares: np.array([1 - sum(shares), *shares]), kept=lambda keep, t: keep[:0]),
        ),
        Mistake(
            "This looks like the shares themselves: later steps shrink what earlier ones have put in.",
            _parts_with(kept=lambda keep, t: keep[:0]),
        ),
        Mistake(
            "This looks like the shares themselves, divided by their sum; later steps shrink what earlier ones have "
            "put in.",
            lambda shares: np.array([1.0, *shares]) / (1 + shares.sum()),
        ),
        Mistake(
            "This looks like the shares themselves, divided by their sum; later steps shrink what earlier ones have "
            "put in.",
            lambda shares: np.array([0.0, *shares]) / shares.sum(),
        ),
        Mistake(
            "This looks like weights that shrink in their own step already: what step t takes up is shrunk by the "
            "steps after it alone.",
            lambda shares: np.array([np.prod(1 - shares), *(_contributions(shares)[1:] * (1 - shares))]),
        ),
        Mistake(
            "This looks like weights that are shrunk by the steps before them; it is the later steps that shrink them.",
            lambda shares: np.array(
                [np.prod(1 - shares), *(share * np.prod(1 - shares[:t]) for t, share in enumerate(shares))]
            ),
        ),
        Mistake(
            "This looks like the newest first; the start comes first, the newest last.",
            _then(lambda parts: parts[::-1]),
        ),
        Mistake(
            "This looks like share and rest exchanged: the share is what the *new* weights get.",
            _of(lambda shares: 1 - shares),
        ),
        Mistake(
            "This looks like the start left out; at first the average is a copy of w₀, and some of it is left.",
            _then(lambda parts: parts[1:]),
        ),
        Mistake(
            "This looks like the start counted as 0; at first the average is a copy of w₀, and some of it is left.",
            _start_at(lambda shares: 0.0),
        ),
        Mistake(
            "This looks like the start counted as 0 and the rest made to add up to 1; some of w₀ is left.",
            lambda shares: np.array([0.0, *_contributions(shares)[1:]]) / _contributions(shares)[1:].sum(),
        ),
        Mistake(
            "This looks like an average that begins as a copy of w₁; it begins as a copy of w₀.",
            _start_goes_first,
        ),
        Mistake(
            "This looks like a start that counts whole; each step shrinks it, like everything that is in the average.",
            _start_at(lambda shares: 1.0),
        ),
        Mistake(
            "This looks like a start that is shrunk by all steps but the last.",
            _start_at(lambda shares: float(np.prod(1 - shares[:-1]))),
        ),
        Mistake(
            "This looks like a start that is shrunk by all steps but the first.",
            _start_at(lambda shares: float(np.prod(1 - shares[1:]))),
        ),
        Mistake(
            "This looks like a start that was taken up with the first share; it was there before, whole.",
            _start_at(lambda shares: float(shares[0] * np.prod(1 - shares[1:]))),
        ),
        Mistake(
            "This looks like a plain mean, in which all steps count alike.",
            lambda shares: np.full(len(shares) + 1, 1 / (len(shares) + 1)),
        ),
        Mistake(
            "This looks like the last share used for every step; each step has its own.",
            _of(lambda shares: np.full(len(shares), shares[-1])),
        ),
        Mistake(
            "This looks like the first share used for every step; each step has its own.",
            _of(lambda shares: np.full(len(shares), shares[0])),
        ),
        Mistake(
            "This looks like the last two weights alone; the average remembers all of them a little.",
            lambda shares: np.array([*[0.0] * (len(shares) - 1), 1 - shares[-1], shares[-1]]),
        ),
        Mistake(
            "This looks like the newest weights alone; the average remembers all of them a little.",
            lambda shares: np.array([*[0.0] * len(shares), 1.0]),
        ),
        Mistake(
            "This looks like weights that only the very next step shrinks; all later steps do.",
            _parts_with(kept=lambda keep, t: keep[t : t + 1]),
        ),
        Mistake(
            "This looks like weights that only the very next step shrinks; all later steps do.",
            lambda shares: (lambda parts: np.array([1 - parts.sum(), *parts]))(
                shares * np.array([*(1 - shares[1:]), 1.0])
            ),
        ),
        Mistake(
            "This looks like an average of step numbers; the task asks how much of each step's weights is in it.",
            _running,
        ),
    ),
)
check_contributions = CONTRIBUTIONS.check
