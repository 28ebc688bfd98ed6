"""Lesson 4: the gradient penalty for pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from checking.engine import Answer, Exercise, Mistake
from checking.lesson_4_steps import Part, gradients
from checking.traces import Watch

# ---- Task 4.4: the gradient penalty for pictures ------------------------------------------------------------------


class _PatchDiscriminator(nn.Module):
    def __init__(self, channels: int, draw: torch.Generator):
        super().__init__()
        self.first = nn.Parameter(0.5 * torch.randn(4, channels, 2, 2, generator=draw))
        self.second = nn.Parameter(1.1 * torch.randn(1, 4, 2, 2, generator=draw))

    def forward(self, pictures: Tensor) -> Tensor:
        return F.conv2d(torch.tanh(F.conv2d(pictures, self.first)), self.second)  # (N, 1, H - 2, W - 2)


def _one_each(share: Tensor) -> Tensor:
    return share[:, None, None, None]


def _penalty_with(
    shares: Part = _one_each,
    scores: Part = lambda logits: logits.mean(dim=(1, 2, 3)).sum(),
    norm: Part = lambda slope: slope.flatten(1).norm(dim=1),
    price: Part = lambda norm: (norm - 1).square(),
    mean: Part = torch.mean,
    second_order: bool = True,
    places: Callable[[Tensor, Tensor, Tensor], Tensor] = lambda real, fake, share: share * real + (1 - share) * fake,
    fresh: Part = torch.Tensor.detach,
) -> Answer:
    """The right penalty, of which anything may be wrong."""

    def penalty(D: nn.Module, real: Tensor, fake: Tensor, share: Tensor) -> Tensor:
        between = fresh(places(real, fake, shares(share))).requires_grad_()
        (slope,) = torch.autograd.grad(scores(D(between)), between, create_graph=second_order)
        return mean(price(norm(slope)))

    return penalty


def _in_the_weights(D: nn.Module, real: Tensor, fake: Tensor, share: Tensor) -> Tensor:
    between = _one_each(share) * real + (1 - _one_each(share)) * fake
    score = D(between).mean(dim=(1, 2, 3)).sum()
    slopes = torch.autograd.grad(score, list(D.parameters()), create_graph=True)
    return (torch.cat([slope.flatten() for slope in slopes]).norm() - 1).square()


def _observe_penalty(answer: Answer, D: nn.Module, real: Tensor, fake: Tensor, share: Tensor) -> dict[str, Any] | None:
    real.requires_grad_()
    fake.requires_grad_()
    watch = Watch("4.4", D=D)
    penalty, again = answer(D, real, fake, share), answer(D, real, fake, share)
    if penalty is None:
        return None
    watch.one_number(penalty)
    watch.all_left_as_found()
    watch.same_each_time((penalty, again), "something in it is drawn, but the shares are handed over")
    into_D = gradients(penalty, list(D.parameters()))
    return {
        "the penalty": penalty,
        "D's gradient": torch.cat([gradient.flatten() for gradient in into_D]),
        "the penalty's gradient in real": gradients(penalty, [real])[0],
        "the penalty's gradient in fake": gradients(penalty, [fake])[0],
    }


def _penalty_inputs() -> list[tuple[Any, ...]]:
    draw = torch.Generator().manual_seed(43)

    def one(channels: int, height: int, number: int) -> tuple[Any, ...]:
        # As wide as the batch is long: shares that are laid along the width by mistake cause no error.
        real, fake = torch.rand(2, number, channels, height, number, generator=draw) * 2 - 1
        # Slopes below 1 and above: where tanh is steep, and where it is flat.
        contrast = torch.linspace(0.5, 5.0, number)[:, None, None, None]
        share = torch.rand(number, generator=draw)
        return _PatchDiscriminator(channels, draw), contrast * real, contrast * (0.6 * fake + 0.3), share

    return [one(2, 6, 4), one(3, 5, 3)]


_ONE_SHARE = "This looks like one ε for the whole batch; each picture has its own."

picture_penalty = Exercise(
    "4.4",
    reference=_penalty_with(),
    inputs=_penalty_inputs(),
    observe=_observe_penalty,
    tolerance=1e-3,
    mistakes=(
        Mistake(
            "This looks like a penalty that sends no gradient into D's weights: its slope has to be differentiable "
            "once more.",
            _penalty_with(second_order=False),
        ),
        Mistake(
            "This looks like pictures in between that still know where they come from: the penalty would reach real "
            "and fake, and through fake G. Differentiate at fresh ones.",
            _penalty_with(fresh=lambda between: between),
        ),
        Mistake(
            "This looks like the square of a mean, (mean norm − 1)²: pictures whose slope is too large and too small "
            "would cancel. Each picture pays for itself, and the mean comes last.",
            _penalty_with(price=lambda norm: (norm.mean() - 1).square()),
        ),
        Mistake(
            "This looks like norm² − 1: the square belongs around the difference, or a slope of 0 would be rewarded.",
            _penalty_with(price=lambda norm: norm.square() - 1),
        ),
        Mistake(
            "This looks like norm − 1 without the square: a slope of 0 would be rewarded.",
            _penalty_with(price=lambda norm: norm - 1),
        ),
        Mistake(
            "This looks like |norm − 1| without the square.",
            _penalty_with(price=lambda norm: (norm - 1).abs()),
        ),
        Mistake(
            "This looks like the norm itself as the penalty; it would pull the slope to 0, not to 1.",
            _penalty_with(price=lambda norm: norm),
        ),
        Mistake(
            "This looks like the squared norm as the penalty; it would pull the slope to 0, not to 1.",
            _penalty_with(price=lambda norm: norm.square()),
        ),
        Mistake(
            "This looks like (norm² − 1)²; the square inside is one too many.",
            _penalty_with(price=lambda norm: (norm.square() - 1).square()),
        ),
        Mistake(
            "This looks like a one-sided penalty: slopes below 1 cost something as well.",
            _penalty_with(price=lambda norm: F.relu(norm - 1).square()),
        ),
        Mistake(
            "This looks like one norm over the whole batch; each picture has its own.",
            _penalty_with(norm=torch.Tensor.norm),
        ),
        Mistake(
            "This looks like a norm over the batch's axis; it runs over a picture's channels and pixels.",
            _penalty_with(norm=lambda slope: slope.norm(dim=0)),
        ),
        Mistake(
            "This looks like a norm over the channels alone, one for each pixel; it runs over all of a picture's "
            "numbers.",
            _penalty_with(norm=lambda slope: slope.norm(dim=1)),
        ),
        Mistake(
            "This looks like a sum of absolute values in place of the Euclidean norm.",
            _penalty_with(norm=lambda slope: slope.flatten(1).abs().sum(dim=1)),
        ),
        Mistake(
            "This looks like a root mean square: the norm is the root of a sum.",
            _penalty_with(norm=lambda slope: slope.flatten(1).square().mean(dim=1).sqrt()),
        ),
        Mistake(_ONE_SHARE, _penalty_with(shares=lambda share: share[0])),
        Mistake(_ONE_SHARE, _penalty_with(shares=torch.mean)),
        Mistake(
            "This looks like pictures half way between real and fake; `share` says how far along each one lies.",
            _penalty_with(shares=lambda share: 0.5),
        ),
        Mistake(
            "This looks like shares that are laid along the pictures' width: a tensor (N,) lines up with the last "
            "axis. Give it three more.",
            _penalty_with(shares=lambda share: share),
        ),
        Mistake(
            "This looks like ε on the fake pictures and 1 − ε on the real ones; see the equation.",
            _penalty_with(shares=lambda share: 1 - _one_each(share)),
        ),
        Mistake(
            "This looks like slopes at the real pictures; the task wants them between real and fake ones.",
            _penalty_with(places=lambda real, fake, share: real),
        ),
        Mistake(
            "This looks like slopes at the fake pictures; the task wants them between real and fake ones.",
            _penalty_with(places=lambda real, fake, share: fake),
        ),
        Mistake(
            "This looks like a gradient with respect to D's weights; the slope is taken in the pictures.",
            _in_the_weights,
        ),
        Mistake(
            "This looks like a score that is the sum of its map; a D with more patches would then be steeper.",
            _penalty_with(scores=torch.sum),
        ),
        Mistake(
            "This looks like the gradient of the batch's mean score: it is N times too small for each picture.",
            _penalty_with(scores=torch.mean),
        ),
        Mistake("This looks like a sum over the pictures in place of their mean.", _penalty_with(mean=torch.sum)),
        *(
            Mistake(
                "This looks like the penalty with a weight before it, λ or ½; the task asks for the penalty itself.",
                _penalty_with(price=lambda norm, weight=weight: weight * (norm - 1).square()),
            )
            for weight in (10.0, 5.0, 0.5)
        ),
    ),
)
check_picture_penalty = picture_penalty.check
