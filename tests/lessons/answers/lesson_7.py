"""Answers to lesson 7's exercises as they might be handed in, written without sight of the checks."""

import numpy as np
import torch

# Task 7.1, the tint


def brightness_left_in(before, after):
    return (after - before).mean((0, 1, 2))


def absolute_first(before, after):
    rise = np.abs(after - before).mean((0, 1, 2))
    return rise - rise.mean()


def absolute_last(before, after):
    rise = (after - before).mean((0, 1, 2))
    return np.abs(rise - rise.mean())


def sign_turned(before, after):
    rise = (before - after).mean((0, 1, 2))
    return rise - rise.mean()


def for_each_picture(before, after):
    rise = (after - before).mean((1, 2))
    return rise - rise.mean(-1, keepdims=True)


def first_picture_alone(before, after):
    rise = (after[0] - before[0]).mean((0, 1))
    return rise - rise.mean()


def after_alone(before, after):
    colour = after.mean((0, 1, 2))
    return colour - colour.mean()


def ratio_of_means(before, after):
    rise = after.mean((0, 1, 2)) / before.mean((0, 1, 2))
    return rise - rise.mean()


def summed(before, after):
    rise = (after - before).sum((0, 1, 2))
    return rise - rise.mean()


def squared(before, after):
    rise = ((after - before) ** 2).mean((0, 1, 2))
    return rise - rise.mean()


def green_taken_off(before, after):
    rise = (after - before).mean((0, 1, 2))
    return rise - rise[1]


def one_number(before, after):
    rise = (after - before).mean((0, 1, 2))
    return np.abs(rise - rise.mean()).mean()


def divided_by_brightness(before, after):
    rise = (after - before).mean((0, 1, 2))
    return rise / rise.mean()


def normalised_shift(before, after):
    rise = (after - before).mean((0, 1, 2))
    return (rise - rise.mean()) / rise.std()


def as_map(before, after):
    rise = (after - before).mean(0)
    return rise - rise.mean(-1, keepdims=True)


def channels_first(before, after):
    rise = (after - before).mean((0, 2, 3))
    return rise - rise.mean()


def in_255(before, after):
    rise = 255 * (after - before).mean((0, 1, 2))
    return rise - rise.mean()


def median_pixel(before, after):
    rise = np.median(after - before, axis=(0, 1, 2))
    return rise - rise.mean()


def in_place(before, after):
    after -= before
    rise = after.mean((0, 1, 2))
    return rise - rise.mean()


def tint_per_pixel(before, after):
    rise = after - before
    return (rise - rise.mean(-1, keepdims=True)).mean((0, 1, 2))


def tint_of_means(before, after):
    colours = [x.reshape(-1, 3).mean(0) for x in (before, after)]
    colours = [c - c.sum() / 3 for c in colours]
    return list(colours[1] - colours[0])


def tint_by_loop(before, after):
    red, green, blue = (float((after[..., c] - before[..., c]).mean()) for c in range(3))
    grey = (red + green + blue) / 3
    return np.array([red - grey, green - grey, blue - grey])


# Task 7.2, the pool


def pool_as_found(images, pool, size, coins, places):
    pool, shown = list(pool), []
    for image, coin, place in zip(images, coins, places, strict=True):
        if len(pool) < size:
            pool.append(image)
            shown.append(image)
        elif coin < 0.5:
            shown.append(image)
        else:
            pool[place] = image
            shown.append(pool[place])
    return torch.stack(shown).detach(), torch.stack(pool).detach()


def pool_with(images, pool, size, coins, places, step):
    """`step` takes pool, image, coin, place and the number of the picture, changes the pool, gives what is shown."""
    pool, shown = list(pool.clone()), []
    for number, (image, coin, place) in enumerate(zip(images.detach(), coins, places, strict=True)):
        if len(pool) < size:
            pool.append(image)
            shown.append(image)
        else:
            shown.append(step(pool, image, float(coin), int(place), number))
    return torch.stack(shown), torch.stack(pool)


def swap(pool, image, place):
    old, pool[place] = pool[place], image
    return old


def coin_turned(images, pool, size, coins, places):
    def step(pool, image, coin, place, number):
        return swap(pool, image, place) if coin < 0.5 else image

    return pool_with(images, pool, size, coins, places, step)


