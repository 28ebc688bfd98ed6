"""What lesson 5 draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np

from figures import DASHES, arrow, box, frame, on_a_page, show


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
        arrow(axes, (3.4, y + 0.8), (3.85, y + 0.8))
        box(axes, 4.2, y + 0.8, "D", 0.7)
        arrow(axes, (4.55, y + 0.8), (5.0, y + 0.8))
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
    on_a_page(figure, axes, 0.7)
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
    box(axes, 0.35, 0, f"a: 3 × {side}²", 1.5)
    box(axes, right - 0.35, 0, f"G(a): 3 × {side}²", 1.9)
    for level, (x, maps) in enumerate(zip(left_x, widths, strict=False), start=1):
        size = f"{maps} × {side // 2**level}²"
        box(axes, x, -1.15 * level, size, 1.35, grey=0.93)
        box(axes, right - x - 0.15, -1.15 * level, f"2 · {size}", 1.65, grey=0.93)
        arrow(axes, (x - 0.3, -1.15 * level + 0.8), (x - 0.3, -1.15 * level + 0.36))
        arrow(axes, (right - x + 0.2, -1.15 * level + 0.36), (right - x + 0.2, -1.15 * level + 0.8))
        arrow(axes, (x + 0.7, -1.15 * level), (right - x - 1.0, -1.15 * level), **skip)
    axes.text(right / 2 - 0.1, -1.05, "skips", ha="center", va="bottom", fontsize=11, color="#A84300")
    bottom = -1.15 * depth
    box(axes, right / 2, bottom, f"{widths[-1]} × {side // 2**depth}²", 1.5, grey=0.93)
    arrow(axes, (left_x[-1], bottom + 0.8), (right / 2 - 0.78, bottom + 0.1))
    arrow(axes, (right / 2 + 0.78, bottom + 0.1), (right - left_x[-1], bottom + 0.8))
    axes.text(0.35, bottom, "halve", ha="center", va="center", fontsize=11)
    axes.text(right - 0.35, bottom, "double", ha="center", va="center", fontsize=11)
    axes.set(xlim=(-0.45, right + 0.65), ylim=(bottom - 0.45, 0.45))
    on_a_page(figure, axes, 0.64)
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
