"""Painting with mathematics: coordinates, blending, noise and round shapes, anti-aliased at any picture size.

A picture spans [0, 1] × [0, 1] with y downwards. Until it is rounded, once, it is float64 in [0, 1] and lies in three
planes (3, H, W), which NumPy works on several times as fast as on (H, W, 3).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Colour = tuple[float, float, float]
TABLE = 64  # noise repeats after so many cells; a power of two


def grid(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Pixel centres: x as a row (1, size), y as a column (size, 1)."""
    centres = (np.arange(size) + 0.5) / size
    return centres[None, :], centres[:, None]


def planes(colour: Colour | np.ndarray) -> np.ndarray:
    """One colour, three numbers, as planes (3, 1, 1) that go with all shapes; planes stay as they are."""
    colour = np.asarray(colour)
    return colour[:, None, None] if colour.ndim == 1 else colour


def to_bytes(picture: np.ndarray) -> np.ndarray:
    """Rounds planes (3, H, W) to uint8 (H, W, 3), or coverage (H, W) to uint8; what lies outside [0, 1] is clipped."""
    rounded = np.rint(np.clip(picture, 0.0, 1.0) * 255.0).astype(np.uint8)
    return np.ascontiguousarray(np.moveaxis(rounded, 0, 2)) if picture.ndim == 3 else rounded


def unit(value: np.ndarray) -> np.ndarray:
    """Clipped to [0, 1]. (Quicker than np.clip on the small arrays here.)"""
    return np.minimum(np.maximum(value, 0.0), 1.0)


def smoothstep(low: float | np.ndarray, high: float | np.ndarray, value: np.ndarray) -> np.ndarray:
    """0 below `low`, 1 above `high`, smooth between; the two may be swapped to fall instead."""
    t = unit((value - low) / (high - low))
    return t * t * (3.0 - 2.0 * t)


def mix(first: np.ndarray | Colour, second: np.ndarray | Colour, amount: float | np.ndarray) -> np.ndarray:
    """Planes between two colours or planes, for an amount (H, W) from 0 (the first) to 1 (the second)."""
    first, second = planes(first), planes(second)
    return first + amount * (second - first)


def blend(first: Colour, second: Colour, amount: float) -> Colour:
    """One colour between two, as three plain numbers."""
    return tuple(a + amount * (b - a) for a, b in zip(map(float, first), map(float, second), strict=True))


def lay_over(picture: np.ndarray, colour: np.ndarray | Colour, coverage: np.ndarray) -> None:
    """Paints in place: where coverage is 1, `colour` replaces what was there."""
    picture += coverage * (planes(colour) - picture)


class Noise:
    """Smooth generator fields over the plane, fixed by a seed: the same at whatever points they are looked up."""

    def __init__(self, seed: int) -> None:
        self.table = np.random.default_rng(seed).uniform(-1.0, 1.0, (TABLE, TABLE))

    def __call__(self, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """One value in [-1, 1] for each point; features are about 1 across. u and v broadcast together."""
        left, right, u = _cell(u)
        top, bottom, v = _cell(v)
        table = self.table
        if u.ndim == v.ndim == 2 and len(u) == 1 and v.shape[1] == 1:  # a grid: one direction after the other
            columns = table.take(left[0], axis=1)
            columns += u * (table.take(right[0], axis=1) - columns)
            above, below = columns.take(top[:, 0], axis=0), columns.take(bottom[:, 0], axis=0)
        else:
            top, bottom = top * TABLE, bottom * TABLE
            above, below = table.take(top + left), table.take(bottom + left)
            above += u * (table.take(top + right) - above)
            below += u * (table.take(bottom + right) - below)
        return above + v * (below - above)

    def fractal(
        self, u: np.ndarray, v: np.ndarray, octaves: int, pixel: float | np.ndarray, gain: float = 0.5
    ) -> np.ndarray:
        """Sum of `octaves` ever finer fields. `pixel` is a pixel's width in u, v: finer than that is left out."""
        total, amplitude, frequency = np.zeros(np.broadcast_shapes(u.shape, v.shape)), 1.0, 1.0
        for octave in range(octaves):
            kept = amplitude * unit(1.5 - 2.0 * frequency * pixel)
            if not kept.any():
                break  # and so it is for all that are finer
            total = total + kept * self(u * frequency + 17.3 * octave, v * frequency + 9.1 * octave)
            amplitude, frequency = amplitude * gain, frequency * 2.03
        return total


def _cell(places: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The numbers of the lattice points on both sides of these places, and how far on the way between them they are."""
    whole = np.floor(places)
    first, part = whole.astype(np.intp) & (TABLE - 1), places - whole
    return first, (first + 1) & (TABLE - 1), part * part * (3.0 - 2.0 * part)


def chain_distance(
    chains: Sequence[np.ndarray], x: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Limbs, each (N, 3) circles of x, y, radius joined by straight sides, seen from points that broadcast to (H, W).

    Returns the distance to the nearest limb's outline (negative inside) and the direction across that limb in units
    of its radius, (nx, ny): 0 on the axis, length 1 on the outline, so the x and y of a normal on a round body.
    """
    start = np.concatenate([chain[:-1] for chain in chains])[..., None, None]
    step = np.concatenate([chain[1:] - chain[:-1] for chain in chains])[..., None, None]
    dx, dy = x - start[:, 0], y - start[:, 1]
    length = np.maximum(step[:, 0] ** 2 + step[:, 1] ** 2, 1e-12)
    along = unit((dx * step[:, 0] + dy * step[:, 1]) / length)
    dx, dy = dx - along * step[:, 0], dy - along * step[:, 1]
    radius = start[:, 2] + along * step[:, 2]
    distance = np.sqrt(dx * dx + dy * dy) - radius
    nearest = distance.min(axis=0)
    # Averaged over the pieces that are about as near: the normal of the nearest alone jumps from piece to piece.
    weight = np.exp(60.0 * (nearest - distance))
    weight /= weight.sum(axis=0) * radius
    return nearest, (weight * dx).sum(axis=0), (weight * dy).sum(axis=0)


def polygon_distance(corners: Sequence[tuple[float, float]], x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Distance to the outline of a convex polygon, negative inside; corners clockwise where y points up."""
    ends = np.array(corners)
    along = np.roll(ends, -1, axis=0) - ends
    along /= np.hypot(along[:, :1], along[:, 1:])
    edges = [(y - py) * dx - (x - px) * dy for (px, py), (dx, dy) in zip(ends, along, strict=True)]
    return np.maximum.reduce(np.broadcast_arrays(*edges))


def coverage(distance: np.ndarray, pixel: float) -> np.ndarray:
    """How much of each pixel a shape covers, from the distance to its outline (negative inside)."""
    return unit(0.5 - distance / pixel)