def never_replaced(images, pool, size, coins, places):
    return pool_with(images, pool, size, coins, places, lambda p, image, coin, at, n: image if coin < 0.5 else p[at])


def always_swapped(images, pool, size, coins, places):
    return pool_with(images, pool, size, coins, places, lambda p, image, coin, at, n: swap(p, image, at))


def oldest_goes(images, pool, size, coins, places):
    def step(pool, image, coin, place, number):
        if coin < 0.5:
            return image
        pool.append(image)
        return pool.pop(0)

    return pool_with(images, pool, size, coins, places, step)


def one_coin_for_all(images, pool, size, coins, places):
    return pool_with(
        images, pool, size, coins, places, lambda p, image, c, at, n: image if coins[0] < 0.5 else swap(p, image, at)
    )


def one_place_for_all(images, pool, size, coins, places):
    return pool_with(
        images,
        pool,
        size,
        coins,
        places,
        lambda p, image, c, at, n: image if c < 0.5 else swap(p, image, int(places[0])),
    )


def new_one_always_stored(images, pool, size, coins, places):
    def step(pool, image, coin, place, number):
        old = swap(pool, image, place)
        return image if coin < 0.5 else old

    return pool_with(images, pool, size, coins, places, step)


def not_detached(images, pool, size, coins, places):
    pool, shown = list(pool), []
    for image, coin, place in zip(images, coins, places, strict=True):
        if len(pool) < size:
            pool.append(image)
            shown.append(image)
        elif coin < 0.5:
            shown.append(image)
        else:
            shown.append(pool[place])
            pool[place] = image
    return torch.stack(shown), torch.stack(pool)


def coins_while_filling(images, pool, size, coins, places):
    pool, shown = list(pool), []
    for image, coin, place in zip(images.detach(), coins, places, strict=True):
        if len(pool) < size:
            pool.append(image)
        if coin < 0.5 or place >= len(pool):
            shown.append(image)
        else:
            shown.append(swap(pool, image, int(place)))
    return torch.stack(shown), torch.stack(pool)


def one_too_many(images, pool, size, coins, places):
    pool, shown = list(pool), []
    for image, coin, place in zip(images.detach(), coins, places, strict=True):
        if len(pool) <= size:
            pool.append(image)
            shown.append(image)
        else:
            shown.append(image if coin < 0.5 else swap(pool, image, int(place)))
    return torch.stack(shown), torch.stack(pool)


def whole_batch_at_once(images, pool, size, coins, places):
    images = images.detach()
    if len(pool) + len(images) <= size:
        return images, torch.cat([pool, images])
    shown, kept = images.clone(), pool.clone()
    for n in range(len(images)):
        if coins[n] >= 0.5 and places[n] < len(pool):
            shown[n] = pool[places[n]]
            kept[places[n]] = images[n]
    return shown, kept


def parts_exchanged(images, pool, size, coins, places):
    shown, kept = swapped_right(images, pool, size, coins, places)
    return kept, shown


def shown_alone(images, pool, size, coins, places):
    return swapped_right(images, pool, size, coins, places)[0]


def pool_switched_off(images, pool, size, coins, places):
    return images.detach(), pool


def stays_empty_at_first(images, pool, size, coins, places):
    pool, shown = list(pool), []
    for image, coin, place in zip(images.detach(), coins, places, strict=True):
        if coin < 0.5 or len(pool) == 0:
            shown.append(image)
            if len(pool) < size:
                pool.append(image)
        else:
            shown.append(swap(pool, image, int(place) % len(pool)))
    return torch.stack(shown), torch.stack(pool)


def numbers_one_after_another(images, pool, size, coins, places):
    pool, shown, used = list(pool), [], 0
    for image in images.detach():
        if len(pool) < size:
            pool.append(image)
            shown.append(image)
            continue
        shown.append(image if coins[used] < 0.5 else swap(pool, image, int(places[used])))
        used += 1
    return torch.stack(shown), torch.stack(pool)


def as_lists(images, pool, size, coins, places):
    shown, kept = swapped_right(images, pool, size, coins, places)
    return [one for one in shown], [one for one in kept]


def shown_as_a_list(images, pool, size, coins, places):
    shown, kept = swapped_right(images, pool, size, coins, places)
    return list(shown), kept


