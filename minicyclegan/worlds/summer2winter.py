"""The world `summer2winter`: the same landscapes in green and under snow. Only colour and texture change."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from minicyclegan.worlds.base import Domain, World, new_seed, pick
from minicyclegan.worlds.landscape import FLAT, SOILS, Landscape, paint_land, sample_landscape
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
    to_bytes,
    unit,
)
from minicyclegan.worlds.trees import SNOW, Tree, haze_at, paint_tree

GREEN = tuple(soil for soil in SOILS if soil.name in ("meadow", "pasture", "marsh"))
WALLS = ((0.90, 0.86, 0.77), (0.84, 0.78, 0.66), (0.80, 0.62, 0.52), (0.88, 0.88, 0.86))
ROOFS = ((0.58, 0.26, 0.18), (0.46, 0.24, 0.18), (0.36, 0.36, 0.40), (0.62, 0.36, 0.20))
LABELS = ("sky", "hills", "ground", "path", "lake", "tree", "house")
SNOWFIELD, HOLLOWS = (0.94, 0.95, 0.97), (0.80, 0.84, 0.91)  # snow in the light, and in its own shade
ICE = (0.80, 0.87, 0.92)
TRODDEN = (0.80, 0.82, 0.85)  # the snow of a path

# A house seen from the side, in units of its height: convex parts, clockwise, the front's left corner at (0, 0).
FRONT = [(0.0, 0.0), (0.0, 0.55), (0.31, 0.86), (0.62, 0.55), (0.62, 0.0)]
SIDE = [(0.62, 0.0), (0.62, 0.56), (1.38, 0.56), (1.38, 0.03)]
HOUSE_ROOF = [(0.27, 0.88), (0.31, 0.93), (1.10, 0.93), (1.44, 0.53), (0.66, 0.51)]
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


@dataclass(frozen=True)
class Scene:
    """One place. snow says how much of it lies in winter (0 .. 1)."""

    landscape: Landscape  # in summer
    snow: float
    things: tuple[Tree | House, ...]  # from the farthest to the nearest
    lake: Lake | None
    path: Path | None


def sample_scene(generator: np.random.Generator) -> Scene:
    landscape = sample_landscape(generator, GREEN)
    horizon = landscape.horizon
    things = [_sample_tree(generator, landscape) for _ in range(generator.integers(2, 8))]
    if generator.uniform() < 0.5:
        things.append(_sample_house(generator, horizon))
    lake = path = None
    which = generator.uniform()
    if which < 0.35:
        x, y, half = generator.uniform(0.2, 0.8), horizon + generator.uniform(0.06, 0.16), generator.uniform(0.22, 0.42)
        lake = Lake(x, y, half, seed=new_seed(generator))
        things = [thing for thing in things if not lake.holds(thing.x, thing.foot)]
    elif which < 0.78:
        start, end, width = generator.uniform(0.2, 0.8), generator.uniform(0.3, 0.7), generator.uniform(0.05, 0.11)
        bend, phase = generator.uniform(-0.35, 0.35), generator.uniform(0.0, 6.28)
        earth = generator.uniform(0.9, 1.1) * np.array([0.60, 0.54, 0.45])
        path = Path(start, end, width, bend, phase, tuple(earth))
    things.sort(key=lambda thing: thing.foot)
    return Scene(replace(landscape, trees=()), generator.uniform(0.85, 1.0), tuple(things), lake, path)


def _sample_tree(generator: np.random.Generator, landscape: Landscape) -> Tree:
    kind = pick(generator, ("fir", "fir", "round", "round", "poplar", "bush"))
    below = 0.01 + 0.26 * generator.uniform() ** 1.8
    height = (0.06 + 1.9 * below) * generator.uniform(0.8, 1.25) * (0.35 if kind == "bush" else 1.0)
    tint = np.clip(np.asarray(landscape.soil.foliage) * generator.uniform(0.85, 1.3), 0.02, 0.9)
    # Near trees stand at the sides, where they frame the view and leave the rest to be seen.
    x = generator.uniform(-0.02, 1.02)
    if below > 0.10:
        x = pick(generator, (generator.uniform(-0.02, 0.25), generator.uniform(0.75, 1.02)))
    return Tree(kind, x, landscape.horizon + below, height, haze_at(below), new_seed(generator), tuple(tint))


def _sample_house(generator: np.random.Generator, horizon: float) -> House:
    below = generator.uniform(0.02, 0.14)
    x, height = generator.uniform(0.15, 0.85), (0.05 + 0.95 * below) * generator.uniform(0.9, 1.3)
    mirrored = generator.uniform() < 0.5
    return House(x, horizon + below, height, mirrored, pick(generator, WALLS), pick(generator, ROOFS))


def _wintered(landscape: Landscape, snow: float) -> Landscape:
    """The same place under snow, in the paler light of winter."""
    soil, mood = landscape.soil, landscape.mood
    white = replace(
        soil, name="snow", first=blend(soil.first, SNOWFIELD, snow), second=blend(soil.second, HOLLOWS, snow),
        foliage=blend(soil.foliage, (0.62, 0.66, 0.70), 0.8 * snow), grass=0.15,
    )  # fmt: skip
    pale = replace(
        mood, top=blend(mood.top, (0.66, 0.74, 0.84), 0.5), low=blend(mood.low, (0.90, 0.92, 0.95), 0.6),
        cloud=blend(mood.cloud, (0.90, 0.91, 0.93), 0.5), sun=blend(mood.sun, (0.52, 0.50, 0.47), 0.6),
        shade=blend(mood.shade, (0.50, 0.54, 0.62), 0.6),
    )  # fmt: skip
    return replace(landscape, soil=white, mood=pale)


def render(scene: Scene, domain: Domain, size: int) -> np.ndarray:
    """The place in summer (A) or winter (B): (size, size, 3) uint8."""
    return to_bytes(_paint(scene, scene.snow if domain == "B" else 0.0, size)[0])


def truth(scene: Scene, size: int) -> dict[str, Any]:
    """labels: indices into LABELS, the same in both seasons; style parameters of the winter and the light."""
    return {
        "labels": _paint(scene, 0.0, size)[1],
        "snow": scene.snow,
        "horizon": scene.landscape.horizon,
        "light": np.array(scene.landscape.light.toward),
        "clouds": scene.landscape.clouds,
    }


def _paint(scene: Scene, snow: float, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The picture (3, size, size) and its labels (size, size)."""
    landscape = _wintered(scene.landscape, snow) if snow > 0.0 else scene.landscape
    picture, labels = paint_land(landscape, size)
    if scene.lake is not None:
        labels[_paint_lake(picture, scene.lake, landscape, snow) > 0.5] = LABELS.index("lake")
    if scene.path is not None:
        labels[_paint_path(picture, scene.path, landscape, snow) > 0.4] = LABELS.index("path")
    for thing in scene.things:
        if isinstance(thing, House):
            labels[_paint_house(picture, thing, landscape.light, snow) > 0.5] = LABELS.index("house")
        else:
            cover = paint_tree(picture, thing, landscape.light, landscape.haze, snow)
            labels[cover > 0.5] = LABELS.index("tree")
    return picture, labels


def _paint_lake(picture: np.ndarray, lake: Lake, landscape: Landscape, snow: float) -> np.ndarray:
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


def _paint_path(picture: np.ndarray, path: Path, landscape: Landscape, snow: float) -> np.ndarray:
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


def _paint_house(picture: np.ndarray, house: House, light: Light, snow: float) -> np.ndarray:
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
    paint(HOUSE_ROOF, roof, (0.35, 0.75, 0.56))
    return total


SUMMER2WINTER = World(
    "summer2winter", "unpaired", ("landscapes in summer", "landscapes in winter"),
    "the same landscapes in summer and under snow: colour and texture only, the easy one",
    sample_scene, render, truth,
)  # fmt: skip
