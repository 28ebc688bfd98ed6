"""The derivative of instance norm and the activation after it: see `instance_norm` for what, `tiles` for how."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from minicyclegan.kernels.tiles import (
    AHEAD,
    Plan,
    geometry,
    part_of,
    places_of,
    read,
    read_pair,
    read_pairs,
    write_pair,
)


@triton.jit
def _before_activation(x, g, mean, rstd, slope):
    """The normalised map, recomputed, and dL/d of it, from that of the activation's result."""
    y = (x - mean[None, :]) * rstd[None, :]
    return y, tl.where(y > 0, g, slope * g)


@triton.jit
def _sums(
    x_ptr, g_ptr, mean, rstd, first, last, channel, channels, pixels, tiles, slope,
    PIXELS: tl.constexpr, CHANNELS_LAST: tl.constexpr, ONE_TILE: tl.constexpr,
):  # fmt: skip
    """The sums of g and of g y over the pixels, (CHANNELS,) each, and the last tile of y and of g."""
    places, there = places_of(0, first, last, channel, channels, pixels, PIXELS, CHANNELS_LAST)
    # A missing pixel has g = 0 and adds nothing.
    x, g = read(x_ptr, places, there, "evict_last"), read(g_ptr, places, there, "evict_last")
    y, g = _before_activation(x, g, mean, rstd, slope)
    of_g, of_gy = g, g * y
    if not ONE_TILE:
        for tile in tl.range(1, tiles, num_stages=AHEAD):
            places, there = places_of(tile, first, last, channel, channels, pixels, PIXELS, CHANNELS_LAST)
            x, g = read(x_ptr, places, there, "evict_last"), read(g_ptr, places, there, "evict_last")
            y, g = _before_activation(x, g, mean, rstd, slope)
            of_g += g
            of_gy += g * y
    return tl.sum(of_g, axis=0), tl.sum(of_gy, axis=0), y, g


@triton.jit
def _write_gradient(gradient_ptr, y, g, rstd, mean_g, mean_gy, places, there):
    # y = (x - mu) / sigma, where mu and sigma depend on x too: dL/dx = (g - mean(g) - y mean(g y)) / sigma
    gradient = (g - mean_g[None, :] - y * mean_gy[None, :]) * rstd[None, :]
    tl.store(gradient_ptr + places, gradient, there)


@triton.jit
def _differentiate(
    x_ptr, g_ptr, gradient_ptr, mean, rstd, mean_g, mean_gy,
    first, last, channel, channels, pixels, tiles, slope, PIXELS: tl.constexpr, CHANNELS_LAST: tl.constexpr,
):  # fmt: skip
    for back in tl.range(1, tiles + 1, num_stages=AHEAD):
        places, there = places_of(tiles - back, first, last, channel, channels, pixels, PIXELS, CHANNELS_LAST)
        x, g = read(x_ptr, places, there, "evict_first"), read(g_ptr, places, there, "evict_first")
        y, g = _before_activation(x, g, mean, rstd, slope)
        _write_gradient(gradient_ptr, y, g, rstd, mean_g, mean_gy, places, there)


@triton.jit
def backward_whole(
    x_ptr, g_ptr, gradient_ptr, statistics_ptr, channels, pixels, tiles, slope,
    PIXELS: tl.constexpr, CHANNELS: tl.constexpr, CHANNELS_LAST: tl.constexpr, ONE_TILE: tl.constexpr,
):  # fmt: skip
    """A program for some whole rows."""
    picture, _, first, last, channel = part_of(tl.program_id(0), channels, pixels, tiles, 1, PIXELS, CHANNELS)
    mean, rstd = read_pair(statistics_ptr, picture, channel, channels)
    start = picture * channels * pixels
    sum_g, sum_gy, y, g = _sums(
        x_ptr + start, g_ptr + start, mean, rstd,
        first, last, channel, channels, pixels, tiles, slope, PIXELS, CHANNELS_LAST, ONE_TILE,
    )  # fmt: skip
    mean_g, mean_gy = sum_g / pixels, sum_gy / pixels
    places, there = places_of(tiles - 1, first, last, channel, channels, pixels, PIXELS, CHANNELS_LAST)
    _write_gradient(gradient_ptr + start, y, g, rstd, mean_g, mean_gy, places, there)
    if not ONE_TILE:
        _differentiate(
            x_ptr + start, g_ptr + start, gradient_ptr + start, mean, rstd, mean_g, mean_gy,
            first, last, channel, channels, pixels, tiles - 1, slope, PIXELS, CHANNELS_LAST,
        )  # fmt: skip


