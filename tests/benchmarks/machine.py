"""What a machine is, and the most it can do: matrix products, convolutions, memory."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional as F

from minicyclegan.data.datasets import available_cores
from minicyclegan.training.speed import bfloat16_support
from tests.benchmarks.clock import best_rate

FORMATS = {"contiguous": torch.contiguous_format, "channels last": torch.channels_last}


def describe(device: torch.device) -> dict[str, Any]:
    """The machine in words, as a page of results names it."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else _processor()
    return {
        "device": device.type,
        "name": name,
        "cores": available_cores(),
        "threads": torch.get_num_threads(),
        "torch": str(torch.__version__),
        "python": platform.python_version(),
        "bfloat16": bfloat16_support(device)[0],
    }


def in_words(machine: dict[str, Any]) -> str:
    if "threads" not in machine:  # where only the GPU matters
        return f"{machine['name']}, PyTorch {machine['torch']}"
    threads = f"{machine['threads']} {'thread' if machine['threads'] == 1 else 'threads'}"
    return f"{machine['name']}, {machine['cores']} cores, {threads}, PyTorch {machine['torch']}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def measure_peaks(device: torch.device, seconds: float, rehearsal: bool = False) -> dict[str, dict[str, float]]:
    """Operations a second of the best matrix product and the best convolution, by precision; bytes a second of a copy.

    The convolutions are those of the generators' residual blocks, forward alone, in either memory format. float32 is
    what PyTorch's defaults make of it: on a GPU, TF32 within convolutions.
    """
    gpu = device.type != "cpu"
    types = {"float32": torch.float32}
    if bfloat16_support(device)[0]:
        types["bfloat16"] = torch.bfloat16
    side = 64 if rehearsal else 8192 if gpu else 2048
    shapes = [(1, 8, 16)] if rehearsal else [(32, 256, 64), (32, 512, 64)] if gpu else [(4, 256, 32), (1, 256, 64)]
    peaks: dict[str, dict[str, float]] = {"matrix": {}, "convolution": {}, "memory": {}}
    for name, dtype in types.items():
        a, b = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
        # 2 n^3: a multiplication and an addition for each of n terms of each of n^2 elements
        peaks["matrix"][name] = best_rate(lambda a=a, b=b: a @ b, 2 * side**3, device, seconds)
        rates = []
        for count, channels, size in shapes:
            for memory_format in FORMATS.values():
                x = torch.randn(count, channels, size, size, device=device).to(dtype=dtype, memory_format=memory_format)
                w = torch.randn(channels, channels, 3, 3, device=device).to(dtype=dtype, memory_format=memory_format)
                operations = 2 * count * size**2 * channels**2 * 9
                rates.append(best_rate(lambda x=x, w=w: F.conv2d(x, w, padding=1), operations, device, seconds / 2))
        peaks["convolution"][name] = max(rates)
    source = torch.zeros(2**20 if rehearsal else 2**30 if gpu else 2**28, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    # Every byte is read once and written once.
    peaks["memory"]["copy"] = best_rate(lambda: target.copy_(source), 2 * source.nbytes, device, seconds)
    return peaks