def above_a_half(images, pool, size, coins, places):
    pool, shown = list(pool), []
    for image, coin, place in zip(images.detach(), coins, places, strict=True):
        if len(pool) < size:
            pool.append(image)
        elif coin > 0.5:
            image, pool[place] = pool[place], image
        shown.append(image)
    return torch.stack(shown), torch.stack(pool)


def frozen_in_between(images, pool, size, coins, places):
    images.requires_grad_(False)
    result = swapped_right(images, pool, size, coins, places)
    images.requires_grad_(True)
    return result


def detached_in_place(images, pool, size, coins, places):
    return swapped_right(images.detach_(), pool, size, coins, places)


def detached_in_place_and_back(images, pool, size, coins, places):
    result = swapped_right(images.detach_(), pool, size, coins, places)
    images.requires_grad_(True)
    return result


def the_pool_before_the_batch(images, pool, size, coins, places):
    shown, kept, before = [], list(pool), list(pool)
    for image, coin, place in zip(images.detach(), coins, places, strict=True):
        if len(kept) < size:
            kept.append(image)
        elif coin >= 0.5:
            kept[place], image = image, before[place]
        shown.append(image)
    return torch.stack(shown), torch.stack(kept)


def swapped_in_place(images, pool, size, coins, places):
    shown = images.detach().clone()
    if len(pool) == size:
        for n in range(len(images)):
            if coins[n] >= 0.5:
                shown[n] = pool[places[n]].clone()
                pool[places[n]] = images[n].detach()
        return shown, pool
    return swapped_right(images, pool, size, coins, places)


def swapped_right(images, pool, size, coins, places):
    return pool_with(images, pool, size, coins, places, lambda p, x, c, at, n: x if c < 0.5 else swap(p, x, at))


def swapped_by_copies(images, pool, size, coins, places):
    kept, shown = pool.detach().clone(), torch.empty_like(images)
    with torch.no_grad():
        for n, image in enumerate(images):
            shown[n] = image
            if len(kept) < size:
                kept = torch.cat([kept, image[None]])
            elif not coins[n] < 0.5:
                shown[n] = kept[places[n]]
                kept[places[n]] = image
    return shown.detach(), kept


def swapped_by_numbers(images, pool, size, coins, places):
    everything = torch.cat([pool, images.detach()])
    at, first, shown = list(range(len(pool))), len(pool), []
    for n in range(len(images)):
        new = first + n
        if len(at) < size:
            at.append(new)
        elif coins[n] >= 0.5:
            new, at[places[n]] = at[places[n]], new
        shown.append(new)
    return everything[shown], everything[at]


# Task 7.3, the rates


def rates_as_found(base, epochs, decay_epochs):
    found = []
    for epoch in range(1, epochs + 1):
        factor = 1.0 - max(0, epoch + 1 - (epochs - decay_epochs)) / (decay_epochs + 1)
        found.append(base * factor)
    return found


def as_found_by_decay_epochs(base, epochs, decay_epochs):
    found = []
    for epoch in range(1, epochs + 1):
        factor = 1.0 - max(0, epoch + 1 - (epochs - decay_epochs)) / decay_epochs
        found.append(base * factor)
    return found


def one_earlier_fixed(base, epochs, decay_epochs):
    found = []
    for epoch in range(epochs):
        factor = 1.0 - max(0, epoch + 1 - (epochs - decay_epochs)) / (decay_epochs + 1)
        found.append(base * factor)
    return found


def ends_at_zero(base, epochs, decay_epochs):
    flat = [base] * (epochs - decay_epochs)
    return flat + list(np.linspace(base, 0, decay_epochs))


def divided_by_decay(base, epochs, decay_epochs):
    found = []
    for epoch in range(1, epochs + 1):
        over = max(0, epoch - (epochs - decay_epochs))
        found.append(base * (1 - over / decay_epochs) if decay_epochs else base)
    return found


def falls_from_the_start(base, epochs, decay_epochs):
    return [base * (epochs - epoch) / epochs for epoch in range(epochs)]


def unclipped(base, epochs, decay_epochs):
    return [base * (epochs - epoch) / decay_epochs if decay_epochs else base for epoch in range(epochs)]


