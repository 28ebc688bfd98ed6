"""The layers of the networks as PyTorch runs them, each beside its NumPy reference: one list for all checks.

A fused kernel joins by one line in `KERNELS`. It is then compared in every type, memory format and device that the
machine has, where there is no GPU in its interpreter on the CPU (`tests/kernels/test_interpreter.py` starts it), and
the mistakes of `mistakes.py` are tried on it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

import reference_numpy as rn
from minicyclegan import networks
from reference_numpy import functional as NF
from tests.kernels.engine import RUNS_KERNELS, fused_instance_norm

TYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
FORMATS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


@dataclass(frozen=True)
class Layer:
    """`function` and `reference` take the arrays, as tensors, and the options, all by name."""

    name: str
    kind: str  # the torch.nn.functional name; the mistakes listed for it are tried
    function: Callable[..., torch.Tensor]
    reference: Callable[..., rn.Tensor]
    shapes: dict[str, tuple[int, ...]]
    options: dict[str, Any] = field(default_factory=dict)
    # The error measured on correct code, in units of 1e-7 and of 1e-3, see `errors`; tests allow four times as much.
    # `python -m tests.reference_numpy.layers` measures it again.
    float32: float = 0.0
    bfloat16: float = 0.0

    def measured(self, dtype: str) -> float:
        return self.float32 * 1e-7 if dtype == "float32" else self.bfloat16 * 1e-3

    def arrays(self) -> dict[str, np.ndarray]:
        """Normal values. Every second channel of a norm's input is 300 times fainter, so that its eps counts."""
        rng = np.random.default_rng(0)
        arrays = {name: rng.standard_normal(shape) for name, shape in self.shapes.items()}
        if self.kind.endswith("norm"):
            arrays["input"][:, ::2] /= 300
        return arrays


def devices() -> list[str]:
    """Every device of this machine."""
    return [
        "cpu",
        *(["cuda"] if torch.cuda.is_available() else []),
        *(["mps"] if torch.backends.mps.is_available() else []),
    ]


def errors(
    layer: Layer,
    function: Callable[..., torch.Tensor] | None = None,
    dtype: torch.dtype = torch.float64,
    memory_format: torch.memory_format = torch.contiguous_format,
    device: str = "cpu",
) -> dict[str, float]:
    """How far output and gradients are from the float64 reference, each relative to its largest element.

    The inputs are rounded to `dtype` for both, so that the layer's own arithmetic is judged and not theirs. `function`
    takes the place of the layer's own. Raises AssertionError where shapes or types differ.
    """
    tensors = {}
    for name, array in layer.arrays().items():
        tensor = torch.tensor(array, dtype=dtype, device=device)
        tensor = tensor.contiguous(memory_format=memory_format) if tensor.ndim == 4 else tensor
        tensors[name] = tensor.requires_grad_()
    inputs = {name: rn.Tensor(_float64(tensor), requires_grad=True) for name, tensor in tensors.items()}
    y = (function or layer.function)(**tensors, **layer.options)
    expected = layer.reference(**inputs, **layer.options)
    assert tuple(y.shape) == expected.shape, f"output of shape {tuple(y.shape)}, expected {expected.shape}"
    assert y.dtype == dtype, f"output of type {y.dtype}, expected {dtype}"
    g = torch.tensor(np.random.default_rng(1).standard_normal(expected.shape), dtype=dtype, device=device)
    y.backward(g.contiguous(memory_format=memory_format) if g.ndim == 4 else g)
    expected.backward(_float64(g))
    found = {"output": _relative_error(y, expected.data)}
    for name, tensor in tensors.items():
        assert tensor.grad is not None, f"no gradient for {name}"
        found[f"gradient of {name}"] = _relative_error(tensor.grad, inputs[name].grad)
    return found


