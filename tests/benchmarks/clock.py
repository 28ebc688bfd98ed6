"""Timing that can be trusted: burn-in, turns, medians, and a device that has finished before the clock is read."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping

import torch
from tqdm import tqdm

from minicyclegan.devices import synchronise

Work = Callable[[], object]
LEAST, MOST, BURN_IN = 5, 200, 2  # rounds


def allocated(device: torch.device) -> int:
    """Bytes that PyTorch holds on a CUDA device, once what nobody uses is gone; elsewhere 0."""
    gc.collect()
    return torch.cuda.memory_allocated(device) if device.type == "cuda" else 0


def seconds_of(work: Work, device: torch.device) -> float:
    synchronise(device)
    start = time.perf_counter()
    work()
    synchronise(device)
    return time.perf_counter() - start


def take_turns(
    works: Mapping[str, Work], device: torch.device, seconds: float, title: str = "measuring"
) -> dict[str, list[float]]:
    """Seconds that each work took, a number a round. In each round all have their turn, so that what else the machine
    does hits all alike; rounds go on for about `seconds`, five at least. Two rounds before them are not counted.
    """
    taken: dict[str, list[float]] = {name: [] for name in works}
    begun = time.perf_counter()
    for count in (bar := tqdm(range(-BURN_IN, MOST), title, unit="round", leave=False)):
        if count == 0:
            begun = time.perf_counter()
        if count >= LEAST and time.perf_counter() - begun > seconds:
            break
        for name, work in works.items():
            second = seconds_of(work, device)
            if count >= 0:
                taken[name].append(second)
    bar.close()
    return taken


def ratio(reference: list[float], other: list[float]) -> float:
    """How many times as fast as the reference: the median over the rounds, each compared within itself."""
    return statistics.median(one / two for one, two in zip(reference, other, strict=True))


def best_rate(work: Work, amount: float, device: torch.device, seconds: float) -> float:
    """Amount (of operations, of bytes) a second in the quickest of many runs: what the machine can do."""
    return amount / min(take_turns({"": work}, device, seconds, "peaks")[""])
