"""Lesson 5: a discriminator that sees pairs, and wrong ones among them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from checking.engine import Answer, Exercise, Mistake
from checking.traces import Watch

# ---- Task 5.3: a discriminator that is also shown the wrong house -------------------------------------------------


class _Discriminator(nn.Module):
    """Takes any number of channels up to twelve, so that a wrong pair gets logits too.

    All wrong houses beside one label map are the same to it: whichever way they are chosen, the loss is one number.
    """

    maps: Tensor
    fronts: Tensor

    def __init__(self, draw: torch.Generator):
        super().__init__()
        self.weight = nn.Parameter(0.4 * torch.randn(1, 12, 3, 3, generator=draw))
        self.bias = nn.Parameter(torch.tensor([0.3]))

    def _with_one_wrong_house(self, pair: Tensor) -> Tensor:
        if pair.shape[1:] != (6, *self.maps.shape[2:]):
            return pair
        map_is = (pair[:, None, :3] == self.maps).flatten(2).all(2)  # (M, N), M pairs of N label maps
        front_is = (pair[:, None, 3:] == self.fronts).flatten(2).all(2)  # (M, N)
        wrong = map_is.any(1) & front_is.any(1) & ~(map_is & front_is).any(1)  # (M,)
        following = self.fronts.roll(-1, dims=0)[map_is.int().argmax(1)]  # (M, 3, H, W)
        return torch.cat([pair[:, :3], torch.where(wrong[:, None, None, None], following, pair[:, 3:])], dim=1)

    def forward(self, pair: Tensor) -> Tensor:
        pair = self._with_one_wrong_house(pair)
        return F.conv2d(pair, self.weight[:, : pair.shape[1]], self.bias, stride=2)  # (N, 1, h, w)


class _Generator(nn.Module):
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
    squash: Callable[[Tensor], Tensor] = lambda logits: logits,
    mean: Callable[[Tensor], Tensor] = torch.mean,
) -> Answer:
    """The right loss, of which anything may be wrong."""

    def loss(D: nn.Module, G: nn.Module, a: Tensor, b: Tensor) -> Tensor:
        fake = G(a).detach()  # (N, 3, H, W)
        logits = [squash(D(pair(a, second))) for second in (b, fake, other(b))]
        targets = (real_at, fake_at, other_at)
        parts = zip(weights, logits, targets, strict=True)
        return sum(weight * mean((answered - target).square()) for weight, answered, target in parts)

    return loss


def _other_fake(D: nn.Module, G: nn.Module, a: Tensor, b: Tensor) -> Tensor:
    front = G(a).detach()  # (N, 3, H, W)
    real, fake, other = D(_pair(a, b)), D(_pair(a, front)), D(_pair(a, front.roll(1, dims=0)))
    return 0.5 * (real - 1).square().mean() + 0.25 * fake.square().mean() + 0.25 * other.square().mean()


def _beside_the_truth(D: nn.Module, G: nn.Module, a: Tensor, b: Tensor) -> Tensor:
    real, fake, other = D(_pair(a, b)), D(_pair(b, G(a).detach())), D(_pair(a, _other_house(b)))
    return 0.5 * (real - 1).square().mean() + 0.25 * fake.square().mean() + 0.25 * other.square().mean()


def _logarithmic(D: nn.Module, G: nn.Module, a: Tensor, b: Tensor) -> Tensor:
    real, fake, other = D(_pair(a, b)), D(_pair(a, G(a).detach())), D(_pair(a, _other_house(b)))
    return 0.5 * F.softplus(-real).mean() + 0.25 * F.softplus(fake).mean() + 0.25 * F.softplus(other).mean()


def _logits_detached(D: nn.Module, G: nn.Module, a: Tensor, b: Tensor) -> Tensor:
    real, fake, other = D(_pair(a, b)), D(_pair(a, G(a))).detach(), D(_pair(a, _other_house(b)))
    return 0.5 * (real - 1).square().mean() + 0.25 * fake.square().mean() + 0.25 * other.square().mean()


def _observe_discriminator(answer: Answer, D: nn.Module, G: nn.Module, a: Tensor, b: Tensor) -> dict[str, Any] | None:
    D.maps, D.fronts = a.clone(), b.clone()
    watch = Watch("5.3", D=D, G=G)
    losses = [answer(D, G, a, b) for _ in range(12)]
    if any(loss is None for loss in losses):
        return None
    loss = losses[0]
    watch.one_number(loss)
    watch.all_left_as_found()
    watch.same_each_time(
        losses,
        "nothing in it should be drawn. A chance order, for one, leaves a front beside its own label map now and then; "
        "take one that moves every front",
    )
    if isinstance(loss, Tensor) and loss.requires_grad:
        loss.sum().backward()
    watch.no_gradient_for("G", "D's loss has to end at the fake fronts, or it would teach G to be found out")
    weight = next(D.parameters())
    return {"the loss": loss, "D's gradient": torch.zeros_like(weight) if weight.grad is None else weight.grad}


def _discriminator_inputs() -> list[tuple[Any, ...]]:
    draw = torch.Generator().manual_seed(52)

    def one(number: int, height: int, width: int, training: bool) -> tuple:
        a, b = (torch.rand(number, 3, height, width, generator=draw) * 2 - 1 for _ in range(2))
        networks = _Discriminator(draw).train(training), _Generator(draw).train(training)
        return *networks, a, 0.7 * b + torch.linspace(0.3, -0.2, number)[:, None, None, None]

    # An odd number: a batch that is reversed keeps its middle. Two: a front that moves on by two is back at its place.
    return [one(3, 7, 9, True), one(5, 8, 6, False), one(2, 6, 7, True)]


matching_discriminator_loss = Exercise(
    "5.3",
    reference=_discriminator_with(),
    inputs=_discriminator_inputs(),
    observe=_observe_discriminator,
    mistakes=(
        Mistake(
            "This looks like a D that is shown the front without its label map; how could it tell whose house it is?",
            _discriminator_with(pair=lambda first, second: second),
        ),
        Mistake(
            "This looks like pairs put together in the wrong order; the label map's channels come first.",
            _discriminator_with(pair=lambda first, second: _pair(second, first)),
        ),
        Mistake(
            "This looks like pictures put one behind the other along the batch, so that each is seen alone; a pair "
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
            "This looks like a wrong house that D is told to call right: a real front, but not of this label map.",
            _discriminator_with(other_at=1.0),
        ),
        Mistake(
            "This looks like a wrong house that is the right one: its label map still stands beside its own front. "
            "Either nothing has moved on, or both have.",
            _discriminator_with(other=lambda b: b),
        ),
        Mistake(
            "This looks like fronts that move on by two, or label maps and fronts that move one each way: in a batch "
            "of two, each is back beside its own. Move one of them by one.",
            _discriminator_with(other=lambda b: b.roll(2, dims=0)),
        ),
        Mistake(
            "This looks like a batch in reverse order: of an odd number of fronts, the middle one stays beside its own "
            "label map.",
            _discriminator_with(other=lambda b: b.flip(0)),
        ),
        Mistake(
            "This looks like one front for all label maps: one of them is its own.",
            _discriminator_with(other=lambda b: b[:1].expand_as(b)),
        ),
        Mistake(
            "This looks like a fake front as the wrong house; it should be a real one, of another pair.",
            _other_fake,
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
            "This looks like two kinds of fakes that outweigh the real pairs: together they weigh one half.",
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
            "This looks like the logarithm of task 5.2; here it is least squares.",
            _logarithmic,
        ),
        Mistake(
            "This looks like sums over the patches in place of means.",
            _discriminator_with(mean=torch.sum),
        ),
        Mistake(
            "This looks like a generated front that is shown beside the real one; D sees it beside the label map.",
            _beside_the_truth,
        ),
        Mistake(
            "This looks like logits that are detached in place of the picture: D itself no longer learns from its "
            "fakes.",
            _logits_detached,
        ),
        Mistake(
            "This looks like a loss that is a plain number, or was computed without gradients: D has nothing to learn "
            "from it.",
            lambda D, G, a, b: _discriminator_with()(D, G, a, b).item(),
        ),
    ),
)
check_matching_discriminator_loss = matching_discriminator_loss.check
