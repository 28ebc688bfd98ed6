"""Where a GPU's time goes in a step: by the kinds of its kernels, and what it waits."""

from __future__ import annotations

from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

from minicyclegan.training.speed import prepare
from tests.benchmarks.clock import seconds_of
from tests.benchmarks.steps import RECORDED, Workload, setting

# By what is in a kernel's name, in small letters; the first that fits.
KINDS = {
    "our kernels": ("gather_moments", "normalise", "gather_sums", "differentiate"),
    "reflection padding": ("reflection_pad", "reflect"),
    "norms": ("batch_norm", "instance_norm", "bn_fw", "bn_bw", "batchnorm"),
    "copies between layouts": ("nchwtonhwc", "nhwctonchw", "nchw2nhwc", "nhwc2nchw", "transpose"),
    "convolutions": (
        "conv",
        "gemm",
        "cutlass",
        "xmma",
        "cudnn",
        "nvjet",
        "implicit",
        "dgrad",
        "wgrad",
        "sm80_",
        "sm90_",
    ),
    "optimizer": ("adam", "multi_tensor", "foreach"),
    "copies and fills": ("memcpy", "memset", "copy", "fill"),
}
STEPS = 3


def time_by_kind(work: Workload, device: torch.device, variant: str) -> dict[str, Any]:
    """Seconds of one step, and the share of each kind of kernel in the device's own time."""
    model = work.model(device)
    prepare(model, setting(variant, device))
    a, b = work.pictures(device)
    for _ in range(2 * RECORDED):
        model.step(a, b)
    seconds = min(seconds_of(lambda: model.step(a, b), device) for _ in range(2 * STEPS))
    with profile(activities=[ProfilerActivity.CUDA if device.type == "cuda" else ProfilerActivity.CPU]) as profiled:
        for _ in range(STEPS):
            model.step(a, b)
        seconds_of(lambda: None, device)
    kinds: dict[str, float] = {}
    slowest: dict[str, float] = {}
    for event in profiled.key_averages():
        spent = (event.self_device_time_total if device.type == "cuda" else event.self_cpu_time_total) / 1e6 / STEPS
        name = event.key.lower()
        kind = next((kind for kind, words in KINDS.items() if any(word in name for word in words)), "the rest")
        kinds[kind] = kinds.get(kind, 0) + spent
        slowest[event.key[:100]] = spent
    order = sorted(slowest, key=slowest.__getitem__, reverse=True)[:12]
    return {
        "name": work.name,
        "variant": variant,
        "seconds": seconds,
        "kinds": dict(sorted(kinds.items(), key=lambda kind: -kind[1])),
        "slowest": {name: slowest[name] for name in order},
    }
