"""The world `circles2squares`: balls and blocks of the same colours on the same tables.

It exists to fail in an instructive way: the translation has to change shapes, and with them shadows, not surfaces.
All is seen from afar and a little from above.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minicyclegan.worlds.base import Domain, World, new_seed, pick
from minicyclegan.worlds.light import UPWARD, Light, sample_sun
from minicyclegan.worlds.paint import (
    Colour,
    Noise,
    coverage,
    grid,
    lay_over,
    planes,
    polygon_distance,
    smoothstep,
    to_bytes,
    unit,
)

TABLES = ((0.62, 0.50, 0.37), (0.72, 0.66, 0.56), (0.50, 0.42, 0.36), (0.58, 0.62, 0.66), (0.80, 0.78, 0.74))
WALLS = ((0.72, 0.78, 0.82), (0.80, 0.76, 0.70), (0.62, 0.70, 0.66), (0.78, 0.72, 0.76), (0.56, 0.60, 0.68))
PAINTS = (
    (0.80, 0.20, 0.17), (0.90, 0.52, 0.13), (0.93, 0.78, 0.20), (0.30, 0.60, 0.28), (0.16, 0.52, 0.56),
    (0.20, 0.38, 0.70), (0.48, 0.29, 0.60), (0.84, 0.45, 0.55),
)  # fmt: skip
LOOK_DOWN = np.radians(24.0)  # how steeply the camera looks at the table
SQUASH, RISE = np.sin(LOOK_DOWN), np.cos(LOOK_DOWN)  # how long things look that lie on the table, and that stand on it
BLOCK = 1.62  # a block's edge, in radii of the ball: so both look about as large
DARK = 0.50  # how much of the light a full shadow takes away


@dataclass(frozen=True)
class Solid:
    """A ball or a block: where it stands in the picture (x, foot), the ball's radius in picture widths, by how many
    degrees the block is turned, the colour of both and how much they mirror the light."""

    x: float
    foot: float
    radius: float
    turn: float
    colour: Colour
    gloss: float


@dataclass(frozen=True)
class Scene:
    solids: tuple[Solid, ...]  # from the farthest to the nearest; balls in A, blocks in B
    light: Light
    edge: float  # where the table ends and the wall begins
    table: Colour
    wall: Colour
    grain: float  # how clearly the wood of the table shows
    seed: int


def sample_scene(generator: np.random.Generator) -> Scene:
    edge = generator.uniform(0.22, 0.40)
    count = pick(generator, (1, 2, 3), (0.35, 0.40, 0.25))
    largest = {1: 0.30, 2: 0.21, 3: 0.165}[count]
    # Side by side in slots of the picture, so that no solid hides another one entirely.
    order = generator.permutation(count)
    solids = []
    for slot in range(count):
        radius = largest * generator.uniform(0.62, 1.0)
        foot = edge + generator.uniform(0.45, 0.85) * (1.0 - edge)
        colour = np.clip(np.array(pick(generator, PAINTS)) * generator.uniform(0.85, 1.1, 3), 0.03, 0.97)
        x, nearer = (order[slot] + generator.uniform(0.38, 0.62)) / count, (foot - edge) / (1.0 - edge)
        turn, gloss = generator.uniform(12.0, 78.0), pick(generator, (0.05, 0.25, 0.55))
        foot, radius = min(foot, 0.94 - 0.4 * radius), radius * (0.75 + 0.25 * nearer)
        solids.append(Solid(x, foot, radius, turn, tuple(colour), gloss))
    table = np.array(pick(generator, TABLES)) * generator.uniform(0.9, 1.1)
    wall = np.array(pick(generator, WALLS)) * generator.uniform(0.85, 1.1)
    return Scene(
        tuple(sorted(solids, key=lambda solid: solid.foot)), _sample_light(generator, table), edge,
        tuple(table), tuple(wall), generator.uniform(0.0, 1.0), new_seed(generator),
    )  # fmt: skip


def _sample_light(generator: np.random.Generator, table: np.ndarray) -> Light:
    toward = sample_sun(generator, height=(34.0, 58.0), around=(20.0, 70.0))
    warm = generator.uniform(0.0, 0.12)
    return Light(toward, (0.74 + warm / 2, 0.72, 0.72 - warm), (0.42, 0.43, 0.45), tuple(0.45 * table))


def render(scene: Scene, domain: Domain, size: int) -> np.ndarray:
    """Balls (A) or blocks (B): (size, size, 3) uint8."""
    picture = _paint_room(scene, size)
    shadow, paint = (_ball_shadow, _paint_ball) if domain == "A" else (_block_shadow, _paint_block)
    for solid in scene.solids:
        below = shadow(solid, scene.light, size) * coverage(scene.edge - grid(size)[1], 1.0 / size)
        picture *= 1.0 - below
    for solid in scene.solids:
        paint(picture, solid, scene.light)
    return to_bytes(picture)


def truth(scene: Scene, size: int) -> dict[str, Any]:
    """mask_round and mask_square: the balls and the blocks; where the solids stand, how large, their colours."""
    return {
        "mask_round": _mask(scene, _paint_ball, size),
        "mask_square": _mask(scene, _paint_block, size),
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


def _paint_ball(picture: np.ndarray, solid: Solid, light: Light) -> np.ndarray:
    """Paints the ball in place and returns its coverage (size, size)."""
    x, y = grid(picture.shape[2])
    dx, dy = (x - solid.x) / solid.radius, (solid.foot - RISE * solid.radius - y) / solid.radius
    distance = np.hypot(dx, dy)
    shorter = np.minimum(1.0, 0.999 / np.maximum(distance, 1e-9))
    nx, up = dx * shorter, dy * shorter
    front = np.sqrt(1.0 - nx * nx - up * up)
    cover = coverage((distance - 1.0) * solid.radius, 1.0 / picture.shape[2])
    normal = nx, up * RISE + front * SQUASH, front * RISE - up * SQUASH
    _paint_surface(picture, solid, light, normal, cover)
    return cover


def _paint_block(picture: np.ndarray, solid: Solid, light: Light) -> np.ndarray:
    """Paints the block in place and returns its coverage (size, size)."""
    x, y = grid(picture.shape[2])
    u, v = (x - solid.x) / solid.radius, (solid.foot - y) / solid.radius
    base = _base(solid)
    low = base * (1.0, -SQUASH)  # the corners on the screen, y up
    high = low + np.array([0.0, BLOCK * RISE])
    front = int(np.argmin(low[:, 1]))
    left, right = sorted([(front - 1) % 4, (front + 1) % 4], key=lambda corner: low[corner, 0])
    back = (front + 2) % 4

    # The three faces that the viewer sees, with their normals.
    faces = [[low[front], low[left], high[left], high[front]], [low[front], high[front], high[right], low[right]],
             [high[front], high[left], high[back], high[right]]]  # fmt: skip
    normals = np.array([_outward(base[front], base[left]), _outward(base[front], base[right]), UPWARD])
    distances = np.stack([polygon_distance(corners, u, v) for corners in faces])
    outline = [low[front], low[left], high[left], high[back], high[right], low[right]]
    cover = coverage(polygon_distance(outline, u, v) * solid.radius, 1.0 / picture.shape[2])
    # Rounded edges: near one, the normals of the faces that meet there are averaged.
    weights = np.exp(-28.0 * np.maximum(distances, -0.25))
    normal = np.einsum("fhw,fc->chw", weights, normals)
    normal /= np.sqrt((normal * normal).sum(axis=0))
    _paint_surface(picture, solid, light, normal, cover)
    return cover


def _paint_surface(
    picture: np.ndarray, solid: Solid, light: Light, normal: Sequence[np.ndarray], cover: np.ndarray
) -> None:
    _, y = grid(picture.shape[2])
    near_table = 1.0 - 0.35 * smoothstep(0.5, 0.0, (solid.foot + 0.1 * solid.radius - y) / solid.radius)
    mirrored = (solid.gloss * light.highlight(*normal)) ** 1.5
    lay_over(picture, planes(solid.colour) * light.received(*normal) * near_table + mirrored, cover)


def _ball_shadow(solid: Solid, light: Light, size: int) -> np.ndarray:
    """How much of the light the ball takes from each pixel of the table, 0 .. 1 (size, size)."""
    right, toward, (away_x, away_z), lean = _on_table(solid, light, size)
    along, across = right * away_x + toward * away_z, right * away_z - toward * away_x
    stretch = np.hypot(1.0, lean)
    distance = np.hypot((along - lean) / stretch, across)
    soft = smoothstep(1.12, 0.80, distance)
    touch = np.exp(-((right / 0.55) ** 2) - (toward / 0.55) ** 2)
    return unit(DARK * soft + 0.35 * touch)


def _block_shadow(solid: Solid, light: Light, size: int) -> np.ndarray:
    """How much of the light the block takes from each pixel of the table, 0 .. 1 (size, size)."""
    right, toward, (away_x, away_z), lean = _on_table(solid, light, size)
    base = _base(solid)
    moved = base + BLOCK * lean * np.array([away_x, away_z])
    soft = smoothstep(0.10, -0.12, polygon_distance(_hull([*base, *moved]), right, toward))
    touch = smoothstep(0.22, -0.05, polygon_distance(_hull(base), right, toward))
    return unit(DARK * soft + 0.25 * touch)


def _on_table(solid: Solid, light: Light, size: int) -> tuple[np.ndarray, np.ndarray, tuple[float, float], float]:
    """Where each pixel lies on the table, seen from the solid's foot and in its radii: how far to the right, and how
    far towards the viewer. Then the direction in which shadows fall, and how long they are for a height of 1."""
    x, y = grid(size)
    sun_x, sun_y, sun_z = light.toward
    flat = float(np.hypot(sun_x, sun_z))
    right, toward = (x - solid.x) / solid.radius, (y - solid.foot) / (SQUASH * solid.radius)
    return right, toward, (-sun_x / flat, -sun_z / flat), flat / sun_y


def _base(solid: Solid) -> np.ndarray:
    """The corners of a block's base on the table, (4, 2): to the right and towards the viewer."""
    angles = np.radians(solid.turn + 90.0 * np.arange(4))
    return BLOCK / np.sqrt(2.0) * np.column_stack([np.cos(angles), np.sin(angles)])


def _outward(first: np.ndarray, second: np.ndarray) -> tuple[float, float, float]:
    """The normal (right, up, towards the viewer) of the face above an edge of the base."""
    x, z = (first + second) / 2.0
    length = np.hypot(x, z)
    return x / length, 0.0, z / length


def _hull(points: Iterable[np.ndarray]) -> list[tuple[float, float]]:
    """The convex hull of points (2,), clockwise where the second coordinate points up."""

    def half(ordered: list[tuple[float, float]]) -> list[tuple[float, float]]:
        kept: list[tuple[float, float]] = []
        for point in ordered:
            while len(kept) > 1 and _turn(kept[-2], kept[-1], point) >= -1e-9:
                kept.pop()
            kept.append(point)
        return kept[:-1]

    ordered = sorted((x, y) for x, y in points)
    return half(ordered) + half(ordered[::-1])


def _turn(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    """Positive where the way from a over b to c turns left."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


CIRCLES2SQUARES = World(
    "circles2squares", "unpaired", ("balls", "blocks"),
    "balls and blocks on the same tables: the shape would have to change, so it fails instructively",
    sample_scene, render, truth,
)  # fmt: skip
