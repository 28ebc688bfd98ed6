"""Landscapes: a sky with clouds, hills in the haze, ground that runs to the horizon, trees; at all times of the day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from minicyclegan.worlds.base import new_seed, pick
from minicyclegan.worlds.light import UPWARD, Light, Vector, sample_sun
from minicyclegan.worlds.paint import Colour, Noise, blend, coverage, grid, lay_over, mix, planes, smoothstep, unit
from minicyclegan.worlds.trees import Tree, paint_tree, sample_trees

FLAT = 0.16  # a circle on the ground looks so high for a width of 1


@dataclass(frozen=True)
class Soil:
    """A kind of ground: two colours that lie on it in patches, its foliage, and how high its grass grows (0 .. 1)."""

    name: str
    first: Colour
    second: Colour
    foliage: Colour
    grass: float
    tree_kinds: tuple[str, ...]


# Nothing here is as brown as a horse or as black and white as a zebra: the coat is all that tells them apart.
SOILS = (
    Soil("meadow", (0.36, 0.54, 0.18), (0.48, 0.62, 0.24), (0.22, 0.40, 0.14), 1.0, ("round", "poplar", "bush")),
    Soil("pasture", (0.25, 0.43, 0.16), (0.35, 0.52, 0.21), (0.17, 0.33, 0.13), 0.7, ("round", "fir", "bush")),
    Soil("savanna", (0.66, 0.63, 0.38), (0.57, 0.58, 0.33), (0.34, 0.41, 0.19), 0.9, ("umbrella", "bush")),
    Soil("steppe", (0.56, 0.60, 0.35), (0.65, 0.65, 0.45), (0.33, 0.43, 0.24), 0.6, ("bush", "round")),
    Soil("sand", (0.82, 0.79, 0.66), (0.74, 0.72, 0.59), (0.42, 0.47, 0.28), 0.1, ("umbrella", "bush")),
    Soil("marsh", (0.35, 0.49, 0.33), (0.45, 0.56, 0.36), (0.25, 0.39, 0.27), 1.0, ("fir", "poplar", "bush")),
)


@dataclass(frozen=True)
class Mood:
    """A sky with its light: colours of the sky overhead and at the horizon, of its clouds, of the sun's light, of the
    shade; the range of the sun's height in degrees; the range of the share of sky under clouds."""

    name: str
    top: Colour
    low: Colour
    cloud: Colour
    sun: Colour
    shade: Colour
    height: tuple[float, float]
    clouds: tuple[float, float]


MOODS = (
    Mood("noon", (0.26, 0.49, 0.83), (0.72, 0.84, 0.94), (0.98, 0.98, 0.98),
         (0.72, 0.68, 0.60), (0.40, 0.44, 0.52), (42, 62), (0.1, 0.5)),
    Mood("haze", (0.55, 0.70, 0.86), (0.89, 0.91, 0.89), (0.96, 0.96, 0.95),
         (0.60, 0.56, 0.48), (0.52, 0.54, 0.58), (35, 55), (0.1, 0.6)),
    Mood("evening", (0.42, 0.53, 0.75), (0.98, 0.83, 0.62), (0.99, 0.88, 0.75),
         (0.78, 0.67, 0.53), (0.43, 0.43, 0.47), (24, 34), (0.1, 0.5)),
    Mood("morning", (0.48, 0.61, 0.83), (0.95, 0.85, 0.80), (0.98, 0.92, 0.90),
         (0.74, 0.62, 0.54), (0.46, 0.46, 0.54), (24, 36), (0.1, 0.5)),
    Mood("overcast", (0.60, 0.65, 0.71), (0.82, 0.84, 0.85), (0.88, 0.89, 0.90),
         (0.24, 0.24, 0.23), (0.84, 0.86, 0.88), (50, 65), (0.5, 0.9)),
    Mood("storm", (0.34, 0.41, 0.52), (0.70, 0.74, 0.76), (0.58, 0.62, 0.68),
         (0.56, 0.52, 0.42), (0.44, 0.47, 0.52), (30, 50), (0.5, 0.8)),
)  # fmt: skip


