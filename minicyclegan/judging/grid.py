"""The grid that upsampling leaves: dots and streaks that repeat every 2 or 4 px, at the same places in all pictures.

What a Gaussian of 1.5 px takes off is averaged at each of the 16 phases of a 4 x 4 lattice, which holds the periods 2
and 4. Things have edges and bricks at any phase, so that over many pictures their means vanish; a generator's don't.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from minicyclegan.judging.metrics import box_sum, smoothed

PERIOD = 4  # pixels
LIMIT = 0.4  # 255ths, of the pooled grid; real pictures have up to 0.2, a screen of ±1 over them has 0.5 or more
FEWEST = 100  # pictures for which that holds


def grid_by_picture(pictures: Tensor, mask: Tensor | None = None) -> Tensor:
    """The root mean square of each picture's means at the phases, in 255ths: (N, C, H, W) in [-1, 1] -> (N,).

    mask   (N, H, W) bool: only where it is true; a picture that has less than 4 such pixels at a phase gives NaN

    What the picture shows counts as well: see what real ones have.
    """
    sums, weights = _phase_sums(127.5 * (pictures - smoothed(pictures)), _weights(pictures, mask))
    found = _root_mean_square(sums / weights[:, None])
    return found.where(weights.amin((1, 2)) >= 4, torch.nan)


def pooled_grid(pictures: Tensor, mask: Tensor | None = None) -> Tensor:
    """The root mean square of the means at the phases over all pictures together, in 255ths; arguments as above -> ().

    Signs are kept until then, so that what is at other phases in each picture cancels out. A pixel weighs about one
    over the variance around it (5 x 5): otherwise strong edges would need thousands of pictures to cancel out.
    """
    sums, weights = pooled_sums(pictures, mask)
    return of_sums(sums.sum(0), weights.sum(0))


def pooled_sums(pictures: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """What each picture adds to the pool, which may be of many batches: sums (N, C, 4, 4) and weights (N, 4, 4)."""
    fine = 127.5 * (pictures - smoothed(pictures))  # (N, C, H, W), in 255ths
    around = box_sum(fine.square().mean(1), 2) / box_sum(torch.ones_like(fine[:, 0]), 2)  # (N, H, W): of 5 x 5 pixels
    return _phase_sums(fine, _weights(pictures, mask) / (around + 1))


def of_sums(sums: Tensor, weights: Tensor) -> Tensor:
    """The pooled grid of sums (..., C, 4, 4) and weights (..., 4, 4) -> (...); NaN where the mask left nothing."""
    return _root_mean_square(sums / weights[..., None, :, :])


def _weights(pictures: Tensor, mask: Tensor | None) -> Tensor:
    """1 or 0, (N, H, W)."""
    return torch.ones_like(pictures[:, 0]) if mask is None else mask.to(pictures)


def _phase_sums(fine: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Weighted sums at each phase, and of the weights: (N, C, H, W), (N, H, W) -> (N, C, 4, 4), (N, 4, 4)."""
    places = (torch.arange(length, device=fine.device) % PERIOD for length in fine.shape[-2:])
    rows, columns = (F.one_hot(phase, PERIOD).to(fine) for phase in places)  # (H, 4), (W, 4)
    return rows.T @ (fine * weights[:, None]) @ columns, rows.T @ weights @ columns


def _root_mean_square(means: Tensor) -> Tensor:
    """(..., C, 4, 4), less what all phases have in common -> (...)."""
    return (means - means.mean((-2, -1), keepdim=True)).square().mean((-3, -2, -1)).sqrt()
