"""Lesson 4's checks: every known mistake is told by its own hint, stubs are still to do, correct variants pass."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from checking import lesson_4, lesson_4_penalty, lesson_4_steps
from checking.engine import Exercise, WrongAnswer
from minicyclegan import losses

EXERCISES = {
    name: exercise
    for part in (lesson_4, lesson_4_steps, lesson_4_penalty)
    for name, exercise in vars(part).items()
    if isinstance(exercise, Exercise)
}
CASES = [
    pytest.param(exercise, mistake, id=f"{exercise.task}-{number}")
    for exercise in EXERCISES.values()
    for number, mistake in enumerate(exercise.mistakes)
]


def test_every_exercise_has_its_check():
    assert sorted(exercise.task for exercise in EXERCISES.values()) == ["4.1", "4.2", "4.3", "4.4", "4.5"]
    for name in EXERCISES:
        assert callable(getattr(lesson_4, f"check_{name}"))


@pytest.mark.parametrize(("exercise", "mistake"), CASES)
def test_a_known_mistake_is_told_by_its_own_hint(exercise, mistake):
    with pytest.raises(WrongAnswer) as told:
        exercise.check(mistake.answer)
    assert str(told.value) == f"task {exercise.task}: {mistake.hint}"


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=lambda exercise: exercise.task)
def test_the_reference_passes_and_a_stub_is_still_to_do(exercise, capsys):
    exercise.check(exercise.reference)
    assert capsys.readouterr().out.startswith(f"✓ task {exercise.task}")

    def stub(*arguments):
        raise NotImplementedError(f"task {exercise.task}: the name of it")

    with pytest.raises(WrongAnswer, match=rf"task {exercise.task}: the name of it: still to do"):
        exercise.check(stub)
    with pytest.raises(WrongAnswer, match="returned None"):
        exercise.check(lambda *arguments: None)


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
    "a gradient was computed for G": backward_through_G,
    "afterwards G is not in the mode it came in, but in eval mode": after(lambda G, D: G.eval()),
    "afterwards D is not in the mode it came in, but in eval mode": after(lambda G, D: D.eval()),
    "afterwards G is not in the mode it came in, but in training mode": after(lambda G, D: G.train()),
    "afterwards G's weights are frozen": after(lambda G, D: G.requires_grad_(False)),
    "afterwards D's weights are frozen": after(lambda G, D: D.requires_grad_(False)),
    "afterwards G's weights or running statistics have changed": after(lambda G, D: G.weight.data.mul_(0.9)),
    "afterwards a gradient lies in G's weights": after(lambda G, D: setattr(G.weight, "grad", G.weight.detach() + 1)),
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

    with pytest.raises(WrongAnswer, match=r"task 4\.4: afterwards a gradient lies in D's weights"):
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
