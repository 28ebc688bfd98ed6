"""Where to compute, and what a process does with its memory there."""

from __future__ import annotations

import ctypes
import sys
from typing import Literal

import torch

DeviceName = Literal["auto", "cpu", "cuda", "mps"]


class DeviceError(ValueError):
    """A device that this machine does not have."""


def find_device(name: DeviceName) -> torch.device:
    """The device called `name`; for "auto" a GPU where there is one. Raises DeviceError where it can't be had."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = next(kind for kind, available in there.items() if available)
    if not there[name]:
        raise DeviceError(f"--device {name}: this machine, or its PyTorch, has none; leave the option out")
    return torch.device(name)


MIB = 2**20
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3  # malloc.h


def keep_freed_memory() -> None:
    """From here on, memory that this process frees stays its own, as far as its C library is GNU's; else nothing.

    Every map of a step is as large as in the step before. By default, freed memory goes back to the system, which
    hands it out again page by page, each cleared first: thousands of interruptions a step (mallopt(3)).
    """
    if sys.platform == "linux" and (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)):
        mallopt(M_MMAP_THRESHOLD, 32 * MIB)  # the largest value that it takes
        mallopt(M_TRIM_THRESHOLD, 2048 * MIB - 1)
        mallopt(M_TOP_PAD, 64 * MIB)
