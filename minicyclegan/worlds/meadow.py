"""Animals on their ground, as horses or as zebras: the scenes of horse2zebra, riders and edges2photo.

A scene holds both coats of each of its animals, so its true translation is known. Silhouettes, shadows and landscape
are the same in both domains: only the coat, mane and tail change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from minicyclegan.worlds.animals import Animal, paint_animal
from minicyclegan.worlds.base import Domain
from minicyclegan.worlds.landscape import FLAT, Landscape, paint_landscape
from minicyclegan.worlds.layer import Layer
from minicyclegan.worlds.light import Light
from minicyclegan.worlds.paint import Noise, coverage, grid, to_bytes
from minicyclegan.worlds.rider import Part

TAPS = 3  # a shadow is so flat that a pixel of it is the mean of so many points of the figure


@dataclass(frozen=True)
class Scene:
    landscape: Landscape
    animals: tuple[Animal, ...]  # from the farthest to the nearest
    riders: tuple[tuple[Part, ...], ...]  # one for each animal, () for none

    def layers(self, domain: Domain, size: int) -> list[Layer]:
        """Each animal with its rider."""
        pairs = zip(self.animals, self.riders, strict=True)
        return [paint_animal(animal, domain, self.landscape.light, size, rider) for animal, rider in pairs]


def render(scene: Scene, domain: Domain, size: int) -> np.ndarray:
    """The scene with horses (A) or zebras (B): (size, size, 3) uint8."""
    picture = paint_landscape(scene.landscape, size)
    layers = scene.layers(domain, size)
    for animal, layer in zip(scene.animals, layers, strict=True):
        _cast_shadow(picture, layer, animal, scene.landscape.light)
    for layer in layers:
        hide_hooves(layer, scene.landscape)
        layer.lay_on(picture)
    return to_bytes(picture)


def truth(scene: Scene, size: int) -> dict[str, Any]:
    """What can be seen of the animals (mask), of their skin without manes, tails and hooves (coat), and of the riders,
    if there are any (rider); the coat and stripes of the nearest animal, and the light."""
    seen = np.zeros((3, size, size))
    for layer in scene.layers("B", size):
        hide_hooves(layer, scene.landscape)
        skin, rider = layer.shows
        layer.lay_on(seen, np.stack([layer.alpha - rider, skin, rider]))
    mask, coat, rider = map(to_bytes, seen)
    nearest = scene.animals[-1]
    return {
        "mask": mask,
        "coat": coat,
        **({"rider": rider} if any(scene.riders) else {}),
        "animals": float(len(scene.animals)),
        "stripe_period": nearest.stripes.period * nearest.scale,
        "stripe_width": nearest.stripes.width,
        "stripe_phase": nearest.stripes.phase,
        "stripe_tilt": nearest.stripes.tilt,
        "coat_colour": np.array(nearest.coat.body),
        "facing": float(nearest.facing),
        "light": np.array(scene.landscape.light.toward),
    }


def hide_hooves(layer: Layer, landscape: Landscape) -> None:
    """Takes away what blades of grass stand before."""
    grass, rows = landscape.soil.grass, layer.y[:, 0] < 0.14
    if grass < 0.2 or not rows.any():
        return
    low = slice(int(np.argmax(rows)), None)
    blades = Noise(landscape.seed + 5)
    height = 0.018 + 0.014 * blades(layer.x * 9.0, np.zeros(1)) + 0.016 * blades(layer.x * 55.0, np.ones(1))
    kept = 1.0 - coverage(layer.y[low] - grass * height, layer.pixel)
    for painted in (layer.alpha, layer.shows, layer.colour):
        painted[..., low, :] *= kept


def _cast_shadow(picture: np.ndarray, layer: Layer, animal: Animal, light: Light) -> None:
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
    """The figure's coverage at points so far to the right of its hooves' middle and above its ground, in body units."""
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
