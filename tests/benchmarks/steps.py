"""How long the recipes' steps take, against the original code's operations and in other settings of speed."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
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
    "bfloat16": {"precision": "bfloat16"},
    "eager": {"graphs": "off"},
    "channels-last": {"memory_format": "channels_last"},
    "no-kernels": {"kernels": "off"},
    "bfloat16-no-kernels": {"kernels": "off", "precision": "bfloat16"},
    "bfloat16-contiguous": {"precision": "bfloat16", "memory_format": "contiguous"},
    # By PyTorch alone, without our kernels.
    "compiled": {"compile": "on", "kernels": "off"},
    "compiled-bfloat16": {"compile": "on", "kernels": "off", "precision": "bfloat16", "memory_format": "channels_last"},
}
RECORDED = 4  # steps in which CUDA graphs are recorded


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
    """What `train --small` takes on this device, with the published upsampling, which is the baseline's."""
    settings, networks = preset("small", model, device.type)
    config = MODELS[model].config(**networks | {"upsampling": "transposed"})
    return Workload(f"{model} --small", config, settings["size"], settings.get("batch", 1))


def large(device: torch.device, batch: int = 1) -> Workload:
    """The published networks: 128 px and 6 blocks on a CPU, 256 px and 9 blocks on a GPU."""
    size, blocks = (128, 6) if device.type == "cpu" else (256, 9)
    config = MODELS["cyclegan"].config(blocks=blocks)
    named = f"cyclegan, {size} px, width 64, {blocks} blocks" + (f", batch {batch}" if batch > 1 else "")
    return Workload(named, config, size, batch)


def tiny(model: ModelName) -> Workload:
    """For a rehearsal."""
    networks: dict[str, Any] = {"width": 2, "disc_width": 2, "disc_layers": 1}
    networks |= {"blocks": 1} if model == "cyclegan" else {"depth": 3}
    networks |= {"encoder_width": 2, "encoder_blocks": 1} if model == "bicyclegan" else {}
    return Workload(f"{model}, a rehearsal", MODELS[model].config(**networks), 16, 2)


def setting(name: str, device: torch.device) -> Speed:
    """Of a variant, or of "ours": float32 unless it says otherwise, on as many threads as this process has.

    Raises DeviceError where it can't be had.
    """
    chosen = {"precision": "float32"} | VARIANTS.get(name, {})
    return choose_speed(device, **chosen, threads=torch.get_num_threads())


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
    first: dict[str, float] = {}
    memory: dict[str, int] = {}
    reference: dict[str, Callable[[], object]] = {}
    if baseline:
        baseline.begin(work)
        reference = {"baseline": baseline}
        first["baseline"] = seconds_of(lambda: [baseline() for _ in range(2)], device)
        memory |= {"baseline": baseline.memory} if device.type == "cuda" else {}
    taken: dict[str, list[float]] = {}
    ratios = {"baseline": 1.0} if baseline else {}
    # A GPU has no room for all of them: there each is alone with the baseline.
    for group in [[name] for name in speeds] if device.type == "cuda" else [list(speeds)]:
        steps = {}
        for name in tqdm(group, f"{work.name}: first steps", unit="setting", leave=False):
            before = allocated(device)
            model = work.model(device)
            prepare(model, speeds[name], backend)
            steps[name] = partial(model.step, a, b)
            first[name] = seconds_of(lambda step=steps[name]: [step() for _ in range(2)], device)
            if device.type == "cuda":
                gc.collect()
                torch.cuda.reset_peak_memory_stats(device)
                for _ in range(RECORDED):  # the graphs' own memory is in it
                    steps[name]()
                memory[name] = torch.cuda.max_memory_allocated(device) - before
        found = take_turns(reference | steps, device, seconds / (len(speeds) if len(group) == 1 else 1), work.name)
        ratios |= {name: ratio(found["baseline"], found[name]) for name in group} if baseline else {}
        for name, times in found.items():
            taken.setdefault(name, times)
        del model, steps
        if device.type == "cuda":
            gc.collect()
            torch.cuda.empty_cache()
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
        "ratio": ratios,
        "flop": operations,
        "bytes": moved,
        "memory": memory,
    }


def _short(speed: Speed) -> str:
    layout = ", channels last" if speed.memory_format == "channels_last" else ""
    kernels = (", fused kernels" if speed.kernels else "") + (", CUDA graphs" if speed.graphs else "")
    return f"{speed.precision}{kernels}{layout}{', compiled' if speed.compile else ''}"
