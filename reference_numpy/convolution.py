"""Convolution, transposed convolution and average pooling.

With the windows of the input as columns, a convolution is one matrix product (N is the batch, C and O the channels of
input and output, H × W the picture, kh × kw the kernel):

    y[n, o, l] = Σ_k w[o, k] · columns[n, k, l]        k over (c, i, j), l over the kernel's positions

It is linear in x and in w, so ⟨conv(x, w), g⟩ is linear in three things at once, and fixing two of them gives three
functions: `CONVOLVE` of x and w, `CONVOLVE_TO_INPUT` of g and w (its adjoint: a transposed convolution), and
`CONVOLVE_TO_WEIGHT` of g and x. The VJPs of each are the other two; that is why gradients of every order exist.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from reference_numpy.padding import pad
from reference_numpy.tensor import Operation, Tensor, as_tensor

Pair = int | Sequence[int]


class Window(NamedTuple):
    """Where a kernel is laid on a picture; each field but `groups` is (vertical, horizontal)."""

    size: tuple[int, int]  # of the picture, H × W
    count: tuple[int, int]  # of the kernel's positions
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]
    groups: int = 1


def _canvas_size(window: Window) -> tuple[int, int]:
    """The padded picture, or more where the last kernel position reaches beyond it."""
    height, width = (
        max(size + 2 * padding, (count - 1) * stride + (kernel - 1) * dilation + 1)
        for size, count, kernel, stride, padding, dilation in zip(*window[:6], strict=True)
    )
    return height, width


def _taps(canvas: np.ndarray, window: Window) -> Iterator[tuple[int, int, np.ndarray]]:
    """For each kernel element (i, j) a view of the canvas: the pixel under it, at every kernel position."""
    (rows, columns), (kh, kw), (sy, sx), (dy, dx) = window.count, window.kernel, window.stride, window.dilation
    for i in range(kh):
        for j in range(kw):
            top, left = i * dy, j * dx
            yield i, j, canvas[:, :, top : top + (rows - 1) * sy + 1 : sy, left : left + (columns - 1) * sx + 1 : sx]


def _im2col(x: np.ndarray, window: Window) -> np.ndarray:
    (n, c, h, w), (py, px) = x.shape, window.padding
    canvas = np.zeros((n, c, *_canvas_size(window)), x.dtype)  # (N, C, H + 2 py, W + 2 px)
    canvas[:, :, py : py + h, px : px + w] = x
    columns = np.empty((n, c, *window.kernel, *window.count), x.dtype)  # (N, C, kh, kw, rows, columns)
    for i, j, pixels in _taps(canvas, window):
        columns[:, :, i, j] = pixels
    return columns.reshape(_matrix_shape(n, c, window))  # (N, groups, C/groups · kh · kw, rows · columns)


def _col2im(columns: np.ndarray, window: Window) -> np.ndarray:
    """The adjoint of `_im2col`: what was copied out of a pixel is added up in it."""
    n, c = columns.shape[0], columns.shape[1] * columns.shape[2] // (window.kernel[0] * window.kernel[1])
    columns = columns.reshape(n, c, *window.kernel, *window.count)  # (N, C, kh, kw, rows, columns)
    canvas = np.zeros((n, c, *_canvas_size(window)), columns.dtype)  # (N, C, H + 2 py, W + 2 px)
    for i, j, pixels in _taps(canvas, window):
        pixels += columns[:, :, i, j]
    (h, w), (py, px) = window.size, window.padding
    return canvas[:, :, py : py + h, px : px + w]  # (N, C, H, W)


def _matrix_shape(n: int, channels: int, window: Window) -> tuple[int, int, int, int]:
    """(N, groups, C/groups · kh · kw, rows · columns)"""
    taps = window.kernel[0] * window.kernel[1]
    return n, window.groups, channels // window.groups * taps, window.count[0] * window.count[1]


def _kernel_matrix(w: np.ndarray, window: Window) -> np.ndarray:
    """(O, C/groups, kh, kw) → (groups, O/groups, C/groups · kh · kw)"""
    return w.reshape(window.groups, w.shape[0] // window.groups, w.shape[1] * w.shape[2] * w.shape[3])


def _output_matrix(y: np.ndarray, window: Window) -> np.ndarray:
    """(N, O, rows, columns) → (N, groups, O/groups, rows · columns)"""
    return y.reshape(len(y), window.groups, y.shape[1] // window.groups, window.count[0] * window.count[1])


def _convolve(x: np.ndarray, w: np.ndarray, window: Window) -> np.ndarray:
    y = _kernel_matrix(w, window) @ _im2col(x, window)  # (N, groups, O/groups, rows · columns)
    return y.reshape(len(x), len(w), *window.count)  # (N, O, rows, columns)


def _convolve_to_input(y: np.ndarray, w: np.ndarray, window: Window) -> np.ndarray:
    kernels = _kernel_matrix(w, window).swapaxes(1, 2)  # (groups, C/groups · kh · kw, O/groups)
    columns = kernels @ _output_matrix(y, window)  # (N, groups, C/groups · kh · kw, rows · columns)
    return _col2im(columns, window)  # (N, C, H, W)


def _convolve_to_weight(y: np.ndarray, x: np.ndarray, window: Window) -> np.ndarray:
    columns = _im2col(x, window).swapaxes(2, 3)  # (N, groups, rows · columns, C/groups · kh · kw)
    products = _output_matrix(y, window) @ columns  # (N, groups, O/groups, C/groups · kh · kw)
    return products.sum(0).reshape(y.shape[1], x.shape[1] // window.groups, *window.kernel)  # (O, C/groups, kh, kw)


CONVOLVE = Operation(
    "convolve",
    _convolve,
    (
        lambda g, y, x, w, window: CONVOLVE_TO_INPUT(g, w, window=window),
        lambda g, y, x, w, window: CONVOLVE_TO_WEIGHT(g, x, window=window),
    ),
)
CONVOLVE_TO_INPUT = Operation(
    "convolve_to_input",
    _convolve_to_input,
    (
        lambda g, x, y, w, window: CONVOLVE(g, w, window=window),
        lambda g, x, y, w, window: CONVOLVE_TO_WEIGHT(y, g, window=window),
    ),
)
CONVOLVE_TO_WEIGHT = Operation(
    "convolve_to_weight",
    _convolve_to_weight,
    (
        lambda g, w, y, x, window: CONVOLVE(x, g, window=window),
        lambda g, w, y, x, window: CONVOLVE_TO_INPUT(y, g, window=window),
    ),
)


def conv2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Pair = 1,
    padding: Pair | str = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Tensor:
    """y[n, o] = bias[o] + Σ_c weight[o, c] ⋆ x[n, c], a cross-correlation, as in `torch.nn.functional.conv2d`.

    input (N, C, H, W) or (C, H, W); weight (O, C/groups, kh, kw); bias (O). padding is a number, a pair, "valid" (0) or
    "same" (as much as keeps H × W, the odd pixel at the bottom and right; stride 1 only).
    Result (N, O, H', W') with H' = ⌊(H + 2·padding − dilation·(kh − 1) − 1) / stride⌋ + 1.
    """
    x, w = as_tensor(input), as_tensor(weight)
    stride, dilation = _pair(stride, "stride", 1), _pair(dilation, "dilation", 1)
    _check_convolution(x, w, bias, groups, transposed=False)
    if x.ndim == 3:
        return conv2d(x[None], w, bias, stride, padding, dilation, groups)[0]
    kernel = w.shape[2:]
    if padding == "same":
        if stride != (1, 1):
            raise RuntimeError(f"padding='same' needs stride 1, but got {stride}")
        rest = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        x = pad(x, (rest[1] // 2, rest[1] - rest[1] // 2, rest[0] // 2, rest[0] - rest[0] // 2))
    elif isinstance(padding, str) and padding != "valid":
        raise RuntimeError(f"padding must be a number, a pair, 'same' or 'valid', but got {padding!r}")
    padding = (0, 0) if isinstance(padding, str) else _pair(padding, "padding", 0)
    room = [n + 2 * p - d * (k - 1) - 1 for n, p, d, k in zip(x.shape[2:], padding, dilation, kernel, strict=True)]
    if min(room) < 0:
        raise RuntimeError(f"a kernel of {kernel}, dilation {dilation}, is larger than the padded input of {x.shape}")
    count = (room[0] // stride[0] + 1, room[1] // stride[1] + 1)
    y = CONVOLVE(x, w, window=Window(x.shape[2:], count, kernel, stride, padding, dilation, groups))  # (N, O, H', W')
    return y if bias is None else y + as_tensor(bias).reshape(-1, 1, 1)


def conv_transpose2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Pair = 1,
    padding: Pair = 0,
    output_padding: Pair = 0,
    groups: int = 1,
    dilation: Pair = 1,
) -> Tensor:
    """The adjoint of conv2d (what its backward does to a gradient), as `torch.nn.functional.conv_transpose2d`.

    input (N, C, H, W) or (C, H, W); weight (C, O/groups, kh, kw); bias (O). output_padding < stride or dilation says
    which of the sizes that a strided convolution maps to H × W is meant.
    Result (N, O, H', W') with H' = (H − 1)·stride − 2·padding + dilation·(kh − 1) + output_padding + 1.
    """
    x, w = as_tensor(input), as_tensor(weight)
    stride, dilation = _pair(stride, "stride", 1), _pair(dilation, "dilation", 1)
    padding, output_padding = _pair(padding, "padding", 0), _pair(output_padding, "output_padding", 0)
    _check_convolution(x, w, bias, groups, transposed=True)
    if x.ndim == 3:
        return conv_transpose2d(x[None], w, bias, stride, padding, output_padding, groups, dilation)[0]
    if any(extra >= max(s, d) for extra, s, d in zip(output_padding, stride, dilation, strict=True)):
        raise RuntimeError(f"output_padding {output_padding} must be below stride {stride} or dilation {dilation}")
    size = tuple(
        (n - 1) * s - 2 * p + d * (k - 1) + extra + 1
        for n, s, p, d, k, extra in zip(
            x.shape[2:], stride, padding, dilation, w.shape[2:], output_padding, strict=True
        )
    )
    if min(size) < 1:
        raise RuntimeError(f"the output of a transposed convolution of {x.shape} with {w.shape} would have size {size}")
    window = Window(size, x.shape[2:], w.shape[2:], stride, padding, dilation, groups)
    y = CONVOLVE_TO_INPUT(x, w, window=window)  # (N, O, H', W')
    return y if bias is None else y + as_tensor(bias).reshape(-1, 1, 1)


def _check_convolution(x: Tensor, w: Tensor, bias: Any, groups: int, transposed: bool) -> None:
    if x.ndim not in (3, 4) or w.ndim != 4:
        raise RuntimeError(f"expected input (N, C, H, W) or (C, H, W) and a 4-D weight, got {x.shape} and {w.shape}")
    if 0 in x.shape[-3:]:
        raise RuntimeError(f"only the batch may be empty, but got input of shape {x.shape}")
    if groups < 1 or w.shape[0] < 1 or w.shape[0] % groups:
        raise RuntimeError(f"the weight's first dimension must be a multiple of groups={groups}, but got {w.shape}")
    channels, outputs = (w.shape[0], w.shape[1] * groups) if transposed else (w.shape[1] * groups, w.shape[0])
    if x.shape[-3] != channels:
        raise RuntimeError(
            f"a weight of shape {w.shape} with groups={groups} takes {channels} channels, got input {x.shape}"
        )
    if bias is not None and bias.shape != (outputs,):
        raise RuntimeError(f"a weight of shape {w.shape} takes a bias of shape {(outputs,)}, but got {bias.shape}")


def avg_pool2d(
    input: Any,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean under each kernel position, which is a convolution of every channel with ones, and a division.

    input (N, C, H, W) or (C, H, W); stride defaults to kernel_size. ceil_mode also keeps a last position that starts
    inside the picture but reaches beyond; count_include_pad counts the padding in the mean's denominator.
    """
    x, kernel = as_tensor(input), _pair(kernel_size, "kernel_size", 1)
    stride, padding = _pair(kernel if stride is None else stride, "stride", 1), _pair(padding, "padding", 0)
    if x.ndim not in (3, 4):
        raise RuntimeError(f"avg_pool2d takes (C, H, W) or (N, C, H, W), but got shape {x.shape}")
    if any(2 * p > k for p, k in zip(padding, kernel, strict=True)):
        raise RuntimeError(f"padding {padding} must be at most half of the kernel {kernel}")
    if divisor_override == 0:
        raise RuntimeError("divisor_override must not be zero")
    divisors = []
    for n, k, s, p in zip(x.shape[-2:], kernel, stride, padding, strict=True):
        count = -((k - n - 2 * p) // s) + 1 if ceil_mode else (n + 2 * p - k) // s + 1
        if ceil_mode and (count - 1) * s >= n + p:
            count -= 1
        if count < 1:
            raise RuntimeError(f"a kernel of {kernel} is larger than the padded input of {x.shape}")
        start = np.arange(count) * s - p
        end = np.minimum(start + k, n + p)
        divisors.append(end - start if count_include_pad else np.minimum(end, n) - np.maximum(start, 0))
    divisor = divisor_override or np.outer(*divisors)  # (H', W')
    window = Window(x.shape[-2:], (len(divisors[0]), len(divisors[1])), kernel, stride, padding, (1, 1))
    pictures = x.reshape(math.prod(x.shape[:-2]), 1, *x.shape[-2:])  # (N · C, 1, H, W)
    sums = CONVOLVE(pictures, np.ones((1, 1, *kernel), x.dtype), window=window)
    return sums.reshape(*x.shape[:-2], *window.count) / divisor


def _pair(value: Pair, name: str, least: int) -> tuple[int, int]:
    pair = (value, value) if isinstance(value, int | np.integer) else tuple(value) * (2 if len(value) == 1 else 1)
    if len(pair) != 2 or min(pair) < least:
        raise RuntimeError(f"{name} must be a number or a pair of at least {least}, but got {value}")
    return pair
