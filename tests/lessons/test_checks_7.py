"""Lesson 7's checks: correct variants pass, and what is wrong in other ways is told so."""

import exercises
import numpy as np
import pytest
import torch

from checking import lesson_7_average, lesson_7_phases
from minicyclegan.image_pool import ImagePool
from minicyclegan.networks import BalancedTransposedConv2d
from minicyclegan.weight_average import WeightAverage

EXERCISES = exercises.EXERCISES[7]


# ---- Correct in another way, and the same as the package ---------------------------------------------------------


def tint_by_einsum(before, after):
    shift = np.einsum("nhwc->c", after - before) / before[..., 0].size
    return (np.eye(3) - 1 / 3) @ shift


def tint_in_float32(before, after):
    shift = torch.from_numpy(after - before).float().flatten(0, 2).mean(0)
    return shift - shift.mean()


def pool_of_the_package(images, pool, size, coins, places):
    """With the coins and places of the task in place of drawn ones."""
    packaged, shown = ImagePool(size), []
    packaged.images = list(pool)
    for image, coin, place in zip(images.detach(), coins, places, strict=True):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(torch, "rand", lambda *_, generator, coin=coin: coin)
            patch.setattr(torch, "randint", lambda *_, generator, place=place: place)
            shown.append(packaged.query(image[None])[0])
    return torch.stack(shown), torch.stack(packaged.images)


def rates_by_hand(base, epochs, decay_epochs):
    flat = epochs - decay_epochs
    return [base] * flat + [base * left / decay_epochs for left in range(decay_epochs, 0, -1)]


def parts_backwards(shares):
    parts, left = [], 1.0
    for share in shares[::-1]:
        parts.append(left * share)
        left *= 1 - share
    return np.array([left, *parts[::-1]])


def balanced_by_the_package(weight, stride):
    if stride != 2:
        return lesson_7_phases.BALANCE.reference(weight, stride)
    side = weight.shape[2]
    up = BalancedTransposedConv2d(weight.shape[0], weight.shape[1], side, stride=2, bias=False).double()
    up.weight.data = torch.from_numpy(weight)
    balanced = []
    for n in range(weight.shape[0]):  # an impulse of one input channel, away from the edges, draws its kernels
        impulse = torch.zeros(1, weight.shape[0], 3, 3, dtype=torch.float64)
        impulse[0, n, 1, 1] = 1
        balanced.append(up(impulse)[0, :, 2 : 2 + side, 2 : 2 + side])
    return torch.stack(balanced).detach()


VARIANTS = {
    "TINT": (tint_by_einsum, tint_in_float32),
    "QUERY": (pool_of_the_package,),
    "SCHEDULE": (rates_by_hand,),
    "CONTRIBUTIONS": (parts_backwards,),
    "BALANCE": (balanced_by_the_package,),
}


@pytest.mark.parametrize(
    ("name", "variant"),
    [(name, variant) for name, variants in VARIANTS.items() for variant in variants],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_correct_variant_passes(name, variant):
    EXERCISES[name].check(variant)


def test_contributions_rebuild_the_average_of_the_package():
    network = torch.nn.Linear(1, 1, bias=False, dtype=torch.float64)
    average, seen = WeightAverage({"G": network}, 0.9), [network.weight.item()]
    for value in (2.0, -1.0, 0.5, 3.0):
        network.weight.data.fill_(value)
        seen.append(value)
        average.update()
    shares = np.maximum(0.1, 3 / (4 + np.arange(4)))
    rebuilt = lesson_7_average.CONTRIBUTIONS.reference(shares) @ np.array(seen)
    assert abs(rebuilt - average.networks["G"].weight.item()) < 1e-12
