"""The world `riders`: horse2zebra with people in the saddle, who never occur in training.

A network that has learned "everything on the meadow gets stripes" stripes the riders too. The true translation leaves
them as they are.
"""

from __future__ import annotations

import numpy as np

from minicyclegan.worlds.base import World
from minicyclegan.worlds.herd import sample_mounts
from minicyclegan.worlds.landscape import sample_landscape
from minicyclegan.worlds.meadow import Scene, render, truth
from minicyclegan.worlds.rider import sample_rider


def sample_scene(random: np.random.Generator) -> Scene:
    landscape = sample_landscape(random)
    animals = sample_mounts(random, landscape.horizon)
    return Scene(landscape, animals, tuple(sample_rider(random) for _ in animals))


RIDERS = World(
    "riders", "unpaired", ("riders on brown horses", "riders on zebras"),
    "the animals of horse2zebra with riders, never seen in training: only the animal should change",
    sample_scene, render, truth, test_only=True,
)  # fmt: skip
