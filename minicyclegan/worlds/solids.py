"""A ball and a block standing on a table, lit, with their shadows; seen from afar and a little from above."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from minicyclegan.worlds.light import Light
from minicyclegan.worlds.paint import Colour, coverage, grid, lay_over, planes, polygon_distance, smoothstep, unit

LOOK_DOWN = np.radians(24.0)  # how steeply the camera looks at the table
SQUASH, RISE = float(np.sin(LOOK_DOWN)), float(np.cos(LOOK_DOWN))  # of what lies on it, and of what stands on it
BLOCK = 1.62  # a block's edge for a ball's radius of 1: about as large to the eye
DARK = 0.50  # of a full shadow


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


def paint_ball(picture: np.ndarray, solid: Solid, light: Light) -> np.ndarray:
    """Paints in place and returns the coverage (size, size)."""
    x, y = grid(picture.shape[2])
    dx, dy = (x - solid.x) / solid.radius, (solid.foot - RISE * solid.radius - y) / solid.radius
    distance = np.hypot(dx, dy)
    shorter = np.minimum(1.0, 0.999 / np.maximum(distance, 1e-9))
    nx, up = dx * shorter, dy * shorter
    front = np.sqrt(1.0 - nx * nx - up * up)
    cover = coverage((distance - 1.0) * solid.radius, 1.0 / picture.shape[2])
    _paint_surface(picture, solid, light, nx, up * RISE + front * SQUASH, front * RISE - up * SQUASH, cover)
    return cover


def paint_block(picture: np.ndarray, solid: Solid, light: Light) -> np.ndarray:
    """Paints in place and returns the coverage (size, size)."""
    x, y = grid(picture.shape[2])
    u, v = (x - solid.x) / solid.radius, (solid.foot - y) / solid.radius
    base, height = _base(solid), BLOCK
    screen = [(cx, -cz * SQUASH) for cx, cz in base]  # y up; z comes towards the viewer
    front = int(np.argmin([cy for _, cy in screen]))
    left, right, back = (front - 1) % 4, (front + 1) % 4, (front + 2) % 4
    if screen[left][0] > screen[right][0]:
        left, right = right, left
    lifted = [(cx, cy + height * RISE) for cx, cy in screen]

    # Its three faces to the viewer; the outline is what lies in none of them.
    faces = (
        ([screen[front], screen[left], lifted[left], lifted[front]], _outward(base, front, left)),
        ([screen[front], lifted[front], lifted[right], screen[right]], _outward(base, front, right)),
        ([lifted[front], lifted[left], lifted[back], lifted[right]], (0.0, 1.0, 0.0)),
    )
    distances = np.stack([polygon_distance(corners, u, v) for corners, _ in faces])
    outline = [screen[front], screen[left], lifted[left], lifted[back], lifted[right], screen[right]]
    cover = coverage(polygon_distance(outline, u, v) * solid.radius, 1.0 / picture.shape[2])
    # Rounded edges: near one, the normals of the faces that meet there are averaged.
    weights = np.exp(-28.0 * np.maximum(distances, -0.25))
    normal = np.einsum("fhw,fc->chw", weights, np.array([normal for _, normal in faces]))
    normal /= np.sqrt((normal * normal).sum(axis=0))
    _paint_surface(picture, solid, light, *normal, cover)
    return cover


def _paint_surface(
    picture: np.ndarray, solid: Solid, light: Light, nx: np.ndarray, ny: np.ndarray, nz: np.ndarray, cover: np.ndarray
) -> None:
    mirrored = solid.gloss * light.highlight(nx, ny, nz)
    _, y = grid(picture.shape[2])
    near_table = 1.0 - 0.35 * smoothstep(0.5, 0.0, (solid.foot + 0.1 * solid.radius - y) / solid.radius)
    colour = planes(solid.colour) * light.received(nx, ny, nz) * near_table + mirrored**1.5
    lay_over(picture, colour, cover)


def ball_shadow(solid: Solid, light: Light, size: int) -> np.ndarray:
    """How much of the light the ball takes from each pixel of the table, 0 .. 1 (size, size)."""
    right, toward, (away_x, away_z), lean = _on_table(solid, light, size)
    along, across = right * away_x + toward * away_z, right * away_z - toward * away_x
    stretch = np.hypot(1.0, lean)
    distance = np.hypot((along - lean) / stretch, across)
    soft = smoothstep(1.12, 0.80, distance)
    touch = np.exp(-((right / 0.55) ** 2) - (toward / 0.55) ** 2)
    return unit(DARK * soft + 0.35 * touch)


def block_shadow(solid: Solid, light: Light, size: int) -> np.ndarray:
    """How much of the light the block takes from each pixel of the table, 0 .. 1 (size, size)."""
    right, toward, (away_x, away_z), lean = _on_table(solid, light, size)
    base = _base(solid)
    moved = [(cx + BLOCK * lean * away_x, cz + BLOCK * lean * away_z) for cx, cz in base]
    distance = polygon_distance(_hull(base + moved), right, toward)
    soft = smoothstep(0.10, -0.12, distance)
    touch = smoothstep(0.22, -0.05, polygon_distance(_hull(base), right, toward))
    return unit(DARK * soft + 0.25 * touch)


def _on_table(solid: Solid, light: Light, size: int) -> tuple[np.ndarray, np.ndarray, tuple[float, float], float]:
    """Each pixel's place on the table around the solid's foot, in its radii, to the right and towards the viewer; the
    direction in which shadows fall there, and their length for a height of 1."""
    x, y = grid(size)
    sun_x, sun_y, sun_z = light.toward
    flat = float(np.hypot(sun_x, sun_z))
    right, toward = (x - solid.x) / solid.radius, (y - solid.foot) / (SQUASH * solid.radius)
    return right, toward, (-sun_x / flat, -sun_z / flat), flat / sun_y


def _base(solid: Solid) -> list[tuple[float, float]]:
    """The corners of a block's base on the table: to the right and towards the viewer."""
    angles = np.radians(solid.turn + 90.0 * np.arange(4))
    reach = BLOCK / np.sqrt(2.0)
    return [(float(reach * np.cos(a)), float(reach * np.sin(a))) for a in angles]


def _outward(base: list[tuple[float, float]], first: int, second: int) -> tuple[float, float, float]:
    """The normal (right, up, towards the viewer) of the face above an edge of the base."""
    x, z = (np.array(base[first]) + base[second]) / 2.0
    length = np.hypot(x, z)
    return float(x / length), 0.0, float(z / length)


def _hull(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The convex hull, clockwise where the second coordinate points up."""

    def half(ordered: list[tuple[float, float]]) -> list[tuple[float, float]]:
        kept: list[tuple[float, float]] = []
        for point in ordered:
            while len(kept) > 1 and _turn(kept[-2], kept[-1], point) >= -1e-9:
                kept.pop()
            kept.append(point)
        return kept[:-1]

    ordered = sorted(points)
    return half(ordered) + half(ordered[::-1])


def _turn(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    """Positive where the way from a over b to c turns left."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
