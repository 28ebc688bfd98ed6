"""How much memory a run needs, counted before it begins: what is alive in small steps, continued to the wanted size."""

from __future__ import annotations

import weakref
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode  # as PyTorch's notes on extending it have it

from minicyclegan.data.datasets import MEMORY_BUDGET, memory
from minicyclegan.data.jitter import load_size
from minicyclegan.models import ModelConfig, build
from minicyclegan.training.config import TrainConfig

# Pictures of so many pixels a side, and of half as many again, are tried: in smaller ones, weights are all that counts.
ENOUGH = 48
PROGRAM = 400 * 10**6  # Python, PyTorch and their libraries themselves


class Alive(TorchDispatchMode):
    """Within it, every tensor that is made is counted until it is gone. `most` is the most bytes there were at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = 0
        self.known: dict[int, int] = {}  # bytes of each piece of memory, by its address

    def __torch_dispatch__(self, operation: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = operation(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, tuple | list) else (result,):
            if isinstance(tensor, Tensor) and (storage := tensor.untyped_storage())._cdata not in self.known:
                self.known[storage._cdata] = storage.nbytes()
                self.now += storage.nbytes()
                self.most = max(self.most, self.now)
                weakref.finalize(storage, self._gone, storage._cdata)
        return result

    def _gone(self, address: int) -> None:
        self.now -= self.known.pop(address)


def counted(model_config: ModelConfig, size: int, batch: int, ema: float = 0.0) -> tuple[int, int]:
    """Two real steps on the CPU: the most bytes that are alive, and those of what stays (weights, averages)."""
    with Alive() as alive:
        model = build(model_config)
        if ema:
            model.keep_average(ema)
        a, b = (torch.zeros(batch, n, size, size) for n in (model_config.channels_A, model_config.channels_B))
        for _ in range(2):  # the second one has Adam's averages
            model.step(a, b)
        gradients = sum(w.grad.nbytes for w in model.parameters() if w.grad is not None)
        return alive.most, alive.now - gradients


def memory_needed(
    config: TrainConfig, model_config: ModelConfig, device: torch.device, pictures: int, share: int = 1
) -> tuple[int, int]:
    """Bytes that a run takes on its device, about and at most, and those of a checkpoint.

    A step has a constant (weights, gradients, Adam's averages) and a part that grows with the pixels of a batch: two
    small steps tell both. It is float32's; bfloat16 takes less. On a CPU, the pictures and a copy of all that is being
    saved are beside it.

    pictures   of each domain
    share      of so many processes, each has its part of a batch
    """
    size, batch, parts = config.size, config.batch // share, model_config.batch_parts
    sizes = [side for side in range(min(ENOUGH, size), size + 1) if _legal(model_config, side)]
    least, larger = sizes[0], next((side for side in sizes if side >= 1.5 * sizes[0]), None)
    small, large = (least, parts), (larger, parts) if larger else (least, 2 * parts)
    few, more, wanted = (count * side**2 for side, count in (small, large, (size, batch)))
    if wanted <= more:
        step, kept = counted(model_config, size, batch, config.ema)
    else:
        (one, _), (two, kept) = (counted(model_config, *shape, config.ema) for shape in (small, large))
        step = one + (two - one) * (wanted - few) // (more - few)
    channels = model_config.channels_A + model_config.channels_B
    histories = getattr(model_config, "pool_size", 0) * channels * size**2 * 4
    needed = step + histories
    if device.type == "cpu":
        drawn = pictures * channels * (config.load_size or load_size(size)) ** 2
        needed += PROGRAM + min(MEMORY_BUDGET, drawn) + kept + histories
    return needed, kept + histories


def _legal(model_config: ModelConfig, size: int) -> bool:
    with suppress(ValueError):
        model_config.check_size(size)
        return True
    return False


def memory_there(device: torch.device) -> int | None:
    """Bytes that are free on a device; None where nobody says."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    with suppress(OSError, StopIteration):  # Linux: what is free, and what the system would give back
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
        return min(free, memory() or free)
    return memory()


def in_words(count: float) -> str:
    """Bytes for people."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def memory_line(needed: int, there: int | None, device: torch.device) -> str:
    """The line that a run, and a plan, begins with."""
    return f"memory: about {in_words(needed)} needed" + (f", {in_words(there)} free on {device}" if there else "")
