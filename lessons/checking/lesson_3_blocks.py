"""Lesson 3's last two exercises: the gradient of a reflection padding, and a residual block with a bug in it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import reference_numpy as rn
from checking.engine import Exercise, Mistake

F = rn.functional


def _normal(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    return [rng.standard_normal(shape) for shape in shapes]


# Task 3.5


def _reflect_pad_backward(g: np.ndarray, rows: int, columns: int) -> np.ndarray:
    n, c, height, width = g.shape
    x = rn.Tensor(np.zeros((n, c, height - 2 * rows, width - 2 * columns)), requires_grad=True)
    F.pad(x, (columns, columns, rows, rows), "reflect").backward(g)
    return x.grad


def _crop(g: np.ndarray, rows: int, columns: int) -> np.ndarray:
    return g[:, :, rows : g.shape[2] - rows, columns : g.shape[3] - columns]


def _sources(length: int, width: int, mode: str) -> np.ndarray:
    """Where each pixel of a padded row comes from, as `np.pad` has it."""
    return np.pad(np.arange(length), width, mode=mode)


def _add(g: np.ndarray, rows: np.ndarray, columns: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    result = np.zeros((*g.shape[:2], *size))
    np.add.at(result, (slice(None), slice(None), rows[:, None], columns), g)
    return result


def _folded(mode: str) -> Callable[..., np.ndarray]:
    """The gradient of another padding."""

    def answer(g: np.ndarray, rows: int, columns: int) -> np.ndarray:
        size = _crop(g, rows, columns).shape[2:]
        index = [_sources(length, width, mode) for length, width in zip(size, (rows, columns), strict=True)]
        return _add(g, *index, size)

    return answer


def _masked(keep: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Callable[..., np.ndarray]:
    """The gradient of those pixels alone that `keep` picks by where they lie: −1 before, 0 inside, 1 after."""

    def answer(g: np.ndarray, rows: int, columns: int) -> np.ndarray:
        vertical, horizontal = (
            np.repeat([-1, 0, 1], [width, length - 2 * width, width])
            for length, width in zip(g.shape[2:], (rows, columns), strict=True)
        )
        return _reflect_pad_backward(g * keep(vertical[:, None], horizontal), rows, columns)

    return answer


def _last_wins(g: np.ndarray, rows: int, columns: int) -> np.ndarray:
    inside = _crop(g, rows, columns)
    result = np.zeros(inside.shape)
    index = [
        _sources(length, width, "reflect") for length, width in zip(inside.shape[2:], (rows, columns), strict=True)
    ]
    result[:, :, index[0][:, None], index[1]] += g  # where an index comes twice, NumPy keeps the last
    return result


def _averaged(g: np.ndarray, rows: int, columns: int) -> np.ndarray:
    return _reflect_pad_backward(g, rows, columns) / _reflect_pad_backward(np.ones_like(g), rows, columns)


def _unturned(g: np.ndarray, rows: int, columns: int) -> np.ndarray:
    g = g.copy()
    for axis, width in ((2, rows), (3, columns)):
        g = np.moveaxis(g, axis, 0)
        g[:width], g[len(g) - width :] = g[:width][::-1].copy(), g[len(g) - width :][::-1].copy()
        g = np.moveaxis(g, 0, axis)
    return _reflect_pad_backward(g, rows, columns)


def _minus(g: np.ndarray, rows: int, columns: int) -> np.ndarray:
    return 2 * _crop(g, rows, columns) - _reflect_pad_backward(g, rows, columns)


def _one_axis_only(axis: int) -> Callable[..., np.ndarray]:
    def answer(g: np.ndarray, rows: int, columns: int) -> np.ndarray:
        if axis == 2:
            return _reflect_pad_backward(_crop(g, 0, columns), rows, 0)
        return _reflect_pad_backward(_crop(g, rows, 0), 0, columns)

    return answer


def _batch_turned(g: np.ndarray, rows: int, columns: int) -> np.ndarray:
    for axis, width in ((2, rows), (3, columns)):
        borders = np.moveaxis(g, axis, 0)
        inside = borders[width : len(borders) - width].copy()
        inside[1 : width + 1] += borders[:width, ::-1]  # the batch comes second here
        inside[-width - 1 : -1] += borders[len(borders) - width :, ::-1]
        g = np.moveaxis(inside, 0, axis)
    return g


ONE_AXIS = "This looks like borders folded back along one axis only; there are four."
ONE_SIDE = "This looks like borders folded back on one side of each axis only; there are four."

REFLECT_PAD_BACKWARD = Exercise(
    "3.5",
    reference=_reflect_pad_backward,
    inputs=[
        (*_normal((2, 3, 10, 13)), 1, 3),
        (*_normal((3, 2, 13, 11)), 3, 1),
        (*_normal((2, 1, 10, 10)), 2, 3),  # so wide that a pixel in the middle is mirrored on both sides
    ],
    mistakes=(
        Mistake(
            "This looks like the borders thrown away; their pixels are copies, so theirs is a copy's gradient.", _crop
        ),
        Mistake(
            "This looks like a mirror that repeats the edge pixel, `symmetric`; in a reflection it is not copied.",
            _folded("symmetric"),
        ),
        Mistake(
            "This looks like the gradient of repeating the edge, `replicate`; a reflection copies other pixels too.",
            _folded("edge"),
        ),
        Mistake(
            "This looks like the gradient of a picture repeated all over, `wrap`; a reflection turns back at the edge.",
            _folded("wrap"),
        ),
        Mistake(
            "This looks as if the last copy won; `+=` with an index that comes twice adds once. What adds up?",
            _last_wins,
        ),
        Mistake(
            "This looks as if the corners were left out; they are copies as well, turned twice.",
            _masked(lambda vertical, horizontal: vertical * horizontal == 0),
        ),
        Mistake(
            "This looks like a mean over a pixel's copies; a pixel that is used twice gets both gradients.", _averaged
        ),
        Mistake("This looks like borders added without being turned; nearest to the edge goes nearest.", _unturned),
        Mistake("This looks like borders subtracted; copies add to a pixel's gradient.", _minus),
        Mistake(ONE_AXIS, _one_axis_only(2)),
        Mistake(ONE_AXIS, _one_axis_only(3)),
        Mistake(ONE_SIDE, _masked(lambda vertical, horizontal: (vertical < 1) & (horizontal < 1))),
        Mistake(ONE_SIDE, _masked(lambda vertical, horizontal: (vertical > -1) & (horizontal > -1))),
        Mistake(
            "This looks like the copies alone; the pixel itself stands in the padded picture, too.",
            lambda g, rows, columns: _reflect_pad_backward(g, rows, columns) - _crop(g, rows, columns),
        ),
        Mistake(
            "This looks like a pixel that counts itself twice; it stands inside once.",
            lambda g, rows, columns: _reflect_pad_backward(g, rows, columns) + _crop(g, rows, columns),
        ),
        Mistake(
            "This looks as if the corners were added twice, once with the rows and once with the columns.",
            lambda g, rows, columns: (
                _reflect_pad_backward(g, rows, columns)
                + _masked(lambda vertical, horizontal: vertical * horizontal != 0)(g, rows, columns)
            ),
        ),
        Mistake(
            "This looks like [::-1] on the first axis, which turns the batch; turn rows or columns.",
            _batch_turned,
        ),
        Mistake(
            "This looks like rows and columns in each other's place.",
            lambda g, rows, columns: _reflect_pad_backward(g, columns, rows),
        ),
    ),
)


# Task 3.6


def _conv(x: np.ndarray, weight: np.ndarray, mode: str = "reflect") -> np.ndarray:
    canvas = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), mode=mode)  # (N, C, H + 2, W + 2)
    return F.conv2d(canvas, weight).data  # (N, C, H, W)


def _norm(x: np.ndarray) -> np.ndarray:
    return F.instance_norm(x).data


def _relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def _branch(x: np.ndarray, first: np.ndarray, second: np.ndarray, mode: str = "reflect") -> np.ndarray:
    return _norm(_conv(_relu(_norm(_conv(x, first, mode))), second, mode))


def _residual_block(x: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return x + _branch(x, first, second)


def _batch_normed(x: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    def norm(y: np.ndarray) -> np.ndarray:
        return F.batch_norm(y, None, None, training=True).data

    return x + norm(_conv(_relu(norm(_conv(x, first))), second))


NORM_MISSING = "This looks like a block with a norm missing; there is one after each convolution."

RESIDUAL_BLOCK = Exercise(
    "3.6",
    reference=_residual_block,
    inputs=[
        _normal((2, 4, 5, 7), (4, 4, 3, 3), (4, 4, 3, 3)),
        _normal((3, 3, 6, 4), (3, 3, 3, 3), (3, 3, 3, 3)),
    ],
    mistakes=(
        Mistake(
            "This still looks like the bug: an activation ends the branch, so it can only add, never take away.",
            lambda x, first, second: x + _relu(_branch(x, first, second)),
        ),
        Mistake(
            "This looks like the activation moved behind the sum; there it cuts the path that should stay free.",
            lambda x, first, second: _relu(x + _branch(x, first, second)),
        ),
        Mistake(
            "This looks like both: an activation at the branch's end, and another behind the sum.",
            lambda x, first, second: _relu(x + _relu(_branch(x, first, second))),
        ),
        Mistake(
            "This looks like a block without any activation; only one of the two was the bug.",
            lambda x, first, second: x + _norm(_conv(_norm(_conv(x, first)), second)),
        ),
        Mistake(
            "This looks as if the one activation left stood at the wrong end of the branch.",
            lambda x, first, second: x + _relu(_norm(_conv(_norm(_conv(x, first)), second))),
        ),
        Mistake(
            "This looks as if the skip were added before the last norm, which then normalises it away.",
            lambda x, first, second: _norm(x + _conv(_relu(_norm(_conv(x, first))), second)),
        ),
        Mistake(
            "This looks like a norm behind the sum, which normalises away what came in; nothing stands there.",
            lambda x, first, second: _norm(_residual_block(x, first, second)),
        ),
        Mistake(NORM_MISSING, lambda x, first, second: x + _conv(_relu(_norm(_conv(x, first))), second)),
        Mistake(NORM_MISSING, lambda x, first, second: x + _norm(_conv(_relu(_conv(x, first)), second))),
        Mistake(
            "This looks like a block without any norm.",
            lambda x, first, second: x + _conv(_relu(_conv(x, first)), second),
        ),
        Mistake(
            "This looks like a norm after the activation; it comes before.",
            lambda x, first, second: x + _norm(_conv(_norm(_relu(_conv(x, first))), second)),
        ),
        Mistake("This looks like the branch alone; where has x gone?", _branch),
        Mistake(
            "This looks like x taken off the branch or the other way round; the block adds the two.",
            lambda x, first, second: x - _branch(x, first, second),
        ),
        Mistake(
            "This looks like a frame of zeros around the picture; the block reflects.",
            lambda x, first, second: x + _branch(x, first, second, "constant"),
        ),
        Mistake(
            "This looks like a padding that repeats the edge pixel; a reflection starts with the one behind it.",
            lambda x, first, second: x + _branch(x, first, second, "edge"),
        ),
        Mistake("This looks like batch norm; each picture should be normalised by itself.", _batch_normed),
        Mistake(
            "This looks like the first weight used twice; the second convolution has its own.",
            lambda x, first, second: x + _branch(x, first, first),
        ),
        Mistake(
            "This looks like the two weights in each other's place.",
            lambda x, first, second: x + _branch(x, second, first),
        ),
        Mistake(
            "This looks like a leaky ReLU; this block's activation is a plain one.",
            lambda x, first, second: x + _norm(_conv(F.leaky_relu(_norm(_conv(x, first)), 0.2).data, second)),
        ),
        Mistake(
            "This looks like a ReLU on the way around the branch; x passes as it is.",
            lambda x, first, second: _relu(x) + _branch(x, first, second),
        ),
        Mistake(
            "This looks like a ReLU before the first convolution; it stands between the two.",
            lambda x, first, second: x + _branch(_relu(x), first, second),
        ),
        Mistake(
            "This looks like a skip that starts in the middle of the branch; it starts at x.",
            lambda x, first, second: (y := _relu(_norm(_conv(x, first)))) + _norm(_conv(y, second)),
        ),
        Mistake(
            "This looks like a frame of zeros at the second convolution; it reflects as well.",
            lambda x, first, second: x + _norm(_conv(_relu(_norm(_conv(x, first))), second, "constant")),
        ),
    ),
)
