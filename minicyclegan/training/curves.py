"""The loss curves of a run: kept small, drawn thinned, so that a long run costs no more than a short one."""

from __future__ import annotations

import gc
import math
from array import array
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from minicyclegan.files import whole_file

NO_LOSSES = ("epoch", "images_per_second", "lr", "validation", "alarms", "seconds")
POINTS = 1000  # of a curve, at most: each stands for a stretch of steps


class Curves:
    """The losses of every step so far, 8 bytes each. `records` are those of a log."""

    def __init__(self, records: Iterable[dict[str, Any]] = ()):
        self.names: list[str] = []
        self.rows = array("d")  # of each step: its number, then its losses
        for record in records:
            self.add(record)

    def add(self, record: dict[str, Any]) -> None:
        """Takes up one step, as it stands in the log; null, or a term that is missing, leaves a gap."""
        self.names = self.names or [key for key in record if key not in NO_LOSSES]
        values = (record.get(name) for name in self.names)
        self.rows.extend(math.nan if value is None else value for value in values)

    def latest(self, steps: int) -> dict[str, np.ndarray]:
        """The last so many values of each term, (steps at most,)."""
        rows = np.array(self.rows[-steps * len(self.names) :]).reshape(-1, len(self.names) or 1)
        return {name: rows[:, column] for column, name in enumerate(self.names)}

    def thinned(self) -> dict[str, np.ndarray]:
        """Of the step and each term: mean, least and greatest value of each stretch of steps, (3, T at most POINTS)."""
        rows = np.array(self.rows).reshape(-1, len(self.names))
        starts = np.arange(0, len(rows), -(-len(rows) // POINTS))
        lengths = np.diff(starts, append=len(rows))[:, None]
        mean = np.add.reduceat(rows, starts) / lengths  # (T, names), as are the others
        thinned = np.stack([mean, np.fmin.reduceat(rows, starts), np.fmax.reduceat(rows, starts)])
        return {name: thinned[:, :, column] for column, name in enumerate(self.names)}


def draw_losses(curves: dict[str, np.ndarray], path: Path) -> None:
    """A small plot of each loss term of `Curves.thinned`: every step in pale, the running mean on top.

    Raises WriteError, with the path.
    """
    (_, (_, _, steps)), *terms = curves.items()
    columns = min(4, len(terms))
    rows = -(-len(terms) // columns)
    figure = Figure(figsize=(3.4 * columns, 2.5 * rows), layout="constrained")
    plots = figure.subplots(rows, columns, squeeze=False).flat
    for axes, (term, (mean, low, high)) in zip(plots, terms, strict=False):
        axes.plot(np.repeat(steps, 2), np.stack([low, high], axis=1).ravel(), color="#9ecae1", linewidth=0.5)
        running = smooth(mean, max(1, len(mean) // 40))
        axes.plot(steps, running, color="#08519c", linewidth=1.6)
        axes.set_title(term)
        axes.set_xlabel("step")
        axes.set_ylim(*limits(low, high, running))
        axes.grid(alpha=0.3)
    for axes in figure.axes[len(terms) :]:
        axes.set_visible(False)
    with whole_file(path) as file:
        figure.savefig(file, dpi=110, format="png")
    gc.collect()  # the parts of a figure hold each other: of a run's many, Python would keep dozens before it looks


def limits(low: np.ndarray, high: np.ndarray, mean: np.ndarray) -> tuple[float, float]:
    """Where the axis of a running mean and of values from `low` to `high`, (T,) each, begins and ends.

    At 0 where no value is negative. All of the mean is shown, and all values except those that lie further from the
    usual 99 % than these are apart.
    """
    values = np.concatenate([low, high])
    values = values[np.isfinite(values)] if np.isfinite(values).any() else np.zeros(1)
    usual = np.quantile(values, [0.005, 0.995])
    ends = np.clip([values.min(), values.max()], usual[0] - np.ptp(usual), usual[1] + np.ptp(usual))
    bottom, top = np.nanmin([*ends, *mean]), np.nanmax([*ends, *mean])
    if values.min() >= 0:
        return 0.0, 1.05 * top or 1.0
    margin = 0.05 * (top - bottom) or 1.0
    return bottom - margin, top + margin


def smooth(values: np.ndarray, window: int) -> np.ndarray:
    """The mean of the last `window` values at each place, of fewer at the beginning. (T,) -> (T,)"""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    start = np.maximum(np.arange(1, len(values) + 1) - window, 0)
    return (sums[1:] - sums[start]) / (np.arange(1, len(values) + 1) - start)