@triton.jit
def backward_parts(
    x_ptr, g_ptr, statistics_ptr, parts_ptr, channels, pixels, tiles, splits, slope,
    PIXELS: tl.constexpr, CHANNELS: tl.constexpr, CHANNELS_LAST: tl.constexpr,
):  # fmt: skip
    """A program for a part of some rows: writes its sums, to (N, splits, 2, C)."""
    picture, split, first, last, channel = part_of(tl.program_id(0), channels, pixels, tiles, splits, PIXELS, CHANNELS)
    mean, rstd = read_pair(statistics_ptr, picture, channel, channels)
    start = picture * channels * pixels
    sum_g, sum_gy, _, _ = _sums(
        x_ptr + start, g_ptr + start, mean, rstd,
        first, last, channel, channels, pixels, tiles, slope, PIXELS, CHANNELS_LAST, False,
    )  # fmt: skip
    write_pair(parts_ptr, picture * splits + split, channel, channels, sum_g, sum_gy, channel < channels)


@triton.jit
def backward_finish(
    x_ptr, g_ptr, gradient_ptr, statistics_ptr, parts_ptr, channels, pixels, tiles, splits, slope,
    PIXELS: tl.constexpr, CHANNELS: tl.constexpr, CHANNELS_LAST: tl.constexpr, SPLITS: tl.constexpr,
):  # fmt: skip
    """A program for a part of some rows again. The part that was read last comes first: the cache still has it."""
    program = tl.num_programs(0) - 1 - tl.program_id(0)
    picture, _, first, last, channel = part_of(program, channels, pixels, tiles, splits, PIXELS, CHANNELS)
    mean, rstd = read_pair(statistics_ptr, picture, channel, channels)
    sums_g, sums_gy = read_pairs(parts_ptr, picture, channel, channels, splits, SPLITS)
    start = picture * channels * pixels
    _differentiate(
        x_ptr + start, g_ptr + start, gradient_ptr + start, mean, rstd,
        tl.sum(sums_g, axis=0) / pixels, tl.sum(sums_gy, axis=0) / pixels,
        first, last, channel, channels, pixels, tiles, slope, PIXELS, CHANNELS_LAST,
    )  # fmt: skip


def backward(g: Tensor, x: Tensor, statistics: Tensor, slope: float, plan: Plan | None = None) -> Tensor:
    """dL/dx from g = dL/dy: g, x (N, C, H, W) in one memory format; statistics as `forward` gives."""
    plan, programs, where, tile = geometry(x, plan)
    gradient = torch.empty_like(x)  # (N, C, H, W)
    with torch.cuda.device_of(x):
        if plan.splits == 1:
            backward_whole[programs](
                x, g, gradient, statistics, *where, plan.tiles, slope, **tile, ONE_TILE=plan.tiles == 1
            )
        else:
            parts = x.new_empty((len(x), plan.splits, 2, x.shape[1]), dtype=torch.float32)
            backward_parts[programs](x, g, statistics, parts, *where, plan.tiles, plan.splits, slope, **tile)
            backward_finish[programs](
                x, g, gradient, statistics, parts, *where, plan.tiles, plan.splits, slope,
                **tile, SPLITS=triton.next_power_of_2(plan.splits),
            )  # fmt: skip
    return gradient
