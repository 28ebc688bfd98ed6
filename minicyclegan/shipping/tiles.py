"""A ResNet generator on a picture of any size, band by band: the answer of the whole picture in bounded memory.

A tile is a band across the picture's shorter side, read with a few rows of its neighbours. Instance norm asks for the
mean and variance of a whole map, so the layers run in sweeps over all bands: those before the trunk once for each
norm, to gather its statistics. The trunk, a sixteenth of the picture's pixels, is kept whole, in memory or in
temporary files, and goes layer by layer. The layers after it go like those before it.
"""

from __future__ import annotations

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
from minicyclegan.devices import free_memory
from minicyclegan.networks import InstanceNorm, ResidualBlock, ResnetGenerator, UnetGenerator

Read = Callable[[int, int], Tensor]  # (start, stop) -> the band between them, (1, C, H, W)
Write = Callable[[int, Tensor], None]  # (start, band)
Tile = int | Literal["auto", "off"]
Layers = list[tuple[Callable[[Tensor], Tensor], nn.Module, float]]  # convolution, norm, work for a picture's pixel


# Bytes: what a picture may take at once, where there is as much; the process without one; the maps of a tile; and for
# each pixel what is kept of the picture and its answer.
BUDGET, PYTORCH, BAND, PICTURE = 4e9, 0.35e9, 0.4e9, 16
SMALLEST_TILE = 16
NUMBERS = {
    ResnetGenerator: 3.5,
    UnetGenerator: 2.5,
}  # at the peak of `forward`, for each pixel, in the network's widths


class Plan(NamedTuple):
    """How a picture goes in tiles; `why` is a line for who waits for it."""

    tile: int
    on_disk: bool
    why: str


def plan(G: nn.Module, height: int, width: int, tile: Tile, device: torch.device) -> Plan | None:
    """The tiles that a picture goes in; None: it goes whole.

    tile   "auto": in tiles where it would take more than BUDGET, or than there is; pixels of a tile; "off"
    Raises ValueError for tiles that the network can't have, PictureError for a picture that does not fit either way.
    """
    if tile == "off" or not isinstance(G, tuple(NUMBERS)):
        return None
    if isinstance(tile, int) and tile < SMALLEST_TILE:
        raise ValueError(f"tiles must have at least {SMALLEST_TILE} pixels, not {tile}")
    free, whole = free_memory(device), whole_memory(G, height, width)
    size = f"{width} x {height} pixels at once take about {whole / 1e9:.1f} GB"
    if isinstance(G, UnetGenerator):
        if tile != "auto":
            raise ValueError("a U-Net sees the whole picture at once: it can't go in tiles")
        if whole > free:
            share = max(0.0, (free - PYTORCH) / (whole - PYTORCH)) ** 0.5
            most = f"{int(share * width)} x {int(share * height)}"
            raise PictureError(f"{size}, and {free / 1e9:.1f} GB are free; a U-Net can't go in tiles: make it {most}")
        return None
    budget = min(BUDGET, free) if device.type == "cpu" else free
    if tile == "auto" and whole <= budget:
        return None
    pixels, line = height * width, 16 * G.stem.out_channels * min(height, width)  # bytes of a row of the first map
    tile = min(256, max(SMALLEST_TILE, int(BAND / line))) if tile == "auto" else tile
    trunk = 8 * G.down2.out_channels * pixels / 16
    on_disk = PYTORCH + BAND + PICTURE * pixels + trunk > budget
    where = f", and {trunk / 1e9:.1f} GB of temporary files in {tempfile.gettempdir()}" if on_disk else ""
    if on_disk and trunk > (there := shutil.disk_usage(tempfile.gettempdir()).free):
        raise PictureError(f"{size}{where}, where {there / 1e9:.1f} GB are free; set TMPDIR, or make a smaller copy")
    return Plan(tile - tile % 4, on_disk, f"{size}: in tiles of {tile - tile % 4} pixels{where}")


def whole_memory(G: nn.Module, height: int, width: int) -> float:
    """Bytes that the process takes at its peak, about, where a picture goes through `G` whole."""
    pixels = G.fitting_side(height) * G.fitting_side(width)
    channels = (G.stem if isinstance(G, ResnetGenerator) else G.down[0]).out_channels
    return PYTORCH + pixels * (4 * NUMBERS[type(G)] * channels + PICTURE)


