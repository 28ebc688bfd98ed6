"""The world `circles2squares`: balls and blocks of the same colours on the same tables.

It exists to fail in an instructive way: the translation has to change shapes, and with them shadows, not surfaces.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from minicyclegan.worlds.base import Domain, World
from minicyclegan.worlds.light import Light, sample_sun
from minicyclegan.worlds.paint import Colour, Noise, coverage, grid, lay_over, planes, smoothstep, to_bytes
from minicyclegan.worlds.solids import Solid, ball_shadow, block_shadow, paint_ball, paint_block

TABLES = ((0.62, 0.50, 0.37), (0.72, 0.66, 0.56), (0.50, 0.42, 0.36), (0.58, 0.62, 0.66), (0.80, 0.78, 0.74))
WALLS = ((0.72, 0.78, 0.82), (0.80, 0.76, 0.70), (0.62, 0.70, 0.66), (0.78, 0.72, 0.76), (0.56, 0.60, 0.68))
PAINTS = (
    (0.80, 0.20, 0.17), (0.90, 0.52, 0.13), (0.93, 0.78, 0.20), (0.30, 0.60, 0.28), (0.16, 0.52, 0.56),
    (0.20, 0.38, 0.70), (0.48, 0.29, 0.60), (0.84, 0.45, 0.55),
)  # fmt: skip


@dataclass(frozen=True)
class Scene:
    solids: tuple[Solid, ...]  # from the farthest to the nearest; balls in A, blocks in B
    light: Light
    edge: float  # where the table ends and the wall begins
    table: Colour
    wall: Colour
    grain: float  # how clearly the wood of the table shows
    seed: int


def sample_scene(random: np.random.Generator) -> Scene:
    edge = random.uniform(0.22, 0.40)
    count = random.choice([1, 2, 3], p=[0.35, 0.40, 0.25])
    largest = {1: 0.30, 2: 0.21, 3: 0.165}[int(count)]
    # Side by side in slots of the picture, so that no solid hides another one entirely.
    order = random.permutation(count)
    solids = []
    for slot in range(count):
        radius = largest * random.uniform(0.62, 1.0)
        foot = edge + random.uniform(0.45, 0.85) * (1.0 - edge)
        colour = np.clip(np.array(PAINTS[random.integers(len(PAINTS))]) * random.uniform(0.85, 1.1, 3), 0.03, 0.97)
        solids.append(
            Solid(
                x=(order[slot] + random.uniform(0.38, 0.62)) / count,
                foot=float(min(foot, 0.94 - 0.4 * radius)),
                radius=float(radius * (0.75 + 0.25 * (foot - edge) / (1.0 - edge))),
                turn=float(random.uniform(12.0, 78.0)),
                colour=tuple(map(float, colour)),
                gloss=float(random.choice([0.05, 0.25, 0.55])),
            )
        )
    table = np.array(TABLES[random.integers(len(TABLES))]) * random.uniform(0.9, 1.1)
    wall = np.array(WALLS[random.integers(len(WALLS))]) * random.uniform(0.85, 1.1)
    return Scene(
        tuple(sorted(solids, key=lambda solid: solid.foot)), _sample_light(random, table), edge,
        tuple(table), tuple(wall), random.uniform(0.0, 1.0), int(random.integers(2**31)),
    )  # fmt: skip


def _sample_light(random: np.random.Generator, table: np.ndarray) -> Light:
    toward = sample_sun(random, height=(34.0, 58.0), around=(20.0, 70.0))
    warm = random.uniform(0.0, 0.12)
    return Light(toward, (0.74 + warm / 2, 0.72, 0.72 - warm), (0.42, 0.43, 0.45), tuple(0.45 * table))


def render(scene: Scene, domain: Domain, size: int) -> np.ndarray:
    """Balls (A) or blocks (B): (size, size, 3) uint8."""
    picture = _paint_room(scene, size)
    shadow, paint = (ball_shadow, paint_ball) if domain == "A" else (block_shadow, paint_block)
    for solid in scene.solids:
        below = shadow(solid, scene.light, size) * coverage(scene.edge - grid(size)[1], 1.0 / size)
        picture *= 1.0 - below
    for solid in scene.solids:
        paint(picture, solid, scene.light)
    return to_bytes(picture)


def truth(scene: Scene, size: int) -> dict[str, Any]:
    """mask_round and mask_square: the balls and the blocks; where the solids stand, how large, their colours."""
    return {
        "mask_round": _mask(scene, paint_ball, size),
        "mask_square": _mask(scene, paint_block, size),
        "places": np.array([(solid.x, solid.foot) for solid in scene.solids]),
        "radii": np.array([solid.radius for solid in scene.solids]),
        "turns": np.array([solid.turn for solid in scene.solids]),
        "colours": np.array([solid.colour for solid in scene.solids]),
        "light": np.array(scene.light.toward),
    }


def _mask(scene: Scene, paint: Callable[[np.ndarray, Solid, Light], np.ndarray], size: int) -> np.ndarray:
    covers = [paint(np.zeros((3, size, size)), solid, scene.light) for solid in scene.solids]
    return to_bytes(np.max(covers, axis=0))


def _paint_room(scene: Scene, size: int) -> np.ndarray:
    """The table before its wall, brighter towards the light."""
    x, y = grid(size)
    noise = Noise(scene.seed)
    side = scene.light.toward[0]
    glow = 1.0 - 0.28 * smoothstep(0.2, 1.1, np.hypot(x - 0.5 - 0.5 * side, (y - 0.1) * 0.9))
    plaster = 1.0 + 0.02 * noise.fractal(x * 12.0, y * 12.0, 4, 12.0 / size)
    picture = planes(scene.wall) * (glow * plaster)

    below = np.maximum(y - scene.edge, 0.0)
    distance = 0.9 / (below + 0.55)  # seen from above: the table narrows little towards the wall
    u, v = (x - 0.5) * distance, distance * 2.0
    boards = noise.fractal(u * 2.5 + 4.0, v * 26.0, 4, 26.0 * 2.0 * distance**2 / 0.9 / size, 0.6)
    light = glow * (0.92 + 0.12 * smoothstep(0.0, 0.6, below))
    table = planes(scene.table) * (light * (1.0 + 0.16 * scene.grain * boards))
    lay_over(picture, table, coverage(scene.edge - y, 1.0 / size))
    seam = np.exp(-(((y - scene.edge) / 0.02) ** 2))
    return picture * (1.0 - 0.22 * seam)


CIRCLES2SQUARES = World(
    "circles2squares", "unpaired", ("balls", "blocks"),
    "balls and blocks on the same tables: the shape would have to change, so it fails instructively",
    sample_scene, render, truth,
)  # fmt: skip
