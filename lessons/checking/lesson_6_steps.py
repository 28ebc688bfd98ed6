"""Lesson 6: what both generators pay, and one step of both discriminators."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from checking.engine import Answer, Exercise, Mistake, WrongAnswer
from checking.lesson_4_steps import gradients

Part = Callable[[Tensor], Tensor]


class _Translator(nn.Module):
    """(N, 3, H, W) -> (N, 3, H, W)."""

    def __init__(self, draw: torch.Generator, bias: float):
        super().__init__()
        self.weight = nn.Parameter(0.5 * torch.randn(3, 3, 1, 1, generator=draw))
        self.bias = bias

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(F.conv2d(x, self.weight) + self.bias)  # (N, 3, H, W)


class _Judge(nn.Module):
    """(N, 3, H, W) -> logits (N, 1, H - 1, W - 1)."""

    def __init__(self, draw: torch.Generator, bias: float):
        super().__init__()
        self.weight = nn.Parameter(0.4 * torch.randn(1, 3, 2, 2, generator=draw))
        self.bias = nn.Parameter(torch.tensor([bias]))

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight, self.bias)  # (N, 1, H - 1, W - 1)


def translators(draw: torch.Generator) -> tuple[nn.Module, nn.Module]:
    """G_AB and G_BA."""
    return _Translator(draw, 0.2), _Translator(draw, -0.1)


def _four(draw: torch.Generator, training: bool) -> list[nn.Module]:
    networks = [*translators(draw), _Judge(draw, 0.3), _Judge(draw, -0.2)]
    return [network.train(training) for network in networks]


def _pictures(draw: torch.Generator, number: int, height: int, width: int) -> list[Tensor]:
    shape = (number, 3, height, width)
    return [torch.rand(shape, generator=draw) * 2 - 1, torch.rand(shape, generator=draw) * 1.2 - 0.9]


def _as_it_is(x: Tensor) -> Tensor:
    return x


# ---- Task 6.2: what both generators pay ---------------------------------------------------------------------------


def _pays_with(
    generators: str = "AB BA",
    swapped_starts: bool = False,
    judges: str = "B A",
    asked: Part = lambda logits: (logits - 1).square().mean(),
    price: Part = lambda difference: difference.abs().mean(),
    back: str = "BA AB",
    compared: str = "start",
    after_first: Part = _as_it_is,
    cycles: tuple[float, float] = (1.0, 1.0),
    identities: str = "BA AB",
    still: str = "start",
    identity_weights: tuple[float, float] = (0.5, 0.5),
    lambdas: Callable[[float, float], tuple[float, ...]] = lambda A, B: (A, B, A, B),
    gan: float = 1.0,
    judged: Part = _as_it_is,
    finish: Callable[[Any], Any] = lambda loss: loss,
) -> Answer:
    """The right loss, of which anything may be wrong. Pairs stand for the A side and the B side."""

    def loss(
        G_AB: nn.Module,
        G_BA: nn.Module,
        D_A: nn.Module,
        D_B: nn.Module,
        real_A: Tensor,
        real_B: Tensor,
        lambda_A: float,
        lambda_B: float,
    ) -> Any:
        G, D = {"AB": G_AB, "BA": G_BA}, {"A": D_A, "B": D_B}
        first, second = generators.split()
        starts = (real_B, real_A) if swapped_starts else (real_A, real_B)
        fake_B, fake_A = G[first](starts[0]), G[second](starts[1])  # (N, 3, H, W) each
        judge_B, judge_A = judges.split()
        total = gan * (asked(D[judge_B](judged(fake_B))) + asked(D[judge_A](judged(fake_A))))
        sides = ((real_A, real_B, fake_B, fake_A), (real_B, real_A, fake_A, fake_B))
        weights = lambdas(lambda_A, lambda_B)
        for side, (start, other, fake, of_this) in enumerate(sides):
            again = G[back.split()[side]](after_first(fake))  # (N, 3, H, W)
            kept = G[identities.split()[side]](start)  # (N, 3, H, W)
            targets = {"start": start, "other": other, "fake": fake, "of this": of_this}
            total = total + cycles[side] * weights[side] * price(again - targets[compared])
            total = total + identity_weights[side] * weights[2 + side] * price(kept - targets[still])
        return finish(total)

    return loss


def _backward(loss: Tensor) -> Tensor:
    loss.backward()
    return loss


def _backward_kept(loss: Tensor) -> Tensor:
    loss.backward(retain_graph=True)
    return loss


def _with_what_D_pays(
    G_AB: nn.Module, G_BA: nn.Module, D_A: nn.Module, D_B: nn.Module, real_A: Tensor, real_B: Tensor, *lambdas: float
) -> Tensor:
    of_real = (D_A(real_A) - 1).square().mean() + (D_B(real_B) - 1).square().mean()
    return of_real + _pays_with()(G_AB, G_BA, D_A, D_B, real_A, real_B, *lambdas)


def _as_if_paired(
    G_AB: nn.Module, G_BA: nn.Module, D_A: nn.Module, D_B: nn.Module, real_A: Tensor, real_B: Tensor, *lambdas: float
) -> Tensor:
    without_cycle = _pays_with(cycles=(0.0, 0.0))(G_AB, G_BA, D_A, D_B, real_A, real_B, *lambdas)
    off = [(G_BA(real_B) - real_A).abs().mean(), (G_AB(real_A) - real_B).abs().mean()]
    return without_cycle + lambdas[0] * off[0] + lambdas[1] * off[1]


def _observe_generators(
    answer: Answer,
    G_AB: nn.Module,
    G_BA: nn.Module,
    D_A: nn.Module,
    D_B: nn.Module,
    real_A: Tensor,
    real_B: Tensor,
    lambda_A: float,
    lambda_B: float,
) -> Any:
    loss = answer(G_AB, G_BA, D_A, D_B, real_A, real_B, lambda_A, lambda_B)
    if loss is None:
        return None
    into_AB, into_BA = gradients(loss, [G_AB.weight, G_BA.weight])
    return {"the loss": loss, "its gradient in G_AB": into_AB, "its gradient in G_BA": into_BA}


def _generators_inputs() -> list[tuple[Any, ...]]:
    draw = torch.Generator().manual_seed(62)
    return [
        (*_four(draw, True), *_pictures(draw, 2, 4, 5), 10.0, 4.0),
        (*_four(draw, False), *_pictures(draw, 3, 6, 4), 2.0, 7.0),
    ]


_BOTH_MISSING = "This looks like the loss without its identity terms, i_A and i_B; each counts with half its λ."
_ONE_WAY = "This looks like one direction of the cycle alone; both start pictures have to come back."

generators_loss = Exercise(
    "6.2",
    reference=_pays_with(),
    inputs=_generators_inputs(),
    observe=_observe_generators,
    mistakes=(
        Mistake(
            "This looks like discriminators exchanged: a fake B is a picture of domain B, and D_B judges that.",
            _pays_with(judges="A B"),
        ),
        Mistake(
            "This looks like generators exchanged everywhere: G_AB takes pictures of A.",
            _pays_with(generators="BA AB", back="AB BA", identities="AB BA"),
        ),
        Mistake(
            "This looks like generators exchanged when the fakes are made: G_AB takes real_A.",
            _pays_with(generators="BA AB"),
        ),
        Mistake(
            "This looks like generators exchanged when the fakes are made and on the way back; G_AB takes real_A.",
            _pays_with(generators="BA AB", back="AB BA"),
        ),
        Mistake(
            "This looks like a way back through the same generator; what G_AB made has to come back through G_BA.",
            _pays_with(back="AB BA"),
        ),
        Mistake(
            "This looks like an identity loss with the wrong generator: the one whose answers are in A is to leave "
            "pictures of A alone, and that is G_BA.",
            _pays_with(identities="AB BA"),
        ),
        Mistake(
            "This looks like an identity loss compared with a fake; the picture is to stay as it was.",
            _pays_with(still="of this"),
        ),
        Mistake(
            "This looks like an identity loss compared with the picture of the other domain; it is to stay as it was.",
            _pays_with(still="other"),
        ),
        Mistake(
            "This looks like a cycle compared with the fake in its middle; there and back again ends where it began.",
            _pays_with(compared="fake"),
        ),
        Mistake(
            "This looks like a cycle compared with a picture of the other domain; no pair exists, it must be the one "
            "that the cycle began with.",
            _pays_with(compared="other"),
        ),
        Mistake(
            "This looks like a cycle that is compared with the other domain's fake; it must be the real picture that "
            "the cycle began with.",
            _pays_with(compared="of this"),
        ),
        Mistake(
            "This looks like a cycle that is cut after its first generator: the first one learns nothing from it.",
            _pays_with(after_first=torch.Tensor.detach),
        ),
        Mistake(
            "This looks like fakes that are cut off before D, or a D without gradients: the generators must feel what "
            "D says. Detaching belongs to D's own step.",
            _pays_with(judged=torch.Tensor.detach),
        ),
        Mistake(
            "This looks like fakes compared with real pictures, as if they were pairs. Each has to come back first.",
            _as_if_paired,
        ),
        Mistake(
            "This looks like fakes that are called after the domain they come from; what G_AB makes is a fake B.",
            _pays_with(generators="BA AB", swapped_starts=True),
        ),
        Mistake(
            "This looks like λ_A and λ_B exchanged.",
            _pays_with(lambdas=lambda A, B: (B, A, B, A)),
        ),
        Mistake(
            "This looks like cycles with their own λ, and identities with the other's: what compares with a picture of "
            "A has λ_A.",
            _pays_with(lambdas=lambda A, B: (A, B, B, A)),
        ),
        *(
            Mistake("This looks like one λ for both domains; each has its own.", _pays_with(lambdas=lambdas))
            for lambdas in (lambda A, B: (A, A, A, A), lambda A, B: (B, B, B, B))
        ),
        Mistake(
            "This looks like identity losses in full; the equation has half a λ before them.",
            _pays_with(identity_weights=(1.0, 1.0)),
        ),
        Mistake(
            "This looks like identity losses with ½ and without λ.",
            _pays_with(lambdas=lambda A, B: (A, B, 1.0, 1.0)),
        ),
        Mistake(
            "This looks like cycle losses without λ; they would hardly count.",
            _pays_with(lambdas=lambda A, B: (1.0, 1.0, A, B)),
        ),
        Mistake("This looks like a sum without any λ.", _pays_with(lambdas=lambda A, B: (1.0, 1.0, 1.0, 1.0))),
        Mistake(_BOTH_MISSING, _pays_with(identity_weights=(0.0, 0.0))),
        Mistake(
            "This looks like one identity loss that is missing: there is one for each domain.",
            _pays_with(identity_weights=(0.5, 0.0)),
        ),
        Mistake(
            "This looks like one identity loss that is missing: there is one for each domain.",
            _pays_with(identity_weights=(0.0, 0.5)),
        ),
        Mistake(_ONE_WAY, _pays_with(cycles=(1.0, 0.0))),
        Mistake(_ONE_WAY, _pays_with(cycles=(0.0, 1.0))),
        Mistake("This looks like the loss without its cycle terms.", _pays_with(cycles=(0.0, 0.0))),
        Mistake("This looks like the loss without its GAN terms.", _pays_with(gan=0.0)),
        Mistake(
            "This looks like the GAN terms with a half; the half belongs to what a D pays, for its two parts.",
            _pays_with(gan=0.5),
        ),
        Mistake(
            "This looks like fakes that are asked to score 0: that is what D wants. G wants its fakes to score 1.",
            _pays_with(asked=lambda logits: logits.square().mean()),
        ),
        Mistake(
            "This looks like the logarithm of lesson 4; here it is least squares.",
            _pays_with(asked=lambda logits: F.softplus(-logits).mean()),
        ),
        Mistake(
            "This looks like a sigmoid before the squared error; least squares takes D's output as it is.",
            _pays_with(asked=lambda logits: (torch.sigmoid(logits) - 1).square().mean()),
        ),
        Mistake(
            "This looks like logits compared by their absolute value; least squares squares them.",
            _pays_with(asked=lambda logits: (logits - 1).abs().mean()),
        ),
        *(
            Mistake("This looks like sums in place of means, over pixels or patches.", answer)
            for answer in (
                _pays_with(price=lambda difference: difference.abs().sum()),
                _pays_with(price=lambda difference: difference.abs().sum() / len(difference)),
                _pays_with(asked=lambda logits: (logits - 1).square().sum()),
                _pays_with(
                    asked=lambda logits: (logits - 1).square().sum(), price=lambda difference: difference.abs().sum()
                ),
                _pays_with(
                    asked=lambda logits: (logits - 1).square().sum() / len(logits),
                    price=lambda difference: difference.abs().sum() / len(difference),
                ),
            )
        ),
        Mistake(
            "This looks like squared differences in the cycle and the identity; both are L1.",
            _pays_with(price=lambda difference: difference.square().mean()),
        ),
        Mistake(
            "This looks like differences without their absolute value.",
            _pays_with(price=lambda difference: difference.mean()),
        ),
        Mistake(
            "This looks like a loss that also holds what the discriminators pay for real pictures; no generator can "
            "change that.",
            _with_what_D_pays,
        ),
        Mistake(
            "This looks like a plain number, or a loss without its graph: the generators could learn nothing from it.",
            _pays_with(finish=torch.Tensor.item),
        ),
        *(
            Mistake(
                "This looks like a `backward` in the function; return the loss, whoever calls it does that.",
                _pays_with(finish=finish),
            )
            for finish in (_backward_kept, _backward, lambda loss: _backward(loss).item())
        ),
    ),
)
check_generators_loss = generators_loss.check


# ---- Task 6.3: one step of both discriminators --------------------------------------------------------------------


class _Pool:
    """Gives back something else than it was given, another thing each time; knows how often, and if with a graph."""

    def __init__(self, older: float):
        self.older, self.asked, self.attached = older, 0, False

    def query(self, pictures: Tensor) -> Tensor:
        self.asked += 1
        self.attached = self.attached or pictures.requires_grad
        return 0.6 * pictures + self.older * self.asked  # (N, 3, H, W)


Networks = Sequence[nn.Module]


def _step_with(
    generators: str = "BA AB",
    sources: str = "B A",
    pools: str = "A B",
    judges: str = "A B",
    reals: str = "A B",
    asked: Callable[[_Pool, Tensor], Tensor] = lambda pool, fake: pool.query(fake),
    on_real: Part = lambda logits: (logits - 1).square(),
    on_fake: Part = lambda logits: logits.square(),
    seen_of_fake: Part = _as_it_is,
    mean: Part = torch.mean,
    halves: tuple[float, float] = (0.5, 0.5),
    moved_by: tuple[float, float] = (1.0, 1.0),
    order: str = "zero backward step",
    made: tuple[Part, Part] = (torch.Tensor.detach, torch.Tensor.detach),
    thrown_away: bool = False,
    finish: Callable[[float, float], Any] = lambda A, B: (A, B),
) -> Answer:
    """The right step, of which anything may be wrong. Pairs stand for D_A and D_B."""

    def step(networks: Networks, both: Sequence[_Pool], optimizer: Any, real_A: Tensor, real_B: Tensor) -> Any:
        G, D = dict(zip(("AB", "BA"), networks[:2], strict=True)), dict(zip("AB", networks[2:], strict=True))
        pool, real = dict(zip("AB", both, strict=True)), {"A": real_A, "B": real_B}
        losses = []
        for side in (0, 1):
            fake = made[side](G[generators.split()[side]](real[sources.split()[side]]))  # (N, 3, H, W)
            shown, judge = asked(pool[pools.split()[side]], fake), D[judges.split()[side]]
            real_part = mean(on_real(judge(real[reals.split()[side]])))
            losses.append(halves[0] * real_part + halves[1] * mean(on_fake(seen_of_fake(judge(shown)))))
        objective = moved_by[0] * losses[0] + moved_by[1] * losses[1]
        calls = {"zero": optimizer.zero_grad, "backward": objective.backward, "step": optimizer.step}
        for name in order.split():
            calls[name]()
        for network in networks[:2] if thrown_away else ():
            network.zero_grad()
        return finish(losses[0].item(), losses[1].item())

    return step


def _paid_afterwards(networks: Networks, pools: Sequence[_Pool], optimizer: Any, real_A: Tensor, real_B: Tensor) -> Any:
    G_AB, G_BA, D_A, D_B = networks
    shown = pools[0].query(G_BA(real_B).detach()), pools[1].query(G_AB(real_A).detach())

    def pays(D: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
        return 0.5 * ((D(real) - 1).square().mean() + D(fake).square().mean())

    optimizer.zero_grad()
    (pays(D_A, real_A, shown[0]) + pays(D_B, real_B, shown[1])).backward()
    optimizer.step()
    return pays(D_A, real_A, shown[0]).item(), pays(D_B, real_B, shown[1]).item()


def _back_again(networks: Networks, pools: Sequence[_Pool], optimizer: Any, real_A: Tensor, real_B: Tensor) -> Any:
    G_AB, G_BA, D_A, D_B = networks
    again_A, again_B = G_BA(G_AB(real_A)).detach(), G_AB(G_BA(real_B)).detach()
    optimizer.zero_grad()
    losses = [
        0.5 * ((D(real) - 1).square().mean() + D(pool.query(again)).square().mean())
        for D, real, pool, again in ((D_A, real_A, pools[0], again_A), (D_B, real_B, pools[1], again_B))
    ]
    sum(losses).backward()
    optimizer.step()
    return losses[0].item(), losses[1].item()


def _observe_step(
    answer: Answer,
    G_AB: nn.Module,
    G_BA: nn.Module,
    D_A: nn.Module,
    D_B: nn.Module,
    pool_A: _Pool,
    pool_B: _Pool,
    real_A: Tensor,
    real_B: Tensor,
) -> dict[str, Any] | None:
    weights = [*D_A.parameters(), *D_B.parameters()]
    # Gradient descent: a factor on the loss shows, which Adam would hide. Momentum tells two steps from a long one.
    optimizer = torch.optim.SGD(weights, lr=0.3, momentum=0.9)
    for weight in weights:
        weight.grad = torch.full_like(weight, 0.3)  # left over from an earlier step
    paid = answer((G_AB, G_BA, D_A, D_B), (pool_A, pool_B), optimizer, real_A, real_B)
    if paid is None:
        return None
    try:
        of_A, of_B = paid
    except (TypeError, ValueError):
        raise WrongAnswer("it did not return a pair: first what D_A pays, then what D_B pays") from None
    return {
        "what D_A pays": of_A,
        "what D_B pays": of_B,
        "whether pool_A was handed fakes that are not detached": float(pool_A.attached),
        "whether pool_B was handed fakes that are not detached": float(pool_B.attached),
        "how often pool_A was asked": pool_A.asked,
        "how often pool_B was asked": pool_B.asked,
        "D_A's weights after the step": torch.cat([weight.detach().flatten() for weight in D_A.parameters()]),
        "D_B's weights after the step": torch.cat([weight.detach().flatten() for weight in D_B.parameters()]),
    }


def _step_inputs() -> list[tuple[Any, ...]]:
    draw = torch.Generator().manual_seed(63)
    return [
        (*_four(draw, True), _Pool(0.2), _Pool(-0.15), *_pictures(draw, 3, 4, 5)),
        (*_four(draw, False), _Pool(-0.1), _Pool(0.3), *_pictures(draw, 2, 6, 4)),
    ]


_STAYS = (
    "This looks like discriminators that stay where they are: is the step made, and are there gradients when it is?"
)
_ATTACHED = (
    "This looks like fakes that are not detached: a gradient goes into the generators. A discriminator's loss has to "
    "end at the fakes."
)
_NOT_DETACHED = (  # the fakes for both pools, for pool_A, for pool_B
    (_as_it_is, _as_it_is),
    (_as_it_is, torch.Tensor.detach),
    (torch.Tensor.detach, _as_it_is),
)
_HALF = "This looks like what each D pays without its half, for its two parts."

discriminators_step = Exercise(
    "6.3",
    parts=("what D_A pays", "what D_B pays"),
    reference=_step_with(),
    inputs=_step_inputs(),
    observe=_observe_step,
    mistakes=(
        Mistake(
            "This looks like the pools left out: each D is shown what its pool gives back, not the newest fakes.",
            _step_with(asked=lambda pool, fake: fake),
        ),
        Mistake(
            "This looks like pools that are asked, and then the newest fakes are shown all the same.",
            _step_with(asked=lambda pool, fake: (pool.query(fake), fake)[1]),
        ),
        Mistake(
            "This looks like the pools exchanged: pool_A keeps fakes of domain A.",
            _step_with(pools="B A"),
        ),
        Mistake(
            "This looks like a pool that is asked twice; it gives other pictures each time, and puts in the same ones "
            "again.",
            _step_with(asked=lambda pool, fake: (pool.query(fake), pool.query(fake))[1]),
        ),
        Mistake(
            "This looks like a pool that is asked twice: what it gave back goes in again.",
            _step_with(asked=lambda pool, fake: pool.query(pool.query(fake))),
        ),
        Mistake(
            "This looks like fakes of the wrong domain: what G_AB makes is a fake B, for D_B and pool_B.",
            _step_with(generators="AB BA", sources="A B"),
        ),
        Mistake(
            "This looks like generators exchanged: G_AB takes pictures of A.",
            _step_with(generators="AB BA"),
        ),
        Mistake(
            "This looks like generators fed with pictures of their target domain: G_AB takes real_A.",
            _step_with(sources="A B"),
        ),
        Mistake(
            "This looks like pictures that went there and back again; a D judges the fakes in the middle.",
            _back_again,
        ),
        Mistake(
            "This looks like the real pictures exchanged: D_A is shown real_A.",
            _step_with(reals="B A"),
        ),
        Mistake(
            "This looks like the discriminators exchanged: D_A judges pictures of domain A.",
            _step_with(judges="B A"),
        ),
        Mistake(
            "This looks like the discriminators exchanged, and their losses put back in order: D_A judges domain A.",
            _step_with(judges="B A", finish=lambda A, B: (B, A)),
        ),
        Mistake(
            "This looks like swapped labels: real pictures should score 1, fakes 0.",
            _step_with(on_real=torch.square, on_fake=lambda logits: (logits - 1).square()),
        ),
        Mistake(
            "This looks like fakes that are to score 1: that is what the generators want.",
            _step_with(on_fake=lambda logits: (logits - 1).square()),
        ),
        Mistake(_HALF, _step_with(halves=(1.0, 1.0))),
        Mistake(
            "This looks like a half before one of the two parts alone.",
            _step_with(halves=(0.5, 1.0)),
        ),
        Mistake(
            "This looks like a half before one of the two parts alone.",
            _step_with(halves=(1.0, 0.5)),
        ),
        Mistake(
            "This looks like one half too many: each D has its own already, and the step goes down the plain sum.",
            _step_with(moved_by=(0.5, 0.5)),
        ),
        Mistake(
            "This looks like a half in the numbers that are returned and not in what the discriminators learn from.",
            _step_with(moved_by=(2.0, 2.0)),
        ),
        Mistake(
            "This looks like a step on the loss of one D alone.",
            _step_with(moved_by=(1.0, 0.0)),
        ),
        Mistake(
            "This looks like a step on the loss of one D alone.",
            _step_with(moved_by=(0.0, 1.0)),
        ),
        Mistake(
            "This looks like gradients of an earlier step that are still there: backward adds to what it finds.",
            _step_with(order="backward step"),
        ),
        Mistake(_STAYS, _step_with(order="backward zero step")),
        Mistake(_STAYS, _step_with(order="zero backward")),
        Mistake(_STAYS, _step_with(order="")),
        Mistake(
            "This looks like the optimizer's step made twice; it holds the weights of both discriminators already.",
            _step_with(order="zero backward step step"),
        ),
        Mistake(
            "This looks like discriminators that move uphill; the optimizer goes down the loss it is given.",
            _step_with(moved_by=(-1.0, -1.0)),
        ),
        *(
            Mistake(_ATTACHED, _step_with(made=made, thrown_away=thrown_away))
            for made in _NOT_DETACHED
            for thrown_away in (False, True)
        ),
        *(
            Mistake(
                "This looks like pools that are handed fakes with a graph (detached only afterwards?). A pool would "
                "keep such graphs, and these pools don't detach: hand them detached fakes.",
                _step_with(made=made, asked=lambda pool, fake: pool.query(fake).detach()),
            )
            for made in _NOT_DETACHED
        ),
        Mistake(
            "This looks like a detach after D in place of before it: D itself no longer learns from fakes.",
            _step_with(seen_of_fake=torch.Tensor.detach),
        ),
        Mistake("This looks like sums in place of means.", _step_with(mean=torch.sum)),
        Mistake(
            "This looks like the logarithm of lesson 4; here it is least squares.",
            _step_with(on_real=lambda logits: F.softplus(-logits), on_fake=F.softplus),
        ),
        Mistake(
            "This looks like a sigmoid before the squared error; least squares takes D's output as it is.",
            _step_with(
                on_real=lambda logits: (torch.sigmoid(logits) - 1).square(),
                on_fake=lambda logits: torch.sigmoid(logits).square(),
            ),
        ),
        Mistake(
            "This looks like the right two numbers in the wrong order: D_A's comes first.",
            _step_with(finish=lambda A, B: (B, A)),
        ),
        Mistake(
            "This looks like what the discriminators pay after the step; return what they paid before it.",
            _paid_afterwards,
        ),
    ),
)
check_discriminators_step = discriminators_step.check
