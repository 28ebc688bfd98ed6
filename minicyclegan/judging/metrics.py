"""Measures of pictures and of sets of pictures: pure functions, computed where the pictures are.

Pictures are uint8: an array (N, H, W, C), as the worlds draw them, or a tensor (N, C, H, W) on any device; C is 1 or 3.
Measures are float64 tensors on that device. Where two sets are compared picture by picture, one grey and one in colour
are compared in grey.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

Images = np.ndarray | Tensor

BATCH = 16  # pictures that are compared at a time, so that what is computed on the way stays small
LUMINANCE = (0.299, 0.587, 0.114)  # ITU-R BT.601

# Rounding to 8 bits alone makes an error of variance 1/12: no two pictures are known to agree better than that.
HIGHEST_PSNR = 10 * math.log10(255**2 * 12)  # 58.9 dB


def as_tensor(images: Images) -> Tensor:
    """An array (..., H, W, C) as a tensor (..., C, H, W); a tensor as it is."""
    return images if isinstance(images, Tensor) else torch.from_numpy(np.moveaxis(images, -1, -3).copy())


def luminance(images: Images) -> Tensor:
    """Brightness in [0, 1]: uint8 pictures -> (N, H, W)."""
    colour = as_tensor(images).double() / 255  # (N, C, H, W)
    weights = colour.new_tensor(LUMINANCE if colour.shape[-3] == 3 else (1.0,))
    return torch.tensordot(colour, weights, ([-3], [0]))


def gradient_energy(images: Images) -> Tensor:
    """How much detail there is: the mean over all pixels of |∇ luminance|², (N,).

    The gradient is the difference to the next pixel, so the figure depends on the pictures' size: compare only
    pictures of one size. Blur lowers it, noise raises it.
    """
    light = luminance(images)  # (N, H, W)
    down, across = light.diff(dim=-2), light.diff(dim=-1)  # (N, H - 1, W), (N, H, W - 1)
    return down.square().mean((-2, -1)) + across.square().mean((-2, -1))


def colour_drift(before: Images, after: Images) -> Tensor:
    """Mean absolute difference of the colours in 16 x 16 squares, in [0, 1]: uint8 pictures in colour twice -> (N,).

    A colour is what is left of red, green and blue when their mean is taken off: light and shadow don't count.
    """
    difference = (as_tensor(after).double() - as_tensor(before).double()) / 255  # (N, 3, H, W)
    coarse = F.adaptive_avg_pool2d(difference, 16)  # (N, 3, 16, 16)
    return (coarse - coarse.mean(1, keepdim=True)).abs().mean((1, 2, 3))


def pairwise_difference(samples: Images) -> Tensor:
    """Mean absolute difference over all pairs of n samples, of each of L inputs, in [0, 1].

    (L, n, ...) uint8, or floats in [0, 1] -> (L,). Sorted values spare the pairs: the one of rank i is the larger of
    its pair i times, the smaller n - 1 - i times.
    """
    samples = torch.as_tensor(samples)
    n, scale = samples.shape[1], 1.0 if samples.is_floating_point() else 255.0
    weights = (2 * torch.arange(n, device=samples.device) - n + 1).double() / (n * (n - 1) / 2)  # (n,)
    means = [(weights @ one.flatten(1).sort(dim=0).values.double()).mean() for one in samples]
    return torch.stack(means).clamp(min=0) / scale  # of equal samples rounding can leave less than nothing


# ---- Neighbourhoods ----------------------------------------------------------------------------------------------


def box_sum(values: Tensor, radius: int) -> Tensor:
    """Sums over (2 radius + 1)² windows; beyond the border is nothing. (..., H, W) -> (..., H, W)."""
    places = (torch.arange(length, device=values.device) for length in values.shape[-2:])
    rows, columns = (((i - i[:, None]).abs() <= radius).to(values) for i in places)  # (H, H), (W, W)
    return rows @ values @ columns


def erode(mask: Tensor, pixels: int, beyond: bool = False) -> Tensor:
    """Boolean (N, H, W) less what is within `pixels` of its border; `beyond`: what it is outside the picture."""
    outside = F.pad((~mask).float(), (pixels,) * 4, value=float(not beyond))
    return F.max_pool2d(outside[:, None], 2 * pixels + 1, stride=1)[:, 0] == 0


def box_resize(images: Images, size: int) -> Tensor:
    """uint8 (N, C, size, size): the mean of the pixels that fall into one, rounded for each axis, as Pillow's BOX."""
    images = as_tensor(images)
    if images.shape[-2:] == (size, size):
        return images
    across, down = (_boxes(images.shape[axis], size).to(images.device) for axis in (-1, -2))  # (size, W), (size, H)
    rows = (_rounded_mean(part.double(), across) for part in images.split(BATCH))  # (BATCH, C, H, size)
    return torch.cat([_rounded_mean(part.mT, down).mT.byte() for part in rows])


