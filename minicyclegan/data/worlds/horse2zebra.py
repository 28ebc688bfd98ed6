"""The world `horse2zebra`: plain brown horses and zebras in the same landscapes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from minicyclegan.data.worlds.base import Domain, World


@dataclass(frozen=True)
class Scene:
    x: float
    y: float
    phase: float
    brown: tuple[float, float, float]


def sample_scene(random: np.random.Generator) -> Scene:
    return Scene(
        random.uniform(0.4, 0.6),
        random.uniform(0.5, 0.65),
        random.uniform(0, 6.28),
        (random.uniform(0.4, 0.65), random.uniform(0.25, 0.35), random.uniform(0.1, 0.2)),
    )


def _coverage(scene: Scene, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    y, x = (np.mgrid[:size, :size] + 0.5) / size
    distance = np.sqrt(((x - scene.x) / 0.3) ** 2 + ((y - scene.y) / 0.2) ** 2)
    return x, y, np.clip((1 - distance) * 0.2 * size + 0.5, 0, 1)


def render(scene: Scene, domain: Domain, size: int) -> np.ndarray:
    x, y, inside = _coverage(scene, size)
    sky, grass = np.array([0.6, 0.75, 0.95]), np.array([0.35, 0.55, 0.25])
    picture = np.where((y < 0.4)[..., None], sky, grass)
    stripes = 0.5 + 0.5 * np.sin((x + 0.2 * y) * 70 + scene.phase)
    coat = np.array(scene.brown) if domain == "A" else np.repeat(stripes[..., None], 3, axis=2)
    picture = picture + inside[..., None] * (coat - picture)
    return np.round(255 * np.clip(picture, 0, 1)).astype(np.uint8)


def truth(scene: Scene, size: int) -> dict[str, Any]:
    return {"mask": np.round(255 * _coverage(scene, size)[2]).astype(np.uint8), "stripe_phase": scene.phase}


HORSE2ZEBRA = World(
    name="horse2zebra",
    kind="unpaired",
    domains=("plain brown horses", "zebras"),
    description="plain brown horses and zebras in the same varied landscapes",
    sample_scene=sample_scene,
    render=render,
    truth=truth,
)
