"""What lesson 7 draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np

from figures import DASHES, STYLES, arrow, box, on_a_page, show

MARKERS = ("o", "s", "^")  # of three seeds, or three games


def show_two_paths(alt: str) -> None:
    """What is new in this lesson: above, the identity loss; below, the image pool between G and D."""
    figure, axes = plt.subplots(layout="none")
    compared = {"linestyle": (0, (4, 2)), "linewidth": 2.4, "color": "#D55E00", "arrowstyle": "<|-|>"}
    axes.text(-0.55, 4.1, "identity loss: right already, so leave it", ha="left", va="center", fontsize=12)
    for x, text, width in ((0.3, "real winter", 1.7), (2.45, "G", 0.7), (4.7, "same winter?", 1.9)):
        box(axes, x, 3.35, text, width, grey=0.75 if text == "G" else 1.0)
    arrow(axes, (1.15, 3.35), (2.1, 3.35))
    arrow(axes, (2.8, 3.35), (3.75, 3.35))
    arrow(axes, (0.3, 2.98), (4.7, 2.98), connectionstyle="arc3,rad=0.14", **compared)
    axes.text(2.45, 2.4, "L1", ha="center", va="center", fontsize=11, color="#A84300")

    axes.text(-0.55, 1.75, "image pool: D's memory", ha="left", va="center", fontsize=12)
    for x, y, text, width in (
        (0.3, 1.0, "real summer", 1.7),
        (2.45, 1.0, "G", 0.7),
        (4.7, 1.0, "fake winter", 1.9),
        (4.7, -0.6, "pool of 50", 1.9),
        (2.45, -0.6, "D", 0.7),
    ):
        box(axes, x, y, text, width, grey=0.75 if text == "D" else 1.0)
    arrow(axes, (1.15, 1.0), (2.1, 1.0))
    arrow(axes, (2.8, 1.0), (3.75, 1.0))
    arrow(axes, (4.0, 0.65), (2.72, -0.25))
    axes.text(3.1, 0.35, "new, ½", ha="right", va="center", fontsize=11)
    arrow(axes, (4.7, 0.65), (4.7, -0.25))
    axes.text(4.8, 0.2, "takes its place", ha="left", va="center", fontsize=11)
    arrow(axes, (3.75, -0.6), (2.8, -0.6))
    axes.text(3.28, -0.7, "old, ½", ha="center", va="top", fontsize=11)
    arrow(axes, (2.1, -0.6), (1.35, -0.6))
    axes.text(1.25, -0.6, "logits", ha="right", va="center", fontsize=11)
    axes.set(xlim=(-0.6, 6.2), ylim=(-1.1, 4.4))
    on_a_page(figure, axes, 0.66)
    show(figure, alt)


def show_seeds(measures: Mapping[str, Mapping[str, Sequence[float]]], alt: str, from_zero: bool = True) -> None:
    """A panel for each measure, a line for each setting, and on it a mark for each seed."""
    rows = max(map(len, measures.values()))
    figure, cells = plt.subplots(1, len(measures), figsize=(9.0, 0.9 + 0.42 * rows), sharey=True, squeeze=False)
    for axes, (title, settings) in zip(cells[0], measures.items(), strict=True):
        for row, values in enumerate(settings.values()):
            axes.plot([min(values), max(values)], [row, row], color="0.6", linewidth=2, zorder=1)
            for value, marker in zip(values, MARKERS, strict=False):
                axes.plot(value, row, marker, color="black", markerfacecolor="C0", markersize=8)
        axes.set(title=title, yticks=range(len(settings)), ylim=(len(settings) - 0.5, -0.5))
        axes.set_yticklabels(settings)
        if from_zero:
            axes.set_xlim(0, 1.15 * max(max(values) for values in settings.values()))
    show(figure, alt)


def show_rates(rates: Mapping[str, Sequence[float]], alt: str) -> None:
    """The rate of each epoch, the first epoch being 1."""
    figure, axes = plt.subplots(figsize=(6.6, 3.0))
    for (name, of_epochs), style in zip(rates.items(), STYLES, strict=False):
        epochs = range(1, len(of_epochs) + 1)
        axes.plot(epochs, of_epochs, style, markersize=5, label=name)
    axes.set(xlabel="epoch", ylabel="share of the full rate", xticks=[1, *epochs[4::5]])
    axes.legend()
    show(figure, alt)


def show_circling(paths: Mapping[str, np.ndarray], alt: str) -> None:
    """Paths (steps, 2) of a game's two numbers; a mark at the end of each, a cross at the fixed point."""
    figure, axes = plt.subplots(figsize=(4.6, 4.0))
    for (name, path), dash in zip(paths.items(), DASHES, strict=False):
        (line,) = axes.plot(*path.T, dash, label=name, linewidth=1.6)
        axes.plot(*path[-1], "o", color=line.get_color(), markersize=8)
    axes.plot(0, 0, "x", color="black", markersize=11, markeredgewidth=2.5)
    axes.set(xlabel="G's number θ", ylabel="D's number ψ", aspect="equal")
    axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1))
    show(figure, alt)


def show_endings(games: Mapping[str, Sequence[np.ndarray]], centres: np.ndarray, alt: str) -> None:
    """A row for each kind of game: its points (N, 2) at the moments, by lines of columns; rings for the modes."""
    columns = max(map(len, games.values()))
    figure, cells = plt.subplots(
        len(games), columns, figsize=(1.55 * columns + 0.9, 1.6 * len(games)), sharex=True, sharey=True, squeeze=False
    )
    for line, (name, moments) in zip(cells, games.items(), strict=True):
        for axes, points in zip(line, moments, strict=True):
            axes.scatter(*centres.T, s=60, facecolors="none", edgecolors="black")
            axes.scatter(*points.T, s=4, color="C1")
            axes.set(xlim=(-3, 3), ylim=(-3, 3), xticks=[], yticks=[], aspect="equal")
        line[0].set_ylabel(name, fontsize=11)
    show(figure, alt)


def show_spectra(spectra: Mapping[str, np.ndarray], marked: Mapping[int, str], alt: str) -> None:
    """Power by the number of waves, from 8 on; `marked` ones get a line and a name."""
    figure, axes = plt.subplots(figsize=(7.4, 3.5))
    for (name, power), dash in zip(spectra.items(), DASHES, strict=False):
        axes.semilogy(range(8, len(power)), power[8:], dash, label=name, linewidth=1.8)
    for frequency, name in marked.items():
        axes.axvline(frequency, color="0.55", linewidth=1, zorder=0)
        axes.text(frequency, 1.02, name, ha="center", va="bottom", fontsize=10, transform=axes.get_xaxis_transform())
    axes.set(xlabel="waves across the picture", ylabel="power")
    axes.legend(loc="lower left")
    show(figure, alt)
