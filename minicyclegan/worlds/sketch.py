"""Scenes as line drawings: outlines in dark ink on white paper, what is hidden left out, a stroke for each dark stripe.

The lines are drawn from the same shapes as the pictures, so they are clean and lie exactly on the edges. A stripe is
one stroke down its middle: from its two edges nobody could tell which side of them is dark.
"""

from __future__ import annotations

import numpy as np

from minicyclegan.worlds.anatomy import pose_body
from minicyclegan.worlds.animals import FAR_SIDE, Animal
from minicyclegan.worlds.base import Domain
from minicyclegan.worlds.landscape import Landscape, ridge_tops
from minicyclegan.worlds.layer import Layer, empty_layer
from minicyclegan.worlds.meadow import hide_hooves
from minicyclegan.worlds.paint import Noise, coverage, grid, lay_over, unit
from minicyclegan.worlds.stripes import Waves, body_waves, leg_waves, stripe_wave
from minicyclegan.worlds.trees import TRUNKS, Tree, crown_shape, tree_layer, trunk_shape

PAPER, INK = np.ones(3), np.array([0.13, 0.13, 0.15])
LINE = 0.008  # a line's width in picture widths; never less than THINNEST pixels
THINNEST = 0.8
FINE = 0.7  # of the ink for what lies in the distance


def sketch(landscape: Landscape, animals: tuple[Animal, ...], domain: Domain, size: int) -> np.ndarray:
    """The scene with horses (A) or zebras (B) as lines: (3, size, size) float64 in [0, 1]."""
    picture = np.ones((3, size, size))
    _sketch_land(picture, landscape)
    for tree in landscape.trees:
        _sketch_tree(picture, tree)
    for animal in animals:
        layer = _sketch_animal(animal, domain, size)
        hide_hooves(layer, landscape.soil.grass, landscape.seed)
        layer.lay_on(picture)
    return picture


def _line(distance: np.ndarray, pixel: float, size: int) -> np.ndarray:
    """How much ink a line leaves on each pixel; distance to its middle and a pixel's width are in the same units."""
    width = max(LINE * size, THINNEST)  # in pixels
    return unit(0.5 + 0.5 * width - np.abs(distance) / pixel) * min(1.0, width)


def _sketch_land(picture: np.ndarray, landscape: Landscape) -> None:
    size = picture.shape[2]
    x, y = grid(size)
    tops = ridge_tops(landscape, Noise(landscape.seed), x)
    for top in [*tops, np.full_like(x, landscape.horizon)]:
        lay_over(picture, PAPER, coverage(top - y, 1.0 / size))
        lay_over(picture, INK, FINE * _line(y - top, 1.0 / size, size))


def _sketch_tree(picture: np.ndarray, tree: Tree) -> None:
    layer = tree_layer(tree, picture.shape[2])
    if layer.alpha.size == 0:
        return
    if tree.kind in TRUNKS:
        _outline(layer, trunk_shape(layer, tree)[1], picture.shape[2], FINE)
    _outline(layer, crown_shape(layer, tree)[1], picture.shape[2], FINE)
    layer.lay_on(picture)


def _outline(layer: Layer, away: np.ndarray, size: int, strength: float = 1.0) -> None:
    """Paper inside, and a line just within the edge, so that nothing of it falls outside the shape."""
    half = 0.5 * max(LINE * size, THINNEST) * layer.pixel
    layer.paint(PAPER, coverage(away, layer.pixel))
    layer.paint(INK, strength * _line(away + half, layer.pixel, size))


def _sketch_animal(animal: Animal, domain: Domain, size: int) -> Layer:
    body = pose_body(animal.pose, detailed=size * animal.scale > 50)
    layer = empty_layer(size, animal.x, animal.ground, animal.scale, animal.slim, animal.facing, body.chains())
    striped = domain == "B"
    wander = Noise(animal.stripes.seed)

    def strokes(patch: Layer, waves: tuple[Waves, ...], nz: np.ndarray, inside: np.ndarray) -> None:
        if striped:
            there = (animal.stripes, wander, waves, patch.x, patch.y, nz, patch.pixel)
            height, rate = stripe_wave(*there)
            slope, _ = stripe_wave(*there, shift=0.5 * np.pi)
            away = np.arctan2(slope, height) / rate  # from the crest of the wave
            patch.paint(INK, _line(away, patch.pixel, size) * inside)

    for which in (3, 2):
        limb = body.legs[which].limb + FAR_SIDE
        patch = layer.around(limb)
        shape = patch.shape([limb])
        away = np.maximum(shape.away, FAR_SIDE[1] - patch.y)
        _outline(patch, away, size)
        strokes(patch, (leg_waves(animal.stripes, body, which),) if striped else (), shape.nz, patch.cover(shape))
    patch = layer.around(body.tail)
    _outline(patch, patch.shape([body.tail]).away, size)

    parts = [[body.torso], [body.withers], [body.neck], [body.head, body.jaw], *([leg.limb] for leg in body.legs[:2])]
    shape = layer.shape(*parts)
    away = np.maximum(shape.away, -layer.y)
    _outline(layer, away, size)
    waves = body_waves(animal.stripes, body) if striped else ()
    strokes(layer, waves, shape.nz, coverage(away, layer.pixel))
    for chains in ([body.crest], body.ears):
        patch = layer.around(*chains)
        _outline(patch, patch.shape(chains).away, size)
    _sketch_eye(layer, body.poll + 0.11 * body.nose + 0.035 * np.array([-body.nose[1], body.nose[0]]))
    return layer


def _sketch_eye(layer: Layer, place: np.ndarray) -> None:
    patch = layer.around(np.array([(*place, 0.018)]))
    cover = coverage(np.hypot(patch.x - place[0], patch.y - place[1]) - 0.018, patch.pixel)
    patch.paint(INK, cover * min(1.0, (0.036 / patch.pixel) ** 2))
