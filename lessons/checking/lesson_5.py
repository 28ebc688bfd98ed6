"""Lesson 5, pix2pix: the best single pictures, the generator's loss; pairs, scores and validation have a file each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from checking.engine import Answer, Exercise, Mistake, WrongAnswer
from checking.lesson_4_steps import gradients
from checking.lesson_5_pairs import check_matching_discriminator_loss
from checking.lesson_5_scores import check_mean_iou
from checking.lesson_5_validation import check_validation_error

__all__ = [
    "check_best_single_answers",
    "check_matching_discriminator_loss",
    "check_mean_iou",
    "check_pix2pix_generator_loss",
    "check_validation_error",
]

# ---- Task 5.1: the best single picture ----------------------------------------------------------------------------

Picture = np.ndarray


def _best(fronts: np.ndarray) -> tuple[Picture, Picture]:
    return np.median(fronts, axis=0), fronts.mean(axis=0)  # (H, W, 3) each


def _nearest_front(fronts: np.ndarray) -> Picture:
    distances = np.abs(fronts[:, None] - fronts).mean((2, 3, 4)).mean(1)  # (N,)
    return fronts[distances.argmin()]


def _observe_best(answer: Answer, fronts: np.ndarray) -> Any:
    result = answer(fronts)
    if result is None:
        return None
    try:
        under_L1, under_L2 = result
    except (TypeError, ValueError):
        raise WrongAnswer(
            "task 5.1: it did not return a pair: first the best picture under L1, then the best under L2"
        ) from None
    if isinstance(under_L1, tuple) or isinstance(under_L2, tuple):
        raise WrongAnswer("task 5.1: one picture is a tuple; PyTorch's median(dim=…) gives values and their indices")
    return {"the picture under L1": under_L1, "the picture under L2": under_L2}


def _best_inputs() -> list[tuple[np.ndarray]]:
    draw = np.random.default_rng(51)
    # Skewed, so that mean and median lie apart; and not one channel like another.
    return [
        (draw.random((number, height, width, 3)) ** np.array([3.0, 1.5, 0.4]),)
        for number, height, width in ((5, 3, 4), (7, 2, 2), (3, 4, 1))
    ]


best_single_answers = Exercise(
    "5.1",
    reference=_best,
    inputs=_best_inputs(),
    observe=_observe_best,
    mistakes=(
        Mistake(
            "This looks like the two pictures exchanged: under L1 the best is the median, under L2 the mean.",
            lambda fronts: _best(fronts)[::-1],
        ),
        Mistake("This looks like the mean both times; L1 has another best answer.", lambda x: (x.mean(0), x.mean(0))),
        Mistake(
            "This looks like the median both times; L2 has another best answer.",
            lambda x: (np.median(x, 0), np.median(x, 0)),
        ),
        Mistake(
            "This looks like one number over all fronts, pixels and channels; each pixel and channel has its own, so "
            "only the axis of the answers goes.",
            lambda x: (np.median(x), np.mean(x)),
        ),
        Mistake(
            "This looks like one colour for the whole picture; each pixel has its own, so only the axis of the answers "
            "goes.",
            lambda x: (np.median(x, (0, 1, 2)), x.mean((0, 1, 2))),
        ),
        Mistake(
            "This looks like the median and the mean of each front's pixels; the answers to one question lie along the "
            "first axis.",
            lambda x: (np.median(x, (1, 2)), x.mean((1, 2))),
        ),
        Mistake(
            "This looks like the median and the mean over the channels: grey pictures, one for each front. The answers "
            "lie along the first axis.",
            lambda x: (np.median(x, -1), x.mean(-1)),
        ),
        Mistake(
            "This looks like the front in the middle of the list; the median is the middle of each pixel's values "
            "once they are sorted.",
            lambda x: (x[len(x) // 2], x.mean(0)),
        ),
        Mistake(
            "This looks like the best of the fronts that were given. A picture that takes each pixel's middle value "
            "does better than any of them.",
            lambda x: (_nearest_front(x), x.mean(0)),
        ),
        Mistake(
            "This looks like the best of the fronts that were given. A picture that takes each pixel's own best value "
            "does better than any of them.",
            lambda x: (_nearest_front(x), x[((x[:, None] - x) ** 2).mean((1, 2, 3, 4)).argmin()]),
        ),
        Mistake(
            "This looks like the middle between the darkest and the brightest value; the median has as many values "
            "below it as above.",
            lambda x: ((x.min(0) + x.max(0)) / 2, x.mean(0)),
        ),
        Mistake(
            "This looks like a root of the mean square; the least squared error is at the mean itself.",
            lambda x: (np.median(x, 0), np.sqrt((x**2).mean(0))),
        ),
        Mistake(
            "This looks like a sum in place of the mean: brighter than any picture.",
            lambda x: (np.median(x, 0), x.sum(0)),
        ),
        Mistake(
            "This looks like the errors in place of the pictures that have them.",
            lambda x: (np.abs(x - np.median(x, 0)).mean(0), ((x - x.mean(0)) ** 2).mean(0)),
        ),
    ),
)
check_best_single_answers = best_single_answers.check


# ---- Task 5.2: the generator's loss, as published -----------------------------------------------------------------


def _generator_loss(logits: Tensor, fake: Tensor, real: Tensor, weight: float) -> Tensor:
    return F.softplus(-logits).mean() + weight * (fake - real).abs().mean()


def _generator_with(
    adversarial: Callable[[Tensor], Tensor] = lambda logits: F.softplus(-logits).mean(),
    missed: Callable[[Tensor], Tensor] = lambda difference: difference.abs().mean(),
) -> Answer:
    """The right sum of two terms, of which one may be wrong."""
    return lambda logits, fake, real, weight: adversarial(logits) + weight * missed(fake - real)


def _observe_generator(answer: Answer, logits: Tensor, fake: Tensor, real: Tensor, weight: float) -> Any:
    logits.requires_grad_()
    fake.requires_grad_()
    loss = answer(logits, fake, real, weight)
    if loss is None:
        return None
    if isinstance(loss, tuple | list):
        raise WrongAnswer("task 5.2: it returned several values; the loss is one number, the sum of its two terms")
    into_logits, into_fake = gradients(loss, [logits, fake])
    return {"the loss": loss, "its gradient in logits": into_logits, "its gradient in fake": into_fake}


def _generator_inputs() -> list[tuple[Any, ...]]:
    draw = torch.Generator().manual_seed(51)

    def one(batch: int, patches: tuple[int, int], side: tuple[int, int], weight: float, spread: float) -> tuple:
        logits = spread * torch.randn(batch, 1, *patches, generator=draw) + 0.4
        fake, real = (torch.rand(batch, 3, *side, generator=draw) * 2 - 1 for _ in range(2))
        return logits, 0.6 * fake + 0.2, real, weight

    return [one(2, (2, 3), (8, 12), 10.0, 1.5), one(3, (1, 4), (6, 4), 3.0, 0.7), one(2, (3, 2), (4, 6), 1.0, 400.0)]


pix2pix_generator_loss = Exercise(
    "5.2",
    reference=_generator_loss,
    inputs=_generator_inputs(),
    observe=_observe_generator,
    mistakes=(
        Mistake(
            "This looks like an L1 that is summed over the pixels; the paper's E is a mean. With a sum, what would λ "
            "mean for a picture of twice the size?",
            _generator_with(missed=lambda difference: difference.abs().sum()),
        ),
        Mistake(
            "This looks like an L1 that is averaged over the pictures alone and summed over each one's pixels; "
            "the mean is over all of them.",
            _generator_with(missed=lambda difference: difference.abs().sum() / len(difference)),
        ),
        Mistake(
            "This looks like λ on the adversarial term; read eq. 4 again: which of the two terms does it stand before?",
            lambda logits, fake, real, weight: weight * F.softplus(-logits).mean() + (fake - real).abs().mean(),
        ),
        Mistake(
            "This looks like λ on both terms; it weighs one of them against the other.",
            lambda logits, fake, real, weight: weight * (F.softplus(-logits).mean() + (fake - real).abs().mean()),
        ),
        Mistake(
            "This looks like the sum without λ; the weight is an argument that is waiting to be used.",
            lambda logits, fake, real, weight: F.softplus(-logits).mean() + (fake - real).abs().mean(),
        ),
        Mistake(
            "This looks like swapped labels: it is what D pays for a fake. G is content when D says 1.",
            _generator_with(adversarial=lambda logits: F.softplus(logits).mean()),
        ),
        Mistake(
            "This looks like the saturating form, log(1 − σ); the task asks for the other one, whose gradient is large "
            "where D is sure.",
            _generator_with(adversarial=lambda logits: -F.softplus(logits).mean()),
        ),
        Mistake(
            "This looks like log σ with its sign forgotten; a loss should fall as D is fooled.",
            _generator_with(adversarial=lambda logits: F.logsigmoid(logits).mean()),
        ),
        Mistake(
            "This looks like the Wasserstein loss: the logits go in as they are. Here they are the logits of a "
            "probability first.",
            _generator_with(adversarial=lambda logits: -logits.mean()),
        ),
        Mistake(
            "This looks like the least squares of the lesson's own training; the task asks for the published "
            "logarithm.",
            _generator_with(adversarial=lambda logits: (logits - 1).square().mean()),
        ),
        Mistake(
            "This looks like a sigmoid applied twice; a function whose name ends in with_logits brings its own.",
            _generator_with(adversarial=lambda logits: F.softplus(-torch.sigmoid(logits)).mean()),
        ),
        Mistake(
            "This looks like an adversarial term that is summed over the patches; a D with more patches would "
            "then shout louder.",
            _generator_with(adversarial=lambda logits: F.softplus(-logits).sum()),
        ),
        Mistake(
            "This looks like half of the adversarial term; the half belongs to D's loss, which has two such terms.",
            _generator_with(adversarial=lambda logits: 0.5 * F.softplus(-logits).mean()),
        ),
        Mistake(
            "This looks like a loss that is infinite for a logit of −800, where it is 800: a probability was rounded "
            "to 0 before its logarithm, or an exponential was too large. PyTorch has functions that do neither.",
            _generator_with(adversarial=lambda logits: -torch.log(torch.sigmoid(logits)).mean()),
        ),
        *(
            Mistake(
                "This looks like a smooth L1, which squares the small differences; the task's L1 is the absolute "
                "difference everywhere.",
                _generator_with(missed=missed),
            )
            for missed in (
                lambda difference: F.smooth_l1_loss(difference, torch.zeros_like(difference)),
                lambda difference: F.smooth_l1_loss(difference, torch.zeros_like(difference), beta=0.1),
            )
        ),
        Mistake(
            "This looks like an L1 that is summed over the three channels, and averaged over the rest: the mean is "
            "over the channels too.",
            _generator_with(missed=lambda difference: difference.abs().sum(dim=1).mean()),
        ),
        Mistake(
            "This looks like the Euclidean length of the whole difference; L1 adds absolute values.",
            _generator_with(missed=lambda difference: difference.norm()),
        ),
        Mistake(
            "This looks like squared differences; the name L1 says which norm is meant.",
            _generator_with(missed=lambda difference: difference.square().mean()),
        ),
        Mistake(
            "This looks like a mean without absolute values, in which too bright and too dark cancel.",
            _generator_with(missed=lambda difference: difference.mean()),
        ),
        *(
            Mistake(
                "This looks like a probability that is kept away from 0 before its logarithm: for a logit of −800 the "
                "loss is 800, and its gradient is not 0. What is −log σ(x) without the detour over σ?",
                _generator_with(adversarial=adversarial),
            )
            for adversarial in (
                lambda logits: -torch.log(torch.sigmoid(logits) + 1e-8).mean(),
                lambda logits: -torch.log(torch.sigmoid(logits).clamp(min=1e-8)).mean(),
                lambda logits: F.binary_cross_entropy(torch.sigmoid(logits), torch.ones_like(logits)),
            )
        ),
        Mistake(
            "This looks like the right value as a plain number, or computed without gradients: G could not learn from "
            "it. Return a tensor that still knows where it comes from.",
            lambda *arguments: _generator_loss(*arguments).item(),
        ),
        Mistake(
            "This looks like an L1 term from which no gradient reaches the fake front: is it detached?",
            lambda logits, fake, real, weight: _generator_loss(logits, fake.detach(), real, weight),
        ),
        Mistake(
            "This looks like an adversarial term from which no gradient reaches D's logits: is it detached?",
            lambda logits, fake, real, weight: _generator_loss(logits.detach(), fake, real, weight),
        ),
    ),
)
check_pix2pix_generator_loss = pix2pix_generator_loss.check