def compounding(base, epochs, decay_epochs):
    found, rate = [], base
    for epoch in range(epochs):
        if decay_epochs:
            rate = rate * min(1.0, (epochs - epoch) / decay_epochs)
        found.append(rate)
    return found


def factors_alone(base, epochs, decay_epochs):
    return [min(1.0, (epochs - epoch) / decay_epochs) if decay_epochs else 1.0 for epoch in range(epochs)]


def half_way_through(base, epochs, decay_epochs):
    return [base if epoch < epochs - decay_epochs else base / 2 for epoch in range(epochs)]


def decay_zero_crashes(base, epochs, decay_epochs):
    return [base * min(1.0, (epochs - epoch) / decay_epochs) for epoch in range(epochs)]


def whole_numbers(base, epochs, decay_epochs):
    return [base * min(1, (epochs - epoch) // max(1, decay_epochs)) for epoch in range(epochs)]


def exponential(base, epochs, decay_epochs):
    flat = epochs - decay_epochs
    return [base * (0.95 ** max(0, epoch - flat)) for epoch in range(epochs)]


def cosine(base, epochs, decay_epochs):
    found = []
    for epoch in range(epochs):
        at = max(0, epoch - (epochs - decay_epochs)) / max(1, decay_epochs)
        found.append(base * 0.5 * (1 + np.cos(np.pi * at)))
    return found


def swapped_halves(base, epochs, decay_epochs):
    flat = epochs - decay_epochs
    return [base * min(1.0, (epochs - epoch) / flat) if flat else base for epoch in range(epochs)]


def one_epoch_short(base, epochs, decay_epochs):
    return [base * min(1.0, (epochs - epoch) / max(1, decay_epochs)) for epoch in range(1, epochs)]


def last_one_repeated(base, epochs, decay_epochs):
    found = one_earlier_fixed(base, epochs, decay_epochs)
    found[-1] = found[-2]
    return found


def zero_left_out(base, epochs, decay_epochs):
    rates = [base] * (epochs - decay_epochs) + list(np.linspace(base, 0, decay_epochs + 2)[1:-1])
    return rates


def returns_the_last(base, epochs, decay_epochs):
    for epoch in range(epochs):
        rate = base * min(1.0, (epochs - epoch) / max(1, decay_epochs))
    return rate


def rates_by_line(base, epochs, decay_epochs):
    flat = epochs - decay_epochs
    return np.concatenate([np.full(flat, base), base * np.arange(decay_epochs, 0, -1) / max(decay_epochs, 1)])


def rates_with_min(base, epochs, decay_epochs):
    if decay_epochs == 0:
        return [base] * epochs
    return [base * min(1.0, (epochs - epoch) / decay_epochs) for epoch in range(epochs)]


def rates_from_the_end(base, epochs, decay_epochs):
    backwards = []
    for left in range(1, epochs + 1):
        backwards.append(base if left >= decay_epochs else base * left / decay_epochs)
    return backwards[::-1]


def rates_by_linspace(base, epochs, decay_epochs):
    falling = np.linspace(base, 0, decay_epochs + 1)[:decay_epochs]
    return torch.tensor([base] * (epochs - decay_epochs) + falling.tolist(), dtype=torch.float64)


# Task 7.4, the average's parts


def powers_without_share(shares):
    keep = 1 - np.asarray(shares)
    return np.array([np.prod(keep[t:]) for t in range(len(keep) + 1)])


def start_forgotten(shares):
    n = len(shares)
    parts = [shares[t] * np.prod(1 - shares[t + 1 :]) for t in range(n)]
    return np.array([0.0, *parts])


def start_left_out(shares):
    return np.array([shares[t] * np.prod(1 - shares[t + 1 :]) for t in range(len(shares))])


def shares_themselves(shares):
    return np.array([1 - sum(shares), *shares])


def newest_first(shares):
    return right_parts(shares)[::-1]


def its_own_step_too(shares):
    n = len(shares)
    parts = [shares[t] * np.prod(1 - shares[t:]) for t in range(n)]
    return np.array([np.prod(1 - shares), *parts])


def earlier_steps(shares):
    n = len(shares)
    parts = [shares[t] * np.prod(1 - shares[:t]) for t in range(n)]
    return np.array([np.prod(1 - shares), *parts])


def share_is_kept(shares):
    return right_parts(1 - np.asarray(shares))


def all_alike(shares):
    return np.full(len(shares) + 1, 1 / (len(shares) + 1))


def last_share_for_all(shares):
    return right_parts(np.full(len(shares), shares[-1]))


def first_share_for_all(shares):
    return right_parts(np.full(len(shares), shares[0]))


def newest_alone(shares):
    parts = np.zeros(len(shares) + 1)
    parts[-1] = 1
    return parts


def in_proportion(shares):
    parts = np.array([1.0, *shares])
    return parts / parts.sum()


def start_by_share(shares):
    parts = right_parts(shares)
    parts[0] = shares[0] * np.prod(1 - shares[1:])
    return parts


def made_to_sum(shares):
    parts = start_left_out(shares)
    return np.array([0.0, *(parts / parts.sum())])


def no_memory(shares):
    parts = np.zeros(len(shares) + 1)
    parts[-1], parts[-2] = shares[-1], 1 - shares[-1]
    return parts


def two_steps_back(shares):
    n = len(shares)
    parts = np.zeros(n + 1)
    for t in range(n):
        following = shares[t + 1] if t + 1 < n else 0
        parts[t + 1] = shares[t] * (1 - following)
    parts[0] = 1 - parts.sum()
    return parts


def shares_eaten(shares):
    shares[:] = 1 - shares
    return right_parts(1 - shares)


def running_average(shares):
    average = 0.0
    for t, share in enumerate(shares):
        average += share * (t + 1 - average)
    return average


def right_parts(shares):
    parts = np.array([1.0])
    for share in shares:
        parts = np.append(parts * (1 - share), share)
    return parts


def parts_by_units(shares):
    units = np.eye(len(shares) + 1)
    average = units[0]
    for unit, share in zip(units[1:], shares, strict=True):
        average = average + share * (unit - average)
    return average


def parts_by_products(shares):
    keep = np.concatenate([np.cumprod((1 - shares)[::-1])[::-1], [1.0]])
    return list(np.concatenate([[1.0], shares]) * keep)


def parts_by_logs(shares):
    kept = np.log1p(-np.asarray(shares)).tolist()
    return torch.tensor([w * np.exp(sum(kept[t:])) for t, w in enumerate([1.0, *shares])], dtype=torch.float64)


# Task 7.5, the balance


def phases(weight, stride):
    return [(a, b, weight[:, :, a::stride, b::stride]) for a in range(stride) for b in range(stride)]


def phase_sums(weight, stride):
    return np.array([part.sum((2, 3)) for _, _, part in phases(weight, stride)])  # (stride², I, O)


def balanced_with(weight, stride, change):
    """`change` takes a phase's weights, their sum and the mean of the sums, (I, O, 1, 1) each, to the new weights."""
    sums, out = phase_sums(weight, stride), weight.copy()
    mean = sums.mean(0)[:, :, None, None]
    for (a, b, part), total in zip(phases(weight, stride), sums, strict=True):
        out[:, :, a::stride, b::stride] = change(part, total[:, :, None, None], mean)
    return out


def always_four(weight, stride):
    return balanced_right(weight, 2)


def scaled(weight, stride):
    return balanced_with(weight, stride, lambda part, total, mean: part * mean / total)


def all_sums_zero(weight, stride):
    return balanced_with(weight, stride, lambda part, total, mean: part - total / part[0, 0].size)


def whole_excess_from_each(weight, stride):
    return balanced_with(weight, stride, lambda part, total, mean: part - (total - mean))


def excess_over_all(weight, stride):
    size = weight.shape[2] * weight.shape[3]
    return balanced_with(weight, stride, lambda part, total, mean: part - (total - mean) / size)


def excess_over_phases(weight, stride):
    return balanced_with(weight, stride, lambda part, total, mean: part - (total - mean) / stride**2)


def excess_added(weight, stride):
    return balanced_with(weight, stride, lambda part, total, mean: part + (total - mean) / part[0, 0].size)


def means_made_equal(weight, stride):
    out = weight.copy()
    target = weight.mean((2, 3), keepdims=True)
    for a, b, part in phases(weight, stride):
        out[:, :, a::stride, b::stride] = part - part.mean((2, 3), keepdims=True) + target
    return out


def one_target_for_all_pairs(weight, stride):
    target = phase_sums(weight, stride).mean()
    return balanced_with(weight, stride, lambda part, total, mean: part - (total - target) / part[0, 0].size)


def sums_over_channels(weight, stride):
    out = weight.copy()
    sums = phase_sums(weight, stride).sum((1, 2))
    for (a, b, part), total in zip(phases(weight, stride), sums, strict=True):
        out[:, :, a::stride, b::stride] = part - (total - sums.mean()) / part.size
    return out


def sums_over_inputs(weight, stride):
    out = weight.copy()
    sums = phase_sums(weight, stride).sum(1)
    for (a, b, part), total in zip(phases(weight, stride), sums, strict=True):
        out[:, :, a::stride, b::stride] = (
            part - ((total - sums.mean(0)) / (part.size / part.shape[1]))[None, :, None, None]
        )
    return out


def blocks_for_phases(weight, stride):
    out, step = weight.copy(), -(-weight.shape[2] // stride)
    blocks = [
        np.s_[:, :, a * step : (a + 1) * step, b * step : (b + 1) * step] for a in range(stride) for b in range(stride)
    ]
    blocks = [at for at in blocks if weight[at].size]
    sums = np.array([weight[at].sum((2, 3)) for at in blocks])
    for at, total in zip(blocks, sums, strict=True):
        count = weight[at][0, 0].size
        out[at] -= ((total - sums.mean(0)) / count)[:, :, None, None]
    return out


def diagonals_for_phases(weight, stride):
    k = weight.shape[2]
    phase = (np.arange(k)[:, None] + np.arange(k)) % stride
    sums = np.array([weight[:, :, phase == p].sum(-1) for p in range(stride)])
    out = weight.copy()
    for p in range(stride):
        out[:, :, phase == p] -= ((sums[p] - sums.mean(0)) / (phase == p).sum())[:, :, None]
    return out


def rows_alone(weight, stride):
    out = weight.copy()
    sums = np.array([weight[:, :, a::stride].sum((2, 3)) for a in range(stride)])
    for a in range(stride):
        part = weight[:, :, a::stride]
        out[:, :, a::stride] = part - ((sums[a] - sums.mean(0)) / part[0, 0].size)[:, :, None, None]
    return out


def rows_then_columns(weight, stride):
    return rows_alone(rows_alone(weight, stride).swapaxes(2, 3), stride).swapaxes(2, 3)


def phases_in_one_mean(weight, stride):
    return balanced_with(weight, stride, lambda part, total, mean: part * 0 + mean / part[0, 0].size)


def constant_kernel(weight, stride):
    return np.ones_like(weight) * weight.mean((2, 3), keepdims=True)


def first_phase_for_target(weight, stride):
    target = weight[:, :, ::stride, ::stride].sum((2, 3))[:, :, None, None]
    return balanced_with(weight, stride, lambda part, total, mean: part - (total - target) / part[0, 0].size)


def sum_for_target(weight, stride):
    return balanced_with(weight, stride, lambda part, total, mean: part - (total - mean * stride**2) / part[0, 0].size)


def in_its_own_place(weight, stride):
    for a, b, part in phases(weight.copy(), stride):
        mean = phase_sums(weight, stride).mean(0)
        weight[:, :, a::stride, b::stride] = part - ((part.sum((2, 3)) - mean) / part[0, 0].size)[:, :, None, None]
    return weight


def mean_moves_along(weight, stride):
    out = weight.copy()
    for a in range(stride):
        for b in range(stride):
            part = out[:, :, a::stride, b::stride]
            mean = phase_sums(out, stride).mean(0)
            part -= ((part.sum((2, 3)) - mean) / part[0, 0].size)[:, :, None, None]
    return out


def balanced_right(weight, stride):
    return balanced_with(weight, stride, lambda part, total, mean: part - (total - mean) / part[0, 0].size)


def balanced_by_loops(weight, stride):
    new = np.zeros_like(weight)
    k = weight.shape[2]
    for i in range(weight.shape[0]):
        for o in range(weight.shape[1]):
            total, count = np.zeros((stride, stride)), np.zeros((stride, stride))
            for y in range(k):
                for x in range(k):
                    total[y % stride, x % stride] += weight[i, o, y, x]
                    count[y % stride, x % stride] += 1
            for y in range(k):
                for x in range(k):
                    at = y % stride, x % stride
                    new[i, o, y, x] = weight[i, o, y, x] + (total.mean() - total[at]) / count[at]
    return new


def balanced_by_one_hot(weight, stride):
    k = weight.shape[2]
    place = (np.arange(k) % stride)[:, None] * stride + np.arange(k) % stride
    one_hot = torch.nn.functional.one_hot(torch.from_numpy(place), stride**2).double()  # (k, k, phases)
    w = torch.from_numpy(weight)
    sums = torch.einsum("iokl,klp->iop", w, one_hot)
    excess = (sums - sums.mean(-1, keepdim=True)) / one_hot.sum((0, 1))
    return w - torch.einsum("iop,klp->iokl", excess, one_hot)


WRONG = [
    ("7.1", "brightness left in", brightness_left_in, "named"),
    ("7.1", "absolute differences", absolute_first, "named"),
    ("7.1", "absolute at the end", absolute_last, "named"),
    ("7.1", "before minus after", sign_turned, "named"),
    ("7.1", "for each picture", for_each_picture, "named"),
    ("7.1", "first picture alone", first_picture_alone, "named"),
    ("7.1", "the colour of after", after_alone, "named"),
    ("7.1", "ratio of means", ratio_of_means, "named"),
    ("7.1", "sum over the pixels", summed, "named"),
    ("7.1", "squared", squared, "named"),
    ("7.1", "green taken off", green_taken_off, "named"),
    ("7.1", "one number", one_number, "named"),
    ("7.1", "divided by brightness", divided_by_brightness, "named"),
    ("7.1", "normalised shift", normalised_shift, "named"),
    ("7.1", "a map", as_map, "named"),
    ("7.1", "channels taken for the second axis", channels_first, "honest"),
    ("7.1", "in steps of 255", in_255, "named"),
    ("7.1", "median", median_pixel, "named"),
    ("7.1", "after changed in place", in_place, "named"),
    ("7.2", "the code as found", pool_as_found, "named"),
    ("7.2", "coin turned", coin_turned, "named"),
    ("7.2", "never replaced", never_replaced, "named"),
    ("7.2", "always swapped", always_swapped, "named"),
    ("7.2", "oldest goes", oldest_goes, "named"),
    ("7.2", "one coin for all", one_coin_for_all, "named"),
    ("7.2", "one place for all", one_place_for_all, "named"),
    ("7.2", "new one always stored", new_one_always_stored, "named"),
    ("7.2", "not detached", not_detached, "named"),
    ("7.2", "coins while filling", coins_while_filling, "named"),
    ("7.2", "one too many", one_too_many, "named"),
    ("7.2", "whole batch at once", whole_batch_at_once, "honest"),
    ("7.2", "parts exchanged", parts_exchanged, "named"),
    ("7.2", "shown alone", shown_alone, "named"),
    ("7.2", "pool switched off", pool_switched_off, "named"),
    ("7.2", "stays empty at first", stays_empty_at_first, "honest"),
    ("7.2", "numbers one after another", numbers_one_after_another, "named"),
    ("7.2", "swapped in place", swapped_in_place, "named"),
    ("7.2", "two lists", as_lists, "named"),
    ("7.2", "one list", shown_as_a_list, "named"),
    ("7.2", "a coin above a half", above_a_half, "named"),
    ("7.2", "requires_grad switched off for a while", frozen_in_between, "honest"),
    ("7.2", "detached in place", detached_in_place, "named"),
    ("7.2", "detached in place, and requires_grad again", detached_in_place_and_back, "named"),
    ("7.2", "the pool before the batch", the_pool_before_the_batch, "honest"),
    ("7.3", "the code as found", rates_as_found, "named"),
    ("7.3", "epochs counted from 0", one_earlier_fixed, "named"),
    ("7.3", "ends at zero", ends_at_zero, "named"),
    ("7.3", "divided by the epochs that fall, 0 at the end", divided_by_decay, "named"),
    ("7.3", "falls from the start", falls_from_the_start, "named"),
    ("7.3", "unclipped", unclipped, "named"),
    ("7.3", "compounding", compounding, "named"),
    ("7.3", "factors alone", factors_alone, "named"),
    ("7.3", "half way through", half_way_through, "named"),
    ("7.3", "divided by 0 where nothing falls", decay_zero_crashes, "honest"),
    ("7.3", "as found, divided by decay_epochs", as_found_by_decay_epochs, "honest"),
    ("7.3", "whole numbers", whole_numbers, "named"),
    ("7.3", "exponential", exponential, "honest"),
    ("7.3", "cosine", cosine, "named"),
    ("7.3", "swapped halves", swapped_halves, "named"),
    ("7.3", "one epoch short", one_epoch_short, "named"),
    ("7.3", "last one repeated", last_one_repeated, "honest"),
    ("7.3", "linspace without both ends", zero_left_out, "named"),
    ("7.3", "returns the last", returns_the_last, "named"),
    ("7.4", "powers without share", powers_without_share, "named"),
    ("7.4", "start forgotten", start_forgotten, "named"),
    ("7.4", "start left out", start_left_out, "named"),
    ("7.4", "shares themselves", shares_themselves, "named"),
    ("7.4", "newest first", newest_first, "named"),
    ("7.4", "its own step too", its_own_step_too, "named"),
    ("7.4", "earlier steps", earlier_steps, "named"),
    ("7.4", "share is kept", share_is_kept, "named"),
    ("7.4", "all alike", all_alike, "named"),
    ("7.4", "last share for all", last_share_for_all, "named"),
    ("7.4", "first share for all", first_share_for_all, "named"),
    ("7.4", "newest alone", newest_alone, "named"),
    ("7.4", "in proportion", in_proportion, "named"),
    ("7.4", "start by share", start_by_share, "named"),
    ("7.4", "made to sum", made_to_sum, "named"),
    ("7.4", "no memory", no_memory, "named"),
    ("7.4", "two steps back", two_steps_back, "named"),
    ("7.4", "shares eaten", shares_eaten, "named"),
    ("7.4", "running average", running_average, "named"),
    ("7.5", "four phases whatever the stride", always_four, "named"),
    ("7.5", "scaled", scaled, "named"),
    ("7.5", "all sums zero", all_sums_zero, "named"),
    ("7.5", "whole excess from each", whole_excess_from_each, "named"),
    ("7.5", "excess over all", excess_over_all, "named"),
    ("7.5", "excess over phases", excess_over_phases, "named"),
    ("7.5", "excess added", excess_added, "named"),
    ("7.5", "means made equal", means_made_equal, "named"),
    ("7.5", "one target for all pairs", one_target_for_all_pairs, "named"),
    ("7.5", "sums over channels", sums_over_channels, "named"),
    ("7.5", "sums over inputs", sums_over_inputs, "named"),
    ("7.5", "blocks for phases", blocks_for_phases, "named"),
    ("7.5", "diagonals for phases", diagonals_for_phases, "named"),
    ("7.5", "rows alone", rows_alone, "named"),
    ("7.5", "rows then columns", rows_then_columns, "named"),
    ("7.5", "phases in one mean", phases_in_one_mean, "named"),
    ("7.5", "constant kernel", constant_kernel, "named"),
    ("7.5", "first phase for target", first_phase_for_target, "named"),
    ("7.5", "sum for target", sum_for_target, "named"),
    ("7.5", "in its own place", in_its_own_place, "named"),
    ("7.5", "mean moves along", mean_moves_along, "named"),
]
RIGHT = [
    ("7.1", "tint per pixel", tint_per_pixel),
    ("7.1", "tint of means", tint_of_means),
    ("7.1", "tint by loop", tint_by_loop),
    ("7.2", "swapped right", swapped_right),
    ("7.2", "swapped by copies", swapped_by_copies),
    ("7.2", "swapped by numbers", swapped_by_numbers),
    ("7.3", "rates by line", rates_by_line),
    ("7.3", "rates with min", rates_with_min),
    ("7.3", "rates from the end", rates_from_the_end),
    ("7.3", "rates by linspace", rates_by_linspace),
    ("7.4", "right parts", right_parts),
    ("7.4", "parts by units", parts_by_units),
    ("7.4", "parts by products", parts_by_products),
    ("7.4", "parts by logs", parts_by_logs),
    ("7.5", "balanced right", balanced_right),
    ("7.5", "balanced by loops", balanced_by_loops),
    ("7.5", "balanced by one hot", balanced_by_one_hot),
]
