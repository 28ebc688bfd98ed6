"""A rider in the saddle, in the body units of the animal that carries them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from minicyclegan.worlds.anatomy import Body, Chain
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
class Rider:
    """lean is how far the shoulders are before the hips, in body units."""

    jacket: Colour
    trousers: Colour
    boots: Colour
    cloth: Colour  # under the saddle
    hat: Colour
    skin: Colour
    lean: float
    has_brim: bool

    def parts(self) -> list[tuple[Chain, Colour]]:
        """From the far side to the near one, as chains of circles; the cloth under the saddle comes first."""
        lean, x, y = self.lean, 0.115 + 1.25 * self.lean, 1.475  # x, y: the middle of the head
        brim = [([(x - 0.085, y + 0.018, 0.010), (x + 0.105, y + 0.022, 0.010)], self.hat)]
        parts = [
            ([(-0.06, 0.905, 0.075), (0.05, 0.875, 0.085), (0.20, 0.905, 0.075)], self.cloth),
            ([(-0.08, 1.000, 0.030), (0.04, 0.965, 0.040), (0.16, 0.985, 0.036), (0.23, 1.035, 0.018)], LEATHER),
            ([(0.095 + lean, 1.36, 0.032), (x - 0.005, y - 0.05, 0.032)], self.skin),
            ([(0.045, 1.045, 0.092), (0.055 + 0.3 * lean, 1.14, 0.078), (0.075 + 0.7 * lean, 1.25, 0.090),
              (0.085 + lean, 1.32, 0.072)], self.jacket),
            ([(x, y, 0.060), (x + 0.022, y - 0.030, 0.042)], self.skin),
            ([(x - 0.012, y + 0.030, 0.060), (x + 0.012, y + 0.034, 0.055)], self.hat),
            *(brim if self.has_brim else []),
            ([(0.262, 0.815, 0.044), (0.215, 0.700, 0.045), (0.165, 0.590, 0.030), (0.190, 0.555, 0.028),
              (0.250, 0.548, 0.020)], self.boots),
            ([(0.060, 1.030, 0.085), (0.180, 0.930, 0.072), (0.265, 0.840, 0.052), (0.225, 0.740, 0.046)],
             self.trousers),
            ([(0.085 + lean, 1.325, 0.050), (0.105 + 0.6 * lean, 1.200, 0.042), (0.145 + 0.4 * lean, 1.125, 0.038),
              (0.260, 1.100, 0.028)], self.jacket),
            ([(0.275, 1.100, 0.026), (0.300, 1.100, 0.024)], self.skin),
        ]  # fmt: skip
        return [(np.array(chain), colour) for chain, colour in parts]

    def paint(self, layer: Layer, body: Body, light: Light) -> None:
        """Paints the rider over the finished animal; light as `layer` sees it, mirrored with it."""
        mouth_x, mouth_y = body.poll + 0.33 * body.nose
        for offset in (0.0, 0.012):
            rein = np.array([(0.295, 1.10 + offset, 0.005), (mouth_x, mouth_y + offset, 0.005)])
            patch = layer.around(rein)
            patch.paint(LEATHER, patch.cover(patch.shape([rein])) * min(1.0, 0.014 / patch.pixel), RIDER)
        for number, (chain, colour) in enumerate(self.parts()):
            patch = layer.around(chain)
            shape = patch.shape([chain])
            cover = patch.cover(shape)
            if number == 0:  # the cloth ends in a straight line on the animal's back
                cover = cover * coverage(patch.y - 0.965, patch.pixel)
            patch.paint(light.received(shape.nx, shape.ny, shape.nz) * planes(colour), cover, RIDER)


def sample_rider(generator: np.random.Generator) -> Rider:
    tables = (JACKETS, TROUSERS, BOOTS, CLOTHS, HATS, SKINS)
    colours = [pick(generator, table) for table in tables]
    return Rider(*colours, lean=generator.uniform(-0.01, 0.07), has_brim=bool(generator.uniform() < 0.5))
