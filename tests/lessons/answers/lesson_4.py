"""Answers to lesson 4's exercises as they might be handed in, written without sight of the checks."""

import numpy as np
import torch
from torch.nn import functional as F

# Task 4.1


def plain_counts(real_counts, fake_counts):
    total = real_counts + fake_counts
    return np.where(total > 0, real_counts / np.maximum(total, 1), 0.5)


def one_total(real_counts, fake_counts):
    total = real_counts.sum() + fake_counts.sum()
    p, q = real_counts / total, fake_counts / total
    answers = np.ones(len(p)) / 2
    np.divide(p, p + q, out=answers, where=p + q > 0)
    return answers


def about_fake(real_counts, fake_counts):
    p, q = real_counts / real_counts.sum(), fake_counts / fake_counts.sum()
    return np.divide(q, p + q, out=np.full(len(p), 0.5), where=p + q > 0)


def odds(real_counts, fake_counts):
    p, q = real_counts / real_counts.sum(), fake_counts / fake_counts.sum()
    with np.errstate(all="ignore"):
        return np.where(p + q == 0, 0.5, p / q)


def log_odds(real_counts, fake_counts):
    p, q = real_counts / real_counts.sum(), fake_counts / fake_counts.sum()
    with np.errstate(all="ignore"):
        return np.where(p + q == 0, 0.5, np.log(p / q))


def nan_in_empty(real_counts, fake_counts):
    p, q = real_counts / real_counts.sum(), fake_counts / fake_counts.sum()
    with np.errstate(all="ignore"):
        return p / (p + q)


def zero_in_empty(real_counts, fake_counts):
    p, q = real_counts / real_counts.sum(), fake_counts / fake_counts.sum()
    with np.errstate(all="ignore"):
        return np.nan_to_num(p / (p + q))


def eps_below(real_counts, fake_counts):
    p, q = real_counts / real_counts.sum(), fake_counts / fake_counts.sum()
    return p / (p + q + 1e-8)


def empty_left_out(real_counts, fake_counts):
    p, q = real_counts / real_counts.sum(), fake_counts / fake_counts.sum()
    there = p + q > 0
    return p[there] / (p + q)[there]


def hard(real_counts, fake_counts):
    p, q = real_counts / real_counts.sum(), fake_counts / fake_counts.sum()
    return (p > q).astype(float)


def sigmoid_of_share(real_counts, fake_counts):
    p, q = real_counts / real_counts.sum(), fake_counts / fake_counts.sum()
    return 1 / (1 + np.exp(-(p - q)))


def one_more_each(real_counts, fake_counts):
    p = (real_counts + 1) / (real_counts + 1).sum()
    q = (fake_counts + 1) / (fake_counts + 1).sum()
    return p / (p + q)


def by_largest(real_counts, fake_counts):
    p, q = real_counts / real_counts.max(), fake_counts / fake_counts.max()
    return np.divide(p, p + q, out=np.full(len(p), 0.5), where=p + q > 0)


def real_share(real_counts, fake_counts):
    return real_counts / real_counts.sum()


def whole_numbers(real_counts, fake_counts):
    p, q = real_counts // real_counts.sum(), fake_counts // fake_counts.sum()
    return np.where(p + q > 0, p / np.maximum(p + q, 1), 0.5)


def counts_changed(real_counts, fake_counts):
    p, q = real_counts / real_counts.sum(), fake_counts / fake_counts.sum()
    real_counts[:] = 0
    return np.divide(p, p + q, out=np.full(len(p), 0.5), where=p + q > 0)


def by_a_loop(real_counts, fake_counts):
    answers = []
    for real, fake in zip(real_counts, fake_counts, strict=True):
        p, q = real / sum(real_counts), fake / sum(fake_counts)
        answers.append(0.5 if p == q == 0 else p / (p + q))
    return answers


