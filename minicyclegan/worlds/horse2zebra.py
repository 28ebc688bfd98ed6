"""The world `horse2zebra`: plain brown horses and zebras in the same varied landscapes."""

from __future__ import annotations

import numpy as np

from minicyclegan.worlds.base import World
from minicyclegan.worlds.herd import sample_herd
from minicyclegan.worlds.landscape import sample_landscape
from minicyclegan.worlds.meadow import Scene, render, truth


def sample_scene(random: np.random.Generator) -> Scene:
    landscape = sample_landscape(random)
    animals = sample_herd(random, landscape.horizon)
    return Scene(landscape, animals, riders=(None,) * len(animals))


HORSE2ZEBRA = World(
    "horse2zebra", "unpaired", ("plain brown horses", "zebras"),
    "plain brown horses and zebras in the same varied landscapes", sample_scene, render, truth,
)  # fmt: skip
