"""Lesson 4: one step of D, with smoothed labels; and what the lesson's other checks need as well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from checking.engine import Answer, Exercise, Mistake

Part = Callable[[Tensor], Tensor]


class Discriminator(nn.Module):
    """Points (N, 2) -> logits (N, 1), around `bias`."""

    def __init__(self, draw: torch.Generator, bias: float = 0.2):
        super().__init__()
        self.first = nn.Parameter(torch.randn(2, 5, generator=draw))
        self.second = nn.Parameter(torch.randn(5, 1, generator=draw))
        self.bias = nn.Parameter(torch.tensor([bias]))

    def forward(self, points: Tensor) -> Tensor:
        return torch.tanh(points @ self.first) @ self.second + self.bias  # (N, 1)


def gradients(loss: Any, tensors: Sequence[Tensor]) -> list[Tensor]:
    """Of a loss in each tensor; zeros where none arrives, the loss is a plain number or its graph used up."""
    if not (isinstance(loss, Tensor) and loss.requires_grad):
        return [torch.zeros_like(tensor) for tensor in tensors]
    try:
        found = torch.autograd.grad(loss.sum(), tensors, retain_graph=True, allow_unused=True, materialize_grads=True)
    except RuntimeError as error:
        if "a second time" not in str(error):
            raise
        return [torch.zeros_like(tensor) for tensor in tensors]  # the answer has called backward itself
    return list(found)


# ---- Task 4.3: one step of D, with smoothed labels ----------------------------------------------------------------


class Generator(nn.Module):
    """Noise (N, 2) -> points (N, 2)."""

    def __init__(self, draw: torch.Generator):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(2, 2, generator=draw))

    def forward(self, z: Tensor) -> Tensor:
        return torch.tanh(z @ self.weight) - 0.3  # (N, 2)


def _entropy(logits: Tensor, target: float) -> Tensor:
    return target * F.softplus(-logits) + (1 - target) * F.softplus(logits)


def _step_with(
    on_real: Callable[[Tensor, float], Tensor] = _entropy,
    on_fake: Callable[[Tensor, float], Tensor] = lambda logits, target: F.softplus(logits),
    half: float = 0.5,
    mean: Part = torch.mean,
    seen_of_fake: Part = lambda logits: logits,
    order: str = "zero backward step",
    sign: float = 1.0,
    moved_by: float = 1.0,
    detached: bool = True,
    cleared: bool = False,
) -> Answer:
    """The right step, of which anything may be wrong. `order` says what is called, and when."""

    def step(G: nn.Module, D: nn.Module, optimizer: Any, real: Tensor, z: Tensor, target: float) -> float:
        fake = G(z).detach() if detached else G(z)
        real_part, fake_part = mean(on_real(D(real), target)), mean(on_fake(seen_of_fake(D(fake)), target))
        loss = half * (real_part + fake_part)
        calls = {"zero": optimizer.zero_grad, "backward": (sign * moved_by * loss).backward, "step": optimizer.step}
        for name in order.split():
            calls[name]()
        if cleared:
            G.zero_grad()
        return loss.item()

    return step


def _in_two_parts(G: nn.Module, D: nn.Module, optimizer: Any, real: Tensor, z: Tensor, target: float) -> float:
    total = 0.0
    for points, part in ((real, _entropy), (G(z).detach(), lambda logits, _: F.softplus(logits))):
        optimizer.zero_grad()
        loss = 0.5 * part(D(points), target).mean()
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total


def _observe_step(
    answer: Answer, G: nn.Module, D: nn.Module, real: Tensor, z: Tensor, target: float
) -> dict[str, Any] | None:
    # Gradient descent: a factor on the loss shows, which Adam would hide. Momentum tells two steps from a long one.
    optimizer = torch.optim.SGD(D.parameters(), lr=0.5, momentum=0.9)
    for weight in D.parameters():
        weight.grad = torch.full_like(weight, 0.3)  # left over from an earlier step
    paid = answer(G, D, optimizer, real, z, target)
    if paid is None:
        return None
    return {
        "what D pays": paid,
        "D's weights after the step": torch.cat([weight.detach().flatten() for weight in D.parameters()]),
    }


def _step_inputs() -> list[tuple[Any, ...]]:
    draw = torch.Generator().manual_seed(42)
    return [
        (
            Generator(draw).train(training),
            Discriminator(draw).train(training),
            torch.randn(n, 2, generator=draw) + 0.5,
            torch.randn(n, 2, generator=draw),
            target,
        )
        for n, target, training in ((6, 0.9, True), (5, 0.7, False))
    ]


discriminator_step = Exercise(
    "4.3",
    reference=_step_with(),
    inputs=_step_inputs(),
    observe=_observe_step,
    mistakes=(
        Mistake(
            "This looks like smoothing on both sides; only the real points' label is smoothed, fake ones keep their 0.",
            _step_with(on_fake=lambda logits, target: _entropy(logits, 1 - target)),
        ),
        Mistake(
            "This looks like smoothing on the wrong side: the real points' label is the one that is not 1.",
            _step_with(
                on_real=lambda logits, _: F.softplus(-logits),
                on_fake=lambda logits, target: _entropy(logits, 1 - target),
            ),
        ),
        Mistake(
            "This looks like swapped labels: real points are asked for the target, fake ones for 0.",
            _step_with(
                on_real=lambda logits, _: F.softplus(logits), on_fake=lambda logits, target: _entropy(logits, target)
            ),
        ),
        Mistake(
            "This looks like swapped labels: real points are asked for the target, fake ones for 0.",
            _step_with(
                on_real=lambda logits, target: _entropy(logits, 1 - target),
                on_fake=lambda logits, _: F.softplus(-logits),
            ),
        ),
        Mistake(
            "This looks like fake points that are asked for the target too: D is told to call everything real.",
            _step_with(on_fake=_entropy),
        ),
        Mistake(
            "This looks like labels without smoothing: the target is an argument that is waiting to be used.",
            _step_with(on_real=lambda logits, _: F.softplus(-logits)),
        ),
        Mistake(
            "This looks like the first half of the smoothed cross-entropy; where t is 0.9, the other 0.1 asks for the "
            "opposite.",
            _step_with(on_real=lambda logits, target: target * F.softplus(-logits)),
        ),
        Mistake(
            "This looks like gradients of an earlier step that are still there: backward adds to what it finds.",
            _step_with(order="backward step"),
        ),
        Mistake(
            "This looks like a D that stays where it is: is the optimizer's step made, and are the gradients still "
            "there when it is?",
            _step_with(order="backward zero step"),
        ),
        Mistake(
            "This looks like a D that stays where it is: is the optimizer's step made, and are the gradients still "
            "there when it is?",
            _step_with(order="zero backward"),
        ),
        Mistake(
            "This looks like D moving uphill; the optimizer already goes down the loss it is given.",
            _step_with(sign=-1.0),
        ),
        Mistake(
            "This looks like the optimizer's step made twice on one gradient.",
            _step_with(order="zero backward step step"),
        ),
        Mistake("This looks like the two terms of D without their half; see the equation.", _step_with(half=1.0)),
        Mistake(
            "This looks like the half in the number that is returned and not in the loss that D learns from.",
            _step_with(moved_by=2.0),
        ),
        Mistake("This looks like sums in place of means over the batch.", _step_with(mean=torch.sum)),
        Mistake(
            "This looks like a sigmoid applied twice: softplus, or a function whose name ends in with_logits, takes "
            "D's output as it is.",
            _step_with(
                on_real=lambda logits, target: _entropy(torch.sigmoid(logits), target),
                on_fake=lambda logits, _: F.softplus(torch.sigmoid(logits)),
            ),
        ),
        Mistake(
            "This looks like least squares; the task asks for the cross-entropy.",
            _step_with(
                on_real=lambda logits, target: (logits - target).square(), on_fake=lambda logits, _: logits.square()
            ),
        ),
        Mistake(
            "This looks like a squared error of probabilities; the task asks for the cross-entropy.",
            _step_with(
                on_real=lambda logits, target: (torch.sigmoid(logits) - target).square(),
                on_fake=lambda logits, _: torch.sigmoid(logits).square(),
            ),
        ),
        Mistake(
            "This looks like a detach after D in place of before it: D itself no longer learns from fake points.",
            _step_with(seen_of_fake=torch.Tensor.detach),
        ),
        *(
            Mistake(
                "This looks like a step of D that sends a gradient into G: D's loss has to end at the fake points, or "
                "it would teach G to be found out. Detach them; deleting the gradient afterwards comes too late.",
                _step_with(detached=False, cleared=cleared),
            )
            for cleared in (False, True)
        ),
        Mistake(
            "This looks like two steps, one for the real and one for the fake points; it is one step on the sum.",
            _in_two_parts,
        ),
    ),
)
check_discriminator_step = discriminator_step.check