@dataclass(frozen=True)
class Ridge:
    """A line of hills: its middle height above the horizon, how far it rises and falls, how wide its hills are, and
    how much haze lies before it (0 .. 1)."""

    height: float
    relief: float
    width: float
    haze: float
    wooded: float


@dataclass(frozen=True)
class Landscape:
    seed: int
    horizon: float
    soil: Soil
    mood: Mood
    sun: Vector  # unit vector to it
    clouds: float
    patches: float  # size of the patches on the ground
    ridges: tuple[Ridge, ...]  # from the farthest to the nearest
    trees: tuple[Tree, ...]  # from the farthest to the nearest

    @property
    def light(self) -> Light:
        soil, mood = self.soil, self.mood
        bounce = 0.42 * (np.asarray(soil.first) + soil.second) / 2.0 * (np.asarray(mood.sun) + mood.shade)
        return Light(self.sun, mood.sun, mood.shade, tuple(bounce))

    @property
    def haze(self) -> Colour:
        return blend(self.mood.low, self.mood.top, 0.15)


def sample_landscape(generator: np.random.Generator, soils: tuple[Soil, ...] = SOILS) -> Landscape:
    soil = pick(generator, soils)
    mood = pick(generator, MOODS, (0.27, 0.18, 0.17, 0.14, 0.14, 0.10))
    horizon = generator.uniform(0.30, 0.52)
    ridges = []
    for distance in sorted(generator.uniform(0.15, 1.0, generator.integers(1, 4)), reverse=True):
        height = generator.uniform(0.02, 0.05) + generator.uniform(0.02, 0.12) * distance
        relief = height * generator.uniform(0.4, 0.9)
        ridges.append(Ridge(height, relief, generator.uniform(0.2, 0.6), 0.2 + 0.65 * distance, generator.uniform()))
    seed = new_seed(generator)
    # The sun is never straight behind the viewer, where nothing has a shadow, nor behind the scene.
    sun = sample_sun(generator, mood.height, around=(25.0, 65.0))
    clouds, patches = generator.uniform(*mood.clouds), generator.uniform(0.6, 1.6)
    trees = sample_trees(generator, horizon, soil.foliage, soil.tree_kinds)
    return Landscape(seed, horizon, soil, mood, sun, clouds, patches, tuple(ridges), tuple(trees))


def paint_landscape(landscape: Landscape, size: int) -> np.ndarray:
    """The landscape with its trees: (3, size, size) float64 in [0, 1]."""
    picture, _ = paint_land(landscape, size)
    for tree in landscape.trees:
        paint_tree(picture, tree, landscape.light, landscape.haze)
    return picture


