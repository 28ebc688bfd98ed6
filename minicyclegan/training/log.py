"""What a run says in numbers: every step's losses, in log.jsonl and for the curves."""

from __future__ import annotations

import math
import time
from typing import Any

import torch
from torch import Tensor

from minicyclegan.training.curves import Curves
from minicyclegan.training.processes import ALONE, Processes
from minicyclegan.training.run_folder import RunFolder


class Diverged(RuntimeError):
    """A loss is no longer a number; the message says at which step and what to try."""


class Log:
    """Collects every step's losses and reads them back together: each reading would make a GPU wait.

    Of several processes, all flush at the same steps, and the first one writes what they have on average.
    """

    def __init__(self, folder: RunFolder, batch: int, processes: Processes = ALONE):
        self.folder, self.batch, self.processes = folder, batch, processes
        self.curves = Curves(record for record, _ in folder.read_log())
        self.pending: list[tuple[dict[str, Any], dict[str, Tensor]]] = []
        self.since = time.perf_counter()
        self.latest: dict[str, float] = {}

    def add(self, step: int, epoch: int, lr: float, losses: dict[str, Tensor]) -> None:
        self.pending.append(({"step": step, "epoch": epoch, "lr": lr}, losses))

    @property
    def due(self) -> bool:
        return len(self.pending) >= 10 or time.perf_counter() - self.since >= 1.0

    def flush(self) -> None:
        """Writes what is pending. Raises WriteError, and Diverged, after writing, if a loss is not finite."""
        if not self.pending:
            return
        names = list(self.pending[0][1])
        table = torch.stack([torch.stack([losses[name] for name in names]) for _, losses in self.pending])
        values = self.processes.mean(table).tolist()  # (steps, names)
        now = time.perf_counter()
        speed = len(self.pending) * self.batch / max(now - self.since, 1e-9)
        records = []
        for (record, _), row in zip(self.pending, values, strict=True):
            self.latest = dict(zip(names, row, strict=True))
            # JSON has no NaN; null keeps the log readable for every reader.
            losses = {name: value if math.isfinite(value) else None for name, value in self.latest.items()}
            records.append({**record, **losses, "images_per_second": round(speed, 2)})
        self.pending, self.since = [], now
        if self.processes.first:
            self.folder.write_log(records)
        for record in records:
            self.curves.add(record)
            if None in record.values():
                self.processes.first_speaks()
                raise Diverged(f"the losses stopped being numbers at step {record['step']}; try a lower --lr")

    def __str__(self) -> str:
        """The latest losses, for the progress bar."""
        return " ".join(f"{name} {value:.2f}" for name, value in self.latest.items() if not name.startswith("identity"))