def _boxes(length: int, size: int) -> Tensor:
    """(size, length): 1 for the pixels whose middle lies in a box, or for the nearest where boxes are smaller."""
    scale = length / size
    middles = (torch.arange(size, dtype=torch.float64) + 0.5) * scale
    away = (torch.arange(length) + 0.5 - middles[:, None]) / max(scale, 1.0)
    return ((away > -0.5) & (away <= 0.5)).double()


def _rounded_mean(values: Tensor, boxes: Tensor) -> Tensor:
    """Of whole numbers (..., length), exactly: halves are rounded up."""
    count = boxes.sum(1)
    return torch.floor((2 * values @ boxes.T + count) / (2 * count))


def smoothed(x: Tensor) -> Tensor:
    """(..., H, W) under a Gaussian of 1.5 px, cut off after 5 px and mirrored at the border."""
    H, W = (_smoothing(length).to(x) for length in x.shape[-2:])
    return H.T @ x @ W


@cache
def _smoothing(length: int) -> Tensor:
    """(length, length): the window is separable, and as a matrix it costs a tenth of a convolution in float64."""
    window = torch.exp(-torch.arange(-5, 6, dtype=torch.float64).square() / (2 * 1.5**2))
    pixels = F.pad(torch.eye(length, dtype=torch.float64)[:, None], (5, 5), mode="reflect")
    return F.conv1d(pixels, (window / window.sum())[None, None])[:, 0]


# ---- Picture by picture ------------------------------------------------------------------------------------------


def l1(first: Images, second: Images, mask: Tensor | None = None) -> Tensor:
    """Mean absolute difference with pictures in [0, 1]: uint8 pictures twice -> (N,).

    mask   (N, H, W) bool: only where it is true; a picture without any such pixel gives NaN
    """
    return masked_mean(absolute_error(first, second), mask)


def absolute_error(first: Images, second: Images) -> Tensor:
    """Of pictures in [0, 1], at every pixel: (N, H, W)."""
    return _pixel_by_pixel(lambda x, y: (x - y).abs() / 255, first, second)


def squared_error(first: Images, second: Images) -> Tensor:
    """Of pictures in [0, 255], at every pixel: (N, H, W)."""
    return _pixel_by_pixel(lambda x, y: (x - y).square(), first, second)


def psnr(error: Tensor) -> Tensor:
    """Peak signal-to-noise ratio 10 log₁₀(255² / mean squared error) in dB, at most HIGHEST_PSNR."""
    return 10 * torch.log10(255.0**2 / error.clamp(min=1 / 12))


def ssim(first: Images, second: Images) -> Tensor:
    """Structural similarity (Wang et al. 2004; Gaussian window of 11 x 11 pixels) at every pixel: (N, H, W).

    1 where windows are equal. Raises ValueError for pictures below 8 px, which the window does not fit.
    """
    if min(as_tensor(first).shape[-2:]) < 8:
        raise ValueError("SSIM needs pictures of at least 8 px, not {} x {}".format(*as_tensor(first).shape[-2:]))
    return _pixel_by_pixel(_ssim, first, second)


def _ssim(x: Tensor, y: Tensor) -> Tensor:
    """Eq. 13, with K1 = 0.01 and K2 = 0.03: (N, C, H, W) in [0, 255] twice -> (N, C, H, W)."""
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mean_x, mean_y, xx, yy, xy = (smoothed(z) for z in (x, y, x * x, y * y, x * y))
    variances = (xx - mean_x**2).clamp(min=0) + (yy - mean_y**2).clamp(min=0)
    covariance = xy - mean_x * mean_y
    return (2 * mean_x * mean_y + c1) * (2 * covariance + c2) / ((mean_x**2 + mean_y**2 + c1) * (variances + c2))


