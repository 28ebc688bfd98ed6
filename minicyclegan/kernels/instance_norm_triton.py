"""The fused instance norm in Triton: what `instance_norm` describes, forward and backward, two launches each way.

A row is one channel of one picture. A program takes a part of some rows, tile by tile; a tile is PIXELS x CHANNELS. The
first launch gathers each part's sums. The second puts the parts of a row together and writes the map: each program
reads what all parts of its rows have found, which is little beside what it reads of the map. Maps are addressed by
their strides, so that any order in memory and any slice will do. All arithmetic is float32.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
import triton
import triton.language as tl
from torch import Tensor

from minicyclegan.kernels.instance_norm import empty

AHEAD = tl.constexpr(2)  # stages of a loop over tiles: the next tile is on its way while this one is computed


@dataclass(frozen=True)
class Plan:
    """How a map is cut: tiles of pixels x channels (powers of 2), so many tiles to a part and parts to a row."""

    pixels: int
    channels: int
    tiles: int
    splits: int
    warps: int


def make_plan(shape: torch.Size, channels_last: bool, itemsize: int, processors: int) -> Plan:
    """A plan for a map (N, C, H, W) whose elements have `itemsize` bytes, on a GPU of `processors` multiprocessors."""
    n, c, pixels = shape[0], shape[1], shape[2] * shape[3]
    # Each part reads the sums of all parts: with √pixels / 4 parts, an eighth of what it reads of the map.
    most = max(1, math.isqrt(pixels) // 4)
    # 128 bytes side by side are one line of the cache; a small map's rows share a program.
    width = 128 // itemsize if channels_last else max(1, 1024 // triton.next_power_of_2(pixels))
    width = min(triton.next_power_of_2(c), width)
    # Down to the 32 bytes that memory gives at least: 64 parts of whole lines leave half of 132 multiprocessors idle.
    while channels_last and width * itemsize > 32 and n * triton.cdiv(c, width) * most < 4 * processors:
        width //= 2
    tile = min(triton.next_power_of_2(pixels), 4096 // width)
    tiles = triton.cdiv(pixels, tile)
    splits = min(tiles, most, triton.cdiv(4 * processors, n * triton.cdiv(c, width)))
    tiles_of_a_part = triton.cdiv(tiles, splits)
    return Plan(tile, width, tiles_of_a_part, triton.cdiv(tiles, tiles_of_a_part), max(1, min(8, tile * width // 512)))


@triton.jit
def _part(parts, channels, CHANNELS: tl.constexpr):
    """This program's picture, part, and channels (CHANNELS,)."""
    groups = tl.cdiv(channels, CHANNELS)
    program = tl.program_id(0)
    channel = program % groups * CHANNELS + tl.arange(0, CHANNELS)
    return (program // groups // parts).to(tl.int64), program // groups % parts, channel


@triton.jit
def _pixels(part, tile, tiles, height, width, PIXELS: tl.constexpr):
    """Row and column of a tile's pixels, and which of them exist, (PIXELS,) each."""
    pixel = (part * tiles + tile) * PIXELS + tl.arange(0, PIXELS)
    return pixel // width, pixel % width, pixel < height * width


@triton.jit
def _read(pointer, row, column, channel, exists, stride_c, stride_h, stride_w):
    """(PIXELS, CHANNELS) numbers of a picture, 0 where there are none."""
    places = (row * stride_h + column * stride_w)[:, None] + (channel * stride_c)[None, :]
    return tl.load(pointer + places, exists, other=0.0).to(tl.float32)


@triton.jit
def _write(pointer, value, row, column, channel, exists, stride_c, stride_h, stride_w):
    places = (row * stride_h + column * stride_w)[:, None] + (channel * stride_c)[None, :]
    tl.store(pointer + places, value, exists)


@triton.jit
def _write_pair(pointer, row, channel, channels, one, other, exists):
    """Two numbers of each channel, (CHANNELS,) each, to the given row of a map (rows, 2, C)."""
    tl.store(pointer + row * 2 * channels + channel, one, exists)
    tl.store(pointer + (row * 2 + 1) * channels + channel, other, exists)


@triton.jit
def _read_pairs(pointer, picture, channel, channels, splits, SPLITS: tl.constexpr):
    """What the programs of all parts of a row wrote: (SPLITS, CHANNELS) twice, 0 where there is no such part."""
    part = tl.arange(0, SPLITS)
    exists = (part < splits)[:, None] & (channel < channels)[None, :]
    places = (picture * splits + part[:, None]) * 2 * channels + channel[None, :]
    return tl.load(pointer + places, exists, other=0.0), tl.load(pointer + channels + places, exists, other=0.0)


@triton.jit
def _together(count, mean, squares, total):
    """Moments of `total` pixels from those of parts of them, along the first axis (Chan, Golub and LeVeque 1979)."""
    mean_of_all = tl.sum(count * mean, axis=0) / total
    distance = mean - mean_of_all[None, :]
    return mean_of_all, tl.sum(squares + count * distance * distance, axis=0)


@triton.jit
def gather_moments(
    x_ptr, parts_ptr, x_n, x_c, x_h, x_w, channels, height, width, tiles, splits,
    PIXELS: tl.constexpr, CHANNELS: tl.constexpr,
):  # fmt: skip
    """Of each part: mean, and sum of squared distances from it, to parts (N, splits, 2, C).

    Each place of the tile keeps its own running mean (Welford 1962), from which all are put together at the end: a
    large mean cancels nothing.
    """
    picture, part, channel = _part(splits, channels, CHANNELS)
    x_ptr += picture * x_n
    row, column, in_map = _pixels(part, 0, tiles, height, width, PIXELS)
    exists = in_map[:, None] & (channel < channels)[None, :]
    mean = _read(x_ptr, row, column, channel, exists, x_c, x_h, x_w)
    squares = tl.zeros_like(mean)
    for tile in tl.range(1, tiles, num_stages=AHEAD):
        row, column, in_map = _pixels(part, tile, tiles, height, width, PIXELS)
        exists = in_map[:, None] & (channel < channels)[None, :]
        x = _read(x_ptr, row, column, channel, exists, x_c, x_h, x_w)
        distance = tl.where(exists, x - mean, 0.0)
        mean += distance * (1.0 / (tile + 1))
        squares += distance * (x - mean)
    pixels = tl.minimum(height * width - part * tiles * PIXELS, tiles * PIXELS)
    count = ((pixels - tl.arange(0, PIXELS) + PIXELS - 1) // PIXELS)[:, None].to(tl.float32)  # that each place saw
    mean_of_all, squares_of_all = _together(count, mean, squares, pixels)
    _write_pair(parts_ptr, picture * splits + part, channel, channels, mean_of_all, squares_of_all, channel < channels)


@triton.jit
def _reflected(place, size):
    """The place inside a line of `size` that a place outside mirrors; the edge itself is not repeated."""
    return size - 1 - tl.abs(size - 1 - tl.abs(place))


@triton.jit
def normalise(
    x_ptr, residual_ptr, y_ptr, parts_ptr, statistics_ptr, x_n, x_c, x_h, x_w, r_n, r_c, r_h, r_w, y_n, y_c, y_h, y_w,
    channels, height, width, tiles, splits, written_parts, slope, eps,
    PIXELS: tl.constexpr, CHANNELS: tl.constexpr, SPLITS: tl.constexpr, RESIDUAL: tl.constexpr, PAD: tl.constexpr,
):  # fmt: skip
    """The result with its border, and each row's mean and 1 / deviation, to statistics (N, 2, C)."""
    picture, part, channel = _part(written_parts, channels, CHANNELS)
    means, squares = _read_pairs(parts_ptr, picture, channel, channels, splits, SPLITS)
    pixels = height * width
    count = tl.minimum(pixels - tl.arange(0, SPLITS) * tiles * PIXELS, tiles * PIXELS)  # the last part may be shorter
    mean, squares_of_all = _together(tl.maximum(count, 0)[:, None].to(tl.float32), means, squares, pixels)
    rstd = tl.rsqrt(squares_of_all / pixels + eps)
    _write_pair(statistics_ptr, picture, channel, channels, mean, rstd, (channel < channels) & (part == 0))
    x_ptr += picture * x_n
    y_ptr += picture * y_n
    residual_ptr += picture * r_n
    for tile in tl.range(0, tiles, num_stages=AHEAD):
        row, column, in_map = _pixels(part, tile, tiles, height + 2 * PAD, width + 2 * PAD, PIXELS)
        exists = in_map[:, None] & (channel < channels)[None, :]
        from_row, from_column = _reflected(row - PAD, height), _reflected(column - PAD, width)
        x = _read(x_ptr, from_row, from_column, channel, exists, x_c, x_h, x_w)
        # y = (x - mu) / sqrt(sigma^2 + eps)   (Ulyanov et al. 2016, eq. 7)
        y = (x - mean[None, :]) * rstd[None, :]
        y = tl.where(y > 0, y, slope * y)
        if RESIDUAL:
            y += _read(residual_ptr, from_row, from_column, channel, exists, r_c, r_h, r_w)
        _write(y_ptr, y, row, column, channel, exists, y_c, y_h, y_w)


@triton.jit
def _shown(place, size, PAD: tl.constexpr):
    """Where in a padded line the border shows a place of its inside again, -1 where it does not."""
    before = (place >= 1) & (place <= PAD)
    after = (place >= size - 1 - PAD) & (place <= size - 2)
    return tl.where(before, PAD - place, tl.where(after, 2 * size - 2 - place + PAD, -1))


@triton.jit
def _folded(g_ptr, row, column, edge, channel, exists, g_c, g_h, g_w, height, width, PAD: tl.constexpr):
    """dL/d of the map without its border: what the border's pixels got goes to those that they mirror.

    edge   whether any of these rows may be shown again, above the map or below it
    """
    g = _read(g_ptr, row + PAD, column + PAD, channel, exists, g_c, g_h, g_w)
    if PAD > 0:
        shown_row, shown_column = _shown(row, height, PAD), _shown(column, width, PAD)
        beside = exists & (shown_column >= 0)[:, None]
        g += _read(g_ptr, row + PAD, shown_column, channel, beside, g_c, g_h, g_w)
        if edge:
            above = exists & (shown_row >= 0)[:, None]
            g += _read(g_ptr, shown_row, column + PAD, channel, above, g_c, g_h, g_w)
            g += _read(g_ptr, shown_row, shown_column, channel, above & beside, g_c, g_h, g_w)
    return g


@triton.jit
def gather_sums(
    x_ptr, g_ptr, parts_ptr, statistics_ptr, x_n, x_c, x_h, x_w, g_n, g_c, g_h, g_w,
    channels, height, width, tiles, splits, slope, PIXELS: tl.constexpr, CHANNELS: tl.constexpr, PAD: tl.constexpr,
):  # fmt: skip
    """Of each part of the map with its border: the sums of g and of g y before the activation, to parts
    (N, splits, 2, C). A sum does not mind where its terms belong: each pixel of the border brings the y it shows."""
    picture, part, channel = _part(splits, channels, CHANNELS)
    mean, rstd = _read_pairs(statistics_ptr, picture, channel, channels, 1, 1)
    x_ptr += picture * x_n
    g_ptr += picture * g_n
    of_g = tl.zeros((PIXELS, CHANNELS), tl.float32)
    of_gy = tl.zeros((PIXELS, CHANNELS), tl.float32)
    for tile in tl.range(0, tiles, num_stages=AHEAD):
        row, column, in_map = _pixels(part, tile, tiles, height + 2 * PAD, width + 2 * PAD, PIXELS)
        exists = in_map[:, None] & (channel < channels)[None, :]  # a missing pixel has g = 0 and adds nothing
        from_row, from_column = _reflected(row - PAD, height), _reflected(column - PAD, width)
        y = (_read(x_ptr, from_row, from_column, channel, exists, x_c, x_h, x_w) - mean) * rstd
        g = _read(g_ptr, row, column, channel, exists, g_c, g_h, g_w)
        g = tl.where(y > 0, g, slope * g)
        of_g += g
        of_gy += g * y
    sums = tl.sum(of_g, axis=0), tl.sum(of_gy, axis=0)
    _write_pair(parts_ptr, picture * splits + part, channel, channels, sums[0], sums[1], channel < channels)


@triton.jit
def differentiate(
    x_ptr, g_ptr, for_x_ptr, for_residual_ptr, parts_ptr, statistics_ptr,
    x_n, x_c, x_h, x_w, g_n, g_c, g_h, g_w, d_n, d_c, d_h, d_w, r_n, r_c, r_h, r_w,
    channels, height, width, tiles, splits, summed_parts, slope,
    PIXELS: tl.constexpr, CHANNELS: tl.constexpr, SPLITS: tl.constexpr, RESIDUAL: tl.constexpr, PAD: tl.constexpr,
):  # fmt: skip
    """dL/dx, and where asked for that of the residual, too."""
    picture, part, channel = _part(splits, channels, CHANNELS)
    mean, rstd = _read_pairs(statistics_ptr, picture, channel, channels, 1, 1)
    sums_g, sums_gy = _read_pairs(parts_ptr, picture, channel, channels, summed_parts, SPLITS)
    mean_g, mean_gy = tl.sum(sums_g, axis=0) / (height * width), tl.sum(sums_gy, axis=0) / (height * width)
    x_ptr += picture * x_n
    g_ptr += picture * g_n
    for_x_ptr += picture * d_n
    for_residual_ptr += picture * r_n
    for tile in tl.range(0, tiles, num_stages=AHEAD):
        row, column, in_map = _pixels(part, tile, tiles, height, width, PIXELS)
        exists = in_map[:, None] & (channel < channels)[None, :]
        y = (_read(x_ptr, row, column, channel, exists, x_c, x_h, x_w) - mean) * rstd
        first = (part * tiles + tile) * PIXELS
        edge = (first // width <= PAD) | ((first + PIXELS - 1) // width >= height - 1 - PAD)
        g = _folded(g_ptr, row, column, edge, channel, exists, g_c, g_h, g_w, height, width, PAD)
        if RESIDUAL:
            _write(for_residual_ptr, g, row, column, channel, exists, r_c, r_h, r_w)
        g = tl.where(y > 0, g, slope * g)
        # y = (x - mu) / sigma, where mu and sigma depend on x too: dL/dx = (g - mean(g) - y mean(g y)) / sigma
        gradient = (g - mean_g[None, :] - y * mean_gy[None, :]) * rstd
        _write(for_x_ptr, gradient, row, column, channel, exists, d_c, d_h, d_w)


def forward(x: Tensor, residual: Tensor | None, slope: float, eps: float, pad: int) -> tuple[Tensor, Tensor]:
    """x, residual (N, C, H, W) -> the result (N, C, H + 2 pad, W + 2 pad); mean and rstd (N, 2, C) float32."""
    n, c, h, w = x.shape
    y = empty(x, pad)
    statistics = x.new_empty((n, 2, c), dtype=torch.float32)
    for some, plan in _passes(x, maps=1):
        x1, y1, statistics1 = x[some], y[some], statistics[some]
        r1 = x1 if residual is None else residual[some]
        parts = x.new_empty((len(x1), plan.splits, 2, c), dtype=torch.float32)
        rows, tile = len(x1) * triton.cdiv(c, plan.channels), {"PIXELS": plan.pixels, "CHANNELS": plan.channels}
        written = triton.cdiv(y.shape[2] * y.shape[3], plan.pixels * plan.tiles)
        with torch.cuda.device_of(x):
            gather_moments[(rows * plan.splits,)](
                x1, parts, *x1.stride(), c, h, w, plan.tiles, plan.splits, **tile, num_warps=plan.warps
            )
            normalise[(rows * written,)](
                x1, r1, y1, parts, statistics1, *x1.stride(), *r1.stride(), *y1.stride(),
                c, h, w, plan.tiles, plan.splits, written, slope, eps, **tile,
                SPLITS=triton.next_power_of_2(plan.splits), RESIDUAL=residual is not None, PAD=pad,
                num_warps=plan.warps,
            )  # fmt: skip
    return y, statistics


def backward(
    g: Tensor, x: Tensor, statistics: Tensor, slope: float, pad: int, for_residual: Tensor | None = None
) -> Tensor:
    """dL/dx (N, C, H, W) from g = dL/dy (N, C, H + 2 pad, W + 2 pad); x and statistics as in `forward`.

    for_residual   (N, C, H, W), takes dL/d of the residual
    """
    c, h, w = x.shape[1:]
    for_x = empty(x)
    for some, plan in _passes(x, maps=2):
        x1, g1, for_x1, statistics1 = x[some], g[some], for_x[some], statistics[some]
        r1 = for_x1 if for_residual is None else for_residual[some]
        rows, tile = len(x1) * triton.cdiv(c, plan.channels), {"PIXELS": plan.pixels, "CHANNELS": plan.channels}
        summed = triton.cdiv(g.shape[2] * g.shape[3], plan.pixels * plan.tiles)
        parts = x.new_empty((len(x1), summed, 2, c), dtype=torch.float32)
        with torch.cuda.device_of(x):
            gather_sums[(rows * summed,)](
                x1, g1, parts, statistics1, *x1.stride(), *g1.stride(),
                c, h, w, plan.tiles, summed, slope, **tile, PAD=pad, num_warps=plan.warps,
            )  # fmt: skip
            differentiate[(rows * plan.splits,)](
                x1, g1, for_x1, r1, parts, statistics1, *x1.stride(), *g1.stride(), *for_x1.stride(), *r1.stride(),
                c, h, w, plan.tiles, plan.splits, summed, slope, **tile,
                SPLITS=triton.next_power_of_2(summed), RESIDUAL=for_residual is not None, PAD=pad,
                num_warps=plan.warps,
            )  # fmt: skip
    return for_x


def _passes(x: Tensor, maps: int) -> Iterator[tuple[slice, Plan]]:
    """Some pictures at a time, so few that a second reading of so many maps still finds them in the GPU's cache."""
    processors, pictures = 1, len(x)
    if x.is_cuda:
        gpu = torch.cuda.get_device_properties(x.device)
        processors = gpu.multi_processor_count
        pictures = max(1, gpu.L2_cache_size // 3 // (maps * x[0].numel() * x.element_size()))
    for first in range(0, len(x), pictures):
        some = slice(first, min(first + pictures, len(x)))
        shape = torch.Size((some.stop - first, *x.shape[1:]))
        yield some, make_plan(shape, x.stride(1) == 1, x.element_size(), processors)
