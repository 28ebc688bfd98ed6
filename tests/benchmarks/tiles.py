"""Memory and time of `translate` on large pictures, whole and in tiles.

python -m tests.benchmarks.tiles small|published WIDTH HEIGHT TILE...    TILE as of translate --tile

Each way runs in a process of its own, on the CPU; weights are random. Prints the process's peak of resident memory, its
seconds (of the clock, and of all processors), and the largest difference from the first way, of 255.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from minicyclegan.models.cyclegan import CycleGAN, CycleGANConfig
from minicyclegan.training.checkpoint import save_checkpoint

NETWORKS = {
    "small": {"width": 16, "blocks": 3, "upsampling": "balanced"},
    "published": {"width": 64, "blocks": 9, "upsampling": "transposed"},
}


def write_checkpoint(path: Path, network: str) -> None:
    """Weights whose answers are as strong as a trained network's."""
    config, draw = NETWORKS[network] | {"disc_width": 2}, torch.Generator().manual_seed(0)
    model = CycleGAN(CycleGANConfig(**config))
    with torch.no_grad():
        for weight in (*model.G_AB.parameters(), *model.G_BA.parameters()):
            if weight.ndim == 4:
                nn.init.kaiming_normal_(weight, generator=draw)
    settings = {"data": ["horse2zebra"], "size": 64, "direction": "AtoB"}
    content = {"config": config, "settings": settings, "training": model.training_state(), "model": "cyclegan"}
    save_checkpoint(path, {**content, "step": 0})


def write_photo(path: Path, width: int, height: int) -> None:
    """Blurred noise, and some grain."""
    draw = np.random.default_rng(0)
    coarse = Image.fromarray(draw.integers(0, 256, (height // 50 + 2, width // 50 + 2, 3), np.uint8))
    smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))
    grain = draw.integers(0, 9, (height, width, 1), np.uint8)
    Image.fromarray(np.minimum(smooth, 247) + grain).save(path, compress_level=1)


def main(network: str, width: int, height: int, tiles: list[str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, first = Path(name), None
        write_checkpoint(folder / "checkpoint.pt", network)
        write_photo(folder / "photo.png", width, height)
        for tile in tiles:
            line = [sys.executable, "-m", "minicyclegan.translate", folder / "checkpoint.pt", folder / "photo.png"]
            line += ["--out", folder / tile, "--tile", tile, "--device", "cpu"]
            start = time.perf_counter()
            process = subprocess.Popen(list(map(str, line)))
            _, status, used = os.wait4(process.pid, 0)
            if status:
                raise SystemExit(f"--tile {tile} failed")
            clock, cpu, peak = time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024
            with Image.open(folder / tile / "photo.png") as image:
                answer = np.asarray(image).astype(np.int16)
            first = answer if first is None else first
            difference = np.abs(answer - first).max()
            print(
                f"{network} {width} x {height} --tile {tile}: peak {peak / 1e9:.2f} GB, {clock:.0f} s, "
                f"{cpu:.0f} s of processors, at most {difference} of 255 apart",
                flush=True,
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("network", choices=NETWORKS)
    parser.add_argument("width", type=int)
    parser.add_argument("height", type=int)
    parser.add_argument("tiles", nargs="+", metavar="TILE")
    main(**vars(parser.parse_args()))
