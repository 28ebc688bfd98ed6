"""What lesson 2 draws."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np

from figures import show


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
