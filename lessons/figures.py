"""Showing figures, pictures and animations in the notebooks, each with a text for those who can't see them."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import HTML, display
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from PIL import Image

STYLE = Path(__file__).with_name("lessons.mplstyle")
plt.style.use(STYLE)
plt.ioff()  # figures appear where `show` says so, once


def show(figure: Figure, alt: str) -> None:
    """Displays a figure, and closes it. `alt` says what is to be seen."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    plt.close(figure)
    _display(buffer.getvalue(), alt)


def show_pictures(
    rows: Mapping[str, Sequence[np.ndarray]], alt: str, side: float = 1.1, columns: Sequence[str] = ()
) -> None:
    """Rows of pictures, each row with its name; `side` is a picture's height in inches, `columns` are headings.

    A picture is (H, W), (H, W, 1) or (H, W, 3); uint8, or float in [-1, 1] as the networks have it. Pixels stay square.
    """
    across = max(len(pictures) for pictures in rows.values())
    figure, axes = plt.subplots(
        len(rows), across, figsize=(side * across + 1.6, side * len(rows)), squeeze=False, layout="constrained"
    )
    for cell, heading in zip(axes[0], columns, strict=False):
        cell.set_title(heading, fontsize=11)
    for line, (name, pictures) in zip(axes, rows.items(), strict=True):
        for cell in line:
            cell.set_axis_off()
        for cell, picture in zip(line, pictures, strict=False):
            cell.imshow(_eight_bits(picture), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        line[0].text(-0.08, 0.5, name, transform=line[0].transAxes, ha="right", va="center")
    show(figure, alt)


def frame(figure: Figure) -> np.ndarray:
    """(H, W, 3) uint8, for an animation; closes the figure."""
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()
    plt.close(figure)
    return pixels


def show_animation(frames: Sequence[np.ndarray], alt: str, seconds: float = 4.0, width: int = 480) -> None:
    """A GIF of (H, W, 3) uint8 frames, repeated for ever; the last frame stays for a second."""
    pictures = [Image.fromarray(f).quantize(64) for f in frames]
    each = round(1000 * seconds / len(pictures))
    durations = [each] * (len(pictures) - 1) + [1000]
    buffer = io.BytesIO()
    pictures[0].save(buffer, "GIF", save_all=True, append_images=pictures[1:], duration=durations, loop=0)
    content = base64.b64encode(buffer.getvalue()).decode()
    display(HTML(f'<img src="data:image/gif;base64,{content}" width="{width}" alt="{alt}">'))


def _display(png: bytes, alt: str) -> None:
    # The text stands in for the picture wherever pictures can't be shown, and is what is compared when a lesson is run.
    content = {"image/png": base64.b64encode(png).decode(), "text/plain": alt}
    display(content, raw=True, metadata={"image/png": {"alt": alt}})


def _eight_bits(picture: np.ndarray) -> np.ndarray:
    if picture.dtype != np.uint8:
        picture = np.rint((np.clip(picture, -1.0, 1.0) + 1.0) * 127.5).astype(np.uint8)
    return picture


# Drawn in several lessons: curves, matrices, tables of numbers, boxes and arrows. Everything can be read in grey.

STYLES = ("o-", "s--", "^:", "D-.")


def show_curves(
    panels: Mapping[str, Mapping[str, tuple[Sequence[float], Sequence[float]]]],
    alt: str,
    *,
    x: str,
    y: str,
    scale: str = "linear",
    markers: bool = True,
) -> None:
    """Panels side by side, each with its title and its curves by name; `scale` is linear, semilogy or loglog."""
    width = 7.0 if len(panels) == 1 else 3.8 * len(panels)
    figure, all_axes = plt.subplots(1, len(panels), figsize=(width, 3.3), squeeze=False)
    for axes, (title, curves) in zip(all_axes[0], panels.items(), strict=True):
        for (name, (across, up)), style in zip(curves.items(), STYLES, strict=False):
            axes.plot(across, up, style if markers else style[1:], markersize=4, label=name)
        axes.set(title=title, xlabel=x, xscale="log" if scale == "loglog" else "linear")
        axes.set_yscale("linear" if scale == "linear" else "log")
        axes.legend()
    all_axes[0][0].set_ylabel(y)
    show(figure, alt)


def show_matrices(
    matrices: Mapping[str, np.ndarray],
    alt: str,
    *,
    x: str,
    y: str,
    bar: str,
    limits: tuple[float, float],
    decimals: int | None = None,
    colours: str = "cividis",
    width: float = 9.6,
) -> None:
    """Matrices side by side under one colour bar, which is called `bar`; the numbers, if `decimals` says how many.

    What is not a number stays white.
    """
    figure, all_axes = plt.subplots(
        1, len(matrices), figsize=(width, 3.5), width_ratios=[max(m.shape[1], 3) for m in matrices.values()]
    )
    for axes, (name, matrix) in zip(all_axes, matrices.items(), strict=True):
        image = axes.imshow(matrix, cmap=colours, vmin=limits[0], vmax=limits[1])
        axes.set(title=name, xlabel=x, xticks=[], yticks=[])
        axes.grid(False)
        if decimals is not None:
            for (row, column), value in np.ndenumerate(matrix):
                bright = np.mean(image.cmap(image.norm(value))[:3]) > 0.5
                text = f"{value + 0:.{decimals}f}"
                axes.text(column, row, text, ha="center", va="center", fontsize=8, color="black" if bright else "white")
    all_axes[0].set_ylabel(y)
    figure.colorbar(image, ax=all_axes, label=bar, shrink=0.8)
    show(figure, alt)


def show_tables(
    tables: Mapping[str, np.ndarray],
    alt: str,
    *,
    signs: str = "",
    outlines: Mapping[str, Sequence[tuple[int, int, int, int]]] | None = None,
    rows: Mapping[str, Sequence[str]] | None = None,
    darkest: float = 0.0,
    side: float = 0.36,
) -> None:
    """Tables of numbers side by side, with one of the `signs` between two; empty where there is no number.

    outlines   by table: (row, column, height, width) of windows, the first with a full line, the second dashed
    rows       by table: names of its rows
    darkest    values are shaded, from white for 0 to grey for this one; 0: not shaded
    side       of a cell, in inches
    """
    tall = max(len(table) for table in tables.values())
    figure, axes = plt.subplots(layout="none")
    at = 0.0
    for number, (name, table) in enumerate(tables.items()):
        if number:
            axes.text(at + 0.65, tall / 2, signs[number - 1 : number], ha="center", va="center", fontsize=14)
            at += 1.3
        at += 0.24 * max((len(text) for text in (rows or {}).get(name, ())), default=0)
        height, width = table.shape
        left = at + max(0.0, 0.22 * max(map(len, name.split("\n"))) - width) / 2
        top = (tall - height) / 2
        for row, text in enumerate((rows or {}).get(name, ())):
            axes.text(left - 0.2, top + row + 0.5, text, ha="right", va="center", fontsize=10)
        for (row, column), value in np.ndenumerate(table):
            shade = 1 - 0.45 * min(1, abs(value) / darkest) if darkest and np.isfinite(value) else 1.0
            look = {"facecolor": (shade,) * 3, "edgecolor": "#777777", "linewidth": 0.8}
            axes.add_patch(plt.Rectangle((left + column, top + row), 1, 1, **look))
            text = f"{value:g}" if np.isfinite(value) else ""
            axes.text(left + column + 0.5, top + row + 0.5, text, ha="center", va="center", fontsize=10.5)
        for (row, column, down, across), line in zip((outlines or {}).get(name, ()), ("-", "--", ":"), strict=False):
            look = {"fill": False, "edgecolor": "#D55E00", "linewidth": 3, "linestyle": line, "zorder": 3}
            axes.add_patch(plt.Rectangle((left + column, top + row), across, down, **look))
        axes.text(left + width / 2, top - 0.25, name, ha="center", va="bottom", fontsize=11)
        at = left + max(width, (width + 0.22 * max(map(len, name.split("\n")))) / 2)
    axes.set(xlim=(-0.1, at + 0.1), ylim=(tall + 0.1, -1.6))
    _on_a_page(figure, axes, side)
    show(figure, alt)


def _on_a_page(figure: Figure, axes: Axes, unit: float) -> None:
    """The axes fill the figure, without a frame; one unit of both is as many inches."""
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    figure.set_size_inches(unit * abs(right - left), unit * abs(high - low))
    axes.set_position((0, 0, 1, 1))
    axes.set_axis_off()


def _box(axes: Axes, x: float, y: float, text: str, width: float, height: float = 0.7, grey: float = 1.0) -> None:
    """A box around a text, in the middle of both."""
    look = {"facecolor": (grey,) * 3, "edgecolor": "black", "linewidth": 1.3, "zorder": 2}
    axes.add_patch(plt.Rectangle((x - width / 2, y - height / 2), width, height, **look))
    axes.text(x, y, text, ha="center", va="center", fontsize=11, zorder=3)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], **look: object) -> None:
    style = {"arrowstyle": "-|>", "mutation_scale": 14, "linewidth": 1.6, "color": "black", "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", end, start, arrowprops=style | look)


