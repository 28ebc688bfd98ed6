"""Answers to lesson 4's exercises as they might be handed in, written without sight of the checks."""

import torch
from torch.nn import functional as F

# Task 4.1


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


# Task 4.2


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


# Task 4.3


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


# Task 4.4


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
    ("4.1", "computed without a graph", no_graph, "named"),
    ("4.1", "D pays without the half", no_half, "named"),
    ("4.1", "signs of the margins swapped", signs_swapped, "named"),
    ("4.1", "G has a hinge too", g_hinged, "named"),
    ("4.1", "G's sign is wrong", g_sign, "named"),
    ("4.1", "one mean over real and made together", one_mean, "named"),
    ("4.1", "sums, not means", sums, "named"),
    ("4.1", "the pair is in the wrong order", pair_swapped, "named"),
    ("4.1", "max is missing", no_clamp, "named"),
    ("4.1", "max of the mean, not mean of the max", max_after_mean, "named"),
    ("4.1", "margin 0 in place of 1", margin_zero, "named"),
    ("4.1", "only D's loss is returned", d_alone, "honest"),
    ("4.1", "added elementwise before the mean", added_first, "honest"),
    ("4.1", "Python numbers in place of tensors", as_numbers, "named"),
    ("4.2", "G left in eval mode", g_left_in_eval, "named"),
    ("4.2", "G's points are not detached", no_detach, "named"),
    ("4.2", "no zero_grad", no_zero_grad, "named"),
    ("4.2", "zero_grad only after the step", zero_grad_last, "named"),
    ("4.2", "made points are smoothed as well", both_smoothed, "named"),
    ("4.2", "without the halves", step_no_half, "named"),
    ("4.2", "optimizer.step is missing", no_step, "named"),
    ("4.2", "the target is not used", target_unused, "named"),
    ("4.2", "the second part of the smoothed cross-entropy is missing", half_formula, "named"),
    ("4.2", "a sigmoid before a loss that takes logits", sigmoid_twice, "named"),
    ("4.2", "zero_grad between backward and step", zero_grad_between, "named"),
    ("4.2", "real and made swapped", labels_swapped, "named"),
    ("4.2", "paid measured after the step", paid_afterwards, "honest"),
    ("4.2", "G's weights frozen and left so", frozen_for_good, "named"),
    ("4.2", "nothing is returned", nothing_returned, "named"),
    ("4.2", "D is shown the noise itself", noise_judged, "honest"),
    ("4.3", "norm over channels only", norm_of_channels, "named"),
    ("4.3", "one norm for the whole batch", norm_of_batch, "named"),
    ("4.3", "map summed, not averaged", map_summed, "named"),
    ("4.3", "mean over the batch before the gradient", mean_of_everything, "named"),
    ("4.3", "no create_graph", no_create_graph, "named"),
    ("4.3", "share given to fake", share_swapped, "named"),
    ("4.3", "share not reshaped", share_along_width, "named"),
    ("4.3", "the first share for all pictures", one_share, "named"),
    ("4.3", "draws its own share", own_share, "honest"),
    ("4.3", "only slopes above 1 are punished", only_above, "named"),
    ("4.3", "the 1 is not taken off", no_one, "named"),
    ("4.3", "mean of the norms before the square", mean_first, "honest"),
    ("4.3", "sum over pictures", summed_up, "named"),
    ("4.3", "squared norm, root forgotten", not_squared_out, "named"),
    ("4.4", "D's loss under no_grad", all_d_no_grad, "honest"),
    ("4.4", "answers clipped to 0 … 1 in place of the sigmoid", clipped, "named"),
    ("4.4", "sigmoid left in G's loss", sigmoid_left_for_g, "named"),
    ("4.4", "sigmoid left in D's loss", sigmoid_left_for_d, "named"),
    ("4.4", "sigmoid left on made points in D's loss", sigmoid_left_on_fake, "named"),
    ("4.4", "G's loss uses the detached answer", g_detached, "named"),
    ("4.4", "D's loss not detached", d_not_detached, "named"),
    ("4.4", "only the detach removed, sigmoids left", detach_removed_only, "honest"),
    ("4.4", "D's half removed", half_removed, "named"),
    ("4.4", "a half added for G", half_for_g, "named"),
    ("4.4", "G's target is 0", g_to_zero, "named"),
    ("4.4", "replaced by the cross-entropy", cross_entropy, "named"),
    ("4.4", "tanh in place of sigmoid", tanh_instead, "named"),
    ("4.4", "D's answer detached, not the points", detached_verdict, "named"),
]
RIGHT = [
    ("4.1", "clamp", with_clamp),
    ("4.1", "torch.maximum, sums over numel", with_maximum),
    ("4.1", "torch.minimum, returned as a list", as_list),
    ("4.2", "BCEWithLogitsLoss, no_grad", with_bce),
    ("4.2", "two backwards, D.zero_grad, logsigmoid", two_backwards),
    ("4.2", "one call of D, a 0-d tensor returned", tensor_returned),
    ("4.3", "a loop over pictures", by_loop),
    ("4.3", "grad_outputs, lerp, vector_norm", with_grad_outputs),
    ("4.3", "not detached, mse_loss", undetached),
    ("4.4", "mse_loss", with_mse),
    ("4.4", "one call of D for both kinds", in_one_call),
    ("4.4", "fake.data in place of detach", data_attribute),
]
