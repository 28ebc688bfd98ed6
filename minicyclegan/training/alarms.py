"""Signs that a run goes wrong, which its losses don't show to those who have not seen many.

Each alarm has a sign that is measured, and a limit: the limits were fixed on some runs and tried on others, sound ones
and broken ones (docs/alarms.md; `python -m tests.benchmarks.alarms` measures it again).
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from minicyclegan.judging import metrics
from minicyclegan.judging.grid import pooled_grid
from minicyclegan.judging.nets import to_float
from minicyclegan.models import Model
from minicyclegan.networks import Direction
from minicyclegan.training.best import Scores, lowest, standings
from minicyclegan.training.curves import Curves
from minicyclegan.training.validation import View

YOUNG, AT_LEAST = 0.2, 100  # share of a run, and steps: until then an untrained network looks like a faulty one
WINDOW = 100  # steps over which losses are looked at

FLAT = 0.25  # contrast of the outputs, as a share of that of real pictures
ALIKE = 0.25  # differences among the outputs, as a share of those among real pictures
COPIED = 0.25  # change of the inputs, as a share of what their true counterparts need
COPIED_UNKNOWN = 0.02  # the same where no counterparts are known: of the range from black to white
INVERTED = -0.1  # correlation of the outputs' brightness with the truth's or, where that is not known, the inputs'; and
# of how much redder than blue they are with the truth's
TINT = 0.1  # of the range: by how much a colour is stronger or weaker in the outputs than in real pictures, on average
GRID, ENOUGH = 1.2, 2**17  # 255ths, of the pooled grid (judging/grid.py), beyond what real pictures have; of so many
# pixels: what fewer show by chance grows as the inverse of their root
# Two and a half grey levels of 255: far below what styles differ by, well above what numerical noise makes.
IGNORED = 0.01
WON = 0.04  # a discriminator's loss, as a share of what one pays that can't tell anything
BLIND = 0.03  # how near it is to that, and how little it varies, as a share of it
FALLING = 5  # validations since the best one, all of them worse

UNSURE = {"lsgan": 0.25, "vanilla": math.log(2), "minimax": math.log(2), "hinge": 1.0}  # ½(real + fake), judging alike


# Of each alarm, what is likely to have caused it, and what to do.
WORDS = {
    "flat": (
        "the generator has found one shade that no loss speaks against, often since the rate is too high",
        "begin anew with a lower --lr; look whether real pictures of both domains are in order",
    ),
    "alike": (
        "the generator paints one picture, whatever it is given, since that is enough for the discriminator",
        "a higher weight of the loss that holds on to the input (--lambda-cycle, --lambda-l1), or more pictures",
    ),
    "copies": (
        "leaving pictures as they are costs it least: the adversarial loss is outweighed, or A and B show the same",
        "a lower --lambda-identity and --lambda-cycle; look whether A and B are what they should be",
    ),
    "inverted": (
        "a cycle that inverts twice costs nothing, and the discriminator does not mind; or training pictures are "
        "negatives, or have their channels in another order",
        "look at the pictures; begin anew with another --seed, or with a higher --lambda-identity",
    ),
    "tint": (
        "the generator has drifted to a colour that the discriminator does not mind, or pictures differ in colour",
        "look at the training pictures; a higher --lambda-identity or --lambda-l1",
    ),
    "grid": (
        "upsampling by transposed convolutions, whose phases learn unequally",
        "--upsampling balanced, or nearest",
    ),
    "ignored code": (
        "the loss to the one true answer leaves no room for others",
        "a lower --lambda-l1 or --lambda-kl, or a higher --lambda-latent, gives it more to say",
    ),
    "discriminator has won": (
        "it is much stronger than the generator, or knows the training pictures by heart, or something trivial tells "
        "the domains apart: a border, grey against colour",
        "a smaller --disc-width or --disc-layers, more pictures; look whether anything trivial gives them away",
    ),
    "discriminator is blind": (
        "it has stopped learning, since its rate is too high, or A and B show the same",
        "begin anew with a lower --lr; look whether A and B are what they should be",
    ),
    "nothing learnt": (
        "a rate of zero, or weights that no optimizer has",
        "look at --lr and --decay, and at what the code hands to its optimizers",
    ),
    "falling": (
        "the run is past its best: it learns training pictures by heart, or has begun to invent",
        "stop: best.pt holds the best step; a shorter run (--steps), more pictures or a lower --lr may go further",
    ),
    "diverged": (
        "weights that grow without bounds, since the rate is too high",
        "begin anew with a lower --lr, or go on from the checkpoint, which may break again",
    ),
}


@dataclass(frozen=True)
class Alarm:
    """What is wrong, in one sentence; the direction that shows it; what to do, if not what WORDS says."""

    name: str
    text: str
    way: Direction | None = None
    remedy: str = ""

    def __str__(self) -> str:
        return "{text} ({cause}): {remedy}".format(**self.to_json())

    def to_json(self, picture: str | None = None) -> dict[str, str | None]:
        """As the log has it. picture: a file of the run's folder that shows it"""
        cause, remedy = WORDS[self.name]
        remedy = self.remedy or remedy
        return {"name": self.name, "text": self.text, "cause": cause, "remedy": remedy, "picture": picture}


