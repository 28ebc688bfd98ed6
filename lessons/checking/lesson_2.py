"""Lesson 2's exercises: a strided convolution, its weight's gradient, a wrong padding; 2.1 and 2.4 are beside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

import reference_numpy as rn
from checking.engine import Exercise, Mistake
from checking.lesson_2_counting import COUNT_PARAMETERS
from checking.lesson_2_fields import PIXELS_SEEN

FLIPPED = (slice(None), slice(None), slice(None, None, -1), slice(None, None, -1))


def _normal(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    rng = np.random.default_rng(2)
    return [rng.standard_normal(shape) for shape in shapes]


def _pad(x: np.ndarray, rows: int | tuple[int, int], columns: int | tuple[int, int], mode: str = "constant"):
    """rows, columns: how many before and after, or one number for both"""
    rows, columns = ((n, n) if isinstance(n, int) else n for n in (rows, columns))
    return np.pad(x, ((0, 0), (0, 0), rows, columns), mode=mode)


def _windows(canvas: np.ndarray, kernel: Sequence[int], stride: tuple[int, int]) -> np.ndarray:
    windows = sliding_window_view(canvas, kernel, axis=(2, 3))  # (N, C, rows, columns, kh, kw)
    return windows[:, :, :: stride[0], :: stride[1]]


check_count_parameters = COUNT_PARAMETERS.check

# Task 2.2


def _conv2d(x: np.ndarray, w: np.ndarray, stride: int, padding: int) -> np.ndarray:
    return rn.functional.conv2d(x, w, stride=stride, padding=padding).data


def _slide(canvas: np.ndarray, w: np.ndarray, rows: int, columns: int | None = None) -> np.ndarray:
    """A right convolution of a canvas that is padded already; `rows`, `columns` are the strides."""
    return np.einsum("ncpqij,ocij->nopq", _windows(canvas, w.shape[2:], (rows, columns or rows)), w)


def _cut(size: Callable[[int, int, int, int], int]) -> Callable[..., np.ndarray]:
    """The right convolution, of which another formula for the output's size keeps less."""

    def answer(x: np.ndarray, w: np.ndarray, stride: int, padding: int) -> np.ndarray:
        rows, columns = (size(n, k, stride, padding) for n, k in zip(x.shape[2:], w.shape[2:], strict=True))
        return _conv2d(x, w, stride, padding)[:, :, :rows, :columns]

    return answer


def _as_large(y: np.ndarray, *arguments: Any) -> np.ndarray:
    """The part of y that is as large as the right answer."""
    rows, columns = _conv2d(*arguments).shape[2:]
    return y[:, :, :rows, :columns]


ONE_SIDE = "This looks like padding on one side only, or counted once in the output's size; a frame has four sides."
ONE_AXIS = "This looks like padding along one axis only; count the rows and the columns of your padded picture."
THINNED = (
    "This looks as if pixels were dropped before the kernel saw them; the stride moves the kernel, and skips nothing."
)
PIXELS_COPIED = "This looks like padding with pixels of the picture; here the frame is made of zeros."

