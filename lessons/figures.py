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
    buffer, small = io.BytesIO(), io.BytesIO()
    figure.savefig(buffer, format="png")
    plt.close(figure)
    # 256 colours, the best for each figure: a third of the size, and no eye sees it.
    Image.open(buffer).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    _display(small.getvalue(), alt)


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


# Lesson 4

RING = ("o", "s", "^")  # the markers of three games
DASHES = ("-", "--", "-.", ":")


def show_two_steps(alt: str) -> None:
    """A GAN's loop: above, the step in which D learns; below, the one in which G does."""
    figure, axes = plt.subplots(layout="none")
    back = {"linestyle": (0, (4, 2)), "linewidth": 2.4, "color": "#D55E00"}
    for learner, y, title in (("D", 2.75, 4.3), ("G", 0.7, 1.4)):
        axes.text(-0.26, title, f"{learner}'s step: {learner} learns", ha="left", va="center", fontsize=12)
        for start, end in ((0.5, 1.05), (1.75, 3.15), (3.85, 4.75)):
            _arrow(axes, (start, y), (end, y))
        for x, name, width in ((0.12, "noise", 0.76), (1.4, "G", 0.7), (3.5, "D", 0.7), (5.1, "loss", 0.7)):
            _box(axes, x, y, name, width, grey=0.75 if name == learner else 1.0)
        axes.text(2.15, y + 0.1, "fake", ha="center", va="bottom", fontsize=11)
        axes.text(4.3, y + 0.1, "logit", ha="center", va="bottom", fontsize=11)
        axes.text(4.35, y - 0.8, "gradient", ha="center", va="top", fontsize=11, color="#A84300")
        _arrow(axes, (5.1, y - 0.37), (3.62, y - 0.37), connectionstyle="arc3,rad=-0.35", **back)
        if learner == "D":
            _box(axes, 2.15, y + 0.95, "real", 0.76)
            _arrow(axes, (2.53, y + 0.95), (3.4, y + 0.36))
            axes.plot([2.72, 2.72], [y - 0.4, y + 0.35], color="#D55E00", linewidth=3.5)
            axes.text(2.72, y - 0.45, "detach", ha="center", va="top", fontsize=11)
        else:
            _arrow(axes, (3.38, y - 0.37), (1.45, y - 0.37), connectionstyle="arc3,rad=-0.3", **back)
    axes.set(xlim=(-0.3, 5.5), ylim=(-0.4, 4.55))
    _on_a_page(figure, axes, 0.66)
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


# Lesson 5


