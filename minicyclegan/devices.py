"""Where to compute, and what a process does with its memory there."""

from __future__ import annotations

import ctypes
import math
import os
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import Literal

import torch

from minicyclegan.networks import PatchDiscriminator, ResnetGenerator

DeviceName = Literal["auto", "cpu", "cuda", "mps"]


class DeviceError(ValueError):
    """A device that this machine does not have."""


def find_device(name: DeviceName) -> torch.device:
    """The device called `name`; for "auto" a GPU where there is one. Raises DeviceError where it can't be had.

    PyTorch on Apple's GPUs (MPS) has been silently wrong in courses like this one (LLMs-from-scratch, issues 791 and
    1020): "auto" takes it once a small step agrees with the CPU's, and else says so.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = next(kind for kind, available in there.items() if available)
        if name == "mps" and not agrees_with_the_cpu(torch.device(name)):
            print("note: on MPS, a first step is not what it is on the CPU; computing on the CPU", file=sys.stderr)
            name = "cpu"
    if not there[name]:
        raise DeviceError(f"--device {name}: this machine, or its PyTorch, has none; give --device auto")
    return torch.device(name)


def agrees_with_the_cpu(device: torch.device) -> bool:
    """Whether a step of two small networks has the same losses and gradients there, to a thousandth of their size."""
    try:
        found = small_step(device)
    except RuntimeError:  # an operation that the device lacks
        return False
    pairs = zip(found, small_step(torch.device("cpu")), strict=True)
    return all(((one - right).norm() <= 1e-3 * right.norm() + 1e-6).item() for one, right in pairs)


def small_step(device: torch.device) -> list[torch.Tensor]:
    """The losses of a generator and a discriminator on one picture, and all gradients, as tensors on the CPU."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        networks = ResnetGenerator(width=8, blocks=1), PatchDiscriminator(width=8, layers=2)
        real = 2 * torch.rand(2, 3, 32, 32) - 1  # (2, 3, 32, 32)
    G, D = (network.to(device) for network in networks)
    real = real.to(device)  # (2, 3, 32, 32)
    fake = G(real)  # (2, 3, 32, 32)
    losses = [(D(fake) - 1).square().mean(), (fake - real).abs().mean(), D(real).square().mean()]
    sum(losses).backward()
    weights = [weight for network in (G, D) for weight in network.parameters()]
    return [tensor.detach().cpu() for tensor in (*losses, *(weight.grad for weight in weights))]


def synchronise(device: torch.device) -> None:
    """Waits until the device has done all that it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def out_of_memory(error: BaseException) -> bool:
    """Whether something failed for want of memory: of PyTorch's errors, only the words tell."""
    words = r"(?i)out of memory|not enough memory|can('|no)t allocate memory|alloc_failed|could not create a primitive"
    words += "|storage size calculation overflowed"
    return isinstance(error, MemoryError) or re.search(words, str(error)) is not None


def free_memory(device: torch.device) -> float:
    """Bytes that are free on a GPU, or on this machine, within what a container may take.

    Where a system does not say what is free, all that there are; infinity on Windows, which does not say that either.
    """
    if device.type == "cuda":
        cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + cached
    try:
        free = 1024 * int(re.search(r"MemAvailable: *(\d+)", Path("/proc/meminfo").read_text("ascii"))[1])
    except (OSError, TypeError):  # not Linux, or an old one
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if os.name == "posix" else math.inf
    with suppress(OSError, ValueError):  # no container; one without a limit
        limit, used, parts = (
            Path(f"/sys/fs/cgroup/memory.{name}").read_text("ascii") for name in ("max", "current", "stat")
        )
        free = min(free, int(limit) - int(used) + int(re.search(r"inactive_file (\d+)", parts)[1]))
    return free


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


def return_freed_memory() -> None:
    """Once, and at once, the opposite: what pictures of many small pieces have left goes back to the system."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)
