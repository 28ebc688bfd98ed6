"""The world `riders`: horse2zebra with people in the saddle, who never occur in training.

A network that has learned "everything on the meadow gets stripes" stripes the riders too. The true translation leaves
them as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from minicyclegan.worlds.anatomy import pose_body
from minicyclegan.worlds.animals import Animal, paint_animal
from minicyclegan.worlds.base import Domain, World
from minicyclegan.worlds.herd import sample_mounts
from minicyclegan.worlds.landscape import Landscape, paint_landscape, sample_landscape
from minicyclegan.worlds.layer import Layer
from minicyclegan.worlds.meadow import cast_shadow, hide_hooves
from minicyclegan.worlds.paint import to_bytes
from minicyclegan.worlds.rider import Rider, sample_rider


@dataclass(frozen=True)
class Scene:
    landscape: Landscape
    animals: tuple[Animal, ...]  # from the farthest to the nearest
    riders: tuple[Rider, ...]  # one for each animal


def sample_scene(random: np.random.Generator) -> Scene:
    landscape = sample_landscape(random)
    animals = sample_mounts(random, landscape.horizon)
    return Scene(landscape, animals, tuple(sample_rider(random) for _ in animals))


def render(scene: Scene, domain: Domain, size: int) -> np.ndarray:
    """Riders on horses (A) or zebras (B): (size, size, 3) uint8."""
    picture = paint_landscape(scene.landscape, size)
    light = scene.landscape.light
    layers = [
        paint_animal(animal, domain, light, size, rider)
        for animal, rider in zip(scene.animals, scene.riders, strict=True)
    ]
    for animal, layer in zip(scene.animals, layers, strict=True):
        cast_shadow(picture, layer, animal, light)
    for layer in layers:
        _ground(scene, layer)
        layer.lay_on(picture)
    return to_bytes(picture)


def truth(scene: Scene, size: int) -> dict[str, Any]:
    """mask: the animals; rider: the riders, both as far as they are seen; parameters of the nearest animal."""
    mask, people = np.zeros((size, size)), np.zeros((size, size))
    for animal, rider in zip(scene.animals, scene.riders, strict=True):
        layer = paint_animal(animal, "B", scene.landscape.light, size, rider)
        without = layer.alpha.copy()
        layer.alpha[:] = 0.0
        rider.paint(layer, pose_body(animal.pose), scene.landscape.light)
        seen = layer.alpha.copy()
        layer.alpha[:] = without
        _ground(scene, layer)
        box = layer.rows, layer.columns
        mask[box] = mask[box] * (1.0 - layer.alpha) + np.maximum(layer.alpha - seen, 0.0)
        people[box] = people[box] * (1.0 - layer.alpha) + np.minimum(seen, layer.alpha)
    nearest = scene.animals[-1]
    return {
        "mask": to_bytes(mask),
        "rider": to_bytes(people),
        "stripe_period": nearest.stripes.period * nearest.scale,
        "stripe_phase": nearest.stripes.phase,
        "coat_colour": np.array(nearest.coat.body),
        "light": np.array(scene.landscape.light.toward),
    }


def _ground(scene: Scene, layer: Layer) -> None:
    hide_hooves(layer, scene.landscape.soil.grass, scene.landscape.seed)


RIDERS = World(
    name="riders",
    kind="unpaired",
    domains=("riders on brown horses", "riders on zebras"),
    description="the animals of horse2zebra with riders, never seen in training: only the animal should change",
    sample_scene=sample_scene,
    render=render,
    truth=truth,
    test_only=True,
)
