"""Lesson 4's checks: correct variants pass, and what is wrong in other ways is told so."""

import copy

import exercises
import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from checking.engine import WrongAnswer
from minicyclegan import losses

EXERCISES = exercises.EXERCISES[4]


# ---- Correct in another way --------------------------------------------------------------------------------------


def hinge_of_the_package(real, fake):
    return losses.discriminator_loss(real, fake, "hinge"), losses.generator_loss(fake, "hinge")


def hinge_by_min(real, fake):
    zero = torch.zeros(())
    D_pays = -torch.minimum(zero, real - 1).mean() - torch.minimum(zero, -fake - 1).mean()
    return [D_pays / 2, -(fake.sum() / fake.numel())]


def answers_of_the_odds(real_counts, fake_counts):
    with np.errstate(all="ignore"):
        odds = (real_counts / real_counts.sum()) / (fake_counts / fake_counts.sum())
        return np.where(np.isnan(odds), 0.5, 1 / (1 + 1 / odds))


def step_of_pytorch(G, D, optimizer, real, z, target):
    with torch.no_grad():
        fake = G(z)
    judged = D(torch.cat([real, fake]))
    targets = torch.cat([torch.full((len(real), 1), target), torch.zeros(len(fake), 1)])
    optimizer.zero_grad(set_to_none=False)
    loss = F.binary_cross_entropy_with_logits(judged, targets)  # one mean, since there are as many of each
    loss.backward()
    optimizer.step()
    return loss.detach()


def step_with_inputs(G, D, optimizer, real, z, target):
    judged, fake = D(real), D(G(z))
    loss = -(target * F.logsigmoid(judged) + (1 - target) * F.logsigmoid(-judged)).mean() - F.logsigmoid(-fake).mean()
    D.zero_grad()
    (loss / 2).backward(inputs=list(D.parameters()))
    optimizer.step()
    return loss.item() / 2


def step_in_two_backwards(G, D, optimizer, real, z, target):
    optimizer.zero_grad()
    entropy = nn.BCEWithLogitsLoss()
    on_real = entropy(D(real), torch.full((len(real), 1), target)) / 2
    on_real.backward()
    on_fake = entropy(D(G(z).detach()), torch.zeros(len(z), 1)) / 2
    on_fake.backward()
    optimizer.step()
    return on_real.item() + on_fake.item()


def penalty_picture_by_picture(D, real, fake, share):
    total = 0.0
    for r, f, s in zip(real, fake, share, strict=True):
        between = (s * r + (1 - s) * f)[None].detach().requires_grad_()
        (slope,) = torch.autograd.grad(D(between).mean(), between, create_graph=True)
        total = total + (slope.pow(2).sum().sqrt() - 1) ** 2
    return total / len(real)


def penalty_in_double(D, real, fake, share):
    exact = copy.deepcopy(D).double()
    between = torch.lerp(fake.double(), real.double(), share.double().view(-1, 1, 1, 1)).detach().requires_grad_()
    scores = torch.func.functional_call(
        exact, {name: weight.double() for name, weight in D.named_parameters()}, (between,)
    ).flatten(1)
    slope = torch.autograd.grad(scores.mean(1), between, torch.ones(len(real)).double(), create_graph=True)[0]
    return ((slope.square().sum((1, 2, 3)) + 1e-12).sqrt() - 1).pow(2).mean()


def squares_of_the_package(D, real, fake):
    return losses.discriminator_loss(D(real), D(fake.detach())), losses.generator_loss(D(fake))


def squares_of_pytorch(D, real, fake):
    on_real, on_fake, for_G = D(real), D(fake.clone().detach()), D(fake)
    D_pays = F.mse_loss(on_real, torch.ones_like(on_real)) + F.mse_loss(on_fake, torch.zeros_like(on_fake))
    return D_pays / 2, F.mse_loss(for_G, torch.ones_like(for_G))


VARIANTS = {
    "best_answers": [answers_of_the_odds],
    "hinge_losses": [hinge_of_the_package, hinge_by_min],
    "discriminator_step": [step_of_pytorch, step_with_inputs, step_in_two_backwards],
    "picture_penalty": [penalty_picture_by_picture, penalty_in_double],
    "least_squares_losses": [squares_of_the_package, squares_of_pytorch],
}


@pytest.mark.parametrize(
    ("name", "variant"),
    [pytest.param(name, variant, id=variant.__name__) for name, variants in VARIANTS.items() for variant in variants],
)
def test_a_correct_variant_is_never_rejected(name, variant, capsys):
    EXERCISES[name].check(variant)
    assert capsys.readouterr().out.startswith("✓")