def show_key(label_map: np.ndarray, palette: np.ndarray, classes: Sequence[str], alt: str) -> None:
    """A label map (S, S) in its colours (classes, 3), with a name for each class that is in it, left or right of it."""
    size = len(label_map)
    figure, axes = plt.subplots(figsize=(4.4, 2.9))
    axes.imshow(palette[label_map], interpolation="nearest")
    places = {name: _innermost(label_map == number) for number, name in enumerate(classes) if number in label_map}
    order = sorted(places, key=lambda name: places[name][1])  # from left to right
    for names, x, align in ((order[: len(order) // 2], -7, "right"), (order[len(order) // 2 :], size + 6, "left")):
        rows = np.linspace(4, size - 5, len(names))
        for name, y in zip(sorted(names, key=lambda name: places[name][0]), rows, strict=True):
            row, column = places[name]
            for width, colour in ((3.2, "white"), (1.4, "black")):
                axes.plot([x, column], [y, row], color=colour, linewidth=width, clip_on=False)
            axes.plot(column, row, "o", markersize=6, markerfacecolor="black", markeredgecolor="white")
            axes.text(x, y, f" {name} ", ha=align, va="center", fontsize=11)
    axes.set(xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5))
    axes.set_axis_off()
    show(figure, alt)


def _innermost(mask: np.ndarray) -> tuple[int, int]:
    """Row and column of a pixel of the mask that is as far from its edge as any."""
    while True:
        inner = np.pad(mask, 1)
        inner = inner[1:-1, 1:-1] & inner[:-2, 1:-1] & inner[2:, 1:-1] & inner[1:-1, :-2] & inner[1:-1, 2:]
        if not inner.any():
            rows, columns = np.nonzero(mask)
            return int(rows[len(rows) // 2]), int(columns[len(rows) // 2])
        mask = inner


def show_errors_of_answers(g: np.ndarray, errors: Mapping[str, np.ndarray], right: np.ndarray, alt: str) -> None:
    """Expected errors over the answer g, the least of each marked; below, the right answers."""
    figure, axes = plt.subplots()
    for (name, error), dash in zip(errors.items(), DASHES, strict=False):
        (line,) = axes.plot(g, error, dash, label=name)
        axes.plot(g[error.argmin()], error.min(), "o", color=line.get_color(), markersize=9)
    axes.plot(right, np.zeros(len(right)), "|", color="black", markersize=18, label="the right answers")
    axes.set(xlabel="my answer g", ylabel="expected error")
    axes.legend(loc="upper center")
    show(figure, alt)


def show_lines_of_pixels(panels: Mapping[str, Sequence[np.ndarray]], names: Sequence[str], alt: str) -> None:
    """Brightness along lines of pixels, in panels; `names` are those of the last panel's lines."""
    figure, cells = plt.subplots(1, len(panels), figsize=(7.5, 2.6), sharey=True)
    for axes, (title, lines) in zip(cells, panels.items(), strict=True):
        for line, dash in zip(lines, DASHES, strict=False):
            axes.plot(line, dash)
        axes.set(title=title, xlabel="pixel")
    cells[0].set_ylabel("brightness")
    cells[-1].legend(cells[-1].lines, names)
    show(figure, alt)


def show_pair(label_map: np.ndarray, real: np.ndarray, fake: np.ndarray, alt: str) -> None:
    """What D is shown: a label map with its real front, and with G's; and what it should answer."""
    figure, axes = plt.subplots(layout="none")
    for y, name, front, answer, shade in (
        (2.55, "real front b", real, "high", 0.95),
        (0, "fake front G(a)", fake, "low", 0.35),
    ):
        for x, picture, title in ((0, label_map, "label map a"), (1.75, front, name)):
            axes.imshow(picture, extent=(x, x + 1.6, y, y + 1.6), interpolation="nearest")
            axes.text(x + 0.8, y + 1.68, title, ha="center", va="bottom", fontsize=10.5)
        _arrow(axes, (3.4, y + 0.8), (3.85, y + 0.8))
        _box(axes, 4.2, y + 0.8, "D", 0.7)
        _arrow(axes, (4.55, y + 0.8), (5.0, y + 0.8))
        noise = np.random.default_rng(0).uniform(-0.05, 0.05, (14, 14))
        logits = np.clip(shade + noise, 0, 1)
        axes.imshow(logits, extent=(5.05, 6.25, y + 0.2, y + 1.4), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        axes.add_patch(plt.Rectangle((5.05, y + 0.2), 1.2, 1.2, fill=False, edgecolor="black", linewidth=1.3))
        axes.text(5.65, y + 1.68, "logits", ha="center", va="bottom", fontsize=10.5)
        axes.text(
            5.65, y + 0.8, answer, ha="center", va="center", fontsize=11, color="black" if shade > 0.5 else "white"
        )
    axes.set(xlim=(-0.1, 6.35), ylim=(-0.1, 4.65))
    axes.grid(False)
    _on_a_page(figure, axes, 0.7)
    show(figure, alt)


def show_answers_by_direction(asked: np.ndarray, given: Mapping[str, np.ndarray], alt: str, count: int = 36) -> None:
    """Questions, directions (N, 2), and answers to them (N, 2) by title: `count` of them, each joined by a line."""
    figure, cells = plt.subplots(2, 3, figsize=(7.5, 5.2), sharex=True, sharey=True)
    for axes, (name, b) in zip(cells.flat, given.items(), strict=True):
        for question, answer in zip(1.7 * asked[:count], b[:count], strict=True):
            axes.plot(*zip(question.tolist(), answer.tolist(), strict=True), color="0.6", linewidth=0.8)
        axes.plot(*(1.7 * asked[:count]).T, ".", color="0.5", markersize=3)
        axes.plot(*b[:count].T, "o", markersize=4)
        axes.set(title=name, aspect="equal", xticks=[-1, 0, 1], yticks=[-1, 0, 1], xlabel="x₁", ylabel="x₂")
        axes.label_outer()
    show(figure, alt)


def show_u_net(widths: Sequence[int], side: int, alt: str) -> None:
    """A U-Net for pictures of so many pixels: how many maps of which size each level has, and the skips."""
    figure, axes = plt.subplots(layout="none")
    depth, right = len(widths), 6.4
    left_x = [0.55 + 0.55 * level for level in range(depth - 1)]
    skip = {"linestyle": (0, (4, 2)), "linewidth": 2.2, "color": "#D55E00"}
    _box(axes, 0.35, 0, f"a: 3 × {side}²", 1.5)
    _box(axes, right - 0.35, 0, f"G(a): 3 × {side}²", 1.9)
    for level, (x, maps) in enumerate(zip(left_x, widths, strict=False), start=1):
        size = f"{maps} × {side // 2**level}²"
        _box(axes, x, -1.15 * level, size, 1.35, grey=0.93)
        _box(axes, right - x - 0.15, -1.15 * level, f"2 · {size}", 1.65, grey=0.93)
        _arrow(axes, (x - 0.3, -1.15 * level + 0.8), (x - 0.3, -1.15 * level + 0.36))
        _arrow(axes, (right - x + 0.2, -1.15 * level + 0.36), (right - x + 0.2, -1.15 * level + 0.8))
        _arrow(axes, (x + 0.7, -1.15 * level), (right - x - 1.0, -1.15 * level), **skip)
    axes.text(right / 2 - 0.1, -1.05, "skips", ha="center", va="bottom", fontsize=11, color="#A84300")
    bottom = -1.15 * depth
    _box(axes, right / 2, bottom, f"{widths[-1]} × {side // 2**depth}²", 1.5, grey=0.93)
    _arrow(axes, (left_x[-1], bottom + 0.8), (right / 2 - 0.78, bottom + 0.1))
    _arrow(axes, (right / 2 + 0.78, bottom + 0.1), (right - left_x[-1], bottom + 0.8))
    axes.text(0.35, bottom, "halve", ha="center", va="center", fontsize=11)
    axes.text(right - 0.35, bottom, "double", ha="center", va="center", fontsize=11)
    axes.set(xlim=(-0.45, right + 0.65), ylim=(bottom - 0.45, 0.45))
    _on_a_page(figure, axes, 0.64)
    show(figure, alt)


def stages_frame(step: int, pictures: np.ndarray) -> np.ndarray:
    """One picture of an animation: fronts (N, H, W, 3) after so many steps."""
    figure, cells = plt.subplots(1, len(pictures), figsize=(1.2 * len(pictures), 1.5))
    figure.suptitle(f"after {step} steps")
    for axes, picture in zip(cells, pictures, strict=True):
        axes.imshow(picture, interpolation="nearest")
        axes.set_axis_off()
    return frame(figure)


def show_confusion(matrices: Mapping[str, np.ndarray], classes: Sequence[str], alt: str) -> None:
    """Confusion matrices, each row a share of its class; numbers from 0.05 up."""
    figure, cells = plt.subplots(1, len(matrices), figsize=(9.6, 4.6), sharey=True)
    for axes, (title, matrix) in zip(cells, matrices.items(), strict=True):
        image = axes.imshow(matrix, vmin=0, vmax=1)
        for (row, column), value in np.ndenumerate(matrix):
            if value >= 0.05:
                colour = "black" if value > 0.5 else "white"
                axes.text(
                    column,
                    row,
                    f"{value:.2f}"[-3:] if value < 0.995 else "1",
                    ha="center",
                    va="center",
                    fontsize=8,
                    color=colour,
                )
        axes.set(title=title, xlabel="read as", xticks=range(len(classes)), yticks=range(len(classes)))
        axes.set_xticklabels(classes, rotation=60, ha="right")
        axes.set_yticklabels(classes)
        axes.grid(False)
    cells[0].set_ylabel("true class")
    figure.colorbar(image, ax=cells, label="share of the true class", shrink=0.8)
    show(figure, alt)


def show_patch_sizes(front: np.ndarray, sizes: Sequence[int], alt: str) -> None:
    """A front (S, S, 3), and in its middle the squares that a discriminator may look at, largest last."""
    figure, axes = plt.subplots(figsize=(4.2, 3.4))
    axes.imshow(front, interpolation="nearest")
    middle = len(front) / 2 - 0.5
    for size, y in zip(sizes, (0.5, 0.3, 0.1), strict=True):
        for width, colour in ((4.5, "white"), (2.2, "black")):
            corner = middle - size / 2
            axes.add_patch(plt.Rectangle((corner, corner), size, size, fill=False, edgecolor=colour, linewidth=width))
        row = len(front) * y
        edge = (middle + size / 2, middle - size / 2 + min(2, size / 2))
        for width, colour in ((3.5, "white"), (1.4, "black")):
            axes.plot([edge[0], len(front) + 2], [edge[1], row], color=colour, linewidth=width, clip_on=False)
        axes.text(len(front) + 3, row, f"{size} px", ha="left", va="center", fontsize=12)
    axes.set(xlim=(-0.5, len(front) - 0.5), ylim=(len(front) - 0.5, -0.5))
    axes.set_axis_off()
    show(figure, alt)


def show_shares(measures: Mapping[str, Mapping[str, float]], alt: str) -> None:
    """Bars side by side, one panel a measure; the line at 1 is what real pictures have."""
    figure, cells = plt.subplots(1, len(measures), figsize=(10, 3.4), sharey=True)
    for axes, (title, values), colour in zip(cells, measures.items(), ("C0", "C1", "C2"), strict=True):
        bars = axes.barh(list(values), list(values.values()), color=colour)
        axes.bar_label(
            bars, fmt="%.2f", padding=3, fontsize=9, bbox={"facecolor": "white", "edgecolor": "none", "pad": 1}
        )
        axes.axvline(1, color="black", linestyle="--")
        axes.set(title=title, xlabel="share of the real fronts'", xlim=(0, 1.2 * max(1, *values.values())))
    cells[0].invert_yaxis()
    show(figure, alt)
