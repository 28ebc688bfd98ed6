"""Lesson 2's task 2.1: how many numbers does a stack of convolutions learn?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from checking.engine import Exercise, Mistake

Layers = Sequence[tuple[int, int, int, int, bool]]  # input and output channels, height and width, whether with bias


def _count(layers: Layers) -> int:
    """By the network itself."""
    modules = [torch.nn.Conv2d(i, o, (height, width), bias=bias) for i, o, height, width, bias in layers]
    return sum(parameter.numel() for module in modules for parameter in module.parameters())


def _each(count: Callable[[int, int, int, int, bool], int]) -> Callable[..., int]:
    """Another count of a layer, added up over the layers."""
    return lambda layers: sum(count(*layer) for layer in layers)


COUNT_PARAMETERS = Exercise(
    "2.1",
    reference=_count,
    inputs=[
        ([(3, 8, 4, 4, True)],),
        ([(8, 5, 3, 1, False)],),
        ([(3, 8, 7, 5, True), (8, 6, 3, 2, False), (6, 1, 4, 2, True)],),
    ],
    mistakes=(
        Mistake(
            "This looks like weights alone; where a layer has a bias, it is learned too.",
            _each(lambda i, o, h, w, bias: i * o * h * w),
        ),
        Mistake(
            "This looks like a bias in every layer; the last number of each says whether there is one.",
            _each(lambda i, o, h, w, bias: i * o * h * w + o),
        ),
        Mistake(
            "This looks like a bias for each input channel; it is added to the output.",
            _each(lambda i, o, h, w, bias: i * o * h * w + i * bias),
        ),
        Mistake(
            "This looks like one bias for a whole layer; each output channel has its own.",
            _each(lambda i, o, h, w, bias: i * o * h * w + bias),
        ),
        Mistake(
            "This looks like a bias for each kernel; the kernels of one output channel share one.",
            _each(lambda i, o, h, w, bias: i * o * (h * w + bias)),
        ),
        Mistake(
            "This looks like one kernel for each output channel; it has one for every input channel.",
            _each(lambda i, o, h, w, bias: o * h * w + o * bias),
        ),
        Mistake(
            "This looks like one kernel for each input channel; there is one for every output channel, too.",
            _each(lambda i, o, h, w, bias: i * h * w + i * bias),
        ),
        Mistake(
            "This looks like one kernel for each input channel; there is one for every output channel, too.",
            _each(lambda i, o, h, w, bias: i * h * w + o * bias),
        ),
        Mistake(
            "This looks like channels added; a kernel belongs to a pair of them, so how many pairs are there?",
            _each(lambda i, o, h, w, bias: (i + o) * h * w + o * bias),
        ),
        Mistake(
            "This looks like square kernels as high as they are; a kernel has height times width weights.",
            _each(lambda i, o, h, w, bias: i * o * h * h + o * bias),
        ),
        Mistake(
            "This looks like square kernels as wide as they are; a kernel has height times width weights.",
            _each(lambda i, o, h, w, bias: i * o * w * w + o * bias),
        ),
        Mistake(
            "This looks like height plus width; a kernel is an area.",
            _each(lambda i, o, h, w, bias: i * o * (h + w) + o * bias),
        ),
        Mistake(
            "This looks as if a layer without bias learned nothing; its weights are there all the same.",
            _each(lambda i, o, h, w, bias: bias and i * o * h * w + o),
        ),
        Mistake("This looks like the last layer alone; is something overwritten?", lambda layers: _count(layers[-1:])),
        Mistake(
            "This looks like the first layer alone; is there a return in a loop?", lambda layers: _count(layers[:1])
        ),
    ),
)