class Statistics:
    """Mean and variance of each channel of a map that comes band by band."""

    def __init__(self) -> None:
        self.bands: list[tuple[int, Tensor, Tensor]] = []

    def add(self, band: Tensor) -> None:
        """A band (1, C, H, W)."""
        channels, count = band.shape[1], band.shape[2] * band.shape[3]
        # What group norm computes on its way, and several times as fast as torch.var_mean
        _, mean, scale = torch.native_group_norm(band.contiguous(), None, None, 1, channels, count, channels, 1e-5)
        self.bands.append((count, mean[0].double(), scale[0].double() ** -2 - 1e-5))  # both (C,)

    def norm(self) -> Callable[[Tensor], Tensor]:
        """y = (x - mu) / sqrt(sigma^2 + eps), with mu and sigma of all bands together."""
        counts, means, variances = zip(*self.bands, strict=True)
        means, variances = torch.stack(means), torch.stack(variances)  # (bands, C)
        shares = torch.tensor(counts).to(means)[:, None] / sum(counts)  # (bands, 1)
        mu = (shares * means).sum(0)  # (C,)
        variance = (shares * (variances + (means - mu) ** 2)).sum(0).clamp(min=0)  # (C,)
        return partial(F.batch_norm, running_mean=mu.float(), running_var=variance.float(), eps=1e-5)


