"""Does the animal wear the right coat? A judge for `horse2zebra` made of measurements, not of a trained network.

A trained classifier is easily pleased: it takes any dark speckle for a zebra. This judge looks inside the animal's
true mask and measures what a person would name: how much light and dark differ, how colourful the coat is, and then of
stripes how fine they are and whether they run in bands, of a plain coat how smooth it is. Each must lie in the range
that real pictures of the coat have.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from minicyclegan.judging.metrics import Images, as_tensor, box_resize, box_sum, erode, l1, luminance, masked_mean
from minicyclegan.judging.nets import WEIGHTS
from minicyclegan.worlds import WORLDS, Domain, draw_scene

FEATURES = ("contrast", "saturation", "fineness", "coherence", "smoothness")
JUDGED_BY: dict[Domain, tuple[str, ...]] = {
    "A": ("contrast", "saturation", "smoothness"),  # plain: nothing in it that a glance from afar would lose
    "B": ("contrast", "saturation", "fineness", "coherence"),  # striped: waves of a length, side by side
}
Ranges = dict[Domain, list[list[float]]]  # for each coat the lowest value of every feature, and the highest
MEASURED_SIZES = (64, 128, 256)  # those whose ranges come with the package


def coat_features(images: Images, masks: np.ndarray | Tensor) -> Tensor:
    """The measurements named in FEATURES, of uint8 pictures in colour inside their masks (N, H, W) uint8: (N, 5).

    Measured at 64 x 64 pixels, with the mask eroded by two of them, so that its soft border and the background stay
    out. Raises ValueError where nothing is left of it.
    """
    images = box_resize(images, 64)  # (N, 3, 64, 64)
    masks = torch.as_tensor(masks, device=images.device)
    inside = erode(box_resize(masks[:, None], 64)[:, 0] >= 250, 2)  # (N, 64, 64)
    if inside.sum((1, 2)).min() < 9:
        raise ValueError("the mask is too small to judge")
    light = luminance(images)  # (N, 64, 64)
    brightest, faintest = (values.double() / 255 for values in (images.amax(1), images.amin(1)))
    saturation = masked_mean((brightest - faintest) / brightest.clamp(min=0.02), inside)

    slope_y, slope_x = (slope * inside for slope in torch.gradient(light, dim=(1, 2)))  # (N, 64, 64)
    energy = slope_y**2 + slope_x**2
    variance = _variance(light, inside)
    # For a wave of length p pixels this is 2 pi / p: the pattern's mean angular frequency.
    fineness = (masked_mean(energy, inside) / variance.clamp(min=1e-9)).sqrt()

    # Structure tensor (Bigun and Granlund 1987): 1 where all slopes nearby share one axis, 0 where they have none.
    xx, yy, xy = (box_sum(product, 3) for product in (slope_x**2, slope_y**2, slope_x * slope_y))
    local = ((xx - yy) ** 2 + 4 * xy**2).sqrt() / (xx + yy).clamp(min=1e-12)
    coherence = (local * energy).sum((1, 2)) / energy.sum((1, 2)).clamp(min=1e-12)

    # The share of the contrast that is left after a mean over 3 x 3 pixels: 1/3 of noise, most of a body's shading.
    coarse = box_sum(light * inside, 1) / box_sum(inside.double(), 1).clamp(min=1)
    smoothness = (_variance(coarse, inside) / variance.clamp(min=1e-9)).sqrt()

    contrast = variance.sqrt() / masked_mean(light, inside).clamp(min=0.02)
    return torch.stack([contrast, saturation, fineness, coherence, smoothness], dim=1)


def _variance(values: Tensor, mask: Tensor) -> Tensor:
    """(N, H, W) twice -> (N,)."""
    return masked_mean((values - masked_mean(values, mask)[:, None, None]).square(), mask)


def wears(coat: Domain, images: Images, masks: np.ndarray | Tensor, ranges: Ranges) -> Tensor:
    """Whether each animal inside its mask has the coat of that domain: (N,) bool. Shapes as for `coat_features`."""
    judged = [FEATURES.index(name) for name in JUDGED_BY[coat]]
    features = coat_features(images, masks)[:, judged]
    low, high = features.new_tensor(ranges[coat])[:, judged]
    return ((features >= low) & (features <= high)).all(1)


@cache
def real_ranges(size: int) -> Ranges:
    """What `measure_ranges` finds at this size: of some sizes it comes with the package, others are measured now."""
    shipped = json.loads((WEIGHTS / "coats.json").read_text())
    return shipped.get(str(size)) or measure_ranges(size)


def measure_ranges(size: int, count: int = 400) -> Ranges:
    """The ranges of `count` real training pictures of each domain, and of nothing else.

    Each is the mean of the real pictures, 5 of their standard deviations to either side: far enough for stripes that
    are a little ragged, and still nowhere near noise (see the tests).
    """
    world, ranges = WORLDS["horse2zebra"], {}
    for domain in ("A", "B"):
        scenes = [draw_scene(world, "train", domain, index) for index in range(count)]
        features = torch.cat(
            [coat_features(world.render(s, domain, size)[None], world.truth(s, size)["mask"][None]) for s in scenes]
        )  # (count, 5)
        mean, deviation = features.mean(0), features.std(0, correction=0)
        ranges[domain] = torch.stack([mean - 5 * deviation, mean + 5 * deviation]).tolist()
    return ranges


def save_ranges(path: Path, count: int = 400) -> None:
    """Measures them at MEASURED_SIZES, and writes what `real_ranges` reads."""
    path.write_text(json.dumps({size: measure_ranges(size, count) for size in MEASURED_SIZES}, indent=1) + "\n")


def background_change(before: Images, after: Images, masks: np.ndarray | Tensor) -> Tensor:
    """Mean absolute difference outside the masks, in [0, 1]: uint8 pictures twice, masks (N, H, W) uint8 -> (N,).

    The mask is widened by two pixels of a 64 px picture: a new coat may reach a little over its edge.
    """
    before = as_tensor(before)
    outside = torch.as_tensor(masks, device=before.device) <= 5
    return l1(before, after, erode(outside, round(2 * before.shape[-1] / 64), beyond=True))
