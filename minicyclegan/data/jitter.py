"""The published "jitter" of pix2pix and CycleGAN: training pictures are random crops of slightly larger ones.

NumPy alone, so that a world can be written in the size that training wants without importing PyTorch.
"""

from __future__ import annotations

import numpy as np


def load_size(size: int) -> int:
    """The side that pictures are brought to before a size x size crop: 286 for 256, in the same ratio elsewhere."""
    return round(size * 286 / 256)


def jitter(picture: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """A random size x size crop of (H, W, C), mirrored half of the time."""
    top, left = rng.integers(picture.shape[0] - size + 1), rng.integers(picture.shape[1] - size + 1)
    crop = picture[top : top + size, left : left + size]
    return crop[:, ::-1] if rng.random() < 0.5 else crop
