"""What a building front consists of: rectangles, a roof, plants; free of pixels and colours.

Coordinates are fractions of the picture: x runs from left to right, y from top to bottom, both from 0 to 1. Whatever
the picture of a front shows beyond colour, light and surface is decided here, and the label map shows all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# One pixel of a 64 px picture, slightly enlarged: a bar of this thickness covers at least one row of pixel centres.
THINNEST = 1.05 / 64

RoofKind = Literal["flat", "gable", "hip", "mansard"]
PlantKind = Literal["tree", "bush", "box", "ivy"]


@dataclass(frozen=True)
class Rectangle:
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


@dataclass(frozen=True)
class Opening:
    """A window or a door. `rise` is the height of its arched head; 0 for a straight one."""

    frame: Rectangle
    rise: float = 0.0


@dataclass(frozen=True)
class Roof:
    """`eaves` and `ridge` are heights (y). A flat roof has neither slope nor label; a gable shows wall inside it."""

    kind: RoofKind
    left: float
    right: float
    eaves: float
    ridge: float
    ridge_left: float
    ridge_right: float


@dataclass(frozen=True)
class Plant:
    """A union of ellipses (x, y, radius in x, radius in y) with a wavy edge, and for a tree its trunk."""

    kind: PlantKind
    blobs: tuple[tuple[float, float, float, float], ...]
    trunk: Rectangle | None = None


@dataclass(frozen=True)
class Layout:
    """All geometry of one front. `leaf_seed` decides the waves of the plants' edges, so the label map shows them."""

    floors: int
    bays: int
    wall: Rectangle
    roof: Roof
    chimneys: tuple[Rectangle, ...]
    windows: tuple[Opening, ...]
    doors: tuple[Opening, ...]
    cornices: tuple[Rectangle, ...]
    balconies: tuple[Rectangle, ...]
    plants: tuple[Plant, ...]
    leaf_seed: int


@dataclass(frozen=True)
class Skeleton:
    """The grid that windows, doors and trim hang on: the storeys from top to bottom, the bays from left to right."""

    wall: Rectangle
    roof: Roof
    storeys: tuple[tuple[float, float], ...]
    bays: tuple[tuple[float, float], ...]

    @property
    def pitch(self) -> float:
        return self.wall.width / len(self.bays)
