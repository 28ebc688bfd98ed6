"""Measures of pictures and of sets of pictures: pure functions of uint8 arrays (N, H, W, 1 or 3).

Where two sets are compared picture by picture, one grey and one in colour are compared in grey.
"""

from __future__ import annotations

import numpy as np
import torch

LUMINANCE = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601

# Rounding to 8 bits alone makes an error of variance 1/12: no two pictures are known to agree better than that.
HIGHEST_PSNR = float(10 * np.log10(255**2 * 12))  # 58.9 dB


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


# ---- Picture by picture ------------------------------------------------------------------------------------------


def l1(first: np.ndarray, second: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """Mean absolute difference with pictures in [0, 1]: (N, H, W, C) uint8 twice -> (N,).

    mask   (N, H, W) bool: only where it is true; a picture without any such pixel gives NaN
    """
    first, second = _comparable(first, second)
    return _mean(np.abs(first - second) / 255.0, mask)


def psnr(first: np.ndarray, second: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """Peak signal-to-noise ratio in dB, 10 log10(255² / mean squared error), at most HIGHEST_PSNR. As `l1` -> (N,)."""
    first, second = _comparable(first, second)
    error = _mean((first - second) ** 2, mask)  # (N,)
    return 10 * np.log10(255.0**2 / np.maximum(error, 1 / 12))


def ssim(first: np.ndarray, second: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """Structural similarity (Wang et al. 2004; Gaussian window of 11 x 11 pixels), 1 for equal pictures: like `l1`.

    With a mask, its map over the whole picture is averaged where the mask is true: windows reach over the edge.
    Raises ValueError for pictures below 8 px, which the window does not fit.
    """
    # Importing it takes most of a second, and only those who measure need it.
    from torchmetrics.functional.image import structural_similarity_index_measure

    first, second = _comparable(first, second)
    if min(first.shape[1:3]) < 8:
        raise ValueError(f"SSIM needs pictures of at least 8 px, not {first.shape[1]} x {first.shape[2]}")
    x, y = (torch.from_numpy(np.ascontiguousarray(np.moveaxis(p, -1, 1))) for p in (first, second))  # (N, C, H, W)
    maps = [
        structural_similarity_index_measure(
            a[None], b[None], data_range=255.0, reduction="none", return_full_image=True
        )
        for a, b in zip(x, y, strict=True)
    ]
    return _mean(np.moveaxis(torch.cat([full for _, full in maps]).numpy(), 1, -1), mask)


def _comparable(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both as float64 with the same channels. Raises ValueError for pictures of different sizes or numbers."""
    if first.shape[:3] != second.shape[:3]:
        raise ValueError(f"pictures {first.shape} and {second.shape}: compare as many, of the same size")
    first, second = first.astype(np.float64), second.astype(np.float64)
    if first.shape[3] != second.shape[3]:
        first, second = first.mean(3, keepdims=True), second.mean(3, keepdims=True)
    return first, second


def _mean(values: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    """Over the pixels where the mask is true, and over channels: (N, H, W, C), (N, H, W) -> (N,)."""
    values = values.mean(3)  # (N, H, W)
    if mask is None:
        return values.mean((1, 2))
    count = mask.sum((1, 2))
    return np.where(count > 0, (values * mask).sum((1, 2)) / np.maximum(count, 1), np.nan)


# ---- Set against set ---------------------------------------------------------------------------------------------


def fid(real: np.ndarray, generated: np.ndarray) -> float:
    """Fréchet distance between features of two sets (Heusel et al. 2017, eq. 6): (N, d), (M, d) -> 0 or more.

    Both sets look like normal distributions to it. Fewer pictures give larger values, so compare only figures of equal
    counts. Raises ValueError for fewer than two pictures.
    """
    from torchmetrics.image.fid import FrechetInceptionDistance

    _check_features(real, generated)
    metric = FrechetInceptionDistance(feature=_AsTheyAre(real.shape[1])).set_dtype(torch.float64)
    metric.update(torch.from_numpy(real), real=True)
    metric.update(torch.from_numpy(generated), real=False)
    return max(float(metric.compute()), 0.0)


def quick_fid(real: np.ndarray, generated: np.ndarray) -> float:
    """The same by another road, which resampling can afford with features of any length.

    With centred features X (N, d), Y (M, d) the eigenvalues of Σ_X Σ_Y that are not 0 are the squared singular values
    of X Yᵀ / √((N − 1)(M − 1)), so that tr √(Σ_X Σ_Y) is the sum of these, which R of X = QR has too.
    """
    _check_features(real, generated)
    difference = real.mean(0) - generated.mean(0)  # (d,)
    x, y = ((f - f.mean(0)) / np.sqrt(len(f) - 1) for f in (real, generated))  # (N, d), (M, d)
    shared = np.linalg.norm(np.linalg.qr(x, "r") @ np.linalg.qr(y, "r").T, "nuc")
    return float(max(difference @ difference + (x**2).sum() + (y**2).sum() - 2 * shared, 0.0))


def kid(real: np.ndarray, generated: np.ndarray, subsets: int = 100, seed: int = 0) -> tuple[float, float]:
    """Kernel distance between features (Bińkowski et al. 2018, section 4): (N, d), (M, d) -> mean and deviation.

    The unbiased estimate, so that it may lie below 0, on random halves: their mean, and their deviation, which is about
    the error of the estimate from all pictures (the jackknife that leaves half out; Shao and Wu 1989). Raises
    ValueError for fewer than four pictures.
    """
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that it keeps the features
        from torchmetrics.image.kid import KernelInceptionDistance

        half = min(len(real), len(generated)) // 2
        if half < 2:
            raise ValueError(f"KID needs at least 4 pictures of each kind, not {len(real)} and {len(generated)}")
        metric = KernelInceptionDistance(feature=_AsTheyAre(real.shape[1]), subsets=subsets, subset_size=half)
    metric.update(torch.from_numpy(real), real=True)
    metric.update(torch.from_numpy(generated), real=False)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        mean, deviation = metric.compute()
    return float(mean), float(deviation)


class _AsTheyAre(torch.nn.Module):
    """For a metric that wants a network: the features are computed already."""

    def __init__(self, features: int):
        super().__init__()
        self.num_features = features

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x  # (N, num_features)


def _check_features(real: np.ndarray, generated: np.ndarray) -> None:
    if len(real) < 2 or len(generated) < 2:
        raise ValueError(f"FID needs at least 2 pictures of each kind, not {len(real)} and {len(generated)}")
