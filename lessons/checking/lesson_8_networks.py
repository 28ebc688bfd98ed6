"""Lesson 8's exercises with networks: what the two discriminators pay, and a latent regression with a bug in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import skip_init

from checking.engine import Answer, Exercise, Mistake
from checking.lesson_4_steps import gradients


def _gradient(loss: Tensor, network: nn.Module) -> Tensor:
    """Of a loss in all weights of a network, in one row; zeros where none arrives."""
    return torch.cat([one.flatten() for one in gradients(loss, list(network.parameters()))])


# Task 8.4: two discriminators


class Judge(nn.Module):
    """Pairs (N, 6, H, W) -> logits (N, 1, H - 1, W - 1)."""

    def __init__(self, draw: torch.Generator):
        super().__init__()
        self.first = nn.Parameter(torch.randn(4, 6, 2, 2, generator=draw) / 2)
        self.second = nn.Parameter(torch.randn(1, 4, 1, 1, generator=draw))

    def forward(self, pairs: Tensor) -> Tensor:
        return F.conv2d(torch.tanh(F.conv2d(pairs, self.first)), self.second) + 0.3  # (N, 1, H - 1, W - 1)


def _squares(real: Tensor, fake: Tensor) -> Tensor:
    return 0.5 * ((real - 1).square().mean() + fake.square().mean())


Half = Callable[[Tensor], Tensor]  # of a batch


def _first(x: Tensor) -> Tensor:
    return x[: len(x) // 2]


def _second(x: Tensor) -> Tensor:
    return x[len(x) // 2 :]


def _pay_with(
    real_vae: tuple[Half, Half] = (_first, _first),
    real_lr: tuple[Half, Half] = (_second, _second),
    beside_lr: Half = _first,
    judges: str = "vae lr",
    fakes: str = "vae lr",
    pay: Callable[[Tensor, Tensor], Tensor] = _squares,
    cut: Half = torch.Tensor.detach,
    verdict: Callable[[Tensor], Tensor] = lambda logits: logits,
    pair: Callable[[Tensor, Tensor], Tensor] = lambda a, b: torch.cat([a, b], dim=1),
) -> Answer:
    """The right losses, of which anything may be wrong: whose halves are real, which D and which fake it is."""

    def losses(
        D_vae: nn.Module, D_lr: nn.Module, a: Tensor, b: Tensor, fake_vae: Tensor, fake_lr: Tensor
    ) -> tuple[Tensor, ...]:
        D, fake = {"vae": D_vae, "lr": D_lr}, {"vae": fake_vae, "lr": fake_lr}
        rows = zip(judges.split(), fakes.split(), (real_vae, real_lr), (_first, beside_lr), strict=True)
        return tuple(
            pay(
                D[judge](pair(of_a(a), of_b(b))),
                verdict(D[judge](pair(beside(a), cut(fake[name])))),
            )
            for judge, name, (of_a, of_b), beside in rows
        )

    return losses


def _fooled(D_vae: nn.Module, D_lr: nn.Module, a: Tensor, b: Tensor, *fakes: Tensor) -> tuple[Tensor, ...]:
    rows = zip((D_vae, D_lr), fakes, strict=True)
    return tuple((D(torch.cat([_first(a), fake], dim=1)) - 1).square().mean() for D, fake in rows)


def _without_gradients(*arguments: Any) -> Any:
    with torch.no_grad():
        return _pay_with()(*arguments)


def _observe_pay(
    answer: Answer, D_vae: nn.Module, D_lr: nn.Module, a: Tensor, b: Tensor, fake_vae: Tensor, fake_lr: Tensor
) -> Any:
    fakes = [fake.requires_grad_() for fake in (fake_vae, fake_lr)]
    result = answer(D_vae, D_lr, a, b, *fakes)
    if not (
        isinstance(result, Sequence) and len(result) == 2 and all(isinstance(one, Tensor | float) for one in result)
    ):
        return result
    total = torch.as_tensor(result[0]) + torch.as_tensor(result[1])
    learn = [fake for fake in fakes if fake.requires_grad]
    reached = bool(learn and total.requires_grad) and any(
        bool(one.any())
        for one in torch.autograd.grad(total.sum(), learn, retain_graph=True, allow_unused=True, materialize_grads=True)
    )
    return {
        "what D_vae pays": result[0],
        "what D_lr pays": result[1],
        "whether a gradient reaches the fakes, and so G": float(reached),
        "the gradient in D_vae": _gradient(total, D_vae),
        "the gradient in D_lr": _gradient(total, D_lr),
    }


def _pay_inputs() -> list[tuple[Any, ...]]:
    draw = torch.Generator().manual_seed(84)

    def pictures(count: int) -> Tensor:
        return torch.rand(count, 3, 4, 5, generator=draw) * 2 - 1

    return [(Judge(draw), Judge(draw), pictures(n), pictures(n), pictures(n // 2), pictures(n // 2)) for n in (4, 6)]


discriminators_pay = Exercise(
    "8.4",
    reference=_pay_with(),
    inputs=_pay_inputs(),
    observe=_observe_pay,
    mistakes=(
        Mistake(
            "This looks like one D for both: D_vae judges all fakes, and D_lr learns nothing.",
            _pay_with(judges="vae vae"),
        ),
        Mistake(
            "This looks like one D for both: D_lr judges all fakes, and D_vae learns nothing.",
            _pay_with(judges="lr lr"),
        ),
        Mistake(
            "This looks like the fakes in each other's place: D_vae should judge those from encoded codes, D_lr "
            "those from random ones.",
            _pay_with(fakes="lr vae"),
        ),
        Mistake("This looks like the two D in each other's place.", _pay_with(judges="lr vae")),
        Mistake(
            "This looks like fakes that are not detached: D's loss sends a gradient on into G, and would teach it to "
            "be found out.",
            _pay_with(cut=lambda fake: fake),
        ),
        Mistake(
            "This looks like `detach_()`, which cuts the fake itself off from G, for all who use it later. `detach()`, "
            "without the underscore, gives a copy without a graph.",
            _pay_with(cut=torch.Tensor.detach_),
        ),
        Mistake(
            "This looks like D_lr shown the first half as real, the very answers that were encoded; give it the "
            "second.",
            _pay_with(real_lr=(_first, _first)),
        ),
        Mistake(
            "This looks like D_lr's fakes beside the second half's label maps: they were painted for the first half's, "
            "so no pair fits, and D finds them out by that.",
            _pay_with(beside_lr=_second),
        ),
        Mistake(
            "This looks like the halves in each other's place: D_vae should get the first as real, D_lr the second.",
            _pay_with(real_vae=(_second, _second), real_lr=(_first, _first)),
        ),
        Mistake(
            "This looks like real pairs made of two halves: an answer beside a label map that is not its own.",
            _pay_with(real_lr=(_first, _second)),
        ),
        Mistake(
            "This looks like real pairs made of two halves: an answer beside a label map that is not its own.",
            _pay_with(real_lr=(_second, _first)),
        ),
        Mistake(
            "This looks like the whole batch as real, for both; each D gets a half.",
            _pay_with(real_vae=(torch.clone, torch.clone), real_lr=(torch.clone, torch.clone)),
        ),
        Mistake(
            "This looks like every other pair; the halves are the first N / 2 and the last N / 2.",
            lambda D_vae, D_lr, a, b, *fakes: _pay_with()(
                D_vae, D_lr, *(torch.cat([x[::2], x[1::2]]) for x in (a, b)), *fakes
            ),
        ),
        Mistake(
            "This looks like the two terms of each D without their half.",
            _pay_with(pay=lambda real, fake: 2 * _squares(real, fake)),
        ),
        Mistake(
            "This looks like exchanged targets: real pairs should be asked for 1, fake ones for 0.",
            _pay_with(pay=lambda real, fake: _squares(fake, real)),
        ),
        Mistake(
            "This looks like answer first and then question: D learned to see the label map in the first channels.",
            _pay_with(pair=lambda a, b: torch.cat([b, a], dim=1)),
        ),
        Mistake(
            "This looks like logits that are detached in place of fakes: so D itself learns nothing from them.",
            _pay_with(verdict=torch.Tensor.detach),
        ),
        Mistake(
            "This looks like one sum of both losses; return two, for each D has an optimizer of its own.",
            lambda *arguments: sum(_pay_with()(*arguments)),
        ),
        Mistake(
            "This looks like the two losses in each other's place; D_vae's comes first.",
            lambda *arguments: _pay_with()(*arguments)[::-1],
        ),
        Mistake("This looks like what G pays for not fooling the two D; the task asks what they pay.", _fooled),
        Mistake(
            "This looks like the cross-entropy; the task asks for least squares.",
            _pay_with(pay=lambda real, fake: 0.5 * (F.softplus(-real).mean() + F.softplus(fake).mean())),
        ),
        Mistake(
            "This looks like losses without a gradient (`no_grad`, or `item()`?): D must learn from them. Detach the "
            "fakes alone.",
            _without_gradients,
        ),
        Mistake(
            "This looks like sums in place of means.",
            _pay_with(pay=lambda real, fake: 0.5 * ((real - 1).square().sum() + fake.square().sum())),
        ),
    ),
)
check_discriminators_pay = discriminators_pay.check


# Task 8.5: spot the bug in a latent regression


class Brush(nn.Module):
    """Questions (N, 3, H, W) and codes (N, latent) -> answers (N, 3, H, W)."""

    def __init__(self, latent: int, draw: torch.Generator):
        super().__init__()
        self.tint = nn.Parameter(torch.randn(latent, 3, generator=draw))

    def forward(self, a: Tensor, z: Tensor) -> Tensor:
        return torch.tanh(a + (z @ self.tint)[:, :, None, None] * (1 + a))  # (N, 3, H, W)


class Reader(nn.Module):
    """Answers (N, 3, H, W) -> mean and log variance, (N, latent) each; its batch norm tells in which mode."""

    def __init__(self, latent: int, draw: torch.Generator):
        super().__init__()
        self.shared = skip_init(nn.Linear, 3, 5)
        self.norm = nn.BatchNorm1d(5)
        self.to_mean, self.to_log_variance = (skip_init(nn.Linear, 5, latent) for _ in "mv")
        for weight in self.parameters():
            nn.init.normal_(weight, generator=draw)

    def forward(self, b: Tensor) -> tuple[Tensor, Tensor]:
        colour = torch.sin(2 * b).mean((2, 3))  # (N, 3)
        shared = self.norm(torch.tanh(self.shared(colour)))  # (N, 5)
        return self.to_mean(shared), self.to_log_variance(shared) / 3 - 0.5  # (N, latent) each


def _drawn(mean: Tensor, log_variance: Tensor) -> Tensor:
    return mean + torch.randn_like(mean) * (0.5 * log_variance).exp()


def _regression_with(
    read: Callable[[Tensor, Tensor], Tensor] = lambda mean, log_variance: mean,
    frozen: Callable[[nn.Module], Any] = nn.Module.parameters,
    thawed: bool = True,
    seen: Callable[[nn.Module, Tensor, Tensor], Tensor] = lambda G, a, z: G(a, z),
    pay: Callable[[Tensor], Tensor] = lambda difference: difference.abs().mean(),
    finish: Callable[[Tensor], Any] = lambda loss: loss,
    cleared: str = "",
) -> Answer:
    """The right loss, of which anything may be wrong: what is read off which picture, and who learns from it."""

    def regression(G: nn.Module, E: nn.Module, a: Tensor, z: Tensor) -> Tensor:
        for name in cleared:
            {"G": G, "E": E}[name].zero_grad()
        for weight in frozen(E):
            weight.requires_grad_(False)
        loss = pay(read(*E(seen(G, a, z))) - z)
        if thawed:
            E.requires_grad_(True)
        return finish(loss)

    return regression


def _none(E: nn.Module) -> tuple[nn.Parameter, ...]:
    return ()


def _weights_alone(E: nn.Module) -> list[nn.Parameter]:
    return [weight for name, weight in E.named_parameters() if "bias" not in name]


def _in_eval_mode(
    frozen: Callable[[nn.Module], Any] = nn.Module.parameters,
    read: Callable[[Tensor, Tensor], Tensor] = lambda mean, log_variance: mean,
    networks: str = "E",
    then: Callable[[nn.Module, bool], Any] = lambda network, before: None,
) -> Answer:
    def regression(G: nn.Module, E: nn.Module, a: Tensor, z: Tensor) -> Tensor:
        of = {"G": G, "E": E}
        before = {name: of[name].training for name in networks}
        for name in networks:
            of[name].eval()
        loss = _regression_with(read, frozen)(G, E, a, z)
        for name in networks:
            then(of[name], before[name])
        return loss

    return regression


def _backward(loss: Tensor) -> Tensor:
    loss.backward()
    return loss


def _backward_kept(loss: Tensor) -> Tensor:
    loss.backward(retain_graph=True)
    return loss


def _observe_regression(answer: Answer, G: nn.Module, E: nn.Module, a: Tensor, z: Tensor) -> Any:
    before = E.training
    for weight in (*G.parameters(), *E.parameters()):
        weight.grad = torch.full_like(weight, 0.3)  # of another loss
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)  # so that a draw is the same for all who draw
        loss = answer(G, E, a, z)
    if not isinstance(loss, Tensor | float):
        return loss
    loss = torch.as_tensor(loss)
    could_learn, mode = all(weight.requires_grad for weight in E.parameters()), E.training
    into_E = _gradient(loss, E.requires_grad_())
    return {
        "the loss": loss,
        "whether E's weights can still learn afterwards": float(could_learn),
        "whether E is in the mode it came in": float(mode == before),
        "whether a gradient reaches E": float(bool(into_E.any())),
        "the gradient in E": into_E,
        "the gradient in G": _gradient(loss, G),
    }


def _regression_inputs() -> list[tuple[Any, ...]]:
    draw = torch.Generator().manual_seed(85)
    inputs = []
    for n, latent, training in ((3, 4, True), (4, 2, False)):
        G, E = Brush(latent, draw).train(training), Reader(latent, draw).train(training)
        inputs.append((G, E, torch.rand(n, 3, 3, 4, generator=draw) - 0.5, torch.randn(n, latent, generator=draw)))
    return inputs


_MODES = (lambda network, before: network.train(), nn.Module.train)  # afterwards: whatever it was, as it was

NO_WAY_TO_G = (
    "This looks like a loss from which no gradient reaches G, and G is who should learn from it: the gradient has to "
    "run through E, but not into its weights."
)
STILL_LEARNS = (
    "This looks like an E whose weights still learn from this loss: E and G together would hide the code in the "
    "picture. Only G may."
)

latent_regression = Exercise(
    "8.5",
    reference=_regression_with(),
    inputs=_regression_inputs(),
    observe=_observe_regression,
    mistakes=(
        Mistake(
            "This still looks like the bug, both halves of it: E learns from this loss, and its answer is a draw.",
            _regression_with(_drawn, frozen=_none),
        ),
        Mistake(STILL_LEARNS, _regression_with(frozen=_none)),
        Mistake(
            "This looks like a code that is drawn around E's mean; compare the mean itself. (That E no longer learns "
            "from it is right.)",
            _regression_with(_drawn),
        ),
        Mistake(
            "This looks like a code that is drawn around E's mean, and with σ² in place of σ; compare the mean itself.",
            _regression_with(lambda mean, v: mean + torch.randn_like(mean) * v.exp()),
        ),
        Mistake(
            "This looks like an E whose weights are frozen and stay so: it could learn nothing from the other cycle "
            "either. Thaw them again.",
            _regression_with(thawed=False),
        ),
        Mistake(
            "This looks like a gradient that ends before it reaches G (is the fake detached, or G frozen?), so that E "
            "learns in its place. Only G may.",
            _regression_with(frozen=_none, seen=lambda G, a, z: G(a, z).detach()),
        ),
        Mistake(NO_WAY_TO_G, _regression_with(seen=lambda G, a, z: G(a, z).detach())),
        Mistake(NO_WAY_TO_G, _regression_with(lambda mean, log_variance: mean.detach())),
        Mistake(
            "This looks like an E in eval mode: that stops dropout and running statistics, and no gradient. And it "
            "stays in it.",
            _in_eval_mode(_none),
        ),
        Mistake(
            "This looks like an E that stays in eval mode afterwards; it was in training mode.",
            _in_eval_mode(),
        ),
        *(
            Mistake(
                "This looks like an E that is switched to eval mode for the call, and reads the picture in another "
                "way. Call E in the mode it came in, and leave it in that.",
                answer,
            )
            for answer in (
                *(_in_eval_mode(frozen, then=then) for frozen in (nn.Module.parameters, _none) for then in _MODES),
                *(_in_eval_mode(networks="GE", then=then) for then in _MODES),
            )
        ),
        *(
            Mistake(
                "This looks like some weights of E that are frozen while others (its biases?) still learn from this "
                "loss; freeze them all.",
                _regression_with(frozen=frozen),
            )
            for frozen in (_weights_alone, lambda E: [next(E.parameters())], lambda E: E.to_mean.parameters())
        ),
        *(
            Mistake(
                "This looks like a `zero_grad` that deletes gradients which other losses have left in the weights; "
                "this function has to leave them.",
                _regression_with(cleared=networks),
            )
            for networks in ("GE", "E", "G")
        ),
        *(
            Mistake(
                "This looks like a `backward` in the function; return the loss, whoever calls it does that.", answer
            )
            for answer in (
                _regression_with(frozen=frozen, finish=finish)
                for finish in (_backward_kept, _backward, lambda loss: _backward(loss).item())
                for frozen in (nn.Module.parameters, _none)
            )
        ),
        Mistake(
            "This looks like squared differences; the paper's latent loss is an L1.",
            _regression_with(pay=lambda difference: difference.square().mean()),
        ),
        Mistake(
            "This looks like a sum; the latent loss is a mean over pictures and numbers of the code.",
            _regression_with(pay=lambda difference: difference.abs().sum()),
        ),
        Mistake(
            "This looks like differences with their signs, which cancel; where is the absolute value?",
            _regression_with(pay=torch.mean),
        ),
        Mistake(
            "This looks like the log variance compared with the code; E's mean is what it read.",
            _regression_with(lambda mean, log_variance: log_variance),
        ),
        Mistake(
            "This looks like the code of the question: E has to read the answer that G painted.",
            _regression_with(seen=lambda G, a, z: a),
        ),
        Mistake(
            "This looks like an answer painted with another code than the one that it is compared with.",
            _regression_with(seen=lambda G, a, z: G(a, torch.randn_like(z))),
        ),
        Mistake(
            "This looks like an answer painted with another picture's code.",
            _regression_with(seen=lambda G, a, z: G(a, z.roll(1, 0))),
        ),
    ),
)
check_latent_regression = latent_regression.check
