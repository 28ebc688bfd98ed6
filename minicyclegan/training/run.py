"""A run, for those who carry it out and those who look at it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from minicyclegan.data.datasets import DataSet
from minicyclegan.models import Model
from minicyclegan.training.config import TrainConfig
from minicyclegan.training.processes import ALONE, Processes
from minicyclegan.training.run_folder import RunFolder


@dataclass
class Run:
    """What is trained, on what, how long, and where it is kept. The model is on its device already.

    description   what config.json says, and every checkpoint too
    step, saved   how many of the steps are done, and how many of them are in the checkpoint
    candidates    the weights of the steps that can still be the best (training/best.py)
    """

    folder: RunFolder
    config: TrainConfig
    model: Model
    data: DataSet
    steps: int
    description: dict[str, Any]
    processes: Processes = ALONE
    step: int = 0
    saved: int = 0
    candidates: dict[int, Any] = field(default_factory=dict)
