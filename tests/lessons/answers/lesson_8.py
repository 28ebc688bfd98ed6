"""Answers to lesson 8's exercises as they might be handed in, written without sight of the checks."""

import itertools

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

# Task 8.1: every question with every code


def codes_first(G, a, z):
    return torch.stack([G(a, code.expand(len(a), -1)) for code in z])


def first_code_for_all(G, a, z):
    return torch.stack([G(a, z[:1].expand(len(a), -1)) for _ in z], dim=1)


def code_of_its_own(G, a, z):
    own = torch.stack([z[i % len(z)] for i in range(len(a))])
    return torch.stack([G(a, own) for _ in z], dim=1)


def both_repeated(G, a, z):
    answers = G(a.repeat(len(z), 1, 1, 1), z.repeat(len(a), 1))
    return answers.reshape(len(a), len(z), *answers.shape[1:])


def questions_repeated_codes_interleaved(G, a, z):
    answers = G(a.repeat(len(z), 1, 1, 1), z.repeat_interleave(len(a), dim=0))
    return answers.reshape(len(a), len(z), *answers.shape[1:])


def in_one_row(G, a, z):
    return torch.cat([G(a, code.expand(len(a), -1)) for code in z])


def in_one_row_by_question(G, a, z):
    return G(a.repeat_interleave(len(z), dim=0), z.repeat(len(a), 1))


def mean_answer(G, a, z):
    return torch.stack([G(a, code.expand(len(a), -1)) for code in z]).mean(0)


def mean_code(G, a, z):
    mean = z.mean(0, keepdim=True).expand(len(a), -1)
    return torch.stack([G(a, mean) for _ in z], dim=1)


def own_codes(G, a, z):
    return torch.stack([G(a, torch.randn(len(a), z.shape[1])) for _ in z], dim=1)


def codes_as_they_are(G, a, z):
    return torch.stack([G(a, z) for _ in z], dim=1)


def first_question_for_all(G, a, z):
    return torch.stack([G(a[:1].expand_as(a), code.expand(len(a), -1)) for code in z], dim=1)


def one_code_only(G, a, z):
    return G(a, z[:1].expand(len(a), -1))[:, None]


def zipped(G, a, z):
    return torch.stack([G(x[None], code[None])[0] for x, code in zip(a, z, strict=False)])


def last_code_lost(G, a, z):
    return torch.stack([G(a, z[k].expand(len(a), -1)) for k in range(len(z) - 1)], dim=1)


def in_reverse(G, a, z):
    return torch.stack([G(a, code.expand(len(a), -1)) for code in reversed(z)], dim=1)


def no_code_at_all(G, a, z):
    return torch.stack([G(a, torch.zeros(len(a), z.shape[1])) for _ in z], dim=1)


def overwritten(G, a, z):
    answers = torch.zeros(len(a), len(z), *G(a, z[:1].expand(len(a), -1)).shape[1:])
    for code in z:
        answers[:, 0] = G(a, code.expand(len(a), -1))
    return answers


def axes_of_pictures(G, a, z):
    return torch.stack([G(a, code.expand(len(a), -1)) for code in z], dim=-1)


def as_a_list(G, a, z):
    return [G(a, code.expand(len(a), -1)) for code in z]


def code_without_a_batch(G, a, z):
    return torch.stack([G(a, code) for code in z], dim=1)


def grid_by_repeat(G, a, z):
    answers = G(a.repeat_interleave(len(z), dim=0), z.repeat(len(a), 1))
    return answers.reshape(len(a), len(z), *answers.shape[1:])


def grid_by_two_loops(G, a, z):
    return torch.stack([torch.cat([G(x[None], code[None]) for code in z]) for x in a])


def grid_in_place(G, a, z):
    answers = None
    with torch.no_grad():
        for k, code in enumerate(z):
            answer = G(a, torch.stack([code] * len(a)))
            if answers is None:
                answers = torch.empty(len(a), len(z), *answer.shape[1:])
            answers[:, k] = answer
    return answers


def code_of_one_row(G, a, z):
    return torch.stack([G(a, code[None]) for code in z], dim=1)


def code_unsqueezed(G, a, z):
    return torch.stack([G(a, code.unsqueeze(0)) for code in z], 1)


# Task 8.2: how different the answers are


def across_questions(answers):
    n = answers.shape[0]
    pairs = [np.abs(answers[i] - answers[j]).mean() for i in range(n) for j in range(i)]
    return np.mean(pairs)


def all_with_all(answers):
    flat = answers.reshape(-1, *answers.shape[2:])
    return np.mean([np.abs(flat[i] - flat[j]).mean() for i in range(len(flat)) for j in range(i)])


def with_itself(answers):
    return np.abs(answers[:, :, None] - answers[:, None]).mean()


def neighbours(answers):
    return np.abs(np.diff(answers, axis=1)).mean()


def deviation(answers):
    return answers.std(axis=1).mean()


def from_the_mean(answers):
    return np.abs(answers - answers.mean(axis=1, keepdims=True)).mean()


def squared(answers):
    n = answers.shape[1]
    return np.mean([((answers[:, i] - answers[:, j]) ** 2).mean() for i in range(n) for j in range(i)])


def without_abs(answers):
    n = answers.shape[1]
    return np.mean([(answers[:, i] - answers[:, j]).mean() for i in range(n) for j in range(i)])


def abs_of_the_mean(answers):
    n = answers.shape[1]
    return np.mean([np.abs((answers[:, i] - answers[:, j]).mean()) for i in range(n) for j in range(i)])


