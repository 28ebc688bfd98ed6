"""Lesson 8's figures: the two cycles, draws that move, points on rings, walls in the plane of colours, a slider."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from itertools import pairwise

import ipywidgets as widgets
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from matplotlib.axes import Axes
from PIL import Image

from figures import arrow, box, on_a_page, show

MARKERS = ("o", "s", "^", "D", "v", "P")


def show_two_cycles(alt: str) -> None:
    """Above, from the answer to the code and back; below, from the code to the answer and back. Grey: who learns."""
    figure, axes = plt.subplots(layout="none")
    for y, title, names, judge, compared in (
        (4.15, "cVAE-GAN: answer, code, answer", ("b", "E", "z", "G", "fake b"), "D_vae", "L1"),
        (0.35, "cLR-GAN: code, answer, code", ("z", "G", "fake b", "E", "read z"), "D_lr", "latent L1"),
    ):
        axes.text(-0.45, y + 2.1, title, ha="left", va="center", fontsize=12.5, fontweight="bold")
        places = dict(zip(names, (0, 1.3, 2.65, 4.0, 5.35), strict=True))
        widths = {name: 1.0 if " " in name else 0.62 for name in names}
        for first, second in pairwise(names):
            arrow(axes, (places[first] + widths[first] / 2, y), (places[second] - widths[second] / 2 - 0.03, y))
        for name, x in places.items():
            learns = name == "G" or (name == "E" and judge == "D_vae")
            box(axes, x, y, name, widths[name], grey=0.72 if learns else 1.0)
        box(axes, places["G"], y + 1.25, "a", 0.62)
        arrow(axes, (places["G"], y + 0.9), (places["G"], y + 0.38))
        box(axes, places["fake b"], y + 1.25, judge, 0.92, grey=0.72)
        arrow(axes, (places["fake b"], y + 0.36), (places["fake b"], y + 0.88))
        if judge == "D_vae":
            box(axes, places["z"], y + 1.25, "ε", 0.62)
            arrow(axes, (places["z"], y + 0.9), (places["z"], y + 0.38))
            _compared(axes, y, places["z"], places["z"], "KL: like N(0, 1)")
        _compared(axes, y, places[names[0]], places[names[-1]], compared)
    axes.set(xlim=(-0.55, 5.95), ylim=(-1.15, 6.55))
    on_a_page(figure, axes, 0.66)
    show(figure, alt)


def _compared(axes: Axes, y: float, start: float, end: float, name: str) -> None:
    """A dashed line below the row from one box to another, with the name of the loss that compares them."""
    look = {"color": "#B34700", "linewidth": 2.0, "linestyle": (0, (4, 2)), "zorder": 1}
    low = y - 1.2 if start != end else y - 0.68
    axes.plot([start, start, end, end], [y - 0.36, low, low, y - 0.36], **look)
    plain = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
    axes.text((start + end) / 2, low, name, ha="center", va="center", fontsize=11, bbox=plain)


def show_draws(gaussians: Mapping[str, tuple[float, float]], eps: np.ndarray, alt: str) -> None:
    """A row for each Gaussian (mean, deviation): its bell, and the draws mean + deviation · eps, joined row to row."""
    figure, axes = plt.subplots(figsize=(6.0, 3.6))
    z = np.linspace(-3.4, 4.4, 300)
    drawn = [mean + deviation * eps for mean, deviation in gaussians.values()]
    for row, (name, (mean, deviation)) in enumerate(gaussians.items()):
        bell = np.exp(-(((z - mean) / deviation) ** 2) / 2) / deviation  # its height, 1 for a deviation of 1
        axes.fill_between(z, -row, -row + 0.32 * bell, color="#BBBBBB", linewidth=0)
        axes.axhline(-row, color="black", linewidth=0.8)
        axes.text(-3.5, -row + 0.12, name, ha="right", va="center")
    for number, path in enumerate(zip(*drawn, strict=True)):
        axes.plot(path, -np.arange(len(path)), ":", color="black", linewidth=1.2)
        axes.plot(path, -np.arange(len(path)), MARKERS[number], color=f"C{number}", markersize=8)
    axes.set(xlabel="z", yticks=[], xlim=(-3.4, 4.4))
    axes.spines["left"].set_visible(False)
    axes.grid(False)
    show(figure, alt)


def show_rings(
    panels: Mapping[str, tuple[np.ndarray, np.ndarray | None]], rings: Sequence[float], alt: str, columns: int = 3
) -> None:
    """Points (N, 2) by title, each as bright as its code (N,) is large; dashed circles where the real ones lie."""
    rows = -(-len(panels) // columns)
    figure, cells = plt.subplots(rows, columns, figsize=(2.5 * columns + 0.6, 2.65 * rows), squeeze=False)
    image = None
    for axes, (title, (points, codes)) in zip(cells.flat, panels.items(), strict=False):
        for ring in rings:
            axes.add_patch(plt.Circle((0, 0), ring, fill=False, linestyle="--", linewidth=0.9, edgecolor="#777777"))
        if codes is None:
            axes.scatter(*points.T, s=7, color="black")
        else:
            image = axes.scatter(*points.T, s=9, c=codes, vmin=-2, vmax=2, edgecolors="black", linewidths=0.15)
        axes.set(xlim=(-2.0, 2.0), ylim=(-2.0, 2.0), xticks=[], yticks=[], title=title, aspect="equal")
        axes.grid(False)
    for axes in cells.flat[len(panels) :]:
        axes.set_axis_off()
    if image is not None:
        figure.colorbar(image, ax=cells, label="code z", shrink=0.7)
    show(figure, alt)


def show_realism_against_diversity(named: Mapping[str, Sequence[tuple[float, float]]], alt: str) -> None:
    """(diversity, realism) of each network, a marker for each way to train; the last kind is the truth."""
    figure, axes = plt.subplots(figsize=(6.4, 3.6))
    for number, (name, values) in enumerate(named.items()):
        last = number == len(named) - 1
        look = {"marker": "*", "s": 190, "color": "black"} if last else {"marker": MARKERS[number], "s": 60}
        axes.scatter(*np.array(values).T, label=name, edgecolors="black", linewidths=0.6, **look)
    axes.set(
        xlabel="diversity, 1 for real answers", ylabel="realism: share near a ring", ylim=(0, 1.08), xlim=(-0.06, 1.4)
    )
    figure.legend(loc="outside right center")
    show(figure, alt)


def show_bars(values: Sequence[float], alt: str, *, x: str, y: str) -> None:
    """A bar for each number, counted from 1, with its value above."""
    figure, axes = plt.subplots(figsize=(6.0, 2.7))
    bars = axes.bar(np.arange(1, len(values) + 1), values, color="#888888", edgecolor="black")
    axes.bar_label(bars, fmt="%.1f")
    axes.set(xlabel=x, ylabel=y, xticks=range(1, len(values) + 1), ylim=(0, 1.15 * max(values)))
    axes.grid(axis="x", visible=False)
    show(figure, alt)


def show_walls(
    panels: Mapping[str, np.ndarray], real: np.ndarray, alt: str, path: Mapping[str, np.ndarray] | None = None
) -> None:
    """Wall colours (n, 3) in [0, 1] by title, in their own colours, over the real ones in grey.

    path   by title: colours (n, 3) of a walk, joined by a line with numbers at both ends
    """
    figure, cells = plt.subplots(1, len(panels), figsize=(2.75 * len(panels) + 0.4, 3.0), sharey=True, squeeze=False)
    for axes, (title, walls) in zip(cells[0], panels.items(), strict=True):
        axes.scatter(*_plane(real), s=14, marker="s", color="#CCCCCC", label="real")
        axes.scatter(*_plane(walls), s=26, color=np.clip(walls, 0, 1), edgecolors="black", linewidths=0.6, label="fake")
        for steps in (path or {}).get(title, ()):
            axes.plot(*_plane(steps), "-", color="black", linewidth=1.2)
        axes.set(title=title, xlabel="red less blue", xlim=(-0.8, 0.8), ylim=(0.2, 0.95))
    cells[0, 0].set_ylabel("brightness")
    show(figure, alt)


def _plane(colours: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, 3) -> red less blue and brightness, (n,) each."""
    return colours[:, 0] - colours[:, 2], colours @ np.array([0.299, 0.587, 0.114])


