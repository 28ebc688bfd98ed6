"""Is a difference more than luck? Figures of a few seeds, their spread, and what lies beyond it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

DEVIATIONS = 3.0  # with three seeds a row and five rows, about Tukey's honest significant difference at 5 %


def mean_and_spread(values: Sequence[float]) -> tuple[float, float]:
    """The mean over seeds and the deviation of one seed from it (n - 1); NaN for a single seed."""
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else math.nan


@dataclass(frozen=True)
class Gap:
    """From one row's figures to another's.

    size     how much higher the second mean is
    spread   the two rows' deviations, pooled: the square root of their mean square
    apart    whether every seed of the one lies on the same side of every seed of the other
    """

    size: float
    spread: float
    apart: bool

    @property
    def beyond_spread(self) -> bool:
        """Whether the rows are apart, by at least 3 of their deviations. One seed never says so."""
        return self.apart and abs(self.size) >= DEVIATIONS * self.spread

    def __str__(self) -> str:
        """In deviations, where there are any."""
        return f"{abs(self.size) / self.spread:.1f} deviations" if self.spread > 0 else f"{abs(self.size):.3f}"


def gap(first: Sequence[float], second: Sequence[float]) -> Gap:
    (mean_1, spread_1), (mean_2, spread_2) = mean_and_spread(first), mean_and_spread(second)
    apart = max(first) < min(second) or max(second) < min(first)
    return Gap(mean_2 - mean_1, math.sqrt((spread_1**2 + spread_2**2) / 2), apart)


def pairs_apart(rows: Sequence[Sequence[float]]) -> int:
    """How many pairs of rows lie beyond the spread of their seeds."""
    return sum(gap(first, second).beyond_spread for first, second in itertools.combinations(rows, 2))


def agreement(ours: Mapping[str, Sequence[float]], paper: Mapping[str, float]) -> tuple[int, int, int]:
    """Of all pairs of rows that differ in the paper's column: in how many ours go the paper's way, the other way, and
    neither beyond the spread of the seeds. `ours` and `paper` are by row.
    """
    counts = {True: 0, False: 0, None: 0}
    for first, second in itertools.combinations([row for row in paper if row in ours], 2):
        if paper[first] == paper[second]:
            continue
        difference = gap(ours[first], ours[second])
        upwards = paper[second] > paper[first]
        counts[(difference.size > 0) == upwards if difference.beyond_spread else None] += 1
    return counts[True], counts[False], counts[None]
