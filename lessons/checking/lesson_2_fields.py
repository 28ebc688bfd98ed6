"""Lesson 2's task 2.4: which pixels of a picture does one output of a stack of convolutions see?"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

import reference_numpy as rn
from checking.engine import Exercise, Mistake

Layers = Sequence[tuple[int, int, int]]  # (kernel, stride, padding) of each, the first layer first


def _pixels_seen(position: int, layers: Layers) -> tuple[int, int]:
    """By what a gradient that starts at this output reaches, layer by layer, in a picture too wide to be cut off."""
    first = last = position
    for kernel, stride, padding in layers[::-1]:
        outputs = np.zeros((1, 1, 400, 1))
        outputs[:, :, first + 200 : last + 201] = 1
        reached = rn.functional.conv_transpose2d(outputs, np.ones((1, 1, kernel, 1)), stride=(stride, 1)).data
        pixels = np.flatnonzero(reached) - 200 * stride - padding
        first, last = int(pixels[0]), int(pixels[-1])
    return first, last


def _walk(step: Callable[[int, int, int, int, int], tuple[int, int]]) -> Callable[..., tuple[int, int]]:
    """From the last layer to the first: `step` takes first, last, kernel, stride and padding to the new first, last."""

    def answer(position: int, layers: Layers) -> tuple[int, int]:
        first = last = position
        for layer in reversed(layers):
            first, last = step(first, last, *layer)
        return first, last

    return answer


def _grow(
    early: bool = False,
    field_jumps: bool = True,
    padding_jumps: bool = True,
    forgets: bool = False,
    whole_kernels: bool = False,
) -> Callable[..., tuple[int, int]]:
    """From the first layer to the last, as the lesson does it, with a jump that goes wrong."""

    def answer(position: int, layers: Layers) -> tuple[int, int]:
        first, field, jump = 0, 0 if whole_kernels else 1, 1
        for kernel, stride, padding in layers:
            jump *= stride if early else 1
            first -= padding * (jump if padding_jumps else 1)
            field += (kernel if whole_kernels else kernel - 1) * (jump if field_jumps else 1)
            jump = stride if forgets else jump * (1 if early else stride)
        first += position * jump
        return first, first + field - 1

    return answer


def _with_field(position: int, layers: Layers, wrong: Callable[..., tuple[int, int]]) -> tuple[int, int]:
    """The right first pixel, with the wrong width."""
    first = _pixels_seen(position, layers)[0]
    start, end = wrong(position, layers)
    return first, first + end - start


def _centred(position: int, layers: Layers) -> tuple[int, int]:
    start, end = _grow()(0, layers)
    middle = position * math.prod(stride for _, stride, _ in layers)
    return middle - (end - start + 1) // 2, middle + (end - start + 1) // 2


TOO_EARLY = (
    "This looks like a jump that counts a layer's own stride too early: a kernel reaches over its input's pixels."
)

PIXELS_SEEN = Exercise(
    "2.4",
    reference=_pixels_seen,
    parts=("the first pixel", "the last pixel"),
    inputs=[
        (4, [(5, 1, 0)]),
        (4, [(5, 1, 1)]),
        (4, [(4, 2, 1)]),
        (0, [(3, 2, 1), (5, 1, 2)]),
        (6, [(7, 1, 3), (3, 2, 1), (5, 3, 0), (3, 1, 1)]),
        (15, [(4, 2, 1), (4, 2, 1), (4, 2, 1), (4, 1, 1), (4, 1, 1)]),
    ],
    mistakes=(
        Mistake(
            "This looks like a walk from the first layer to the last; a position in the output is the last layer's.",
            lambda position, layers: _pixels_seen(position, layers[::-1]),
        ),
        Mistake(
            "This looks like a stride of 1 in every layer; where does the window of output 4 start if the stride is 2?",
            _walk(lambda first, last, k, s, p: (first - p, last - p + k - 1)),
        ),
        Mistake(
            "This looks like padding subtracted before the stride multiplies; it counts pixels of the layer's input.",
            _walk(lambda first, last, k, s, p: ((first - p) * s, (last - p) * s + k - 1)),
        ),
        Mistake(
            "This looks like no padding at all; it moves the window of output 0 to before the first pixel.",
            _walk(lambda first, last, k, s, p: (first * s, last * s + k - 1)),
        ),
        Mistake(
            "This looks like padding that moves only the first pixel; the whole window moves.",
            _walk(lambda first, last, k, s, p: (first * s - p, last * s + k - 1)),
        ),
        Mistake(
            "This looks like padding added to the position; it lies before the picture, where positions are negative.",
            _walk(lambda first, last, k, s, p: (first * s + p, last * s + p + k - 1)),
        ),
        Mistake(
            "This looks like padding taken off before and added after; it moves the window and does not widen it.",
            _walk(lambda first, last, k, s, p: (first * s - p, last * s + p + k - 1)),
        ),
        Mistake(
            "This looks like a last pixel that is one too far in each layer; what is the last of 3 pixels from 0 on?",
            _walk(lambda first, last, k, s, p: (first * s - p, last * s - p + k)),
        ),
        Mistake(
            "This looks like the first pixel that is not seen any more; asked for is the last that is.",
            lambda position, layers: (_pixels_seen(position, layers)[0], _pixels_seen(position, layers)[1] + 1),
        ),
        Mistake(
            "This looks like the first pixel and the field's width; asked for are the first and the last pixel.",
            lambda position, layers: (_grow()(position, layers)[0], _grow()(0, layers)[1] - _grow()(0, layers)[0] + 1),
        ),
        Mistake(
            "This looks like a first pixel that is cut off at 0; positions in the padding, negative ones, count too.",
            lambda position, layers: (max(0, _pixels_seen(position, layers)[0]), _pixels_seen(position, layers)[1]),
        ),
        Mistake(
            "This looks like a window that grows by half a kernel on both sides, whatever the padding is.",
            _walk(lambda first, last, k, s, p: (first * s - k // 2, last * s + k // 2)),
        ),
        Mistake(
            "This looks like a stride that moves only the first pixel; the last one's window moves as well.",
            _walk(lambda first, last, k, s, p: (first * s - p, last - p + k - 1)),
        ),
        Mistake(
            "This looks like the last pixel and the first; asked for is the first one first.",
            lambda position, layers: _pixels_seen(position, layers)[::-1],
        ),
        Mistake(
            "This looks like a last pixel that is reckoned from the new first one; both start from the layer behind.",
            _walk(lambda first, last, k, s, p: (first * s - p, (first * s - p) * s - p + k - 1)),
        ),
        Mistake(
            "This looks like a last pixel that is reckoned from the first one alone; it has a way of its own back.",
            _walk(lambda first, last, k, s, p: (first * s - p, first * s - p + k - 1)),
        ),
        Mistake(
            "This looks like a field laid evenly around position × jump; where does the window of output 0 start?",
            _centred,
        ),
        Mistake(
            "This looks like a jump that forgets the layers before; it is made of all their strides.",
            _grow(forgets=True),
        ),
        Mistake(TOO_EARLY, _grow(early=True)),
        Mistake(TOO_EARLY, lambda position, layers: _with_field(position, layers, _grow(early=True))),
        Mistake(
            "This looks like a field that grows by kernel − 1 in every layer; how far apart are the pixels it reads?",
            _grow(field_jumps=False),
        ),
        Mistake(
            "This looks like paddings simply added up; how many of the picture's pixels is one deep in the network?",
            _grow(padding_jumps=False),
        ),
        Mistake(
            "This looks like pixels counted from 1; the first one is pixel 0.",
            lambda position, layers: tuple(pixel + 1 for pixel in _pixels_seen(position, layers)),
        ),
        Mistake(
            "This looks like twice the padding; it lies on both sides, and only the left one moves the window.",
            lambda position, layers: _pixels_seen(position, [(k, s, 2 * p) for k, s, p in layers]),
        ),
        Mistake(
            "This looks like the last layer alone; its input is the output of the layer before.",
            lambda position, layers: _pixels_seen(position, layers[-1:]),
        ),
        Mistake(
            "This looks like a field that starts at 0 and grows by whole kernels; one pixel sees itself already.",
            lambda position, layers: _with_field(position, layers, _grow(whole_kernels=True)),
        ),
    ),
)
