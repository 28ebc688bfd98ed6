"""Lesson 6, CycleGAN: right domain and wrong picture, a cycle with a bug; what the networks pay has its own file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from checking.engine import Answer, Exercise, Mistake, WrongAnswer
from checking.lesson_4_steps import gradients
from checking.lesson_6_steps import check_discriminators_step, check_generators_loss, translators

__all__ = ["check_cycle_losses", "check_discriminators_step", "check_generators_loss", "check_share_in_place"]

# ---- Task 6.1: right domain, wrong picture ------------------------------------------------------------------------

Pictures = np.ndarray


def _share_with(
    distance: Callable[[Pictures, Pictures], np.ndarray] = lambda fake, truth: np.abs(fake - truth).mean(),
    nearest: Callable[[np.ndarray], np.ndarray] = lambda distances: distances.argmin(1),
    read: Callable[[np.ndarray], Any] = lambda nearest: (nearest == np.arange(len(nearest))).mean(),
    number: type = float,
) -> Answer:
    """The right share, of which anything may be wrong."""

    def share(fakes: Pictures, truths: Pictures) -> Any:
        fakes, truths = fakes.astype(number), truths.astype(number)
        table = np.array([[distance(fake, truth) for truth in truths] for fake in fakes])  # (N, N)
        return read(nearest(table))

    return share


def _in_place(nearest: np.ndarray) -> np.ndarray:
    return nearest == np.arange(len(nearest))


def _next_to_own(fakes: Pictures, truths: Pictures) -> float:
    distance = np.abs(fakes.astype(float) - truths).mean((1, 2, 3))  # (N,)
    return float(distance.mean())


def _pixel_by_pixel(fakes: Pictures, truths: Pictures) -> float:
    table = np.abs(fakes[:, None].astype(float) - truths[None])  # (N, N, H, W, 3)
    return float((table.argmin(1) == np.arange(len(fakes))[:, None, None, None]).mean())


def _heaps() -> list[tuple[Pictures, Pictures]]:
    """Fakes that are near their own truth, or near another's; brighter or darker as a whole, or wrong in a few places
    only, so that each way to measure ranks them differently. In the last heap all are in place."""
    heaps = []
    for number, height, width, seed in ((5, 4, 5, 22), (17, 3, 4, 22), (11, 5, 3, 1)):
        draw = np.random.default_rng(seed)
        truths = draw.integers(40, 216, (number, height, width, 3))
        of = np.where(draw.random(number) < 0.6, np.arange(number), draw.integers(number, size=number))
        away = draw.integers(-70, 71, (number, 1, 1, 1)) + draw.integers(-60, 61, truths.shape)
        spots = 150 * (draw.random(truths.shape) < 0.15)
        fakes = np.clip(truths[of] + away + spots, 0, 255)
        fakes[-2:] = truths[-2:]  # two that are exact
        heaps.append((fakes.astype(np.uint8), truths.astype(np.uint8)))
    truths = heaps[0][1]
    return [*heaps, (truths - np.uint8(9), truths)]


share_in_place = Exercise(
    "6.1",
    reference=_share_with(),
    inputs=_heaps(),
    mistakes=(
        Mistake(
            "This looks like differences of uint8 that wrap around: 10 − 20 is 246 there. Turn the pictures into int "
            "or float first.",
            _share_with(number=np.uint8),
        ),
        Mistake(
            "This looks like the question the other way round: the nearest fake of each truth. Here each fake looks "
            "for its nearest truth.",
            _share_with(nearest=lambda table: table.argmin(0)),
        ),
        Mistake(
            "This looks like squared differences; a few pixels that are far off count for more there. The task asks "
            "for the mean absolute difference.",
            _share_with(distance=lambda fake, truth: ((fake - truth) ** 2).mean()),
        ),
        Mistake(
            "This looks like differences with their sign: a picture that is too dark by 100 would be the nearest of "
            "all.",
            _share_with(distance=lambda fake, truth: (fake - truth).mean()),
        ),
        Mistake(
            "This looks like the absolute value of a mean: it compares how bright two pictures are as a whole. First "
            "the absolute values, then the mean.",
            _share_with(distance=lambda fake, truth: abs((fake - truth).mean())),
        ),
        Mistake(
            "This looks like the largest difference of any pixel in place of the mean of all.",
            _share_with(distance=lambda fake, truth: np.abs(fake - truth).max()),
        ),
        Mistake(
            "This looks like the farthest truth in place of the nearest.",
            _share_with(nearest=lambda table: table.argmax(1)),
        ),
        Mistake(
            "This looks like a count; divide by the number of fakes to have a share.",
            _share_with(read=lambda nearest: _in_place(nearest).sum()),
        ),
        Mistake(
            "This looks like a share in percent; the task asks for a number from 0 to 1.",
            _share_with(read=lambda nearest: 100 * _in_place(nearest).mean()),
        ),
        Mistake(
            "This looks like the share of the fakes that are *not* in place.",
            _share_with(read=lambda nearest: 1 - _in_place(nearest).mean()),
        ),
        Mistake(
            "This looks like the share of the truths that are the nearest of any fake. That finds out whether fakes "
            "were merged, and not whether they are in place.",
            _share_with(read=lambda nearest: len(set(nearest.tolist())) / len(nearest)),
        ),
        Mistake(
            "This looks like the mean distance to a fake's own truth; the task asks how often that is the nearest.",
            _next_to_own,
        ),
        Mistake(
            "This looks like pixels that each look for their own nearest truth. A picture has one distance from "
            "another: the mean over its pixels and channels.",
            _pixel_by_pixel,
        ),
        Mistake(
            "This looks like fakes that have to be equal to their truth, to the last digit; nearest is enough.",
            lambda fakes, truths: (fakes == truths).all((1, 2, 3)).mean(),
        ),
        Mistake(
            "This looks like a share that was cut down to a whole number.",
            _share_with(read=lambda nearest: int(_in_place(nearest).mean())),
        ),
    ),
)
check_share_in_place = share_in_place.check


# ---- Task 6.4: spot the bug in a cycle ----------------------------------------------------------------------------


def _as_it_is(pictures: Tensor) -> Tensor:
    return pictures


def _cycles_with(
    after_first: tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]] = (_as_it_is, _as_it_is),
    price: Callable[[Tensor], Tensor] = lambda difference: difference.abs().mean(),
    of_backward: Callable[[Tensor], Tensor] | None = None,
    routes: tuple[str, str] = ("AB BA", "BA AB"),
    compared: str = "start",
    seen_again: Callable[[Tensor], Tensor] = _as_it_is,
    finish: Callable[[Tensor, Tensor], Any] = lambda forward, backward: (forward, backward),
) -> Answer:
    """The right losses, of which anything may be wrong. A route names the generators in the order of their use.

    The backward loss has the price of the forward one, where it has none of its own.
    """

    def losses(G_AB: nn.Module, G_BA: nn.Module, real_A: Tensor, real_B: Tensor) -> Any:
        networks, both = {"AB": G_AB, "BA": G_BA}, []
        for start, other, route, cut, cost in (
            (real_A, real_B, routes[0], after_first[0], price),
            (real_B, real_A, routes[1], after_first[1], of_backward or price),
        ):
            first, second = (networks[name] for name in route.split())
            fake = cut(first(start))  # (N, 3, H, W)
            again = seen_again(second(fake))  # (N, 3, H, W)
            both.append(cost(again - {"start": start, "other": other, "fake": fake}[compared]))
        return finish(*both)

    return losses


def _observe_cycles(answer: Answer, G_AB: nn.Module, G_BA: nn.Module, real_A: Tensor, real_B: Tensor) -> Any:
    result = answer(G_AB, G_BA, real_A, real_B)
    if result is None:
        return None
    try:
        forward, backward = result
    except (TypeError, ValueError):
        raise WrongAnswer("it did not return a pair: first the forward cycle loss, then the other") from None
    observed = {"the forward loss": forward, "the backward loss": backward}
    for name, loss in (("forward", forward), ("backward", backward)):
        into = gradients(loss, [G_AB.weight, G_BA.weight])
        for network, gradient in zip(("G_AB", "G_BA"), into, strict=True):
            observed[f"the gradient of the {name} loss in {network}"] = gradient
    return observed


def _cycle_inputs() -> list[tuple[Any, ...]]:
    draw = torch.Generator().manual_seed(64)

    def one(in_A: int, in_B: int, height: int, width: int, training: bool) -> tuple[Any, ...]:
        networks = translators(draw)
        pictures = (2 * torch.rand(number, 3, height, width, generator=draw) - 1 for number in (in_A, in_B))
        return *(network.train(training) for network in networks), *pictures

    # Of one heap one picture: so the other heap's can be compared with it, if by mistake.
    return [one(2, 1, 4, 5, True), one(1, 3, 6, 4, False)]


def _sum_by_picture(difference: Tensor) -> Tensor:
    return difference.abs().sum() / len(difference)


_CUT = (
    "This looks like a first generator that still learns nothing: the values are right, but something cuts the graph "
    "between the two generators."
)
_SUM = (
    "This looks like a sum over the pixels: λ would mean something else for each size. Take the mean over everything."
)

cycle_losses = Exercise(
    "6.4",
    parts=("the forward loss", "the backward loss"),
    reference=_cycles_with(),
    inputs=_cycle_inputs(),
    observe=_observe_cycles,
    mistakes=(
        Mistake(_CUT, _cycles_with(after_first=(torch.Tensor.detach, torch.Tensor.detach))),
        Mistake(
            "This looks like one of the two cycles mended, and the other still cut between its generators.",
            _cycles_with(after_first=(_as_it_is, torch.Tensor.detach)),
        ),
        Mistake(
            "This looks like one of the two cycles mended, and the other still cut between its generators.",
            _cycles_with(after_first=(torch.Tensor.detach, _as_it_is)),
        ),
        Mistake(_SUM, _cycles_with(price=_sum_by_picture)),
        Mistake(
            "This looks like the code as it was: the graph is still cut, and the pixels are still summed up.",
            _cycles_with(
                after_first=(torch.Tensor.detach, torch.Tensor.detach),
                price=_sum_by_picture,
            ),
        ),
        Mistake(
            "This looks like the forward loss mended, and the backward loss as it was; that needs both repairs, too.",
            _cycles_with(after_first=(_as_it_is, torch.Tensor.detach), of_backward=_sum_by_picture),
        ),
        Mistake(
            "This looks like the backward loss mended, and the forward loss as it was; that needs both repairs, too.",
            _cycles_with(
                after_first=(torch.Tensor.detach, _as_it_is),
                price=_sum_by_picture,
                of_backward=lambda difference: difference.abs().mean(),
            ),
        ),
        Mistake(_SUM, _cycles_with(price=lambda difference: difference.abs().sum())),
        Mistake(
            "This looks like a mean that is divided by the number of pictures once more; it holds that already.",
            _cycles_with(price=lambda difference: difference.abs().mean() / len(difference)),
        ),
        Mistake(
            "This looks like squared differences; the cycle loss is L1.",
            _cycles_with(price=lambda difference: difference.square().mean()),
        ),
        Mistake(
            "This looks like a mean without the absolute value: too bright and too dark would cancel.",
            _cycles_with(price=lambda difference: difference.mean()),
        ),
        Mistake(
            "This looks like the generators exchanged: A is what G_AB takes, and B what it gives.",
            _cycles_with(routes=("BA AB", "AB BA")),
        ),
        Mistake(
            "This looks like a way back through the same generator: the second one must be the other.",
            _cycles_with(routes=("AB AB", "BA BA")),
        ),
        Mistake(
            "This looks like a picture compared with the fake, and not with the one that the way began with.",
            _cycles_with(compared="fake"),
        ),
        Mistake(
            "This looks like a picture compared with a real one of the other heap; it belongs to the one that the way "
            "began with.",
            _cycles_with(compared="other"),
        ),
        Mistake(
            "This looks like the right two numbers in the wrong order: forward, A → B → A, comes first.",
            _cycles_with(finish=lambda forward, backward: (backward, forward)),
        ),
        Mistake(
            "This looks like the right values without a graph: nobody could learn from them.",
            _cycles_with(seen_again=torch.Tensor.detach),
        ),
        Mistake(
            "This looks like half of each loss; the two count in full.",
            _cycles_with(finish=lambda forward, backward: (forward / 2, backward / 2)),
        ),
    ),
)
check_cycle_losses = cycle_losses.check