def crosswise(real_counts, fake_counts):
    p, q = real_counts * fake_counts.sum(), fake_counts * real_counts.sum()
    with np.errstate(invalid="ignore"):
        answers = p / (p + q)
    answers[np.isnan(answers)] = 0.5
    return answers


def as_torch(real_counts, fake_counts):
    p, q = (torch.from_numpy(counts / counts.sum()) for counts in (real_counts, fake_counts))
    return torch.where(p + q > 0, p / (p + q), torch.tensor(0.5, dtype=p.dtype))


# Task 4.2


def no_half(real, fake):
    return F.relu(1 - real).mean() + F.relu(1 + fake).mean(), -fake.mean()


def signs_swapped(real, fake):
    return 0.5 * (F.relu(1 + real).mean() + F.relu(1 - fake).mean()), -fake.mean()


def g_hinged(real, fake):
    return 0.5 * (F.relu(1 - real).mean() + F.relu(1 + fake).mean()), F.relu(1 - fake).mean()


def g_sign(real, fake):
    return 0.5 * (F.relu(1 - real).mean() + F.relu(1 + fake).mean()), fake.mean()


def one_mean(real, fake):
    return torch.cat([F.relu(1 - real).flatten(), F.relu(1 + fake).flatten()]).mean(), -fake.mean()


def sums(real, fake):
    return 0.5 * (F.relu(1 - real).sum() + F.relu(1 + fake).sum()), -fake.sum()


def pair_swapped(real, fake):
    return -fake.mean(), 0.5 * (F.relu(1 - real).mean() + F.relu(1 + fake).mean())


def no_clamp(real, fake):
    return 0.5 * ((1 - real).mean() + (1 + fake).mean()), -fake.mean()


def max_after_mean(real, fake):
    return 0.5 * (F.relu(1 - real.mean()) + F.relu(1 + fake.mean())), -fake.mean()


def margin_zero(real, fake):
    return 0.5 * (F.relu(-real).mean() + F.relu(fake).mean()), -fake.mean()


def d_alone(real, fake):
    return 0.5 * (F.relu(1 - real).mean() + F.relu(1 + fake).mean())


def added_first(real, fake):
    return 0.5 * (F.relu(1 - real) + F.relu(1 + fake)).mean(), -fake.mean()


def as_numbers(real, fake):
    return (0.5 * (F.relu(1 - real).mean() + F.relu(1 + fake).mean())).item(), -fake.mean().item()


def with_clamp(real, fake):
    return (1 - real).clamp(min=0).mean() / 2 + (1 + fake).clamp(min=0).mean() / 2, fake.neg().mean()


def with_maximum(real, fake):
    zero = torch.zeros((), dtype=real.dtype)
    on_real, on_fake = torch.maximum(zero, 1 - real), torch.maximum(zero, 1 + fake)
    return 0.5 * (on_real.sum() / on_real.numel() + on_fake.sum() / on_fake.numel()), -fake.sum() / fake.numel()


def as_list(real, fake):
    real, fake = real.reshape(-1), fake.reshape(-1)
    return [
        -torch.minimum(real - 1, real * 0).mean() * 0.5 - torch.minimum(-fake - 1, fake * 0).mean() * 0.5,
        -fake.mean(),
    ]


# Task 4.3


def smoothed(d, target):
    return (target * F.softplus(-d) + (1 - target) * F.softplus(d)).mean()


def no_detach(G, D, optimizer, real, z, target):
    loss = 0.5 * smoothed(D(real), target) + 0.5 * F.softplus(D(G(z))).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def no_zero_grad(G, D, optimizer, real, z, target):
    loss = 0.5 * smoothed(D(real), target) + 0.5 * F.softplus(D(G(z).detach())).mean()
    loss.backward()
    optimizer.step()
    return loss.item()


def zero_grad_last(G, D, optimizer, real, z, target):
    loss = 0.5 * smoothed(D(real), target) + 0.5 * F.softplus(D(G(z).detach())).mean()
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return loss.item()


