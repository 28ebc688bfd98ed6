"""A figure of the table: its value, how sure of it one can be, and what real pictures have."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
from torch import Tensor

from minicyclegan.networks import Direction

RESAMPLES = 1000
Limits = tuple[float | None, float | None]
Values = Sequence[float] | np.ndarray | Tensor

WIDTH = 66  # of the longest name
HEADING = f"{'':6}{'figure':<{WIDTH}} {'value':>8}  {'95 % interval':>18} {'real':>8}  count"


@dataclass(frozen=True)
class Figure:
    """A value measured on `count` pictures with its interval of 95 %.

    real     the same of real pictures, the mark to reach, where it says more than 0 or 1; None where there is none
    limits   lowest and highest value that counts as good, either may be None; None where nothing is demanded
    """

    name: str
    value: float
    low: float
    high: float
    count: int
    real: float | None = None
    limits: Limits | None = None
    direction: Direction = "AtoB"

    @property
    def passes(self) -> bool | None:
        """Whether the value lies within the limits; None where there are none. What is no number lies nowhere."""
        if self.limits is None:
            return None
        low, high = self.limits
        return (low is None or self.value >= low) and (high is None or self.value <= high)

    def __str__(self) -> str:
        interval = f"{_short(self.low)} to {_short(self.high)}"
        real = "" if self.real is None else _short(self.real)
        line = (
            f"{self.direction}  {self.name:<{WIDTH}} {_short(self.value):>8}  {interval:>18} {real:>8}  {self.count:>5}"
        )
        if self.limits is not None:
            low, high = ("" if limit is None else _short(limit) for limit in self.limits)
            line += f"  {'ok' if self.passes else 'FAILS'} ({low} .. {high})"
        return line

    def to_json(self) -> dict:
        """Of JSON's own types: what is no finite number becomes None."""
        fields = {"direction": self.direction} | asdict(self) | {"passes": self.passes}
        return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in fields.items()}


def _short(value: float) -> str:
    """Three decimals, or as many as show three digits."""
    return f"{value:.3f}" if abs(value) >= 0.1 or value == 0 else f"{value:.3g}"


def as_array(values: Values) -> np.ndarray:
    """float64, in the processor's own memory."""
    return np.asarray(values.cpu() if isinstance(values, Tensor) else values, dtype=float)


def figure(name: str, values: Values, per: Values | None = None, each: int = 1, **more) -> Figure:
    """Mean of one value a picture, and its interval; pictures without one (NaN) are not counted.

    per    as many values: the figure is the ratio of the means
    each   how many pictures a value is of, if they are kin: then they are resampled together
    more   real, limits

    Raises ValueError where no picture has a value.
    """
    values = as_array(values)
    per = np.ones(len(values)) if per is None else as_array(per)
    values, per = values[~np.isnan(values)], per[~np.isnan(values)]
    found = resampled(name, lambda draws: values[draws].mean(1) / per[draws].mean(1), len(values), **more)
    return replace(found, count=each * len(values))


def resampled(name: str, statistic: Callable[[np.ndarray], np.ndarray], count: int, **more) -> Figure:
    """A statistic of `count` pictures and its bootstrap interval, 1,000 resamples (Efron 1979).

    statistic   of the drawn pictures' indices (R, count), in which some come more than once -> (R,)
    """
    if count < 1:
        raise ValueError(f"{name}: there is no picture to measure it on")
    draws = np.random.default_rng(0).integers(count, size=(RESAMPLES, count))
    low, high = np.quantile(statistic(draws), [0.025, 0.975])
    return Figure(name, float(statistic(np.arange(count)[None])[0]), float(low), float(high), count, **more)


def around(name: str, value: float, deviation: float, count: int, **more) -> Figure:
    """A value whose error has a known deviation: the interval is 1.96 of it to either side."""
    return Figure(name, value, value - 1.96 * deviation, value + 1.96 * deviation, count, **more)
