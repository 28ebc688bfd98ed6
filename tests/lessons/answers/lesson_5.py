"""Answers to lesson 5's exercises as they might be handed in, written without sight of the checks."""

import copy

import numpy as np
import torch
from torch.nn import functional as F

# Task 5.1


def exchanged(fronts):
    return fronts.mean(0), np.median(fronts, 0)


def mean_twice(fronts):
    return fronts.mean(0), fronts.mean(0)


def median_alone(fronts):
    return np.median(fronts, axis=0)


def no_axis(fronts):
    return np.median(fronts), np.mean(fronts)


def last_axis(fronts):
    return np.median(fronts, axis=-1), np.mean(fronts, axis=-1)


def over_pixels(fronts):
    return np.median(fronts, axis=(1, 2)), np.mean(fronts, axis=(1, 2))


def one_colour(fronts):
    return np.median(fronts, axis=(0, 1, 2)), np.mean(fronts, axis=(0, 1, 2))


def in_the_middle(fronts):
    return fronts[len(fronts) // 2], fronts.mean(0)


def nearest_front(fronts):
    errors = [np.abs(fronts - front).mean() for front in fronts]
    return fronts[np.argmin(errors)], fronts.mean(0)


def nearest_fronts(fronts):
    absolute = [np.abs(fronts - front).mean() for front in fronts]
    squared = [((fronts - front) ** 2).mean() for front in fronts]
    return fronts[np.argmin(absolute)], fronts[np.argmin(squared)]


def between_extremes(fronts):
    return (fronts.min(0) + fronts.max(0)) / 2, fronts.mean(0)


def eight_bits(fronts):
    fronts = (255 * fronts).astype(np.uint8)
    return np.median(fronts, axis=0) / 255, (fronts.sum(0, dtype=np.uint8) / len(fronts)) / 255


def sorted_in_place(fronts):
    fronts.sort(axis=0)
    return fronts[len(fronts) // 2], fronts.mean(0)


def root_mean_square(fronts):
    return np.median(fronts, axis=0), np.sqrt(np.mean(fronts**2, axis=0))


def errors_returned(fronts):
    return np.abs(fronts - np.median(fronts, 0)).mean(0), ((fronts - fronts.mean(0)) ** 2).mean(0)


def stacked_kept(fronts):
    return np.median(fronts, axis=0, keepdims=True), fronts.mean(axis=0, keepdims=True)


def sorted_copy(fronts):
    return np.sort(fronts, axis=0)[len(fronts) // 2], sum(fronts) / len(fronts)


def by_torch(fronts):
    fronts = torch.from_numpy(fronts)
    return fronts.median(dim=0).values, fronts.mean(dim=0)


def pixel_by_pixel(fronts):
    best = np.zeros((2, *fronts.shape[1:]))
    for index in np.ndindex(*fronts.shape[1:]):
        values = fronts[(slice(None), *index)]
        best[(0, *index)], best[(1, *index)] = np.percentile(values, 50), values.mean()
    return best


# Task 5.2


def log_of_sigmoid(logits, fake, real, weight):
    return -torch.log(torch.sigmoid(logits)).mean() + weight * (fake - real).abs().mean()


def log_with_eps(logits, fake, real, weight):
    return -torch.log(torch.sigmoid(logits) + 1e-8).mean() + weight * (fake - real).abs().mean()


def bce_of_sigmoid(logits, fake, real, weight):
    said = torch.sigmoid(logits)
    return F.binary_cross_entropy(said, torch.ones_like(said)) + weight * F.l1_loss(fake, real)


def saturating(logits, fake, real, weight):
    return -F.softplus(logits).mean() + weight * (fake - real).abs().mean()


def fooled_by_sign(logits, fake, real, weight):
    return F.softplus(logits).mean() + weight * (fake - real).abs().mean()


def plus_logsigmoid(logits, fake, real, weight):
    return F.logsigmoid(logits).mean() + weight * (fake - real).abs().mean()


def weight_on_gan(logits, fake, real, weight):
    return weight * F.softplus(-logits).mean() + (fake - real).abs().mean()


def weight_missing(logits, fake, real, weight):
    return F.softplus(-logits).mean() + (fake - real).abs().mean()


def weight_on_both(logits, fake, real, weight):
    return weight * (F.softplus(-logits).mean() + (fake - real).abs().mean())


def squared(logits, fake, real, weight):
    return F.softplus(-logits).mean() + weight * F.mse_loss(fake, real)


def summed(logits, fake, real, weight):
    return F.softplus(-logits).mean() + weight * (fake - real).abs().sum() / len(fake)


def least_squares(logits, fake, real, weight):
    return (logits - 1).square().mean() + weight * (fake - real).abs().mean()


def no_abs(logits, fake, real, weight):
    return F.softplus(-logits).mean() + weight * (real - fake).mean()


def each_picture(logits, fake, real, weight):
    return F.softplus(-logits).mean(dim=(1, 2, 3)) + weight * (fake - real).abs().mean(dim=(1, 2, 3))


def fake_detached(logits, fake, real, weight):
    return F.softplus(-logits).mean() + weight * (fake.detach() - real).abs().mean()


def as_number(logits, fake, real, weight):
    return (F.softplus(-logits).mean() + weight * (fake - real).abs().mean()).item()


def bce_logits(logits, fake, real, weight):
    gan = torch.nn.BCEWithLogitsLoss()(logits, torch.ones_like(logits))
    return gan + weight * torch.nn.L1Loss()(fake, real)


def logsigmoid(logits, fake, real, weight):
    return (-F.logsigmoid(logits)).mean() + torch.mean(torch.abs(real - fake)) * weight


def logaddexp(logits, fake, real, weight):
    away = torch.linalg.vector_norm(real - fake, ord=1) / fake.numel()
    return torch.logaddexp(torch.zeros_like(logits), -logits).sum() / logits.numel() + weight * away


# Task 5.3


def pair(a, b):
    return torch.cat([a, b], dim=1)


def judged(right, painted, wrong):
    return 0.5 * (right - 1).square().mean() + 0.25 * painted.square().mean() + 0.25 * wrong.square().mean()


def not_detached(D, G, a, b):
    return judged(D(pair(a, b)), D(pair(a, G(a))), D(pair(a, b.roll(1, 0))))


def halves_everywhere(D, G, a, b):
    right, painted, wrong = D(pair(a, b)), D(pair(a, G(a).detach())), D(pair(a, b.roll(1, 0)))
    return 0.5 * ((right - 1).square().mean() + painted.square().mean() + wrong.square().mean())


def thirds(D, G, a, b):
    right, painted, wrong = D(pair(a, b)), D(pair(a, G(a).detach())), D(pair(a, b.roll(1, 0)))
    return ((right - 1).square().mean() + painted.square().mean() + wrong.square().mean()) / 3


def no_third(D, G, a, b):
    right, painted = D(pair(a, b)), D(pair(a, G(a).detach()))
    return 0.5 * (right - 1).square().mean() + 0.5 * painted.square().mean()


def own_house(D, G, a, b):
    return judged(D(pair(a, b)), D(pair(a, G(a).detach())), D(pair(a, b)))


def shuffled(D, G, a, b):
    return judged(D(pair(a, b)), D(pair(a, G(a).detach())), D(pair(a, b[torch.randperm(len(b))])))


def reversed_batch(D, G, a, b):
    return judged(D(pair(a, b)), D(pair(a, G(a).detach())), D(pair(a, b.flip(0))))


def rolled_pixels(D, G, a, b):
    return judged(D(pair(a, b)), D(pair(a, G(a).detach())), D(pair(a, b.roll(1))))


def rolled_both(D, G, a, b):
    return judged(D(pair(a, b)), D(pair(a, G(a).detach())), D(pair(a.roll(1, 0), b.roll(1, 0))))


def painted_elsewhere(D, G, a, b):
    fake = G(a).detach()
    return judged(D(pair(a, b)), D(pair(a, fake)), D(pair(a, fake.roll(1, 0))))


def front_first(D, G, a, b):
    return judged(D(pair(b, a)), D(pair(G(a).detach(), a)), D(pair(b.roll(1, 0), a)))


def wrong_is_right(D, G, a, b):
    right, painted, wrong = D(pair(a, b)), D(pair(a, G(a).detach())), D(pair(a, b.roll(1, 0)))
    return 0.5 * (right - 1).square().mean() + 0.25 * painted.square().mean() + 0.25 * (wrong - 1).square().mean()


def cat_batch(D, G, a, b):
    fake = G(a).detach()
    return judged(D(torch.cat([a, b])), D(torch.cat([a, fake])), D(torch.cat([a, b.roll(1, 0)])))


def no_gradient(D, G, a, b):
    with torch.no_grad():
        return judged(D(pair(a, b)), D(pair(a, G(a))), D(pair(a, b.roll(1, 0))))


def d_detached(D, G, a, b):
    return judged(D(pair(a, b)), D(pair(a, G(a))).detach(), D(pair(a, b.roll(1, 0))))


def one_wrong_house(D, G, a, b):
    return judged(D(pair(a, b)), D(pair(a, G(a).detach())), D(pair(a, b[:1].expand_as(b))))


def stacked_wrong(D, G, a, b):
    with torch.no_grad():
        fake = G(a)
    false = torch.cat([D(pair(a, fake)), D(pair(a, torch.roll(b, -1, dims=0)))])
    return 0.5 * F.mse_loss(D(pair(a, b)), torch.ones_like(D(pair(a, b)))) + 0.5 * (false**2).mean()


def maps_rolled(D, G, a, b):
    return judged(D(pair(a, b)), D(pair(a, G(a).detach())), D(pair(a.roll(1, 0), b)))


def one_call(D, G, a, b):
    with torch.no_grad():
        fake = G(a)
    others = torch.cat([b[1:], b[:1]])
    verdicts = D(pair(a.repeat(3, 1, 1, 1), torch.cat([b, fake, others])))
    right, painted, wrong = verdicts.chunk(3)
    return judged(right, painted, wrong)


# Task 5.4


def with_nan(counts):
    both = np.diag(counts)
    with np.errstate(invalid="ignore"):
        return (both / (counts.sum(0) + counts.sum(1) - both)).mean()


def only_true_classes(counts):
    both = np.diag(counts)
    there = counts.sum(1) > 0
    return (both[there] / (counts.sum(0) + counts.sum(1) - both)[there]).mean()


def only_read_classes(counts):
    both = np.diag(counts)
    there = counts.sum(0) > 0
    return (both[there] / (counts.sum(0) + counts.sum(1) - both)[there]).mean()


def class_accuracy(counts):
    there = counts.sum(1) > 0
    return (np.diag(counts)[there] / counts.sum(1)[there]).mean()


def by_columns(counts):
    there = counts.sum(0) > 0
    return (np.diag(counts)[there] / counts.sum(0)[there]).mean()


def counted_twice(counts):
    either = counts.sum(0) + counts.sum(1)
    there = either > 0
    return (np.diag(counts)[there] / either[there]).mean()


def dice(counts):
    either = counts.sum(0) + counts.sum(1)
    there = either > 0
    return (2 * np.diag(counts)[there] / either[there]).mean()


def empty_is_zero(counts):
    both = np.diag(counts)
    return (both / np.maximum(counts.sum(0) + counts.sum(1) - both, 1)).mean()


def empty_is_one(counts):
    both = np.diag(counts)
    either = counts.sum(0) + counts.sum(1) - both
    return np.where(either > 0, both / np.maximum(either, 1), 1.0).mean()


def in_one_pot(counts):
    both = np.diag(counts)
    return both.sum() / (counts.sum(0) + counts.sum(1) - both).sum()


def weighted(counts):
    both, true = np.diag(counts), counts.sum(1)
    either = np.maximum(counts.sum(0) + true - both, 1)
    return (true * both / either).sum() / true.sum()


def pixel_accuracy(counts):
    return np.diag(counts).sum() / counts.sum()


def each_class(counts):
    both = np.diag(counts)
    either = counts.sum(0) + counts.sum(1) - both
    return both[either > 0] / either[either > 0]


def by_class(counts):
    shares = []
    for i in range(len(counts)):
        either = counts[i].sum() + counts[:, i].sum() - counts[i, i]
        if either:
            shares.append(counts[i, i] / either)
    return sum(shares) / len(shares)


def with_nanmean(counts):
    both = counts.diagonal().astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.nanmean(both / (counts.sum(axis=0) + counts.sum(axis=1) - both)))


def misses_and_alarms(counts):
    right = np.eye(len(counts), dtype=bool)
    missed, alarms = np.where(right, 0, counts).sum(1), np.where(right, 0, counts).sum(0)
    either = np.trace(counts) * 0 + counts[right] + missed + alarms
    return np.divide(counts[right], either, out=np.zeros(len(counts)), where=either > 0).sum() / np.count_nonzero(
        either
    )


# Task 5.5


def middle(x, size):
    top, left = (x.shape[2] - size) // 2, (x.shape[3] - size) // 2
    return x[:, :, top : top + size, left : left + size]


def in_eval(G, a, b):
    mode = G.training
    G.eval()
    with torch.no_grad():
        error = (G(a) - b).abs().mean()
    G.train(mode)
    return error


def seeded(G, a, b, size):
    draw = np.random.default_rng(0)
    top, left = draw.integers(a.shape[2] - size + 1), draw.integers(a.shape[3] - size + 1)
    return in_eval(G, a[:, :, top : top + size, left : left + size], b[:, :, top : top + size, left : left + size])


def from_the_corner(G, a, b, size):
    return in_eval(G, a[:, :, :size, :size], b[:, :, :size, :size])


def whole_picture(G, a, b, size):
    return in_eval(G, a, b)


def rounded_up(G, a, b, size):
    top, left = (a.shape[2] - size + 1) // 2, (a.shape[3] - size + 1) // 2
    return in_eval(G, a[:, :, top : top + size, left : left + size], b[:, :, top : top + size, left : left + size])


def one_offset(G, a, b, size):
    k = (a.shape[2] - size) // 2
    return in_eval(G, a[:, :, k : k + size, k : k + size], b[:, :, k : k + size, k : k + size])


def sides_swapped(G, a, b, size):
    top, left = (a.shape[3] - size) // 2, (a.shape[2] - size) // 2
    return in_eval(G, a[:, :, top : top + size, left : left + size], b[:, :, top : top + size, left : left + size])


def around_centre(G, a, b, size):
    k, m = a.shape[2] // 2, a.shape[3] // 2
    h = size // 2
    return in_eval(G, a[:, :, k - h : k + h, m - h : m + h], b[:, :, k - h : k + h, m - h : m + h])


def no_eval(G, a, b, size):
    with torch.no_grad():
        return (G(middle(a, size)) - middle(b, size)).abs().mean()


def left_in_eval(G, a, b, size):
    G.eval()
    with torch.no_grad():
        return (G(middle(a, size)) - middle(b, size)).abs().mean()


def always_train(G, a, b, size):
    G.eval()
    with torch.no_grad():
        error = (G(middle(a, size)) - middle(b, size)).abs().mean()
    G.train()
    return error


def with_graph(G, a, b, size):
    mode = G.training
    G.eval()
    error = (G(middle(a, size)) - middle(b, size)).abs().mean()
    G.train(mode)
    return error


def gradients_off(G, a, b, size):
    mode = G.training
    G.eval()
    torch.set_grad_enabled(False)
    error = (G(middle(a, size)) - middle(b, size)).abs().mean()
    G.train(mode)
    return error


def weights_frozen(G, a, b, size):
    mode = G.training
    G.eval().requires_grad_(False)
    error = (G(middle(a, size)) - middle(b, size)).abs().mean()
    G.train(mode)
    return error


def cropped_after(G, a, b, size):
    mode = G.training
    G.eval()
    with torch.no_grad():
        error = (middle(G(a), size) - middle(b, size)).abs().mean()
    G.train(mode)
    return error


def squared_error(G, a, b, size):
    mode = G.training
    G.eval()
    with torch.no_grad():
        error = (G(middle(a, size)) - middle(b, size)).square().mean()
    G.train(mode)
    return error


def only_no_crop_change(G, a, b, size):
    top = np.random.randint(0, a.shape[2] - size + 1)  # noqa: NPY002
    left = np.random.randint(0, a.shape[3] - size + 1)  # noqa: NPY002
    return in_eval(G, a[:, :, top : top + size, left : left + size], b[:, :, top : top + size, left : left + size])


def try_finally(G, a, b, size):
    training = G.training
    try:
        G.train(False)
        with torch.inference_mode():
            return F.l1_loss(G(middle(a, size)), middle(b, size)).item()
    finally:
        G.train(training)


def a_copy(G, a, b, size):
    with torch.no_grad():
        return (copy.deepcopy(G).eval()(middle(a, size)) - middle(b, size)).abs().mean()


@torch.no_grad()
def decorated(G, a, b, size):
    modes = {module: module.training for module in G.modules()}
    G.eval()
    y, x = (a.size(2) - size) // 2, (a.size(3) - size) // 2
    painted = G(a.narrow(2, y, size).narrow(3, x, size))
    for module, mode in modes.items():
        module.training = mode
    return float(torch.mean(torch.abs(painted - b.narrow(2, y, size).narrow(3, x, size))))


def smooth_l1(logits, fake, real, weight):
    return F.softplus(-logits).mean() + weight * F.smooth_l1_loss(fake, real)


def huber(logits, fake, real, weight):
    return F.softplus(-logits).mean() + weight * F.huber_loss(fake, real)


def channels_summed(logits, fake, real, weight):
    return F.softplus(-logits).mean() + weight * (fake - real).abs().sum(1).mean()


def rolled_by_two(D, G, a, b):
    return judged(D(pair(a, b)), D(pair(a, G(a).detach())), D(pair(a, b.roll(2, 0))))


def rolled_apart(D, G, a, b):
    return judged(D(pair(a, b)), D(pair(a, G(a).detach())), D(pair(a.roll(1, 0), b.roll(-1, 0))))


def g_left_in_eval(D, G, a, b):
    G.eval()
    return maps_rolled(D, G, a, b)


def d_left_in_train(D, G, a, b):
    D.train()
    return maps_rolled(D, G, a, b)


def d_learns_already(D, G, a, b):
    loss = maps_rolled(D, G, a, b)
    loss.backward(retain_graph=True)
    return loss


def rolled_by_half(D, G, a, b):
    return judged(D(pair(a, b)), D(pair(a, G(a).detach())), D(pair(a, b.roll(len(b) // 2, 0))))


def frozen_for_a_while(D, G, a, b):
    G.requires_grad_(False)
    loss = not_detached(D, G, a, b)
    G.requires_grad_(True)
    return loss


def percent(counts):
    return 100 * by_class(counts)


def seeded_torch(G, a, b, size):
    torch.manual_seed(7)
    top, left = torch.randint(a.shape[2] - size + 1, ()), torch.randint(a.shape[3] - size + 1, ())
    return in_eval(G, a[:, :, top : top + size, left : left + size], b[:, :, top : top + size, left : left + size])


def one_flag_put_back(G, a, b, size):
    was = G.training
    G.eval()
    with torch.no_grad():
        error = (G(middle(a, size)) - middle(b, size)).abs().mean()
    G.training = was
    return error


def crops_differ(G, a, b, size):
    return in_eval(G, middle(a, size), b[:, :, :size, :size])


def floor_divided(counts):
    both = np.diag(counts)
    either = counts.sum(0) + counts.sum(1) - both
    return (both[either > 0] // either[either > 0]).mean()


def diagonal_wiped(counts):
    either = counts.sum(0) + counts.sum(1) - np.diag(counts)
    both = np.diag(counts).copy()
    np.fill_diagonal(counts, 0)
    return (both[either > 0] / either[either > 0]).mean()


def negative_end(G, a, b, size):
    k, m = (a.shape[2] - size) // 2, (a.shape[3] - size) // 2
    return in_eval(G, a[:, :, k:-k, m:-m], b[:, :, k:-k, m:-m])


def error_detached_number(D, G, a, b):
    return not_detached(D, G, a, b).item()


def g_frozen(D, G, a, b):
    for weight in G.parameters():
        weight.requires_grad_(False)
    return not_detached(D, G, a, b)


WRONG = [
    ("5.1", "exchanged", exchanged, "named"),
    ("5.1", "the mean twice", mean_twice, "named"),
    ("5.1", "the median alone", median_alone, "named"),
    ("5.1", "no axis", no_axis, "named"),
    ("5.1", "the last axis", last_axis, "named"),
    ("5.1", "over the pixels", over_pixels, "named"),
    ("5.1", "one colour", one_colour, "named"),
    ("5.1", "the front in the middle of the list", in_the_middle, "named"),
    ("5.1", "the given front that is nearest to all", nearest_front, "named"),
    ("5.1", "the given fronts that are nearest to all", nearest_fronts, "named"),
    ("5.1", "half way between the extremes", between_extremes, "named"),
    ("5.1", "a sum in eight bits", eight_bits, "honest"),
    ("5.1", "sorted in place", sorted_in_place, "named"),
    ("5.1", "root mean square", root_mean_square, "named"),
    ("5.1", "the errors, not the pictures", errors_returned, "named"),
    ("5.1", "an axis of one kept", stacked_kept, "honest"),
    ("5.2", "smooth L1", smooth_l1, "named"),
    ("5.2", "Huber", huber, "named"),
    ("5.2", "channels summed", channels_summed, "named"),
    ("5.3", "rolled by two", rolled_by_two, "named"),
    ("5.3", "label map and front rolled apart", rolled_apart, "named"),
    ("5.3", "G left in eval mode", g_left_in_eval, "named"),
    ("5.3", "D put into training mode", d_left_in_train, "named"),
    ("5.3", "backward is called inside", d_learns_already, "named"),
    ("5.4", "percent", percent, "named"),
    ("5.5", "a crop seeded in PyTorch", seeded_torch, "named"),
    ("5.5", "different crops", crops_differ, "named"),
    ("5.5", "only the outermost mode put back", one_flag_put_back, "named"),
    ("5.2", "log of sigmoid, infinite far out", log_of_sigmoid, "named"),
    ("5.2", "log of sigmoid with a small number added", log_with_eps, "named"),
    ("5.2", "binary_cross_entropy of a sigmoid, clamped at 100", bce_of_sigmoid, "named"),
    ("5.2", "the saturating form", saturating, "named"),
    ("5.2", "sign of the logits", fooled_by_sign, "named"),
    ("5.2", "minus before the log forgotten", plus_logsigmoid, "named"),
    ("5.2", "λ on the adversarial part", weight_on_gan, "named"),
    ("5.2", "λ forgotten", weight_missing, "named"),
    ("5.2", "λ on both parts", weight_on_both, "named"),
    ("5.2", "squared in place of absolute", squared, "named"),
    ("5.2", "L1 summed over each picture", summed, "named"),
    ("5.2", "least squares kept from the lesson", least_squares, "named"),
    ("5.2", "no absolute value", no_abs, "honest"),
    ("5.2", "one loss for each picture", each_picture, "honest"),
    ("5.2", "fake detached in the L1 part", fake_detached, "named"),
    ("5.2", "a Python number, no graph", as_number, "named"),
    ("5.3", "a Python number", error_detached_number, "named"),
    ("5.3", "G's weights frozen for good", g_frozen, "named"),
    ("5.3", "not detached", not_detached, "named"),
    ("5.3", "a half for every kind of pair", halves_everywhere, "named"),
    ("5.3", "a third for every kind of pair", thirds, "named"),
    ("5.3", "no third kind of pair", no_third, "named"),
    ("5.3", "wrong house is the own house", own_house, "named"),
    ("5.3", "randperm, which leaves some in their place", shuffled, "named"),
    ("5.3", "reversed batch, whose middle stays", reversed_batch, "named"),
    ("5.3", "roll without dims", rolled_pixels, "named"),
    ("5.3", "label map and front rolled together", rolled_both, "named"),
    ("5.3", "fake front of another map as wrong house", painted_elsewhere, "named"),
    ("5.3", "front before label map", front_first, "named"),
    ("5.3", "wrong house drawn to 1", wrong_is_right, "named"),
    ("5.3", "stacked along the batch", cat_batch, "named"),
    ("5.3", "everything under no_grad", no_gradient, "named"),
    ("5.3", "D's logits detached, not the picture", d_detached, "named"),
    ("5.3", "the first house for all", one_wrong_house, "named"),
    ("5.4", "whole-number division", floor_divided, "honest"),
    ("5.4", "the argument is changed", diagonal_wiped, "named"),
    ("5.4", "0/0 gives nan", with_nan, "named"),
    ("5.4", "classes that are read but not there left out", only_true_classes, "named"),
    ("5.4", "classes that are there but never read left out", only_read_classes, "named"),
    ("5.4", "class accuracy", class_accuracy, "named"),
    ("5.4", "divided by what is read", by_columns, "named"),
    ("5.4", "shared pixels counted twice in the union", counted_twice, "named"),
    ("5.4", "Dice", dice, "named"),
    ("5.4", "empty classes count as 0", empty_is_zero, "named"),
    ("5.4", "empty classes count as 1", empty_is_one, "named"),
    ("5.4", "all classes in one fraction", in_one_pot, "named"),
    ("5.4", "weighted by frequency", weighted, "named"),
    ("5.4", "pixel accuracy", pixel_accuracy, "named"),
    ("5.4", "mean forgotten", each_class, "honest"),
    ("5.5", "cut by k : -k", negative_end, "named"),
    ("5.5", "a seeded random crop", seeded, "named"),
    ("5.5", "crop from the corner", from_the_corner, "named"),
    ("5.5", "no crop", whole_picture, "named"),
    ("5.5", "middle rounded up", rounded_up, "named"),
    ("5.5", "one offset for both sides", one_offset, "named"),
    ("5.5", "height and width swapped", sides_swapped, "named"),
    ("5.5", "centre minus and plus half of the size", around_centre, "named"),
    ("5.5", "no eval", no_eval, "named"),
    ("5.5", "left in eval", left_in_eval, "named"),
    ("5.5", "always put into training", always_train, "named"),
    ("5.5", "result with its graph", with_graph, "named"),
    ("5.5", "gradients switched off for good", gradients_off, "named"),
    ("5.5", "G's weights frozen for good", weights_frozen, "named"),
    ("5.5", "whole pictures, cropped afterwards", cropped_after, "named"),
    ("5.5", "squared error", squared_error, "named"),
    ("5.5", "crop still by chance", only_no_crop_change, "named"),
]
RIGHT = [
    ("5.1", "sorted copy, sum by hand", sorted_copy),
    ("5.1", "PyTorch", by_torch),
    ("5.1", "pixel by pixel, in one array", pixel_by_pixel),
    ("5.3", "rolled by half of the batch", rolled_by_half),
    ("5.3", "G frozen for a while", frozen_for_a_while),
    ("5.2", "BCEWithLogitsLoss and L1Loss", bce_logits),
    ("5.2", "logsigmoid", logsigmoid),
    ("5.2", "logaddexp and a norm", logaddexp),
    ("5.3", "false pairs in one mean, mse_loss, roll by -1", stacked_wrong),
    ("5.3", "label maps rolled in place of fronts", maps_rolled),
    ("5.3", "one call of D", one_call),
    ("5.4", "loop", by_class),
    ("5.4", "nanmean", with_nanmean),
    ("5.4", "misses and false alarms", misses_and_alarms),
    ("5.5", "try and finally, inference_mode, item", try_finally),
    ("5.5", "a copy of G", a_copy),
    ("5.5", "decorator, narrow, every module's mode kept", decorated),
]
