"""Lesson 4, the GAN loss: best answers, hinge losses, a sigmoid that is too many; step and penalty have a file each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from checking.engine import Answer, Exercise, Mistake, WrongAnswer
from checking.lesson_4_penalty import check_picture_penalty
from checking.lesson_4_steps import Discriminator, Part, check_discriminator_step, gradients
from checking.traces import Watch

__all__ = [
    "check_best_answers",
    "check_discriminator_step",
    "check_hinge_losses",
    "check_least_squares_losses",
    "check_picture_penalty",
]

# ---- Task 4.1: the best answer, from counts -----------------------------------------------------------------------

Counts = np.ndarray


def _shares(counts: Counts) -> np.ndarray:
    return counts / counts.sum()


def _best_with(
    share: Callable[[Counts], np.ndarray] = _shares,
    answer: Callable[[np.ndarray, np.ndarray], np.ndarray] = lambda p, q: p / (p + q),
    nothing: float = 0.5,
) -> Answer:
    """The right answers, of which anything may be wrong."""

    def answers(real_counts: Counts, fake_counts: Counts) -> np.ndarray:
        p, q = share(real_counts), share(fake_counts)  # (bins,) each
        with np.errstate(all="ignore"):
            return np.where(p + q > 0, answer(p, q), nothing)  # (bins,)

    return answers


def _smoothed(by: float) -> Answer:
    def answers(real_counts: Counts, fake_counts: Counts) -> np.ndarray:
        p, q = _shares(real_counts), _shares(fake_counts)
        return (p + by) / (p + q + 2 * by)

    return answers


best_answers = Exercise(
    "4.1",
    reference=_best_with(),
    inputs=[
        (np.array([6, 2, 0, 0]), np.array([1, 3, 0, 4])),
        (np.array([5, 0, 40, 15, 3, 0]), np.array([2, 7, 1, 9, 0, 0])),
        (np.array([3, 3, 1]), np.array([10, 200, 90])),
    ],
    mistakes=(
        Mistake(
            "This looks like counts where shares are meant: D is asked about both kinds equally often, even if a "
            "hundred times as many of one kind were counted.",
            _best_with(share=lambda counts: counts),
        ),
        Mistake(
            "This looks like p and q exchanged: it is the probability of fake, not of real.",
            _best_with(answer=lambda p, q: q / (p + q)),
        ),
        Mistake(
            "This looks like counts in place of shares, and p and q exchanged.",
            _best_with(share=lambda counts: counts, answer=lambda p, q: q / (p + q)),
        ),
        *(
            Mistake(
                "This looks like the ratio p / q, the odds; as a probability it is p / (p + q).",
                _best_with(answer=lambda p, q: p / q, nothing=nothing),
            )
            for nothing in (0.5, float("nan"), 0.0)
        ),
        *(
            Mistake(
                "This looks like D's logit, log p − log q; the task asks for the probability, its sigmoid.",
                _best_with(answer=lambda p, q: np.log(p) - np.log(q), nothing=nothing),
            )
            for nothing in (0.5, float("nan"), 0.0)
        ),
        Mistake(
            "This looks like the share of real numbers alone; D's answer also depends on how many fake ones lie there.",
            lambda real_counts, fake_counts: _shares(real_counts),
        ),
        *(
            Mistake(
                "This looks like a decision, 1 where there are more real ones; the best D is only as sure as the "
                "shares allow.",
                _best_with(answer=lambda p, q: p > q, nothing=nothing),
            )
            for nothing in (0.0, 0.5, 1.0)
        ),
        Mistake(
            "This looks like 0 divided by 0 in a bin where nothing fell; the task asks for ½ there.",
            _best_with(nothing=float("nan")),
        ),
        Mistake(
            "This looks like a 0 in a bin where nothing fell: that says “surely fake”. The task asks for ½ there.",
            _best_with(nothing=0.0),
        ),
        Mistake(
            "This looks like a 1 in a bin where nothing fell: that says “surely real”. The task asks for ½ there.",
            _best_with(nothing=1.0),
        ),
        *(
            Mistake(
                "This looks like a small number added to avoid 0 / 0: it gives ½ where nothing fell, and moves all "
                "the other answers. Ask first whether there is anything in the bin.",
                _smoothed(by),
            )
            for by in (0.1, 0.01, 1e-3)
        ),
        Mistake(
            "This looks like p / (p + q) of all bins together; each bin has its own.",
            lambda real_counts, fake_counts: _shares(real_counts) / 2,
        ),
    ),
)
check_best_answers = best_answers.check


# ---- Task 4.2: hinge losses ---------------------------------------------------------------------------------------


def _hinge_with(
    on_real: Part = lambda real: F.relu(1 - real),
    on_fake: Part = lambda fake: F.relu(1 + fake),
    G_pays: Part = lambda fake: -fake,
    mean: Part = torch.mean,
    half: float = 0.5,
) -> Answer:
    """The right losses, of which any part may be wrong."""

    def losses(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        return half * (mean(on_real(real)) + mean(on_fake(fake))), mean(G_pays(fake))

    return losses


def _all_in_one_mean(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    return torch.cat([F.relu(1 - real).flatten(), F.relu(1 + fake).flatten()]).mean(), -fake.mean()


def _hinge_of_the_mean(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    return 0.5 * (F.relu(1 - real.mean()) + F.relu(1 + fake.mean())), -fake.mean()


def _cut_off(after: Callable[[Tensor], Any]) -> Answer:
    return lambda real, fake: tuple(after(loss) for loss in _hinge_with()(real, fake))


def _observe_hinge(answer: Answer, real: Tensor, fake: Tensor) -> Any:
    real.requires_grad_()
    fake.requires_grad_()
    result = answer(real, fake)
    if result is None:
        return None
    try:
        D_pays, G_pays = result
    except (TypeError, ValueError):
        raise WrongAnswer("task 4.2: it did not return a pair: first what D pays, then what G pays") from None
    into_real, into_fake = gradients(D_pays, [real, fake])
    return {
        "what D pays": D_pays,
        "what G pays": G_pays,
        "the gradient of D's loss in real": into_real,
        "the gradient of D's loss in fake": into_fake,
        "the gradient of G's loss in fake": gradients(G_pays, [fake])[0],
    }


def _hinge_inputs() -> list[tuple[Tensor, Tensor]]:
    draw = torch.Generator().manual_seed(41)
    return [
        (1.5 * torch.randn(7, 1, generator=draw) + 0.4, 2.0 * torch.randn(5, 1, generator=draw) - 0.3),
        (2.0 * torch.randn(3, 1, generator=draw) + 0.6, 1.7 * torch.randn(2, 1, 3, 4, generator=draw) - 0.8),
        (torch.tensor([[2.5], [0.25], [-1.5]]), torch.tensor([[-4.0], [-2.5], [0.75], [-3.5]])),
    ]


_HALF_D = "This looks like the two terms of D without their half; compare with the equation."

hinge_losses = Exercise(
    "4.2",
    parts=("what D pays", "what G pays"),
    reference=_hinge_with(),
    inputs=_hinge_inputs(),
    observe=_observe_hinge,
    mistakes=(
        Mistake(
            "This looks like swapped labels: D's margin for real points is above 1, for fake ones below −1.",
            _hinge_with(on_real=lambda real: F.relu(1 + real), on_fake=lambda fake: F.relu(1 - fake)),
        ),
        Mistake(
            "This looks like the real points' term for the fake ones as well: D wants fake logits below −1, so what "
            "lies above that has to cost.",
            _hinge_with(on_fake=lambda fake: F.relu(1 - fake)),
        ),
        Mistake(
            "This looks like the fake points' term for the real ones as well: D wants real logits above 1, so what "
            "lies below that has to cost.",
            _hinge_with(on_real=lambda real: F.relu(1 + real)),
        ),
        *(
            Mistake(
                "This looks like a hinge that opens to the wrong side: points beyond their margin would cost, and "
                "those that D gets wrong would be free. Try a real logit of 2: it costs nothing.",
                _hinge_with(on_real=on_real, on_fake=on_fake),
            )
            for on_real, on_fake in (
                (lambda real: F.relu(real - 1), lambda fake: F.relu(-1 - fake)),
                (lambda real: F.relu(real - 1), lambda fake: F.relu(1 + fake)),
                (lambda real: F.relu(1 - real), lambda fake: F.relu(-1 - fake)),
                (lambda real: F.relu(real - 1), lambda fake: F.relu(1 - fake)),
            )
        ),
        *(
            Mistake(
                "This looks like a margin of 1 for the fake points too: theirs is −1, on the other side of 0.",
                _hinge_with(on_real=on_real, on_fake=on_fake),
            )
            for on_real, on_fake in (
                (lambda real: F.relu(1 - real), lambda fake: F.relu(fake - 1)),
                (lambda real: F.relu(-1 - real), lambda fake: F.relu(1 + fake)),
                (lambda real: F.relu(-1 - real), lambda fake: F.relu(fake - 1)),
            )
        ),
        Mistake(
            "This looks like a hinge for G as well; G's loss has none, it goes on wanting more.",
            _hinge_with(G_pays=lambda fake: F.relu(1 - fake)),
        ),
        Mistake(
            "This looks like the saturating form: G pays minus what D pays for fake points, and feels nothing where D "
            "is sure. The equation of L_G is another.",
            _hinge_with(G_pays=lambda fake: -F.relu(1 + fake)),
        ),
        Mistake(
            "This looks like the wrong sign of G's loss; it should fall as D's logits rise.",
            _hinge_with(G_pays=lambda fake: fake),
        ),
        Mistake(
            "This looks like the non-saturating loss for G; its hinge partner has no logarithm.",
            _hinge_with(G_pays=lambda fake: F.softplus(-fake)),
        ),
        Mistake(
            "This looks like half of G's loss; the half belongs to D's, which has two terms.",
            _hinge_with(G_pays=lambda fake: -0.5 * fake),
        ),
        Mistake(
            "This looks like the hinge of a mean; each logit has its own margin, so the mean comes last.",
            _hinge_of_the_mean,
        ),
        Mistake(
            "This looks like one mean over real and fake logits together; where there are more of one kind, "
            "that kind would count more. Each has its own mean.",
            _all_in_one_mean,
        ),
        Mistake(
            "This looks like sums in place of means; a larger batch would then give a larger loss.",
            _hinge_with(mean=torch.sum),
        ),
        Mistake(
            "This looks like a mean over the batch alone and a sum over each one's patches; the mean is over all "
            "elements.",
            _hinge_with(mean=lambda part: part.sum() / len(part)),
        ),
        Mistake(_HALF_D, _hinge_with(half=1.0)),
        Mistake(
            "This looks like the half before one of D's two terms alone; it belongs to both.",
            lambda real, fake: (0.5 * F.relu(1 - real).mean() + F.relu(1 + fake).mean(), -fake.mean()),
        ),
        Mistake(
            "This looks like a minus before D's loss: it would then pay least where it is most wrong.",
            _hinge_with(half=-0.5),
        ),
        Mistake(
            "This looks like a sigmoid before the hinge; a margin of 1 is meant for the logits as they are.",
            lambda real, fake: _hinge_with()(torch.sigmoid(real), torch.sigmoid(fake)),
        ),
        Mistake(
            "This looks like a hinge without its margin: D should go on working until a logit is beyond 1.",
            _hinge_with(on_real=lambda real: F.relu(-real), on_fake=lambda fake: F.relu(fake)),
        ),
        Mistake(
            "This looks like the distance to the margin without the max: points on the right side would be rewarded "
            "without end.",
            _hinge_with(on_real=lambda real: 1 - real, on_fake=lambda fake: 1 + fake),
        ),
        Mistake(
            "This looks like min in place of max.",
            _hinge_with(on_real=lambda real: (1 - real).clamp(max=0), on_fake=lambda fake: (1 + fake).clamp(max=0)),
        ),
        Mistake(
            "This looks like a squared hinge; the equation has the distance to the margin itself.",
            _hinge_with(on_real=lambda real: F.relu(1 - real).square(), on_fake=lambda fake: F.relu(1 + fake).square()),
        ),
        Mistake(
            "This looks like the right two numbers in the wrong order: first what D pays, then what G pays.",
            lambda real, fake: _hinge_with()(real, fake)[::-1],
        ),
        Mistake(
            "This looks like real and fake exchanged: what are the two arguments, and in which order do they come?",
            lambda real, fake: _hinge_with()(fake, real),
        ),
        Mistake(
            "This looks like the right values as plain numbers, or computed without gradients: nobody could learn from "
            "them. Return tensors that still know where they come from.",
            _cut_off(torch.Tensor.item),
        ),
        Mistake(
            "This looks like a loss for D that is cut off from fake points: here both arguments are logits already, "
            "and D learns from both.",
            lambda real, fake: (_hinge_with()(real, fake.detach())[0], -fake.mean()),
        ),
    ),
)
check_hinge_losses = hinge_losses.check


# ---- Task 4.5: spot the bug in the least squares ------------------------------------------------------------------


def _as_it_is(logits: Tensor) -> Tensor:
    return logits


def _squares_with(
    squash_real: Part = _as_it_is,
    squash_fake: Part = _as_it_is,
    squash_G: Part = _as_it_is,
    labels: tuple[float, float, float] = (1.0, 0.0, 1.0),
    halves: tuple[float, float] = (0.5, 1.0),
    detached: bool = True,
    seen_of_fake: Part = _as_it_is,
    seen_by_G: Part = _as_it_is,
    mean: Part = torch.mean,
    price: Part = torch.square,
) -> Answer:
    """The right losses, of which anything may be wrong."""
    real_at, fake_at, wanted = labels

    def losses(D: nn.Module, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        on_real = squash_real(D(real))
        on_fake = seen_of_fake(squash_fake(D(fake.detach() if detached else fake)))
        D_pays = halves[0] * (mean(price(on_real - real_at)) + mean(price(on_fake - fake_at)))
        return D_pays, halves[1] * mean(price(squash_G(D(seen_by_G(fake))) - wanted))

    return losses


def _everywhere(squash: Part, detached: bool = True) -> Answer:
    return _squares_with(squash, squash, squash, detached=detached)


def _cross_entropy(D: nn.Module, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    D_pays = 0.5 * (F.softplus(-D(real)).mean() + F.softplus(D(fake.detach())).mean())
    return D_pays, F.softplus(-D(fake)).mean()


def _saturating(D: nn.Module, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    return _squares_with()(D, real, fake)[0], -D(fake).square().mean()


def _observe_losses(answer: Answer, D: nn.Module, real: Tensor, fake: Tensor) -> dict[str, Any] | None:
    fake.requires_grad_()
    watch = Watch("4.5", D=D)
    result = answer(D, real, fake)
    if result is None:
        return None
    watch.all_left_as_found()
    try:
        D_pays, G_pays = result
    except (TypeError, ValueError):
        watch.refuse("it did not return a pair: first what D pays, then what G pays")
    into_D = gradients(D_pays, list(D.parameters()))
    return {
        "what D pays": D_pays,
        "what G pays": G_pays,
        "the gradient of D's loss in its weights": torch.cat([gradient.flatten() for gradient in into_D]),
        "the gradient of D's loss in fake": gradients(D_pays, [fake])[0],
        "the gradient of G's loss in fake": gradients(G_pays, [fake])[0],
    }


def _squares_inputs() -> list[tuple[Any, ...]]:
    draw = torch.Generator().manual_seed(44)
    # The second D is sure: its logits for fake points lie far below 0.
    return [
        (Discriminator(draw, 0.3), torch.randn(6, 2, generator=draw), 1.4 * torch.randn(4, 2, generator=draw) + 0.5),
        (Discriminator(draw, -6.0), torch.randn(3, 2, generator=draw) + 1.0, torch.randn(5, 2, generator=draw)),
    ]


least_squares_losses = Exercise(
    "4.5",
    parts=("what D pays", "what G pays"),
    reference=_squares_with(),
    inputs=_squares_inputs(),
    observe=_observe_losses,
    mistakes=(
        Mistake(
            "This looks like the sigmoid before the squared error, still there: where D is sure, a sigmoid is flat and "
            "lets no gradient through.",
            _everywhere(torch.sigmoid),
        ),
        Mistake(
            "This looks like the detach taken out and the sigmoids left in: it is the other way round. The detach was "
            "right, or G would learn from D's loss.",
            _everywhere(torch.sigmoid, detached=False),
        ),
        Mistake(
            "This looks like absolute differences; the task mends the squared error, and keeps it.",
            _squares_with(price=torch.abs),
        ),
        Mistake(
            "This looks like a sigmoid that is gone from D's loss and still stands in G's.",
            _squares_with(squash_G=torch.sigmoid),
        ),
        Mistake(
            "This looks like a sigmoid that is gone from G's loss and still stands in D's.",
            _squares_with(torch.sigmoid, torch.sigmoid),
        ),
        Mistake(
            "This looks like a sigmoid that still stands before one of D's two terms.",
            _squares_with(torch.sigmoid),
        ),
        Mistake(
            "This looks like a sigmoid that still stands before one of D's two terms.",
            _squares_with(squash_fake=torch.sigmoid),
        ),
        Mistake(
            "This looks like a sigmoid exchanged for a tanh, which is as flat far from 0.",
            _everywhere(torch.tanh),
        ),
        Mistake(
            "This looks like answers cut to lie between 0 and 1: outside, the gradient is then exactly 0.",
            _everywhere(lambda logits: logits.clamp(0, 1)),
        ),
        Mistake(
            "This looks like the cross-entropy; the task mends the squared error, and keeps it.",
            _cross_entropy,
        ),
        Mistake(
            "This looks like a generator that is not detached in D's loss: fake gets a gradient from it, and G would "
            "learn to be found out.",
            _squares_with(detached=False),
        ),
        Mistake(
            "This looks like a detach in G's loss as well; then G learns from nothing.",
            _squares_with(seen_by_G=torch.Tensor.detach),
        ),
        Mistake(
            "This looks like a detach after D in place of before it: D itself no longer learns from fake points.",
            _squares_with(seen_of_fake=torch.Tensor.detach),
        ),
        Mistake(
            "This looks like swapped labels: which points should D call 1, and which 0?",
            _squares_with(labels=(0.0, 1.0, 1.0)),
        ),
        Mistake(
            "This looks like swapped labels: which points should D call 1, and which 0?",
            _squares_with(labels=(0.0, 1.0, 0.0)),
        ),
        *(
            Mistake(
                "This looks like the labels 1 and −1; here D is asked for 1 and 0.",
                _squares_with(labels=(1.0, -1.0, wanted)),
            )
            for wanted in (1.0, 0.0)
        ),
        Mistake(
            "This looks like a G that wants a 0 from D; what would a fooled D say?",
            _squares_with(labels=(1.0, 0.0, 0.0)),
        ),
        Mistake(
            "This looks like the saturating form: minus D's own term. It pulls towards no target, and away from 0 on "
            "both sides.",
            _saturating,
        ),
        Mistake("This looks like sums in place of means.", _squares_with(mean=torch.sum)),
        Mistake(_HALF_D, _squares_with(halves=(1.0, 1.0))),
        Mistake(
            "This looks like half of G's loss; in this lesson the half belongs to D's, which has two terms.",
            _squares_with(halves=(0.5, 0.5)),
        ),
        Mistake(
            "This looks like the right two losses in the wrong order: first what D pays, then what G pays.",
            lambda D, real, fake: _squares_with()(D, real, fake)[::-1],
        ),
    ),
)
check_least_squares_losses = least_squares_losses.check
