"""Instance norm, the activation after it and the sum of a residual block, as one operation.

A kernel, for CUDA devices with Triton, reads the map and writes the result, with nothing in between kept or written;
its twin does the same in plain PyTorch. Both have every derivative: the first one is fused too, those of the first one
are the twin's.
"""

from __future__ import annotations

import importlib.util
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional as F

Activation = Literal["none", "relu", "leaky_relu"]

HAS_TRITON = importlib.util.find_spec("triton") is not None  # imported only when a kernel runs


def instance_norm_act(
    x: Tensor,
    activation: Activation = "none",
    residual: Tensor | None = None,
    *,
    kernel: bool = True,
    negative_slope: float = 0.2,
    eps: float = 1e-5,
) -> Tensor:
    """residual + activation((x - mean) / sqrt(variance + eps)): each channel of each picture by its own statistics.

    x, residual: (N, C, H, W) of one type -> (N, C, H, W) of that type, in the memory format of x. The variance is the
    biased one (Ulyanov et al. 2016, "Instance Normalization", eq. 7); there are no parameters. `negative_slope` is
    leaky ReLU's. The statistics are float32's at least, whatever the type of x. With `kernel`, the kernel computes
    what it takes, and the twin the rest.
    Raises ValueError for a 1 x 1 map, of which nothing would be left, and for an unknown activation.
    """
    if x.shape[-2:] == (1, 1):
        raise ValueError("instance norm of a 1 x 1 map is 0 whatever goes in: use a larger picture or fewer layers")
    slope = slope_below_zero(activation, negative_slope)
    if kernel and kernel_takes(x, residual):
        return fused(x, residual, slope, eps)[0]
    return twin(x, residual, slope, eps)


def slope_below_zero(activation: Activation, negative_slope: float = 0.2) -> float:
    """All three activations are a straight line on either side of 0: this one's slope on the left, on the right 1."""
    if activation == "none":
        return 1.0
    if activation == "relu":
        return 0.0
    if activation == "leaky_relu":
        return negative_slope
    raise ValueError(f'activation must be "none", "relu" or "leaky_relu", not {activation!r}')


def twin(x: Tensor, residual: Tensor | None = None, slope: float = 1.0, eps: float = 1e-5) -> Tensor:
    """The same in plain PyTorch, for any device and floating point type, and any order of derivatives.

    Under autocast on a GPU its result is float32's, as that of all of PyTorch's norms; the kernel's is of x's type.
    """
    # One channel a group makes group norm the same function, and its kernel is several times faster on a CPU.
    y = F.group_norm(x, num_groups=x.shape[1], eps=eps)  # (N, C, H, W)
    y = activate(y, slope)  # (N, C, H, W)
    return y if residual is None else residual + y  # (N, C, H, W)


def activate(y: Tensor, slope: float) -> Tensor:
    """y where it is positive, slope y elsewhere."""
    if slope == 1:
        return y
    return F.relu(y) if slope == 0 else F.leaky_relu(y, slope)


def kernel_takes(x: Tensor, residual: Tensor | None = None) -> bool:
    """Whether the kernel is written for such a map, and this machine can run it on the map's device."""
    return (
        HAS_TRITON
        and x.is_cuda
        and torch.version.hip is None  # PyTorch calls AMD's GPUs CUDA devices too
        and x.ndim == 4
        and x.dtype in (torch.float32, torch.bfloat16)
        and x.numel() > 0
        and x.numel() < 2**31 * len(x)  # places within one picture are 32-bit numbers
        and (residual is None or (residual.dtype, residual.device, residual.shape) == (x.dtype, x.device, x.shape))
        and torch.cuda.get_device_properties(x.device).major >= 8  # older ones have no bfloat16
    )


# Custom operators, which torch.compile takes as they are: no graph break, and a picture size's own plan stays out of
# the graph. (It would trace into a triton_op.)


@torch.library.custom_op("minicyclegan::instance_norm_act", mutates_args=())
def fused(x: Tensor, residual: Tensor | None, slope: float, eps: float) -> tuple[Tensor, Tensor]:
    """The kernel. (N, C, H, W) -> the result, and each row's mean and 1 / sqrt(variance + eps), (N, 2, C) float32."""
    from minicyclegan.kernels.instance_norm_forward import forward

    x = x.contiguous(memory_format=_memory_format(x))
    residual = None if residual is None else residual.contiguous(memory_format=_memory_format(x))
    return forward(x, residual, slope, eps)


@torch.library.custom_op("minicyclegan::instance_norm_act_backward", mutates_args=())
def fused_backward(g: Tensor, x: Tensor, statistics: Tensor, slope: float, eps: float) -> Tensor:
    """dL/dx (N, C, H, W) from g = dL/dy (N, C, H, W), the x that went in and what `fused` told of it."""
    from minicyclegan.kernels.instance_norm_backward import backward

    x = x.contiguous(memory_format=_memory_format(x))
    return backward(g.contiguous(memory_format=_memory_format(x)), x, statistics, slope)


@fused.register_fake
def _(x: Tensor, residual: Tensor | None, slope: float, eps: float) -> tuple[Tensor, Tensor]:
    statistics = x.new_empty((x.shape[0], 2, x.shape[1]), dtype=torch.float32)
    return torch.empty_like(x, memory_format=_memory_format(x)), statistics


@fused_backward.register_fake
def _(g: Tensor, x: Tensor, statistics: Tensor, slope: float, eps: float) -> Tensor:
    return torch.empty_like(x, memory_format=_memory_format(x))


def _memory_format(x: Tensor) -> torch.memory_format:
    """The one x has; for any other order of its pixels, such as a slice's, the one it is copied to."""
    if x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous():
        return torch.channels_last
    return torch.contiguous_format


def _remember(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    x, _residual, ctx.slope, ctx.eps = inputs
    _y, statistics = output
    ctx.save_for_backward(x, statistics)
    ctx.mark_non_differentiable(statistics)
    ctx.set_materialize_grads(False)


def _first_derivative(ctx: Any, g: Tensor | None, *_: None) -> tuple[Tensor | None, Tensor | None, None, None]:
    if g is None:
        return None, None, None, None
    for_x = fused_backward(g, *ctx.saved_tensors, ctx.slope, ctx.eps) if ctx.needs_input_grad[0] else None
    return for_x, g if ctx.needs_input_grad[1] else None, None, None


def _remember_backward(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    g, x, _statistics, ctx.slope, ctx.eps = inputs
    ctx.save_for_backward(g, x)


def _second_derivative(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
    """The twin's, in float32. The mean and the deviation depend on x too; x's derivative holds those ways as well."""
    with torch.enable_grad():
        # Views, so that g is a variable of its own even where it depends on x; the graph below them is still there.
        g, x = (tensor.view_as(tensor).requires_grad_() for tensor in ctx.saved_tensors)
        y = twin(x.float(), None, ctx.slope, ctx.eps)  # (N, C, H, W)
        (for_x,) = torch.autograd.grad(y, x, g.float(), create_graph=True)  # (N, C, H, W)
    for_g, for_x = torch.autograd.grad(for_x, (g, x), gradient, create_graph=torch.is_grad_enabled())
    return for_g, for_x, None, None, None


fused.register_autograd(_first_derivative, setup_context=_remember)
fused_backward.register_autograd(_second_derivative, setup_context=_remember_backward)
