"""Lesson 5, its second half: intersection over union, and a validation with a bug."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from checking.engine import Answer, Exercise, Mistake

# ---- Task 5.3: intersection over union ----------------------------------------------------------------------------


def _parts(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """n_ii, t_i and p_i: (C,) float64 each."""
    counts = counts.astype(np.float64)
    return np.diag(counts), counts.sum(1), counts.sum(0)


def _mean_iou(counts: np.ndarray) -> float:
    right, true, read = _parts(counts)
    union = true + read - right
    return float((right[union > 0] / union[union > 0]).mean())


def _shares(
    below: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray],
    counted: Callable[[np.ndarray, np.ndarray], np.ndarray] = lambda true, read: true + read > 0,
) -> Answer:
    """Mean over the counted classes of n_ii divided by whatever `below` makes of n_ii, t_i and p_i."""

    def share(counts: np.ndarray) -> float:
        right, true, read = _parts(counts)
        chosen = counted(true, read)
        with np.errstate(all="ignore"):
            ratio = right[chosen] / below(right, true, read)[chosen]
        return float(ratio.mean())

    return share


def _absent_as(value: float) -> Answer:
    def share(counts: np.ndarray) -> float:
        right, true, read = _parts(counts)
        union = true + read - right
        return float(np.where(union > 0, right / np.maximum(union, 1), value).mean())

    return share


def _by_frequency(counts: np.ndarray) -> float:
    right, true, read = _parts(counts)
    union = true + read - right
    return float((true * right / np.maximum(union, 1)).sum() / true.sum())


def _all_at_once(counts: np.ndarray) -> float:
    right, true, read = _parts(counts)
    return float(right.sum() / (true + read - right).sum())


def _pixel_accuracy(counts: np.ndarray) -> float:
    return float(np.trace(counts) / counts.sum())


_COUNTS = (
    np.array([[7, 2, 1], [0, 5, 3], [4, 1, 9]]),
    np.array([[20, 3, 0, 1], [2, 6, 0, 5], [0, 0, 0, 0], [7, 1, 0, 30]]),  # there is nothing of class 2
    np.array([[12, 0, 4], [0, 0, 0], [3, 2, 8]]),  # class 1 is only imagined
    np.array([[9, 0, 2], [3, 0, 4], [1, 0, 6]]),  # class 1 is never read
)

mean_iou = Exercise(
    "5.3",
    reference=_mean_iou,
    inputs=[(counts,) for counts in _COUNTS],
    mistakes=(
        Mistake(
            "This looks like a union that counts the intersection twice: t and p both hold the pixels that are right.",
            _shares(lambda right, true, read: true + read),
        ),
        Mistake(
            "This looks like the same sums taken twice: one of the two sets is in the rows, the other in the columns.",
            _shares(lambda right, true, read: 2 * true - right, lambda true, read: true > 0),
        ),
        Mistake(
            "This looks like the same sums taken twice: one of the two sets is in the rows, the other in the columns.",
            _shares(lambda right, true, read: 2 * read - right, lambda true, read: read > 0),
        ),
        Mistake(
            "This looks like Dice's coefficient, 2 n / (t + p), a relative of IoU and always larger; here it is "
            "intersection by union.",
            _shares(lambda right, true, read: (true + read) / 2),
        ),
        Mistake(
            "This looks like class accuracy: it divides by the class's true pixels alone, so that painting "
            "everything as one class costs that class nothing.",
            _shares(lambda right, true, read: true, lambda true, read: true > 0),
        ),
        Mistake(
            "This looks like precision: it divides by the pixels that were read as the class, and forgets those that "
            "were missed.",
            _shares(lambda right, true, read: read, lambda true, read: read > 0),
        ),
        Mistake(
            "This looks like pixel accuracy: every pixel counts the same, and large classes decide. Take each class's "
            "share first, then the mean.",
            _pixel_accuracy,
        ),
        Mistake(
            "This looks like one share of all classes' sums, in which large classes decide; take each class's share "
            "first, then the mean.",
            _all_at_once,
        ),
        Mistake(
            "This looks like a mean that is weighted by the classes' sizes; every class counts the same here.",
            _by_frequency,
        ),
        Mistake(
            "This looks like classes that are nowhere counted as 0: what is neither there nor read has no share "
            "at all.",
            _absent_as(0.0),
        ),
        Mistake(
            "This looks like classes that are nowhere counted as right: what is neither there nor read has no share at "
            "all.",
            _absent_as(1.0),
        ),
        Mistake(
            "This looks like 0 divided by 0 for a class that is nowhere; leave it out of the mean.",
            _shares(lambda right, true, read: true + read - right, lambda true, read: np.full(len(true), True)),
        ),
        Mistake(
            "This looks like a class left out that is read though it is not there: its union is not empty, and its "
            "share is 0.",
            _shares(lambda right, true, read: true + read - right, lambda true, read: true > 0),
        ),
        Mistake(
            "This looks like a class left out that is there and never read: its union is not empty, and its share is "
            "0.",
            _shares(lambda right, true, read: true + read - right, lambda true, read: read > 0),
        ),
        Mistake(
            "This looks like only those classes counted that are both there and read; one of the two is enough for a "
            "share, which is then 0.",
            _shares(lambda right, true, read: true + read - right, lambda true, read: (true > 0) & (read > 0)),
        ),
    ),
)
check_mean_iou = mean_iou.check


# ---- Task 5.4: spot the bug: a validation -------------------------------------------------------------------------


class _WithBatchNorm(nn.Module):
    """A generator whose answer depends on its mode."""

    def __init__(self, draw: torch.Generator, training: bool):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(3, 3, 3, 3, generator=draw))
        self.norm = nn.BatchNorm2d(3)
        self.norm.running_mean += torch.randn(3, generator=draw)
        self.norm.running_var *= 4.0
        self.train(training)

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.norm(F.conv2d(x, self.weight, padding=1)))  # (N, 3, H, W)


def _validation_with(
    corner: Callable[[int], int] = lambda room: room // 2,
    corner_b: Callable[[int], int] | None = None,
    evaluating: bool = True,
    back: Callable[[bool], bool] = lambda was_training: was_training,
    graph: bool = False,
    missed: Callable[[Tensor], Tensor] = lambda difference: difference.abs().mean(),
) -> Answer:
    """The right validation, of which anything may be wrong. `corner` takes how much room there is."""

    def crop(pictures: Tensor, size: int, at: Callable[[int], int]) -> Tensor:
        top, left = (at(side - size) for side in pictures.shape[-2:])
        return pictures[..., top : top + size, left : left + size]  # (N, 3, size, size)

    def validation(G: nn.Module, a: Tensor, b: Tensor, size: int) -> Tensor:
        was_training = G.training
        if evaluating:
            G.eval()
        with torch.set_grad_enabled(graph):
            error = missed(G(crop(a, size, corner)) - crop(b, size, corner_b or corner))
        if evaluating:
            G.train(back(was_training))
        return error

    return validation


def _painted_whole(G: nn.Module, a: Tensor, b: Tensor, size: int, cropped: bool = False) -> Tensor:
    was_training = G.training
    with torch.no_grad():
        difference = (G.eval()(a) - b).abs()  # (N, 3, H, W)
    G.train(was_training)
    top, left = ((side - size) // 2 if cropped else 0 for side in a.shape[2:])
    return (difference[..., top : top + size, left : left + size] if cropped else difference).mean()


def _by_chance(room: int) -> int:
    return int(torch.randint(room + 1, ()))


def _observe_validation(answer: Answer, G: _WithBatchNorm, a: Tensor, b: Tensor, size: int) -> dict[str, Any] | None:
    was_training, learned = G.training, G.norm.running_mean.clone()
    results = [answer(G, a, b, size) for _ in range(4)]
    if any(result is None for result in results):
        return None
    errors = [result.item() if isinstance(result, Tensor) else float(result) for result in results]
    moves = max(errors) - min(errors) > 1e-6 * max(errors)
    return {
        "whether the answer changes from call to call": float(moves),
        "whether batch norm learns from it": float(not torch.equal(learned, G.norm.running_mean)),
        "whether the generator's mode is changed": float(G.training != was_training),
        "whether the generator is left frozen": float(not all(weight.requires_grad for weight in G.parameters())),
        "whether a graph is kept": float(getattr(results[0], "requires_grad", False)),
        # An answer that changes has no value to compare.
        "the error": float("nan") if moves else errors[0],
    }


def _validation_inputs() -> list[tuple[Any, ...]]:
    draw = torch.Generator().manual_seed(54)
    return [
        (_WithBatchNorm(draw, training), *torch.rand(2, batch, 3, height, width, generator=draw) * 2 - 1, size)
        for training, batch, height, width, size in ((True, 4, 13, 18, 8), (False, 3, 17, 12, 9))
    ]


_CROPS = (
    "This looks like random crops: training wants them, but a score that is drawn anew with each call can't be "
    "compared with the last."
)
_MODE = (
    "This looks like a generator in training mode: its batch norms judge by this very batch, and learn from the "
    "validation pictures."
)
_GRAPH = (
    "This looks like an error that still holds the graph of all its layers; nothing will be learned here, so say so."
)

validation_error = Exercise(
    "5.4",
    reference=_validation_with(),
    inputs=_validation_inputs(),
    observe=_observe_validation,
    mistakes=(
        *(
            Mistake(_CROPS, _validation_with(corner=_by_chance, evaluating=evaluating, graph=graph))
            for evaluating in (False, True)
            for graph in (False, True)
        ),
        *(Mistake(_MODE, _validation_with(evaluating=False, graph=graph)) for graph in (False, True)),
        Mistake(_GRAPH, _validation_with(graph=True)),
        *(
            Mistake(
                "This looks like a generator that is left in eval mode; who called may be in the middle of a training.",
                _validation_with(back=lambda was_training: False, graph=graph),
            )
            for graph in (False, True)
        ),
        *(
            Mistake(
                "This looks like a generator that is switched to training whatever it was before; leave it as it came.",
                _validation_with(back=lambda was_training: True, graph=graph),
            )
            for graph in (False, True)
        ),
        Mistake(
            "This looks like a generator whose weights are frozen and stay so; who called may be in the middle of a "
            "training. Gradients can be left out for a few lines alone.",
            lambda G, a, b, size: _validation_with()(G.requires_grad_(False), a, b, size),
        ),
        Mistake(
            "This looks like no crop at all; the task asks for the middle, of the given size.",
            _painted_whole,
        ),
        Mistake(
            "This looks like whole pictures that are painted and cropped afterwards; G should be given the crop.",
            lambda G, a, b, size: _painted_whole(G, a, b, size, cropped=True),
        ),
        Mistake(
            "This looks like an odd remainder that is rounded up; the task's example rounds down.",
            _validation_with(corner=lambda room: (room + 1) // 2),
        ),
        Mistake(
            "This looks like the crop from the upper left corner; the task asks for the middle.",
            _validation_with(corner=lambda room: 0),
        ),
        Mistake(
            "This looks like one offset for both sides; the pictures need not be square.",
            lambda G, a, b, size: _validation_with(corner=lambda room: (a.shape[2] - size) // 2)(G, a, b, size),
        ),
        Mistake(
            "This looks like different crops of label map and front: then the pair is none any more.",
            _validation_with(corner_b=lambda room: 0),
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
    ),
)
check_validation_error = validation_error.check
