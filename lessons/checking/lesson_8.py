"""Lesson 8's checks: every question with every code, and how different the answers are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from checking.engine import Answer, Exercise, Mistake
from checking.lesson_8_code import check_code_gradients
from checking.lesson_8_networks import check_discriminators_pay, check_latent_regression

__all__ = [
    "check_all_answers",
    "check_code_gradients",
    "check_discriminators_pay",
    "check_diversity",
    "check_latent_regression",
]


# Task 8.1: every question with every code


class Painter(nn.Module):
    """Questions (N, 3, H, W) and codes (N, latent) -> answers (N, 3, H, W); each question needs its code."""

    def __init__(self, latent: int, draw: torch.Generator):
        super().__init__()
        self.mix = nn.Parameter(torch.randn(3, 3, generator=draw))
        self.tint = nn.Parameter(torch.randn(latent, 3, generator=draw))

    def forward(self, a: Tensor, z: Tensor) -> Tensor:
        shape = (len(a), len(self.tint))
        if z.shape != shape:
            raise ValueError(f"this network takes a code z of shape {shape}, and got one of shape {tuple(z.shape)}")
        mixed = torch.einsum("nchw,cd->ndhw", a, self.mix)  # (N, 3, H, W)
        return torch.tanh(mixed + (z @ self.tint)[:, :, None, None] * (1 + a))  # (N, 3, H, W)


def _all_answers(G: nn.Module, a: Tensor, z: Tensor) -> Tensor:
    return torch.stack([G(a, code.expand(len(a), -1)) for code in z], dim=1)


def _with_codes(change: Callable[[Tensor], Tensor]) -> Answer:
    return lambda G, a, z: _all_answers(G, a, change(z))


def _pairs(G: nn.Module, a: Tensor, z: Tensor, order: str) -> Tensor:
    """All pairs in one batch: (N n, 3, H, W); "aa" runs through the questions again and again, "a" stays with each."""
    codes = {"aa": z.repeat_interleave(len(a), 0), "a": z.repeat(len(a), 1), "both": z.repeat(len(a), 1)}[order]
    questions = a.repeat_interleave(len(z), 0) if order == "a" else a.repeat(len(z), 1, 1, 1)
    return G(questions, codes)


def _reshaped(order: str) -> Answer:
    return lambda G, a, z: _pairs(G, a, z, order).reshape(len(a), len(z), *a.shape[1:])


def _zipped(G: nn.Module, a: Tensor, z: Tensor) -> Tensor:
    few = min(len(a), len(z))
    return G(a[:few], z[:few])


def _own_code(G: nn.Module, a: Tensor, z: Tensor) -> Tensor:
    own = z[torch.arange(len(a)) % len(z)]
    return torch.stack([G(a, own) for _ in z], dim=1)


def _last_in_first_place(G: nn.Module, a: Tensor, z: Tensor) -> Tensor:
    answers = torch.zeros_like(_all_answers(G, a, z))
    answers[:, 0] = _all_answers(G, a, z)[:, -1]
    return answers


def _grid_inputs() -> list[tuple[Any, ...]]:
    draw = torch.Generator().manual_seed(81)
    return [
        (Painter(latent, draw), torch.rand(n, 3, 2, 4, generator=draw) * 2 - 1, torch.randn(k, latent, generator=draw))
        for n, k, latent in ((3, 2, 4), (2, 4, 3), (3, 3, 2))
    ]


ONE_ROW = "This looks like all answers in one long batch; each question should have an axis of its answers."

all_answers = Exercise(
    "8.1",
    reference=_all_answers,
    inputs=_grid_inputs(),
    mistakes=(
        Mistake(
            "This looks like the axes exchanged: questions come first, then codes. `torch.stack` takes a `dim`.",
            lambda G, a, z: _all_answers(G, a, z).transpose(0, 1),
        ),
        Mistake(
            "This looks like one and the same code for all answers; it is the first of `z`, again and again.",
            _with_codes(lambda z: z[:1].expand_as(z)),
        ),
        Mistake(
            "This looks like the first code alone; each question should be answered with all codes.",
            _with_codes(lambda z: z[:1]),
        ),
        Mistake(
            "This looks like a code for each question; each question should be answered with all codes.", _own_code
        ),
        Mistake("This looks like question k with code k alone; each question should meet each code.", _zipped),
        Mistake(
            "This looks like questions and codes repeated in the same order, so that they run side by side; one of the "
            "two has to stay while the other runs.",
            _reshaped("both"),
        ),
        Mistake(
            "This looks like the right answers in the wrong places: the batch runs through the questions first, the "
            "reshape takes it to run through the codes first.",
            _reshaped("aa"),
        ),
        Mistake(ONE_ROW, lambda G, a, z: _pairs(G, a, z, "aa")),
        Mistake(ONE_ROW, lambda G, a, z: _pairs(G, a, z, "a")),
        Mistake(
            "This looks like the mean of all answers: the grey middle, which codes are there to avoid.",
            lambda G, a, z: _all_answers(G, a, z).mean(1),
        ),
        Mistake(
            "This looks like the mean of the codes, used for every answer; each answer has a code of its own.",
            _with_codes(lambda z: z.mean(0).expand_as(z)),
        ),
        Mistake(
            "This looks like codes of zeros; take those that are given.", _with_codes(lambda z: torch.zeros_like(z))
        ),
        Mistake("This looks like the codes in reverse.", _with_codes(lambda z: z.flip(0))),
        Mistake("This looks as if the last code were left out.", _with_codes(lambda z: z[:-1])),
        Mistake(
            "This looks like the first question in place of all.",
            lambda G, a, z: _all_answers(G, a[:1].expand_as(a), z),
        ),
        Mistake(
            "This looks as if each answer were written over the last one, into the first place; the k-th code's answer "
            "belongs into place k.",
            _last_in_first_place,
        ),
        Mistake(
            "This looks like the codes' axis at the end; it comes second, right behind the questions'.",
            lambda G, a, z: _all_answers(G, a, z).movedim(1, -1),
        ),
    ),
)
check_all_answers = all_answers.check


# Task 8.2: how different the answers are


def _diversity(answers: np.ndarray) -> Any:
    return _mean_over_pairs(answers, lambda difference: np.abs(difference).mean())


def _mean_over_pairs(answers: np.ndarray, distance: Callable[[np.ndarray], Any]) -> Any:
    """Of a distance, taken of the difference between two answers to the same question, for all questions at once."""
    return np.mean([distance(answers[:, i] - answers[:, j]) for i, j in _indices(answers.shape[1])], axis=0)


def _indices(count: int) -> list[tuple[int, int]]:
    return [(i, j) for i in range(count) for j in range(i)]


def _halves(answers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    half = answers.shape[1] // 2
    return answers[:, :half], answers[:, half:]


def _times(factor: Callable[[int], float]) -> Answer:
    """The right answer, times something that depends on how many answers a question has."""
    return lambda answers: _diversity(answers) * factor(answers.shape[1])


def _picture_inputs() -> list[tuple[np.ndarray]]:
    rng = np.random.default_rng(82)
    return [(rng.uniform(size=shape) ** rng.uniform(0.5, 2.0),) for shape in _SHAPES]


_SHAPES = ((3, 4, 2, 5, 3), (2, 3, 4, 2, 3), (4, 2, 3, 3, 3))

diversity = Exercise(
    "8.2",
    reference=_diversity,
    inputs=_picture_inputs(),
    mistakes=(
        Mistake(
            "This looks like differences across questions: the answers of two label maps differ even where no code is "
            "heard. Compare answers to the same question.",
            lambda answers: _diversity(answers.swapaxes(0, 1)),
        ),
        Mistake(
            "This looks like every answer compared with every other, whatever its question; compare answers to the "
            "same question.",
            lambda answers: _diversity(answers.reshape(1, -1, *answers.shape[2:])),
        ),
        Mistake(
            "This looks as if an answer were compared with itself, too, which adds zeros to the mean.",
            _times(lambda n: (n - 1) / n),
        ),
        Mistake(
            "This looks like neighbours alone, each answer with the next; all pairs count.",
            lambda answers: np.abs(np.diff(answers, axis=1)).mean(),
        ),
        Mistake(
            "This looks like each answer with the first alone; all pairs count.",
            lambda answers: np.abs(answers[:, 1:] - answers[:, :1]).mean(),
        ),
        Mistake(
            "This looks like a standard deviation; the task asks for the distance between two answers.",
            lambda answers: answers.std(axis=1).mean(),
        ),
        Mistake(
            "This looks like a variance; the task asks for the distance between two answers.",
            lambda answers: answers.var(axis=1).mean(),
        ),
        Mistake(
            "This looks like the distance from the mean answer; the task asks for the distance between two answers.",
            lambda answers: np.abs(answers - answers.mean(axis=1, keepdims=True)).mean(),
        ),
        Mistake(
            "This looks like squared differences; the task asks for absolute ones.",
            lambda answers: _mean_over_pairs(answers, lambda d: (d**2).mean()),
        ),
        Mistake(
            "This looks like differences with their signs, which cancel; where is the absolute value?",
            lambda answers: _mean_over_pairs(answers, np.mean),
        ),
        Mistake(
            "This looks like the absolute value taken after the mean, where the differences have cancelled already.",
            lambda answers: _mean_over_pairs(answers, lambda d: np.abs(d.mean())),
        ),
        Mistake(
            "This looks like answers reduced to their mean value first: two that are equally bright and look quite "
            "different would count as equal. Compare pixel by pixel.",
            lambda answers: _mean_over_pairs(answers, lambda d: np.abs(d.mean((1, 2, 3))).mean()),
        ),
        Mistake(
            "This looks like the lesson's two halves, each answer with one of the other half; all pairs count.",
            lambda answers: np.abs(np.subtract(*_halves(answers))).mean(),
        ),
        Mistake("This looks like a sum over the pairs; take their mean.", _times(lambda n: n * (n - 1) / 2)),
        Mistake(
            "This looks like half of it: each pair is counted once, but divided by the number of both orders.",
            _times(lambda n: 0.5),
        ),
        Mistake(
            "This looks like a sum over the pairs divided by n²; there are n (n − 1) / 2 pairs.",
            _times(lambda n: (n - 1) / (2 * n)),
        ),
        Mistake(
            "This looks like the largest value less the least of each pixel; the task asks for the mean over pairs.",
            lambda answers: np.ptp(answers, axis=1).mean(),
        ),
        Mistake(
            "This looks like a number for each question; take the mean over the questions as well.",
            lambda answers: _mean_over_pairs(answers, lambda d: np.abs(d).mean((1, 2, 3))),
        ),
        Mistake(
            "This looks like the channels' differences added up; take the mean over channels as well.",
            lambda answers: _mean_over_pairs(answers, lambda d: np.abs(d).sum(-1).mean()),
        ),
        Mistake(
            "This looks like the first question alone; take the mean over all.",
            lambda answers: _diversity(answers[:1]),
        ),
        Mistake(
            "This looks like a division by 255; the answers are in [0, 1] already.",
            _times(lambda n: 1 / 255),
        ),
    ),
)
check_diversity = diversity.check