def both_smoothed(G, D, optimizer, real, z, target):
    loss = 0.5 * smoothed(D(real), target) + 0.5 * smoothed(D(G(z).detach()), 1 - target)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def step_no_half(G, D, optimizer, real, z, target):
    loss = smoothed(D(real), target) + F.softplus(D(G(z).detach())).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def no_step(G, D, optimizer, real, z, target):
    loss = 0.5 * smoothed(D(real), target) + 0.5 * F.softplus(D(G(z).detach())).mean()
    optimizer.zero_grad()
    loss.backward()
    return loss.item()


def target_unused(G, D, optimizer, real, z, target):
    loss = 0.5 * F.softplus(-D(real)).mean() + 0.5 * F.softplus(D(G(z).detach())).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def half_formula(G, D, optimizer, real, z, target):
    loss = 0.5 * target * F.softplus(-D(real)).mean() + 0.5 * F.softplus(D(G(z).detach())).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def sigmoid_twice(G, D, optimizer, real, z, target):
    on_real, on_fake = torch.sigmoid(D(real)), torch.sigmoid(D(G(z).detach()))
    loss = 0.5 * F.binary_cross_entropy_with_logits(on_real, torch.full_like(on_real, target))
    loss = loss + 0.5 * F.binary_cross_entropy_with_logits(on_fake, torch.zeros_like(on_fake))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def zero_grad_between(G, D, optimizer, real, z, target):
    loss = 0.5 * smoothed(D(real), target) + 0.5 * F.softplus(D(G(z).detach())).mean()
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()
    return loss.item()


def labels_swapped(G, D, optimizer, real, z, target):
    loss = 0.5 * smoothed(D(G(z).detach()), target) + 0.5 * F.softplus(D(real)).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def paid_afterwards(G, D, optimizer, real, z, target):
    fake = G(z).detach()
    loss = 0.5 * smoothed(D(real), target) + 0.5 * F.softplus(D(fake)).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return (0.5 * smoothed(D(real), target) + 0.5 * F.softplus(D(fake)).mean()).item()


def frozen_for_good(G, D, optimizer, real, z, target):
    for weight in G.parameters():
        weight.requires_grad_(False)
    loss = 0.5 * smoothed(D(real), target) + 0.5 * F.softplus(D(G(z))).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def nothing_returned(G, D, optimizer, real, z, target):
    loss = 0.5 * smoothed(D(real), target) + 0.5 * F.softplus(D(G(z).detach())).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def noise_judged(G, D, optimizer, real, z, target):
    loss = 0.5 * smoothed(D(real), target) + 0.5 * F.softplus(D(z)).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def with_bce(G, D, optimizer, real, z, target):
    bce = torch.nn.BCEWithLogitsLoss()
    with torch.no_grad():
        fake = G(z)
    optimizer.zero_grad(set_to_none=False)
    d_real, d_fake = D(real), D(fake)
    loss = (bce(d_real, torch.full_like(d_real, target)) + bce(d_fake, torch.zeros_like(d_fake))) / 2
    loss.backward()
    optimizer.step()
    return loss.item()


def two_backwards(G, D, optimizer, real, z, target):
    D.zero_grad()
    d = D(real)
    on_real = 0.5 * (F.softplus(d) - target * d).mean()
    on_real.backward()
    on_fake = -0.5 * F.logsigmoid(-D(G(z).detach())).mean()
    on_fake.backward()
    optimizer.step()
    return float(on_real) + float(on_fake)


def tensor_returned(G, D, optimizer, real, z, target):
    logits = D(torch.cat([real, G(z).detach()]))
    wanted = torch.cat([torch.full((len(real), 1), target), torch.zeros(len(z), 1)]).to(logits.dtype)
    paid = F.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    loss = 0.5 * paid[: len(real)].mean() + 0.5 * paid[len(real) :].mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


# Task 4.4


