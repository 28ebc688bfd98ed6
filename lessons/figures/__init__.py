"""Showing figures, pictures and animations in the notebooks, each with a text for those who can't see them."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import HTML, display
from matplotlib.axes import Axes
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

DASHES = ("-", "--", "-.", ":")
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
    on_a_page(figure, axes, side)
    show(figure, alt)


def on_a_page(figure: Figure, axes: Axes, unit: float) -> None:
    """The axes fill the figure, without a frame; one unit of both is as many inches."""
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    figure.set_size_inches(unit * abs(right - left), unit * abs(high - low))
    axes.set_position((0, 0, 1, 1))
    axes.set_axis_off()


def box(axes: Axes, x: float, y: float, text: str, width: float, height: float = 0.7, grey: float = 1.0) -> None:
    """A box around a text, in the middle of both."""
    look = {"facecolor": (grey,) * 3, "edgecolor": "black", "linewidth": 1.3, "zorder": 2}
    axes.add_patch(plt.Rectangle((x - width / 2, y - height / 2), width, height, **look))
    axes.text(x, y, text, ha="center", va="center", fontsize=11, zorder=3)


def arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], **look: object) -> None:
    style = {"arrowstyle": "-|>", "mutation_scale": 14, "linewidth": 1.6, "color": "black", "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", end, start, arrowprops=style | look)


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
