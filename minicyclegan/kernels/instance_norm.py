"""Instance norm with what stands around it in the networks, as one operation.

That is: the activation after it, the sum of a residual block, and the reflected border that the next convolution wants.
A kernel, for CUDA devices with Triton, reads the map and writes the result, with nothing in between kept or written;
its twin does the same in plain PyTorch. Both have every derivative: the first one is fused too, those of the first one
are the twin's.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

HAS_TRITON = importlib.util.find_spec("triton") is not None  # imported only when a kernel runs


def instance_norm_act(
    x: Tensor,
    residual: Tensor | None = None,
    residual_pad: int = 0,
    slope: float = 1.0,
    pad: int = 0,
    eps: float = 1e-5,
) -> Tensor:
    """residual + activation((x - mean) / sqrt(variance + eps)), with a border of `pad` pixels that mirrors its inside.

    x             (N, C, H, W); each channel of each picture has its own statistics, float32's at least. The variance
                  is the biased one (Ulyanov et al. 2016, "Instance Normalization", eq. 7)
    residual      (N, C, H + 2 residual_pad, W + 2 residual_pad), whose border is left out
    slope         of the activation below 0: 1 for none, 0 for ReLU, 0.2 for the networks' leaky ReLU

    -> (N, C, H + 2 pad, W + 2 pad), of the type of x and in its memory format. The kernel computes what it takes, the
    twin the rest. Raises ValueError for a 1 x 1 map, of which nothing would be left.
    """
    if x.shape[-2:] == (1, 1):
        raise ValueError("instance norm of a 1 x 1 map is 0 whatever goes in: use a larger picture or fewer layers")
    if not kernel_takes(x, residual, pad):
        return twin(x, residual, residual_pad, slope, pad, eps)
    # A registered operator costs the processor ten times as much a call, and is needed by torch.compile alone.
    call = fused if torch.compiler.is_compiling() else Fused.apply
    return call(x, residual, residual_pad, slope, pad, eps)[0]


def twin(
    x: Tensor,
    residual: Tensor | None = None,
    residual_pad: int = 0,
    slope: float = 1.0,
    pad: int = 0,
    eps: float = 1e-5,
) -> Tensor:
    """The same in plain PyTorch, for any device and floating point type, and any order of derivatives.

    Under autocast on a GPU its result is float32's, as that of all of PyTorch's norms; the kernel's is of x's type.
    """
    y = F.group_norm(x, num_groups=x.shape[1], eps=eps)  # (N, C, H, W)
    if slope != 1:
        y = F.relu(y) if slope == 0 else F.leaky_relu(y, slope)  # (N, C, H, W)
    if residual is not None:
        y = inside(residual, residual_pad) + y  # (N, C, H, W)
    return F.pad(y, (pad,) * 4, mode="reflect") if pad else y  # (N, C, H + 2 pad, W + 2 pad)


def inside(x: Tensor, pad: int) -> Tensor:
    """A view of (N, C, H + 2 pad, W + 2 pad) without its border."""
    return x[:, :, pad:-pad, pad:-pad] if pad else x


def empty(x: Tensor, pad: int = 0) -> Tensor:
    """Memory for x with a border, (N, C, H + 2 pad, W + 2 pad), in x's memory format; contiguous for a slice's."""
    n, c, h, w = x.shape
    last = x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous()
    order = torch.channels_last if last else torch.contiguous_format
    return torch.empty((n, c, h + 2 * pad, w + 2 * pad), dtype=x.dtype, device=x.device, memory_format=order)


def kernel_takes(x: Tensor, residual: Tensor | None = None, pad: int = 0) -> bool:
    """Whether the kernel is written for such a map and border, and this machine can run it on the map's device."""
    return (
        HAS_TRITON
        and x.is_cuda
        and torch.version.hip is None  # PyTorch calls AMD's GPUs CUDA devices too
        and x.ndim == 4
        and x.dtype in (torch.float32, torch.bfloat16)
        and x.numel() > 0
        and x.numel() < 2**30 * len(x)  # places within one picture, border and all, are 32-bit numbers
        and (pad == 0 or min(x.shape[2:]) >= 2 * pad + 2)  # no pixel is shown by two borders that face each other
        and (residual is None or (residual.dtype, residual.device) == (x.dtype, x.device))
        and torch.cuda.get_device_properties(x.device).major >= 8  # older ones have no bfloat16
    )


def _forward(
    x: Tensor, residual: Tensor | None, residual_pad: int, slope: float, pad: int, eps: float
) -> tuple[Tensor, Tensor]:
    """The kernel: the result, and each row's mean and 1 / sqrt(variance + eps), (N, 2, C) float32."""
    from minicyclegan.kernels.instance_norm_triton import forward

    return forward(x, None if residual is None else inside(residual, residual_pad), slope, eps, pad)


