"""The world `horse2zebra`: plain brown horses and zebras in the same varied landscapes."""

from __future__ import annotations

import numpy as np

from minicyclegan.worlds.animals import Animal, sample_animal
from minicyclegan.worlds.base import World, pick
from minicyclegan.worlds.landscape import sample_landscape
from minicyclegan.worlds.meadow import Scene, render, truth


def sample_scene(generator: np.random.Generator) -> Scene:
    landscape = sample_landscape(generator)
    animals = _sample_herd(generator, landscape.horizon)
    return Scene(landscape, animals, riders=((),) * len(animals))


def _sample_herd(generator: np.random.Generator, horizon: float) -> tuple[Animal, ...]:
    """One to three animals, one of them large in the frame; the farthest first."""
    count = pick(generator, (1, 2, 3), (0.85, 0.12, 0.03))
    length = generator.uniform(0.68, 0.92) if count == 1 else generator.uniform(0.56, 0.70)
    room = (1.0 - length) / 2.0
    middle = 0.5 + generator.uniform(-room, room) * 0.9
    ground = generator.uniform(max(0.74, horizon + 0.30), 0.93)
    animals = [sample_animal(generator, length, middle, ground)]
    side = pick(generator, (-1, 1))
    for _ in range(count - 1):
        # Smaller and higher up: farther away on the same ground.
        farther = generator.uniform(0.62, 0.88)
        foot = horizon + (ground - horizon) * farther
        place = np.clip(middle + side * generator.uniform(0.28, 0.42), 0.15, 0.85)
        animals.append(sample_animal(generator, length * farther, place, foot))
        side = -side
    return tuple(sorted(animals, key=lambda animal: animal.ground))


HORSE2ZEBRA = World(
    "horse2zebra", "unpaired", ("plain brown horses", "zebras"),
    "plain brown horses and zebras in the same varied landscapes", sample_scene, render, truth,
)  # fmt: skip
