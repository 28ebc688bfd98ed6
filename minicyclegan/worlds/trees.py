"""Trees and bushes: crowns of overlapping leafy balls, lit like the animals, hazier the farther they stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from minicyclegan.worlds.base import new_seed, pick
from minicyclegan.worlds.layer import Layer, Shape, empty_layer
from minicyclegan.worlds.light import Light
from minicyclegan.worlds.paint import Colour, Noise, blend, coverage, grid, mix, planes, unit

SNOW = (0.93, 0.95, 0.98)
NEEDLES, TWIGS = (0.20, 0.28, 0.25), (0.42, 0.38, 0.36)  # a fir in winter, and a bare crown, seen from afar
BARK = (0.36, 0.33, 0.31)  # greyer than any horse

# Crowns for a tree of height 1: circles joined in chains, in tree units, the foot of the trunk at (0, 0).
CROWNS: dict[str, list[list[tuple[float, float, float]]]] = {
    "round": [[(-0.16, 0.58, 0.20), (0.14, 0.60, 0.22)], [(-0.06, 0.76, 0.22), (0.10, 0.74, 0.18)],
              [(0.0, 0.48, 0.17), (0.0, 0.5, 0.17)]],
    "poplar": [[(0.0, 0.28, 0.10), (0.0, 0.50, 0.13)], [(0.0, 0.50, 0.13), (0.01, 0.90, 0.05)]],
    "fir": [[(-0.21, 0.17, 0.03), (0.0, 0.26, 0.09), (0.21, 0.17, 0.03)],
            [(-0.15, 0.40, 0.03), (0.0, 0.48, 0.08), (0.15, 0.40, 0.03)],
            [(-0.09, 0.63, 0.03), (0.0, 0.70, 0.06), (0.09, 0.63, 0.03)], [(0.0, 0.20, 0.12), (0.0, 0.92, 0.035)]],
    "umbrella": [[(-0.42, 0.80, 0.07), (0.36, 0.82, 0.08)], [(-0.20, 0.87, 0.09), (0.20, 0.90, 0.08)]],
    "bush": [[(-0.42, 0.22, 0.22), (-0.10, 0.46, 0.40), (0.16, 0.44, 0.38), (0.44, 0.24, 0.24)]],
}  # fmt: skip
TRUNKS: dict[str, float] = {"round": 0.045, "poplar": 0.03, "fir": 0.035, "umbrella": 0.03}  # half widths


@dataclass(frozen=True)
class Tree:
    """One tree: where its foot stands in the picture, its height in picture widths, the haze before it (0 .. 1), and
    its own seed and colour."""

    kind: str
    x: float
    foot: float
    height: float
    haze: float
    seed: int
    foliage: Colour


def sample_trees(generator: np.random.Generator, horizon: float, foliage: Colour, kinds: Sequence[str]) -> list[Tree]:
    """None to six trees between the horizon and the middle distance, the farthest first."""
    trees = []
    for _ in range(pick(generator, range(7), (0.14, 0.24, 0.24, 0.17, 0.11, 0.06, 0.04))):
        kind = pick(generator, kinds)
        below = 0.004 + 0.075 * generator.uniform() ** 1.6
        height = (0.05 + 3.2 * below) * generator.uniform(0.75, 1.3) * (0.35 if kind == "bush" else 1.0)
        tint = np.asarray(foliage) * generator.uniform(0.82, 1.18) + generator.uniform(-0.02, 0.02, 3)
        x, seed = generator.uniform(-0.05, 1.05), new_seed(generator)
        trees.append(Tree(kind, x, horizon + below, height, haze_at(below), seed, tuple(np.clip(tint, 0.02, 0.9))))
    return sorted(trees, key=lambda tree: tree.foot)


def haze_at(below: float) -> float:
    """How hazy a thing is that stands so far below the horizon: the nearer to it, the farther away."""
    return float(0.45 * np.exp(-below / 0.03))


def paint_tree(picture: np.ndarray, tree: Tree, light: Light, haze: Colour, snow: float = 0.0) -> np.ndarray:
    """Paints the tree with its shadow in place and returns the coverage (size, size); snow (0 .. 1) lies on it."""
    size = picture.shape[2]
    layer, cover = tree_layer(tree, size), np.zeros((size, size))
    if layer.alpha.size == 0:
        return cover
    _paint_shadow(picture, tree, light)
    if tree.kind in TRUNKS:
        bark, away = trunk_shape(layer, tree)
        layer.paint(0.8 * light.received(bark.nx, bark.ny, bark.nz) * planes(BARK), coverage(away, layer.pixel))
    _paint_crown(layer, tree, light, snow)
    layer.colour[:] = mix(layer.colour, layer.alpha * planes(haze), tree.haze)
    layer.lay_on(picture)
    cover[layer.rows, layer.columns] = layer.alpha
    return cover


def tree_layer(tree: Tree, size: int) -> Layer:
    """An empty layer around the tree, in its own units; without pixels if it stands outside the picture."""
    parts = _crown(tree) + ([_trunk(tree)] if tree.kind in TRUNKS else [])
    return empty_layer(size, tree.x, tree.foot, tree.height, parts, margin=0.07)


def trunk_shape(layer: Layer, tree: Tree) -> tuple[Shape, np.ndarray]:
    """The trunk, and the distance to its outline where it ends at the ground."""
    shape = layer.shape([_trunk(tree)])
    return shape, np.maximum(shape.away, -layer.y)


def crown_shape(layer: Layer, tree: Tree) -> tuple[Shape, np.ndarray, np.ndarray]:
    """The crown as a smooth body, the distance to its leafy outline, and the leaves' noise, about -1 .. 1."""
    shape = layer.shape(_crown(tree))
    leaves = Noise(tree.seed).fractal(layer.x * 11.0, layer.y * 11.0, 3, layer.pixel * 11.0, 0.7)
    ragged = 0.03 if tree.kind in ("fir", "poplar") else 0.045
    return shape, np.maximum(shape.away + ragged * leaves, -0.5 * layer.y), leaves