def between(real, fake, share):
    share = share.view(-1, 1, 1, 1)
    return (share * real + (1 - share) * fake).detach().requires_grad_()


def slope(score, x):
    return torch.autograd.grad(score.sum(), x, create_graph=True)[0]


def norm_of_channels(D, real, fake, share):
    x = between(real, fake, share)
    return (slope(D(x).mean(dim=(1, 2, 3)), x).norm(dim=1) - 1).square().mean()


def norm_of_batch(D, real, fake, share):
    x = between(real, fake, share)
    return (slope(D(x).mean(dim=(1, 2, 3)), x).norm() - 1).square()


def map_summed(D, real, fake, share):
    x = between(real, fake, share)
    return (slope(D(x), x).flatten(1).norm(dim=1) - 1).square().mean()


def mean_of_everything(D, real, fake, share):
    x = between(real, fake, share)
    return (slope(D(x).mean(), x).flatten(1).norm(dim=1) - 1).square().mean()


def no_create_graph(D, real, fake, share):
    x = between(real, fake, share)
    (grad,) = torch.autograd.grad(D(x).mean(dim=(1, 2, 3)).sum(), x)
    return (grad.flatten(1).norm(dim=1) - 1).square().mean()


def share_swapped(D, real, fake, share):
    x = between(fake, real, share)
    return (slope(D(x).mean(dim=(1, 2, 3)), x).flatten(1).norm(dim=1) - 1).square().mean()


def share_along_width(D, real, fake, share):
    x = (share * real + (1 - share) * fake).detach().requires_grad_()
    return (slope(D(x).mean(dim=(1, 2, 3)), x).flatten(1).norm(dim=1) - 1).square().mean()


def one_share(D, real, fake, share):
    x = between(real, fake, share[:1])
    return (slope(D(x).mean(dim=(1, 2, 3)), x).flatten(1).norm(dim=1) - 1).square().mean()


def own_share(D, real, fake, share):
    x = between(real, fake, torch.rand_like(share))
    return (slope(D(x).mean(dim=(1, 2, 3)), x).flatten(1).norm(dim=1) - 1).square().mean()


def only_above(D, real, fake, share):
    x = between(real, fake, share)
    return F.relu(slope(D(x).mean(dim=(1, 2, 3)), x).flatten(1).norm(dim=1) - 1).square().mean()


def no_one(D, real, fake, share):
    x = between(real, fake, share)
    return slope(D(x).mean(dim=(1, 2, 3)), x).flatten(1).norm(dim=1).square().mean()


def mean_first(D, real, fake, share):
    x = between(real, fake, share)
    return (slope(D(x).mean(dim=(1, 2, 3)), x).flatten(1).norm(dim=1).mean() - 1).square()


def summed_up(D, real, fake, share):
    x = between(real, fake, share)
    return (slope(D(x).mean(dim=(1, 2, 3)), x).flatten(1).norm(dim=1) - 1).square().sum()


def not_squared_out(D, real, fake, share):
    x = between(real, fake, share)
    return (slope(D(x).mean(dim=(1, 2, 3)), x).flatten(1).square().sum(dim=1) - 1).square().mean()


def by_loop(D, real, fake, share):
    total = 0
    for r, f, e in zip(real, fake, share, strict=True):
        x = (e * r + (1 - e) * f)[None].detach().requires_grad_(True)
        (grad,) = torch.autograd.grad(D(x).mean(), x, create_graph=True)
        total = total + (grad.pow(2).sum().sqrt() - 1) ** 2
    return total / len(real)


def with_grad_outputs(D, real, fake, share):
    x = torch.lerp(fake, real, share[:, None, None, None]).detach()
    x.requires_grad = True
    score = D(x).flatten(1).mean(1)
    grad = torch.autograd.grad(score, x, grad_outputs=torch.ones_like(score), create_graph=True, retain_graph=True)[0]
    return ((torch.linalg.vector_norm(grad, dim=(1, 2, 3)) - 1) ** 2).mean()


