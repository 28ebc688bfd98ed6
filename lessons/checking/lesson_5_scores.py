"""Lesson 5: intersection over union."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from checking.engine import Answer, Exercise, Mistake

# ---- Task 5.4: intersection over union ----------------------------------------------------------------------------


def _parts(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """n_ii, t_i and p_i: (C,) float64 each."""
    counts = counts.astype(np.float64)
    return np.diag(counts), counts.sum(1), counts.sum(0)


def _mean_iou(counts: np.ndarray) -> float:
    right, true, read = _parts(counts)
    union = true + read - right
    return float((right[union > 0] / union[union > 0]).mean())


def _shares(
    below: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray],
    counted: Callable[[np.ndarray, np.ndarray], np.ndarray] = lambda true, read: true + read > 0,
) -> Answer:
    """Mean over the counted classes of n_ii divided by whatever `below` makes of n_ii, t_i and p_i."""

    def share(counts: np.ndarray) -> float:
        right, true, read = _parts(counts)
        chosen = counted(true, read)
        with np.errstate(all="ignore"):
            ratio = right[chosen] / below(right, true, read)[chosen]
        return float(ratio.mean())

    return share


def _absent_as(value: float) -> Answer:
    def share(counts: np.ndarray) -> float:
        right, true, read = _parts(counts)
        union = true + read - right
        return float(np.where(union > 0, right / np.maximum(union, 1), value).mean())

    return share


def _by_frequency(counts: np.ndarray) -> float:
    right, true, read = _parts(counts)
    union = true + read - right
    return float((true * right / np.maximum(union, 1)).sum() / true.sum())


def _all_at_once(counts: np.ndarray) -> float:
    right, true, read = _parts(counts)
    return float(right.sum() / (true + read - right).sum())


def _pixel_accuracy(counts: np.ndarray) -> float:
    return float(np.trace(counts) / counts.sum())


_COUNTS = (
    np.array([[7, 2, 1], [0, 5, 3], [4, 1, 9]]),
    np.array([[20, 3, 0, 1], [2, 6, 0, 5], [0, 0, 0, 0], [7, 1, 0, 30]]),  # there is nothing of class 2
    np.array([[12, 0, 4], [0, 0, 0], [3, 2, 8]]),  # class 1 is only imagined
    np.array([[9, 0, 2], [3, 0, 4], [1, 0, 6]]),  # class 1 is never read
)

mean_iou = Exercise(
    "5.4",
    reference=_mean_iou,
    inputs=[(counts,) for counts in _COUNTS],
    mistakes=(
        Mistake(
            "This looks like a union that counts the intersection twice: t and p both hold the pixels that are right.",
            _shares(lambda right, true, read: true + read),
        ),
        Mistake(
            "This looks like the same sums taken twice: one of the two sets is in the rows, the other in the columns.",
            _shares(lambda right, true, read: 2 * true - right, lambda true, read: true > 0),
        ),
        Mistake(
            "This looks like the same sums taken twice: one of the two sets is in the rows, the other in the columns.",
            _shares(lambda right, true, read: 2 * read - right, lambda true, read: read > 0),
        ),
        Mistake(
            "This looks like Dice's coefficient, 2 n / (t + p), a relative of IoU and always larger; here it is "
            "intersection by union.",
            _shares(lambda right, true, read: (true + read) / 2),
        ),
        Mistake(
            "This looks like class accuracy: it divides by the class's true pixels alone, so that reading "
            "everything as one class costs that class nothing.",
            _shares(lambda right, true, read: true, lambda true, read: true > 0),
        ),
        Mistake(
            "This looks like precision: it divides by the pixels that were read as the class, and forgets those that "
            "were missed.",
            _shares(lambda right, true, read: read, lambda true, read: read > 0),
        ),
        Mistake(
            "This looks like pixel accuracy: every pixel counts the same, and large classes decide. Take each class's "
            "share first, then the mean.",
            _pixel_accuracy,
        ),
        Mistake(
            "This looks like one share of all classes' sums, in which large classes decide; take each class's share "
            "first, then the mean.",
            _all_at_once,
        ),
        Mistake(
            "This looks like a mean that is weighted by the classes' sizes; every class counts the same here.",
            _by_frequency,
        ),
        Mistake(
            "This looks like a percentage; the task asks for a number in [0, 1].",
            lambda counts: 100 * _mean_iou(counts),
        ),
        Mistake(
            "This looks like classes that are nowhere counted as 0: what is neither there nor read has no share "
            "at all.",
            _absent_as(0.0),
        ),
        Mistake(
            "This looks like classes that are nowhere counted as right: what is neither there nor read has no share at "
            "all.",
            _absent_as(1.0),
        ),
        Mistake(
            "This looks like 0 divided by 0 for a class that is nowhere; leave it out of the mean.",
            _shares(lambda right, true, read: true + read - right, lambda true, read: np.full(len(true), True)),
        ),
        Mistake(
            "This looks like a class left out that is read though it is not there: its union is not empty, and its "
            "share is 0.",
            _shares(lambda right, true, read: true + read - right, lambda true, read: true > 0),
        ),
        Mistake(
            "This looks like a class left out that is there and never read: its union is not empty, and its share is "
            "0.",
            _shares(lambda right, true, read: true + read - right, lambda true, read: read > 0),
        ),
        Mistake(
            "This looks like only those classes counted that are both there and read; one of the two is enough for a "
            "share, which is then 0.",
            _shares(lambda right, true, read: true + read - right, lambda true, read: (true > 0) & (read > 0)),
        ),
    ),
)
check_mean_iou = mean_iou.check