def _float64(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().double().cpu().numpy()


def _relative_error(found: torch.Tensor, expected: np.ndarray) -> float:
    return float(np.abs(_float64(found) - expected).max() / np.abs(expected).max())


def group_norm(
    input: torch.Tensor, *, weight: torch.Tensor | None = None, bias: torch.Tensor | None = None, eps: float = 1e-5
) -> torch.Tensor:
    """Instance norm as `minicyclegan.networks.InstanceNorm` computes it: one channel a group."""
    return F.group_norm(input, input.shape[1], weight, bias, eps)


def avg_pool2d(input: torch.Tensor, **options: Any) -> torch.Tensor:
    """As `minicyclegan.networks.MultiscaleDiscriminator` calls it.

    On CUDA, the gradient of a padded, channels_last one is wrong up to PyTorch 2.11 at least (pytorch #188344).
    """
    return F.avg_pool2d(input.contiguous(), **options)


def balanced_upsampling(input: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    layer = networks.BalancedTransposedConv2d(*weight.shape[:2], 4, stride=2, padding=1).to(input)
    return torch.func.functional_call(layer, {"weight": weight, "bias": bias}, (input,))


def balanced_in_numpy(input: rn.Tensor, weight: rn.Tensor, bias: rn.Tensor) -> rn.Tensor:
    layer = rn.nn.BalancedTransposedConv2d(*weight.shape[:2], 4, stride=2, padding=1)
    layer.weight, layer.bias = weight, bias
    return layer(input)


def _pointwise(name: str, float32: float, bfloat16: float, **options: Any) -> Layer:
    return Layer(name, name, getattr(F, name), getattr(NF, name), {"input": (2, 4, 9, 8)}, options, float32, bfloat16)


_INPUT = (2, 8, 12, 10)  # (N, C, H, W)
_CONV = {"input": _INPUT, "weight": (8, 8, 3, 3), "bias": (8,)}
_WIDE = {"input": _INPUT, "weight": (4, 8, 7, 7), "bias": (4,)}
_STRIDED = {"input": _INPUT, "weight": (6, 8, 4, 4), "bias": (6,)}
_UP = {"input": _INPUT, "weight": (8, 4, 3, 3), "bias": (4,)}
_UP4 = {"input": _INPUT, "weight": (8, 5, 4, 4), "bias": (5,)}
_FLAT = {"input": (6, 24), "weight": (8, 24), "bias": (8,)}
_NORM = {"input": (3, 8, 4, 3), "weight": (8,), "bias": (8,)}  # 12 pixels: dividing by 11 instead shows
_PLAIN = {"input": _NORM["input"]}
_STATISTICS = {"running_mean": None, "running_var": None, "training": True}
_DOWN, _DOUBLE = {"stride": 2, "padding": 1}, {"stride": 2, "padding": 1, "output_padding": 1}
_HALF = {"kernel_size": 3, "stride": 2, "padding": 1, "count_include_pad": False}
_REFLECT = {"pad": (3, 2, 1, 4), "mode": "reflect"}

LAYERS = [
    Layer("conv2d 3 x 3", "conv2d", F.conv2d, NF.conv2d, _CONV, {"padding": 1}, 3.2, 7.6),
    Layer("conv2d 7 x 7", "conv2d", F.conv2d, NF.conv2d, _WIDE, {}, 4.5, 8.7),
    Layer("conv2d 4 x 4, stride 2", "conv2d", F.conv2d, NF.conv2d, _STRIDED, _DOWN, 3.8, 4.2),
    Layer("conv_transpose2d", "conv_transpose2d", F.conv_transpose2d, NF.conv_transpose2d, _UP, _DOUBLE, 11.1, 5.1),
    Layer("conv_transpose2d 4 x 4", "conv_transpose2d", F.conv_transpose2d, NF.conv_transpose2d, _UP4, _DOWN, 7.8, 6.5),
    Layer("balanced upsampling", "conv_transpose2d", balanced_upsampling, balanced_in_numpy, _UP4, {}, 11.1, 6.5),
    Layer("avg_pool2d", "avg_pool2d", avg_pool2d, NF.avg_pool2d, {"input": (2, 4, 9, 8)}, _HALF, 0.8, 3.0),
    Layer("linear", "linear", F.linear, NF.linear, _FLAT, {}, 1.3, 2.5),
    Layer("instance norm", "instance_norm", group_norm, NF.instance_norm, _NORM, {}, 2.0, 4.6),
    Layer("batch norm", "batch_norm", F.batch_norm, NF.batch_norm, _NORM, _STATISTICS, 1.3, 4.7),
    Layer("reflection padding", "pad", F.pad, NF.pad, {"input": _INPUT}, _REFLECT, 0.9, 4.5),
    _pointwise("relu", 0, 0),
    _pointwise("leaky_relu", 0.13, 0.57, negative_slope=0.2),
    _pointwise("tanh", 0.64, 2.5),
]

# One line a fused kernel.
KERNELS = [
    Layer("fused instance norm", "instance_norm", fused_instance_norm, NF.instance_norm, _PLAIN, {}, 0.84, 5.7),
]
KERNELS = KERNELS if RUNS_KERNELS else []


def measure() -> None:
    """Prints each layer's largest error on every device, over both memory formats."""
    for layer in LAYERS + KERNELS:
        for device in devices():
            worst = {
                name: max(max(errors(layer, None, dtype, form, device).values()) for form in FORMATS.values())
                for name, dtype in TYPES.items()
            }
            print(f"{layer.name:24s} {device:5s} {worst['float32'] / 1e-7:6.2f}e-7 {worst['bfloat16'] / 1e-3:6.2f}e-3")


if __name__ == "__main__":
    torch.set_num_threads(1)
    measure()