def undetached(D, real, fake, share):
    share = share.reshape(len(real), 1, 1, 1)
    x = (fake + share * (real - fake)).requires_grad_()
    values = D(x)
    (grad,) = torch.autograd.grad(values.sum() / values[0].numel(), x, create_graph=True)
    return F.mse_loss(grad.flatten(1).norm(2, dim=1), torch.ones(len(real), dtype=grad.dtype))


# Task 4.5


def sigmoid_left_for_g(D, real, fake):
    D_pays = 0.5 * ((D(real) - 1).square().mean() + D(fake.detach()).square().mean())
    return D_pays, (torch.sigmoid(D(fake)) - 1).square().mean()


def sigmoid_left_for_d(D, real, fake):
    on_real, on_fake = torch.sigmoid(D(real)), torch.sigmoid(D(fake.detach()))
    return 0.5 * ((on_real - 1).square().mean() + on_fake.square().mean()), (D(fake) - 1).square().mean()


def sigmoid_left_on_fake(D, real, fake):
    D_pays = 0.5 * ((D(real) - 1).square().mean() + torch.sigmoid(D(fake.detach())).square().mean())
    return D_pays, (D(fake) - 1).square().mean()


def g_detached(D, real, fake):
    on_real, on_fake = D(real), D(fake.detach())
    return 0.5 * ((on_real - 1).square().mean() + on_fake.square().mean()), (on_fake - 1).square().mean()


def d_not_detached(D, real, fake):
    on_real, on_fake = D(real), D(fake)
    return 0.5 * ((on_real - 1).square().mean() + on_fake.square().mean()), (on_fake - 1).square().mean()


def detach_removed_only(D, real, fake):
    on_real, on_fake = torch.sigmoid(D(real)), torch.sigmoid(D(fake))
    D_pays = 0.5 * ((on_real - 1).square().mean() + on_fake.square().mean())
    return D_pays, (torch.sigmoid(D(fake)) - 1).square().mean()


def half_removed(D, real, fake):
    return (D(real) - 1).square().mean() + D(fake.detach()).square().mean(), (D(fake) - 1).square().mean()


def half_for_g(D, real, fake):
    D_pays = 0.5 * ((D(real) - 1).square().mean() + D(fake.detach()).square().mean())
    return D_pays, 0.5 * (D(fake) - 1).square().mean()


def g_to_zero(D, real, fake):
    D_pays = 0.5 * ((D(real) - 1).square().mean() + D(fake.detach()).square().mean())
    return D_pays, D(fake).square().mean()


def cross_entropy(D, real, fake):
    D_pays = 0.5 * (F.softplus(-D(real)).mean() + F.softplus(D(fake.detach())).mean())
    return D_pays, F.softplus(-D(fake)).mean()


def tanh_instead(D, real, fake):
    on_real, on_fake = torch.tanh(D(real)), torch.tanh(D(fake.detach()))
    D_pays = 0.5 * ((on_real - 1).square().mean() + on_fake.square().mean())
    return D_pays, (torch.tanh(D(fake)) - 1).square().mean()


def detached_verdict(D, real, fake):
    on_real, on_fake = D(real), D(fake).detach()
    return 0.5 * ((on_real - 1).square().mean() + on_fake.square().mean()), (D(fake) - 1).square().mean()


def with_mse(D, real, fake):
    on_real, on_fake, for_G = D(real), D(fake.detach()), D(fake)
    on_real = F.mse_loss(on_real, torch.ones_like(on_real))
    on_fake = F.mse_loss(on_fake, torch.zeros_like(on_fake))
    return (on_real + on_fake) / 2, F.mse_loss(for_G, torch.ones_like(for_G))


def in_one_call(D, real, fake):
    on_real, on_fake = D(torch.cat([real, fake.detach()])).split([len(real), len(fake)])
    D_pays = ((on_real - 1) ** 2).mean() / 2 + (on_fake**2).mean() / 2
    return D_pays, torch.mean((1 - D(fake)) ** 2)