def show_transfers(panels: Mapping[str, tuple[np.ndarray, np.ndarray]], alt: str) -> None:
    """A panel for each property of a style: of the reference, and of the front painted in its style, (P,) each."""
    figure, cells = plt.subplots(1, len(panels), figsize=(2.6 * len(panels), 2.9))
    for axes, (title, (reference, result)) in zip(cells, panels.items(), strict=True):
        axes.scatter(reference, result, s=18, color="#444444")
        low, high = np.min([reference, result]), np.max([reference, result])
        axes.plot([low, high], [low, high], "--", color="#999999", linewidth=1.2)
        axes.set(title=title, xlabel="of the reference")
        axes.locator_params(nbins=4)
    cells[0].set_ylabel("of the painted front")
    show(figure, alt)


def show_slider(pictures: Sequence[np.ndarray], alt: str, side: int = 256) -> None:
    """A slider from the first to the last picture, (H, W, 3) uint8; it moves where the notebook runs."""

    def png(picture: np.ndarray) -> bytes:
        buffer = io.BytesIO()
        Image.fromarray(picture).resize((side, side), Image.Resampling.NEAREST).save(buffer, "PNG")
        return buffer.getvalue()

    frames = [png(picture) for picture in pictures]
    image = widgets.Image(value=frames[0], format="png", width=side, height=side)
    slider = widgets.IntSlider(0, 0, len(frames) - 1, description="step")
    slider.observe(lambda change: setattr(image, "value", frames[change["new"]]), names="value")
    # What is shown where there are no widgets, and compared when a lesson is run: the text, and no numbers of pixels.
    display(widgets.VBox([slider, image])._repr_mimebundle_() | {"text/plain": alt}, raw=True)
