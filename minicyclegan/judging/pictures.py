"""A picture of what a judge takes for what."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure


def draw_confusion(counts: np.ndarray, names: Sequence[str], path: Path) -> None:
    """Writes a table of (classes, classes) counts as a PNG: a row for each true class, its shares in per cent."""
    shares = 100 * counts / np.maximum(counts.sum(1, keepdims=True), 1)  # (classes, classes)
    side = 1.6 + 0.62 * len(names)
    figure = Figure(figsize=(side + 0.8, side), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=100)
    for (row, column), share in np.ndenumerate(shares):
        if share >= 0.05:
            axes.text(column, row, f"{share:.1f}", ha="center", va="center", color="white" if share > 60 else "black")
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("taken for")
    axes.set_ylabel("truth")
    axes.set_title("share of each true class, in per cent")
    figure.savefig(path, dpi=110, format="png")