def data_attribute(D, real, fake):
    D_pays = 0.5 * (torch.pow(D(real) - 1, 2).mean() + torch.pow(D(fake.data), 2).mean())
    G_pays = torch.pow(D(fake) - 1, 2).mean()
    return D_pays, G_pays


def relu_one_minus_fake(real, fake):
    return 0.5 * (F.relu(1 - real).mean() + F.relu(1 - fake).mean()), -fake.mean()


def both_reversed(real, fake):
    return 0.5 * (F.relu(real - 1).mean() + F.relu(-1 - fake).mean()), -fake.mean()


def plus_and_minus_one(real, fake):
    return 0.5 * (F.relu(1 - real).mean() + F.relu(fake - 1).mean()), -fake.mean()


def zeroed_afterwards(G, D, optimizer, real, z, target):
    loss = 0.5 * smoothed(D(real), target) + 0.5 * F.softplus(D(G(z))).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    G.zero_grad()
    return loss.item()


def d_left_in_eval(G, D, optimizer, real, z, target):
    D.eval()
    return with_bce(G, D, optimizer, real, z, target)


def always_training(G, D, optimizer, real, z, target):
    G.eval()
    paid = with_bce(G, D, optimizer, real, z, target)
    G.train()
    return paid


def thawed_again(G, D, optimizer, real, z, target):
    G.requires_grad_(False)
    paid = no_detach(G, D, optimizer, real, z, target)
    G.requires_grad_(True)
    return paid


def backward_in_between(D, real, fake, share):
    x = between(real, fake, share)
    D(x).mean(dim=(1, 2, 3)).sum().backward(create_graph=True)
    return (x.grad.flatten(1).norm(dim=1) - 1).square().mean()


def backward_into_pictures(D, real, fake, share):
    share = share.reshape(len(real), 1, 1, 1)
    x = (fake + share * (real - fake)).detach().requires_grad_()
    D(x).flatten(1).mean(1).sum().backward(create_graph=True, inputs=[x])
    return F.mse_loss(x.grad.flatten(1).norm(2, dim=1), torch.ones(len(real), dtype=x.dtype))


def square_inside(D, real, fake, share):
    x = between(real, fake, share)
    return (slope(D(x).mean(dim=(1, 2, 3)), x).flatten(1).norm(dim=1) ** 2 - 1).mean()


def half_way(D, real, fake, share):
    x = (0.5 * real + 0.5 * fake).detach().requires_grad_()
    return (slope(D(x).mean(dim=(1, 2, 3)), x).flatten(1).norm(dim=1) - 1).square().mean()


def penalty_left_in_eval(D, real, fake, share):
    D.eval()
    return by_loop(D, real, fake, share)


def l1_in_place(D, real, fake):
    D_pays = 0.5 * ((D(real) - 1).abs().mean() + D(fake.detach()).abs().mean())
    return D_pays, (D(fake) - 1).abs().mean()


def d_alone_again(D, real, fake):
    return 0.5 * ((D(real) - 1).square().mean() + D(fake.detach()).square().mean())


def d_learns_inside(D, real, fake):
    D_pays, G_pays = with_mse(D, real, fake)
    D_pays.backward(retain_graph=True)
    return D_pays, G_pays


def no_graph(real, fake):
    with torch.no_grad():
        return 0.5 * (F.relu(1 - real).mean() + F.relu(1 + fake).mean()), -fake.mean()


def g_left_in_eval(G, D, optimizer, real, z, target):
    G.eval()
    return with_bce(G, D, optimizer, real, z, target)


def all_d_no_grad(D, real, fake):
    with torch.no_grad():
        D_pays = 0.5 * ((D(real) - 1).square().mean() + D(fake).square().mean())
    return D_pays, (D(fake) - 1).square().mean()


