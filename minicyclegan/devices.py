"""Where to compute, and what a process does with its memory there."""

from __future__ import annotations

import ctypes
import re
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


def synchronise(device: torch.device) -> None:
    """Waits until the device has done all that it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def out_of_memory(error: BaseException) -> bool:
    """Whether something failed for want of memory: of PyTorch's errors, only the words tell."""
    words = r"(?i)out of memory|not enough memory|can('|no)t allocate memory|alloc_failed|could not create a primitive"
    return isinstance(error, MemoryError) or re.search(words, str(error)) is not None


MIB = 2**20
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3  # malloc.h


def keep_freed_memory() -> bool:
    """From here on, memory that this process frees stays its own, if its C library is GNU's; returns whether it is.

    Every map of a step is as large as in the step before. By default, freed memory goes back to the system, which
    hands it out again page by page, each cleared first: thousands of interruptions a step (mallopt(3)).
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    # 32 MiB is the largest value that the first one takes.
    wanted = {M_MMAP_THRESHOLD: 32 * MIB, M_TRIM_THRESHOLD: 2048 * MIB - 1, M_TOP_PAD: 64 * MIB}
    return mallopt is not None and all([mallopt(name, value) for name, value in wanted.items()])