def against_the_first(answers):
    return np.abs(answers[:, 1:] - answers[:, :1]).mean()


def pairs_summed(answers):
    n = answers.shape[1]
    return sum(np.abs(answers[:, i] - answers[:, j]).mean() for i in range(n) for j in range(i))


def half_of_each_pair(answers):
    n = answers.shape[1]
    total = sum(np.abs(answers[:, i] - answers[:, j]).mean() for i in range(n) for j in range(i))
    return total / (n * (n - 1))


def by_all_squares(answers):
    n = answers.shape[1]
    total = sum(np.abs(answers[:, i] - answers[:, j]).mean() for i in range(n) for j in range(i))
    return total / n**2


def variance(answers):
    return answers.var(axis=1).mean()


def largest_less_least(answers):
    return (answers.max(axis=1) - answers.min(axis=1)).mean()


def of_the_means(answers):
    means = answers.mean(axis=(2, 3, 4))
    n = means.shape[1]
    return np.mean([np.abs(means[:, i] - means[:, j]).mean() for i in range(n) for j in range(i)])


def by_question(answers):
    n = answers.shape[1]
    return np.mean([np.abs(answers[:, i] - answers[:, j]).mean((1, 2, 3)) for i in range(n) for j in range(i)], axis=0)


def channels_summed(answers):
    n = answers.shape[1]
    return np.mean([np.abs(answers[:, i] - answers[:, j]).sum(-1).mean() for i in range(n) for j in range(i)])


def euclidean(answers):
    n = answers.shape[1]
    return np.mean(
        [np.linalg.norm((answers[:, i] - answers[:, j]).reshape(len(answers), -1), axis=1).mean()
         for i in range(n) for j in range(i)]
    )  # fmt: skip


def first_question_only(answers):
    n = answers.shape[1]
    return np.mean([np.abs(answers[0, i] - answers[0, j]).mean() for i in range(n) for j in range(i)])


def ratio_of_255(answers):
    n = answers.shape[1]
    return np.mean([np.abs(answers[:, i] - answers[:, j]).mean() for i in range(n) for j in range(i)]) / 255


def centred_in_place(answers):
    answers -= answers.mean(axis=1, keepdims=True)
    n = answers.shape[1]
    return np.mean([np.abs(answers[:, i] - answers[:, j]).mean() for i in range(n) for j in range(i)])


def pairs_by_itertools(answers):
    pairs = itertools.combinations(range(answers.shape[1]), 2)
    return float(np.mean([np.abs(answers[:, i] - answers[:, j]).mean() for i, j in pairs]))


def pairs_by_broadcast(answers):
    n = answers.shape[1]
    every = np.abs(answers[:, :, None] - answers[:, None])
    return every.mean() * n / (n - 1)


def pairs_in_loops(answers):
    total, count = 0.0, 0
    for question in answers:
        for i in range(len(question)):
            for j in range(i + 1, len(question)):
                total += np.abs(question[i] - question[j]).mean()
                count += 1
    return total / count


