"""What lesson 4 draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from figures import DASHES, arrow, box, frame, on_a_page, show

RING = ("o", "s", "^")  # the markers of three games


def show_two_steps(alt: str) -> None:
    """A GAN's loop: above, the step in which D learns; below, the one in which G does."""
    figure, axes = plt.subplots(layout="none")
    back = {"linestyle": (0, (4, 2)), "linewidth": 2.4, "color": "#D55E00"}
    for learner, y, title in (("D", 2.75, 4.3), ("G", 0.7, 1.4)):
        axes.text(-0.26, title, f"{learner}'s step: {learner} learns", ha="left", va="center", fontsize=12)
        for start, end in ((0.5, 1.05), (1.75, 3.15), (3.85, 4.75)):
            arrow(axes, (start, y), (end, y))
        for x, name, width in ((0.12, "noise", 0.76), (1.4, "G", 0.7), (3.5, "D", 0.7), (5.1, "loss", 0.7)):
            box(axes, x, y, name, width, grey=0.75 if name == learner else 1.0)
        axes.text(2.15, y + 0.1, "fake", ha="center", va="bottom", fontsize=11)
        axes.text(4.3, y + 0.1, "logit", ha="center", va="bottom", fontsize=11)
        axes.text(4.35, y - 0.8, "gradient", ha="center", va="top", fontsize=11, color="#A84300")
        arrow(axes, (5.1, y - 0.37), (3.62, y - 0.37), connectionstyle="arc3,rad=-0.35", **back)
        if learner == "D":
            box(axes, 2.15, y + 0.95, "real", 0.76)
            arrow(axes, (2.53, y + 0.95), (3.4, y + 0.36))
            axes.plot([2.72, 2.72], [y - 0.4, y + 0.35], color="#D55E00", linewidth=3.5)
            axes.text(2.72, y - 0.45, "detach", ha="center", va="top", fontsize=11)
        else:
            arrow(axes, (3.38, y - 0.37), (1.45, y - 0.37), connectionstyle="arc3,rad=-0.3", **back)
    axes.set(xlim=(-0.3, 5.5), ylim=(-0.4, 4.55))
    on_a_page(figure, axes, 0.66)
    show(figure, alt)


def show_points(named: Mapping[str, np.ndarray], alt: str) -> None:
    """Points (N, 2) in the plane, each kind with its name and its marker."""
    figure, axes = plt.subplots(figsize=(4.2, 3.6))
    for (name, points), marker in zip(named.items(), ("s", "o"), strict=False):
        axes.scatter(*points.T, s=14, marker=marker, alpha=0.8, label=name)
    axes.set(xlabel="x₁", ylabel="x₂", aspect="equal")
    axes.legend(loc="center")
    show(figure, alt)


def show_best_answer(
    x: np.ndarray, densities: Mapping[str, np.ndarray], answers: Mapping[str, np.ndarray], alt: str
) -> None:
    """Two densities over x, and the answers of D there: the first as a line, the second as dots, the third dashed."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.0, 3.2))
    for (name, density), dash in zip(densities.items(), DASHES, strict=False):
        left.plot(x, density, dash, label=name)
    for (name, answer), look in zip(answers.items(), ("-", "o", "--"), strict=True):
        every = 8 if look == "o" else 1
        right.plot(x[::every], answer[::every], look, color={"-": "black", "o": "C0", "--": "C1"}[look], label=name)
    left.set(xlabel="x", ylabel="density")
    right.set(xlabel="x", ylabel="σ(D(x))", ylim=(-0.05, 1.4), yticks=[0, 0.5, 1])
    left.legend(loc="upper left")
    right.legend(loc="upper left")
    show(figure, alt)


def show_slopes(curves: Mapping[str, np.ndarray], logits: np.ndarray, alt: str) -> None:
    """How strongly each loss pulls on a logit, over the logits (N,)."""
    figure, axes = plt.subplots(figsize=(6.4, 3.2))
    for (name, slope), dash in zip(curves.items(), DASHES, strict=False):
        axes.plot(logits, slope, dash, label=name)
    axes.set(xlabel="D's logit for a fake point", ylabel="pull on the logit", ylim=(-1.5, 4))
    axes.legend(loc="upper right")
    show(figure, alt)


def plot_field(axes: Axes, logits: np.ndarray, fake: np.ndarray, centres: np.ndarray, title: str) -> None:
    """D's logits over the square from -3 to 3 (S, S) as colours, bright for real; fake points, and rings for modes."""
    side = np.linspace(-3, 3, len(logits))
    axes.contourf(side, side, logits, levels=12)
    for width, colour in ((3.0, "black"), (1.2, "white")):
        axes.scatter(*centres.T, s=70, facecolors="none", edgecolors=colour, linewidths=width)
    axes.scatter(*fake.T, s=5, color="C1")
    axes.set(xlim=(-3, 3), ylim=(-3, 3), xticks=[-2, 0, 2], yticks=[-2, 0, 2], xlabel="x₁", ylabel="x₂", title=title)
    axes.set_aspect("equal")
    axes.grid(False)
    axes.label_outer()