class Map:
    """A map of the whole picture, read and written in bands; `dim` is the one along which they follow each other."""

    def __init__(self, length: int, channels: int, across: int, dim: int, device: torch.device, on_disk: bool):
        self.line, self.dim, self.device = (channels, across), dim, device
        self.file = tempfile.TemporaryFile() if on_disk else None  # noqa: SIM115 (deleted with the map)
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
    """A generator, and a picture in bands.

    tile      rows of the picture, or columns where it is wider than high, that a band has: a multiple of 4
    on_disk   the trunk is kept in temporary files
    report    whether a bar shows how long it will take
    """

    def __init__(self, G: ResnetGenerator, height: int, width: int, tile: int, on_disk: bool, report: bool = False):
        self.G, self.tile, self.report = G, tile, report
        self.dim, self.side, self.short = (2, height, width) if height >= width else (3, width, height)
        self.length, self.across = G.fitting_side(self.side), G.fitting_side(self.short)
        shape = (self.length // 4, G.down2.out_channels, self.across // 4)
        self.x, self.y = (Map(*shape, self.dim, G.stem.weight.device, on_disk) for _ in range(2))

    @torch.no_grad()
    def run(self, read: Read, write: Write) -> None:
        """Reads bands (1, C, H, W) in [-1, 1] of the picture, each several times, and writes those of the answer."""
        self.bar, self.work = None, 0.0
        self._forward(read, write)  # only adds up what there is to do
        look = "{desc} {percentage:3.0f}%|{bar}| {elapsed}, {remaining} left"
        with tqdm(desc="in tiles", total=self.work, bar_format=look, disable=not self.report, leave=False) as self.bar:
            self._forward(read, write)

    def _forward(self, read: Read, write: Write) -> None:
        """As ResnetGenerator.forward."""
        G, x, trunk = self.G, self.x, self.length // 4
        norm = self._chain(
            [
                (lambda x: G.stem(mirrored(x, 3)), G.stem_norm, _work(G.stem)),
                (G.down1, G.down1_norm, _work(G.down1) / 4),
                (G.down2, G.down2_norm, _work(G.down2) / 16),
            ],
            partial(self._padded, read), x.write, self.length, halo=8,
        )  # fmt: skip
        self._sweep(trunk, [x.read], lambda x: F.relu(norm(x)), x.write)
        for block in G.blocks:
            self._block(block)
        self._chain(
            [
                (G.up1, G.up1_norm, _work(G.down2) / 16),
                (G.up2, G.up2_norm, _work(G.down1) / 4),
                (lambda x: torch.tanh(G.head(mirrored(x, 3))), nn.Identity(), _work(G.head)),
            ],
            x.read, partial(self._cut, write), trunk, halo=3,
        )  # fmt: skip

    def _block(self, block: ResidualBlock) -> None:
        """As ResidualBlock.forward: x becomes x + F(x), and y holds what is between."""
        x, y, trunk, work = self.x, self.y, self.length // 4, _work(block.conv1) / 16
        norm1 = self._chain([(lambda x: block.conv1(mirrored(x, 1)), block.norm1, work)], x.read, y.write, trunk, 1)
        conv2 = (lambda y: block.conv2(mirrored(F.relu(norm1(y)), 1)), block.norm2, work)
        norm2 = self._chain([conv2], y.read, y.write, trunk, 1)
        self._sweep(trunk, [x.read, y.read], lambda x, y: x + norm2(y), x.write)

    def _chain(self, layers: Layers, read: Read, write: Write, length: int, halo: int) -> Callable[[Tensor], Tensor]:
        """All sweeps through these layers: one for each norm that needs statistics, and the last one writes.

        Returns the last layer's norm, which is still to be done. `halo` is in rows of the map that is read.
        """
        before, total = lambda x: x, 0.0
        for place, (convolve, norm, work) in enumerate(layers):
            run, total, last = _then(before, convolve), total + work, place == len(layers) - 1
            statistics = Statistics() if isinstance(norm, InstanceNorm) else None
            if statistics or last:
                self._sweep(length, [read], run, write if last else None, statistics, halo, total)
            if statistics and self.bar is not None:
                norm = statistics.norm()
            before = _then(_then(run, norm), F.relu)
        return norm

    def _sweep(
        self,
        length: int,
        reads: list[Read],
        run: Callable[..., Tensor],
        write: Write | None,
        statistics: Statistics | None = None,
        halo: int = 0,
        work: float = 0.0,
    ) -> None:
        """`run` on all bands, each with `halo` rows of its neighbours, which are cut off what comes out.

        A band is written once the next one has been read: a map can be overwritten with what is made of it.
        """
        if self.bar is None:
            self.work += work
            return
        ready: tuple[int, Tensor] | None = None
        step = self.tile * length // self.length
        for start in range(0, length, step):
            stop = min(start + step, length)
            low, high = max(0, start - halo), min(stop + halo, length)
            y = run(*(read(low, high) for read in reads))  # (1, C, H, W)
            scale = y.shape[self.dim] / (high - low)
            y = y.narrow(self.dim, int((start - low) * scale), int((stop - start) * scale))
            if statistics:
                statistics.add(y)
            if write:
                if ready:
                    write(*ready)
                ready = int(start * scale), y
            self.bar.update(work * (stop - start) / length)
        if write and ready:
            write(*ready)

    def _padded(self, read: Read, start: int, stop: int) -> Tensor:
        """A band of the picture, with its last pixels repeated up to sides that the network takes."""
        x = read(start, min(stop, self.side)).to(self.x.device, torch.float32)  # (1, C, H, W)
        height, width = (stop - start, self.across) if self.dim == 2 else (self.across, stop - start)
        return F.pad(x, (0, width - x.shape[3], 0, height - x.shape[2]), mode="replicate")

    def _cut(self, write: Write, start: int, band: Tensor) -> None:
        """Writes what belongs to the picture."""
        if start < self.side:
            band = band.narrow(self.dim, 0, min(band.shape[self.dim], self.side - start))
            write(start, band.narrow(5 - self.dim, 0, self.short))


def _work(convolution: nn.Conv2d) -> float:
    """What it takes for a pixel: multiplications, and the handling of each number that comes out, about as 200."""
    return convolution.weight.numel() + 200 * convolution.out_channels


def mirrored(x: Tensor, border: int) -> Tensor:
    return F.pad(x, (border,) * 4, mode="reflect")


def _then(first: Callable[[Tensor], Tensor], second: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    return lambda x: second(first(x))


def in_tiles(G: ResnetGenerator, picture: Any, plan: Plan, report: bool = False) -> Any:
    """A tensor (N, C, H, W) in [-1, 1], or an array (H, W, C) as `to_tensor` takes it -> the like, of the same type."""
    whole, out = np.s_[:], G.head.out_channels
    if isinstance(picture, Tensor):
        height, width = picture.shape[2:]
        y = picture.new_empty(len(picture), out, height, width)  # (N, C, H, W)
        pairs, dim, into, back = zip(picture.split(1), y.split(1), strict=True), 2, lambda x: x, lambda y: y
    else:
        height, width, _ = picture.shape
        y = np.empty((height, width, out), picture.dtype)
        pairs, dim = [(picture, y)], 0
        into, back = lambda x: to_tensor(x)[None], lambda y: from_tensor(y[0], picture.dtype)
    tiles = Tiles(G, height, width, plan.tile, plan.on_disk, report)
    before = (whole,) * (dim + tiles.dim - 2)
    for x, answer in pairs:

        def write(start: int, band: Tensor, answer: Any = answer) -> None:
            answer[(*before, np.s_[start : start + band.shape[tiles.dim]])] = back(band)

        tiles.run(lambda start, stop, x=x: into(x[(*before, np.s_[start:stop])]), write)
    return y