def find_alarms(
    model: Model,
    views: Mapping[Direction, View],
    curves: Curves,
    scores: Scores,
    before: Mapping[str, tuple[float, float]],
    step: int,
    steps: int,
) -> list[Alarm]:
    """All alarms of a run. The model is in eval mode.

    before   `fingerprints` of the model when it was last looked at
    step     so many of the run's steps are done
    """
    found = list(of_weights(model, before))
    if step >= max(YOUNG * steps, AT_LEAST):
        found += [alarm for view in views.values() for alarm in of_pictures(view)]
        found += [*of_code(model, to_float(views["AtoB"].source[:6])), *of_losses(model, curves.latest(WINDOW))]
    return found + list(of_scores(scores))


# ---- Pictures ----------------------------------------------------------------------------------------------------


def signs(view: View) -> dict[str, float]:
    """What the limits are for, of one direction."""
    output, real = view.output, view.target
    known = view.source if view.truth is None else view.truth
    in_colour = view.truth is not None and view.truth.shape[1] == output.shape[1] == 3
    tint = _colour(output) - _colour(real)  # (3,)
    return {
        "contrast": (_contrast(output) / _contrast(real).clamp(min=1e-3)).item(),
        "variety": (_variety(output) / _variety(real).clamp(min=1e-3)).item(),
        "change": metrics.l1(view.source, output).mean().item(),
        "needed": math.nan if view.truth is None else metrics.l1(view.source, view.truth).mean().item(),
        "correlation": _correlation(metrics.luminance(output), metrics.luminance(known)).item(),
        "red": _correlation(_redness(output), _redness(known)).item() if in_colour else math.nan,
        "tint": (tint - tint.mean()).abs().max().item(),
        "grid": (pooled_grid(to_float(output).double()) - pooled_grid(to_float(real).double())).item(),
    }


def of_pictures(view: View) -> Iterator[Alarm]:
    """The alarms of one direction. What is flat is alike, too, and without colour: then nothing else is said."""
    found, way = signs(view), view.direction
    if found["contrast"] < FLAT:
        yield Alarm("flat", f"{way}: pictures are flat, with {found['contrast']:.0%} of real ones' contrast", way)
        return
    if found["variety"] < ALIKE:
        yield Alarm("alike", f"{way}: pictures are all alike: {found['variety']:.0%} as different as real ones", way)
    if found["change"] < (COPIED_UNKNOWN if math.isnan(found["needed"]) else COPIED * found["needed"]):
        text = f"{way}: the generator copies its input, but for {found['change']:.4f} of the range from black to white"
        yield Alarm("copies", text, way)
    if found["correlation"] < INVERTED:
        text = f"{way}: light and dark are exchanged: their correlation is {found['correlation']:.2f}"
        yield Alarm("inverted", text, way)
    elif found["red"] < INVERTED:
        yield Alarm("inverted", f"{way}: red and blue are exchanged: their correlation is {found['red']:.2f}", way)
    if found["tint"] > TINT:
        yield Alarm("tint", f"{way}: pictures have a tint: on average, a colour is off by {found['tint']:.0%}", way)
    if found["grid"] > GRID * max(1.0, ENOUGH / view.output[:, 0].numel()) ** 0.5:
        yield Alarm("grid", f"{way}: a grid lies over the pictures, {found['grid']:.1f} of 255 strong", way)


def _contrast(pictures: Tensor) -> Tensor:
    return metrics.luminance(pictures).flatten(1).std(1).median()


def _variety(pictures: Tensor) -> Tensor:
    return metrics.pairwise_difference(pictures[None])[0]


def _colour(pictures: Tensor) -> Tensor:
    return pictures.expand(-1, 3, -1, -1).double().mean((0, 2, 3)) / 255


def _redness(pictures: Tensor) -> Tensor:
    return pictures[:, 0].double() - pictures[:, 2].double()


def _correlation(x: Tensor, y: Tensor) -> Tensor:
    """Of each picture with its partner, (N, H, W) twice; their mean."""
    x, y = (z.flatten(1) - z.flatten(1).mean(1, keepdim=True) for z in (x, y))
    return ((x * y).sum(1) / (x.norm(dim=1) * y.norm(dim=1)).clamp(min=1e-9)).mean()


# ---- The code ----------------------------------------------------------------------------------------------------


