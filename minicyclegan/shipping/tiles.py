"""A ResNet generator on a picture of any size, band by band: the answer of the whole picture in bounded memory.

A tile is a band across the picture's shorter side, read with a few rows of its neighbours. Instance norm asks for the
mean and variance of a whole map, so the layers run in sweeps over all bands: those before the trunk once for each
norm, to gather its statistics. The trunk, a sixteenth of the picture's pixels, is kept whole, in memory or in
temporary files, and goes layer by layer. The layers after it go like those before it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from minicyclegan.data.colours import PictureError
from minicyclegan.data.images import from_tensor, to_tensor
from minicyclegan.devices import free_memory, return_freed_memory
from minicyclegan.networks import InstanceNorm, ResidualBlock, ResnetGenerator, UnetGenerator

Read = Callable[[int, int], Tensor]  # (start, stop) -> the band between them, (1, C, H, W)
Write = Callable[[int, Tensor], None]  # (start, band)
Tile = int | Literal["auto", "off"]
Function = Callable[[Tensor], Tensor]
Layers = list[tuple[Function, nn.Module, float]]  # convolution, norm, work for a picture's pixel

# Bytes: what a picture may take at once, where there is as much; the process without one; the maps of a tile; and for
# each pixel what is kept of the picture and its answer.
BUDGET, PYTORCH, BAND, PICTURE = 4e9, 0.35e9, 0.4e9, 32
# What `forward` keeps at its peak, by how maps are doubled: numbers for each pixel, in the network's widths
NUMBERS = {
    ResnetGenerator: {"transposed": 3.5, "nearest": 5.5, "bilinear": 7.5},
    UnetGenerator: {"transposed": 2.5, "nearest": 6.5, "bilinear": 8.5},
}
SMALLEST_TILE = 16
# Where maps go that memory can't hold: on many Linuxes, /tmp is memory itself.
SCRATCH = "/var/tmp" if "TMPDIR" not in os.environ and os.access("/var/tmp", os.W_OK) else tempfile.gettempdir()


class Plan(NamedTuple):
    """How a picture goes in tiles; `why` is a line for who waits for it."""

    tile: int
    on_disk: bool
    why: str


def plan(G: nn.Module, height: int, width: int, tile: Tile, device: torch.device, pictures: int = 1) -> Plan | None:
    """The tiles that a picture goes in; None: it goes whole.

    tile       "auto": in tiles where it would take more than BUDGET, or than there is, or on CUDA can't be counted;
               pixels of a tile; "off"
    pictures   that would go whole together
    Raises ValueError for tiles that the network can't have, PictureError for a picture that does not fit either way.
    """
    if tile == "off" or not isinstance(G, tuple(NUMBERS)):
        return None
    if isinstance(tile, int) and tile < SMALLEST_TILE:
        raise ValueError(f"tiles must have at least {SMALLEST_TILE} pixels, not {tile}")
    free, whole = free_memory(device) + PYTORCH, whole_memory(G, height, width)  # PyTorch's part is taken already
    size = f"{width} x {height} pixels at once take about {whole / 1e9:.1f} GB"
    if isinstance(G, UnetGenerator):
        if tile != "auto":
            raise ValueError("a U-Net sees the whole picture at once: it can't go in tiles")
        if whole > free:
            share = max(0.0, (free - PYTORCH) / (whole - PYTORCH)) ** 0.5
            step = G.fitting_side(1)
            most = " x ".join(str(int(share * side) // step * step) for side in (width, height))
            raise PictureError(f"{size}, and {free / 1e9:.1f} GB are free; a U-Net can't go in tiles: make it {most}")
        return None
    budget = free if device.type == "cuda" else min(BUDGET, free)
    # On CUDA, PyTorch counts the numbers of a map with 32 bits where it reflects the border (its issue 147118).
    numbers_of_map = pictures * G.stem.out_channels * (G.fitting_side(height) + 6) * (G.fitting_side(width) + 6)
    if device.type == "cuda" and numbers_of_map >= 2**31:
        size = f"{width} x {height} pixels at once are more than PyTorch counts on CUDA"
    elif tile == "auto" and whole <= budget:
        return None
    if tile == "auto":
        line = 4 * (numbers(G) + G.stem.out_channels / 2) * min(height, width)  # bytes
        tile = min(256, max(SMALLEST_TILE, int(BAND / line)))
    tile, pixels = tile - tile % 4, height * width
    trunk = 8 * G.down2.out_channels * pixels / 16
    on_disk = PYTORCH + BAND + PICTURE * pixels + trunk > budget
    where = f", and {trunk / 1e9:.1f} GB of temporary files in {SCRATCH}" if on_disk else ""
    if on_disk and trunk > (there := shutil.disk_usage(SCRATCH).free):
        raise PictureError(f"{size}{where}, where {there / 1e9:.1f} GB are free; set TMPDIR, or make a smaller copy")
    return Plan(tile, on_disk, f"{size}: in tiles of {tile} pixels{where}")


def whole_memory(G: nn.Module, height: int, width: int) -> float:
    """Bytes that the process takes at its peak, about, where a picture goes through `G` whole."""
    pixels = G.fitting_side(height) * G.fitting_side(width)
    return PYTORCH + pixels * (4 * numbers(G) + PICTURE)


def numbers(G: nn.Module) -> float:
    """How many `forward` keeps at its peak for each pixel, about."""
    first, doubling = (G.stem, G.up2) if isinstance(G, ResnetGenerator) else (G.down[0], G.up[0])
    kind = doubling[0].mode if isinstance(doubling, nn.Sequential) else "transposed"
    return NUMBERS[type(G)][kind] * first.out_channels


class Statistics:
    """Mean and variance of each channel of a map that comes band by band."""

    def __init__(self) -> None:
        self.bands: list[tuple[int, Tensor, Tensor]] = []

    def add(self, band: Tensor) -> None:
        """A band (1, C, H, W)."""
        channels, count = band.shape[1], band.shape[2] * band.shape[3]
        # What group norm computes on its way, and several times as fast as torch.var_mean
        _, mean, scale = torch.native_group_norm(band.contiguous(), None, None, 1, channels, count, channels, 1e-5)
        self.bands.append((count, mean[0], scale[0]))  # both (C,)

    def norm(self) -> Function:
        """y = (x - mu) / sqrt(sigma^2 + eps), with mu and sigma of all bands together."""
        counts, *both = zip(*self.bands, strict=True)
        means, scales = (torch.stack(one).cpu().double() for one in both)  # (bands, C); Apple's GPUs have no float64
        variances, device = scales**-2 - 1e-5, both[0][0].device  # (bands, C)
        shares = torch.tensor(counts).to(means)[:, None] / sum(counts)  # (bands, 1)
        mu = (shares * means).sum(0)  # (C,)
        variance = (shares * (variances + (means - mu) ** 2)).sum(0).clamp(min=0)  # (C,)
        mu, variance = (one.float().to(device) for one in (mu, variance))
        return partial(F.batch_norm, running_mean=mu, running_var=variance, eps=1e-5)


class Map:
    """A map of the whole picture, read and written in bands; `dim` is the one along which they follow each other."""

    def __init__(self, length: int, channels: int, across: int, dim: int, device: torch.device, on_disk: bool):
        self.line, self.dim, self.device = (channels, across), dim, device
        self.file = tempfile.TemporaryFile(dir=SCRATCH) if on_disk else None  # noqa: SIM115 (deleted with the map)
        self.values = torch.empty(0 if on_disk else length, channels, across, device=device)

    def read(self, start: int, stop: int) -> Tensor:
        """-> (1, C, H, W)."""
        band = self.values[start:stop]
        if self.file:
            numbers = self.line[0] * self.line[1]
            self.file.seek(4 * start * numbers)
            values = np.fromfile(self.file, np.float32, (stop - start) * numbers)
            band = torch.from_numpy(values).view(-1, *self.line).to(self.device)
        return band.movedim(0, self.dim - 1)[None]

    def write(self, start: int, band: Tensor) -> None:
        """A band (1, C, H, W)."""
        band = band[0].movedim(self.dim - 1, 0)
        if self.file:
            self.file.seek(4 * start * self.line[0] * self.line[1])
            band.cpu().contiguous().numpy().tofile(self.file)
        else:
            self.values[start : start + len(band)] = band


class Tiles:
    """A generator, a picture (H, W, C) that `to_tensor` takes, and its answer of the same type, filled by `run`."""

    def __init__(self, G: ResnetGenerator, picture: np.ndarray, plan: Plan, report: bool = False):
        (height, width, _), self.G, self.picture, self.tile, self.report = picture.shape, G, picture, plan.tile, report
        self.answer = np.empty((height, width, G.head.out_channels), picture.dtype)
        self.dim = 2 if height >= width else 3  # of the maps, along which tiles follow each other
        self.across, self.length = sorted(map(G.fitting_side, (height, width)))
        self.trunk, device = self.length // 4, G.stem.weight.device
        shape = (self.trunk, G.down2.out_channels, self.across // 4)
        self.x, self.y = (Map(*shape, self.dim, device, plan.on_disk) for _ in range(2))

    @torch.no_grad()
    def run(self) -> np.ndarray:
        return_freed_memory()
        self.bar, self.work = None, 0.0
        self._forward()  # only adds up what there is to do
        look = "{desc} {percentage:3.0f}%|{bar}| {elapsed}, {remaining} left"
        with tqdm(desc="in tiles", total=self.work, bar_format=look, disable=not self.report, leave=False) as self.bar:
            self._forward()
        return self.answer

    def _forward(self) -> None:
        """As ResnetGenerator.forward."""
        G, x = self.G, self.x
        down = [
            (lambda x: G.stem(mirrored(x, 3)), G.stem_norm, _work(G.stem)),
            (G.down1, G.down1_norm, _work(G.down1) / 4),
            (G.down2, G.down2_norm, _work(G.down2) / 16),
        ]
        norm = self._chain(down, self._read, x.write, self.length, halo=8)
        self._sweep(lambda *rows: F.relu(norm(x.read(*rows))), lambda x: x, x.write, self.trunk)
        for block in G.blocks:
            self._block(block)
        if self.bar is not None:
            self.y = None  # its memory goes to the larger bands that come now
        up = [
            (G.up1, G.up1_norm, _work(G.down2) / 16),
            (G.up2, G.up2_norm, _work(G.down1) / 4),
            (lambda x: torch.tanh(G.head(mirrored(x, 3))), nn.Identity(), _work(G.head)),
        ]
        self._chain(up, x.read, self._write, self.trunk, halo=3)

    def _block(self, block: ResidualBlock) -> None:
        """As ResidualBlock.forward: x becomes x + F(x), and y holds what is between."""
        x, y, trunk, work = self.x, self.y, self.trunk, _work(block.conv1) / 16
        norm1 = self._chain([(lambda x: block.conv1(mirrored(x, 1)), block.norm1, work)], x.read, y.write, trunk, 1)
        conv2 = (lambda y: block.conv2(mirrored(F.relu(norm1(y)), 1)), block.norm2, work)
        norm2 = self._chain([conv2], y.read, y.write, trunk, 1)
        self._sweep(lambda *rows: x.read(*rows) + norm2(y.read(*rows)), lambda x: x, x.write, trunk)

    def _chain(self, layers: Layers, read: Read, write: Write, length: int, halo: int) -> Function:
        """All sweeps through these layers: one for each norm that needs statistics, and the last one writes.

        Returns the last layer's norm, which is still to be done. `halo` is in rows of the map that is read.
        """
        before, total = lambda x: x, 0.0
        for convolve, norm, work in layers:
            run, total, last = _then(before, convolve), total + work, norm is layers[-1][1]
            statistics = Statistics() if isinstance(norm, InstanceNorm) else None
            if statistics or last:
                self._sweep(read, run, write if last else None, length, halo, total, statistics)
            if statistics and self.bar is not None:
                norm = statistics.norm()
            before = _then(_then(run, norm), F.relu)
        return norm

    def _sweep(
        self, read: Read, run: Function, write: Write | None, length: int, halo: int = 0, work: float = 0.0,
        statistics: Statistics | None = None
    ) -> None:  # fmt: skip
        """`run` on all bands, each with `halo` rows of its neighbours, which are cut off what comes out.

        A band is written once the next one has been read: a map can be overwritten with what is made of it.
        """
        if self.bar is None:
            self.work += work
            return
        ready: list[tuple[int, Tensor]] = []
        for start in range(0, length, self.tile * length // self.length):
            stop = min(start + self.tile * length // self.length, length)
            low, high = max(0, start - halo), min(stop + halo, length)
            y = run(read(low, high))  # (1, C, H, W)
            scale = y.shape[self.dim] / (high - low)
            y = y.narrow(self.dim, int((start - low) * scale), int((stop - start) * scale))
            if statistics:
                statistics.add(y)
            if write:
                ready.append((int(start * scale), y))
            if len(ready) > 1:
                write(*ready.pop(0))
            self.bar.update(work * (stop - start) / length)
        for band in ready:
            write(*band)

    def _rows(self, start: int, stop: int) -> Any:
        """Where a band lies in an array (H, W, C)."""
        return np.s_[start:stop] if self.dim == 2 else np.s_[:, start:stop]

    def _read(self, start: int, stop: int) -> Tensor:
        """A band of the picture, with its last pixels repeated up to sides that the network takes."""
        x = to_tensor(self.picture[self._rows(start, stop)])[None].to(self.x.device)  # (1, C, H, W)
        height, width = (stop - start, self.across) if self.dim == 2 else (self.across, stop - start)
        return F.pad(x, (0, width - x.shape[3], 0, height - x.shape[2]), mode="replicate")

    def _write(self, start: int, band: Tensor) -> None:
        part = self.answer[self._rows(start, start + band.shape[self.dim])]
        part[:] = from_tensor(band[0], part.dtype)[: part.shape[0], : part.shape[1]]


def _work(convolution: nn.Conv2d) -> float:
    """What it takes for a pixel: multiplications, and the handling of each number that comes out, about as 200."""
    return convolution.weight.numel() + 200 * convolution.out_channels


def mirrored(x: Tensor, border: int) -> Tensor:
    return F.pad(x, (border,) * 4, mode="reflect")


def _then(first: Function, second: Function) -> Function:
    return lambda x: second(first(x))