def show_fields(
    fields: Mapping[str, tuple[np.ndarray, np.ndarray]],
    centres: np.ndarray,
    alt: str,
    pulls: Mapping[str, np.ndarray] | None = None,
) -> None:
    """Four panels: D's logits (S, S) and fake points (N, 2) by title, and an arrow of one length along each pull."""
    figure, cells = plt.subplots(2, 2, figsize=(6.6, 6.4), sharex=True, sharey=True)
    for axes, (title, (logits, fake)) in zip(cells.flat, fields.items(), strict=True):
        plot_field(axes, logits, fake, centres, title)
        if pulls:
            arrows = pulls[title] / np.linalg.norm(pulls[title], axis=1, keepdims=True)  # (n, 2)
            look = {"width": 0.012, "color": "white", "edgecolor": "black", "linewidth": 0.6, "zorder": 3}
            axes.quiver(*fake[: len(arrows)].T, *arrows.T, angles="xy", scale_units="xy", scale=1.1, **look)
    show(figure, alt)


def field_frame(panels: Mapping[str, tuple[np.ndarray, np.ndarray]], centres: np.ndarray, step: int) -> np.ndarray:
    """One picture of an animation of games side by side."""
    figure, cells = plt.subplots(1, len(panels), figsize=(2.7 * len(panels), 3.0), sharey=True, dpi=64)
    for axes, (title, (logits, fake)) in zip(cells, panels.items(), strict=True):
        plot_field(axes, logits, fake, centres, title)
    figure.suptitle(f"step {step}", x=0.08, ha="left", fontsize=10)
    return frame(figure)


def show_progress(
    games: Mapping[str, tuple[Sequence[float], Sequence[int], Sequence[float]]], fixed_point: float, alt: str
) -> None:
    """Of each game what D paid at each step, mean of 30; and at which steps how many modes were covered."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.4, 3.2))
    for (name, (paid, steps, modes)), dash in zip(games.items(), DASHES, strict=False):
        left.plot(np.arange(15, len(paid) - 14), np.convolve(paid, np.ones(30) / 30, mode="valid"), dash, label=name)
        right.plot(steps, modes, dash)
    left.axhline(fixed_point, color="black", linewidth=1, linestyle=":", label="fixed point")
    left.set(xlabel="step", ylabel="what D pays")
    right.set(xlabel="step", ylabel="modes covered (mean)", ylim=(0, 8.3), yticks=[0, 2, 4, 6, 8])
    figure.legend(loc="outside right center")
    show(figure, alt)


def show_games(games: Mapping[str, tuple[np.ndarray, Sequence[int]]], centres: np.ndarray, alt: str) -> None:
    """A column for each way to play, a row for each game: its points (games, N, 2), and how many modes they cover."""
    rows = len(next(iter(games.values()))[0])
    figure, cells = plt.subplots(rows, len(games), figsize=(1.75 * len(games), 1.8 * rows), sharex=True, sharey=True)
    for column, (name, (points, covered)) in zip(cells.T, games.items(), strict=True):
        for number, axes in enumerate(column):
            axes.scatter(*centres.T, s=90, facecolors="none", edgecolors="black")
            axes.scatter(*points[number].T, s=5, marker=RING[number], color=f"C{number}")
            axes.text(0, 0, f"{covered[number]} of 8", ha="center", va="center", fontsize=10)
            axes.set(xlim=(-3, 3), ylim=(-3, 3), xticks=[], yticks=[], aspect="equal")
        column[0].set_title(name, fontsize=10)
    for number, axes in enumerate(cells[:, 0], start=1):
        axes.set_ylabel(f"game {number}")
    show(figure, alt)