def paint_land(landscape: Landscape, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Sky, hills and ground, (3, size, size) float64 in [0, 1], and which is where, (size, size) uint8: 0 for sky, 1
    for hills, 2 for ground."""
    picture = np.zeros((3, size, size))
    x, y = grid(size)
    noise = Noise(landscape.seed)
    edge = min(size, int(np.ceil((landscape.horizon + 0.5 / size) * size)))
    above, below = slice(edge + 1), slice(max(0, edge - 1), None)
    _paint_sky(landscape, picture[:, above], x, y[above], noise)
    tops = _paint_ridges(landscape, picture[:, above], x, y[above], noise)
    _paint_ground(landscape, picture[:, below], x, y[below], noise)
    return picture, np.where(y > landscape.horizon, 2, y > tops).astype(np.uint8)


def _paint_sky(landscape: Landscape, sky: np.ndarray, x: np.ndarray, y: np.ndarray, noise: Noise) -> None:
    mood, pixel = landscape.mood, 1.0 / x.size
    sky[:] = mix(mood.low, mood.top, unit((landscape.horizon - y) / 0.45) ** 0.8)
    # Clouds lie on a ceiling: they get smaller and flatter towards the horizon.
    near = 0.35 / (landscape.horizon - y + 0.10)
    u, v, finest = 1.6 * (x - 0.5) * near, 2.2 * near, 3.2 * near * pixel
    shapes = noise.fractal(u + 5.0, v + 5.0, 4, finest)
    threshold = 0.75 - 1.3 * landscape.clouds
    thick = smoothstep(threshold, threshold + 0.55, shapes) * smoothstep(0.0, 0.12, landscape.horizon - y)
    side = 0.20 if landscape.light.toward[0] > 0 else -0.20
    lit = np.clip(0.9 + 0.35 * (noise(u + 5.0, v + 5.0) - noise(u + 5.0 + side, v + 5.1)), 0.6, 1.02)
    lay_over(sky, lit * planes(mood.cloud), 0.9 * thick)


def ridge_tops(landscape: Landscape, noise: Noise, x: np.ndarray) -> list[np.ndarray]:
    """The skyline of each ridge as y (1, W); noise is that of the landscape's seed."""
    tops, pixel = [], 1.0 / x.size
    for number, ridge in enumerate(landscape.ridges):
        shift = 11.0 * (number + 1)
        scale = 1.0 / ridge.width
        line = noise.fractal(x * scale + shift, np.full_like(x, shift), 5, pixel * scale, 0.45)
        top = landscape.horizon - ridge.height - ridge.relief * line
        if ridge.wooded > 0.5:  # tree tops along the line
            top = top - 0.008 * (1.2 - ridge.haze) * noise.fractal(x * 60.0, np.full_like(x, shift), 2, pixel * 60.0)
        tops.append(top)
    return tops


def _paint_ridges(landscape: Landscape, sky: np.ndarray, x: np.ndarray, y: np.ndarray, noise: Noise) -> np.ndarray:
    """Paints the hills and returns where they meet the sky, (1, W)."""
    pixel, tops = 1.0 / x.size, np.ones_like(x)
    received = landscape.light.received(0.0, 0.9, 0.43)
    texture = 1.0 + 0.16 * noise.fractal(x * 14.0, y * 30.0, 3, pixel * 30.0)
    for ridge, top in zip(landscape.ridges, ridge_tops(landscape, noise, x), strict=True):
        land = planes(blend(landscape.soil.first, landscape.soil.foliage, 0.35 + 0.65 * ridge.wooded)) * received
        depth = unit((y - top) / 0.12)  # mist gathers at the foot of the hills
        colour = mix(land * texture, landscape.haze, np.minimum(ridge.haze + 0.25 * depth, 0.92))
        lay_over(sky, colour, coverage(top - y, pixel))
        tops = np.minimum(tops, top)
    return tops


def _paint_ground(landscape: Landscape, ground: np.ndarray, x: np.ndarray, y: np.ndarray, noise: Noise) -> None:
    soil, pixel = landscape.soil, 1.0 / x.size
    below = np.maximum(y - landscape.horizon, 0.0)
    distance = 0.30 / (below + 0.02)
    u, v = (x - 0.5) * distance, 1.4 * distance
    finest = np.maximum(distance, 1.4 * distance**2 / 0.30 * 0.5) * pixel
    scale = 2.2 / landscape.patches
    patches = noise.fractal(u * scale + 3.0, v * scale, 4, finest * scale, 0.6)
    blades = noise.fractal(u * 60.0, v * 34.0, 3, np.maximum(distance * 60.0, distance**2 * 160.0) * pixel, 0.7)
    colour = mix(soil.first, soil.second, unit(0.5 + 0.7 * patches))
    colour *= 1.0 + 0.08 * patches + (0.06 + 0.12 * soil.grass) * blades
    colour *= landscape.light.received(*UPWARD)
    colour = mix(colour, landscape.haze, 0.55 * np.exp(-below / 0.09))
    lay_over(ground, colour, coverage(landscape.horizon - y, pixel))
