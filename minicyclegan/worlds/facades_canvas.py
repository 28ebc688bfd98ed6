"""What fronts are painted on and with: coverage of pixels by shapes, textures; all averaged over each pixel's area.

Shapes and textures are functions of scene coordinates, never of pixels. A picture of 64 px is therefore what averaging
a picture of 256 px gives, up to rounding at overlapping edges.
"""

from __future__ import annotations

import functools
import math

import numpy as np

from minicyclegan.worlds.paint import Colour, lay_over, unit


class Canvas:
    """A square picture in the making, or a rectangle of it; painted in place.

    planes  (3, h, w) float64, 0 is black and 1 is white; or the label map (h, w)
    where   its rows and columns in the whole picture
    x, y    its pixels' centres in scene coordinates: (1, w), (h, 1)
    """

    def __init__(self, whole: np.ndarray, rows: slice = slice(None), columns: slice = slice(None)) -> None:
        self.whole, self.where = whole, (rows, columns)
        self.size = whole.shape[-1]
        self.planes = whole[..., rows, columns]
        centres = (np.arange(self.size) + 0.5) / self.size
        self.x, self.y = centres[None, columns], centres[rows, None]

    def part(self, left: float, top: float, right: float, bottom: float) -> Canvas:
        """The pixels that a box touches; painting on the part paints here."""

        def touched(first: float, last: float) -> slice:
            start = min(max(math.floor(first * self.size), 0), self.size)
            return slice(start, max(min(math.ceil(last * self.size), self.size), start))

        return Canvas(self.whole, touched(top, bottom), touched(left, right))

    def across(self, low: float | np.ndarray, high: float | np.ndarray) -> np.ndarray:
        """The share of each column that lies in [low, high]: (w,), or (n, w) of n intervals."""
        return shares(self.size, low, high)[..., self.where[1]]

    def down(self, low: float, high: float) -> np.ndarray:
        """The share of each row that lies in [low, high]: (h, 1)."""
        return shares(self.size, low, high)[self.where[0], None]

    def soft(self, places: np.ndarray, low: float, high: float, softness: float) -> np.ndarray:
        """The same of x or y, in the shape of `places`, with edges that fade over `softness`."""
        softness = max(softness, 1.0 / self.size)
        return unit((places - low) / softness + 0.5) * unit((high - places) / softness + 0.5)

    def coverage(self, inside: np.ndarray) -> np.ndarray:
        """Turns a distance to the edge (positive inside) into the share of the pixel that is covered."""
        return unit(inside * self.size + 0.5)

    def paint(self, coverage: np.ndarray, colour: np.ndarray | Colour) -> None:
        """Lays a colour, (3,) or (3, h, w), over what is there."""
        lay_over(self.planes, colour, coverage)

    def shade(self, coverage: np.ndarray, darkness: float) -> None:
        """Takes light away: a share `darkness` of it where the coverage is 1."""
        self.planes *= 1.0 - darkness * coverage

    def box(self, left: float, top: float, right: float, bottom: float, colour: np.ndarray | Colour) -> None:
        """Paints a rectangle."""
        part = self.part(left, top, right, bottom)
        part.paint(part.down(top, bottom) * part.across(left, right), colour)


def shares(size: int, low: float | np.ndarray, high: float | np.ndarray) -> np.ndarray:
    """Of each of `size` pixels in a row, the share that lies in [low, high]: (size,), or (n, size) of n intervals."""
    starts = np.arange(size) / size
    low, high = np.asarray(low)[..., None], np.asarray(high)[..., None]
    return np.maximum(np.minimum(starts + 1.0 / size, high) - np.maximum(starts, low), 0.0) * size


def noise(size: int, generator: np.random.Generator, across: int, down: int) -> np.ndarray:
    """Smooth noise of mean 0 and about [-1, 1], with so many bumps to the picture; shape (size, size)."""
    lattice = generator.uniform(-1.0, 1.0, size=(down + 1, across + 1))
    return _weights(size, down + 1, down, 0.0) @ lattice @ _weights(size, across + 1, across, 0.0).T