CONV2D = Exercise(
    "2.2",
    reference=_conv2d,
    inputs=[
        (*_normal((2, 3, 7, 9), (4, 3, 3, 2)), 1, 0),
        (*_normal((1, 2, 5, 6), (3, 2, 2, 3)), 1, 2),
        (*_normal((2, 3, 8, 11), (4, 3, 3, 3)), 2, 1),
        (*_normal((3, 2, 9, 10), (5, 2, 4, 3)), 3, 2),
    ],
    mistakes=(
        Mistake(
            "This looks like a true convolution, its kernel turned by 180°; which weight meets which pixel?",
            lambda x, w, s, p: _conv2d(x, w[FLIPPED], s, p),
        ),
        Mistake(
            "This looks like a stride of 1 whatever was asked for; by how much does the kernel move?",
            lambda x, w, s, p: _conv2d(x, w, 1, p),
        ),
        Mistake(
            "This looks like the right size, with windows that lie side by side; how far does the kernel move?",
            lambda x, w, s, p: _as_large(_conv2d(x, w, 1, p), x, w, s, p),
        ),
        Mistake(
            "This looks like a kernel spread out by the stride; the stride moves the kernel, and leaves it as it is.",
            lambda x, w, s, p: _as_large(rn.functional.conv2d(x, w, padding=p, dilation=s).data, x, w, s, p),
        ),
        Mistake(
            "This looks like a stride along one axis only; the kernel moves in steps downwards and to the right.",
            lambda x, w, s, p: _slide(_pad(x, p, p), w, s, 1),
        ),
        Mistake(
            "This looks like a stride along one axis only; the kernel moves in steps to the right and downwards.",
            lambda x, w, s, p: _slide(_pad(x, p, p), w, 1, s),
        ),
        Mistake(THINNED, lambda x, w, s, p: _slide(_pad(x[:, :, ::s, ::s], p, p), w, 1)),
        Mistake(THINNED, lambda x, w, s, p: _slide(_pad(x, p, p)[:, :, ::s, ::s], w, 1)),
        Mistake(
            "This looks like no padding at all; the kernel should also reach over the picture's edge.",
            lambda x, w, s, p: _conv2d(x, w, s, 0),
        ),
        Mistake(ONE_SIDE, lambda x, w, s, p: _slide(_pad(x, (p, 0), (p, 0)), w, s)),
        Mistake(ONE_SIDE, lambda x, w, s, p: _slide(_pad(x, (0, p), (0, p)), w, s)),
        Mistake(
            "This looks like all the padding on one side; half of it belongs on the other.",
            lambda x, w, s, p: _slide(_pad(x, (2 * p, 0), (2 * p, 0)), w, s),
        ),
        Mistake(
            "This looks like all the padding on one side, the far one; half of it belongs before the first pixel.",
            lambda x, w, s, p: _slide(_pad(x, (0, 2 * p), (0, 2 * p)), w, s),
        ),
        Mistake(ONE_AXIS, lambda x, w, s, p: _slide(_pad(x, p, 0), w, s)),
        Mistake(ONE_AXIS, lambda x, w, s, p: _slide(_pad(x, 0, p), w, s)),
        Mistake(
            "This looks like twice the padding; `padding` counts the pixels on each side, not on both together.",
            lambda x, w, s, p: _conv2d(x, w, s, 2 * p),
        ),
        Mistake(
            "This looks like one pixel of padding too many; try padding=0.",
            lambda x, w, s, p: _conv2d(x, w, s, p + 1),
        ),
        Mistake(PIXELS_COPIED, lambda x, w, s, p: _slide(_pad(x, p, p, "edge"), w, s)),
        Mistake(PIXELS_COPIED, lambda x, w, s, p: _slide(_pad(x, p, p, "reflect"), w, s)),
        Mistake(
            "This looks like the first channel alone; each output adds up what it finds in all channels of the input.",
            lambda x, w, s, p: _conv2d(x[:, :1], w[:, :1], s, p),
        ),
        Mistake(
            "This looks like the last channel alone; is something overwritten that should be added to?",
            lambda x, w, s, p: _conv2d(x[:, -1:], w[:, -1:], s, p),
        ),
        Mistake(
            "This looks like a mean over the channels; a convolution adds them up.",
            lambda x, w, s, p: _conv2d(x, w, s, p) / x.shape[1],
        ),
        Mistake(
            "This looks like a mean over the window; a convolution adds up, without dividing.",
            lambda x, w, s, p: _conv2d(x, w, s, p) / w[0].size,
        ),
        Mistake(
            "This looks like a mean over the kernel's elements; a convolution adds up, without dividing.",
            lambda x, w, s, p: _conv2d(x, w, s, p) / w[0, 0].size,
        ),
        Mistake(
            "This looks like a mean over the batch; each picture keeps a result of its own.",
            lambda x, w, s, p: _conv2d(x, w, s, p).mean(0),
        ),
        Mistake(
            "This looks like a mean over the batch, given to every picture; each one has a result of its own.",
            lambda x, w, s, p: np.zeros((len(x), 1, 1, 1)) + _conv2d(x, w, s, p).mean(0),
        ),
        Mistake(
            "This looks like the first picture alone; the others of the batch are to be convolved too.",
            lambda x, w, s, p: _conv2d(x[:1], w, s, p),
        ),
        Mistake(
            "This looks like one row and one column too few; how many positions has a kernel as large as the picture?",
            _cut(lambda n, k, s, p: (n + 2 * p - k) // s),
        ),
        Mistake(
            "This looks like an output size with its 1 in the wrong place; count the positions of a small case.",
            _cut(lambda n, k, s, p: (n + 2 * p - k + 1) // s),
        ),
        Mistake(
            "This looks like an output size that forgets the padding, which the picture has by then.",
            _cut(lambda n, k, s, p: (n - k) // s + 1),
        ),
        Mistake(
            "This looks like a kernel with its rows and columns exchanged; which of its axes runs down the picture?",
            lambda x, w, s, p: _conv2d(x, w.swapaxes(2, 3), s, p),
        ),
        Mistake(
            "This looks like a kernel mirrored upside down; look again at which weight meets which pixel.",
            lambda x, w, s, p: _conv2d(x, w[:, :, ::-1], s, p),
        ),
        Mistake(
            "This looks like channels added up before the kernels; each channel has a kernel of its own.",
            lambda x, w, s, p: _conv2d(x.sum(1, keepdims=True), w.sum(1, keepdims=True), s, p),
        ),
        Mistake(
            "This looks like an output with rows and columns exchanged; rows come first.",
            lambda x, w, s, p: _conv2d(x, w, s, p).swapaxes(2, 3),
        ),
        Mistake(
            "This looks like a padding of half the kernel whatever was asked for; use the argument.",
            lambda x, w, s, p: _conv2d(x, w, s, w.shape[2] // 2),
        ),
    ),
)
check_conv2d = CONV2D.check


# Task 2.3


def _weight_gradient(
    g: np.ndarray, x: np.ndarray, kernel_size: tuple[int, int], stride: int, padding: int
) -> np.ndarray:
    w = rn.Tensor(np.zeros((g.shape[1], x.shape[1], *kernel_size)), requires_grad=True)
    rn.functional.conv2d(x, w, stride=stride, padding=padding).backward(g)
    return w.grad


def _collect(g: np.ndarray, canvas: np.ndarray, kernel_size: tuple[int, int], stride: int) -> np.ndarray:
    """The right gradient for a canvas that is padded already."""
    windows = _windows(canvas, kernel_size, (stride, stride))[:, :, : g.shape[2], : g.shape[3]]
    return np.einsum("nopq,ncpqij->ocij", g, windows)  # (O, C, kh, kw)


def _last_place(shape: tuple[int, ...]) -> np.ndarray:
    place = np.zeros(shape)
    place[:, :, -1, -1] = 1
    return place


def _spread_out(g: np.ndarray, canvas: np.ndarray, kernel_size: tuple[int, int], stride: int) -> np.ndarray:
    """The stride where it does not belong: between the kernel's elements, with outputs side by side."""
    rows, columns = g.shape[2:]
    found = np.zeros((g.shape[1], canvas.shape[1], *kernel_size))
    for i, j in np.ndindex(*kernel_size):
        met = canvas[:, :, i * stride : i * stride + rows, j * stride : j * stride + columns]
        found[:, :, i, j] = np.einsum("nopq,ncpq->oc", g, met)
    return found


def _disordered(order: tuple[int, ...]) -> Callable[..., np.ndarray]:
    """The right numbers, read out as if the axes lay in another order."""

    def answer(*arguments: Any) -> np.ndarray:
        right = _weight_gradient(*arguments)
        return right.transpose(order).reshape(right.shape)

    return answer


ANOTHER_ORDER = "This holds the right numbers in another order; reshape gives axes new lengths, but exchanges none."

WEIGHT_GRADIENT = Exercise(
    "2.3",
    reference=_weight_gradient,
    inputs=[
        (*_normal((2, 4, 5, 8), (2, 3, 7, 9)), (3, 2), 1, 0),
        (*_normal((2, 4, 4, 6), (2, 3, 8, 11)), (3, 3), 2, 1),
        (*_normal((3, 5, 4, 4), (3, 2, 9, 10)), (4, 3), 3, 2),
    ],
    mistakes=(
        Mistake(
            "This looks like a stride of 1: the outputs are laid side by side, where their windows lie `stride` apart.",
            lambda g, x, k, s, p: _collect(g, _pad(x, p, p), k, 1),
        ),
        Mistake(
            "This looks like windows that start at the picture's first pixel; where does the first one start?",
            lambda g, x, k, s, p: _collect(g, _pad(x, (0, 2 * p), (0, 2 * p)), k, s),
        ),
        Mistake(
            "This looks like a frame of copied pixels; in the forward pass it was made of zeros.",
            lambda g, x, k, s, p: _collect(g, _pad(x, p, p, "edge"), k, s),
        ),
        Mistake(
            "This looks like a mirrored frame; in the forward pass it was made of zeros.",
            lambda g, x, k, s, p: _collect(g, _pad(x, p, p, "reflect"), k, s),
        ),
        Mistake(
            "This looks like a mean over the batch; one weight serves every picture, so what do their gradients do?",
            lambda g, x, k, s, p: _weight_gradient(g, x, k, s, p) / len(x),
        ),
        Mistake(
            "This looks like a mean over the output's positions; each of them used the weight.",
            lambda g, x, k, s, p: _weight_gradient(g, x, k, s, p) / g[0, 0].size,
        ),
        Mistake(
            "This looks like a mean over pictures and positions; each of them used the weight.",
            lambda g, x, k, s, p: _weight_gradient(g, x, k, s, p) / g[:, 0].size,
        ),
        Mistake(
            "This looks like the first picture's gradient alone; one weight serves the whole batch.",
            lambda g, x, k, s, p: _weight_gradient(g[:1], x[:1], k, s, p),
        ),
        Mistake(
            "This looks like the last picture's gradient alone; is something overwritten that should be added to?",
            lambda g, x, k, s, p: _weight_gradient(g[-1:], x[-1:], k, s, p),
        ),
        Mistake(
            "This looks like one gradient for each picture; one weight serves them all.",
            lambda g, x, k, s, p: np.stack(
                [_weight_gradient(g[n : n + 1], x[n : n + 1], k, s, p) for n in range(len(x))]
            ),
        ),
        Mistake(
            "This looks like the gradient of a kernel turned by 180°; which pixel does w[o, c, i, j] meet?",
            lambda g, x, k, s, p: _weight_gradient(g, x, k, s, p)[FLIPPED],
        ),
        Mistake(
            "This looks like (C, O, kh, kw); the weight has the output's channels first.",
            lambda g, x, k, s, p: _weight_gradient(g, x, k, s, p).swapaxes(0, 1),
        ),
        Mistake(
            "This looks like a gradient added up over the input's channels; each weight belongs to one of them.",
            lambda g, x, k, s, p: (
                _weight_gradient(g, x, k, s, p).sum(1, keepdims=True) + np.zeros((1, x.shape[1], 1, 1))
            ),
        ),
        Mistake(ANOTHER_ORDER, _disordered((0, 2, 3, 1))),
        Mistake(ANOTHER_ORDER, _disordered((1, 0, 2, 3))),
        Mistake(ANOTHER_ORDER, _disordered((1, 2, 3, 0))),
        Mistake(ANOTHER_ORDER, _disordered((0, 1, 3, 2))),
        Mistake(ANOTHER_ORDER, _disordered((2, 3, 1, 0))),
        Mistake(
            "This looks like the gradient with its sign turned; what is asked for is ∂L/∂w, not a step down the slope.",
            lambda g, x, k, s, p: -_weight_gradient(g, x, k, s, p),
        ),
        Mistake(
            "This looks like a gradient without g: each place counts by what came back to it.",
            lambda g, x, k, s, p: _weight_gradient(np.ones_like(g), x, k, s, p),
        ),
        Mistake(
            "This looks like the last place alone; is something overwritten that should be added to?",
            lambda g, x, k, s, p: _weight_gradient(g * _last_place(g.shape), x, k, s, p),
        ),
        Mistake(
            "This looks like a kernel spread out by the stride; its own weights lie side by side.",
            lambda g, x, k, s, p: _spread_out(g, np.pad(x, ((0, 0), (0, 0), (p, p + 9), (p, p + 9))), k, s),
        ),
        Mistake(
            "This looks like twice the padding; `padding` counts the pixels on each side.",
            lambda g, x, k, s, p: _collect(g, _pad(x, 2 * p, 2 * p), k, s),
        ),
        Mistake(
            "This looks like pictures added up before the product; each picture's g belongs to its own pixels.",
            lambda g, x, k, s, p: _weight_gradient(g.sum(0, keepdims=True), x.sum(0, keepdims=True), k, s, p),
        ),
    ),
)
check_weight_gradient = WEIGHT_GRADIENT.check
check_pixels_seen = PIXELS_SEEN.check


# Task 2.5: `_by_channels` is the code as found; a public implementation's generator pads so.


def _mirrored(x: np.ndarray, w: np.ndarray, rows: int, columns: int, mode: str = "reflect") -> np.ndarray:
    return _slide(_pad(x, rows, columns, mode), w, 1)


def _same_size(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    (kh, kw) = w.shape[2:]
    return rn.functional.conv2d(rn.functional.pad(x, (kw // 2, kw // 2, kh // 2, kh // 2), mode="reflect"), w).data


def _by_channels(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    return _mirrored(x, w, w.shape[1], w.shape[1])


EDGE_TWICE = (
    "This looks like an edge that is repeated; mirrored at the edge pixel itself, 1 2 3 goes on with 2, not with 3."
)

SAME_SIZE = Exercise(
    "2.5",
    reference=_same_size,
    inputs=[
        _normal((2, 3, 12, 15), (4, 3, 7, 7)),
        _normal((1, 1, 9, 11), (2, 1, 7, 7)),
        _normal((2, 4, 9, 8), (3, 4, 3, 3)),
        _normal((1, 2, 8, 10), (3, 2, 5, 3)),
        _normal((2, 2, 7, 6), (3, 2, 1, 3)),
        _normal((1, 3, 6, 8), (2, 3, 5, 1)),
    ],
    mistakes=(
        Mistake(
            "This looks like the code as found: right for three channels and 7 × 7, by luck; which number decides?",
            _by_channels,
        ),
        Mistake(
            "This looks like a padding by the number of output channels; what has the picture's size to do with those?",
            lambda x, w: _mirrored(x, w, len(w), len(w)),
        ),
        Mistake(
            "This looks like a padding of 3 for every kernel; that is right for 7 × 7 alone.",
            lambda x, w: _mirrored(x, w, 3, 3),
        ),
        Mistake(
            "This looks like a frame of zeros; the picture should be mirrored beyond its edge.",
            lambda x, w: _mirrored(x, w, w.shape[2] // 2, w.shape[3] // 2, "constant"),
        ),
        Mistake(EDGE_TWICE, lambda x, w: _mirrored(x, w, w.shape[2] // 2, w.shape[3] // 2, "symmetric")),
        Mistake(EDGE_TWICE, lambda x, w: _mirrored(x, w, w.shape[2] // 2, w.shape[3] // 2, "edge")),
        Mistake(
            "This looks like a picture that goes round to its other side; it should be mirrored at its edge.",
            lambda x, w: _mirrored(x, w, w.shape[2] // 2, w.shape[3] // 2, "wrap"),
        ),
        Mistake(
            "This looks like a padding by the whole kernel on each side; how much does a kernel of 3 take away?",
            lambda x, w: _mirrored(x, w, w.shape[2], w.shape[3]),
        ),
        Mistake(
            "This looks like a padding by kernel − 1 on each side; that is what both sides need together.",
            lambda x, w: _mirrored(x, w, w.shape[2] - 1, w.shape[3] - 1),
        ),
        Mistake(
            "This looks like one pixel too many on each side; count for a kernel of 3.",
            lambda x, w: _mirrored(x, w, (w.shape[2] + 1) // 2, (w.shape[3] + 1) // 2),
        ),
        Mistake(
            "This looks like one padding for both axes, from the kernel's height; a kernel need not be square.",
            lambda x, w: _mirrored(x, w, w.shape[2] // 2, w.shape[2] // 2),
        ),
        Mistake(
            "This looks like one padding for both axes, from the kernel's width; a kernel need not be square.",
            lambda x, w: _mirrored(x, w, w.shape[3] // 2, w.shape[3] // 2),
        ),
        Mistake(
            "This looks like height and width exchanged; the kernel's height decides how many rows are added.",
            lambda x, w: _mirrored(x, w, w.shape[3] // 2, w.shape[2] // 2),
        ),
        Mistake(
            "This looks like no padding at all; the result should be as large as the picture.",
            lambda x, w: _slide(x, w, 1),
        ),
        Mistake(
            "This looks like all the padding before the picture; half of it belongs after.",
            lambda x, w: _slide(_pad(x, (w.shape[2] - 1, 0), (w.shape[3] - 1, 0), "reflect"), w, 1),
        ),
        Mistake(
            "This looks like a true convolution, its kernel turned by 180°; only the padding was wrong.",
            lambda x, w: _same_size(x, w[FLIPPED]),
        ),
        Mistake(
            "This looks like a mirror and a frame of zeros around it; one of the two is enough.",
            lambda x, w: (
                rn.functional.conv2d(
                    _pad(x, (h := w.shape[2] // 2), (v := w.shape[3] // 2), "reflect"), w, padding=(h, v)
                ).data
            ),
        ),
    ),
)
check_same_size = SAME_SIZE.check
