"""Lesson 6's checks: correct variants pass, and what is wrong in other ways is told so."""

import exercises
import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from checking.engine import WrongAnswer
from minicyclegan import losses
from minicyclegan.image_pool import ImagePool
from minicyclegan.models.cyclegan import CycleGAN, CycleGANConfig

EXERCISES = exercises.EXERCISES[6]


# ---- Correct in another way --------------------------------------------------------------------------------------


def share_by_loops(fakes, truths):
    hits = 0
    for k, fake in enumerate(fakes):
        distances = [np.sum(np.abs(fake.astype(np.int16) - truth)) for truth in truths]
        hits += int(np.argmin(distances) == k)
    return hits / len(fakes)


def share_by_pytorch(fakes, truths):
    flat = [torch.from_numpy(pictures).flatten(1).double() for pictures in (fakes, truths)]
    return (torch.cdist(*flat, p=1).argmin(1) == torch.arange(len(fakes))).double().mean()


def loss_of_the_package(G_AB, G_BA, D_A, D_B, real_A, real_B, lambda_A, lambda_B):
    model = CycleGAN(CycleGANConfig(), G_AB=G_AB, G_BA=G_BA, D_A=D_A, D_B=D_B)
    terms = model.generator_losses(real_A, real_B, G_BA(real_B), G_AB(real_A))
    in_A = terms["cycle_A"] + 0.5 * terms["identity_A"]
    in_B = terms["cycle_B"] + 0.5 * terms["identity_B"]
    return terms["gan_AB"] + terms["gan_BA"] + lambda_A * in_A + lambda_B * in_B


def loss_of_pytorch(G_AB, G_BA, D_A, D_B, real_A, real_B, lambda_A, lambda_B):
    l1, mse = nn.L1Loss(), nn.MSELoss()
    fake_A, fake_B = G_BA(real_B), G_AB(real_A)
    logits_A, logits_B = D_A(fake_A), D_B(fake_B)
    loss = mse(logits_A, torch.ones_like(logits_A)) + mse(logits_B, torch.ones_like(logits_B))
    loss += lambda_A * l1(real_A, G_BA(fake_B)) + lambda_B * l1(real_B, G_AB(fake_A))
    return loss + (lambda_A * l1(G_BA(real_A), real_A) + lambda_B * l1(G_AB(real_B), real_B)) / 2


def step_of_the_package(networks, pools, optimizer, real_A, real_B):
    G_AB, G_BA, D_A, D_B = networks
    with torch.no_grad():
        fakes = G_BA(real_B), G_AB(real_A)
    optimizer.zero_grad()
    paid = [
        losses.discriminator_loss(D(real), D(pool.query(fake)))
        for D, real, pool, fake in zip((D_A, D_B), (real_A, real_B), pools, fakes, strict=True)
    ]
    torch.stack(paid).sum().backward()
    optimizer.step()
    return paid


def step_in_two_backwards(networks, pools, optimizer, real_A, real_B):
    G_AB, G_BA, D_A, D_B = networks
    optimizer.zero_grad(set_to_none=False)
    paid = ()
    for D, real, pool, fake in ((D_B, real_B, pools[1], G_AB(real_A)), (D_A, real_A, pools[0], G_BA(real_B))):
        on_real, on_fake = D(real), D(pool.query(fake.detach()))
        loss = (F.mse_loss(on_real, torch.ones_like(on_real)) + F.mse_loss(on_fake, torch.zeros_like(on_fake))) / 2
        loss.backward()
        paid = (loss.detach(), *paid)
    optimizer.step()
    return paid


def cycles_of_the_package(G_AB, G_BA, real_A, real_B):
    return losses.cycle_loss(G_BA(G_AB(real_A)), real_A), losses.cycle_loss(G_AB(G_BA(real_B)), real_B)


def cycles_of_pytorch(G_AB, G_BA, real_A, real_B):
    return [F.l1_loss(real_A, G_BA(G_AB(real_A))), F.l1_loss(real_B, G_AB(G_BA(real_B)))]


