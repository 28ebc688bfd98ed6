"""The fused instance norm wherever this process can run it."""

from __future__ import annotations

import os

import torch
from torch import Tensor

from minicyclegan.kernels.instance_norm import HAS_TRITON, Fused, instance_norm_act

INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"
DEVICE = "cuda" if torch.cuda.is_available() and not INTERPRETED else "cpu"
NO_TRITON = "Triton is missing: pip install -c constraints.txt -e .[kernels]"
RUNS_KERNELS = HAS_TRITON and (INTERPRETED or torch.cuda.is_available())


def fused_instance_norm(input: Tensor, *, eps: float = 1e-5) -> Tensor:
    """The kernel on CUDA, or anywhere in the interpreter; float64, which it does not know, by its twin."""
    if INTERPRETED and input.dtype != torch.float64:
        return Fused.apply(input, None, 0, 1.0, 0, eps)[0]
    return instance_norm_act(input, eps=eps)
