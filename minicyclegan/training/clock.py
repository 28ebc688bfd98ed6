"""Where a run's time goes, without waiting for a GPU: `step` and the networks know nothing of it."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch

from minicyclegan.models import Model

LOOP = dict.fromkeys(("data", "saving", "looking"), 0.0)  # what the loop does beside the pieces of a step


class Clock:
    """Sums of seconds by name. On an NVIDIA GPU, a piece of a step is timed there, by events between its kernels."""

    def __init__(self, device: torch.device):
        self.sums = Counter(LOOP)
        self.cuda, self.events = device.type == "cuda", deque()

    @contextmanager
    def time(self, name: str) -> Iterator[None]:
        """What this process does within it, or waits for."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.sums[name] += time.perf_counter() - began

    def watch(self, model: Model) -> None:
        """From here on, the pieces of the model's step are timed, from outside."""
        for name in model.pieces:
            label = "step" if len(model.pieces) == 1 else name.removeprefix("train_")
            setattr(model, name, partial(self._timed, label, getattr(model, name)))

    def _timed(self, name: str, piece: Callable[..., Any], *tensors: Any) -> Any:
        if not self.cuda:
            with self.time(name):
                return piece(*tensors)
        first, last = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        first.record()
        outputs = piece(*tensors)
        last.record()
        self.events.append((name, first, last))
        while self.events and self.events[0][2].query():  # nothing waits for those that are not over yet
            name, first, last = self.events.popleft()
            self.sums[name] += first.elapsed_time(last) / 1000
        return outputs

    def read(self) -> dict[str, float]:
        """The sums since the last reading. Pieces that a GPU has not finished yet count in the next one."""
        sums, self.sums = self.sums, Counter(LOOP)
        return {name: round(seconds, 3) for name, seconds in sums.items()}
