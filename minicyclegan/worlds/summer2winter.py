"""The world `summer2winter`: the same landscapes in green and under snow. Only colour and texture change."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from minicyclegan.worlds.base import Domain, World
from minicyclegan.worlds.landscape import SOILS, Landscape, paint_land, sample_landscape
from minicyclegan.worlds.paint import blend, to_bytes
from minicyclegan.worlds.scenery import House, Lake, Path, paint_house, paint_lake, paint_path
from minicyclegan.worlds.trees import Tree, paint_tree, tree_at

GREEN = tuple(soil for soil in SOILS if soil.name in ("meadow", "pasture", "marsh"))
WALLS = ((0.90, 0.86, 0.77), (0.84, 0.78, 0.66), (0.80, 0.62, 0.52), (0.88, 0.88, 0.86))
ROOFS = ((0.58, 0.26, 0.18), (0.46, 0.24, 0.18), (0.36, 0.36, 0.40), (0.62, 0.36, 0.20))
LABELS = ("sky", "hills", "ground", "path", "lake", "tree", "house")

SNOWFIELD, HOLLOWS = (0.94, 0.95, 0.97), (0.80, 0.84, 0.91)  # snow in the light, and in its own shade


@dataclass(frozen=True)
class Scene:
    """One place. snow says how much of it lies in winter (0 .. 1)."""

    landscape: Landscape  # in summer
    snow: float
    things: tuple[Tree | House, ...]  # from the farthest to the nearest
    lake: Lake | None
    path: Path | None


def sample_scene(random: np.random.Generator) -> Scene:
    landscape = sample_landscape(random, GREEN)
    horizon = landscape.horizon
    things = [_sample_tree(random, landscape) for _ in range(random.integers(2, 8))]
    if random.uniform() < 0.5:
        things.append(_sample_house(random, horizon))
    lake = path = None
    which = random.uniform()
    if which < 0.35:
        lake = Lake(
            random.uniform(0.2, 0.8), horizon + random.uniform(0.06, 0.16), random.uniform(0.22, 0.42),
            int(random.integers(2**31)),
        )  # fmt: skip
        things = [thing for thing in things if not lake.holds(thing.x, thing.foot)]
    elif which < 0.78:
        path = Path(
            start=random.uniform(0.2, 0.8),
            end=random.uniform(0.3, 0.7),
            width=random.uniform(0.05, 0.11),
            bend=random.uniform(-0.35, 0.35),
            phase=random.uniform(0.0, 6.28),
            colour=tuple(random.uniform(0.9, 1.1) * np.array([0.60, 0.54, 0.45])),
        )
    things.sort(key=lambda thing: thing.foot)
    return Scene(replace(landscape, trees=()), random.uniform(0.85, 1.0), tuple(things), lake, path)


def _sample_tree(random: np.random.Generator, landscape: Landscape) -> Tree:
    kind = str(random.choice(["fir", "fir", "round", "round", "poplar", "bush"]))
    below = 0.01 + 0.26 * random.uniform() ** 1.8
    height = (0.06 + 1.9 * below) * random.uniform(0.8, 1.25) * (0.35 if kind == "bush" else 1.0)
    tint = np.clip(np.asarray(landscape.soil.foliage) * random.uniform(0.85, 1.3), 0.02, 0.9)
    # Near trees stand at the sides, where they frame the view and leave the rest to be seen.
    x = random.uniform(-0.02, 1.02)
    if below > 0.10:
        x = float(random.choice([random.uniform(-0.02, 0.25), random.uniform(0.75, 1.02)]))
    return tree_at(random, kind, x, landscape.horizon, below, height, tint)


def _sample_house(random: np.random.Generator, horizon: float) -> House:
    below = random.uniform(0.02, 0.14)
    return House(
        x=random.uniform(0.15, 0.85),
        foot=horizon + below,
        height=(0.05 + 0.95 * below) * random.uniform(0.9, 1.3),
        mirrored=bool(random.uniform() < 0.5),
        wall=WALLS[random.integers(len(WALLS))],
        roof=ROOFS[random.integers(len(ROOFS))],
    )


def wintered(landscape: Landscape, snow: float) -> Landscape:
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
    return to_bytes(_paint(scene, scene.snow if domain == "B" else 0.0, size, np.empty((size, size), np.uint8)))


def truth(scene: Scene, size: int) -> dict[str, Any]:
    """labels: indices into LABELS, the same in both seasons; style parameters of the winter and the light."""
    labels = np.empty((size, size), np.uint8)
    _paint(scene, 0.0, size, labels)
    return {
        "labels": labels,
        "snow": scene.snow,
        "horizon": scene.landscape.horizon,
        "light": np.array(scene.landscape.light.toward),
        "clouds": scene.landscape.clouds,
    }


def _paint(scene: Scene, snow: float, size: int, labels: np.ndarray) -> np.ndarray:
    landscape = wintered(scene.landscape, snow) if snow > 0.0 else scene.landscape
    picture = paint_land(landscape, size, labels)
    if scene.lake is not None:
        labels[paint_lake(picture, scene.lake, landscape, snow) > 0.5] = LABELS.index("lake")
    if scene.path is not None:
        labels[paint_path(picture, scene.path, landscape, snow) > 0.4] = LABELS.index("path")
    for thing in scene.things:
        if isinstance(thing, House):
            labels[paint_house(picture, thing, landscape.light, snow) > 0.5] = LABELS.index("house")
        else:
            cover = paint_tree(picture, thing, landscape.light, landscape.haze, snow)
            labels[cover > 0.5] = LABELS.index("tree")
    return picture


SUMMER2WINTER = World(
    "summer2winter", "unpaired", ("landscapes in summer", "landscapes in winter"),
    "the same landscapes in summer and under snow: colour and texture only, the easy one",
    sample_scene, render, truth,
)  # fmt: skip
