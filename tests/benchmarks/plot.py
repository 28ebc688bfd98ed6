"""The plot of the steps: how many times as fast as the baseline each recipe is, in each setting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

COLOURS = {"baseline": "#969696", "ours": "#08519c"}


def draw_ratios(works: list[dict[str, Any]], path: Path) -> None:
    """Bars, a group a recipe; without a baseline, steps a second. Writes a PNG."""
    rows = [(work, name) for work in works for name in work["seconds"]]
    figure = Figure(figsize=(8, 1.2 + 0.34 * len(rows)), layout="constrained")
    axes = figure.subplots()
    against = all(work["ratio"] for work in works)
    for position, (work, name) in enumerate(rows):
        value = work["ratio"][name] if against else 1 / work["seconds"][name]
        axes.barh(-position, value, color=COLOURS.get(name, "#6baed6"), height=0.75)
        milliseconds = f"{1e3 * work['seconds'][name]:,.1f} ms"
        axes.text(value, -position, f" {value:.2f} x   {milliseconds}" if against else f" {milliseconds}", va="center")
    axes.set_yticks([-position for position in range(len(rows))], [f"{work['name']}: {name}" for work, name in rows])
    axes.set_xlabel("times as fast as the baseline" if against else "steps a second")
    axes.margins(x=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    if against:
        axes.axvline(1, color="#404040", linewidth=0.8)
    figure.savefig(path, dpi=120, format="png", bbox_inches="tight")
