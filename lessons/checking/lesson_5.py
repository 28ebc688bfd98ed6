"""Lesson 5, pix2pix: the generator's loss, a discriminator that sees pairs; scores stand in lesson_5_scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from checking.engine import Answer, Exercise, Mistake
from checking.lesson_5_scores import check_mean_iou, check_validation_error

__all__ = [
    "check_matching_discriminator_loss",
    "check_mean_iou",
    "check_pix2pix_generator_loss",
    "check_validation_error",
]

# ---- Task 5.1: the generator's loss, as published -----------------------------------------------------------------


def _generator_loss(logits: Tensor, fake: Tensor, real: Tensor, weight: float) -> Tensor:
    return F.softplus(-logits).mean() + weight * (fake - real).abs().mean()


def _generator_with(
    judged: Callable[[Tensor], Tensor] = lambda logits: F.softplus(-logits).mean(),
    missed: Callable[[Tensor], Tensor] = lambda difference: difference.abs().mean(),
) -> Answer:
    """The right sum of two terms, of which one may be wrong."""
    return lambda logits, fake, real, weight: judged(logits) + weight * missed(fake - real)


def _generator_inputs() -> list[tuple[Any, ...]]:
    draw = torch.Generator().manual_seed(51)

    def one(batch: int, patches: tuple[int, int], side: tuple[int, int], weight: float, spread: float) -> tuple:
        logits = spread * torch.randn(batch, 1, *patches, generator=draw) + 0.4
        fake, real = (torch.rand(batch, 3, *side, generator=draw) * 2 - 1 for _ in range(2))
        return logits, 0.6 * fake + 0.2, real, weight

    return [one(2, (2, 3), (8, 12), 10.0, 1.5), one(3, (1, 4), (6, 4), 3.0, 0.7), one(2, (3, 2), (4, 6), 1.0, 400.0)]


pix2pix_generator_loss = Exercise(
    "5.1",
    reference=_generator_loss,
    inputs=_generator_inputs(),
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
            _generator_with(judged=lambda logits: F.softplus(logits).mean()),
        ),
        Mistake(
            "This looks like the saturating form, log(1 − σ); the task asks for the other one, whose gradient is large "
            "where D is sure.",
            _generator_with(judged=lambda logits: -F.softplus(logits).mean()),
        ),
        Mistake(
            "This looks like log σ with its sign forgotten; a loss should fall as D is fooled.",
            _generator_with(judged=lambda logits: F.logsigmoid(logits).mean()),
        ),
        Mistake(
            "This looks like the Wasserstein loss: the logits go in as they are. Here they are the logits of a "
            "probability first.",
            _generator_with(judged=lambda logits: -logits.mean()),
        ),
        Mistake(
            "This looks like the least squares of the lesson's own training; the task asks for the published "
            "logarithm.",
            _generator_with(judged=lambda logits: (logits - 1).square().mean()),
        ),
        Mistake(
            "This looks like a sigmoid applied twice; a function whose name ends in with_logits brings its own.",
            _generator_with(judged=lambda logits: F.softplus(-torch.sigmoid(logits)).mean()),
        ),
        Mistake(
            "This looks like an adversarial term that is summed over the patches; a D with more patches would "
            "then shout louder.",
            _generator_with(judged=lambda logits: F.softplus(-logits).sum()),
        ),
        Mistake(
            "This looks like half of the adversarial term; the half belongs to D's loss, which has two such terms.",
            _generator_with(judged=lambda logits: 0.5 * F.softplus(-logits).mean()),
        ),
        Mistake(
            "This looks like a logarithm of a probability that was rounded to 0: for a logit of −800 the loss is 800, "
            "not infinite. What is −log σ(x) without the detour over σ?",
            _generator_with(judged=lambda logits: -torch.log(torch.sigmoid(logits)).mean()),
        ),
        Mistake(
            "This looks like squared differences; the name L1 says which norm is meant.",
            _generator_with(missed=lambda difference: difference.square().mean()),
        ),
        Mistake(
            "This looks like a mean without absolute values, in which too bright and too dark cancel.",
            _generator_with(missed=lambda difference: difference.mean()),
        ),
    ),
)
check_pix2pix_generator_loss = pix2pix_generator_loss.check


# ---- Task 5.2: a discriminator that is also shown the wrong house -------------------------------------------------


class _Judge(nn.Module):
    """Takes any number of channels up to twelve, so that a wrong pair gets a verdict too."""

    def __init__(self, draw: torch.Generator):
        super().__init__()
        self.weight = nn.Parameter(0.4 * torch.randn(1, 12, 3, 3, generator=draw))
        self.bias = nn.Parameter(torch.tensor([0.3]))

    def forward(self, pair: Tensor) -> Tensor:
        return F.conv2d(pair, self.weight[:, : pair.shape[1]], self.bias, stride=2)  # (N, 1, h, w)


class _Painter(nn.Module):
    def __init__(self, draw: torch.Generator):
        super().__init__()
        self.weight = nn.Parameter(0.3 * torch.randn(3, 3, 1, 1, generator=draw))

    def forward(self, a: Tensor) -> Tensor:
        return torch.tanh(F.conv2d(a, self.weight))  # (N, 3, H, W)


def _pair(first: Tensor, second: Tensor) -> Tensor:
    return torch.cat([first, second], dim=1)


def _other_house(b: Tensor) -> Tensor:
    return b.roll(1, dims=0)


def _discriminator_with(
    pair: Callable[[Tensor, Tensor], Tensor] = _pair,
    other: Callable[[Tensor], Tensor] = _other_house,
    real_at: float = 1.0,
    fake_at: float = 0.0,
    other_at: float = 0.0,
    weights: tuple[float, float, float] = (0.5, 0.25, 0.25),
    detached: bool = True,
    squash: Callable[[Tensor], Tensor] = lambda logits: logits,
    mean: Callable[[Tensor], Tensor] = torch.mean,
) -> Answer:
    """The right loss, of which anything may be wrong."""

    def loss(D: nn.Module, G: nn.Module, a: Tensor, b: Tensor) -> Tensor:
        fake = G(a).detach() if detached else G(a)  # (N, 3, H, W)
        judged = [squash(D(pair(a, second))) for second in (b, fake, other(b))]
        targets = (real_at, fake_at, other_at)
        parts = zip(weights, judged, targets, strict=True)
        return sum(weight * mean((logits - target).square()) for weight, logits, target in parts)

    return loss


def _rolled_together(D: nn.Module, G: nn.Module, a: Tensor, b: Tensor) -> Tensor:
    real, fake = D(_pair(a, b)), D(_pair(a, G(a).detach()))
    other = D(_pair(a.roll(1, dims=0), b.roll(1, dims=0)))
    return 0.5 * (real - 1).square().mean() + 0.25 * fake.square().mean() + 0.25 * other.square().mean()


def _beside_the_truth(D: nn.Module, G: nn.Module, a: Tensor, b: Tensor) -> Tensor:
    real, fake, other = D(_pair(a, b)), D(_pair(b, G(a).detach())), D(_pair(a, _other_house(b)))
    return 0.5 * (real - 1).square().mean() + 0.25 * fake.square().mean() + 0.25 * other.square().mean()


def _logarithmic(D: nn.Module, G: nn.Module, a: Tensor, b: Tensor) -> Tensor:
    real, fake, other = D(_pair(a, b)), D(_pair(a, G(a).detach())), D(_pair(a, _other_house(b)))
    return 0.5 * F.softplus(-real).mean() + 0.25 * F.softplus(fake).mean() + 0.25 * F.softplus(other).mean()


def _verdict_detached(D: nn.Module, G: nn.Module, a: Tensor, b: Tensor) -> Tensor:
    real, fake, other = D(_pair(a, b)), D(_pair(a, G(a))).detach(), D(_pair(a, _other_house(b)))
    return 0.5 * (real - 1).square().mean() + 0.25 * fake.square().mean() + 0.25 * other.square().mean()


def _observe_discriminator(answer: Answer, D: nn.Module, G: nn.Module, a: Tensor, b: Tensor) -> dict[str, Any] | None:
    loss = answer(D, G, a, b)
    if loss is None:
        return None
    if isinstance(loss, Tensor) and loss.requires_grad:
        loss.backward()
    reached = any(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in G.parameters())
    weight = next(D.parameters())
    gradient = torch.zeros_like(weight) if weight.grad is None else weight.grad
    return {"the loss": loss, "whether a gradient reaches G": float(reached), "D's gradient": gradient}


def _discriminator_inputs() -> list[tuple[Any, ...]]:
    draw = torch.Generator().manual_seed(52)

    def one(height: int, width: int) -> tuple:
        # Two pictures: then every way to take another house of the batch is the same one.
        a, b = (torch.rand(2, 3, height, width, generator=draw) * 2 - 1 for _ in range(2))
        return _Judge(draw), _Painter(draw), a, 0.7 * b + torch.tensor([0.3, -0.2])[:, None, None, None]

    return [one(7, 9), one(8, 6)]


matching_discriminator_loss = Exercise(
    "5.2",
    reference=_discriminator_with(),
    inputs=_discriminator_inputs(),
    observe=_observe_discriminator,
    mistakes=(
        Mistake(
            "This looks like a generator that is not detached: D's loss sends its gradient on into G, and would "
            "teach it to be found out.",
            _discriminator_with(detached=False),
        ),
        Mistake(
            "This looks like a D that is shown the front without its label map; how could it tell whose house it is?",
            _discriminator_with(pair=lambda first, second: second),
        ),
        Mistake(
            "This looks like pairs put together in the wrong order; the label map's channels come first.",
            _discriminator_with(pair=lambda first, second: _pair(second, first)),
        ),
        Mistake(
            "This looks like pictures put one behind the other along the batch, so that each is judged alone; a pair "
            "is one picture with more channels.",
            _discriminator_with(pair=lambda first, second: torch.cat([first, second], dim=0)),
        ),
        Mistake(
            "This looks like pictures put side by side, or one below the other; a pair is one picture with more "
            "channels.",
            _discriminator_with(pair=lambda first, second: torch.cat([first, second], dim=3)),
        ),
        Mistake(
            "This looks like pictures put side by side, or one below the other; a pair is one picture with more "
            "channels.",
            _discriminator_with(pair=lambda first, second: torch.cat([first, second], dim=2)),
        ),
        Mistake(
            "This looks like swapped labels: which pairs should D call 1, and which 0?",
            _discriminator_with(real_at=0.0, fake_at=1.0, other_at=1.0),
        ),
        Mistake(
            "This looks like a wrong house that D is told to call right: a true front, but not of this label map.",
            _discriminator_with(other_at=1.0),
        ),
        Mistake(
            "This looks like a wrong house that is right again: label map and front have both moved on, and "
            "still belong together.",
            _rolled_together,
        ),
        Mistake(
            "This looks like a front that has moved by a pixel, not by a picture: without a dimension, roll "
            "runs over all the numbers as if they stood in one line.",
            _discriminator_with(other=lambda b: b.roll(1)),
        ),
        Mistake(
            "This looks like the loss without the wrong houses; the third term is what is new in this task.",
            _discriminator_with(weights=(0.5, 0.5, 0.0)),
        ),
        Mistake(
            "This looks like the loss without the wrong houses; the third term is what is new in this task.",
            _discriminator_with(weights=(0.5, 0.25, 0.0)),
        ),
        Mistake(
            "This looks like two kinds of fakes that outweigh the true pairs: together they weigh one half.",
            _discriminator_with(weights=(0.5, 0.5, 0.5)),
        ),
        Mistake(
            "This looks like terms of the right share, but of twice the size; compare with the equation's factors.",
            _discriminator_with(weights=(1.0, 0.5, 0.5)),
        ),
        Mistake(
            "This looks like three terms of the same weight, or a sum without its factors; the equation has ½, "
            "¼ and ¼.",
            _discriminator_with(weights=(1.0, 1.0, 1.0)),
        ),
        Mistake(
            "This looks like three terms of the same weight, or a sum without its factors; the equation has ½, "
            "¼ and ¼.",
            _discriminator_with(weights=(1 / 3, 1 / 3, 1 / 3)),
        ),
        Mistake(
            "This looks like a sigmoid before the squared error; least squares takes D's output as it is.",
            _discriminator_with(squash=torch.sigmoid),
        ),
        Mistake(
            "This looks like the logarithm of task 5.1; here it is least squares.",
            _logarithmic,
        ),
        Mistake(
            "This looks like sums over the patches in place of means.",
            _discriminator_with(mean=torch.sum),
        ),
        Mistake(
            "This looks like a generated front that is shown beside the true one; D judges it beside the label map.",
            _beside_the_truth,
        ),
        Mistake(
            "This looks like a verdict that is detached in place of the picture: D itself no longer learns from its "
            "fakes.",
            _verdict_detached,
        ),
        Mistake(
            "This looks like a loss that is a plain number, or was computed without gradients: D has nothing to learn "
            "from it.",
            lambda D, G, a, b: _discriminator_with()(D, G, a, b).item(),
        ),
    ),
)
check_matching_discriminator_loss = matching_discriminator_loss.check
