"""How much memory a run needs, counted before it begins."""

from __future__ import annotations

import math
import weakref
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode  # as PyTorch's notes on extending it have it

from minicyclegan.data.datasets import MEMORY_BUDGET
from minicyclegan.data.jitter import load_size
from minicyclegan.devices import free_memory
from minicyclegan.models import ModelConfig, build
from minicyclegan.training.config import TrainConfig
from minicyclegan.training.pictures import SAMPLES

PROGRAM = 550 * 10**6  # Python, PyTorch and their libraries themselves


class Alive(TorchDispatchMode):
    """Within it, every tensor that is made is counted until it is gone. `most` is the most bytes there were at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = 0
        self.known: dict[int, weakref.ref] = {}  # each piece of memory, by its address

    def __torch_dispatch__(self, operation: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = operation(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, tuple | list) else (result,):
            if isinstance(tensor, Tensor) and (storage := tensor.untyped_storage())._cdata not in self.known:
                address, count = storage._cdata, storage.nbytes()
                self.known[address] = weakref.ref(storage, partial(self._gone, address, count))
                self.now += count
                self.most = max(self.most, self.now)
        return result

    def _gone(self, address: int, count: int, _: weakref.ref) -> None:
        del self.known[address]
        self.now -= count


def memory_needed(
    config: TrainConfig, model_config: ModelConfig, device: torch.device, pictures: int, share: int = 1
) -> tuple[int, int]:
    """Bytes that a run takes on its device, about and at most, and those of a checkpoint.

    Two steps and a sample grid are gone through with tensors that have a shape and no content, so it takes neither the
    memory nor the time. It is float32's; bfloat16 takes less. On a CPU, the program itself, the pictures, and a copy of
    all that is being saved are beside it.

    pictures   of each domain
    share      of so many processes, each has its part of a batch
    """
    from torch._subclasses.fake_tensor import FakeTensorMode  # as PyTorch's page on fake tensors has it; takes a second

    size, channels = config.size, (model_config.channels_A, model_config.channels_B)
    pool_size = getattr(model_config, "pool_size", 0)
    # Which picture comes out of a history is drawn, and nothing can be drawn here: what it holds is added.
    without = replace(model_config, pool_size=0) if pool_size else model_config
    with FakeTensorMode(), Alive() as alive:
        model = build(without)
        a, b = (torch.zeros(config.batch // share, count, size, size) for count in channels)
        for _ in range(2):  # the second step has Adam's averages
            model.step(a, b)
        kept = alive.now - sum(weight.nbytes for weight in model.parameters())  # without the gradients
        model.eval().sample_rows(a[:1].expand(SAMPLES, -1, -1, -1), model.directions[0])
        averages = [
            weight.nbytes for name in model.averaged * bool(config.ema) for weight in getattr(model, name).parameters()
        ]
    histories = pool_size * sum(channels) * size**2 * 4
    kept += sum(averages) + histories
    needed = alive.most + sum(averages) + histories
    if device.type == "cpu":
        drawn = pictures * sum(channels) * (config.load_size or load_size(size)) ** 2
        needed += PROGRAM + min(MEMORY_BUDGET, drawn) + kept
    return needed, kept


def memory_there(device: torch.device, share: int) -> float:
    """Bytes that are free for one of so many processes: on a CPU they share one memory."""
    return free_memory(device) / (share if device.type == "cpu" else 1)


def in_words(count: float) -> str:
    """Bytes for people."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def memory_line(needed: int, there: float, device: torch.device) -> str:
    """The line that a run, and a plan, begins with."""
    return f"memory: about {in_words(needed)} needed" + (
        f", {in_words(there)} free on {device}" if there < math.inf else ""
    )
