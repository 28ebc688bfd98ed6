"""How long the recipes' steps take, against the original code's operations and in other settings of speed."""

from __future__ import annotations

import dataclasses
import gc
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from minicyclegan.models import MODELS, Model, ModelConfig, ModelName, build
from minicyclegan.training.config import preset
from minicyclegan.training.speed import Speed, choose_speed, prepare
from tests.benchmarks.apart import Apart
from tests.benchmarks.clock import allocated, ratio, seconds_of, take_turns
from tests.benchmarks.counting import count

VARIANTS: dict[str, dict[str, Any]] = {
    "float32": {"precision": "float32"},
    "bfloat16": {"precision": "bfloat16"},
    "channels-last": {"memory_format": "channels_last"},
    "kernels": {"kernels": "on"},
    "kernels-bfloat16": {"kernels": "on", "precision": "bfloat16"},
    "compiled": {"compile": "on"},
    "compiled-bfloat16": {"compile": "on", "precision": "bfloat16"},
    "compiled-kernels-bfloat16": {"compile": "on", "kernels": "on", "precision": "bfloat16"},
}


@dataclass(frozen=True)
class Workload:
    """A recipe, its networks, and the pictures of one step."""

    name: str
    config: ModelConfig
    size: int
    batch: int

    def model(self, device: torch.device) -> Model:
        return build(self.config).to(device)

    def pictures(self, device: torch.device) -> list[Tensor]:
        """a and b, (batch, C, size, size) each, in [-1, 1]."""
        draw = torch.Generator().manual_seed(0)
        channels = (self.config.channels_A, self.config.channels_B)
        drawn = (torch.rand(self.batch, c, self.size, self.size, generator=draw) for c in channels)
        return [(2 * picture - 1).to(device) for picture in drawn]


def small(model: ModelName, device: torch.device) -> Workload:
    """What `train --small` takes on this device."""
    settings, networks = preset("small", model, device.type)
    config = MODELS[model].config(**networks)
    return Workload(f"{model} --small", config, settings["size"], settings.get("batch", 1))


def large(device: torch.device) -> Workload:
    """The published networks: 128 px and 6 blocks on a CPU, 256 px and 9 blocks on a GPU."""
    size, blocks = (128, 6) if device.type == "cpu" else (256, 9)
    config = MODELS["cyclegan"].config(blocks=blocks)
    return Workload(f"cyclegan, {size} px, width 64, {blocks} blocks", config, size, 1)


def tiny(model: ModelName) -> Workload:
    """For a rehearsal."""
    networks: dict[str, Any] = {"width": 2, "disc_width": 2, "disc_layers": 1}
    networks |= {"blocks": 1} if model == "cyclegan" else {"depth": 3}
    networks |= {"encoder_width": 2, "encoder_blocks": 1} if model == "bicyclegan" else {}
    return Workload(f"{model}, a rehearsal", MODELS[model].config(**networks), 16, 2)


def setting(name: str, device: torch.device) -> Speed:
    """Of a variant, or of "ours", on as many threads as this process has. Raises DeviceError where it can't be had."""
    return choose_speed(device, **VARIANTS.get(name, {}), threads=torch.get_num_threads())


def measure_steps(
    work: Workload,
    device: torch.device,
    seconds: float,
    variants: list[str],
    baseline: Apart | None,
    backend: str = "inductor",
) -> dict[str, Any]:
    """Median seconds of a step of "ours", of the baseline and of the variants of ours, in turns; what a step costs.

    seconds    about how long to measure, after everything is compiled
    baseline   the original's step, in a process of its own; None: it is not there
    """
    speeds = {name: setting(name, device) for name in ("ours", *variants)}
    a, b = work.pictures(device)
    operations, moved = count(lambda: work.model(device).step(a, b))
    steps: dict[str, Callable[[], object]] = {}
    first: dict[str, float] = {}
    memory: dict[str, int] = {}
    names = ["baseline", *speeds] if baseline else list(speeds)
    for name in tqdm(names, f"{work.name}: first steps", unit="setting", leave=False):
        before = allocated(device)
        if name == "baseline":
            baseline.begin(work)
            steps[name] = baseline
        else:
            model = work.model(device)
            prepare(model, speeds[name], backend)
            steps[name] = lambda step=model.step: step(a, b)
        first[name] = seconds_of(lambda name=name: [steps[name]() for _ in range(2)], device)
        if device.type == "cuda":
            gc.collect()
            torch.cuda.reset_peak_memory_stats(device)
            steps[name]()
            peak = baseline.memory if name == "baseline" else torch.cuda.max_memory_allocated(device) - before
            memory[name] = peak
    taken = take_turns(steps, device, seconds, work.name)
    medians = {name: statistics.median(times) for name, times in taken.items()}
    return {
        "name": work.name,
        "size": work.size,
        "batch": work.batch,
        "settings": {name: _short(speed) for name, speed in speeds.items()},
        "rounds": len(taken["ours"]),
        "first_two_steps": first,
        "seconds": medians,
        "quartiles": {name: statistics.quantiles(times, n=4)[::2] for name, times in taken.items()},
        "ratio": {name: ratio(taken["baseline"], times) for name, times in taken.items()} if baseline else {},
        "flop": operations,
        "bytes": moved,
        "memory": memory,
    }


def best_batch(
    name: str, device: torch.device, seconds: float, backend: str = "inductor", rehearsal: bool = False
) -> dict[str, Any]:
    """Pictures a second of the large workload by batch size, doubled until nothing is gained or memory is full.

    name   of a variant, or "ours"
    """
    speed = setting(name, device)
    rates: dict[int, float] = {}
    work = tiny("cyclegan") if rehearsal else large(device)
    batch, flop = 1, 0
    while len(rates) < (2 if rehearsal else 9):
        sized = dataclasses.replace(work, batch=batch)
        try:
            a, b = sized.pictures(device)
            if batch == 1:
                flop, _ = count(lambda a=a, b=b: work.model(device).step(a, b))
            model = sized.model(device)
            prepare(model, speed, backend)
            # Several steps at a time, as the loop does them: the host runs ahead of the GPU.
            taken = take_turns({"": lambda m=model, a=a, b=b: _several(m, a, b)}, device, seconds, f"batch {batch}")[""]
        except torch.cuda.OutOfMemoryError:
            break
        rates[batch] = STEPS * batch / statistics.median(taken)
        del model, a, b  # or the next, twice as large, would find them in its way
        allocated(device)
        if batch > 1 and rates[batch] < 1.03 * rates[batch // 2]:
            break
        batch *= 2
    best = max(rates, key=rates.__getitem__)
    return {
        "name": work.name,
        "pictures_per_second": {str(size): rate for size, rate in rates.items()},
        "best": best,
        "setting": _short(speed),
        "precision": speed.precision,
        "flop_per_second": flop * rates[best],
    }


STEPS = 3


def _several(model: Model, a: Tensor, b: Tensor) -> None:
    for _ in range(STEPS):
        model.step(a, b)


def _short(speed: Speed) -> str:
    layout = ", channels last" if speed.memory_format == "channels_last" else ""
    kernels = ", fused kernels" if speed.kernels else ""
    return f"{speed.precision}{kernels}{layout}{', compiled' if speed.compile else ''}"
