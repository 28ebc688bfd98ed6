"""What people and water add to a landscape: a lake, a path, a house; each with what snow makes of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from minicyclegan.worlds.landscape import Landscape
from minicyclegan.worlds.light import UPWARD, Light
from minicyclegan.worlds.paint import (
    Colour,
    Noise,
    blend,
    coverage,
    grid,
    lay_over,
    mix,
    planes,
    polygon_distance,
    smoothstep,
    unit,
)
from minicyclegan.worlds.trees import SNOW

ICE = (0.80, 0.87, 0.92)
FLAT = 0.16  # how high a circle on the plain looks for its width
TRODDEN = (0.80, 0.82, 0.85)  # the snow of a path

# A house seen from the side, in units of its height: convex parts, clockwise, the front's left corner at (0, 0).
FRONT = [(0.0, 0.0), (0.0, 0.55), (0.31, 0.86), (0.62, 0.55), (0.62, 0.0)]
SIDE = [(0.62, 0.0), (0.62, 0.56), (1.38, 0.56), (1.38, 0.03)]
ROOF = [(0.27, 0.88), (0.31, 0.93), (1.10, 0.93), (1.44, 0.53), (0.66, 0.51)]
CHIMNEY = [(0.80, 0.80), (0.80, 1.05), (0.90, 1.05), (0.90, 0.80)]
DOOR = [(0.22, 0.0), (0.22, 0.33), (0.40, 0.33), (0.40, 0.0)]
WINDOWS = [[(x, 0.20), (x, 0.40), (x + 0.15, 0.40), (x + 0.15, 0.20)] for x in (0.73, 0.98, 1.19)]


@dataclass(frozen=True)
class Lake:
    """Water on the plain: its middle in the picture and its half width; flat as everything that lies down."""

    x: float
    y: float
    half: float
    seed: int

    def holds(self, x: float, y: float) -> bool:
        """Whether something can't stand at this place in the picture, in the water or too near it."""
        return ((x - self.x) / self.half) ** 2 + ((y - self.y) / (FLAT * self.half)) ** 2 < 1.6**2


@dataclass(frozen=True)
class Path:
    """A track from the viewer's feet to the horizon: where it starts and ends, how wide it is and how it winds."""

    start: float
    end: float
    width: float
    bend: float
    phase: float
    colour: Colour


@dataclass(frozen=True)
class House:
    x: float
    foot: float
    height: float
    mirrored: bool
    wall: Colour
    roof: Colour


def paint_lake(picture: np.ndarray, lake: Lake, landscape: Landscape, snow: float) -> np.ndarray:
    """Paints in place and returns the coverage (size, size): water that mirrors the sky, or ice."""
    size = picture.shape[2]
    x, y = grid(size)
    noise = Noise(lake.seed)
    dx, dy = (x - lake.x) / lake.half, (y - lake.y) / (FLAT * lake.half)
    shore = np.sqrt(dx * dx + dy * dy) + 0.16 * noise.fractal(dx * 2.0, dy * 1.2, 3, 2.0 / (size * lake.half))
    cover = coverage((shore - 1.0) * FLAT * lake.half, 1.0 / size) * coverage(landscape.horizon - y, 1.0 / size)
    mirrored = np.clip(np.rint((2.0 * landscape.horizon - y) * size - 0.5).astype(int)[:, 0], 0, size - 1)
    ripples = noise.fractal(x * 9.0, y * 160.0, 2, 160.0 / size)
    water = mix(picture[:, mirrored], (0.16, 0.30, 0.40), 0.35) * (1.0 + 0.10 * ripples)
    if snow > 0.0:
        drifts = smoothstep(0.05, 0.55, noise.fractal(x * 5.0, y * 22.0, 3, 22.0 / size))
        water = mix(water, mix(ICE, SNOW, drifts) * landscape.light.received(*UPWARD), 0.72 + 0.28 * snow)
    bank = coverage((shore - 1.07) * FLAT * lake.half, 1.5 / size) * coverage(landscape.horizon - y, 1.0 / size)
    picture *= 1.0 - 0.25 * (1.0 - snow) * bank
    lay_over(picture, water, cover)
    return cover


def paint_path(picture: np.ndarray, path: Path, landscape: Landscape, snow: float) -> np.ndarray:
    """Paints in place and returns the coverage (size, size): trodden earth, or trodden snow."""
    size = picture.shape[2]
    x, y = grid(size)
    near = unit((y - landscape.horizon) / (1.0 - landscape.horizon))
    winding = path.bend * np.sin(path.phase + 5.5 * (1.0 - near) ** 1.7) * near * (1.0 - 0.35 * near)
    middle = path.end + (path.start - path.end) * near**1.25 + winding
    half = path.width * (0.012 + near)
    noise = Noise(landscape.seed + 3)
    rough = 0.25 * noise.fractal(x * 20.0, y * 34.0, 2, 34.0 / size) * half
    soft = np.maximum(1.0 / size, 0.25 * half)
    cover = coverage(np.abs(x - middle) - half + rough, soft) * (near > 0.0)
    ruts = np.exp(-(((np.abs(x - middle) / half) - 0.55) ** 2) / 0.03)
    grain = 1.0 + 0.10 * noise.fractal(x * 40.0 / (near + 0.1), 9.0 / (near + 0.05), 2, 40.0 / size / (near + 0.1) ** 2)
    colour = planes(blend(path.colour, TRODDEN, 0.92 * snow)) * landscape.light.received(*UPWARD)
    colour = colour * grain * (1.0 - (0.22 - 0.08 * snow) * ruts)
    colour = mix(colour, landscape.haze, 0.55 * np.exp(-(y - landscape.horizon) / 0.09))
    cover = 0.85 * cover * smoothstep(0.0, 0.04, near)
    lay_over(picture, colour, cover)
    return cover


def paint_house(picture: np.ndarray, house: House, light: Light, snow: float) -> np.ndarray:
    """Paints in place and returns the coverage (size, size)."""
    size = picture.shape[2]
    x, y = grid(size)
    flip = -1.0 if house.mirrored else 1.0
    u, v = (x - house.x) * flip / house.height, (house.foot - y) / house.height
    pixel = 1.0 / (size * house.height)
    light = light.flipped(flip)
    total = np.zeros((size, size))

    shadow = np.exp(-(((u - 0.7 + 0.5 * light.toward[0]) / 0.95) ** 2) - ((v + 0.02) / 0.10) ** 2)
    picture *= 1.0 - 0.45 * min(1.0, sum(light.sun) / 2.0) * shadow

    def paint(corners: list, albedo: Colour, normal: tuple[float, float, float]) -> None:
        cover = coverage(polygon_distance(corners, u, v), pixel)
        lay_over(picture, planes(albedo) * light.received(*normal), cover)
        np.maximum(total, cover, out=total)

    roof = blend(house.roof, SNOW, 0.96 * snow)
    paint(CHIMNEY, blend((0.45, 0.33, 0.30), SNOW, 0.25 * snow), (-0.3, 0.2, 0.93))
    paint(SIDE, house.wall, (0.75, 0.0, 0.66))
    paint(FRONT, house.wall, (-0.75, 0.0, 0.66))
    for corners in WINDOWS:
        paint(corners, (0.20, 0.24, 0.30), (0.0, 0.3, 0.95))
    paint(DOOR, (0.34, 0.26, 0.22), (-0.75, 0.0, 0.66))
    paint(ROOF, roof, (0.35, 0.75, 0.56))
    return total
