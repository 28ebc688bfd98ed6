"""The world `riders`: horse2zebra with people in the saddle, who never occur in training.

A network that has learned "everything on the meadow gets stripes" stripes the riders too. The true translation leaves
them as they are.
"""

from __future__ import annotations

import numpy as np

from minicyclegan.worlds.animals import GAITS, Animal, sample_animal
from minicyclegan.worlds.base import World, pick
from minicyclegan.worlds.landscape import sample_landscape
from minicyclegan.worlds.meadow import Scene, render, truth
from minicyclegan.worlds.rider import sample_rider


def sample_scene(generator: np.random.Generator) -> Scene:
    landscape = sample_landscape(generator)
    animals = _sample_mounts(generator, landscape.horizon)
    return Scene(landscape, animals, tuple(sample_rider(generator) for _ in animals))


def _sample_mounts(generator: np.random.Generator, horizon: float) -> tuple[Animal, ...]:
    """One or two animals with room above for riders, none of them grazing; the farthest first."""
    count = pick(generator, (1, 2), (0.8, 0.2))
    length = generator.uniform(0.60, 0.82) if count == 1 else generator.uniform(0.52, 0.62)
    ground = generator.uniform(max(0.80, horizon + 0.34), 0.93)
    middle = 0.5 + generator.uniform(-0.5, 0.5) * (1.0 - length) * 0.9
    animals = [sample_animal(generator, length, middle, ground, GAITS[:3])]
    if count == 2:
        farther = generator.uniform(0.70, 0.88)
        place = np.clip(middle + pick(generator, (-1, 1)) * generator.uniform(0.30, 0.42), 0.15, 0.85)
        foot = horizon + (ground - horizon) * farther
        animals.insert(0, sample_animal(generator, length * farther, place, foot, GAITS[:3]))
    return tuple(animals)


RIDERS = World(
    "riders", "unpaired", ("riders on brown horses", "riders on zebras"),
    "the animals of horse2zebra with riders, never seen in training: only the animal should change",
    sample_scene, render, truth, test_only=True,
)  # fmt: skip
