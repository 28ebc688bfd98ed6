"""What lesson 6 draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from figures import arrow, box, on_a_page, show


def show_cycle(alt: str) -> None:
    """Four networks and six terms: for each domain the way there and back, and the way of a picture that stays."""
    figure, axes = plt.subplots(layout="none")
    _one_domain(axes, 0.0, "A", "B", ("①", "③", "⑤"))
    _one_domain(axes, -4.75, "B", "A", ("②", "④", "⑥"))
    axes.set(xlim=(-0.1, 6.9), ylim=(-7.75, 1.35))
    on_a_page(figure, axes, 0.72)
    show(figure, alt)


def _one_domain(axes: Axes, y: float, here: str, there: str, signs: Sequence[str]) -> None:
    """Three terms: the logit of the fake, the cycle and the identity."""
    G, back = f"$G_{{{here}{there}}}$", f"$G_{{{there}{here}}}$"
    spots = (0.55, 1.95, 3.35, 4.75, 6.15)
    for x, text, width in zip(
        spots, (f"real {here}", G, f"fake {there}", back, f"{here} again"), (1.1, 0.9) * 3, strict=False
    ):
        box(axes, x, y, text, width, grey=1.0 if width > 1 else 0.85)
    for number in range(4):
        wide, narrow = (0.57, 0.47) if number % 2 == 0 else (0.47, 0.57)
        arrow(axes, (spots[number] + wide, y), (spots[number + 1] - narrow, y))
    gan, cycle, identity = signs
    _compared(axes, (spots[0], y + 0.38), (spots[4], y + 0.38), -0.13)
    _label(axes, 3.35, y + 0.98, f"{cycle} cycle: the same as before?")
    arrow(axes, (spots[2], y - 0.37), (spots[2], y - 0.78))
    box(axes, spots[2], y - 1.15, f"$D_{there}$", 0.9, grey=0.85)
    _label(axes, 5.15, y - 1.15, f"{gan} GAN: real enough?")
    low = y - 2.45
    for x, text, width in ((0.55, f"real {here}", 1.1), (1.95, back, 0.9), (3.35, f"still {here}", 1.1)):
        box(axes, x, low, text, width, grey=1.0 if width > 1 else 0.85)
    arrow(axes, (1.12, low), (1.48, low))
    arrow(axes, (2.42, low), (2.78, low))
    _compared(axes, (0.55, low + 0.38), (3.35, low + 0.38), -0.13)
    _label(axes, 5.35, low, f"{identity} identity:\nleft alone?")


def _compared(axes: Axes, one: tuple[float, float], other: tuple[float, float], bend: float) -> None:
    look = {"arrowstyle": "<|-|>", "linestyle": (0, (4, 2)), "linewidth": 1.8, "color": "#A84300"}
    arrow(axes, one, other, connectionstyle=f"arc3,rad={bend}", **look)


def _label(axes: Axes, x: float, y: float, text: str) -> None:
    look = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
    axes.text(x, y, text, ha="center", va="center", fontsize=11, color="#8A3600", bbox=look)


def show_carried(panels: Mapping[str, Sequence[int]], turn: float, alt: str) -> None:
    """Where each cloud of the inner ring, A, is carried to on the outer one, B: the number of a cloud, or -1."""
    across = min(3, len(panels))
    figure, cells = plt.subplots(
        -(-len(panels) // across), across, figsize=(7.5, 2.85 * -(-len(panels) // across)), squeeze=False
    )
    for axes, (title, carried) in zip(cells.flat, panels.items(), strict=True):
        angles = 2 * np.pi * np.arange(len(carried)) / len(carried)
        inner = 0.55 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        outer = np.stack([np.cos(angles + np.radians(turn)), np.sin(angles + np.radians(turn))], axis=1)
        for number, to in enumerate(carried):
            if to >= 0:
                line = "-" if to == number else "--"
                axes.plot(*zip(inner[number], outer[to], strict=True), line, color="0.45", linewidth=1.2, zorder=1)
        for places, face, colour in ((inner, "white", "black"), (outer, "black", "white")):
            axes.scatter(*places.T, s=115, facecolor=face, edgecolor="black", zorder=2)
            for number, (x, y) in enumerate(places):
                axes.text(x, y, number, ha="center", va="center_baseline", fontsize=7.5, color=colour, zorder=3)
        axes.set(title=title, aspect="equal", xlim=(-1.15, 1.15), ylim=(-1.15, 1.15))
        axes.title.set_fontsize(10.5)
        axes.set_axis_off()
    show(figure, alt)
