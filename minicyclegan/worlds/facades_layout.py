"""What a building front consists of: rectangles, a roof, plants; and where each of them ends.

Coordinates are fractions of the picture: x runs from left to right, y from top to bottom, both from 0 to 1. Whatever
the picture of a front shows beyond colour, light and surface is decided here, and the label map shows all of it.
The label map and the front are painted from the same methods `inside`: they say how far every pixel's centre on a
canvas, or on a part of one, is from a shape's edge: (h, w), positive inside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from minicyclegan.worlds.facades_canvas import Canvas, noise

Span = tuple[float, float]  # from where to where
GABLE_EDGE = 0.03  # how thick a gable's roof is, seen from the front


class Rectangle(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2

    def inside(self, canvas: Canvas) -> np.ndarray:
        x, y = canvas.x, canvas.y
        return np.minimum(np.minimum(x - self.left, self.right - x), np.minimum(y - self.top, self.bottom - y))


@dataclass(frozen=True)
class Opening:
    """A window or a door. `rise` is the height of its arched head; 0 for a straight one."""

    frame: Rectangle
    rise: float = 0.0

    def inside(self, canvas: Canvas) -> np.ndarray:
        inside = self.frame.inside(canvas)
        if self.rise == 0:
            return inside
        # The head is half an ellipse that stands on the straight part.
        half = self.frame.width / 2
        x, y = canvas.x - self.frame.middle, canvas.y - (self.frame.top + self.rise)
        head = (1 - np.hypot(x / half, np.minimum(y, 0.0) / self.rise)) * min(half, self.rise)
        return np.where(y < 0, np.minimum(head, half), inside)


@dataclass(frozen=True)
class Roof:
    """`eaves` and `ridge` are heights (y). A flat roof has neither slope nor label; a gable shows wall inside it."""

    kind: Literal["flat", "gable", "hip", "mansard"]
    left: float
    right: float
    eaves: float
    ridge: float
    ridge_left: float
    ridge_right: float

    def inside(self, canvas: Canvas) -> np.ndarray:
        """Of a sloping roof."""
        return np.minimum(self.inside_slopes(canvas), self.eaves - canvas.y)

    def inside_slopes(self, canvas: Canvas) -> np.ndarray:
        """Of its two slopes and the ridge, whatever its lower edge."""
        rise, run = self.eaves - self.ridge, self.ridge_left - self.left
        length = float(np.hypot(rise, run))
        fall = (canvas.y - self.eaves) * run
        left = ((canvas.x - self.left) * rise + fall) / length
        right = ((self.right - canvas.x) * rise + fall) / length
        return np.minimum(np.minimum(left, right), canvas.y - self.ridge)


@dataclass(frozen=True)
class Plant:
    """A union of ellipses (x, y, radius in x, radius in y) with a wavy edge, and for a tree its trunk."""

    ellipses: tuple[tuple[float, float, float, float], ...]
    trunk: Rectangle | None = None

    def around(self, canvas: Canvas) -> Canvas:
        """The part of the picture that the foliage can reach."""
        x, y, width, height = np.array(self.ellipses).T
        left, right = (x - width).min() - 0.02, (x + width).max() + 0.02
        return canvas.part(left, (y - height).min() - 0.02, right, (y + height).max() + 0.02)

    def inside(self, canvas: Canvas, waves: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of the foliage with its wavy edge, `Layout.waves`; and how much each place faces upwards in [-1, 1]."""
        inside = np.full((canvas.y.size, canvas.x.size), -1.0)
        upward = np.zeros_like(inside)
        for x, y, width, height in self.ellipses:
            down = (canvas.y - y) / height
            depth = (1 - np.hypot((canvas.x - x) / width, down)) * min(width, height)
            upward = np.where(depth > inside, -down, upward)
            inside = np.maximum(inside, depth)
        strength = 0.3 * min(0.035, min(min(width, height) for _, _, width, height in self.ellipses))
        return inside + strength * waves[canvas.where], np.clip(upward, -1.0, 1.0)


@dataclass(frozen=True)
class Layout:
    """All geometry of one front. `leaf_seed` decides the waves of the plants' edges, so the label map shows them."""

    wall: Rectangle
    roof: Roof
    storeys: tuple[Span, ...]  # from top to bottom
    bays: tuple[Span, ...]  # from left to right
    chimneys: tuple[Rectangle, ...] = ()
    windows: tuple[Opening, ...] = ()
    doors: tuple[Opening, ...] = ()
    cornices: tuple[Rectangle, ...] = ()
    balconies: tuple[Rectangle, ...] = ()
    plants: tuple[Plant, ...] = ()
    leaf_seed: int = 0

    @property
    def pitch(self) -> float:
        """The mean width of a bay."""
        return self.wall.width / len(self.bays)

    def inside_wall(self, canvas: Canvas) -> np.ndarray:
        """Of the wall with its gable, as if it had no openings."""
        wall = self.wall.inside(canvas)
        if self.roof.kind != "gable":
            return wall
        gable = np.minimum(self.roof.inside_slopes(canvas) - GABLE_EDGE, self.wall.top + 0.02 - canvas.y)
        return np.maximum(wall, gable)

    def waves(self, size: int) -> np.ndarray:
        """What makes the edges of plants wavy, about [-1.8, 1.8]: (size, size)."""
        generator = np.random.default_rng(self.leaf_seed)
        return noise(size, generator, 24, 24) + 0.8 * noise(size, generator, 45, 45)
