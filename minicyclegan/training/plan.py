"""What a run will take, before it begins: parameters, memory, time and disk; and what to change if it won't fit."""

from __future__ import annotations

import shutil
import statistics
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from minicyclegan.config import flag
from minicyclegan.devices import out_of_memory, synchronise
from minicyclegan.models import Model, ModelConfig
from minicyclegan.training.config import TrainConfig
from minicyclegan.training.jobs import choose, count_pictures, new_model, steps_of
from minicyclegan.training.memory import in_words, memory_line, memory_needed, memory_there
from minicyclegan.training.pictures import SAMPLES
from minicyclegan.training.processes import ALONE, Processes

PATIENCE = 10  # seconds of trial steps, but two of them at least


def plan(
    config: TrainConfig, model_config: ModelConfig, device: torch.device, out: str | None, processes: Processes = ALONE
) -> int:
    """Prints the plan of a run and leaves nothing behind; returns 1 if the memory won't do, else 0.

    Raises DataError for data that can't be trained on.
    """
    pictures = count_pictures(config, model_config)
    steps = steps_of(config, pictures)
    needed, kept = memory_needed(config, model_config, device, pictures, processes.count)
    there = -processes.agree(-memory_there(device, processes.count))[0]  # the least of all, so that all decide alike

    def refuse(why: str) -> int:
        print(f"{why}. What would, each alone:", flush=True)
        for change in _what_fits(config, model_config, there, device, pictures, processes.count):
            print(f"  {change}", flush=True)
        print("  or several of these together, or --preset small")
        return 1

    # On one GPU, kernels and bfloat16 may take half of what is counted: it tries.
    if needed > there and (device.type != "cuda" or processes.count > 1):
        return refuse(f"{memory_line(needed, there, device)}: it won't fit, so no step is tried")
    speed = choose(config, device, processes)
    model = new_model(config, model_config, device, speed, processes)
    networks = {name: sum(w.numel() for w in network.parameters()) / 1e6 for name, network in model.named_children()}
    listed = ", ".join(f"{name} {millions:.2f}" for name, millions in networks.items())
    print(f"{type(model).__name__}: {sum(networks.values()):.2f} million parameters ({listed})")
    print(memory_line(needed, there, device))
    print(str(speed))
    try:
        seconds, tried, losses = _trial(model, config, device, processes)
    except Exception as error:
        if not out_of_memory(error):
            raise
        return refuse("it won't fit: a step has run out of memory")
    print(
        f"time: {seconds:.3g} s a step (median of {tried} tried), {steps:,} steps: about {_duration(seconds * steps)}; "
        f"reading or drawing {pictures:,} pictures of each kind comes before"
    )
    samples = (steps // config.sample_every + 1) * SAMPLES * 8 * 3 * config.size**2
    log = steps * (100 + 32 * losses)
    folder = Path(out or "runs").absolute()
    free = shutil.disk_usage(next(path for path in (folder, *folder.parents) if path.exists())).free
    print(
        f"disk: about {in_words(3 * kept + samples + log)}: a checkpoint of {in_words(kept)}, twice while it is being "
        f"replaced, and best steps; samples {in_words(samples)}, log {in_words(log)}; {in_words(free)} free"
    )
    return 0


def _trial(model: Model, config: TrainConfig, device: torch.device, processes: Processes) -> tuple[float, int, int]:
    """Real steps on noise, which take as long as any: the median of the later half, how many, how many losses."""
    c, count = model.config, config.batch // processes.count
    a, b = (torch.rand(count, n, config.size, config.size, device=device) * 2 - 1 for n in (c.channels_A, c.channels_B))
    taken: list[float] = []
    end = time.perf_counter() + PATIENCE
    # Processes do steps together: all stop together.
    while len(taken) < 2 or (len(taken) < 20 and not processes.agree(int(time.perf_counter() >= end))[0]):
        begun = time.perf_counter()
        losses = model.step(a, b)
        synchronise(device)
        taken.append(time.perf_counter() - begun)
    later = taken[len(taken) // 2 :]  # the first ones lay out memory, choose algorithms, compile and record
    return statistics.median(later), len(later), len(losses)


def _what_fits(config: TrainConfig, model_config: ModelConfig, there: float, *rest: Any) -> Iterator[str]:
    """Options that would fit: each alone halved, and halved again, as far as it must be and can be."""
    for names in (("batch",), ("size",), ("width", "disc_width")):
        with suppress(ValueError):  # it can't be halved any more
            run, networks, needed = config, model_config, there + 1
            while needed > there:
                run, networks = _halved(run, names), _halved(networks, names)
                networks.check_size(run.size)
                Processes(0, rest[-1]).check_batch(run.batch, networks.batch_parts)
                needed, _ = memory_needed(run, networks, *rest)
            settings = asdict(run) | asdict(networks)
            yield f"{' '.join(f'{flag(name)} {settings[name]}' for name in names)}: about {in_words(needed)}"


def _halved(config: Any, names: tuple[str, ...]) -> Any:
    """Raises ValueError for what has no half."""
    return replace(config, **{name: getattr(config, name) // 2 for name in names if hasattr(config, name)})


def _duration(seconds: float) -> str:
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} seconds"
