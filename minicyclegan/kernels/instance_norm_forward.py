"""Instance norm forward, with the activation and a block's sum: see `instance_norm` for what, `tiles` for how."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from minicyclegan.kernels.tiles import AHEAD, Plan, geometry, part_of, places_of, read, read_pairs, write_pair


@triton.jit
def _moments(
    x_ptr, first, last, channel, channels, pixels, tiles,
    PIXELS: tl.constexpr, CHANNELS_LAST: tl.constexpr, ONE_TILE: tl.constexpr,
):  # fmt: skip
    """Mean and sum of squared distances from it, (CHANNELS,) each, and the last tile (PIXELS, CHANNELS).

    Each place of the tile keeps its own running mean (Welford 1962), from which all are put together at the end: a
    large mean cancels nothing.
    """
    places, there = places_of(0, first, last, channel, channels, pixels, PIXELS, CHANNELS_LAST)
    x = read(x_ptr, places, there, "evict_last")
    mean, squares = x, tl.zeros_like(x)
    if not ONE_TILE:
        for tile in tl.range(1, tiles, num_stages=AHEAD):
            places, there = places_of(tile, first, last, channel, channels, pixels, PIXELS, CHANNELS_LAST)
            x = read(x_ptr, places, there, "evict_last")
            distance = tl.where(there, x - mean, 0.0)
            mean += distance * (1.0 / (tile + 1))
            squares += distance * (x - mean)
    count = (last - first - tl.arange(0, PIXELS) + PIXELS - 1) // PIXELS  # pixels that each place has seen
    mean_of_all, squares_of_all = _together(count[:, None].to(tl.float32), mean, squares, last - first)
    return mean_of_all, squares_of_all, x


@triton.jit
def _together(count, mean, squares, total):
    """Moments of `total` pixels from those of parts of them, along the first axis (Chan, Golub and LeVeque 1979)."""
    mean_of_all = tl.sum(count * mean, axis=0) / total
    distance = mean - mean_of_all[None, :]
    return mean_of_all, tl.sum(squares + count * distance * distance, axis=0)


@triton.jit
def _write_result(y_ptr, residual_ptr, x, mean, rstd, places, there, slope, RESIDUAL: tl.constexpr):
    # y = (x - mu) / sqrt(sigma^2 + eps)   (Ulyanov et al. 2016, eq. 7)
    y = (x - mean[None, :]) * rstd[None, :]
    y = tl.where(y > 0, y, slope * y)
    if RESIDUAL:
        y += read(residual_ptr, places, there, "evict_first")
    tl.store(y_ptr + places, y, there)


@triton.jit
def _normalise(
    x_ptr, residual_ptr, y_ptr, mean, rstd, first, last, channel, channels, pixels, tiles, slope,
    PIXELS: tl.constexpr, CHANNELS_LAST: tl.constexpr, RESIDUAL: tl.constexpr,
):  # fmt: skip
    for back in tl.range(1, tiles + 1, num_stages=AHEAD):
        places, there = places_of(tiles - back, first, last, channel, channels, pixels, PIXELS, CHANNELS_LAST)
        x = read(x_ptr, places, there, "evict_first")
        _write_result(y_ptr, residual_ptr, x, mean, rstd, places, there, slope, RESIDUAL)


@triton.jit
def forward_whole(
    x_ptr, residual_ptr, y_ptr, statistics_ptr, channels, pixels, tiles, slope, eps,
    PIXELS: tl.constexpr, CHANNELS: tl.constexpr, CHANNELS_LAST: tl.constexpr, ONE_TILE: tl.constexpr,
    RESIDUAL: tl.constexpr,
):  # fmt: skip
    """A program for some whole rows."""
    picture, _, first, last, channel = part_of(tl.program_id(0), channels, pixels, tiles, 1, PIXELS, CHANNELS)
    start = picture * channels * pixels
    mean, squares, x = _moments(
        x_ptr + start, first, last, channel, channels, pixels, tiles, PIXELS, CHANNELS_LAST, ONE_TILE
    )
    rstd = tl.rsqrt(squares / pixels + eps)
    write_pair(statistics_ptr, picture, channel, channels, mean, rstd, channel < channels)
    places, there = places_of(tiles - 1, first, last, channel, channels, pixels, PIXELS, CHANNELS_LAST)
    _write_result(y_ptr + start, residual_ptr + start, x, mean, rstd, places, there, slope, RESIDUAL)
    if not ONE_TILE:
        _normalise(
            x_ptr + start, residual_ptr + start, y_ptr + start, mean, rstd,
            first, last, channel, channels, pixels, tiles - 1, slope, PIXELS, CHANNELS_LAST, RESIDUAL,
        )  # fmt: skip


@triton.jit
def forward_parts(
    x_ptr, parts_ptr, channels, pixels, tiles, splits,
    PIXELS: tl.constexpr, CHANNELS: tl.constexpr, CHANNELS_LAST: tl.constexpr,
):  # fmt: skip
    """A program for a part of some rows: writes its moments, to (N, splits, 2, C)."""
    picture, split, first, last, channel = part_of(tl.program_id(0), channels, pixels, tiles, splits, PIXELS, CHANNELS)
    mean, squares, _ = _moments(
        x_ptr + picture * channels * pixels, first, last, channel, channels, pixels, tiles, PIXELS, CHANNELS_LAST, False
    )
    write_pair(parts_ptr, picture * splits + split, channel, channels, mean, squares, channel < channels)


@triton.jit
def forward_finish(
    x_ptr, residual_ptr, y_ptr, statistics_ptr, parts_ptr, channels, pixels, tiles, splits, slope, eps,
    PIXELS: tl.constexpr, CHANNELS: tl.constexpr, CHANNELS_LAST: tl.constexpr, RESIDUAL: tl.constexpr,
    SPLITS: tl.constexpr,
):  # fmt: skip
    """A program for a part of some rows again. The part that was read last comes first: the cache still has it."""
    program = tl.num_programs(0) - 1 - tl.program_id(0)
    picture, split, first, last, channel = part_of(program, channels, pixels, tiles, splits, PIXELS, CHANNELS)
    means, squares = read_pairs(parts_ptr, picture, channel, channels, splits, SPLITS)
    count = tl.minimum(pixels - tl.arange(0, SPLITS) * tiles * PIXELS, tiles * PIXELS)  # the last part may be shorter
    count = tl.maximum(count, 0)[:, None].to(tl.float32)
    mean, squares_of_all = _together(count, means, squares, pixels)
    rstd = tl.rsqrt(squares_of_all / pixels + eps)
    write_pair(statistics_ptr, picture, channel, channels, mean, rstd, (channel < channels) & (split == 0))
    start = picture * channels * pixels
    _normalise(
        x_ptr + start, residual_ptr + start, y_ptr + start, mean, rstd,
        first, last, channel, channels, pixels, tiles, slope, PIXELS, CHANNELS_LAST, RESIDUAL,
    )  # fmt: skip


def forward(
    x: Tensor, residual: Tensor | None, slope: float, eps: float, plan: Plan | None = None
) -> tuple[Tensor, Tensor]:
    """x, residual (N, C, H, W), both contiguous or both channels_last -> result, mean and rstd (N, 2, C) float32."""
    plan, programs, where, tile = geometry(x, plan)
    y = torch.empty_like(x)  # (N, C, H, W)
    statistics = x.new_empty((len(x), 2, x.shape[1]), dtype=torch.float32)
    added = x if residual is None else residual
    with torch.cuda.device_of(x):
        if plan.splits == 1:
            forward_whole[programs](
                x, added, y, statistics, *where, plan.tiles, slope, eps,
                **tile, ONE_TILE=plan.tiles == 1, RESIDUAL=residual is not None,
            )  # fmt: skip
        else:
            parts = x.new_empty((len(x), plan.splits, 2, x.shape[1]), dtype=torch.float32)
            forward_parts[programs](x, parts, *where, plan.tiles, plan.splits, **tile)
            forward_finish[programs](
                x, added, y, statistics, parts, *where, plan.tiles, plan.splits, slope, eps,
                **tile, RESIDUAL=residual is not None, SPLITS=triton.next_power_of_2(plan.splits),
            )  # fmt: skip
    return y, statistics
