"""How the kernels of `instance_norm` cut a map into tiles, and what all of them read.

A row is one channel of one picture, (H W) pixels. A program takes tiles of PIXELS x CHANNELS of one picture: in a
contiguous map pixels lie side by side, in a channels_last one channels do, and a tile is long in that direction. Where
there are enough rows to keep the device busy, a program goes over its rows twice, the second time from their end, which
is still in the cache. Where there are few, a row is split: one launch gathers the sums of each part, and a second one
adds them up and finishes. All arithmetic is float32.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

AHEAD = tl.constexpr(2)  # stages of a loop over tiles: the next tile is on its way while this one is computed


@dataclass(frozen=True)
class Plan:
    """How a map is cut: tiles of pixels x channels (powers of 2), so many tiles and parts to a row."""

    pixels: int
    channels: int
    tiles: int  # of one part
    splits: int  # parts of a row
    warps: int


def make_plan(shape: torch.Size, channels_last: bool, itemsize: int, processors: int) -> Plan:
    """A plan for a map (N, C, H, W) whose elements have `itemsize` bytes, on a GPU of `processors` multiprocessors."""
    n, c, pixels = shape[0], shape[1], shape[2] * shape[3]
    row = triton.next_power_of_2(pixels)
    # 64 bytes side by side are as fast as more; a small map's rows share a program.
    width = min(triton.next_power_of_2(c), 64 // itemsize if channels_last else max(1, 1024 // row))
    if row * width <= 16384:
        return Plan(row, width, tiles=1, splits=1, warps=min(16, max(1, row * width // 512)))
    programs = n * triton.cdiv(c, width)
    if programs >= processors:
        # One program of 1024 threads fills a multiprocessor: the fewer rows are under way, the more of them the cache
        # still holds at the second reading.
        tile = 8192 // width
        return Plan(tile, width, triton.cdiv(pixels, tile), splits=1, warps=32)
    tile = 4096 // width
    tiles = triton.cdiv(pixels, tile)
    # Each part reads the sums of all parts: with √pixels / 4 parts, an eighth of what it reads of the map.
    splits = min(tiles, max(1, math.isqrt(pixels) // 4), triton.cdiv(2 * processors, programs))
    tiles_of_a_part = triton.cdiv(tiles, splits)
    return Plan(tile, width, tiles_of_a_part, triton.cdiv(tiles, tiles_of_a_part), warps=8)


@triton.jit
def part_of(program, channels, pixels, tiles, splits, PIXELS: tl.constexpr, CHANNELS: tl.constexpr):
    """The program's picture, its part of the row (from pixel `first` to before `last`) and its channels (CHANNELS,)."""
    groups = tl.cdiv(channels, CHANNELS)
    channel = program % groups * CHANNELS + tl.arange(0, CHANNELS)
    split = program // groups % splits
    first = split * tiles * PIXELS
    return (program // groups // splits).to(tl.int64), split, first, min(first + tiles * PIXELS, pixels), channel


@triton.jit
def places_of(tile, first, last, channel, channels, pixels, PIXELS: tl.constexpr, CHANNELS_LAST: tl.constexpr):
    """Where a tile's elements lie within the picture, and which of them exist: (PIXELS, CHANNELS) twice."""
    pixel = first + tile * PIXELS + tl.arange(0, PIXELS)
    there = (pixel < last)[:, None] & (channel < channels)[None, :]
    if CHANNELS_LAST:
        return pixel[:, None] * channels + channel[None, :], there
    return channel[None, :] * pixels + pixel[:, None], there


@triton.jit
def read(pointer, places, there, policy: tl.constexpr):
    return tl.load(pointer + places, there, other=0.0, eviction_policy=policy).to(tl.float32)


@triton.jit
def write_pair(pointer, row, channel, channels, one, other, there):
    """Two numbers of each channel, (CHANNELS,) each, to the given row of a map (rows, 2, C)."""
    tl.store(pointer + row * 2 * channels + channel, one, there)
    tl.store(pointer + (row * 2 + 1) * channels + channel, other, there)


@triton.jit
def read_pair(pointer, row, channel, channels):
    """What `write_pair` wrote: (CHANNELS,) twice."""
    there = channel < channels
    one = tl.load(pointer + row * 2 * channels + channel, there, other=0.0)
    return one, tl.load(pointer + (row * 2 + 1) * channels + channel, there, other=0.0)


@triton.jit
def read_pairs(pointer, picture, channel, channels, splits, SPLITS: tl.constexpr):
    """What the programs of all parts of a row wrote: (SPLITS, CHANNELS) twice, 0 where there is no such part."""
    part = tl.arange(0, SPLITS)
    there = (part < splits)[:, None] & (channel < channels)[None, :]
    places = (picture * splits + part[:, None]) * 2 * channels + channel[None, :]
    one = tl.load(pointer + places, there, other=0.0)
    return one, tl.load(pointer + channels + places, there, other=0.0)


def geometry(x: Tensor, plan: Plan | None) -> tuple[Plan, tuple[int], tuple[int, int], dict[str, Any]]:
    """The plan for a map, unless one is given; its number of programs; channels and pixels; the tile's constants."""
    channels_last = not x.is_contiguous()
    if plan is None:
        processors = torch.cuda.get_device_properties(x.device).multi_processor_count if x.is_cuda else 1
        plan = make_plan(x.shape, channels_last, x.element_size(), processors)
    n, c, h, w = x.shape
    programs = (n * triton.cdiv(c, plan.channels) * plan.splits,)
    tile = {"PIXELS": plan.pixels, "CHANNELS": plan.channels, "CHANNELS_LAST": channels_last, "num_warps": plan.warps}
    return plan, programs, (c, h * w), tile
