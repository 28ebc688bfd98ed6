"""What lesson 1 draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from figures import arrow, box, frame, on_a_page, show


def plot_decision(
    axes: Axes, score: Callable[[np.ndarray], np.ndarray], points: np.ndarray, arms: np.ndarray, title: str
) -> None:
    """Colours the plane by the network's score, and draws the line where it is undecided."""
    side = np.linspace(-2.4, 2.4, 100)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)  # (10000, 2)
    scores = score(grid).reshape(100, 100)
    colours = LinearSegmentedColormap.from_list("arms", ["#0072B2", "#FFFFFF", "#D55E00"])
    axes.contourf(side, side, np.tanh(scores / 2), np.linspace(-1, 1, 13), cmap=colours, alpha=0.55)
    axes.contour(side, side, scores, [0.0], colors="black", linewidths=1.5)
    for arm, marker, colour in ((-1, "o", "#0072B2"), (1, "^", "#D55E00")):
        axes.plot(*points[arms[:, 0] == arm].T, marker, color=colour, markersize=4, label=f"arm {arm:+d}")
    axes.set(title=title, xlabel="x", ylabel="y", aspect="equal")
    axes.grid(False)


def show_decisions(
    scores: Mapping[str, Callable[[np.ndarray], np.ndarray]], points: np.ndarray, arms: np.ndarray, alt: str
) -> None:
    """A panel for each network, given by its title and by the function that scores points (M, 2)."""
    figure, all_axes = plt.subplots(1, len(scores), figsize=(8.4, 4.0))
    for axes, (title, score) in zip(all_axes, scores.items(), strict=True):
        plot_decision(axes, score, points, arms, title)
    all_axes[0].legend(loc="upper left", frameon=True)
    show(figure, alt)


def decision_frame(
    score: Callable[[np.ndarray], np.ndarray],
    points: np.ndarray,
    arms: np.ndarray,
    step: int,
    losses: Sequence[float],
) -> np.ndarray:
    """One picture of the animation: what the network decides after so many steps, and how far its loss has fallen."""
    figure, (plane, curve) = plt.subplots(1, 2, figsize=(7.6, 3.7))
    plot_decision(plane, score, points, arms, f"step {step}")
    curve.loglog(np.arange(1, len(losses) + 1), losses, color="#999999", linewidth=1.5)
    curve.plot(step + 1, losses[step], "o", color="black", markersize=9)
    curve.set(xlabel="step + 1", ylabel="loss", title="loss", ylim=(0.01, 1.0))
    return frame(figure)


def show_expression(
    nodes: Mapping[str, tuple[float, int]],
    edges: Sequence[tuple[str, str, str]],
    values: Mapping[str, tuple[float, float]],
    alt: str,
) -> None:
    """A graph that is computed from top to bottom.

    nodes    what stands in a node, such as "m = w x", and its place: from the left, and which row
    edges    from which name to which, and by what the way back multiplies
    values   of each name: the value, and the gradient
    """
    places = {text.split()[0]: (2.15 * x, -1.45 * row, text) for text, (x, row) in nodes.items()}
    figure, axes = plt.subplots(layout="none")
    for start, end, factor in edges:
        (x0, y0, _), (x1, y1, _) = places[start], places[end]
        side = np.sign(x0 - x1)  # where the arrow comes from
        arrow(axes, (x0, y0 - 0.42), (x1 + 0.35 * side, y1 + 0.42))
        middle = (x0 + x1) / 2 + 0.2 * side + (0.15 if side >= 0 else -0.15)
        axes.text(middle, (y0 + y1) / 2, factor, ha="right" if side < 0 else "left", va="center", fontsize=10)
    for name, (x, y, text) in places.items():
        value, gradient = values[name]
        numbers = f"{value:g}   [{gradient:g}]".replace("-", "−")
        box(axes, x, y, f"{text}\n{numbers}", 1.7, 0.84, grey=0.93 if "=" in text else 1.0)
    right = max(x for x, _, _ in places.values())
    axes.set(xlim=(-1.2, right + 0.95), ylim=(min(y for _, y, _ in places.values()) - 0.5, 0.5))
    on_a_page(figure, axes, 0.68)
    show(figure, alt)


def show_two_sweeps(alt: str) -> None:
    """c above b above a, two edges between each: once b sends whenever a part arrives, once it waits."""
    figure, both = plt.subplots(1, 2, figsize=(6.4, 4.0))
    stories = (
        ("b sends as parts arrive", (("1", "1"), ("1, then 2", "1, then 2")), ("1+1+2+2 = 6", "1, then 2", "1")),
        ("b waits until all has arrived", (("1", "1"), ("2", "2")), ("2+2 = 4", "1+1 = 2", "1")),
    )
    for axes, (title, on_edges, gradients) in zip(both, stories, strict=True):
        for (upper, lower), texts in zip(((2, 1), (1, 0)), on_edges, strict=True):
            for bend, text, side in ((0.35, texts[0], -0.24), (-0.35, texts[1], 0.24)):
                look = {"connectionstyle": f"arc3,rad={bend}", "shrinkA": 17, "shrinkB": 17}
                arrow(axes, (0, upper), (0, lower), **look)
                axes.text(side, (upper + lower) / 2, text, ha="right" if side < 0 else "left", va="center")
        for height, (name, gradient) in enumerate(zip("abc", gradients, strict=True)):
            axes.plot(0, height, "o", markersize=30, markerfacecolor="white", markeredgecolor="black")
            axes.text(0, height, name, ha="center", va="center", fontsize=13)
            axes.text(0.5, height, gradient, va="center")
        axes.set(title=title, xlim=(-1.1, 1.6), ylim=(-0.35, 2.35))
        axes.set_axis_off()
    show(figure, alt)
