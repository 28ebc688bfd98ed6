"""Scaling, and random cuts to train on.

Published, and the default: the whole picture is squeezed to a square slightly larger than the cut. With a shorter side
given, it is scaled to that and keeps its shape. Neither needs PyTorch, so that a world can be written in the size
that training wants without importing it.
"""

from __future__ import annotations

import numpy as np
from PIL import Image


def load_size(size: int) -> int:
    """The side that pictures are squeezed to before a size x size cut: 286 for 256, in the same ratio elsewhere."""
    return round(size * 286 / 256)


def scaled(image: Image.Image, shorter_side: int) -> Image.Image:
    """The picture with so many pixels to its shorter side (bicubic), and as many to the other as its shape wants."""
    least = min(image.size)
    width, height = (round(shorter_side * side / least) for side in image.size)
    return image if image.size == (width, height) else image.resize((width, height), Image.Resampling.BICUBIC)


def jitter(picture: np.ndarray, size: int, rng: np.random.Generator, flip: bool = True) -> np.ndarray:
    """A random size x size cut of (H, W, C); with `flip`, mirrored half of the time."""
    top, left = rng.integers(picture.shape[0] - size + 1), rng.integers(picture.shape[1] - size + 1)
    crop = picture[top : top + size, left : left + size]
    return crop[:, ::-1] if flip and rng.random() < 0.5 else crop


def centre(pictures: np.ndarray, size: int) -> np.ndarray:
    """The size x size cut in the middle of (..., H, W, C)."""
    top, left = (pictures.shape[-3] - size) // 2, (pictures.shape[-2] - size) // 2
    return np.ascontiguousarray(pictures[..., top : top + size, left : left + size, :])