# Lesson 1


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
        _arrow(axes, (x0, y0 - 0.42), (x1 + 0.35 * side, y1 + 0.42))
        middle = (x0 + x1) / 2 + 0.2 * side + (0.15 if side >= 0 else -0.15)
        axes.text(middle, (y0 + y1) / 2, factor, ha="right" if side < 0 else "left", va="center", fontsize=10)
    for name, (x, y, text) in places.items():
        value, gradient = values[name]
        numbers = f"{value:g}   [{gradient:g}]".replace("-", "−")
        _box(axes, x, y, f"{text}\n{numbers}", 1.7, 0.84, grey=0.93 if "=" in text else 1.0)
    right = max(x for x, _, _ in places.values())
    axes.set(xlim=(-1.2, right + 0.95), ylim=(min(y for _, y, _ in places.values()) - 0.5, 0.5))
    _on_a_page(figure, axes, 0.68)
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
                _arrow(axes, (0, upper), (0, lower), **look)
                axes.text(side, (upper + lower) / 2, text, ha="right" if side < 0 else "left", va="center")
        for height, (name, gradient) in enumerate(zip("abc", gradients, strict=True)):
            axes.plot(0, height, "o", markersize=30, markerfacecolor="white", markeredgecolor="black")
            axes.text(0, height, name, ha="center", va="center", fontsize=13)
            axes.text(0.5, height, gradient, va="center")
        axes.set(title=title, xlim=(-1.1, 1.6), ylim=(-0.35, 2.35))
        axes.set_axis_off()
    show(figure, alt)


