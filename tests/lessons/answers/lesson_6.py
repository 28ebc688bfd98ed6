"""Answers to lesson 6's exercises as they might be handed in, written without sight of the checks."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

# Task 6.1


def wrapped(fakes, truths):
    table = np.abs(fakes[:, None] - truths[None]).mean((2, 3, 4))
    return (table.argmin(1) == np.arange(len(fakes))).mean()


def wrapped_loop(fakes, truths):
    hits = 0
    for k in range(len(fakes)):
        distances = [np.mean(np.abs(fakes[k] - truth)) for truth in truths]
        hits += np.argmin(distances) == k
    return hits / len(fakes)


def converted_too_late(fakes, truths):
    table = np.abs((fakes[:, None] - truths[None]).astype(float)).mean((2, 3, 4))
    return np.mean(table.argmin(1) == np.arange(len(fakes)))


def for_each_truth(fakes, truths):
    fakes, truths = fakes.astype(int), truths.astype(int)
    table = np.abs(truths[:, None] - fakes[None]).mean((2, 3, 4))
    return np.mean(table.argmin(1) == np.arange(len(fakes)))


def mean_squared(fakes, truths):
    fakes, truths = fakes.astype(float), truths.astype(float)
    table = ((fakes[:, None] - truths[None]) ** 2).mean((2, 3, 4))
    return np.mean(table.argmin(1) == np.arange(len(fakes)))


def norm(fakes, truths):
    hits = [
        np.argmin([np.linalg.norm(fake.astype(float) - truth) for truth in truths]) == k for k, fake in enumerate(fakes)
    ]
    return np.mean(hits)


def no_absolute_value(fakes, truths):
    table = (fakes[:, None].astype(float) - truths[None]).mean((2, 3, 4))
    return np.mean(table.argmin(1) == np.arange(len(fakes)))


def absolute_value_last(fakes, truths):
    table = np.abs((fakes[:, None].astype(float) - truths[None]).mean((2, 3, 4)))
    return np.mean(table.argmin(1) == np.arange(len(fakes)))


def largest(fakes, truths):
    table = np.abs(fakes[:, None].astype(int) - truths[None]).mean((2, 3, 4))
    return np.mean(table.argmax(1) == np.arange(len(fakes)))


def counted(fakes, truths):
    table = np.abs(fakes[:, None].astype(int) - truths[None]).mean((2, 3, 4))
    return int((table.argmin(1) == np.arange(len(fakes))).sum())


def percent(fakes, truths):
    table = np.abs(fakes[:, None].astype(int) - truths[None]).mean((2, 3, 4))
    return 100 * (table.argmin(1) == np.arange(len(fakes))).mean()


def who_is_nearest(fakes, truths):
    return np.abs(fakes[:, None].astype(int) - truths[None]).mean((2, 3, 4)).argmin(1)


def which_are_right(fakes, truths):
    table = np.abs(fakes[:, None].astype(int) - truths[None]).mean((2, 3, 4))
    return table.argmin(1) == np.arange(len(fakes))


def whole_division(fakes, truths):
    table = np.abs(fakes[:, None].astype(int) - truths[None]).mean((2, 3, 4))
    return (table.argmin(1) == np.arange(len(fakes))).sum() // len(fakes)


def equal_pictures(fakes, truths):
    return np.mean([np.array_equal(fake, truth) for fake, truth in zip(fakes, truths, strict=True)])


def equal_pixels(fakes, truths):
    return (fakes == truths).mean()


def distance_to_own(fakes, truths):
    return np.abs(fakes.astype(float) - truths).mean()


def no_argmin_axis(fakes, truths):
    table = np.abs(fakes[:, None].astype(int) - truths[None]).mean((2, 3, 4))
    return (table.argmin() == np.arange(len(fakes))).mean()


def each_pixel(fakes, truths):
    table = np.abs(fakes[:, None].astype(int) - truths[None])
    return (table.argmin(1) == np.arange(len(fakes))[:, None, None, None]).mean()


def distinct(fakes, truths):
    table = np.abs(fakes[:, None].astype(int) - truths[None]).mean((2, 3, 4))
    return len(np.unique(table.argmin(1))) / len(fakes)


def wrong_ones(fakes, truths):
    table = np.abs(fakes[:, None].astype(int) - truths[None]).mean((2, 3, 4))
    return (table.argmin(1) != np.arange(len(fakes))).mean()


def first_channel(fakes, truths):
    table = np.abs(fakes[:, None, ..., 0].astype(int) - truths[None, ..., 0]).mean((2, 3))
    return (table.argmin(1) == np.arange(len(fakes))).mean()


# Task 6.2


def l1(x, y):
    return (x - y).abs().mean()


def ones(logits):
    return ((logits - 1) ** 2).mean()


def judges_swapped(G_AB, G_BA, D_A, D_B, real_A, real_B, lambda_A, lambda_B):
    fake_B, fake_A = G_AB(real_A), G_BA(real_B)
    loss = ones(D_A(fake_B)) + ones(D_B(fake_A))
    loss = loss + lambda_A * l1(G_BA(fake_B), real_A) + lambda_B * l1(G_AB(fake_A), real_B)
    return loss + lambda_A / 2 * l1(G_BA(real_A), real_A) + lambda_B / 2 * l1(G_AB(real_B), real_B)


def identity_of_the_wrong_generator(G_AB, G_BA, D_A, D_B, real_A, real_B, lambda_A, lambda_B):
    fake_B, fake_A = G_AB(real_A), G_BA(real_B)
    loss = ones(D_B(fake_B)) + ones(D_A(fake_A))
    loss = loss + lambda_A * l1(G_BA(fake_B), real_A) + lambda_B * l1(G_AB(fake_A), real_B)
    return loss + lambda_A / 2 * l1(G_AB(real_A), real_A) + lambda_B / 2 * l1(G_BA(real_B), real_B)


def same_generator_twice(G_AB, G_BA, D_A, D_B, real_A, real_B, lambda_A, lambda_B):
    fake_B, fake_A = G_AB(real_A), G_BA(real_B)
    loss = ones(D_B(fake_B)) + ones(D_A(fake_A))
    loss = loss + lambda_A * l1(G_AB(fake_B), real_A) + lambda_B * l1(G_BA(fake_A), real_B)
    return loss + lambda_A / 2 * l1(G_BA(real_A), real_A) + lambda_B / 2 * l1(G_AB(real_B), real_B)


def fakes_crossed(G_AB, G_BA, D_A, D_B, real_A, real_B, lambda_A, lambda_B):
    fake_A, fake_B = G_AB(real_A), G_BA(real_B)
    loss = ones(D_B(fake_B)) + ones(D_A(fake_A))
    loss = loss + lambda_A * l1(G_BA(fake_B), real_A) + lambda_B * l1(G_AB(fake_A), real_B)
    return loss + lambda_A / 2 * l1(G_BA(real_A), real_A) + lambda_B / 2 * l1(G_AB(real_B), real_B)


def back_to_the_wrong_picture(G_AB, G_BA, D_A, D_B, real_A, real_B, lambda_A, lambda_B):
    fake_B, fake_A = G_AB(real_A), G_BA(real_B)
    loss = ones(D_B(fake_B)) + ones(D_A(fake_A))
    loss = loss + lambda_A * l1(G_BA(fake_B), real_B) + lambda_B * l1(G_AB(fake_A), real_A)
    return loss + lambda_A / 2 * l1(G_BA(real_A), real_A) + lambda_B / 2 * l1(G_AB(real_B), real_B)


def back_to_the_fake(G_AB, G_BA, D_A, D_B, real_A, real_B, lambda_A, lambda_B):
    fake_B, fake_A = G_AB(real_A), G_BA(real_B)
    loss = ones(D_B(fake_B)) + ones(D_A(fake_A))
    loss = loss + lambda_A * l1(G_BA(fake_B), fake_B) + lambda_B * l1(G_AB(fake_A), fake_A)
    return loss + lambda_A / 2 * l1(G_BA(real_A), real_A) + lambda_B / 2 * l1(G_AB(real_B), real_B)


def pix2pix_by_habit(G_AB, G_BA, D_A, D_B, real_A, real_B, lambda_A, lambda_B):
    fake_B, fake_A = G_AB(real_A), G_BA(real_B)
    loss = ones(D_B(fake_B)) + ones(D_A(fake_A))
    loss = loss + lambda_A * l1(fake_A, real_A) + lambda_B * l1(fake_B, real_B)
    return loss + lambda_A / 2 * l1(G_BA(real_A), real_A) + lambda_B / 2 * l1(G_AB(real_B), real_B)


def identity_in_full(G_AB, G_BA, D_A, D_B, real_A, real_B, lambda_A, lambda_B):
    fake_B, fake_A = G_AB(real_A), G_BA(real_B)
    loss = ones(D_B(fake_B)) + ones(D_A(fake_A))
    loss = loss + lambda_A * l1(G_BA(fake_B), real_A) + lambda_B * l1(G_AB(fake_A), real_B)
    return loss + lambda_A * l1(G_BA(real_A), real_A) + lambda_B * l1(G_AB(real_B), real_B)


def identity_without_lambda(G_AB, G_BA, D_A, D_B, real_A, real_B, lambda_A, lambda_B):
    fake_B, fake_A = G_AB(real_A), G_BA(real_B)
    loss = ones(D_B(fake_B)) + ones(D_A(fake_A))
    loss = loss + lambda_A * l1(G_BA(fake_B), real_A) + lambda_B * l1(G_AB(fake_A), real_B)
    return loss + 0.5 * (l1(G_BA(real_A), real_A) + l1(G_AB(real_B), real_B))


def identity_forgotten(G_AB, G_BA, D_A, D_B, real_A, real_B, lambda_A, lambda_B):
    fake_B, fake_A = G_AB(real_A), G_BA(real_B)
    loss = ones(D_B(fake_B)) + ones(D_A(fake_A))
    return loss + lambda_A * l1(G_BA(fake_B), real_A) + lambda_B * l1(G_AB(fake_A), real_B)


def lambdas_swapped(G_AB, G_BA, D_A, D_B, real_A, real_B, lambda_A, lambda_B):
    fake_B, fake_A = G_AB(real_A), G_BA(real_B)
    loss = ones(D_B(fake_B)) + ones(D_A(fake_A))
    loss = loss + lambda_B * l1(G_BA(fake_B), real_A) + lambda_A * l1(G_AB(fake_A), real_B)
    return loss + lambda_B / 2 * l1(G_BA(real_A), real_A) + lambda_A / 2 * l1(G_AB(real_B), real_B)


def identity_lambdas_by_generator(G_AB, G_BA, D_A, D_B, real_A, real_B, lambda_A, lambda_B):
    fake_B, fake_A = G_AB(real_A), G_BA(real_B)
    loss = ones(D_B(fake_B)) + ones(D_A(fake_A))
    loss = loss + lambda_A * l1(G_BA(fake_B), real_A) + lambda_B * l1(G_AB(fake_A), real_B)
    return loss + lambda_B / 2 * l1(G_BA(real_A), real_A) + lambda_A / 2 * l1(G_AB(real_B), real_B)


def detached_cycle(G_AB, G_BA, D_A, D_B, real_A, real_B, lambda_A, lambda_B):
    fake_B, fake_A = G_AB(real_A), G_BA(real_B)
    loss = ones(D_B(fake_B)) + ones(D_A(fake_A))
    loss = loss + lambda_A * l1(G_BA(fake_B.detach()), real_A) + lambda_B * l1(G_AB(fake_A.detach()), real_B)
    return loss + lambda_A / 2 * l1(G_BA(real_A), real_A) + lambda_B / 2 * l1(G_AB(real_B), real_B)


def detached_for_D(G_AB, G_BA, D_A, D_B, real_A, real_B, lambda_A, lambda_B):
    fake_B, fake_A = G_AB(real_A), G_BA(real_B)
    loss = ones(D_B(fake_B.detach())) + ones(D_A(fake_A.detach()))
    loss = loss + lambda_A * l1(G_BA(fake_B), real_A) + lambda_B * l1(G_AB(fake_A), real_B)
    return loss + lambda_A / 2 * l1(G_BA(real_A), real_A) + lambda_B / 2 * l1(G_AB(real_B), real_B)


def judged_without_gradients(G_AB, G_BA, D_A, D_B, real_A, real_B, lambda_A, lambda_B):
    fake_B, fake_A = G_AB(real_A), G_BA(real_B)
    with torch.no_grad():
        loss = ones(D_B(fake_B)) + ones(D_A(fake_A))
    loss = loss + lambda_A * l1(G_BA(fake_B), real_A) + lambda_B * l1(G_AB(fake_A), real_B)
    return loss + lambda_A / 2 * l1(G_BA(real_A), real_A) + lambda_B / 2 * l1(G_AB(real_B), real_B)


def summed(G_AB, G_BA, D_A, D_B, real_A, real_B, lambda_A, lambda_B):
    cost = nn.L1Loss(reduction="sum")
    fake_B, fake_A = G_AB(real_A), G_BA(real_B)
    loss = ones(D_B(fake_B)) + ones(D_A(fake_A))
    loss = loss + lambda_A * cost(G_BA(fake_B), real_A) + lambda_B * cost(G_AB(fake_A), real_B)
    return loss + lambda_A / 2 * cost(G_BA(real_A), real_A) + lambda_B / 2 * cost(G_AB(real_B), real_B)


def squared(G_AB, G_BA, D_A, D_B, real_A, real_B, lambda_A, lambda_B):
    fake_B, fake_A = G_AB(real_A), G_BA(real_B)
    loss = ones(D_B(fake_B)) + ones(D_A(fake_A))
    loss = loss + lambda_A * F.mse_loss(G_BA(fake_B), real_A) + lambda_B * F.mse_loss(G_AB(fake_A), real_B)
    return loss + lambda_A / 2 * F.mse_loss(G_BA(real_A), real_A) + lambda_B / 2 * F.mse_loss(G_AB(real_B), real_B)


def asks_for_zero(G_AB, G_BA, D_A, D_B, real_A, real_B, lambda_A, lambda_B):
    fake_B, fake_A = G_AB(real_A), G_BA(real_B)
    loss = (D_B(fake_B) ** 2).mean() + (D_A(fake_A) ** 2).mean()
    loss = loss + lambda_A * l1(G_BA(fake_B), real_A) + lambda_B * l1(G_AB(fake_A), real_B)
    return loss + lambda_A / 2 * l1(G_BA(real_A), real_A) + lambda_B / 2 * l1(G_AB(real_B), real_B)


def with_real_ones(G_AB, G_BA, D_A, D_B, real_A, real_B, lambda_A, lambda_B):
    fake_B, fake_A = G_AB(real_A), G_BA(real_B)
    loss = ones(D_B(fake_B)) + ones(D_A(fake_A)) + ones(D_A(real_A)) + ones(D_B(real_B))
    loss = loss + lambda_A * l1(G_BA(fake_B), real_A) + lambda_B * l1(G_AB(fake_A), real_B)
    return loss + lambda_A / 2 * l1(G_BA(real_A), real_A) + lambda_B / 2 * l1(G_AB(real_B), real_B)


def halved_gan(G_AB, G_BA, D_A, D_B, real_A, real_B, lambda_A, lambda_B):
    fake_B, fake_A = G_AB(real_A), G_BA(real_B)
    loss = 0.5 * (ones(D_B(fake_B)) + ones(D_A(fake_A)))
    loss = loss + lambda_A * l1(G_BA(fake_B), real_A) + lambda_B * l1(G_AB(fake_A), real_B)
    return loss + lambda_A / 2 * l1(G_BA(real_A), real_A) + lambda_B / 2 * l1(G_AB(real_B), real_B)


def cross_entropy(G_AB, G_BA, D_A, D_B, real_A, real_B, lambda_A, lambda_B):
    fake_B, fake_A = G_AB(real_A), G_BA(real_B)
    on_B, on_A = D_B(fake_B), D_A(fake_A)
    loss = F.binary_cross_entropy_with_logits(on_B, torch.ones_like(on_B))
    loss = loss + F.binary_cross_entropy_with_logits(on_A, torch.ones_like(on_A))
    loss = loss + lambda_A * l1(G_BA(fake_B), real_A) + lambda_B * l1(G_AB(fake_A), real_B)
    return loss + lambda_A / 2 * l1(G_BA(real_A), real_A) + lambda_B / 2 * l1(G_AB(real_B), real_B)


def a_number(G_AB, G_BA, D_A, D_B, real_A, real_B, lambda_A, lambda_B):
    fake_B, fake_A = G_AB(real_A), G_BA(real_B)
    loss = ones(D_B(fake_B)) + ones(D_A(fake_A))
    loss = loss + lambda_A * l1(G_BA(fake_B), real_A) + lambda_B * l1(G_AB(fake_A), real_B)
    return (loss + lambda_A / 2 * l1(G_BA(real_A), real_A) + lambda_B / 2 * l1(G_AB(real_B), real_B)).item()


def goes_backward(G_AB, G_BA, D_A, D_B, real_A, real_B, lambda_A, lambda_B):
    fake_B, fake_A = G_AB(real_A), G_BA(real_B)
    loss = ones(D_B(fake_B)) + ones(D_A(fake_A))
    loss = loss + lambda_A * l1(G_BA(fake_B), real_A) + lambda_B * l1(G_AB(fake_A), real_B)
    loss = loss + lambda_A / 2 * l1(G_BA(real_A), real_A) + lambda_B / 2 * l1(G_AB(real_B), real_B)
    loss.backward()
    return loss


def term_by_term(G_AB, G_BA, D_A, D_B, real_A, real_B, lambda_A, lambda_B):
    loss = 0
    for G, F_, D, real, weight in ((G_AB, G_BA, D_B, real_A, lambda_A), (G_BA, G_AB, D_A, real_B, lambda_B)):
        fake = G(real)
        loss = loss + ones(D(fake)) + weight * (l1(F_(fake), real) + l1(F_(real), real) / 2)
    return loss


def goes_backward_and_keeps(*given):
    loss = term_by_term(*given)
    loss.backward(retain_graph=True)
    return loss


def goes_backward_to_a_number(*given):
    loss = term_by_term(*given)
    loss.backward()
    return loss.item()


def all_summed(G_AB, G_BA, D_A, D_B, real_A, real_B, lambda_A, lambda_B):
    fake_B, fake_A = G_AB(real_A), G_BA(real_B)
    loss = ((D_B(fake_B) - 1) ** 2).sum() + ((D_A(fake_A) - 1) ** 2).sum()
    loss = loss + lambda_A * (G_BA(fake_B) - real_A).abs().sum() + lambda_B * (G_AB(fake_A) - real_B).abs().sum()
    identity_A, identity_B = (G_BA(real_A) - real_A).abs().sum(), (G_AB(real_B) - real_B).abs().sum()
    return loss + lambda_A / 2 * identity_A + lambda_B / 2 * identity_B


def freezes_D(G_AB, G_BA, D_A, D_B, real_A, real_B, lambda_A, lambda_B):
    D_A.requires_grad_(False)
    D_B.requires_grad_(False)
    fake_B, fake_A = G_AB(real_A), G_BA(real_B)
    loss = ones(D_B(fake_B)) + ones(D_A(fake_A))
    loss = loss + lambda_A * l1(G_BA(fake_B), real_A) + lambda_B * l1(G_AB(fake_A), real_B)
    return loss + lambda_A / 2 * l1(G_BA(real_A), real_A) + lambda_B / 2 * l1(G_AB(real_B), real_B)


def a_dictionary(G_AB, G_BA, D_A, D_B, real_A, real_B, lambda_A, lambda_B):
    fake_B, fake_A = G_AB(real_A), G_BA(real_B)
    return {
        "gan": ones(D_B(fake_B)) + ones(D_A(fake_A)),
        "cycle": lambda_A * l1(G_BA(fake_B), real_A) + lambda_B * l1(G_AB(fake_A), real_B),
        "identity": lambda_A / 2 * l1(G_BA(real_A), real_A) + lambda_B / 2 * l1(G_AB(real_B), real_B),
    }


# Task 6.3


def pays(D, real, fake):
    return 0.5 * (((D(real) - 1) ** 2).mean() + (D(fake) ** 2).mean())


def not_detached(networks, pools, optimizer, real_A, real_B):
    G_AB, G_BA, D_A, D_B = networks
    pool_A, pool_B = pools
    loss_A = pays(D_A, real_A, pool_A.query(G_BA(real_B)))
    loss_B = pays(D_B, real_B, pool_B.query(G_AB(real_A)))
    optimizer.zero_grad()
    (loss_A + loss_B).backward()
    optimizer.step()
    return loss_A.item(), loss_B.item()


def not_detached_but_cleared(networks, pools, optimizer, real_A, real_B):
    result = not_detached(networks, pools, optimizer, real_A, real_B)
    for G in networks[:2]:
        G.zero_grad()
    return result


def step_on(networks, shown, optimizer, real_A, real_B):
    loss_A, loss_B = pays(networks[2], real_A, shown[0]), pays(networks[3], real_B, shown[1])
    optimizer.zero_grad()
    (loss_A + loss_B).backward()
    optimizer.step()
    return loss_A.item(), loss_B.item()


def detached_after_the_pools(networks, pools, optimizer, real_A, real_B):
    shown_A, shown_B = pools[0].query(networks[1](real_B)).detach(), pools[1].query(networks[0](real_A)).detach()
    return step_on(networks, (shown_A, shown_B), optimizer, real_A, real_B)


def detached_after_pool_A(networks, pools, optimizer, real_A, real_B):
    shown_A, shown_B = pools[0].query(networks[1](real_B)).detach(), pools[1].query(networks[0](real_A).detach())
    return step_on(networks, (shown_A, shown_B), optimizer, real_A, real_B)


def detach_forgotten_for_A(networks, pools, optimizer, real_A, real_B):
    shown_A, shown_B = pools[0].query(networks[1](real_B)), pools[1].query(networks[0](real_A).detach())
    return step_on(networks, (shown_A, shown_B), optimizer, real_A, real_B)


def detach_forgotten_for_B(networks, pools, optimizer, real_A, real_B):
    shown_A, shown_B = pools[0].query(networks[1](real_B).detach()), pools[1].query(networks[0](real_A))
    return step_on(networks, (shown_A, shown_B), optimizer, real_A, real_B)


def detach_forgotten_but_cleared(networks, pools, optimizer, real_A, real_B):
    paid = detach_forgotten_for_B(networks, pools, optimizer, real_A, real_B)
    networks[0].zero_grad()
    return paid


def step_with_inputs(networks, pools, optimizer, real_A, real_B):
    G_AB, G_BA, D_A, D_B = networks
    shown = pools[0].query(G_BA(real_B)), pools[1].query(G_AB(real_A))
    paid = pays(D_A, real_A, shown[0]), pays(D_B, real_B, shown[1])
    optimizer.zero_grad()
    sum(paid).backward(inputs=[*D_A.parameters(), *D_B.parameters()])
    optimizer.step()
    return paid


def without_pool(networks, pools, optimizer, real_A, real_B):
    G_AB, G_BA, D_A, D_B = networks
    loss_A = pays(D_A, real_A, G_BA(real_B).detach())
    loss_B = pays(D_B, real_B, G_AB(real_A).detach())
    optimizer.zero_grad()
    (loss_A + loss_B).backward()
    optimizer.step()
    return loss_A.item(), loss_B.item()


def pool_result_dropped(networks, pools, optimizer, real_A, real_B):
    G_AB, G_BA, D_A, D_B = networks
    fake_A, fake_B = G_BA(real_B).detach(), G_AB(real_A).detach()
    pools[0].query(fake_A)
    pools[1].query(fake_B)
    loss_A, loss_B = pays(D_A, real_A, fake_A), pays(D_B, real_B, fake_B)
    optimizer.zero_grad()
    (loss_A + loss_B).backward()
    optimizer.step()
    return loss_A.item(), loss_B.item()


def pools_swapped(networks, pools, optimizer, real_A, real_B):
    return good_step(networks, pools[::-1], optimizer, real_A, real_B)


def good_step(networks, pools, optimizer, real_A, real_B, times=1.0, zero=True, steps=1):
    G_AB, G_BA, D_A, D_B = networks
    pool_A, pool_B = pools
    loss_A = pays(D_A, real_A, pool_A.query(G_BA(real_B).detach()))
    loss_B = pays(D_B, real_B, pool_B.query(G_AB(real_A).detach()))
    if zero:
        optimizer.zero_grad()
    (times * (loss_A + loss_B)).backward()
    for _ in range(steps):
        optimizer.step()
    return loss_A.item(), loss_B.item()


def no_zero_grad(networks, pools, optimizer, real_A, real_B):
    return good_step(networks, pools, optimizer, real_A, real_B, zero=False)


def no_step(networks, pools, optimizer, real_A, real_B):
    return good_step(networks, pools, optimizer, real_A, real_B, steps=0)


def halved_sum(networks, pools, optimizer, real_A, real_B):
    return good_step(networks, pools, optimizer, real_A, real_B, times=0.5)


def zeroed_after_backward(networks, pools, optimizer, real_A, real_B):
    G_AB, G_BA, D_A, D_B = networks
    loss_A = pays(D_A, real_A, pools[0].query(G_BA(real_B).detach()))
    loss_B = pays(D_B, real_B, pools[1].query(G_AB(real_A).detach()))
    (loss_A + loss_B).backward()
    optimizer.zero_grad()
    optimizer.step()
    return loss_A.item(), loss_B.item()


def half_forgotten(networks, pools, optimizer, real_A, real_B):
    G_AB, G_BA, D_A, D_B = networks
    shown_A, shown_B = pools[0].query(G_BA(real_B).detach()), pools[1].query(G_AB(real_A).detach())
    loss_A = ((D_A(real_A) - 1) ** 2).mean() + (D_A(shown_A) ** 2).mean()
    loss_B = ((D_B(real_B) - 1) ** 2).mean() + (D_B(shown_B) ** 2).mean()
    optimizer.zero_grad()
    (loss_A + loss_B).backward()
    optimizer.step()
    return loss_A.item(), loss_B.item()


def wrong_domain_fakes(networks, pools, optimizer, real_A, real_B):
    G_AB, G_BA, D_A, D_B = networks
    loss_A = pays(D_A, real_A, pools[0].query(G_AB(real_A).detach()))
    loss_B = pays(D_B, real_B, pools[1].query(G_BA(real_B).detach()))
    optimizer.zero_grad()
    (loss_A + loss_B).backward()
    optimizer.step()
    return loss_A.item(), loss_B.item()


def generators_swapped(networks, pools, optimizer, real_A, real_B):
    G_BA, G_AB, D_A, D_B = networks
    return good_step((G_AB, G_BA, D_A, D_B), pools, optimizer, real_A, real_B)


def unpacked_in_another_order(networks, pools, optimizer, real_A, real_B):
    G_AB, D_A, G_BA, D_B = networks
    return good_step((G_AB, G_BA, D_A, D_B), pools, optimizer, real_A, real_B)


def labels_swapped(networks, pools, optimizer, real_A, real_B):
    G_AB, G_BA, D_A, D_B = networks

    def paid(D, real, fake):
        return 0.5 * ((D(real) ** 2).mean() + ((D(fake) - 1) ** 2).mean())

    loss_A = paid(D_A, real_A, pools[0].query(G_BA(real_B).detach()))
    loss_B = paid(D_B, real_B, pools[1].query(G_AB(real_A).detach()))
    optimizer.zero_grad()
    (loss_A + loss_B).backward()
    optimizer.step()
    return loss_A.item(), loss_B.item()


def two_steps(networks, pools, optimizer, real_A, real_B):
    G_AB, G_BA, D_A, D_B = networks
    paid = []
    for D, real, pool, fake in ((D_A, real_A, pools[0], G_BA(real_B)), (D_B, real_B, pools[1], G_AB(real_A))):
        loss = pays(D, real, pool.query(fake.detach()))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        paid.append(loss.item())
    return tuple(paid)


def logits_detached(networks, pools, optimizer, real_A, real_B):
    G_AB, G_BA, D_A, D_B = networks

    def paid(D, real, fake):
        return 0.5 * (((D(real) - 1) ** 2).mean() + (D(fake).detach() ** 2).mean())

    with torch.no_grad():
        fake_A, fake_B = G_BA(real_B), G_AB(real_A)
    loss_A, loss_B = paid(D_A, real_A, pools[0].query(fake_A)), paid(D_B, real_B, pools[1].query(fake_B))
    optimizer.zero_grad()
    (loss_A + loss_B).backward()
    optimizer.step()
    return loss_A.item(), loss_B.item()


def the_sum(networks, pools, optimizer, real_A, real_B):
    return sum(good_step(networks, pools, optimizer, real_A, real_B))


def order_swapped(networks, pools, optimizer, real_A, real_B):
    return good_step(networks, pools, optimizer, real_A, real_B)[::-1]


def nothing_returned(networks, pools, optimizer, real_A, real_B):
    good_step(networks, pools, optimizer, real_A, real_B)


def one_backward_alone(networks, pools, optimizer, real_A, real_B):
    G_AB, G_BA, D_A, D_B = networks
    loss_A = pays(D_A, real_A, pools[0].query(G_BA(real_B).detach()))
    loss_B = pays(D_B, real_B, pools[1].query(G_AB(real_A).detach()))
    optimizer.zero_grad()
    loss_A.backward()
    optimizer.step()
    return loss_A.item(), loss_B.item()


def generators_in_eval(networks, pools, optimizer, real_A, real_B):
    for network in networks:
        network.eval()
    return good_step(networks, pools, optimizer, real_A, real_B)


def everything_without_gradients(networks, pools, optimizer, real_A, real_B):
    with torch.no_grad():
        return good_step(networks, pools, optimizer, real_A, real_B)


def sums(networks, pools, optimizer, real_A, real_B):
    G_AB, G_BA, D_A, D_B = networks

    def paid(D, real, fake):
        return 0.5 * (((D(real) - 1) ** 2).sum() + (D(fake) ** 2).sum())

    loss_A = paid(D_A, real_A, pools[0].query(G_BA(real_B).detach()))
    loss_B = paid(D_B, real_B, pools[1].query(G_AB(real_A).detach()))
    optimizer.zero_grad()
    (loss_A + loss_B).backward()
    optimizer.step()
    return loss_A.item(), loss_B.item()


# Task 6.4


def as_it_was(G_AB, G_BA, real_A, real_B):
    fake_B, fake_A = G_AB(real_A).detach(), G_BA(real_B).detach()
    forward = (G_BA(fake_B) - real_A).abs().sum() / len(real_A)
    return forward, (G_AB(fake_A) - real_B).abs().sum() / len(real_B)


def mean_alone(G_AB, G_BA, real_A, real_B):
    fake_B, fake_A = G_AB(real_A).detach(), G_BA(real_B).detach()
    return l1(G_BA(fake_B), real_A), l1(G_AB(fake_A), real_B)


def first_without_gradients(G_AB, G_BA, real_A, real_B):
    with torch.no_grad():
        fake_B, fake_A = G_AB(real_A), G_BA(real_B)
    return l1(G_BA(fake_B), real_A), l1(G_AB(fake_A), real_B)


def graph_alone(G_AB, G_BA, real_A, real_B):
    forward = (G_BA(G_AB(real_A)) - real_A).abs().sum() / len(real_A)
    return forward, (G_AB(G_BA(real_B)) - real_B).abs().sum() / len(real_B)


def one_side(G_AB, G_BA, real_A, real_B):
    fake_A = G_BA(real_B).detach()
    return l1(G_BA(G_AB(real_A)), real_A), l1(G_AB(fake_A), real_B)


def last_detached(G_AB, G_BA, real_A, real_B):
    again_A, again_B = G_BA(G_AB(real_A)).detach(), G_AB(G_BA(real_B)).detach()
    return l1(again_A, real_A), l1(again_B, real_B)


def plain_sum(G_AB, G_BA, real_A, real_B):
    return (G_BA(G_AB(real_A)) - real_A).abs().sum(), (G_AB(G_BA(real_B)) - real_B).abs().sum()


def mean_over_the_batch_too(G_AB, G_BA, real_A, real_B):
    return l1(G_BA(G_AB(real_A)), real_A) / len(real_A), l1(G_AB(G_BA(real_B)), real_B) / len(real_B)


def per_pixel(G_AB, G_BA, real_A, real_B):
    pixels = real_A.shape[2] * real_A.shape[3]
    forward = (G_BA(G_AB(real_A)) - real_A).abs().sum() / (len(real_A) * pixels)
    return forward, (G_AB(G_BA(real_B)) - real_B).abs().sum() / (len(real_B) * pixels)


def added_up(G_AB, G_BA, real_A, real_B):
    return l1(G_BA(G_AB(real_A)), real_A) + l1(G_AB(G_BA(real_B)), real_B)


def exchanged(G_AB, G_BA, real_A, real_B):
    return l1(G_AB(G_BA(real_A)), real_A), l1(G_BA(G_AB(real_B)), real_B)


def backward_first(G_AB, G_BA, real_A, real_B):
    return l1(G_AB(G_BA(real_B)), real_B), l1(G_BA(G_AB(real_A)), real_A)


def twice_the_same(G_AB, G_BA, real_A, real_B):
    return l1(G_AB(G_AB(real_A)), real_A), l1(G_BA(G_BA(real_B)), real_B)


def with_the_fake(G_AB, G_BA, real_A, real_B):
    fake_B, fake_A = G_AB(real_A), G_BA(real_B)
    return l1(G_BA(fake_B), fake_B), l1(G_AB(fake_A), fake_A)


def with_the_other(G_AB, G_BA, real_A, real_B):
    return l1(G_BA(G_AB(real_A)), real_B), l1(G_AB(G_BA(real_B)), real_A)


def mean_of_squares(G_AB, G_BA, real_A, real_B):
    return F.mse_loss(G_BA(G_AB(real_A)), real_A), F.mse_loss(G_AB(G_BA(real_B)), real_B)


def plain_numbers(G_AB, G_BA, real_A, real_B):
    return l1(G_BA(G_AB(real_A)), real_A).item(), l1(G_AB(G_BA(real_B)), real_B).item()


def absolute_value_forgotten(G_AB, G_BA, real_A, real_B):
    return (G_BA(G_AB(real_A)) - real_A).mean(), (G_AB(G_BA(real_B)) - real_B).mean()


def requires_gradients_anew(G_AB, G_BA, real_A, real_B):
    fake_B, fake_A = G_AB(real_A).detach().requires_grad_(), G_BA(real_B).detach().requires_grad_()
    return l1(G_BA(fake_B), real_A), l1(G_AB(fake_A), real_B)


def one_fake_alone(G_AB, G_BA, real_A, real_B):
    return l1(G_AB(real_A), real_B), l1(G_BA(real_B), real_A)


def divided_by_the_others_count(G_AB, G_BA, real_A, real_B):
    forward = (G_BA(G_AB(real_A)) - real_A).abs().mean()
    return forward, (G_AB(G_BA(real_B)) - real_B).abs().sum() / real_A.numel()


def forward_half_alone(G_AB, G_BA, real_A, real_B):
    fake_A = G_BA(real_B).detach()
    return l1(G_BA(G_AB(real_A)), real_A), (G_AB(fake_A) - real_B).abs().sum() / len(real_B)


def not_reduced(G_AB, G_BA, real_A, real_B):
    return (G_BA(G_AB(real_A)) - real_A).abs(), (G_AB(G_BA(real_B)) - real_B).abs()


WRONG = [
    ("6.1", "uint8 wraps around", wrapped, "named"),
    ("6.1", "uint8 wraps around, in a loop", wrapped_loop, "named"),
    ("6.1", "turned into float after the difference", converted_too_late, "named"),
    ("6.1", "the nearest fake of each truth", for_each_truth, "named"),
    ("6.1", "mean squared difference", mean_squared, "named"),
    ("6.1", "Euclidean norm", norm, "named"),
    ("6.1", "no absolute value", no_absolute_value, "named"),
    ("6.1", "absolute value of the mean", absolute_value_last, "named"),
    ("6.1", "argmax", largest, "named"),
    ("6.1", "a count", counted, "named"),
    ("6.1", "percent", percent, "named"),
    ("6.1", "the indices", who_is_nearest, "honest"),
    ("6.1", "an array of bool", which_are_right, "honest"),
    ("6.1", "whole-number division", whole_division, "named"),
    ("6.1", "equal pictures", equal_pictures, "named"),
    ("6.1", "equal pixels", equal_pixels, "honest"),
    ("6.1", "the distance itself", distance_to_own, "named"),
    ("6.1", "argmin of the whole table", no_argmin_axis, "honest"),
    ("6.1", "each pixel its own nearest", each_pixel, "named"),
    ("6.1", "share of distinct truths", distinct, "named"),
    ("6.1", "share of the wrong ones", wrong_ones, "named"),
    ("6.1", "the red channel alone", first_channel, "honest"),
    ("6.2", "D_A judges fake B", judges_swapped, "named"),
    ("6.2", "identity with the wrong generator", identity_of_the_wrong_generator, "named"),
    ("6.2", "the same generator there and back", same_generator_twice, "named"),
    ("6.2", "fake_A = G_AB(real_A)", fakes_crossed, "named"),
    ("6.2", "A again compared with real_B", back_to_the_wrong_picture, "named"),
    ("6.2", "A again compared with fake_B", back_to_the_fake, "named"),
    ("6.2", "fakes compared with real ones, as in pix2pix", pix2pix_by_habit, "named"),
    ("6.2", "identity in full", identity_in_full, "named"),
    ("6.2", "identity without lambda", identity_without_lambda, "named"),
    ("6.2", "identity forgotten", identity_forgotten, "named"),
    ("6.2", "lambdas swapped", lambdas_swapped, "named"),
    ("6.2", "identity's lambdas by the generator's input side", identity_lambdas_by_generator, "named"),
    ("6.2", "cycle detached", detached_cycle, "named"),
    ("6.2", "fakes detached for D", detached_for_D, "named"),
    ("6.2", "D under no_grad", judged_without_gradients, "named"),
    ("6.2", "L1 as a sum", summed, "named"),
    ("6.2", "L2 in place of L1", squared, "named"),
    ("6.2", "G asks for 0", asks_for_zero, "named"),
    ("6.2", "D's real part added", with_real_ones, "named"),
    ("6.2", "half of the GAN terms", halved_gan, "named"),
    ("6.2", "cross-entropy", cross_entropy, "named"),
    ("6.2", "a plain number", a_number, "named"),
    ("6.2", "backward inside", goes_backward, "named"),
    ("6.2", "backward inside, the graph kept", goes_backward_and_keeps, "named"),
    ("6.2", "backward inside, a number returned", goes_backward_to_a_number, "named"),
    ("6.2", "sums for all means", all_summed, "named"),
    ("6.2", "D frozen for good", freezes_D, "named"),
    ("6.2", "a dictionary of terms", a_dictionary, "honest"),
    ("6.3", "not detached", not_detached, "named"),
    ("6.3", "not detached, gradients of G cleared", not_detached_but_cleared, "named"),
    ("6.3", "no pool", without_pool, "named"),
    ("6.3", "the pool's answer is dropped", pool_result_dropped, "named"),
    ("6.3", "pools swapped", pools_swapped, "named"),
    ("6.3", "no zero_grad", no_zero_grad, "named"),
    ("6.3", "no step", no_step, "named"),
    ("6.3", "half of the sum", halved_sum, "named"),
    ("6.3", "zero_grad after backward", zeroed_after_backward, "named"),
    ("6.3", "no half", half_forgotten, "named"),
    ("6.3", "D_A is shown fake B", wrong_domain_fakes, "named"),
    ("6.3", "G_BA and G_AB unpacked in the wrong order", generators_swapped, "named"),
    ("6.3", "networks unpacked in another order", unpacked_in_another_order, "honest"),
    ("6.3", "labels swapped", labels_swapped, "named"),
    ("6.3", "logits detached", logits_detached, "named"),
    ("6.3", "the sum returned", the_sum, "named"),
    ("6.3", "pair in the wrong order", order_swapped, "named"),
    ("6.3", "nothing returned", nothing_returned, "named"),
    ("6.3", "backward of one loss alone", one_backward_alone, "named"),
    ("6.3", "networks left in eval", generators_in_eval, "named"),
    ("6.3", "all under no_grad", everything_without_gradients, "honest"),
    ("6.3", "sums", sums, "named"),
    ("6.3", "backward with inputs, pools handed fakes with a graph", step_with_inputs, "named"),
    ("6.3", "detached after the pools", detached_after_the_pools, "named"),
    ("6.3", "detached after pool_A", detached_after_pool_A, "named"),
    ("6.3", "one detach forgotten, A", detach_forgotten_for_A, "named"),
    ("6.3", "one detach forgotten, B", detach_forgotten_for_B, "named"),
    ("6.3", "one detach forgotten, gradients of G cleared", detach_forgotten_but_cleared, "named"),
    ("6.4", "as it was", as_it_was, "named"),
    ("6.4", "mean, still detached", mean_alone, "named"),
    ("6.4", "first generator under no_grad", first_without_gradients, "named"),
    ("6.4", "graph mended, still a sum", graph_alone, "named"),
    ("6.4", "one side mended", one_side, "named"),
    ("6.4", "detached at the end", last_detached, "named"),
    ("6.4", "a sum over all", plain_sum, "named"),
    ("6.4", "mean, and divided by N again", mean_over_the_batch_too, "named"),
    ("6.4", "a mean over pixels, a sum over channels", per_pixel, "honest"),
    ("6.4", "both added up", added_up, "named"),
    ("6.4", "generators exchanged", exchanged, "named"),
    ("6.4", "backward first", backward_first, "named"),
    ("6.4", "the same generator twice", twice_the_same, "named"),
    ("6.4", "compared with the fake", with_the_fake, "named"),
    ("6.4", "compared with the other heap", with_the_other, "named"),
    ("6.4", "backward's sum divided by the count of A", divided_by_the_others_count, "honest"),
    ("6.4", "the forward half mended alone", forward_half_alone, "named"),
    ("6.4", "squared", mean_of_squares, "named"),
    ("6.4", "plain numbers", plain_numbers, "named"),
    ("6.4", "no absolute value", absolute_value_forgotten, "named"),
    ("6.4", "detached, and requires_grad_ again", requires_gradients_anew, "named"),
    ("6.4", "no way back at all", one_fake_alone, "honest"),
    ("6.4", "no mean at all", not_reduced, "honest"),
]


def share_by_sorting(fakes, truths):
    order = np.abs(fakes[:, None].astype(np.int32) - truths[None]).sum((2, 3, 4)).argsort(1)
    return np.count_nonzero(order[:, 0] == np.arange(len(fakes))) / len(fakes)


def share_in_unit_range(fakes, truths):
    fakes, truths = torch.from_numpy(fakes / 255), torch.from_numpy(truths / 255)
    return (
        torch.stack([(fake - truths).abs().mean((1, 2, 3)).argmin() for fake in fakes])
        .eq(torch.arange(len(fakes)))
        .double()
        .mean()
    )


def in_one_batch(G_AB, G_BA, D_A, D_B, real_A, real_B, lambda_A, lambda_B):
    fake_B, same_B = G_AB(torch.cat([real_A, real_B])).chunk(2)
    fake_A, same_A = G_BA(torch.cat([real_B, real_A])).chunk(2)
    loss = ones(D_B(fake_B)) + ones(D_A(fake_A))
    loss += lambda_A * F.l1_loss(G_BA(fake_B), real_A) + lambda_B * F.l1_loss(G_AB(fake_A), real_B)
    return loss + 0.5 * (lambda_A * F.l1_loss(same_A, real_A) + lambda_B * F.l1_loss(same_B, real_B))


def step_without_graphs_of_G(networks, pools, optimizer, real_A, real_B):
    G_AB, G_BA, D_A, D_B = networks
    with torch.no_grad():
        shown_A, shown_B = pools[0].query(G_BA(real_B)), pools[1].query(G_AB(real_A))
    for D in (D_A, D_B):
        D.zero_grad()
    loss_A, loss_B = pays(D_A, real_A, shown_A), pays(D_B, real_B, shown_B)
    loss_A.backward()
    loss_B.backward()
    optimizer.step()
    return [loss_A.detach(), loss_B.detach()]


def cycles_in_steps(G_AB, G_BA, real_A, real_B):
    fake_B, fake_A = G_AB(real_A), G_BA(real_B)
    again_A, again_B = G_BA(fake_B), G_AB(fake_A)
    return torch.stack([(again_A - real_A).abs().mean(), (again_B - real_B).abs().mean()])


def cycles_by_counting(G_AB, G_BA, real_A, real_B):
    forward = (G_BA(G_AB(real_A)) - real_A).abs().sum() / real_A.numel()
    return forward, (real_B - G_AB(G_BA(real_B))).abs().flatten(1).mean(1).mean()


RIGHT = [
    ("6.1", "sorted sums", share_by_sorting),
    ("6.1", "PyTorch, in [0, 1]", share_in_unit_range),
    ("6.2", "both directions in a loop", term_by_term),
    ("6.2", "two passes of each generator", in_one_batch),
    ("6.3", "no_grad around the fakes, two backwards", step_without_graphs_of_G),
    ("6.3", "a step for each D, which moves each once", two_steps),
    ("6.4", "in steps, as one tensor", cycles_in_steps),
    ("6.4", "divided by the count", cycles_by_counting),
]
