"""What true fronts look like, learnt once from training fronts: bins of wall colours, how near is near, dark frames."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np

from minicyclegan.judging.fronts import find_parts, measure
from minicyclegan.worlds import draw_scene
from minicyclegan.worlds.facades import FACADES

REAL_PRECISION = 0.86


@dataclass(frozen=True)
class TrueStyles:
    """What training fronts of one size look like: against this, samples are counted as near or far, dark or bright.

    colours  (n, 3) wall colours of training fronts
    centres  (bins, 3) the bins' centres: a colour is in the bin whose centre is nearest
    radius   0.86 of the training fronts have another one's wall colour within it
    frames   frame brightness halfway between dark and bright ones
    """

    size: int
    colours: np.ndarray
    centres: np.ndarray
    radius: float
    frames: float

    def bins(self, walls: np.ndarray) -> np.ndarray:
        """(..., 3) wall colours -> (...) indices of bins."""
        return distances(walls, self.centres).argmin(-1)

    def near(self, walls: np.ndarray) -> np.ndarray:
        """(..., 3) wall colours -> (...) whether some true wall has nearly that colour."""
        return distances(walls, self.colours).min(-1) <= self.radius


def learn_styles(size: int = 64, count: int = 300, bins: int = 16, seed: int = 0) -> TrueStyles:
    """Bins, radius and frame threshold from `count` training fronts of the world.

    The bins are k-means cells (Lloyd 1982) of their wall colours: they lie where true colours are, so each can be
    reached and none is empty. 16 of them, because 16 true fronts of one layout then meet about two thirds: far from
    none, and far from all, where a ratio to the truth would say nothing.
    """
    walls, frames, dark = [], [], []
    for index in range(count):
        scene = draw_scene(FACADES, "train", "B", index, seed)
        picture = FACADES.render(scene, "B", size)
        measured = measure(picture[None], find_parts(FACADES.truth(scene, size)["labels"]))
        walls.append(measured["wall"][0])
        frames.append(measured["frame brightness"][0])
        dark.append(scene.style.dark_frames)
    colours, brightness, is_dark = np.array(walls), np.array(frames), np.array(dark)
    apart = distances(colours, colours)  # (count, count)
    np.fill_diagonal(apart, np.inf)
    return TrueStyles(
        size=size,
        colours=colours,
        centres=_k_means(colours, bins, np.random.default_rng(seed)),
        radius=float(np.quantile(apart.min(1), REAL_PRECISION)),
        frames=float((brightness[is_dark].mean() + brightness[~is_dark].mean()) / 2),
    )


def distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(..., 3), (k, 3) -> (..., k)."""
    return np.linalg.norm(first[..., None, :] - second, axis=-1)


def _k_means(points: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    # First centres are drawn far from each other (k-means++, Arthur and Vassilvitskii 2007).
    centres = points[rng.integers(len(points))][None]
    while len(centres) < count:
        weights = distances(points, centres).min(1) ** 2
        centres = np.concatenate([centres, points[rng.choice(len(points), p=weights / weights.sum())][None]])
    for _ in range(50):
        nearest = distances(points, centres).argmin(1)
        centres = np.stack(
            [points[nearest == k].mean(0) if (nearest == k).any() else centres[k] for k in range(count)]
        )  # fmt: skip
    return centres


def cells_met(cells: np.ndarray, draws: int, count: int) -> np.ndarray:
    """How many of `count` cells so many draws from each layout's samples meet, expected; (L, n) indices -> (L,).

    Of n samples, c in a cell, a draw without replacement of k misses it with probability C(n - c, k) / C(n, k). So
    sets of different sizes can be compared at the same number of draws.
    """
    n = cells.shape[1]
    missed = np.array([comb(n - c, draws) / comb(n, draws) for c in range(n + 1)])
    held = np.stack([(cells == cell).sum(1) for cell in range(count)], axis=1)  # (L, count)
    return (1 - missed[held]).sum(1)
