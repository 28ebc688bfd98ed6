"""Settings that choose themselves: precision, compiling, kernels, memory format, threads; and a model given them.

The networks are changed, never `step`: what a network computes in bfloat16 leaves it as float32, so losses, gradients
of the weights, Adam's averages and the histories are float32 whatever the networks compute in.

What is chosen on a GPU was measured: CycleGAN's step at 256 px, width 64, 9 blocks, how many times as fast as the
original's operations on a NVIDIA H100 80GB HBM3 with PyTorch 2.11, 2026-11-27, before the kernels were last changed
(docs/speed.md):

                                              batch 1   batch 16
    float32, eager                              1.75
    float32, graphs                             4.21      1.23
    float32, graphs, kernels, channels last     4.94
    bfloat16, graphs                            6.29
    bfloat16, graphs, kernels                             2.28
    bfloat16, graphs, kernels, channels last    8.28      3.56
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from types import MethodType
from typing import Any, Literal

import torch
from torch import Tensor, nn

from minicyclegan.data.datasets import available_cores
from minicyclegan.devices import DeviceError, keep_freed_memory
from minicyclegan.kernels.fuse import fused_forward
from minicyclegan.kernels.instance_norm import HAS_TRITON, Fused
from minicyclegan.training.graphs import put_graphs

Precision = Literal["auto", "float32", "bfloat16"]
Switch = Literal["auto", "on", "off"]
MemoryFormat = Literal["auto", "contiguous", "channels_last"]


@dataclass(frozen=True)
class Speed:
    """How a run computes; nothing is left to choose. `because` says why, for people."""

    precision: str = "float32"
    compile: bool = False
    kernels: bool = False
    graphs: bool = False
    memory_format: str = "contiguous"
    threads: int = 1
    because: str = ""

    def __str__(self) -> str:
        """The one line that a run begins with."""
        plural = "thread" if self.threads == 1 else "threads"
        compiled = "compiled" if self.compile else "not compiled"
        kernels = ", fused kernels" if self.kernels else ""
        graphs = ", in CUDA graphs" if self.graphs else ""
        layout = ", channels last" if self.memory_format == "channels_last" else ""
        how = f"{compiled}{kernels}{graphs}{layout}"
        return f"computing in {self.precision} on {self.threads} {plural}, {how}: {self.because}"


def choose_speed(
    device: torch.device,
    precision: Precision = "auto",
    compile: Switch = "auto",
    kernels: Switch = "auto",
    memory_format: MemoryFormat = "auto",
    threads: int | None = None,
    graphs: Switch = "auto",
    alone: bool = True,
) -> Speed:
    """What is left to "auto" (threads: None), by what this device can do; the rest as asked.

    bfloat16 is for devices with instructions for it; elsewhere it is emulated, at a fraction of float32's speed. The
    presets say "auto" for the recipes whose whole runs paint no worse in it (docs/results.md).
    Raises DeviceError where the fused kernels are asked for and can't run.
    """
    native, reason = bfloat16_support(device)
    reasons = []
    if precision == "auto":
        precision = "bfloat16" if native else "float32"
        reasons.append(reason)
    elif precision == "bfloat16" and not native:
        reasons.append(f"bfloat16 as set, and slow, since {reason}")
    else:
        reasons.append(f"{precision} as set")
    if compile == "auto":
        # `bench steps --variants compiled` on a CPU: CycleGAN 1.1 times as fast after a minute, the others no faster.
        compile = "off"
        reasons.append(
            "compiling takes longer than it saves in a run of minutes (--compile on)"
            if device.type == "cpu"
            else f"compiling is not measured on {device.type} yet (--compile on)"
        )
    if graphs == "on" and device.type != "cuda":
        raise DeviceError(f"--graphs on: CUDA graphs are for NVIDIA's GPUs, and this is {device.type}; leave it out")
    if graphs == "on" and not alone:
        raise DeviceError("--graphs on: several processes share gradients between the pieces of a step; leave it out")
    graphed = device.type == "cuda" and graphs != "off" and alone
    if device.type == "cuda" and not alone:
        reasons.append("no CUDA graphs, since several processes share a step")
    if kernels == "on" and (missing := _missing_for_kernels(device) or _kernels_fail(device)):
        raise DeviceError(f"--kernels on: {missing}; leave them out")
    if kernels == "auto":  # launched one by one, they are slower than PyTorch's own
        kernels = "on" if graphed and not (_missing_for_kernels(device) or _kernels_fail(device)) else "off"
    if memory_format == "auto":
        # PyTorch's norms on a CPU, and its reflection padding on a GPU, copy to the first one and back.
        memory_format = "channels_last" if kernels == "on" else "contiguous"
    if threads is None:
        threads = min(torch.get_num_threads(), available_cores())
    return Speed(precision, compile == "on", kernels == "on", graphed, memory_format, threads, "; ".join(reasons))


def _missing_for_kernels(device: torch.device) -> str:
    """What the fused kernels lack here, in words; nothing: an empty string."""
    if device.type != "cuda" or torch.version.hip:
        return f"the kernels are for NVIDIA's GPUs, and this is {'one of AMD' if torch.version.hip else device.type}"
    if not HAS_TRITON:
        return 'Triton, which compiles the kernels, is not installed (pip install "minicyclegan[kernels]")'
    native, reason = bfloat16_support(device)
    return "" if native else f"{reason}, and the kernels need 8.0 or more"


def _kernels_fail(device: torch.device) -> str:
    """Why a kernel does not run here, though all seems there: Triton also needs a C compiler. Else an empty string."""
    try:
        Fused.apply(torch.zeros(1, 1, 2, 2, device=device), None, 0, 1.0, 0, 1e-5)
    except Exception as error:  # whatever Triton, the compiler or the driver says
        return f"a first kernel failed ({(str(error).strip() or type(error).__name__).splitlines()[0][:120]})"
    return ""


def bfloat16_support(device: torch.device) -> tuple[bool, str]:
    """Whether the device has instructions for bfloat16, and that in words."""
    if device.type == "cuda":
        major, minor = torch.cuda.get_device_capability(device)
        return major >= 8, f"this GPU, of compute capability {major}.{minor}, has {'' if major >= 8 else 'no '}bfloat16"
    if device.type == "cpu":
        # oneDNN, which computes, may be kept from the instructions (ONEDNN_MAX_CPU_ISA), and may emulate missing ones.
        native = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)()
        native = native and torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()
        return native, f"this CPU has {'' if native else 'no '}bfloat16 instructions"
    return False, f"bfloat16 is not tried on {device.type}"


def prepare(model: nn.Module, speed: Speed, backend: str = "inductor") -> None:
    """Makes the networks of a new model, on its device and before its first step, compute so; their state dicts keep
    their keys. Optimizers that know the weights' order in memory already would not follow them into another.

    backend   what compiles, if anything does: a name that torch.compile knows
    """
    torch.set_num_threads(speed.threads)
    keep_freed_memory()
    if speed.memory_format == "channels_last":
        model.to(memory_format=torch.channels_last)
    # The gradient penalty differentiates a discriminator twice, which compiled code can't.
    penalised = getattr(getattr(model, "config", None), "gan_loss", None) == "wgangp"
    device = next(model.parameters()).device
    for name, network in model.named_children():
        forward = fused_forward(network, device, speed.kernels)
        if speed.precision == "bfloat16":
            forward = partial(_in_bfloat16, forward)
        network.forward = MethodType(forward, network)
        if speed.compile and not (penalised and name in getattr(model, "judges", ())):
            # A network sees two or three batch sizes; each compiled for itself is faster than one for all sizes.
            network.compile(backend=backend, dynamic=False)
    if speed.graphs:
        put_graphs(model)


def _in_bfloat16(forward: Callable[..., Any], network: nn.Module, *inputs: Tensor) -> Any:
    """The network's forward in mixed precision; what comes out is float32 again."""
    with torch.autocast(inputs[0].device.type, torch.bfloat16):
        outputs = forward(network, *inputs)
    return _to_float32(outputs)


def _to_float32(outputs: Any) -> Any:
    return outputs.float() if isinstance(outputs, Tensor) else type(outputs)(_to_float32(one) for one in outputs)


def uncompiled(model: nn.Module) -> AbstractContextManager:
    """Within it, compiled networks run as they are written: for sizes that come up too rarely to compile for."""
    compiled = any(network._compiled_call_impl is not None for network in model.children())
    return torch.compiler.set_stance("force_eager") if compiled else contextlib.nullcontext()
