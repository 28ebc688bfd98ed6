"""What ties an animal to its ground: its shadow, and the grass around its hooves."""

from __future__ import annotations

import numpy as np

from minicyclegan.worlds.animals import Animal
from minicyclegan.worlds.layer import Layer
from minicyclegan.worlds.light import Light
from minicyclegan.worlds.paint import Noise, coverage, grid

FLAT = 0.16  # how much of a thing's height its shadow takes on the ground towards the viewer
TAPS = 3  # looks at the figure for each pixel of its shadow, which is squeezed to FLAT


def hide_hooves(layer: Layer, grass: float, seed: int) -> None:
    """Takes away what blades of grass stand before; `grass` 0 .. 1 is how high it grows."""
    if grass < 0.2:
        return
    rows = layer.y[:, 0] < 0.14
    if not rows.any():
        return
    first = int(np.argmax(rows))
    blades = Noise(seed + 5)
    height = 0.018 + 0.014 * blades(layer.x * 9.0, np.zeros(1)) + 0.016 * blades(layer.x * 55.0, np.ones(1))
    kept = 1.0 - coverage(layer.y[first:] - grass * height, layer.pixel)
    layer.alpha[first:] *= kept
    layer.coat[first:] *= kept
    layer.colour[:, first:] *= kept


def cast_shadow(picture: np.ndarray, layer: Layer, animal: Animal, light: Light) -> None:
    """Darkens the ground where the animal keeps the sun off, and softly right under it."""
    size = picture.shape[2]
    x, y = grid(size)
    rows = slice(int((animal.ground - 0.08 * animal.scale) * size), size)
    down = (y[rows] - animal.ground) / animal.scale + 0.02  # on the ground, towards the viewer
    right = (x - animal.x) / animal.scale
    lean = -0.75 * light.toward[0] / light.toward[1]
    strength = min(0.62, 0.62 * sum(light.sun) / 2.0)

    shadow = np.zeros(np.broadcast_shapes(down.shape, right.shape))
    for tap in (np.arange(TAPS) + 0.5) / TAPS - 0.5:
        height = down / FLAT + tap * 2.0 * layer.pixel / FLAT * 0.5
        shadow += _looked_up(layer, animal, right - lean * height, height) / TAPS
    soft = np.exp(-(((right - 0.02) / 0.62) ** 2) - ((down - 0.05) / 0.09) ** 2)
    picture[:, rows] *= (1.0 - strength * shadow) * (1.0 - 0.42 * soft)


def _looked_up(layer: Layer, animal: Animal, right: np.ndarray, height: np.ndarray) -> np.ndarray:
    """The figure's coverage at points right of its hooves' middle and above its ground, in heights of its withers."""
    if min(layer.alpha.shape) < 2:  # nothing to look up between
        return 0.0 * (right + height)
    column = (right * animal.facing / animal.slim - layer.x[0, 0]) / layer.step
    row = (layer.y[0, 0] - height) / layer.pixel
    left, top = np.floor(column), np.floor(row)
    u, v = column - left, row - top
    inside = (left >= 0) & (top >= 0) & (left < layer.x.size - 1) & (top < layer.y.size - 1)
    left, top = np.where(inside, left, 0).astype(np.intp), np.where(inside, top, 0).astype(np.intp)
    alpha = layer.alpha
    above = alpha[top, left] * (1.0 - u) + alpha[top, left + 1] * u
    below = alpha[top + 1, left] * (1.0 - u) + alpha[top + 1, left + 1] * u
    return np.where(inside, above + v * (below - above), 0.0)
