"""The light of a scene: one sun, the sky's light from above, and what the ground throws back from below."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from minicyclegan.worlds.paint import Colour, planes, unit


@dataclass(frozen=True)
class Light:
    """Colours of light are factors: an average surface facing the sun under the open sky adds up to about 1.

    toward  unit vector to the sun: x to the right of the picture, y up, z out of the picture to the viewer
    sun     what the sun adds on a surface that faces it
    sky     what arrives from above in the shade
    bounce  what arrives from below
    """

    toward: tuple[float, float, float]
    sun: Colour
    sky: Colour
    bounce: Colour


def shade(
    light: Light, nx: np.ndarray, ny: np.ndarray, nz: np.ndarray, gloss: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """What a surface with the normal (nx, ny, nz), y up, receives (3, ...), and what it mirrors of the sun (...)."""
    x, y, z = light.toward
    facing = nx * x + ny * y + nz * z
    # Wrapped a little around the edge, as on anything with hair or leaves.
    lit = unit((facing + 0.25) / 1.25)
    above = 0.5 + 0.5 * ny
    received = planes(light.sun) * lit
    received += planes(np.subtract(light.sky, light.bounce)) * above
    received += planes(light.bounce)
    if gloss == 0.0:
        return received, np.zeros_like(nx)
    # Blinn's half vector between the sun and a viewer straight in front of the picture.
    length = np.sqrt(2.0 + 2.0 * z)
    half = unit((nx * x + ny * y + nz * (z + 1.0)) / length)
    return received, gloss * half**14