def _backward(
    g: Tensor, x: Tensor, statistics: Tensor, residual_pad: int, slope: float, pad: int, eps: float
) -> list[Tensor]:
    """[dL/dx, dL/dresidual] from g = dL/dy, the x that went in and what `_forward` told of it.

    residual_pad   -1: without the second
    """
    from minicyclegan.kernels.instance_norm_triton import backward

    if residual_pad < 0:
        return [backward(g, x, statistics, slope, pad)]
    for_residual = empty(x, residual_pad)
    if residual_pad:
        for_residual.zero_()  # its border had no part in the result
    return [backward(g, x, statistics, slope, pad, inside(for_residual, residual_pad)), for_residual]


def _remember(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    x, _residual, ctx.residual_pad, *ctx.settings = inputs
    _y, statistics = output
    ctx.save_for_backward(x, statistics)
    ctx.mark_non_differentiable(statistics)
    ctx.set_materialize_grads(False)


def _first_derivative(call: Callable[..., Any], ctx: Any, g: Tensor | None, *_: None) -> tuple[Tensor | None, ...]:
    """By `call`: FusedBackward.apply or, for torch.compile, fused_backward."""
    if g is None:
        return (None,) * 6
    x, statistics = ctx.saved_tensors
    residual_pad = ctx.residual_pad if ctx.needs_input_grad[1] else -1
    for_x, *for_residual = call(g, x, statistics, residual_pad, *ctx.settings)
    return for_x, *(for_residual or [None]), None, None, None, None


def _remember_backward(ctx: Any, inputs: tuple[Any, ...], output: list[Tensor]) -> None:
    g, x, _statistics, ctx.residual_pad, *ctx.settings = inputs
    ctx.save_for_backward(g, x)


def _second_derivative(ctx: Any, *gradients: Any) -> tuple[Tensor | None, ...]:
    """The twin's, in float32. The mean and the deviation depend on x too; x's derivative holds those ways as well."""
    gradients = gradients[0] if isinstance(gradients[0], list) else gradients
    slope, pad, eps = ctx.settings
    with torch.enable_grad():
        # Views, so that g is a variable of its own even where it depends on x; the graph below them is still there.
        g, x = (tensor.view_as(tensor).requires_grad_() for tensor in ctx.saved_tensors)
        ways = [x.float()]
        if ctx.residual_pad >= 0:
            ways.append(F.pad(torch.zeros_like(ways[0]), (ctx.residual_pad,) * 4).requires_grad_())
        y = twin(ways[0], ways[1] if len(ways) > 1 else None, max(ctx.residual_pad, 0), slope, pad, eps)
        firsts = torch.autograd.grad(y, ways, g.float(), create_graph=True)
    pairs = [(first, given) for first, given in zip(firsts, gradients, strict=True) if given is not None]
    for_g, for_x = torch.autograd.grad(
        [first for first, _ in pairs], (g, x), [given.float() for _, given in pairs],
        create_graph=torch.is_grad_enabled(), allow_unused=True,
    )  # fmt: skip
    return for_g, for_x, None, None, None, None, None


class FusedBackward(torch.autograd.Function):
    setup_context, backward = map(staticmethod, (_remember_backward, _second_derivative))

    @staticmethod
    def forward(*inputs: Any) -> tuple[Tensor, ...]:
        return tuple(_backward(*inputs))


class Fused(torch.autograd.Function):
    """`_forward` where PyTorch runs eagerly, or is recorded in a CUDA graph."""

    forward, setup_context = map(staticmethod, (_forward, _remember))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        return _first_derivative(FusedBackward.apply, ctx, *gradients)


# The same as operators, which torch.compile takes as they are: no graph break, and nothing traced into.
fused = torch.library.custom_op("minicyclegan::instance_norm_act", _forward, mutates_args=())
fused_backward = torch.library.custom_op("minicyclegan::instance_norm_act_backward", _backward, mutates_args=())
fused.register_autograd(partial(_first_derivative, fused_backward), setup_context=_remember)
fused_backward.register_autograd(_second_derivative, setup_context=_remember_backward)


@fused.register_fake
def _(
    x: Tensor, residual: Tensor | None, residual_pad: int, slope: float, pad: int, eps: float
) -> tuple[Tensor, Tensor]:
    return empty(x, pad), x.new_empty((x.shape[0], 2, x.shape[1]), dtype=torch.float32)


@fused_backward.register_fake
def _(g: Tensor, x: Tensor, statistics: Tensor, residual_pad: int, slope: float, pad: int, eps: float) -> list[Tensor]:
    return [empty(x), *([empty(x, residual_pad)] if residual_pad >= 0 else [])]