def _crown(tree: Tree) -> list[np.ndarray]:
    return [np.array(chain) for chain in CROWNS[tree.kind]]


def _trunk(tree: Tree) -> np.ndarray:
    width = TRUNKS[tree.kind]
    return np.array([(0.0, 0.0, width * 1.3), (0.01, 0.45, width * 0.8), (0.0, 0.8, width * 0.4)])


def _paint_crown(layer: Layer, tree: Tree, light: Light, snow: float) -> None:
    shape, away, leaves = crown_shape(layer, tree)
    # Inside a crown it is dark between the lit clumps.
    tone = np.clip(0.95 + 0.35 * leaves, 0.5, 1.4)
    albedo = planes(blend(tree.foliage, NEEDLES if tree.kind == "fir" else TWIGS, snow))
    if snow > 0.0:  # on what looks up, in clumps
        lying = unit(0.35 + 0.9 * shape.ny + 0.9 * leaves) * snow
        albedo = mix(albedo, SNOW, np.maximum(lying, 0.18 * snow))
    layer.paint(albedo * light.received(shape.nx, shape.ny, shape.nz) * tone, coverage(away, layer.pixel))


def _paint_shadow(picture: np.ndarray, tree: Tree, light: Light) -> None:
    """A soft dark ellipse on the ground, on the side away from the sun."""
    x, y = grid(picture.shape[2])
    half = tree.height * (0.5 if tree.kind in ("bush", "umbrella") else 0.32)
    rows = np.flatnonzero(np.abs(y[:, 0] - tree.foot) < 0.3 * half)
    if rows.size == 0:
        return
    rows = slice(rows[0], rows[-1] + 1)
    middle = tree.x - 0.8 * half * light.toward[0]
    away = ((x - middle) / half) ** 2 + ((y[rows] - tree.foot - 0.02 * half) / (0.14 * half)) ** 2
    dark = 0.55 * (1.0 - tree.haze) * np.clip(sum(light.sun) / 2.1, 0.3, 1.0)
    picture[:, rows] *= 1.0 - dark * np.exp(-away)
