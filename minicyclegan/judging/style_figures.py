"""Figures with bootstrap intervals, the true fronts' value and limits: means, ratios and correlations."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

RESAMPLES = 1000
Limits = tuple[float | None, float | None]
NO_LIMITS: Limits = (None, None)


@dataclass(frozen=True)
class StyleFigure:
    """A value with the interval that holds it in 95 % of bootstrap samples, and what it is held against.

    count   how many pictures it was measured on
    real    the true fronts' value in the same units; None where there is none
    limits  lowest and highest value allowed; None where there is no such limit
    """

    name: str
    value: float
    low: float
    high: float
    count: int
    real: float | None = None
    limits: Limits = NO_LIMITS

    @property
    def passes(self) -> bool:
        """Whether the value is within its limits; true where there are none, never for a value that is no number."""
        lowest, highest = self.limits
        if self.limits == NO_LIMITS:
            return True
        return bool((lowest is None or self.value >= lowest) and (highest is None or self.value <= highest))

    def __str__(self) -> str:
        real = "" if self.real is None else f"{self.real:.3f}"
        lowest, highest = ("" if limit is None else f"{limit:.2f}" for limit in self.limits)
        verdict = "" if self.limits == NO_LIMITS else f"{lowest:>4}..{highest:<4} {'ok' if self.passes else 'FAILS'}"
        interval = f"{self.low:.3f} to {self.high:.3f}"
        return f"{self.name:<58} {self.value:7.3f}  {interval:>16}  {real:>6}  {self.count:>5}  {verdict}".rstrip()

    def to_json(self) -> dict:
        """As a dictionary of JSON's own types: what is no number becomes None."""
        plain = {
            name: None if isinstance(value, float) and math.isnan(value) else value
            for name, value in vars(self).items()
        }
        return plain | {"limits": list(self.limits), "passes": self.passes}


def mean_figure(
    name: str, values: np.ndarray, count: int, real: float | None = None, limits: Limits = NO_LIMITS, seed: int = 0
) -> StyleFigure:
    """The mean of one value a layout, (L,)."""
    return ratio_figure(name, values, np.ones(len(values)), count, real, limits, seed)


def ratio_figure(
    name: str,
    values: np.ndarray,
    true: np.ndarray,
    count: int,
    real: float | None = 1.0,
    limits: Limits = NO_LIMITS,
    seed: int = 0,
) -> StyleFigure:
    """Ratio of means over layouts, (L,) each. Whole layouts are resampled (Efron 1979): their pictures are kin."""
    draws = np.random.default_rng(seed).integers(len(values), size=(RESAMPLES, len(values)))
    low, high = np.quantile(values[draws].mean(1) / true[draws].mean(1), [0.025, 0.975])
    return StyleFigure(name, float(values.mean() / true.mean()), float(low), float(high), count, real, limits)


def correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Pearson's over the last axis, (..., P) -> (...); 0 where one of them does not vary: nothing was transferred."""
    first, second = (values - values.mean(-1, keepdims=True) for values in (first, second))
    spread = np.sqrt((first**2).sum(-1) * (second**2).sum(-1))
    return np.where(spread > 1e-12, (first * second).sum(-1) / np.maximum(spread, 1e-12), 0.0)


def correlation_figure(
    name: str,
    reference: np.ndarray,
    result: np.ndarray,
    truth: np.ndarray,
    limits: Limits = NO_LIMITS,
    seed: int = 0,
) -> StyleFigure:
    """Correlation of a measurement between references and results, (P,) or (P, c) each; `truth`: of perfect transfers.

    Pairs in which it can't be measured (no roof, no sky) are left out and not counted. Values of one pair are resampled
    together.
    """
    known = np.isfinite(np.stack([reference, result, truth])).reshape(3, len(reference), -1).all((0, 2))  # (P,)
    count = int(known.sum())
    if count < 3:
        return StyleFigure(name, math.nan, math.nan, math.nan, count, None, limits)
    reference, result, truth = reference[known], result[known], truth[known]
    draws = np.random.default_rng(seed).integers(count, size=(RESAMPLES, count))
    resampled = correlation(reference[draws].reshape(RESAMPLES, -1), result[draws].reshape(RESAMPLES, -1))
    low, high = np.quantile(resampled, [0.025, 0.975])
    value = float(correlation(reference.ravel(), result.ravel()))
    real = float(correlation(reference.ravel(), truth.ravel()))
    return StyleFigure(name, value, float(low), float(high), count, real, limits)