def masonry(
    size: int, generator: np.random.Generator, height: float, width: float, joint: float, phase: tuple[float, float],
    joint_level: float, variety: float, relief: float,
) -> np.ndarray:  # fmt: skip
    """Courses of blocks, every other one shifted by half a block, as brightness of mean 1; shape (size, size).

    height, width, joint  of the blocks and of the mortar between them, in scene coordinates
    phase                 where the pattern starts, in blocks, each in [0, 1)
    joint_level           the mortar's brightness
    variety               how much blocks differ from each other
    relief                how much brighter their upper edge is, and darker their lower one
    """
    tops = (np.arange(int(np.ceil(1 / height)) + 2) - 1 - phase[1]) * height
    lefts = (np.arange(int(np.ceil(1 / width)) + 3) - 2 + phase[0]) * width
    tints = 1.0 + variety * generator.uniform(-1.7, 1.7, size=(len(tops), len(lefts)))
    rows, plain = np.empty((2, len(tops), size))
    for parity in (0, 1):
        start = lefts + parity * width / 2
        blocks = shares(size, start + joint / 2, start + width - joint / 2)
        rows[parity::2] = tints[parity::2] @ blocks
        plain[parity::2] = blocks.sum(axis=0)
    upper, lower = tops + joint / 2, tops + height - joint / 2
    edge = 0.2 * height
    # Each course covers a band of rows: one product sums them all.
    bands = shares(size, upper, lower)
    bevel = shares(size, upper, upper + edge) - shares(size, lower - edge, lower)
    blocks_share = (1 - joint / height) * (1 - joint / width)
    block_level = (1 - (1 - blocks_share) * joint_level) / blocks_share
    covered = bands.T @ plain
    return block_level * (bands.T @ rows) + relief * (bevel.T @ plain) + joint_level * (1 - covered)


def leaves(size: int, phase: tuple[float, float]) -> np.ndarray:
    """Foliage as brightness of mean 0, about [-1, 1]; shape (size, size)."""
    tile = _leaf_tile()
    frequency = 2.2 * len(tile)
    down = _weights(size, len(tile), frequency, phase[1])
    return down @ tile @ _weights(size, len(tile), frequency, phase[0]).T


@functools.cache
def _leaf_tile() -> np.ndarray:
    """A periodic picture of overlapping leaves, brightness about [-1, 1]; (96, 96), read-only."""
    size = 96
    generator = np.random.default_rng(7)
    tile = np.full((size, size), -1.0)
    offsets = np.arange(-6, 7)
    for level in np.linspace(-0.7, 1.0, 420):
        x, y = generator.integers(size, size=2)
        angle = generator.uniform(0, np.pi)
        along = offsets[None, :] * np.cos(angle) + offsets[:, None] * np.sin(angle)
        away = offsets[:, None] * np.cos(angle) - offsets[None, :] * np.sin(angle)
        cover = unit((1 - np.hypot(along / 5.0, away / 2.6)) * 2.6 + 0.5)
        # The midrib splits a leaf into a bright and a dark half.
        colour = level + 0.16 * np.sign(away) + generator.normal(0, 0.1)
        leaf = np.ix_((y + offsets) % size, (x + offsets) % size)
        tile[leaf] += cover * (colour - tile[leaf])
    tile -= tile.mean()
    tile.setflags(write=False)
    return tile


def _weights(size: int, cells: int, frequency: float, phase: float) -> np.ndarray:
    """(size, cells): how much each cell of a periodic texture, `frequency` cells to the picture, adds to a pixel."""
    samples = max(1, round(4 * frequency / size), round(256 / size))
    index = np.arange(size * samples)
    places = (index + 0.5) / (size * samples) * frequency + phase * cells
    first = np.floor(places).astype(int)
    share = places - first
    # A smooth step instead of a straight line, so that no creases show at the cells' borders.
    share = share * share * (3 - 2 * share)
    weights = np.zeros((size * samples, cells))
    weights[index, first % cells] = 1 - share
    weights[index, (first + 1) % cells] = share
    return weights.reshape(size, samples, cells).mean(axis=1)
