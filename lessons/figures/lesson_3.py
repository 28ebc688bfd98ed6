"""What lesson 3 draws."""

from __future__ import annotations

import matplotlib.pyplot as plt

from figures import arrow, box, on_a_page, show


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
    on_a_page(figure, axes, 0.3)
    show(figure, alt)


def show_residual_block(alt: str) -> None:
    """CycleGAN's residual block, from top to bottom: the branch, and the skip around it."""
    figure, axes = plt.subplots(layout="none")
    steps = ("reflect, conv 3 × 3", "instance norm", "ReLU", "reflect, conv 3 × 3", "instance norm")
    heights = [-1.5 - 1.0 * number for number in range(len(steps))]
    box(axes, 0, 0, "x   256 × 64 × 64", 2.9, grey=0.87)
    for height, text in zip(heights, steps, strict=True):
        arrow(axes, (0, height + 0.65 if height < -2 else -0.35), (0, height + 0.36))
        box(axes, 0, height, text, 2.9)
    bottom = heights[-1] - 1.25
    arrow(axes, (0, heights[-1] - 0.35), (0, bottom + 0.3))
    axes.plot(0, bottom, "o", markersize=24, markerfacecolor="white", markeredgecolor="black")
    axes.text(0, bottom - 0.02, "+", ha="center", va="center", fontsize=16)
    look = {"color": "#D55E00", "linewidth": 2.6}
    axes.plot([0, 2.15, 2.15], [-0.72, -0.72, bottom], solid_joinstyle="miter", **look)
    arrow(axes, (2.15, bottom), (0.27, bottom), **look)
    axes.text(2.3, (bottom - 0.72) / 2, "skip", ha="left", va="center", fontsize=12)
    axes.text(-1.7, (heights[0] + heights[-1]) / 2, "branch", ha="right", va="center", fontsize=12)
    axes.plot([-1.6, -1.65, -1.65, -1.6], [heights[0] + 0.35] * 2 + [heights[-1] - 0.35] * 2, color="black", lw=1.2)
    arrow(axes, (0, bottom - 0.3), (0, bottom - 0.72))
    box(axes, 0, bottom - 1.08, "x + branch(x)", 2.9, grey=0.87)
    axes.set(xlim=(-2.75, 3.0), ylim=(bottom - 1.5, 0.45))
    on_a_page(figure, axes, 0.62)
    show(figure, alt)
