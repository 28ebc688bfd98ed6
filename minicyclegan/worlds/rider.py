"""A rider in the saddle, in the body units of the animal that carries them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from minicyclegan.worlds.anatomy import Body
from minicyclegan.worlds.base import pick
from minicyclegan.worlds.layer import RIDER, Layer
from minicyclegan.worlds.light import Light
from minicyclegan.worlds.paint import Colour, coverage, planes

JACKETS = (
    (0.74, 0.14, 0.14), (0.16, 0.30, 0.62), (0.14, 0.46, 0.30), (0.88, 0.72, 0.16), (0.46, 0.20, 0.52),
    (0.86, 0.40, 0.10),
)  # fmt: skip
TROUSERS = ((0.82, 0.78, 0.68), (0.18, 0.20, 0.32), (0.34, 0.36, 0.38), (0.60, 0.56, 0.46))
BOOTS = ((0.08, 0.07, 0.07), (0.24, 0.15, 0.10))
CLOTHS = ((0.90, 0.90, 0.88), (0.24, 0.26, 0.50), (0.60, 0.16, 0.18), (0.20, 0.36, 0.28))
HATS = ((0.10, 0.10, 0.12), (0.16, 0.20, 0.36), (0.78, 0.70, 0.48), (0.50, 0.12, 0.14))
SKINS = ((0.88, 0.68, 0.56), (0.72, 0.50, 0.37), (0.50, 0.33, 0.24), (0.34, 0.22, 0.17))
LEATHER = (0.13, 0.10, 0.09)


@dataclass(frozen=True)
class Part:
    chain: tuple[tuple[float, float, float], ...]  # circles of x, y, radius
    colour: Colour


def sample_rider(generator: np.random.Generator) -> tuple[Part, ...]:
    """The parts of a rider from the far side to the near one; the cloth under the saddle comes first."""
    tables = (JACKETS, TROUSERS, BOOTS, CLOTHS, HATS, SKINS)
    jacket, trousers, boots, cloth, hat, skin = (pick(generator, table) for table in tables)
    lean = generator.uniform(-0.01, 0.07)  # how far the shoulders are before the hips
    has_brim = generator.uniform() < 0.5
    x, y = 0.115 + 1.25 * lean, 1.475  # the middle of the head
    brim = Part(((x - 0.085, y + 0.018, 0.010), (x + 0.105, y + 0.022, 0.010)), hat)
    return (
        Part(((-0.06, 0.905, 0.075), (0.05, 0.875, 0.085), (0.20, 0.905, 0.075)), cloth),
        Part(((-0.08, 1.000, 0.030), (0.04, 0.965, 0.040), (0.16, 0.985, 0.036), (0.23, 1.035, 0.018)), LEATHER),
        Part(((0.095 + lean, 1.36, 0.032), (x - 0.005, y - 0.05, 0.032)), skin),
        Part(((0.045, 1.045, 0.092), (0.055 + 0.3 * lean, 1.14, 0.078), (0.075 + 0.7 * lean, 1.25, 0.090),
              (0.085 + lean, 1.32, 0.072)), jacket),
        Part(((x, y, 0.060), (x + 0.022, y - 0.030, 0.042)), skin),
        Part(((x - 0.012, y + 0.030, 0.060), (x + 0.012, y + 0.034, 0.055)), hat),
        *((brim,) if has_brim else ()),
        Part(((0.262, 0.815, 0.044), (0.215, 0.700, 0.045), (0.165, 0.590, 0.030), (0.190, 0.555, 0.028),
              (0.250, 0.548, 0.020)), boots),
        Part(((0.060, 1.030, 0.085), (0.180, 0.930, 0.072), (0.265, 0.840, 0.052), (0.225, 0.740, 0.046)), trousers),
        Part(((0.085 + lean, 1.325, 0.050), (0.105 + 0.6 * lean, 1.200, 0.042), (0.145 + 0.4 * lean, 1.125, 0.038),
              (0.260, 1.100, 0.028)), jacket),
        Part(((0.275, 1.100, 0.026), (0.300, 1.100, 0.024)), skin),
    )  # fmt: skip


def paint_rider(layer: Layer, rider: tuple[Part, ...], body: Body, light: Light) -> None:
    """Paints the rider over the finished animal; light as `layer` sees it, mirrored with it."""
    mouth_x, mouth_y = body.poll + 0.33 * body.nose
    for offset in (0.0, 0.012):
        rein = np.array([(0.295, 1.10 + offset, 0.005), (mouth_x, mouth_y + offset, 0.005)])
        patch = layer.around(rein)
        patch.paint(LEATHER, patch.cover(patch.shape([rein])) * min(1.0, 0.014 / patch.pixel), RIDER)
    for number, part in enumerate(rider):
        chain = np.array(part.chain)
        patch = layer.around(chain)
        shape = patch.shape([chain])
        cover = patch.cover(shape)
        if number == 0:  # the cloth ends in a straight line on the animal's back
            cover = cover * coverage(patch.y - 0.965, patch.pixel)
        patch.paint(light.received(shape.nx, shape.ny, shape.nz) * planes(part.colour), cover, RIDER)