def code_effect(model: Model, a: Tensor, codes: int = 4) -> float:
    """How far apart the answers to the same pictures are: mean absolute difference over pairs of codes, in [0, 1].

    a (N, C, H, W) in [-1, 1]; the model has a code, and is in eval mode.
    """
    z = torch.randn(codes, model.config.latent, generator=torch.Generator().manual_seed(0)).to(a)  # (codes, latent)
    with torch.no_grad():
        answers = [model.G(a, one.expand(len(a), -1)) for one in z]  # codes x (N, C, H, W)
    pairs = [(first, second) for i, second in enumerate(answers) for first in answers[:i]]
    return sum((first - second).abs().mean().item() / 2 for first, second in pairs) / len(pairs)


def of_code(model: Model, a: Tensor) -> Iterator[Alarm]:
    """A model that takes a code and gives the same answer whatever it says."""
    if not getattr(model.config, "latent", 0) or (effect := code_effect(model, a.to(model.device))) >= IGNORED:
        return
    text = f"the code is ignored: answers to one picture differ by {effect:.4f} of the range from black to white"
    # Without an encoder there is only one weight that speaks against the code.
    alone = "" if hasattr(model.config, "lambda_latent") else "a lower --lambda-l1 gives it more to say"
    yield Alarm("ignored code", text, "AtoB", alone)


# ---- Losses, weights, scores -------------------------------------------------------------------------------------


def of_losses(model: Model, losses: Mapping[str, np.ndarray]) -> Iterator[Alarm]:
    """Discriminators that tell everything, or nothing. losses: the last WINDOW of each term"""
    unsure = UNSURE.get(getattr(model.config, "gan_loss", ""), math.nan) * getattr(model.config, "disc_scales", 1)
    for name in (name for name in model.judges if len(losses.get(name, ())) == WINDOW):
        mean, spread = losses[name].mean() / unsure, losses[name].std() / unsure
        if mean < WON:
            text = f"{name} has won: it pays {mean:.1%} of what a discriminator pays that can't tell anything"
            yield Alarm("discriminator has won", text)
        if abs(mean - 1) < BLIND and spread < BLIND:
            text = f"{name} is blind: for {WINDOW} steps it has judged real and generated pictures alike"
            yield Alarm("discriminator is blind", text)


def fingerprints(model: Model) -> dict[str, tuple[float, float]]:
    """Of the networks that translate: two numbers each, which change with any weight."""
    found = {}
    for name in sorted(set(model.translators.values())):
        weights = torch.cat([weight.detach().flatten() for weight in getattr(model, name).parameters()])
        weights = weights.cpu().double()  # Apple's GPUs have no float64
        found[name] = weights.sum().item(), weights.norm().item()
    return found


def of_weights(model: Model, before: Mapping[str, tuple[float, float]]) -> Iterator[Alarm]:
    """Networks that are as they were when the run was last looked at."""
    same = [name for name, now in fingerprints(model).items() if now == before.get(name)]
    if same:
        text = f"{' and '.join(same)} learnt nothing since the last look: not a weight has changed"
        yield Alarm("nothing learnt", text)


def of_scores(scores: Scores) -> Iterator[Alarm]:
    """Figures that have been getting worse since the best step."""
    standing = standings(scores)
    best = lowest(standing) if standing else 0
    since = standing[best + 1 :]
    if len(since) < FALLING:
        return
    values = [score for _, score in scores]
    usual = statistics.median(abs(after - before) for before, after in itertools.pairwise(values))
    clearly = standing[best] + max(2 * usual, 0.2 * abs(standing[best]))
    if standing[best] < (least := min(values[-4:])) and clearly <= least:
        text = f"figures have got worse since step {scores[best][0]:,}, the best one: from {standing[best]:.3g} to "
        yield Alarm("falling", f"{text}{since[-1]:.3g} (lower is better)")


class Gradients:
    """Watches that gradients are numbers, without waiting for them: by their norm in each optimizer's step."""

    def __init__(self, model: Model):
        self.norms: dict[str, Tensor] = {}
        for optimizer in model.parts(torch.optim.Optimizer).values():
            weights = [weight for group in optimizer.param_groups for weight in group["params"]]
            known = set(map(id, weights))
            names = [name for name, net in model.named_children() if known & set(map(id, net.parameters()))]
            label = f"the gradient of {' and '.join(names)}"
            optimizer.register_step_pre_hook(lambda *_, ws=weights, label=label: self._note(label, ws))

    @torch.no_grad()
    def _note(self, label: str, weights: list[Tensor]) -> None:
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        if gradients:
            # Where the squares overflow, so do Adam's averages of them. (The largest value alone would take ten times
            # as long to find.)
            self.norms[label] = torch.stack(torch._foreach_norm(gradients)).sum()

    def latest(self) -> dict[str, Tensor]:
        """Of the last step, by what they are of: 0-d tensors. Copies, since a CUDA graph writes to one place."""
        return {label: value.clone() for label, value in self.norms.items()}
