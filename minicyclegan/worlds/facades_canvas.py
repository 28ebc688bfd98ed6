"""What fronts are painted with: coverage of pixels by shapes, surfaces, noise; all averaged over each pixel's area.

Shapes and surfaces are functions of scene coordinates, never of pixels. A picture of 64 px is therefore what
averaging a picture of 256 px gives, up to rounding at overlapping edges.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

Slices = tuple[slice, slice]
EVERYWHERE: Slices = (slice(None), slice(None))


class Grid:
    """The pixels of a square picture in scene coordinates."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.pixel = 1.0 / size
        self.centres = (np.arange(size) + 0.5) / size
        self.x = self.centres[None, :]
        self.y = self.centres[:, None]
        self._starts = np.arange(size) / size

    def part(self, left: float, top: float, right: float, bottom: float) -> Slices:
        """The pixels that a box touches: (rows, columns)."""

        def clip(first: float, last: float) -> slice:
            start = min(max(int(np.floor(first * self.size)), 0), self.size)
            return slice(start, max(min(int(np.ceil(last * self.size)), self.size), start))

        return clip(top, bottom), clip(left, right)

    def interval(self, low: float, high: float) -> np.ndarray:
        """The share of each column (or row) that lies in [low, high]; shape (size,)."""
        inside = np.minimum(self._starts + self.pixel, high) - np.maximum(self._starts, low)
        return np.maximum(inside, 0.0) * self.size

    def intervals(self, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """`interval` for many at once; shape (n, size)."""
        inside = np.minimum(self._starts + self.pixel, high[:, None]) - np.maximum(self._starts, low[:, None])
        return np.maximum(inside, 0.0) * self.size

    def soft_interval(self, low: float, high: float, softness: float) -> np.ndarray:
        """`interval` with edges that fade over `softness`; shape (size,)."""
        softness = max(softness, self.pixel)
        rising = np.clip((self.centres - low) / softness + 0.5, 0.0, 1.0)
        return rising * np.clip((high - self.centres) / softness + 0.5, 0.0, 1.0)

    def coverage(self, inside: np.ndarray) -> np.ndarray:
        """Turns a distance to the edge (positive inside) into the share of the pixel that is covered."""
        return np.clip(inside * self.size + 0.5, 0.0, 1.0)


class Canvas:
    """A picture in the making: float64 planes (3, size, size), 0 is black and 1 is white."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self.planes = np.zeros((3, grid.size, grid.size))

    def paint(self, coverage: np.ndarray, colour: np.ndarray, where: Slices = EVERYWHERE) -> None:
        """Lays a colour, (3,) or (3, h, w), over what is there."""
        region = self.planes[:, where[0], where[1]]
        region += coverage * ((colour[:, None, None] if colour.ndim == 1 else colour) - region)

    def shade(self, coverage: np.ndarray, darkness: float, where: Slices = EVERYWHERE) -> None:
        """Takes light away: a share `darkness` of it where the coverage is 1. Negative darkness adds light."""
        self.planes[:, where[0], where[1]] *= 1.0 - darkness * coverage

    def box(
        self, left: float, top: float, right: float, bottom: float, colour: np.ndarray, opacity: float = 1.0
    ) -> None:
        """Paints a rectangle."""
        rows, columns = where = self.grid.part(left, top, right, bottom)
        down, across = self.grid.interval(top, bottom)[rows], self.grid.interval(left, right)[columns]
        self.paint(opacity * down[:, None] * across, colour, where)

    def to_uint8(self) -> np.ndarray:
        """(size, size, 3) uint8; the only place where anything is rounded."""
        return np.rint(np.clip(self.planes, 0.0, 1.0).transpose(1, 2, 0) * 255.0).astype(np.uint8)


def mix(first: np.ndarray, second: np.ndarray, share: float) -> np.ndarray:
    return first + share * (second - first)


def ramp(colours: Sequence[tuple[float, float, float]], place: float) -> np.ndarray:
    """The colour at `place` in [0, 1] on a path through evenly spaced colours; shape (3,)."""
    keys = np.linspace(0.0, 1.0, len(colours))
    return np.array([np.interp(place, keys, [colour[channel] for colour in colours]) for channel in range(3)])


def _weights(grid: Grid, cells: int, frequency: float, phase: float) -> np.ndarray:
    """(size, cells): how much each cell of a periodic texture, `frequency` cells to the picture, adds to a pixel."""
    samples = max(1, round(4 * frequency / grid.size), round(256 / grid.size))
    places = (np.arange(grid.size * samples) + 0.5) / (grid.size * samples) * frequency + phase * cells
    first = np.floor(places).astype(int)
    share = places - first
    # A smooth step instead of a straight line, so that no creases show at the cells' borders.
    share = share * share * (3 - 2 * share)
    weights = np.zeros((grid.size * samples, cells))
    index = np.arange(grid.size * samples)
    weights[index, first % cells] = 1 - share
    weights[index, (first + 1) % cells] = share
    return weights.reshape(grid.size, samples, cells).mean(axis=1)


def noise(grid: Grid, rng: np.random.Generator, across: int, down: int) -> np.ndarray:
    """Smooth noise of mean 0 and about [-1, 1], with so many bumps to the picture; shape (size, size)."""
    lattice = rng.uniform(-1.0, 1.0, size=(down + 1, across + 1))
    return _weights(grid, down + 1, down, 0.0) @ lattice @ _weights(grid, across + 1, across, 0.0).T


def masonry(
    grid: Grid,
    rng: np.random.Generator,
    height: float,
    width: float,
    joint: float,
    phase: tuple[float, float],
    joint_level: float,
    variety: float,
    relief: float,
) -> np.ndarray:
    """Courses of blocks, every other one shifted by half a block, as brightness of mean 1; shape (size, size).

    height, width, joint  of the blocks and of the mortar between them, in scene coordinates
    phase                 where the pattern starts, in blocks, each in [0, 1)
    joint_level           the mortar's brightness
    variety               how much blocks differ from each other
    relief                how much brighter their upper edge is, and darker their lower one
    """
    tops = (np.arange(int(np.ceil(1 / height)) + 2) - 1 - phase[1]) * height
    lefts = (np.arange(int(np.ceil(1 / width)) + 3) - 2 + phase[0]) * width
    tints = 1.0 + variety * rng.uniform(-1.7, 1.7, size=(len(tops), len(lefts)))
    rows = np.empty((len(tops), grid.size))
    plain = np.empty((len(tops), grid.size))
    for parity in (0, 1):
        start = lefts + parity * width / 2
        blocks = grid.intervals(start + joint / 2, start + width - joint / 2)
        rows[parity::2] = tints[parity::2] @ blocks
        plain[parity::2] = blocks.sum(axis=0)
    upper, lower = tops + joint / 2, tops + height - joint / 2
    edge = 0.2 * height
    # Each course covers a band of rows: one product sums them all.
    bands = grid.intervals(upper, lower)
    bevel = grid.intervals(upper, upper + edge) - grid.intervals(lower - edge, lower)
    blocks_share = (1 - joint / height) * (1 - joint / width)
    block_level = (1 - (1 - blocks_share) * joint_level) / blocks_share
    covered = bands.T @ plain
    return block_level * (bands.T @ rows) + relief * (bevel.T @ plain) + joint_level * (1 - covered)


@functools.lru_cache(maxsize=1)
def _leaf_tile() -> np.ndarray:
    """A periodic picture of overlapping leaves, brightness about [-1, 1]; (96, 96), read-only."""
    size = 96
    rng = np.random.default_rng(7)
    tile = np.full((size, size), -1.0)
    offsets = np.arange(-6, 7)
    for level in np.linspace(-0.7, 1.0, 420):
        x, y = rng.integers(size, size=2)
        angle = rng.uniform(0, np.pi)
        along = offsets[None, :] * np.cos(angle) + offsets[:, None] * np.sin(angle)
        away = offsets[:, None] * np.cos(angle) - offsets[None, :] * np.sin(angle)
        cover = np.clip((1 - np.hypot(along / 5.0, away / 2.6)) * 2.6 + 0.5, 0.0, 1.0)
        # The midrib splits a leaf into a bright and a dark half.
        colour = level + 0.16 * np.sign(away) + rng.normal(0, 0.1)
        rows, columns = (y + offsets) % size, (x + offsets) % size
        region = tile[np.ix_(rows, columns)]
        tile[np.ix_(rows, columns)] = region + cover * (colour - region)
    tile -= tile.mean()
    tile.setflags(write=False)
    return tile


def leaves(grid: Grid, phase: tuple[float, float]) -> np.ndarray:
    """Foliage as brightness of mean 0, about [-1, 1]; shape (size, size)."""
    tile = _leaf_tile()
    frequency = 2.2 * len(tile)
    down = _weights(grid, len(tile), frequency, phase[1])
    return down @ tile @ _weights(grid, len(tile), frequency, phase[0]).T
