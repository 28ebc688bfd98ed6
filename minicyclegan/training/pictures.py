"""The pictures of a run: sample grids to look at, loss curves to read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from minicyclegan.data.images import write_picture
from minicyclegan.data.sheets import grid


def smooth(values: np.ndarray, window: int) -> np.ndarray:
    """The mean of the last `window` values at each place, of fewer at the beginning. (T,) -> (T,)"""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    start = np.maximum(np.arange(1, len(values) + 1) - window, 0)
    return (sums[1:] - sums[start]) / (np.arange(1, len(values) + 1) - start)


def draw_losses(records: list[dict], path: Path) -> None:
    """A small plot for each loss term: every step in pale, the running mean on top."""
    terms = [key for key in records[-1] if key not in ("step", "epoch", "images_per_second", "lr")]
    steps = np.array([record["step"] for record in records])
    columns = min(4, len(terms))
    rows = -(-len(terms) // columns)
    figure = Figure(figsize=(3.4 * columns, 2.5 * rows), layout="constrained")
    for axes, term in zip(figure.subplots(rows, columns, squeeze=False).flat, terms, strict=False):
        values = np.array([record.get(term, np.nan) for record in records], dtype=float)
        axes.plot(steps, values, color="#9ecae1", linewidth=0.5)
        axes.plot(steps, smooth(values, max(1, len(values) // 40)), color="#08519c", linewidth=1.6)
        axes.set_title(term)
        axes.set_xlabel("step")
        axes.set_ylim(0 if np.nanmin(values) >= 0 else None, float(np.nanquantile(values, 0.995)) * 1.1 or None)
        axes.grid(alpha=0.3)
    for axes in figure.axes[len(terms) :]:
        axes.set_visible(False)
    part = path.with_name(path.name + ".part")
    figure.savefig(part, dpi=110, format="png")
    part.replace(path)


def save_grid(blocks: Mapping[str, Mapping[str, np.ndarray]], path: Path) -> None:
    """Writes `grid` of the blocks as a PNG. Raises PictureError if it can't."""
    write_picture(grid(blocks), path)
