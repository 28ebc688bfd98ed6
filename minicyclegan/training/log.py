"""What a run says in numbers: every step's losses, in log.jsonl and for the curves."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from minicyclegan.training.curves import Curves
from minicyclegan.training.processes import Processes
from minicyclegan.training.run_folder import RunFolder

Terms = Mapping[str, Tensor]  # 0-d each


class Diverged(RuntimeError):
    """A loss or a gradient is no longer a number; the message says at which step and what to try."""


class Log:
    """Collects every step's losses and reads them back together: each reading would make a GPU wait.

    Of several processes, all flush at the same steps, and the first one writes what they have on average.

    diverged   (step, what is no number) -> what the log says of it, "text" among it, which Diverged says too
    """

    def __init__(
        self, folder: RunFolder, batch: int, processes: Processes, diverged: Callable[[int, str], dict[str, Any]]
    ):
        self.folder, self.batch, self.processes, self.diverged = folder, batch, processes, diverged
        self.curves = Curves(record for record, _ in folder.read_log())
        self.pending: list[tuple[dict[str, Any], Terms, Terms]] = []
        self.since = time.perf_counter()
        self.latest: dict[str, float] = {}

    def add(self, step: int, epoch: int, lr: float, losses: Terms, others: Terms) -> None:
        """others   what has to be finite like the losses, and is not written: the same ones each time"""
        self.pending.append(({"step": step, "epoch": epoch, "lr": lr}, losses, others))

    def remark(self, looked: dict[str, Any]) -> None:
        """Something more to the step that was added last."""
        self.pending[-1][0].update(looked)

    @property
    def due(self) -> bool:
        return len(self.pending) >= 10 or time.perf_counter() - self.since >= 1.0

    def flush(self) -> None:
        """Writes what is pending. Raises WriteError, and Diverged, after writing, if something is not finite."""
        if not self.pending:
            return
        names, others = list(self.pending[0][1]), list(self.pending[0][2])
        rows = [[*(losses[n] for n in names), *(more[n] for n in others)] for _, losses, more in self.pending]
        table = torch.stack([torch.stack(row) for row in rows])
        values = self.processes.mean(table).tolist()  # (steps, names and others)
        now = time.perf_counter()
        speed = len(self.pending) * self.batch / max(now - self.since, 1e-9)
        records, fault = [], None
        for (record, _, _), row in zip(self.pending, values, strict=True):
            self.latest = dict(zip(names, row, strict=False))
            # JSON has no NaN; null keeps the log readable for every reader.
            losses = {name: value if math.isfinite(value) else None for name, value in self.latest.items()}
            records.append({**record, **losses, "images_per_second": round(speed, 2)})
            broken = [name for name, value in zip([*names, *others], row, strict=True) if not math.isfinite(value)]
            if broken and fault is None:
                fault = self.diverged(record["step"], broken[0]) if self.processes.first else {"text": ""}
                records[-1]["alarms"] = [*records[-1].get("alarms", []), fault]
        self.pending, self.since = [], now
        if self.processes.first:
            self.folder.write_log(records)
        for record in records:
            self.curves.add(record)
        if fault:
            self.processes.first_speaks()
            raise Diverged("; ".join(fault[part] for part in ("text", "cause", "remedy") if part in fault))

    def __str__(self) -> str:
        """The latest losses, for the progress bar."""
        return " ".join(f"{name} {value:.2f}" for name, value in self.latest.items() if not name.startswith("identity"))
