"""The light of a scene: one sun, the sky's light from above, and what the ground throws back from below."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from minicyclegan.worlds.base import pick
from minicyclegan.worlds.paint import Colour, planes, unit

Component = float | np.ndarray  # of a normal: x to the right, y up, z to the viewer
Vector = tuple[float, float, float]
UPWARD: Vector = (0.0, 1.0, 0.0)  # the normal of level ground


@dataclass(frozen=True)
class Light:
    """Colours of light are factors: an average surface facing the sun under the open sky adds up to about 1.

    toward  unit vector to the sun: x to the right of the picture, y up, z out of the picture to the viewer
    sun     what the sun adds on a surface that faces it
    sky     what arrives from above in the shade
    bounce  what arrives from below
    """

    toward: Vector
    sun: Colour
    sky: Colour
    bounce: Colour

    def received(self, nx: Component, ny: Component, nz: Component) -> np.ndarray:
        """The light that falls on a surface with the normal (nx, ny, nz): (3, ...)."""
        x, y, z = self.toward
        # The sun reaches a little around the edge, as on anything with hair or leaves.
        received = planes(self.sun) * unit((nx * x + ny * y + nz * z + 0.25) / 1.25)
        received += planes(np.subtract(self.sky, self.bounce)) * (0.5 + 0.5 * ny)
        received += planes(self.bounce)
        return received

    def highlight(self, nx: Component, ny: Component, nz: Component) -> np.ndarray:
        """How much of the sun a smooth surface mirrors to a viewer straight in front of the picture, 0 .. 1."""
        x, y, z = self.toward
        # Blinn's half vector, between the directions to the sun and to the viewer.
        return unit((nx * x + ny * y + nz * (z + 1.0)) / np.sqrt(2.0 + 2.0 * z)) ** 14

    def flipped(self, side: float) -> Light:
        """The light as a figure sees it that is mirrored left to right (side -1) or not (1)."""
        x, y, z = self.toward
        return replace(self, toward=(x * side, y, z))


def sample_sun(generator: np.random.Generator, height: tuple[float, float], around: tuple[float, float]) -> Vector:
    """A unit vector to a sun so high, and so far to the left or right of the viewer: two ranges in degrees."""
    up, aside = np.radians(generator.uniform(*height)), np.radians(generator.uniform(*around))
    side = pick(generator, (-1, 1))
    return side * float(np.cos(up) * np.sin(aside)), float(np.sin(up)), float(np.cos(up) * np.cos(aside))
