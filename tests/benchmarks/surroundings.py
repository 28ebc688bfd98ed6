"""What a run does beside computing: reading and cutting pictures, writing and drawing what it keeps."""

from __future__ import annotations

import tempfile
import time
from itertools import count as numbers
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from minicyclegan.data.datasets import Pictures, UnpairedBatches, available_cores, read_sized
from minicyclegan.data.jitter import load_size
from minicyclegan.data.prefetch import prefetch
from minicyclegan.models import CycleGAN
from minicyclegan.training.background import copied
from minicyclegan.training.checkpoint import save_checkpoint
from minicyclegan.training.curves import Curves, draw_losses
from tests.benchmarks.clock import seconds_of
from tests.benchmarks.steps import Workload

CPU = torch.device("cpu")
PHOTO = 512  # pixels to a side of the pictures in a folder


def measure_input(size: int, seconds: float) -> dict[str, float]:
    """Pictures a second, cut and mirrored, as float tensors: from memory, and from JPEG files of 512 px."""
    rng = np.random.default_rng(0)
    side = load_size(size)
    kept = rng.integers(0, 256, (64, side, side, 3), np.uint8)
    in_memory = Pictures(kept.__getitem__, [""] * len(kept), kept)
    rates = {f"{size} px, from memory": _rate(in_memory, size, seconds, 1)}
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number in range(16):
            # As smooth as a photo: noise would take longer to decode than any.
            coarse = Image.fromarray(rng.integers(0, 256, (32, 32, 3), np.uint8))
            paths.append(Path(folder) / f"{number}.jpg")
            coarse.resize((PHOTO, PHOTO), Image.Resampling.BICUBIC).save(paths[-1], quality=90)
        files = Pictures(lambda index: read_sized(paths[index], side, 3), [str(path) for path in paths])
        for threads in sorted({1, available_cores()}):
            plural = "thread" if threads == 1 else "threads"
            rates[f"{size} px, from files, {threads} {plural}"] = _rate(files, size, seconds, threads)
    return rates


def _rate(pictures: Pictures, size: int, seconds: float, threads: int) -> float:
    batches = UnpairedBatches(pictures, pictures, size, seed=0)
    coming = prefetch(lambda step: batches.batch(step, 4), numbers(), threads)
    next(coming)
    begun, made = time.perf_counter(), 0
    while time.perf_counter() - begun < seconds:
        made += sum(len(half) for half in next(coming))
    rate = made / (time.perf_counter() - begun)
    coming.close()
    return rate


def measure_saving(work: Workload) -> dict[str, float]:
    """Seconds of what a run does at a checkpoint, the best of three: it waits for the copy, and for nothing else."""
    model = work.model(CPU)
    model.step(*work.pictures(CPU))
    if isinstance(model, CycleGAN):
        for pool in (model.pool_A, model.pool_B):
            pool.images = [torch.zeros(3, work.size, work.size)] * pool.size
    terms = {"gan_AB": 0.3, "gan_BA": 0.3, "cycle_A": 0.1, "cycle_B": 0.1, "D_A": 0.2, "D_B": 0.2}
    curves = Curves({"step": step, **terms} for step in range(1000))
    with tempfile.TemporaryDirectory() as folder:
        state = copied(model.training_state())
        works = {
            "copying the state": lambda: copied(model.training_state()),
            "writing the checkpoint": lambda: save_checkpoint(Path(folder) / "checkpoint.pt", state),
            "drawing the losses": lambda: draw_losses(curves.thinned(), Path(folder) / "losses.png"),
        }
        return {name: min(seconds_of(one, CPU) for _ in range(3)) for name, one in works.items()}
