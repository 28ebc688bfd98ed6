"""The world `edges2photo`: line drawings of horses and zebras on their meadows, and the pictures they were drawn from.

Lines say where things are and which animals are striped; colours and light are free.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from minicyclegan.worlds import horse2zebra
from minicyclegan.worlds.base import Domain, World
from minicyclegan.worlds.paint import to_bytes
from minicyclegan.worlds.sketch import sketch


@dataclass(frozen=True)
class Scene:
    scene: horse2zebra.Scene
    coat: Domain  # which of its coats the animals wear


def sample_scene(random: np.random.Generator) -> Scene:
    coat: Domain = "A" if random.uniform() < 0.5 else "B"
    return Scene(horse2zebra.sample_scene(random), coat)


def render(scene: Scene, domain: Domain, size: int) -> np.ndarray:
    """The drawing (A) or the picture (B): (size, size, 3) uint8."""
    if domain == "A":
        return to_bytes(sketch(scene.scene.landscape, scene.scene.animals, scene.coat, size))
    return horse2zebra.render(scene.scene, scene.coat, size)


def truth(scene: Scene, size: int) -> dict[str, Any]:
    """What is known of the horse2zebra scene, and whether its animals are zebras (1.0) or horses (0.0)."""
    return {**horse2zebra.truth(scene.scene, size), "zebras": float(scene.coat == "B")}


EDGES2PHOTO = World(
    name="edges2photo",
    kind="paired",
    domains=("line drawing", "picture"),
    description="line drawings of horses and zebras, and the pictures they were drawn from",
    sample_scene=sample_scene,
    render=render,
    truth=truth,
)
