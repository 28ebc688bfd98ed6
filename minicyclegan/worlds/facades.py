"""The world `facades`: label maps and building fronts. One label map has many true fronts.

A scene is a layout, which the label map shows, and a style, which it says nothing about.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from minicyclegan.worlds.base import Domain, World
from minicyclegan.worlds.facades_front import render_front
from minicyclegan.worlds.facades_labels import CLASSES, PALETTE, WALL, render_label
from minicyclegan.worlds.facades_layout import Layout
from minicyclegan.worlds.facades_sampling import sample_layout
from minicyclegan.worlds.facades_style import DARK_FRAME_PROBABILITY, WARM_WALL_PROBABILITY, Style, sample_style

__all__ = [
    "CLASSES", "DARK_FRAME_PROBABILITY", "FACADES", "PALETTE", "WARM_WALL_PROBABILITY", "FacadeScene", "Layout",
    "Style", "render_front", "render_label", "sample_layout", "sample_style",
]  # fmt: skip


@dataclass(frozen=True)
class FacadeScene:
    layout: Layout
    style: Style


def sample_scene(generator: np.random.Generator) -> FacadeScene:
    return FacadeScene(sample_layout(generator), sample_style(generator))


def render(scene: FacadeScene, domain: Domain, size: int) -> np.ndarray:
    """A: the label map in `PALETTE`'s colours; B: the front. (size, size, 3) uint8."""
    if domain == "A":
        return PALETTE[render_label(scene.layout, size)]
    return render_front(scene.layout, scene.style, size)


def truth(scene: FacadeScene, size: int) -> dict[str, Any]:
    """What a real picture would not tell.

    labels        (size, size) uint8, indices into CLASSES
    wall          (size, size) uint8, 1 where the bare wall shows
    style         (20,) float64, the numbers of the style
    wall_colour   (3,) float64 in [0, 1]
    warm, dark_frames             the style's two modes, as 0.0 or 1.0
    every number of the style under its own name, as a float
    """
    labels = render_label(scene.layout, size)
    style = scene.style.numbers()
    return {
        "labels": labels,
        "wall": (labels == WALL).astype(np.uint8),
        "style": np.array(list(style.values())),
        "wall_colour": np.array(scene.style.wall_colour),
        "warm": float(scene.style.warm),
        "dark_frames": float(scene.style.dark_frames),
        **style,
    }


FACADES = World(
    "facades", "paired", ("label map", "building front"),
    "Building fronts from label maps; wall, light and dirt are free, so one label map has many fronts.",
    sample_scene, render, truth,
)  # fmt: skip
