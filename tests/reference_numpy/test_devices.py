"""Every layer and kernel on every device of this machine, in every type and memory format, against float64 NumPy."""

from __future__ import annotations

from types import MethodType

import numpy as np
import pytest
import torch

import reference_numpy as rn
from minicyclegan import networks
from minicyclegan.kernels.fuse import fused_forward
from minicyclegan.kernels.instance_norm import HAS_TRITON
from reference_numpy import networks as twins
from tests.reference_numpy.layers import FORMATS, KERNELS, LAYERS, TYPES, Layer, devices, errors

DEVICES = [
    pytest.param(
        name, marks=pytest.mark.skipif(name not in devices(), reason=f"this machine has no {name} device for PyTorch")
    )
    for name in ("cpu", "cuda", "mps")
]
EVERY_LAYER = [pytest.param(layer, id=layer.name) for layer in LAYERS + KERNELS]


@pytest.fixture(autouse=True)
def true_float32():
    """No TF32 on CUDA: its 10 bits are a choice for speed, not the float32 that is checked here."""
    before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    yield
    torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = before


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("memory_format", FORMATS)
@pytest.mark.parametrize("layer", EVERY_LAYER)
def test_layers(layer: Layer, memory_format: str, dtype: str, device: str):
    found = errors(layer, None, TYPES[dtype], FORMATS[memory_format], device)
    assert max(found.values()) <= 4 * layer.measured(dtype), found


@pytest.mark.parametrize("device", [param for param in DEVICES if param.values != ("mps",)])  # mps has no float64
@pytest.mark.parametrize("memory_format", FORMATS)
@pytest.mark.parametrize("layer", EVERY_LAYER)
def test_layers_in_float64(layer: Layer, memory_format: str, device: str):
    found = errors(layer, None, torch.float64, FORMATS[memory_format], device)
    assert max(found.values()) <= 4 * 1.2e-15, found  # 1.2e-15 is measured


# Relative to the largest element: the output and the input's gradient of a float32 network, measured on the CPU.
NETWORKS = [
    ("ResnetGenerator", {"width": 8, "blocks": 3}, 3.7e-6),
    ("UnetGenerator", {"width": 8, "depth": 5}, 2.2e-6),
    ("PatchDiscriminator", {"width": 8}, 7.2e-7),
]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("memory_format", FORMATS)
@pytest.mark.parametrize(("name", "options", "measured"), NETWORKS)
@pytest.mark.parametrize("kernel", [False, True], ids=["", "kernels"])
def test_networks_in_float32(name: str, options: dict, measured: float, kernel: bool, memory_format: str, device: str):
    if kernel and not (HAS_TRITON and device == "cuda"):
        pytest.skip("fused kernels need a CUDA device and Triton")
    draw = torch.Generator().manual_seed(0)
    network = getattr(networks, name)(**options, generator=draw)
    twin = getattr(twins, name)(**options)
    twin.load_state_dict(network.state_dict())
    network = network.to(device=device, memory_format=FORMATS[memory_format])
    if kernel:
        network.forward = MethodType(fused_forward(network, torch.device(device), kernels=True), network)
    picture = np.random.default_rng(0).uniform(-1, 1, (2, 3, 32, 32)).astype(np.float32)
    x = torch.tensor(picture, device=device).contiguous(memory_format=FORMATS[memory_format]).requires_grad_()
    reference = rn.Tensor(picture.astype(np.float64), requires_grad=True)
    y, expected = network(x), twin(reference)
    y.sum().backward()
    expected.sum().backward()
    for found, right in ((y, expected.data), (x.grad, reference.grad)):
        error = np.abs(found.detach().cpu().numpy() - right).max() / np.abs(right).max()
        assert error <= 4 * measured
