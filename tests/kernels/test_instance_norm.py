"""The function that all may call, and the kernels' twin in plain PyTorch; no Triton needed."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from minicyclegan.kernels import instance_norm
from minicyclegan.kernels.instance_norm import instance_norm_act, kernel_takes, twin
from reference_numpy import functional as NF
from tests.reference_numpy.compare import assert_agree

NUMPY = {1.0: lambda y: y, 0.0: NF.relu, 0.3: lambda y: NF.leaky_relu(y, 0.3)}


@pytest.mark.parametrize("residual_pad", [None, 0, 2])
@pytest.mark.parametrize("pad", [0, 1, 3])
@pytest.mark.parametrize("slope", NUMPY)
def test_the_twin_is_right_to_the_second_derivative(slope, pad, residual_pad):
    arrays = {"input": np.random.default_rng(0).standard_normal((2, 3, 5, 4))}
    if residual_pad is not None:
        sides = (5 + 2 * residual_pad, 4 + 2 * residual_pad)
        arrays["residual"] = np.random.default_rng(1).standard_normal((2, 3, *sides))
    kept = slice(residual_pad, -residual_pad or None) if residual_pad else slice(None)

    def right(input, residual=None):
        y = NUMPY[slope](NF.instance_norm(input, eps=1e-3))
        y = y if residual is None else residual[:, :, kept, kept] + y
        return NF.pad(y, (pad,) * 4, mode="reflect") if pad else y

    def found(input, residual=None):
        return instance_norm_act(input, residual, residual_pad or 0, slope, pad, eps=1e-3)

    assert_agree(right, found, arrays, second=True)


def test_it_refuses_what_has_no_meaning():
    with pytest.raises(ValueError, match="1 x 1 map"):
        instance_norm_act(torch.zeros(2, 3, 1, 1))


def test_on_a_cpu_it_is_the_twin_in_any_type_and_for_an_empty_batch():
    for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
        x = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(0)).to(dtype)
        y = instance_norm_act(x, x, slope=0.0)
        assert y.dtype == dtype and torch.equal(y, twin(x, x, slope=0.0)) and not kernel_takes(x)
    assert instance_norm_act(torch.zeros(0, 3, 4, 4), slope=0.0, pad=0).shape == (0, 3, 4, 4)


class Pretended:
    """What `kernel_takes` asks of a tensor."""

    is_cuda, ndim, dtype, shape = True, 4, torch.float32, (2, 3, 8, 8)
    device = torch.device("cuda", 0)

    def __init__(self, **different):
        self.__dict__ |= different

    def numel(self):
        return int(np.prod(self.shape))

    def __len__(self):
        return self.shape[0]


@pytest.mark.parametrize(
    ("taken", "x", "residual", "pad"),
    [
        (True, {}, None, 3),
        (True, {"dtype": torch.bfloat16}, {"dtype": torch.bfloat16}, 0),
        (True, {"shape": (16, 64, 4096, 4095)}, None, 1),
        (True, {"shape": (2, 3, 4, 9)}, None, 1),
        (True, {"shape": (2, 3, 1, 9)}, None, 0),
        (False, {"shape": (2, 3, 3, 9)}, None, 1),
        (False, {"shape": (2, 3, 9, 7)}, None, 3),
        (False, {"is_cuda": False}, None, 1),
        (False, {"dtype": torch.float64}, None, 1),
        (False, {"dtype": torch.float16}, None, 1),
        (False, {"ndim": 3, "shape": (2, 3, 8)}, None, 1),
        (False, {"shape": (0, 3, 8, 8)}, None, 1),
        (False, {"shape": (1, 64, 4096, 4096)}, None, 1),
        (False, {}, {"dtype": torch.bfloat16}, 1),
        (False, {}, {"device": torch.device("cuda", 1)}, 1),
    ],
)
def test_what_the_kernel_takes(taken, x, residual, pad, monkeypatch):
    monkeypatch.setattr(instance_norm, "HAS_TRITON", True)
    capability = type("Properties", (), {"major": 8})
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: capability)
    residual = None if residual is None else Pretended(**residual)
    assert kernel_takes(Pretended(**x), residual, pad) is taken
    capability.major = 7
    assert not kernel_takes(Pretended(**x), residual, pad)
    capability.major, instance_norm.HAS_TRITON = 9, False
    assert not kernel_takes(Pretended(**x), residual, pad)


def test_triton_is_not_imported_before_a_kernel_runs():
    code = (
        "import sys, torch; from minicyclegan.kernels.instance_norm import instance_norm_act;"
        "instance_norm_act(torch.randn(1, 2, 4, 4)); assert 'triton' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