# Lesson 2


def show_row(pictures: Mapping[str, np.ndarray], alt: str, side: float = 2.0, dashed: int = 0) -> None:
    """Pictures side by side, each with its title, `side` inches wide; `dashed`: a frame, so many pixels inside."""
    figure, all_axes = plt.subplots(1, len(pictures), figsize=(side * len(pictures), side + 0.3))
    for axes, (title, picture) in zip(all_axes, pictures.items(), strict=True):
        axes.imshow(_eight_bits(picture), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axes.set_title(title)
        axes.set_axis_off()
        if dashed:
            height, width = np.array(picture.shape[:2]) - 2 * dashed
            look = {"fill": False, "edgecolor": "white", "linewidth": 1, "linestyle": "--"}
            axes.add_patch(plt.Rectangle((dashed - 0.5, dashed - 0.5), width, height, **look))
    show(figure, alt)


def show_strides(cases: Sequence[tuple[int, int, int, int, int]], alt: str) -> None:
    """A row of pixels for each (size, kernel, stride, padding, outputs), with the kernel's positions as bars below."""
    figure, all_axes = plt.subplots(1, len(cases), figsize=(10.5, 3.1), sharey=True)
    for axes, (size, kernel, stride, padding, outputs) in zip(all_axes, cases, strict=True):
        for pixel in range(-padding, size + padding):
            missed = pixel >= (outputs - 1) * stride + kernel - padding
            look = {"facecolor": "#BBBBBB" if 0 <= pixel < size else "white", "edgecolor": "black"}
            axes.add_patch(plt.Rectangle((pixel, 0.1), 0.9, 0.8, hatch="////" if missed else None, **look))
        for output in range(outputs):
            start = output * stride - padding
            ends = [start, start + kernel - 0.1]
            axes.plot(ends, [-output - 0.7] * 2, color="#0072B2", linewidth=4, solid_capstyle="butt")
        title = f"k {kernel}, s {stride}, p {padding}\n{size} → {outputs}"
        axes.set(xlim=(-1.3, 9.3), ylim=(-8, 1.2), aspect="equal", title=title)
        axes.set_axis_off()
    show(figure, alt)


def show_patches(picture: np.ndarray, sides: Sequence[int], gradient: np.ndarray, alt: str) -> None:
    """Patches of these sides around one place of a picture, and how much each pixel of the largest counts."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 4), width_ratios=(1, 1.15))
    left.imshow(picture)
    for side, line in zip(sides, ("-", "--", ":"), strict=True):
        look = {"fill": False, "edgecolor": "#D55E00", "linewidth": 2.5, "linestyle": line}
        left.add_patch(plt.Rectangle((110 - side / 2, 115 - side / 2), side, side, label=f"{side} × {side}", **look))
    left.legend(loc="lower right", frameon=True)
    left.set(title="patches on a picture of 256 pixels", xlabel="column", ylabel="row")
    image = right.imshow(gradient / gradient.max())
    right.set(title="how much each pixel counts", xlabel="column of the patch", ylabel="row of the patch")
    figure.colorbar(image, ax=right, label="|gradient|, largest 1", shrink=0.8)
    for axes in (left, right):
        axes.grid(False)
    show(figure, alt)


# Lesson 3


def show_lists(alt: str) -> None:
    """Whose numbers form a list: of 3 pictures with 4 channels, one list of each norm is grey."""
    lists = {
        "batch norm": {(row, 0) for row in range(3)},
        "instance norm": {(0, 0)},
        "group norm, 2 groups": {(0, 0), (0, 1)},
    }
    figure, axes = plt.subplots(layout="none")
    for number, (name, one_list) in enumerate(lists.items()):
        for row in range(3):
            for column in range(4):
                look = {"facecolor": "#999999" if (row, column) in one_list else "white", "edgecolor": "black"}
                axes.add_patch(plt.Rectangle((5.6 * number + column, row), 1, 1, **look))
            axes.text(5.6 * number - 0.2, row + 0.5, f"n = {row}" if not number else "", ha="right", va="center")
        for column in range(4):
            axes.text(5.6 * number + column + 0.5, 3.15, f"{column}", ha="center", va="top")
        axes.text(5.6 * number + 2, -0.3, name, ha="center", va="bottom", fontsize=12)
        axes.text(5.6 * number + 2, 3.75, "channel", ha="center", va="top")
    axes.set(xlim=(-1.6, 15.6), ylim=(4.5, -1.2))
    _on_a_page(figure, axes, 0.3)
    show(figure, alt)


def show_residual_block(alt: str) -> None:
    """CycleGAN's residual block, from top to bottom: the branch, and the skip around it."""
    figure, axes = plt.subplots(layout="none")
    steps = ("reflect, conv 3 × 3", "instance norm", "ReLU", "reflect, conv 3 × 3", "instance norm")
    heights = [-1.5 - 1.0 * number for number in range(len(steps))]
    _box(axes, 0, 0, "x   256 × 64 × 64", 2.9, grey=0.87)
    for height, text in zip(heights, steps, strict=True):
        _arrow(axes, (0, height + 0.65 if height < -2 else -0.35), (0, height + 0.36))
        _box(axes, 0, height, text, 2.9)
    bottom = heights[-1] - 1.25
    _arrow(axes, (0, heights[-1] - 0.35), (0, bottom + 0.3))
    axes.plot(0, bottom, "o", markersize=24, markerfacecolor="white", markeredgecolor="black")
    axes.text(0, bottom - 0.02, "+", ha="center", va="center", fontsize=16)
    look = {"color": "#D55E00", "linewidth": 2.6}
    axes.plot([0, 2.15, 2.15], [-0.72, -0.72, bottom], solid_joinstyle="miter", **look)
    _arrow(axes, (2.15, bottom), (0.27, bottom), **look)
    axes.text(2.3, (bottom - 0.72) / 2, "skip", ha="left", va="center", fontsize=12)
    axes.text(-1.7, (heights[0] + heights[-1]) / 2, "branch", ha="right", va="center", fontsize=12)
    axes.plot([-1.6, -1.65, -1.65, -1.6], [heights[0] + 0.35] * 2 + [heights[-1] - 0.35] * 2, color="black", lw=1.2)
    _arrow(axes, (0, bottom - 0.3), (0, bottom - 0.72))
    _box(axes, 0, bottom - 1.08, "x + branch(x)", 2.9, grey=0.87)
    axes.set(xlim=(-2.75, 3.0), ylim=(bottom - 1.5, 0.45))
    _on_a_page(figure, axes, 0.62)
    show(figure, alt)
