"""Measures of pictures and of sets of pictures: pure functions of uint8 arrays (N, H, W, C)."""

from __future__ import annotations

import numpy as np

LUMINANCE = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601


def luminance(pictures: np.ndarray) -> np.ndarray:
    """Brightness in [0, 1]: uint8 (N, H, W, 1 or 3) -> float64 (N, H, W)."""
    weights = LUMINANCE if pictures.shape[-1] == 3 else np.ones(1)
    return (pictures / 255.0) @ weights


def gradient_energy(pictures: np.ndarray) -> np.ndarray:
    """How much detail there is: the mean over all pixels of |∇ luminance|², (N, H, W, 1 or 3) uint8 -> (N,).

    The gradient is the difference to the next pixel, so the figure depends on the pictures' size: compare only
    pictures of one size. Blur lowers it, noise raises it.
    """
    light = luminance(pictures)  # (N, H, W)
    down, across = np.diff(light, axis=1), np.diff(light, axis=2)  # (N, H - 1, W), (N, H, W - 1)
    return (down**2).mean((1, 2)) + (across**2).mean((1, 2))