def _pixel_by_pixel(measure: Callable[[Tensor, Tensor], Tensor], first: Images, second: Images) -> Tensor:
    """The mean over channels of (N, C, H, W) float64 twice -> (N, H, W). Raises ValueError for unequal shapes."""
    first, second = as_tensor(first), as_tensor(second)
    if (len(first), *first.shape[2:]) != (len(second), *second.shape[2:]):
        shapes = f"{tuple(first.shape)} and {tuple(second.shape)}"
        raise ValueError(f"pictures {shapes}: compare as many, of the same size")
    alike = first.shape[1] == second.shape[1]

    def prepared(part: Tensor) -> Tensor:
        return part.double() if alike else part.double().mean(1, keepdim=True)

    parts = zip(first.split(BATCH), second.split(BATCH), strict=True)
    return torch.cat([measure(prepared(x), prepared(y)).mean(1) for x, y in parts])


def masked_mean(values: Tensor, mask: Tensor | None) -> Tensor:
    """Over the pixels where the mask is true, NaN where there are none: (N, H, W) twice -> (N,)."""
    if mask is None:
        return values.mean((1, 2))
    mask = torch.as_tensor(mask, device=values.device)
    return (values * mask).sum((1, 2)) / mask.sum((1, 2))


# ---- Set against set ---------------------------------------------------------------------------------------------


def fid(real: Tensor, generated: Tensor) -> float:
    """Fréchet distance between features of two sets (Heusel et al. 2017, eq. 6): (N, d), (M, d) -> 0 or more.

    Both sets look like normal distributions to it. Fewer pictures give larger values, so compare only figures of equal
    counts. Raises ValueError for fewer than two pictures.

    With centred features X (N, d), Y (M, d) the eigenvalues of Σ_X Σ_Y that are not 0 are the squared singular values
    of X Yᵀ / √((N − 1)(M − 1)), so that tr √(Σ_X Σ_Y) is the sum of these, which R of X = QR has too.
    """
    if len(real) < 2 or len(generated) < 2:
        raise ValueError(f"FID needs at least 2 pictures of each kind, not {len(real)} and {len(generated)}")
    difference = real.mean(0) - generated.mean(0)  # (d,)
    x, y = ((f - f.mean(0)) / math.sqrt(len(f) - 1) for f in (real, generated))  # (N, d), (M, d)
    r_x, r_y = (torch.linalg.qr(f, mode="r").R for f in (x, y))
    shared = torch.linalg.svdvals(r_x @ r_y.T).sum()  # tr √(Σ_X Σ_Y)
    return max(float(difference @ difference + x.square().sum() + y.square().sum() - 2 * shared), 0.0)


def kid(real: Tensor, generated: Tensor, subsets: int = 100, seed: int = 0) -> tuple[float, float]:
    """Kernel distance between features (Bińkowski et al. 2018, section 4): (N, d), (M, d) -> mean and deviation.

    The unbiased estimate, so that it may lie below 0, on random halves: their mean, and their deviation, which is about
    the error of the estimate from all pictures (the jackknife that leaves half out; Shao and Wu 1989). Raises
    ValueError for fewer than four pictures.
    """
    half = min(len(real), len(generated)) // 2
    if half < 2:
        raise ValueError(f"KID needs at least 4 pictures of each kind, not {len(real)} and {len(generated)}")
    generator, estimates = torch.Generator().manual_seed(seed), []
    for _ in range(subsets):
        x, y = (f[torch.randperm(len(f), generator=generator)[:half].to(f.device)] for f in (real, generated))
        xx, yy, xy = ((a @ b.T / a.shape[1] + 1) ** 3 for a, b in ((x, x), (y, y), (x, y)))  # k(x, y) = (xᵀy / d + 1)³
        within = xx.sum() - xx.trace() + yy.sum() - yy.trace()
        estimates.append(within / (half * (half - 1)) - 2 * xy.mean())  # eq. 4
    values = torch.stack(estimates)
    return float(values.mean()), float(values.std(correction=0))