VARIANTS = {
    "share_in_place": [share_by_loops, share_by_pytorch],
    "generators_loss": [loss_of_the_package, loss_of_pytorch],
    "discriminators_step": [step_of_the_package, step_in_two_backwards],
    "cycle_losses": [cycles_of_the_package, cycles_of_pytorch],
}


@pytest.mark.parametrize(
    ("name", "variant"),
    [pytest.param(name, variant, id=variant.__name__) for name, variants in VARIANTS.items() for variant in variants],
)
def test_a_correct_variant_is_never_rejected(name, variant, capsys):
    EXERCISES[name].check(variant)
    assert capsys.readouterr().out.startswith("✓")


# ---- Examples by hand, as the tasks tell them ---------------------------------------------------------------------


def test_the_examples_by_hand():
    fakes, truths = (np.uint8(values).reshape(-1, 1, 1, 1).repeat(3, 3) for values in ([10, 200, 60], [20, 90, 100]))
    assert EXERCISES["share_in_place"].reference(fakes, truths) == pytest.approx(1 / 3)

    def nothing(pictures):
        return 0 * pictures

    pictures = torch.zeros(2, 3, 4, 4)
    loss = EXERCISES["generators_loss"].reference(
        lambda x: x + 0.5, lambda x: x - 0.25, nothing, nothing, pictures, pictures, 10, 4
    )
    assert loss.item() == pytest.approx(7.75)

    ones = torch.ones(1, 3, 2, 2)
    cycles = EXERCISES["cycle_losses"].reference(lambda x: 2 * x, lambda x: x + 0.5, ones, ones)
    assert [loss.item() for loss in cycles] == [1.5, 2.0]

    half = nn.Conv2d(3, 1, 1)
    nn.init.zeros_(half.weight)
    nn.init.constant_(half.bias, 0.5)
    networks = nn.Identity(), nn.Identity(), half, half
    optimizer = torch.optim.SGD(half.parameters(), lr=0.1)
    paid = EXERCISES["discriminators_step"].reference(networks, (ImagePool(0), ImagePool(0)), optimizer, ones, ones)
    assert paid == (0.25, 0.25)


# ---- What is left behind -----------------------------------------------------------------------------------------


def attached(networks, pools, optimizer, real_A, real_B):
    G_AB, G_BA, D_A, D_B = networks
    shown = pools[0].query(G_BA(real_B)), pools[1].query(G_AB(real_A))
    paid = [losses.discriminator_loss(D(r), D(s)) for D, r, s in zip((D_A, D_B), (real_A, real_B), shown, strict=True)]
    optimizer.zero_grad()
    sum(paid).backward()
    optimizer.step()
    G_AB.zero_grad()
    G_BA.zero_grad()
    return paid


def test_fakes_that_are_not_detached_are_told_so_even_if_the_gradient_is_thrown_away():
    with pytest.raises(WrongAnswer, match=r"task 6\.3: This looks like fakes that are not detached"):
        EXERCISES["discriminators_step"].check(attached)


def test_a_loss_that_goes_backward_itself_is_told_so():
    def backward(*given):
        loss = loss_of_pytorch(*given)
        loss.backward(retain_graph=True)
        return loss

    with pytest.raises(WrongAnswer, match=r"task 6\.2: This looks like a `backward` in the function"):
        EXERCISES["generators_loss"].check(backward)


def test_one_number_in_place_of_a_pair_is_told_so():
    for name in ("discriminators_step", "cycle_losses"):
        with pytest.raises(WrongAnswer, match="it did not return a pair: first"):
            EXERCISES[name].check(lambda *given: torch.zeros(()))


# ---- Wrong in a way that no list holds ----------------------------------------------------------------------------


def test_an_unlisted_mistake_is_rejected_and_located():
    with pytest.raises(WrongAnswer, match="wrong; on input 1 of 2 the loss first differs"):
        EXERCISES["generators_loss"].check(lambda *given: 3 * loss_of_pytorch(*given))
    with pytest.raises(WrongAnswer, match="it stopped on input 1 of 4 with AttributeError"):
        EXERCISES["share_in_place"].check(lambda fakes, truths: fakes.missing)