def halves_compared(answers):
    n = answers.shape[1]
    return np.abs(answers[:, : n // 2] - answers[:, n // 2 :]).mean()


# Task 8.3: the code's gradient by hand


def sigma_without_half(g, mean, log_variance, eps, weight):
    sigma = np.exp(log_variance)
    return g + weight * mean, 0.5 * g * sigma * eps + 0.5 * weight * (sigma**2 - 1)


def sigma_without_half_at_all(g, mean, log_variance, eps, weight):
    variance = np.exp(log_variance)
    return g + weight * mean, g * variance * eps + 0.5 * weight * (variance - 1)


def draw_without_half(g, mean, log_variance, eps, weight):
    variance = np.exp(log_variance)
    return g + weight * mean, 0.5 * g * variance * eps + 0.5 * weight * (variance - 1)


def chain_without_half(g, mean, log_variance, eps, weight):
    sigma = np.exp(0.5 * log_variance)
    return g + weight * mean, g * sigma * eps + 0.5 * weight * (sigma**2 - 1)


def log_variance_is_sigma(g, mean, log_variance, eps, weight):
    return g + weight * mean, g * eps + weight * (log_variance - 1 / log_variance)


def by_sigma(g, mean, log_variance, eps, weight):
    sigma = np.exp(0.5 * log_variance)
    return g + weight * mean, g * eps + weight * (sigma - 1 / sigma)


def by_sigma_for_the_draw(g, mean, log_variance, eps, weight):
    sigma = np.exp(0.5 * log_variance)
    return g + weight * mean, g * eps + 0.5 * weight * (sigma**2 - 1)


def kl_uphill(g, mean, log_variance, eps, weight):
    sigma = np.exp(0.5 * log_variance)
    return g - weight * mean, 0.5 * g * sigma * eps - 0.5 * weight * (sigma**2 - 1)


def kl_uphill_for_the_variance(g, mean, log_variance, eps, weight):
    sigma = np.exp(0.5 * log_variance)
    return g + weight * mean, 0.5 * g * sigma * eps + 0.5 * weight * (1 - sigma**2)


def kl_as_a_mean(g, mean, log_variance, eps, weight):
    sigma = np.exp(0.5 * log_variance)
    return g + weight * mean / mean.size, 0.5 * g * sigma * eps + 0.5 * weight * (sigma**2 - 1) / mean.size


def kl_as_a_mean_over_the_batch(g, mean, log_variance, eps, weight):
    sigma, n = np.exp(0.5 * log_variance), len(mean)
    return g + weight * mean / n, 0.5 * g * sigma * eps + 0.5 * weight * (sigma**2 - 1) / n


def no_kl(g, mean, log_variance, eps, weight):
    return g, 0.5 * g * np.exp(0.5 * log_variance) * eps


def kl_without_weight(g, mean, log_variance, eps, weight):
    sigma = np.exp(0.5 * log_variance)
    return g + mean, 0.5 * g * sigma * eps + 0.5 * (sigma**2 - 1)


def kl_alone(g, mean, log_variance, eps, weight):
    return weight * mean, 0.5 * weight * (np.exp(log_variance) - 1)


def draw_is_a_constant_for_sigma(g, mean, log_variance, eps, weight):
    return g + weight * mean, 0.5 * weight * (np.exp(log_variance) - 1)


def mean_halved(g, mean, log_variance, eps, weight):
    sigma = np.exp(0.5 * log_variance)
    return g + 0.5 * weight * mean, 0.5 * g * sigma * eps + 0.5 * weight * (sigma**2 - 1)


def mean_doubled(g, mean, log_variance, eps, weight):
    sigma = np.exp(0.5 * log_variance)
    return g + 2 * weight * mean, 0.5 * g * sigma * eps + 0.5 * weight * (sigma**2 - 1)


def kl_without_half(g, mean, log_variance, eps, weight):
    sigma = np.exp(0.5 * log_variance)
    return g + 2 * weight * mean, 0.5 * g * sigma * eps + weight * (sigma**2 - 1)


def kl_without_half_for_the_variance(g, mean, log_variance, eps, weight):
    sigma = np.exp(0.5 * log_variance)
    return g + weight * mean, 0.5 * g * sigma * eps + weight * (sigma**2 - 1)


def kl_by_sigma(g, mean, log_variance, eps, weight):
    sigma = np.exp(0.5 * log_variance)
    return g + weight * mean, 0.5 * g * sigma * eps + 0.5 * weight * (sigma - 1)


def minus_one_lost(g, mean, log_variance, eps, weight):
    sigma = np.exp(0.5 * log_variance)
    return g + weight * mean, 0.5 * g * sigma * eps + 0.5 * weight * sigma**2


def no_eps(g, mean, log_variance, eps, weight):
    sigma = np.exp(0.5 * log_variance)
    return g + weight * mean, 0.5 * g * sigma + 0.5 * weight * (sigma**2 - 1)


def exchanged(g, mean, log_variance, eps, weight):
    sigma = np.exp(0.5 * log_variance)
    return 0.5 * g * sigma * eps + 0.5 * weight * (sigma**2 - 1), g + weight * mean


def the_code_itself(g, mean, log_variance, eps, weight):
    sigma = np.exp(0.5 * log_variance)
    z = mean + sigma * eps
    return g * z + weight * mean, 0.5 * g * sigma * eps + 0.5 * weight * (sigma**2 - 1)


def summed_over_the_batch(g, mean, log_variance, eps, weight):
    sigma = np.exp(0.5 * log_variance)
    return (g + weight * mean).sum(0), (0.5 * g * sigma * eps + 0.5 * weight * (sigma**2 - 1)).sum(0)


def weighted_all(g, mean, log_variance, eps, weight):
    sigma = np.exp(0.5 * log_variance)
    return weight * (g + mean), weight * (0.5 * g * sigma * eps + 0.5 * (sigma**2 - 1))


def by_torch(g, mean, log_variance, eps, weight):
    m, v = (torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (mean, log_variance))
    z = m + torch.exp(v / 2) * torch.tensor(eps)
    loss = (z * torch.tensor(g)).sum() + weight * -0.5 * (1 + v - m**2 - v.exp()).sum()
    loss.backward()
    return m.grad, v.grad


def in_float32(g, mean, log_variance, eps, weight):
    g, mean, log_variance, eps = (x.astype(np.float32) for x in (g, mean, log_variance, eps))
    variance = np.exp(log_variance)
    draw = g * eps * np.sqrt(variance) / 2
    return [g + weight * mean, draw + weight * (variance - 1) / 2]


def number_by_number(g, mean, log_variance, eps, weight):
    to_mean, to_log_variance = np.zeros_like(mean), np.zeros_like(mean)
    for k in np.ndindex(mean.shape):
        to_mean[k] = g[k] + weight * mean[k]
        sigma = np.exp(log_variance[k] / 2)
        to_log_variance[k] = (g[k] * eps[k] + weight * (sigma - 1 / sigma)) * sigma / 2
    return to_mean, to_log_variance


# Task 8.4: two discriminators


def paid(real, fake):
    return 0.5 * ((real - 1).square().mean() + fake.square().mean())


def halves(x):
    return x[: len(x) // 2], x[len(x) // 2 :]


def seen(a, b):
    return torch.cat([a, b], dim=1)


def one_for_both(D_vae, D_lr, a, b, fake_vae, fake_lr):
    (a1, a2), (b1, b2) = halves(a), halves(b)
    return (
        paid(D_vae(seen(a1, b1)), D_vae(seen(a1, fake_vae.detach()))),
        paid(D_vae(seen(a2, b2)), D_vae(seen(a1, fake_lr.detach()))),
    )


def fakes_exchanged(D_vae, D_lr, a, b, fake_vae, fake_lr):
    (a1, a2), (b1, b2) = halves(a), halves(b)
    return (
        paid(D_vae(seen(a1, b1)), D_vae(seen(a1, fake_lr.detach()))),
        paid(D_lr(seen(a2, b2)), D_lr(seen(a1, fake_vae.detach()))),
    )


def not_detached(D_vae, D_lr, a, b, fake_vae, fake_lr):
    (a1, a2), (b1, b2) = halves(a), halves(b)
    return (
        paid(D_vae(seen(a1, b1)), D_vae(seen(a1, fake_vae))),
        paid(D_lr(seen(a2, b2)), D_lr(seen(a1, fake_lr))),
    )


def one_not_detached(D_vae, D_lr, a, b, fake_vae, fake_lr):
    (a1, a2), (b1, b2) = halves(a), halves(b)
    return (
        paid(D_vae(seen(a1, b1)), D_vae(seen(a1, fake_vae.detach()))),
        paid(D_lr(seen(a2, b2)), D_lr(seen(a1, fake_lr))),
    )


def first_half_for_both(D_vae, D_lr, a, b, fake_vae, fake_lr):
    (a1, _), (b1, _) = halves(a), halves(b)
    return (
        paid(D_vae(seen(a1, b1)), D_vae(seen(a1, fake_vae.detach()))),
        paid(D_lr(seen(a1, b1)), D_lr(seen(a1, fake_lr.detach()))),
    )


def fake_beside_the_other_half(D_vae, D_lr, a, b, fake_vae, fake_lr):
    (a1, a2), (b1, b2) = halves(a), halves(b)
    return (
        paid(D_vae(seen(a1, b1)), D_vae(seen(a1, fake_vae.detach()))),
        paid(D_lr(seen(a2, b2)), D_lr(seen(a2, fake_lr.detach()))),
    )


def halves_exchanged(D_vae, D_lr, a, b, fake_vae, fake_lr):
    (a1, a2), (b1, b2) = halves(a), halves(b)
    return (
        paid(D_vae(seen(a2, b2)), D_vae(seen(a1, fake_vae.detach()))),
        paid(D_lr(seen(a1, b1)), D_lr(seen(a1, fake_lr.detach()))),
    )


def crosswise(D_vae, D_lr, a, b, fake_vae, fake_lr):
    (a1, _), (b1, b2) = halves(a), halves(b)
    return (
        paid(D_vae(seen(a1, b1)), D_vae(seen(a1, fake_vae.detach()))),
        paid(D_lr(seen(a1, b2)), D_lr(seen(a1, fake_lr.detach()))),
    )


def whole_batch(D_vae, D_lr, a, b, fake_vae, fake_lr):
    a1, _ = halves(a)
    return (
        paid(D_vae(seen(a, b)), D_vae(seen(a1, fake_vae.detach()))),
        paid(D_lr(seen(a, b)), D_lr(seen(a1, fake_lr.detach()))),
    )


def every_other_pair(D_vae, D_lr, a, b, fake_vae, fake_lr):
    return (
        paid(D_vae(seen(a[::2], b[::2])), D_vae(seen(a[::2], fake_vae.detach()))),
        paid(D_lr(seen(a[1::2], b[1::2])), D_lr(seen(a[::2], fake_lr.detach()))),
    )


def no_half(D_vae, D_lr, a, b, fake_vae, fake_lr):
    (a1, a2), (b1, b2) = halves(a), halves(b)
    return (
        2 * paid(D_vae(seen(a1, b1)), D_vae(seen(a1, fake_vae.detach()))),
        2 * paid(D_lr(seen(a2, b2)), D_lr(seen(a1, fake_lr.detach()))),
    )


def targets_exchanged(D_vae, D_lr, a, b, fake_vae, fake_lr):
    (a1, a2), (b1, b2) = halves(a), halves(b)
    return (
        paid(D_vae(seen(a1, fake_vae.detach())), D_vae(seen(a1, b1))),
        paid(D_lr(seen(a1, fake_lr.detach())), D_lr(seen(a2, b2))),
    )


def answer_first(D_vae, D_lr, a, b, fake_vae, fake_lr):
    (a1, a2), (b1, b2) = halves(a), halves(b)
    return (
        paid(D_vae(seen(b1, a1)), D_vae(seen(fake_vae.detach(), a1))),
        paid(D_lr(seen(b2, a2)), D_lr(seen(fake_lr.detach(), a1))),
    )


def logits_detached(D_vae, D_lr, a, b, fake_vae, fake_lr):
    (a1, a2), (b1, b2) = halves(a), halves(b)
    return (
        paid(D_vae(seen(a1, b1)), D_vae(seen(a1, fake_vae)).detach()),
        paid(D_lr(seen(a2, b2)), D_lr(seen(a1, fake_lr)).detach()),
    )


def added_up(D_vae, D_lr, a, b, fake_vae, fake_lr):
    (a1, a2), (b1, b2) = halves(a), halves(b)
    return paid(D_vae(seen(a1, b1)), D_vae(seen(a1, fake_vae.detach()))) + paid(
        D_lr(seen(a2, b2)), D_lr(seen(a1, fake_lr.detach()))
    )


def the_pair_exchanged(D_vae, D_lr, a, b, fake_vae, fake_lr):
    (a1, a2), (b1, b2) = halves(a), halves(b)
    return (
        paid(D_lr(seen(a2, b2)), D_lr(seen(a1, fake_lr.detach()))),
        paid(D_vae(seen(a1, b1)), D_vae(seen(a1, fake_vae.detach()))),
    )


def discriminators_exchanged(D_vae, D_lr, a, b, fake_vae, fake_lr):
    (a1, a2), (b1, b2) = halves(a), halves(b)
    return (
        paid(D_lr(seen(a1, b1)), D_lr(seen(a1, fake_vae.detach()))),
        paid(D_vae(seen(a2, b2)), D_vae(seen(a1, fake_lr.detach()))),
    )


def fooled(D_vae, D_lr, a, b, fake_vae, fake_lr):
    a1, _ = halves(a)
    return (D_vae(seen(a1, fake_vae)) - 1).square().mean(), (D_lr(seen(a1, fake_lr)) - 1).square().mean()


def cross_entropy(D_vae, D_lr, a, b, fake_vae, fake_lr):
    (a1, a2), (b1, b2) = halves(a), halves(b)

    def entropy(real, fake):
        return 0.5 * (F.softplus(-real).mean() + F.softplus(fake).mean())

    return (
        entropy(D_vae(seen(a1, b1)), D_vae(seen(a1, fake_vae.detach()))),
        entropy(D_lr(seen(a2, b2)), D_lr(seen(a1, fake_lr.detach()))),
    )


def without_gradients(D_vae, D_lr, a, b, fake_vae, fake_lr):
    (a1, a2), (b1, b2) = halves(a), halves(b)
    with torch.no_grad():
        return (
            paid(D_vae(seen(a1, b1)), D_vae(seen(a1, fake_vae))),
            paid(D_lr(seen(a2, b2)), D_lr(seen(a1, fake_lr))),
        )


def sums(D_vae, D_lr, a, b, fake_vae, fake_lr):
    (a1, a2), (b1, b2) = halves(a), halves(b)

    def total(real, fake):
        return 0.5 * ((real - 1).square().sum() + fake.square().sum())

    return (
        total(D_vae(seen(a1, b1)), D_vae(seen(a1, fake_vae.detach()))),
        total(D_lr(seen(a2, b2)), D_lr(seen(a1, fake_lr.detach()))),
    )


def as_numbers(D_vae, D_lr, a, b, fake_vae, fake_lr):
    (a1, a2), (b1, b2) = halves(a), halves(b)
    loss_vae = paid(D_vae(seen(a1, b1)), D_vae(seen(a1, fake_vae.detach())))
    loss_lr = paid(D_lr(seen(a2, b2)), D_lr(seen(a1, fake_lr.detach())))
    return loss_vae.item(), loss_lr.item()


def detached_in_place(D_vae, D_lr, a, b, fake_vae, fake_lr):
    (a1, a2), (b1, b2) = halves(a), halves(b)
    return (
        paid(D_vae(seen(a1, b1)), D_vae(seen(a1, fake_vae.detach_()))),
        paid(D_lr(seen(a2, b2)), D_lr(seen(a1, fake_lr.detach_()))),
    )


def backward_inside(D_vae, D_lr, a, b, fake_vae, fake_lr):
    (a1, a2), (b1, b2) = halves(a), halves(b)
    loss_vae = paid(D_vae(seen(a1, b1)), D_vae(seen(a1, fake_vae.detach())))
    loss_lr = paid(D_lr(seen(a2, b2)), D_lr(seen(a1, fake_lr.detach())))
    (loss_vae + loss_lr).backward(retain_graph=True)
    return loss_vae, loss_lr


def in_eval_mode(D_vae, D_lr, a, b, fake_vae, fake_lr):
    D_vae.eval()
    D_lr.eval()
    (a1, a2), (b1, b2) = halves(a), halves(b)
    return (
        paid(D_vae(seen(a1, b1)), D_vae(seen(a1, fake_vae.detach()))),
        paid(D_lr(seen(a2, b2)), D_lr(seen(a1, fake_lr.detach()))),
    )


def pays_mse(D_vae, D_lr, a, b, fake_vae, fake_lr):
    losses = []
    (a1, a2), (b1, b2) = a.chunk(2), b.chunk(2)
    for D, question, answer, fake in ((D_vae, a1, b1, fake_vae), (D_lr, a2, b2, fake_lr)):
        real, fake = D(torch.cat((question, answer), 1)), D(torch.cat((a1, fake.detach()), 1))
        losses.append((F.mse_loss(real, torch.ones_like(real)) + F.mse_loss(fake, torch.zeros_like(fake))) / 2)
    return losses


def in_one_call(D_vae, D_lr, a, b, fake_vae, fake_lr):
    half = a.shape[0] // 2
    losses = []
    for D, start, fake in ((D_vae, 0, fake_vae), (D_lr, half, fake_lr)):
        real_pair = torch.cat([a, b], dim=1)[start : start + half]
        logits = D(torch.cat([real_pair, torch.cat([a[:half], fake.data], dim=1)]))
        losses.append(((logits[:half] - 1) ** 2).mean() / 2 + (logits[half:] ** 2).mean() / 2)
    return tuple(losses)


def fakes_cloned(D_vae, D_lr, a, b, fake_vae, fake_lr):
    n = len(fake_vae)
    vae = paid(D_vae(torch.hstack([a[:n], b[:n]])), D_vae(torch.hstack([a[:n], fake_vae.clone().detach()])))
    lr = paid(D_lr(torch.hstack([a[n:], b[n:]])), D_lr(torch.hstack([a[:n], fake_lr.clone().detach()])))
    return vae, lr


# Task 8.5: spot the bug in a latent regression


def as_found(G, E, a, z):
    mean, log_variance = E(G(a, z))
    code = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
    return (code - z).abs().mean()


def only_the_mean(G, E, a, z):
    mean, _ = E(G(a, z))
    return (mean - z).abs().mean()


def only_frozen(G, E, a, z):
    E.requires_grad_(False)
    mean, log_variance = E(G(a, z))
    E.requires_grad_(True)
    code = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
    return (code - z).abs().mean()


def frozen_for_good(G, E, a, z):
    for weight in E.parameters():
        weight.requires_grad = False
    mean, _ = E(G(a, z))
    return (mean - z).abs().mean()


def fake_detached(G, E, a, z):
    mean, _ = E(G(a, z).detach())
    return (mean - z).abs().mean()


def under_no_grad(G, E, a, z):
    fake = G(a, z)
    with torch.no_grad():
        mean, _ = E(fake)
    return (mean - z).abs().mean()


def mean_detached(G, E, a, z):
    mean, _ = E(G(a, z))
    return (mean.detach() - z).abs().mean()


def all_under_no_grad(G, E, a, z):
    with torch.no_grad():
        mean, _ = E(G(a, z))
        return (mean - z).abs().mean()


def E_in_eval_mode(G, E, a, z):
    E.eval()
    mean, _ = E(G(a, z))
    return (mean - z).abs().mean()


def frozen_and_squared(G, E, a, z):
    E.requires_grad_(False)
    mean, _ = E(G(a, z))
    E.requires_grad_(True)
    return (mean - z).square().mean()


def frozen_and_summed(G, E, a, z):
    E.requires_grad_(False)
    mean, _ = E(G(a, z))
    E.requires_grad_(True)
    return (mean - z).abs().sum()


def the_log_variance(G, E, a, z):
    E.requires_grad_(False)
    _, log_variance = E(G(a, z))
    E.requires_grad_(True)
    return (log_variance - z).abs().mean()


def code_of_the_question(G, E, a, z):
    E.requires_grad_(False)
    mean, _ = E(a)
    E.requires_grad_(True)
    return (mean - z).abs().mean()


def a_code_of_its_own(G, E, a, z):
    E.requires_grad_(False)
    mean, _ = E(G(a, torch.randn_like(z)))
    E.requires_grad_(True)
    return (mean - z).abs().mean()


def G_frozen_instead(G, E, a, z):
    G.requires_grad_(False)
    mean, _ = E(G(a, z))
    G.requires_grad_(True)
    return (mean - z).abs().mean()


def thawed_before_reading(G, E, a, z):
    E.requires_grad_(False)
    fake = G(a, z)
    E.requires_grad_(True)
    mean, _ = E(fake)
    return (mean - z).abs().mean()


def gradient_thrown_away(G, E, a, z):
    mean, _ = E(G(a, z))
    loss = (mean - z).abs().mean()
    E.zero_grad()
    return loss


def signed(G, E, a, z):
    E.requires_grad_(False)
    mean, _ = E(G(a, z))
    E.requires_grad_(True)
    return (mean - z).mean()


def mean_without_sigma_half(G, E, a, z):
    E.requires_grad_(False)
    mean, log_variance = E(G(a, z))
    E.requires_grad_(True)
    code = mean + torch.randn_like(mean) * log_variance.exp()
    return (code - z).abs().mean()


def mean_and_log_variance(G, E, a, z):
    E.requires_grad_(False)
    mean, log_variance = E(G(a, z))
    E.requires_grad_(True)
    return (mean - z).abs().mean() + log_variance.abs().mean()


def loss_as_a_number(G, E, a, z):
    E.requires_grad_(False)
    mean, _ = E(G(a, z))
    E.requires_grad_(True)
    return (mean - z).abs().mean().item()


def backward_in_the_loss(G, E, a, z):
    E.requires_grad_(False)
    mean, _ = E(G(a, z))
    E.requires_grad_(True)
    loss = (mean - z).abs().mean()
    loss.backward(retain_graph=True)
    return loss


def first_weight_frozen(G, E, a, z):
    next(E.parameters()).requires_grad_(False)
    mean, _ = E(G(a, z))
    E.requires_grad_(True)
    return (mean - z).abs().mean()


def biases_still_learn(G, E, a, z):
    for name, weight in E.named_parameters():
        if "bias" not in name:
            weight.requires_grad_(False)
    mean, _ = E(G(a, z))
    E.requires_grad_(True)
    return (mean - z).abs().mean()


def eval_for_the_call(G, E, a, z):
    E.eval()
    E.requires_grad_(False)
    mean, _ = E(G(a, z))
    E.requires_grad_(True)
    E.train()
    return (mean - z).abs().mean()


def mode_put_back(G, E, a, z):
    was = E.training
    E.eval().requires_grad_(False)
    mean, _ = E(G(a, z))
    E.train(was).requires_grad_(True)
    return (mean - z).abs().mean()


def always_trains_afterwards(G, E, a, z):
    loss = frozen_weight_by_weight(G, E, a, z)
    E.train()
    return loss


def zero_grad_first(G, E, a, z):
    G.zero_grad()
    E.zero_grad()
    return frozen_weight_by_weight(G, E, a, z)


def zero_grad_of_E(G, E, a, z):
    loss = frozen_weight_by_weight(G, E, a, z)
    E.zero_grad()
    return loss


def backward_without_the_graph(G, E, a, z):
    loss = frozen_weight_by_weight(G, E, a, z)
    loss.backward()
    return loss


def frozen_weight_by_weight(G, E, a, z):
    before = [weight.requires_grad for weight in E.parameters()]
    for weight in E.parameters():
        weight.requires_grad_(False)
    read = E(G(a, z))[0]
    for weight, value in zip(E.parameters(), before, strict=True):
        weight.requires_grad_(value)
    return F.l1_loss(read, z)


def by_functional_call(G, E, a, z):
    weights = {name: weight.detach() for name, weight in E.named_parameters()}
    mean, _ = torch.func.functional_call(E, weights, (G(a, z),))
    return torch.mean(torch.abs(z - mean))


class Standing(nn.Module):
    """E with weights that stand still."""

    def __init__(self, E):
        super().__init__()
        self.E = E
        self.weights = {name: weight.detach() for name, weight in E.named_parameters()}

    def forward(self, b):
        return torch.func.functional_call(self.E, self.weights, (b,))


def by_a_module(G, E, a, z):
    return (Standing(E)(G(a, z))[0] - z).abs().sum() / z.numel()


WRONG = [
    ("8.1", "codes along the first axis", codes_first, "named"),
    ("8.1", "the first code for all answers", first_code_for_all, "named"),
    ("8.1", "each question with a code of its own", code_of_its_own, "named"),
    ("8.1", "both repeated in the same order", both_repeated, "named"),
    ("8.1", "the right pairs, reshaped in the wrong order", questions_repeated_codes_interleaved, "named"),
    ("8.1", "one long batch, by codes", in_one_row, "named"),
    ("8.1", "one long batch, by questions", in_one_row_by_question, "named"),
    ("8.1", "the mean of all answers", mean_answer, "named"),
    ("8.1", "the mean code", mean_code, "named"),
    ("8.1", "codes drawn by itself", own_codes, "honest"),
    ("8.1", "the codes as they are, one a question", codes_as_they_are, "honest"),
    ("8.1", "the first question for all", first_question_for_all, "named"),
    ("8.1", "the first code only", one_code_only, "named"),
    ("8.1", "question k with code k", zipped, "named"),
    ("8.1", "the last code lost", last_code_lost, "named"),
    ("8.1", "codes in reverse", in_reverse, "named"),
    ("8.1", "zeros in place of codes", no_code_at_all, "named"),
    ("8.1", "each answer written over the last", overwritten, "named"),
    ("8.1", "codes along the last axis", axes_of_pictures, "named"),
    ("8.1", "a list of columns", as_a_list, "named"),
    ("8.1", "a code without its batch", code_without_a_batch, "honest"),
    ("8.1", "a code of one row, for the network to spread", code_of_one_row, "honest"),
    ("8.1", "a code unsqueezed", code_unsqueezed, "honest"),
    ("8.2", "the lesson's halves", halves_compared, "named"),
    ("8.2", "across questions", across_questions, "named"),
    ("8.2", "all answers with all, whatever the question", all_with_all, "named"),
    ("8.2", "each answer with itself, too", with_itself, "named"),
    ("8.2", "neighbours only", neighbours, "named"),
    ("8.2", "standard deviation", deviation, "named"),
    ("8.2", "distance from the mean answer", from_the_mean, "named"),
    ("8.2", "squares", squared, "named"),
    ("8.2", "no absolute value", without_abs, "named"),
    ("8.2", "absolute value after the mean", abs_of_the_mean, "named"),
    ("8.2", "against the first answer only", against_the_first, "named"),
    ("8.2", "pairs summed", pairs_summed, "named"),
    ("8.2", "each pair once, divided by both orders", half_of_each_pair, "named"),
    ("8.2", "each pair once, divided by all squares", by_all_squares, "named"),
    ("8.2", "variance", variance, "named"),
    ("8.2", "largest less least", largest_less_least, "named"),
    ("8.2", "of the answers' mean values", of_the_means, "named"),
    ("8.2", "a number for each question", by_question, "named"),
    ("8.2", "channels summed", channels_summed, "named"),
    ("8.2", "Euclidean distance", euclidean, "honest"),
    ("8.2", "the first question only", first_question_only, "named"),
    ("8.2", "divided by 255", ratio_of_255, "named"),
    ("8.2", "its own input centred", centred_in_place, "named"),
    ("8.3", "σ = exp(log σ²)", sigma_without_half, "named"),
    ("8.3", "no half anywhere in the draw", sigma_without_half_at_all, "named"),
    ("8.3", "σ² in place of σ in the draw", draw_without_half, "named"),
    ("8.3", "the chain's half forgotten", chain_without_half, "named"),
    ("8.3", "log σ² taken for σ", log_variance_is_sigma, "named"),
    ("8.3", "the gradient of σ", by_sigma, "named"),
    ("8.3", "the gradient of σ, in the draw alone", by_sigma_for_the_draw, "named"),
    ("8.3", "KL uphill", kl_uphill, "named"),
    ("8.3", "KL uphill for the variance", kl_uphill_for_the_variance, "named"),
    ("8.3", "KL as a mean over everything", kl_as_a_mean, "named"),
    ("8.3", "KL as a mean over the batch", kl_as_a_mean_over_the_batch, "named"),
    ("8.3", "no KL", no_kl, "named"),
    ("8.3", "KL without its weight", kl_without_weight, "named"),
    ("8.3", "the draw as a constant", kl_alone, "named"),
    ("8.3", "the draw as a constant for the variance", draw_is_a_constant_for_sigma, "named"),
    ("8.3", "KL's pull on the mean halved", mean_halved, "named"),
    ("8.3", "KL's pull on the mean doubled", mean_doubled, "named"),
    ("8.3", "KL without its half", kl_without_half, "named"),
    ("8.3", "KL without its half for the variance", kl_without_half_for_the_variance, "named"),
    ("8.3", "σ in place of σ² in KL", kl_by_sigma, "named"),
    ("8.3", "KL's −1 lost", minus_one_lost, "named"),
    ("8.3", "ε lost", no_eps, "named"),
    ("8.3", "the two exchanged", exchanged, "named"),
    ("8.3", "the gradient times the code", the_code_itself, "honest"),
    ("8.3", "summed over the batch", summed_over_the_batch, "named"),
    ("8.3", "the weight on everything", weighted_all, "named"),
    ("8.4", "one D for both", one_for_both, "named"),
    ("8.4", "fakes exchanged", fakes_exchanged, "named"),
    ("8.4", "fakes not detached", not_detached, "named"),
    ("8.4", "one fake not detached", one_not_detached, "named"),
    ("8.4", "the first half for both", first_half_for_both, "named"),
    ("8.4", "D_lr's fake beside the other half's label maps", fake_beside_the_other_half, "named"),
    ("8.4", "halves exchanged", halves_exchanged, "named"),
    ("8.4", "a real pair made of two halves", crosswise, "named"),
    ("8.4", "the whole batch as real", whole_batch, "named"),
    ("8.4", "every other pair", every_other_pair, "named"),
    ("8.4", "without the half", no_half, "named"),
    ("8.4", "targets exchanged", targets_exchanged, "named"),
    ("8.4", "answer first, then question", answer_first, "named"),
    ("8.4", "logits detached", logits_detached, "named"),
    ("8.4", "one sum", added_up, "named"),
    ("8.4", "the two losses exchanged", the_pair_exchanged, "named"),
    ("8.4", "the two D exchanged", discriminators_exchanged, "named"),
    ("8.4", "what G pays", fooled, "named"),
    ("8.4", "cross-entropy", cross_entropy, "named"),
    ("8.4", "no gradient at all", without_gradients, "named"),
    ("8.4", "sums", sums, "named"),
    ("8.4", "numbers in place of tensors", as_numbers, "named"),
    ("8.4", "fakes detached in place", detached_in_place, "named"),
    ("8.4", "backward inside", backward_inside, "named"),
    ("8.4", "both D left in eval mode", in_eval_mode, "named"),
    ("8.5", "as it was found", as_found, "named"),
    ("8.5", "the mean, but E still learns", only_the_mean, "named"),
    ("8.5", "E frozen, but still a draw", only_frozen, "named"),
    ("8.5", "E frozen for good", frozen_for_good, "named"),
    ("8.5", "the fake detached", fake_detached, "named"),
    ("8.5", "E under no_grad", under_no_grad, "named"),
    ("8.5", "the mean detached", mean_detached, "named"),
    ("8.5", "all under no_grad", all_under_no_grad, "named"),
    ("8.5", "E in eval mode", E_in_eval_mode, "named"),
    ("8.5", "squared", frozen_and_squared, "named"),
    ("8.5", "summed", frozen_and_summed, "named"),
    ("8.5", "the log variance", the_log_variance, "named"),
    ("8.5", "the code of the question", code_of_the_question, "named"),
    ("8.5", "another code than the one given", a_code_of_its_own, "named"),
    ("8.5", "G frozen in place of E", G_frozen_instead, "named"),
    ("8.5", "thawed before E reads", thawed_before_reading, "named"),
    ("8.5", "zero_grad before anything was computed", gradient_thrown_away, "named"),
    ("8.5", "no absolute value", signed, "named"),
    ("8.5", "E frozen, a draw with σ²", mean_without_sigma_half, "named"),
    ("8.5", "the log variance asked for 0", mean_and_log_variance, "honest"),
    ("8.5", "a number in place of a tensor", loss_as_a_number, "named"),
    ("8.5", "backward inside", backward_in_the_loss, "named"),
    ("8.5", "backward inside, which uses up the graph", backward_without_the_graph, "named"),
    ("8.5", "one weight frozen", first_weight_frozen, "named"),
    ("8.5", "weights frozen, biases not", biases_still_learn, "named"),
    ("8.5", "eval for the call, then train", eval_for_the_call, "named"),
    ("8.5", "eval for the call, then as it was", mode_put_back, "named"),
    ("8.5", "train afterwards, whatever it was", always_trains_afterwards, "named"),
    ("8.5", "zero_grad of both first", zero_grad_first, "named"),
    ("8.5", "zero_grad of E", zero_grad_of_E, "named"),
]
RIGHT = [
    ("8.1", "repeat and repeat_interleave", grid_by_repeat),
    ("8.1", "two loops", grid_by_two_loops),
    ("8.1", "filled in place, without a graph", grid_in_place),
    ("8.2", "combinations", pairs_by_itertools),
    ("8.2", "broadcast, corrected for pairs with itself", pairs_by_broadcast),
    ("8.2", "loops", pairs_in_loops),
    ("8.3", "autograd of PyTorch", by_torch),
    ("8.3", "float32, a list", in_float32),
    ("8.3", "number by number, through σ", number_by_number),
    ("8.4", "mse_loss, chunk, a list", pays_mse),
    ("8.4", "one call of each D, data in place of detach", in_one_call),
    ("8.4", "hstack, clone", fakes_cloned),
    ("8.5", "frozen weight by weight, l1_loss", frozen_weight_by_weight),
    ("8.5", "functional_call", by_functional_call),
    ("8.5", "a module that stands still", by_a_module),
]
