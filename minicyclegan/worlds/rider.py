"""A rider in the saddle, in the body units of the animal that carries them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from minicyclegan.worlds.anatomy import Body
from minicyclegan.worlds.layer import Layer, Shape
from minicyclegan.worlds.light import Light, shade
from minicyclegan.worlds.paint import Colour, coverage, planes

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

    def chains(self) -> dict[str, np.ndarray]:
        """Parts from the far side to the near one, as chains of circles."""
        lean = self.lean
        head = np.array([0.115 + 1.25 * lean, 1.475])
        return {
            "cloth": np.array([(-0.06, 0.905, 0.075), (0.05, 0.875, 0.085), (0.20, 0.905, 0.075)]),
            "saddle": np.array([
                (-0.08, 1.000, 0.030), (0.04, 0.965, 0.040), (0.16, 0.985, 0.036), (0.23, 1.035, 0.018),
            ]),
            "neck": np.array([(0.095 + lean, 1.36, 0.032), (head[0] - 0.005, head[1] - 0.05, 0.032)]),
            "head": np.array([(head[0], head[1], 0.060), (head[0] + 0.022, head[1] - 0.030, 0.042)]),
            "hat": np.array([(head[0] - 0.012, head[1] + 0.030, 0.060), (head[0] + 0.012, head[1] + 0.034, 0.055)]),
            "brim": np.array([(head[0] - 0.085, head[1] + 0.018, 0.010), (head[0] + 0.105, head[1] + 0.022, 0.010)]),
            "trunk": np.array([
                (0.045, 1.045, 0.092), (0.055 + 0.3 * lean, 1.14, 0.078), (0.075 + 0.7 * lean, 1.25, 0.090),
                (0.085 + lean, 1.32, 0.072),
            ]),
            "leg": np.array([
                (0.060, 1.030, 0.085), (0.180, 0.930, 0.072), (0.265, 0.840, 0.052), (0.225, 0.740, 0.046),
            ]),
            "boot": np.array([
                (0.262, 0.815, 0.044), (0.215, 0.700, 0.045), (0.165, 0.590, 0.030), (0.190, 0.555, 0.028),
                (0.250, 0.548, 0.020),
            ]),
            "arm": np.array([
                (0.085 + lean, 1.325, 0.050), (0.105 + 0.6 * lean, 1.200, 0.042), (0.145 + 0.4 * lean, 1.125, 0.038),
                (0.260, 1.100, 0.028),
            ]),
            "hand": np.array([(0.275, 1.100, 0.026), (0.300, 1.100, 0.024)]),
        }  # fmt: skip

    def paint(self, layer: Layer, body: Body, light: Light) -> None:
        """Paints the rider over the finished animal; light as `layer` sees it, mirrored with it."""
        chains = self.chains()
        self._reins(layer, body)
        colours = {
            "cloth": self.cloth, "saddle": LEATHER, "neck": self.skin, "trunk": self.jacket, "head": self.skin,
            "hat": self.hat, "brim": self.hat, "boot": self.boots, "leg": self.trousers, "arm": self.jacket,
            "hand": self.skin,
        }  # fmt: skip
        if not self.has_brim:
            del colours["brim"]
        for part, colour in colours.items():
            patch = layer.around(chains[part])
            shape = patch.shape([chains[part]])
            cover = patch.cover(shape)
            if part == "cloth":  # it ends in a straight line on the animal's back
                cover = cover * coverage(patch.y - 0.965, patch.pixel)
            patch.paint(_lit(colour, shape, light), cover)

    def _reins(self, layer: Layer, body: Body) -> None:
        mouth_x, mouth_y = body.poll + 0.33 * body.nose
        for offset in (0.0, 0.012):
            rein = np.array([(0.295, 1.10 + offset, 0.005), (mouth_x, mouth_y + offset, 0.005)])
            patch = layer.around(rein)
            shape = patch.shape([rein])
            patch.paint(LEATHER, patch.cover(shape) * min(1.0, 0.014 / patch.pixel))


def _lit(colour: Colour, shape: Shape, light: Light) -> np.ndarray:
    received, _ = shade(light, shape.nx, shape.ny, shape.nz)
    return received * planes(colour)


def sample_rider(random: np.random.Generator) -> Rider:
    jackets = (
        (0.74, 0.14, 0.14),
        (0.16, 0.30, 0.62),
        (0.14, 0.46, 0.30),
        (0.88, 0.72, 0.16),
        (0.46, 0.20, 0.52),
        (0.86, 0.40, 0.10),
    )
    trousers = ((0.82, 0.78, 0.68), (0.18, 0.20, 0.32), (0.34, 0.36, 0.38), (0.60, 0.56, 0.46))
    hats = ((0.10, 0.10, 0.12), (0.16, 0.20, 0.36), (0.78, 0.70, 0.48), (0.50, 0.12, 0.14))
    skins = ((0.88, 0.68, 0.56), (0.72, 0.50, 0.37), (0.50, 0.33, 0.24), (0.34, 0.22, 0.17))
    cloths = ((0.90, 0.90, 0.88), (0.24, 0.26, 0.50), (0.60, 0.16, 0.18), (0.20, 0.36, 0.28))
    return Rider(
        jacket=jackets[random.integers(len(jackets))],
        trousers=trousers[random.integers(len(trousers))],
        boots=((0.08, 0.07, 0.07), (0.24, 0.15, 0.10))[random.integers(2)],
        cloth=cloths[random.integers(len(cloths))],
        hat=hats[random.integers(len(hats))],
        skin=skins[random.integers(len(skins))],
        lean=random.uniform(-0.01, 0.07),
        has_brim=bool(random.uniform() < 0.5),
    )
