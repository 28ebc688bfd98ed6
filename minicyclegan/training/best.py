"""Which step of a run was its best: a lucky moment doesn't count."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median


def best_step(scores: Sequence[tuple[int, float]]) -> int | None:
    """The step whose running median, of itself and its two neighbours, is least; None where there are no scores.

    scores   (step, score) pairs in order; lower is better
    """
    medians = [
        (median(score for _, score in scores[max(0, k - 1) : k + 2]), step) for k, (step, _) in enumerate(scores)
    ]
    return min(medians)[1] if medians else None