def test_the_penalty_is_the_package_s():
    D, real, fake, _ = EXERCISES["picture_penalty"].inputs[0]
    share = torch.rand(len(real), generator=torch.Generator().manual_seed(7))
    ours = EXERCISES["picture_penalty"].reference(D, real, fake, share)
    theirs = losses.gradient_penalty(D, real, fake, share[:, None, None, None])
    torch.testing.assert_close(ours, theirs)


# ---- Examples by hand, as the tasks tell them ---------------------------------------------------------------------


def test_the_examples_by_hand():
    best = EXERCISES["best_answers"].reference(np.array([6, 2, 0]), np.array([1, 3, 0]))
    assert best.tolist() == [0.75, 0.25, 0.5]
    D_pays, G_pays = EXERCISES["hinge_losses"].reference(torch.tensor([2.0, 0.0]), torch.tensor([-3.0, 1.0]))
    assert (D_pays.item(), G_pays.item()) == (0.75, 1.0)

    def summed(pictures):
        return pictures.sum(dim=(1, 2, 3), keepdim=True).expand(-1, 1, 1, 3)

    penalty = EXERCISES["picture_penalty"].reference
    assert penalty(summed, torch.ones(1, 1, 2, 2), torch.zeros(1, 1, 2, 2), torch.ones(1)).item() == pytest.approx(1.0)

    def sure(points):
        return points[:, :1] * 0 - 9

    _, G_pays = EXERCISES["least_squares_losses"].reference(sure, torch.zeros(1, 2), torch.zeros(1, 2))
    assert G_pays.item() == 100.0
    assert (torch.sigmoid(torch.tensor(-9.0)) - 1).square().item() == pytest.approx(0.9998, abs=5e-5)


# ---- What is left behind -----------------------------------------------------------------------------------------


def backward_through_G(G, D, optimizer, real, z, target):
    loss = F.binary_cross_entropy_with_logits(D(G(z)), torch.zeros(len(z), 1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    G.zero_grad()
    return 1.0  # wrong as well: what is left behind comes first


def after(what):
    """A right step, and then something is done to the networks."""

    def step(G, D, *others):
        paid = step_of_pytorch(G, D, *others)
        what(G, D)
        return paid

    return step


LEFT_BEHIND = {
    "it sends a gradient into G": backward_through_G,
    "afterwards G is not in the mode it came in": after(lambda G, D: G.eval()),
    "afterwards D is not in the mode it came in": after(lambda G, D: D.train()),
    "afterwards G has another requires_grad": after(lambda G, D: G.requires_grad_(False)),
    "afterwards D has another requires_grad": after(lambda G, D: D.requires_grad_(False)),
    "it changes G's weights": after(lambda G, D: G.weight.data.mul_(0.9)),
    "it leaves a gradient in G (.grad)": after(lambda G, D: setattr(G.weight, "grad", G.weight.detach() + 1)),
}


@pytest.mark.parametrize("sentence", LEFT_BEHIND)
def test_a_step_is_told_what_it_left_behind(sentence):
    with pytest.raises(WrongAnswer) as told:
        EXERCISES["discriminator_step"].check(LEFT_BEHIND[sentence])
    assert str(told.value).startswith(f"task 4.3: {sentence}")


def test_a_penalty_that_stores_gradients_or_draws_shares_is_told_so():
    def stored(D, real, fake, share):
        penalty_in_double(D, real, fake, share).backward()
        return torch.zeros(())

    with pytest.raises(WrongAnswer, match=r"task 4\.4: it leaves a gradient in D \(\.grad\)"):
        EXERCISES["picture_penalty"].check(stored)
    with pytest.raises(WrongAnswer, match=r"task 4\.4: its answer changes from call to call"):
        EXERCISES["picture_penalty"].check(
            lambda D, real, fake, share: penalty_picture_by_picture(D, real, fake, torch.rand(len(share)))
        )


def test_one_loss_in_place_of_a_pair_is_told_so():
    for name, answer in {
        "hinge_losses": lambda real, fake: F.relu(1 - real).mean(),
        "least_squares_losses": lambda D, real, fake: D(real).mean(),
    }.items():
        with pytest.raises(WrongAnswer, match="it did not return a pair: first what D pays"):
            EXERCISES[name].check(answer)


# ---- Wrong in a way that no list holds ----------------------------------------------------------------------------


def test_an_unlisted_mistake_is_rejected_and_located():
    with pytest.raises(WrongAnswer, match="wrong; on input 1 of 3 what D pays first differs"):
        EXERCISES["hinge_losses"].check(
            lambda real, fake: (F.relu(2 - real).mean() + F.relu(1 + fake).mean(), -fake.mean())
        )
    with pytest.raises(WrongAnswer, match="it stopped on input 1 of 2 with AttributeError"):
        EXERCISES["least_squares_losses"].check(lambda D, real, fake: (D.missing, None))