def clipped(D, real, fake):
    D_pays = 0.5 * ((D(real).clamp(0, 1) - 1).square().mean() + D(fake.detach()).clamp(0, 1).square().mean())
    return D_pays, (D(fake).clamp(0, 1) - 1).square().mean()


WRONG = [
    ("4.1", "counts, not shares", plain_counts, "named"),
    ("4.1", "both divided by one total", one_total, "named"),
    ("4.1", "the probability of fake", about_fake, "named"),
    ("4.1", "p / q", odds, "named"),
    ("4.1", "log p / q", log_odds, "named"),
    ("4.1", "nan where nothing fell", nan_in_empty, "named"),
    ("4.1", "0 where nothing fell", zero_in_empty, "named"),
    ("4.1", "a small number below", eps_below, "named"),
    ("4.1", "empty bins left out", empty_left_out, "honest"),
    ("4.1", "0 or 1", hard, "named"),
    ("4.1", "the sigmoid of p - q", sigmoid_of_share, "honest"),
    ("4.1", "one more counted in each bin", one_more_each, "honest"),
    ("4.1", "divided by the largest count", by_largest, "honest"),
    ("4.1", "the share of real ones alone", real_share, "named"),
    ("4.1", "whole-number division", whole_numbers, "honest"),
    ("4.1", "the counts are changed", counts_changed, "named"),
    ("4.2", "relu(1 - fake) in D's loss", relu_one_minus_fake, "named"),
    ("4.2", "both hinges reversed", both_reversed, "named"),
    ("4.2", "the fake margin at +1", plus_and_minus_one, "named"),
    ("4.3", "not detached, and zeroed afterwards", zeroed_afterwards, "named"),
    ("4.3", "D left in eval mode", d_left_in_eval, "named"),
    ("4.3", "G put into training mode whatever it was", always_training, "named"),
    ("4.4", "backward in place of autograd.grad", backward_in_between, "named"),
    ("4.4", "norm squared less 1", square_inside, "named"),
    ("4.4", "half way", half_way, "named"),
    ("4.4", "D left in eval mode", penalty_left_in_eval, "named"),
    ("4.4", "not detached, mse_loss", undetached, "named"),
    ("4.5", "absolute differences", l1_in_place, "named"),
    ("4.5", "only D's loss is returned", d_alone_again, "named"),
    ("4.5", "backward is called inside", d_learns_inside, "named"),
    ("4.2", "computed without a graph", no_graph, "named"),
    ("4.2", "D pays without the half", no_half, "named"),
    ("4.2", "signs of the margins swapped", signs_swapped, "named"),
    ("4.2", "G has a hinge too", g_hinged, "named"),
    ("4.2", "G's sign is wrong", g_sign, "named"),
    ("4.2", "one mean over real and fake together", one_mean, "named"),
    ("4.2", "sums, not means", sums, "named"),
    ("4.2", "the pair is in the wrong order", pair_swapped, "named"),
    ("4.2", "max is missing", no_clamp, "named"),
    ("4.2", "max of the mean, not mean of the max", max_after_mean, "named"),
    ("4.2", "margin 0 in place of 1", margin_zero, "named"),
    ("4.2", "only D's loss is returned", d_alone, "named"),
    ("4.2", "added elementwise before the mean", added_first, "honest"),
    ("4.2", "Python numbers in place of tensors", as_numbers, "named"),
    ("4.3", "G left in eval mode", g_left_in_eval, "named"),
    ("4.3", "G's points are not detached", no_detach, "named"),
    ("4.3", "no zero_grad", no_zero_grad, "named"),
    ("4.3", "zero_grad only after the step", zero_grad_last, "named"),
    ("4.3", "fake points are smoothed as well", both_smoothed, "named"),
    ("4.3", "without the halves", step_no_half, "named"),
    ("4.3", "optimizer.step is missing", no_step, "named"),
    ("4.3", "the target is not used", target_unused, "named"),
    ("4.3", "the second part of the smoothed cross-entropy is missing", half_formula, "named"),
    ("4.3", "a sigmoid before a loss that takes logits", sigmoid_twice, "named"),
    ("4.3", "zero_grad between backward and step", zero_grad_between, "named"),
    ("4.3", "real and fake swapped", labels_swapped, "named"),
    ("4.3", "paid measured after the step", paid_afterwards, "honest"),
    ("4.3", "G's weights frozen and left so", frozen_for_good, "named"),
    ("4.3", "nothing is returned", nothing_returned, "named"),
    ("4.3", "D is shown the noise itself", noise_judged, "honest"),
    ("4.4", "norm over channels only", norm_of_channels, "named"),
    ("4.4", "one norm for the whole batch", norm_of_batch, "named"),
    ("4.4", "map summed, not averaged", map_summed, "named"),
    ("4.4", "mean over the batch before the gradient", mean_of_everything, "named"),
    ("4.4", "no create_graph", no_create_graph, "named"),
    ("4.4", "share given to fake", share_swapped, "named"),
    ("4.4", "share not reshaped", share_along_width, "named"),
    ("4.4", "the first share for all pictures", one_share, "named"),
    ("4.4", "draws its own share", own_share, "named"),
    ("4.4", "only slopes above 1 are punished", only_above, "named"),
    ("4.4", "the 1 is not taken off", no_one, "named"),
    ("4.4", "mean of the norms before the square", mean_first, "named"),
    ("4.4", "sum over pictures", summed_up, "named"),
    ("4.4", "squared norm, root forgotten", not_squared_out, "named"),
    ("4.5", "D's loss under no_grad", all_d_no_grad, "honest"),
    ("4.5", "answers clipped to 0 … 1 in place of the sigmoid", clipped, "named"),
    ("4.5", "sigmoid left in G's loss", sigmoid_left_for_g, "named"),
    ("4.5", "sigmoid left in D's loss", sigmoid_left_for_d, "named"),
    ("4.5", "sigmoid left on fake points in D's loss", sigmoid_left_on_fake, "named"),
    ("4.5", "G's loss uses the detached answer", g_detached, "named"),
    ("4.5", "D's loss not detached", d_not_detached, "named"),
    ("4.5", "only the detach removed, sigmoids left", detach_removed_only, "named"),
    ("4.5", "D's half removed", half_removed, "named"),
    ("4.5", "a half added for G", half_for_g, "named"),
    ("4.5", "G's target is 0", g_to_zero, "named"),
    ("4.5", "replaced by the cross-entropy", cross_entropy, "named"),
    ("4.5", "tanh in place of sigmoid", tanh_instead, "named"),
    ("4.5", "D's answer detached, not the points", detached_verdict, "named"),
]
RIGHT = [
    ("4.1", "a loop, returned as a list", by_a_loop),
    ("4.1", "multiplied crosswise, nan replaced", crosswise),
    ("4.1", "PyTorch", as_torch),
    ("4.3", "G frozen and thawed again", thawed_again),
    ("4.2", "clamp", with_clamp),
    ("4.2", "torch.maximum, sums over numel", with_maximum),
    ("4.2", "torch.minimum, returned as a list", as_list),
    ("4.3", "BCEWithLogitsLoss, no_grad", with_bce),
    ("4.3", "two backwards, D.zero_grad, logsigmoid", two_backwards),
    ("4.3", "one call of D, a 0-d tensor returned", tensor_returned),
    ("4.4", "a loop over pictures", by_loop),
    ("4.4", "grad_outputs, lerp, vector_norm", with_grad_outputs),
    ("4.4", "backward into the pictures alone, mse_loss", backward_into_pictures),
    ("4.5", "mse_loss", with_mse),
    ("4.5", "one call of D for both kinds", in_one_call),
    ("4.5", "fake.data in place of detach", data_attribute),
]
