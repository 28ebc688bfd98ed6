"""Does the animal wear the right coat? A judge for `horse2zebra` made of measurements, not of a trained network.

A trained classifier is easily pleased: it takes any dark speckle for a zebra. This judge looks inside the animal's
true mask and measures what a person would name: how much light and dark differ, how colourful the coat is, and then of
stripes how fine they are and whether they run in bands, of a plain coat how smooth it is. Each must lie in the range
that real pictures of the coat have.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from minicyclegan.worlds import Domain, World, draw_scene

LUMINANCE = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
FEATURES = ("contrast", "saturation", "fineness", "coherence", "smoothness")
JUDGED_BY: dict[Domain, tuple[str, ...]] = {
    "A": ("contrast", "saturation", "smoothness"),  # plain: nothing in it that a glance from afar would lose
    "B": ("contrast", "saturation", "fineness", "coherence"),  # striped: waves of a length, side by side
}


def erode(mask: np.ndarray, pixels: int, beyond: bool = False) -> np.ndarray:
    """Boolean (H, W) less what is within `pixels` of its border; `beyond`: what it is outside the picture."""
    for _ in range(pixels):
        around = np.pad(mask, 1, constant_values=beyond)
        shifted = [around[dy : dy + mask.shape[0], dx : dx + mask.shape[1]] for dy in range(3) for dx in range(3)]
        mask = np.logical_and.reduce(shifted)
    return mask


def coat_features(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The measurements named in FEATURES, of one picture (H, W, 3) uint8 inside its mask (H, W) uint8; (5,).

    Measured at 64 x 64 pixels, with the mask eroded by two of them, so that its soft border and the background stay
    out. Raises ValueError where nothing is left of it.
    """
    inside = erode(_at_64(mask) >= 250, 2)  # (64, 64)
    if inside.sum() < 9:
        raise ValueError("the mask is too small to judge")
    colour = _at_64(picture) / 255.0  # (64, 64, 3)
    light = colour @ LUMINANCE  # (64, 64)
    brightest, faintest = colour.max(2), colour.min(2)
    saturation = ((brightest - faintest) / np.maximum(brightest, 0.02))[inside].mean()

    slope_y, slope_x = np.gradient(light) * inside  # (2, 64, 64)
    energy = slope_y**2 + slope_x**2
    variance = light[inside].var()
    # For a wave of length p pixels this is 2 pi / p: the pattern's mean angular frequency.
    fineness = np.sqrt(energy[inside].mean() / max(variance, 1e-9))

    # Structure tensor (Bigun and Granlund 1987): 1 where all slopes nearby share one axis, 0 where they have none.
    xx, yy, xy = (_box(product, 3) for product in (slope_x**2, slope_y**2, slope_x * slope_y))
    local = np.sqrt((xx - yy) ** 2 + 4 * xy**2) / np.maximum(xx + yy, 1e-12)
    coherence = (local * energy)[inside].sum() / max(energy[inside].sum(), 1e-12)

    # The share of the contrast that is left after a mean over 3 x 3 pixels: 1/3 of noise, most of a body's shading.
    coarse = _box(light * inside, 1) / np.maximum(_box(inside.astype(float), 1), 1)
    smoothness = np.sqrt(coarse[inside].var() / max(variance, 1e-9))

    contrast = np.sqrt(variance) / max(light[inside].mean(), 0.02)
    return np.array([contrast, saturation, fineness, coherence, smoothness])


def _at_64(picture: np.ndarray) -> np.ndarray:
    """uint8 (H, W, ...) averaged down to (64, 64, ...)."""
    return np.asarray(Image.fromarray(picture).resize((64, 64), Image.Resampling.BOX))


def _box(values: np.ndarray, radius: int) -> np.ndarray:
    """Sums over (2 radius + 1)^2 windows, (H, W) -> (H, W)."""
    width = 2 * radius + 1
    for axis in (0, 1):
        sums = np.cumsum(np.pad(values, [(radius + 1, radius) if a == axis else (0, 0) for a in (0, 1)]), axis)
        length = sums.shape[axis]
        values = np.take(sums, range(width, length), axis) - np.take(sums, range(length - width), axis)
    return values


@dataclass(frozen=True)
class CoatJudge:
    """For each domain the range of every feature, (2, 5): lowest and highest."""

    ranges: dict[Domain, np.ndarray]

    def wears(self, domain: Domain, picture: np.ndarray, mask: np.ndarray) -> bool:
        """Whether the animal inside `mask` has the coat of `domain`. Shapes as for `coat_features`."""
        judged = [FEATURES.index(name) for name in JUDGED_BY[domain]]
        low, high = self.ranges[domain][:, judged]
        features = coat_features(picture, mask)[judged]
        return bool(((features >= low) & (features <= high)).all())


def calibrate(world: World, size: int, count: int = 400, seed: int = 0) -> CoatJudge:
    """The judge whose ranges are those of `count` real training pictures of each domain, and of nothing else.

    Each range is the mean of the real pictures, 5 of their standard deviations to either side: far enough for stripes
    that are a little ragged, and still nowhere near noise (see the tests).
    """
    ranges: dict[Domain, np.ndarray] = {}
    for domain in ("A", "B"):
        features = []
        for index in range(count):
            scene = draw_scene(world, "train", domain, index, seed)
            features.append(coat_features(world.render(scene, domain, size), world.truth(scene, size)["mask"]))
        mean, deviation = np.mean(features, axis=0), np.std(features, axis=0)
        ranges[domain] = np.stack([mean - 5 * deviation, mean + 5 * deviation])
    return CoatJudge(ranges)


def background_change(before: np.ndarray, after: np.ndarray, mask: np.ndarray) -> float:
    """Mean absolute difference outside the mask, in [0, 1]: (H, W, 3) uint8 twice, mask (H, W) uint8.

    The mask is widened by two pixels of a 64 px picture: a new coat may reach a little over its edge.
    """
    outside = erode(mask <= 5, round(2 * before.shape[0] / 64), beyond=True)
    return float(np.abs(before[outside] / 255.0 - after[outside] / 255.0).mean())
