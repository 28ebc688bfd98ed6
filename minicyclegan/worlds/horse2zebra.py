"""The world `horse2zebra`: plain brown horses and zebras in the same varied landscapes.

A scene holds both coats of each of its animals, so its true translation is known. Its silhouettes, shadows and
landscape are the same in both domains: only the coat, mane and tail change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from minicyclegan.worlds.animals import Animal, paint_animal
from minicyclegan.worlds.base import Domain, World
from minicyclegan.worlds.herd import sample_herd
from minicyclegan.worlds.landscape import Landscape, paint_landscape, sample_landscape
from minicyclegan.worlds.meadow import cast_shadow, hide_hooves
from minicyclegan.worlds.paint import to_bytes


@dataclass(frozen=True)
class Scene:
    landscape: Landscape
    animals: tuple[Animal, ...]  # from the farthest to the nearest


def sample_scene(random: np.random.Generator) -> Scene:
    landscape = sample_landscape(random)
    return Scene(landscape, sample_herd(random, landscape.horizon))


def render(scene: Scene, domain: Domain, size: int) -> np.ndarray:
    """The scene with horses (A) or zebras (B): (size, size, 3) uint8."""
    picture = paint_landscape(scene.landscape, size)
    light = scene.landscape.light
    layers = [paint_animal(animal, domain, light, size) for animal in scene.animals]
    for animal, layer in zip(scene.animals, layers, strict=True):
        cast_shadow(picture, layer, animal, light)
    for layer in layers:
        hide_hooves(layer, scene.landscape.soil.grass, scene.landscape.seed)
        layer.lay_on(picture)
    return to_bytes(picture)


def truth(scene: Scene, size: int) -> dict[str, Any]:
    """mask: the animals; coat: their skin, without manes, tails, hooves; style parameters of the nearest animal."""
    mask, coat = np.zeros((size, size)), np.zeros((size, size))
    for animal in scene.animals:
        layer = paint_animal(animal, "B", scene.landscape.light, size)
        hide_hooves(layer, scene.landscape.soil.grass, scene.landscape.seed)
        box = layer.rows, layer.columns
        mask[box] += layer.alpha * (1.0 - mask[box])
        coat[box] += layer.coat - layer.alpha * coat[box]
    nearest = scene.animals[-1]
    return {
        "mask": to_bytes(mask),
        "coat": to_bytes(coat),
        "animals": float(len(scene.animals)),
        "stripe_period": nearest.stripes.period * nearest.scale,
        "stripe_width": nearest.stripes.width,
        "stripe_phase": nearest.stripes.phase,
        "stripe_tilt": nearest.stripes.tilt,
        "coat_colour": np.array(nearest.coat.body),
        "facing": float(nearest.facing),
        "light": np.array(scene.landscape.light.toward),
    }


HORSE2ZEBRA = World(
    name="horse2zebra",
    kind="unpaired",
    domains=("plain brown horses", "zebras"),
    description="plain brown horses and zebras in the same varied landscapes",
    sample_scene=sample_scene,
    render=render,
    truth=truth,
)
