"""Where to compute."""

from __future__ import annotations

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
