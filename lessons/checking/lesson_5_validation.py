"""Lesson 5: a validation with a bug."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from checking.engine import Answer, Exercise, Mistake
from checking.traces import Watch

# ---- Task 5.5: spot the bug: a validation -------------------------------------------------------------------------


class _WithBatchNorm(nn.Module):
    """A generator whose answer depends on its mode. It remembers what it was given, and in which mode."""

    def __init__(self, draw: torch.Generator, training: bool):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(3, 3, 3, 3, generator=draw))
        self.norm = nn.BatchNorm2d(3)
        self.norm.running_mean += torch.randn(3, generator=draw)
        self.norm.running_var *= 4.0
        self.train(training)
        self.given: list[Tensor] = []
        self.modes: list[bool] = []

    def forward(self, x: Tensor) -> Tensor:
        self.given.append(x.detach().clone())
        self.modes.append(self.norm.training)
        return torch.tanh(self.norm(F.conv2d(x, self.weight, padding=1)))  # (N, 3, H, W)


def _validation_with(
    other_crop: bool = False, missed: Callable[[Tensor], Tensor] = lambda difference: difference.abs().mean()
) -> Answer:
    """The right validation, of which something may be wrong."""

    def validation(G: nn.Module, a: Tensor, b: Tensor, size: int) -> Tensor:
        top, left = ((side - size) // 2 for side in a.shape[2:])
        was_training = G.training
        G.eval()
        with torch.no_grad():
            fake = G(a[..., top : top + size, left : left + size])  # (N, 3, size, size)
        G.train(was_training)
        if other_crop:
            top, left = 0, 0
        return missed(fake - b[..., top : top + size, left : left + size])

    return validation


def _where(crop: Tensor, pictures: Tensor) -> tuple[int, int] | None:
    """Row and column at which the crop (N or fewer, 3, h, w) begins in the pictures (N, 3, H, W)."""
    height, width = crop.shape[-2:]
    for top in range(pictures.shape[2] - height + 1):
        for left in range(pictures.shape[3] - width + 1):
            here = pictures[..., top : top + height, left : left + width]
            if any(torch.equal(crop[0], picture) for picture in here):
                return top, left
    return None


def _refuse_crop(watch: Watch, crop: Tensor, a: Tensor, size: int) -> None:
    """Says what is wrong with the crop that G was given, if anything is."""
    room = a.shape[2] - size, a.shape[3] - size
    middle = room[0] // 2, room[1] // 2
    if crop.shape[-2:] == a.shape[-2:]:
        watch.refuse("G was given the whole pictures; the task asks for a crop in the middle, before G sees it")
    if crop.shape[-2:] != (size, size):
        height, width = crop.shape[-2:]
        watch.refuse(f"G was given {height} x {width} pixels, where size is {size}")
    at = _where(crop, a)
    if at is None or at == middle:
        return
    reason = "the middle leaves as much room above as below, and left as right; no seed makes a drawn crop the middle"
    if at == middle[::-1]:
        reason = "are top and left exchanged?"
    elif at == ((room[0] + 1) // 2, (room[1] + 1) // 2):
        reason = "the task's example rounds an odd remainder down"
    elif at == (0, 0):
        reason = "that is the upper left corner"
    elif at == room:
        reason = "that is the lower right corner"
    elif at[0] == at[1] and at[0] in middle:
        reason = "the pictures need not be square, so each side has an offset of its own"
    watch.refuse(
        f"G was given the crop that begins at row {at[0]} and column {at[1]}, where the middle one of {size} pixels "
        f"begins at {middle[0]} and {middle[1]}: {reason}"
    )


def _observe_validation(answer: Answer, G: _WithBatchNorm, a: Tensor, b: Tensor, size: int) -> dict[str, Any] | None:
    watch = Watch("5.5", G=G)
    results = [answer(G, a, b, size) for _ in range(4)]
    if any(result is None for result in results):
        return None
    watch.one_number(results[0])
    watch.same_each_time(
        results, "training wants random crops, but a score that is drawn anew can't be compared with the last"
    )
    if any(G.modes):
        watch.refuse(
            "G was in training mode while it was measured: its batch norms go by this very batch, and learn from the "
            "validation pictures"
        )
    watch.all_left_as_found()
    if getattr(results[0], "requires_grad", False):
        watch.refuse("the error still holds the graph of all layers; nothing will be learned here, so say so")
    if G.given:  # a copy of G remembers for itself
        _refuse_crop(watch, G.given[0], a, size)
    return {"the error": results[0]}


def _validation_inputs() -> list[tuple[Any, ...]]:
    draw = torch.Generator().manual_seed(54)
    return [
        (_WithBatchNorm(draw, training), *torch.rand(2, batch, 3, height, width, generator=draw) * 2 - 1, size)
        for training, batch, height, width, size in ((True, 4, 13, 18, 8), (False, 3, 17, 12, 9))
    ]


validation_error = Exercise(
    "5.5",
    reference=_validation_with(),
    inputs=_validation_inputs(),
    observe=_observe_validation,
    mistakes=(
        Mistake(
            "This looks like different crops of label map and front: then the pair is none any more.",
            _validation_with(other_crop=True),
        ),
        Mistake(
            "This looks like an L1 that is summed; the error of a larger picture should not be larger for its "
            "size alone.",
            _validation_with(missed=lambda difference: difference.abs().sum()),
        ),
        Mistake(
            "This looks like squared differences; the error is the mean absolute one.",
            _validation_with(missed=lambda difference: difference.square().mean()),
        ),
        Mistake(
            "This looks like a root mean square; the error is the mean absolute one.",
            _validation_with(missed=lambda difference: difference.square().mean().sqrt()),
        ),
        Mistake(
            "This looks like a mean without absolute values, in which too bright and too dark cancel.",
            _validation_with(missed=lambda difference: difference.mean()),
        ),
        Mistake(
            "This looks like a percentage; the task asks for the mean absolute error itself.",
            _validation_with(missed=lambda difference: 100 * difference.abs().mean()),
        ),
        Mistake(
            "This looks like one error for each picture; the mean runs over the pictures as well.",
            _validation_with(missed=lambda difference: difference.abs().mean((1, 2, 3))),
        ),
    ),
)
check_validation_error = validation_error.check
