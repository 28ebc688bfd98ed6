"""A layer to paint one figure on, in the figure's own coordinates, before it goes over the picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from minicyclegan.worlds.paint import Colour, chain_distance, coverage, grid, lay_over

JOIN = 42.0  # how sharp the fold is where two parts meet
PULL = 0.12  # how far from a part its neighbours still melt into it


@dataclass(frozen=True)
class Shape:
    """A round body on a layer: distance to its outline (negative inside) and its normal, y up, z to the viewer."""

    away: np.ndarray
    nx: np.ndarray
    ny: np.ndarray
    nz: np.ndarray

    def part(self, box: tuple[slice, slice]) -> Shape:
        return Shape(self.away[box], self.nx[box], self.ny[box], self.nz[box])


SKIN, RIDER = np.eye(2)[:, :, None, None]  # what a paint may show, in `Layer.shows`


@dataclass
class Layer:
    """A rectangle of the picture. Arrays are (H, W); colour (3, H, W) is already weighted with alpha.

    rows, columns  where it lies in the picture
    shows          (2, H, W) how much of each pixel shows the animal's skin, the part of it that changes between the
                   domains, and how much shows a rider
    x, y           the pixels' place in the figure's own units, (1, W) and (H, 1), y up
    pixel          a pixel's height in those units
    step           from one pixel to the next on the right, in those units
    """

    rows: slice
    columns: slice
    colour: np.ndarray
    alpha: np.ndarray
    shows: np.ndarray
    x: np.ndarray
    y: np.ndarray
    pixel: float
    step: float

    def paint(self, colour: np.ndarray | Colour, cover: np.ndarray, shows: np.ndarray | float = 0.0) -> None:
        """Paints over what is there, where `cover` says; `shows` is SKIN or RIDER where the paint is one of them."""
        lay_over(self.colour, colour, cover)
        self.alpha += cover * (1.0 - self.alpha)
        self.shows += cover * (shows - self.shows)

    def lay_on(self, picture: np.ndarray, colour: np.ndarray | None = None) -> None:
        """Puts the finished layer on a (C, size, size) picture, in place; with another `colour` (C, H, W), if given."""
        under = picture[:, self.rows, self.columns]
        under *= 1.0 - self.alpha
        under += self.colour if colour is None else colour

    def part(self, rows: slice, columns: slice) -> Layer:
        """Some rows and columns of this layer; painting on the part paints here."""
        painted = (array[..., rows, columns] for array in (self.colour, self.alpha, self.shows))
        place = self.x[:, columns], self.y[rows], self.pixel, self.step
        return Layer(_within(self.rows, rows), _within(self.columns, columns), *painted, *place)

    def around(self, *chains: np.ndarray) -> Layer:
        """The part of this layer near these chains."""
        return self.part(*self.box(chains, 2.0 * self.pixel))

    def box(self, chains: Sequence[np.ndarray], margin: float) -> tuple[slice, slice]:
        """Rows and columns of the pixels within `margin` of these chains."""
        if self.alpha.size == 0:
            return slice(0, 0), slice(0, 0)
        circles = chains[0] if len(chains) == 1 else np.concatenate(chains)
        centres, radii = circles[:, :2], circles[:, 2:]
        (first, low), (last, high) = (centres - radii).min(axis=0).tolist(), (centres + radii).max(axis=0).tolist()
        left, top = self.x[0, 0].item(), self.y[0, 0].item()
        ends = (first - margin - left) / self.step, (last + margin - left) / self.step
        return (
            _span((top - high - margin) / self.pixel, (top - low + margin) / self.pixel, self.y.size),
            _span(min(ends), max(ends), self.x.size),
        )

    def shape(self, *parts: Sequence[np.ndarray]) -> Shape:
        """One body. Its parts melt into each other where they meet; the chains within a part just overlap."""
        if len(parts) == 1:
            away, nx, ny = chain_distance(parts[0], self.x, self.y)
            total = 1.0
        else:
            total, nx, ny = np.full(self.alpha.shape, 1e-18), np.zeros(self.alpha.shape), np.zeros(self.alpha.shape)
            for chains in parts:
                rows, columns = box = self.box(chains, PULL)
                away, across_x, across_y = chain_distance(chains, self.x[:, columns], self.y[rows])
                weight = np.exp(-JOIN * np.maximum(away, -0.3))
                total[box] += weight
                nx[box] += weight * across_x
                ny[box] += weight * across_y
            away = np.log(total) / -JOIN
        # Outside the body, and where parts pull in different directions, the sums aren't normals yet.
        length = np.sqrt(nx * nx + ny * ny)
        shorter = np.minimum(1.0 / total, 0.995 / np.maximum(length, 1e-18))
        nx, ny = nx * shorter, ny * shorter
        return Shape(away, nx, ny, np.sqrt(1.0 - nx * nx - ny * ny))

    def dot(self, place: np.ndarray, radius: float, colour: np.ndarray | Colour) -> None:
        """Paints a dot; one that is smaller than a pixel only tints it."""
        patch = self.around(np.array([(*place, radius)]))
        cover = coverage(np.hypot(patch.x - place[0], patch.y - place[1]) - radius, patch.pixel)
        patch.paint(colour, cover * min(1.0, (2.0 * radius / patch.pixel) ** 2))

    def cover(self, shape: Shape) -> np.ndarray:
        return coverage(shape.away, self.pixel)


def empty_layer(
    size: int, x: float, y: float, scale: float, chains: Sequence[np.ndarray], slim: float = 1.0, facing: int = 1,
    margin: float = 0.02,
) -> Layer:  # fmt: skip
    """A layer around these chains, whose own origin lies at (x, y) in the picture, its unit `scale` picture widths.

    slim squeezes its width, facing -1 mirrors it, and margin is room around the chains.
    """
    column, row = grid(size)
    whole = Layer(
        slice(0, size), slice(0, size), np.zeros((3, size, size)), np.zeros((size, size)), np.zeros((2, size, size)),
        (column - x) * facing / (scale * slim), (y - row) / scale, 1.0 / (size * scale), facing / (size * scale * slim),
    )  # fmt: skip
    return whole.part(*whole.box(chains, margin + 2.0 * whole.pixel))


def _span(first: float, last: float, size: int) -> slice:
    start = min(max(math.ceil(first), 0), size)
    return slice(start, max(start, min(math.floor(last) + 1, size)))


def _within(outer: slice, inner: slice) -> slice:
    return slice(outer.start + inner.start, outer.start + inner.stop)
