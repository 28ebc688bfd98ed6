"""The world `edges2photo`: line drawings of horses and zebras on their ground, and the pictures they were drawn from.

A drawing says where things are and which animals are striped; colours and light are free. It is made of outlines in
dark ink on white paper, without what is hidden, and of a stroke for each dark stripe. The lines come from the same
shapes as the pictures, so they are clean and lie exactly on the edges. A stripe is one stroke down its middle: from its
two edges nobody could tell which side of them is dark.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from minicyclegan.worlds import horse2zebra, meadow
from minicyclegan.worlds.animals import Animal, far_legs, place_animal
from minicyclegan.worlds.base import Domain, World
from minicyclegan.worlds.landscape import ridge_tops
from minicyclegan.worlds.layer import Layer
from minicyclegan.worlds.paint import Noise, coverage, grid, lay_over, to_bytes, unit
from minicyclegan.worlds.stripes import Waves, body_waves, leg_waves, stripe_wave
from minicyclegan.worlds.trees import TRUNKS, crown_shape, tree_layer, trunk_shape

PAPER, INK = np.ones(3), np.array([0.13, 0.13, 0.15])
LINE = 0.008  # a line's width in picture widths; never less than THINNEST pixels
THINNEST = 0.8
FINE = 0.7  # how strong the ink is for what lies in the distance


@dataclass(frozen=True)
class Scene:
    meadow: meadow.Scene
    coat: Domain  # which of its coats the animals wear


def sample_scene(generator: np.random.Generator) -> Scene:
    coat: Domain = "A" if generator.uniform() < 0.5 else "B"
    return Scene(horse2zebra.sample_scene(generator), coat)


def render(scene: Scene, domain: Domain, size: int) -> np.ndarray:
    """The drawing (A) or the picture (B): (size, size, 3) uint8."""
    return meadow.render(scene.meadow, scene.coat, size) if domain == "B" else _draw(scene, size)


def truth(scene: Scene, size: int) -> dict[str, Any]:
    """What is known of the animals and their ground, and whether they are zebras (1.0) or horses (0.0)."""
    return {**meadow.truth(scene.meadow, size), "zebras": float(scene.coat == "B")}


def _draw(scene: Scene, size: int) -> np.ndarray:
    picture, landscape = np.ones((3, size, size)), scene.meadow.landscape
    width = max(LINE * size, THINNEST)  # of all lines, in pixels
    x, y = grid(size)
    for top in [*ridge_tops(landscape, Noise(landscape.seed), x), np.full_like(x, landscape.horizon)]:
        lay_over(picture, PAPER, coverage(top - y, 1.0 / size))
        lay_over(picture, INK, FINE * _line(y - top, 1.0 / size, width))
    for tree in landscape.trees:
        layer = tree_layer(tree, size)
        if tree.kind in TRUNKS:
            _outline(layer, trunk_shape(layer, tree)[1], width, FINE)
        _outline(layer, crown_shape(layer, tree)[1], width, FINE)
        layer.lay_on(picture)
    for animal in scene.meadow.animals:
        layer = _draw_animal(animal, scene.coat == "B", size, width)
        meadow.hide_hooves(layer, landscape)
        layer.lay_on(picture)
    return to_bytes(picture)


def _line(distance: np.ndarray, pixel: float, width: float) -> np.ndarray:
    """How much ink a line leaves on each pixel; distance to its middle and a pixel's width are in the same units."""
    return unit(0.5 + 0.5 * width - np.abs(distance) / pixel) * min(1.0, width)


def _outline(layer: Layer, away: np.ndarray, width: float, strength: float = 1.0) -> None:
    """Paper inside, and a line just within the edge, so that nothing of it falls outside the shape."""
    layer.paint(PAPER, coverage(away, layer.pixel))
    layer.paint(INK, strength * _line(away + 0.5 * width * layer.pixel, layer.pixel, width))


def _draw_animal(animal: Animal, striped: bool, size: int, width: float) -> Layer:
    body, layer = place_animal(animal, size)
    for which, patch, shape, away in far_legs(layer, body):
        _outline(patch, away, width)
        if striped:
            waves = (leg_waves(animal.stripes, body, which),)
            patch.paint(INK, _strokes(patch, animal, waves, shape.nz, width) * patch.cover(shape))
    patch = layer.around(body.tail)
    _outline(patch, patch.shape([body.tail]).away, width)
    shape = layer.shape(*body.near_parts())
    away = np.maximum(shape.away, -layer.y)
    _outline(layer, away, width)
    if striped:
        waves = body_waves(animal.stripes, body)
        layer.paint(INK, _strokes(layer, animal, waves, shape.nz, width) * coverage(away, layer.pixel))
    for chains in ([body.crest], body.ears):
        patch = layer.around(*chains)
        _outline(patch, patch.shape(chains).away, width)
    layer.dot(body.in_head(0.11, 0.035), 0.018, INK)
    return layer


def _strokes(layer: Layer, animal: Animal, waves: tuple[Waves, ...], nz: np.ndarray, width: float) -> np.ndarray:
    """How much ink the stripes leave on each pixel."""
    drawn = animal.stripes, Noise(animal.stripes.seed), waves, layer, nz
    height, rate = stripe_wave(*drawn)
    slope, _ = stripe_wave(*drawn, shift=0.5 * np.pi)
    return _line(np.arctan2(slope, height) / rate, layer.pixel, width)  # the distance from the crest of the wave


EDGES2PHOTO = World(
    "edges2photo", "paired", ("line drawing", "picture"),
    "line drawings of horses and zebras, and the pictures they were drawn from", sample_scene, render, truth,
)  # fmt: skip
