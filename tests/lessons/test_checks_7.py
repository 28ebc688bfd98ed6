"""Lesson 7's checks: every known mistake is told by its own hint, stubs are still to do, correct variants pass."""

import numpy as np
import pytest
import torch

from checking import lesson_7, lesson_7_average, lesson_7_phases, lesson_7_pool
from checking.engine import Exercise, WrongAnswer
from minicyclegan.image_pool import ImagePool
from minicyclegan.networks import BalancedTransposedConv2d
from minicyclegan.weight_average import WeightAverage

EXERCISES = {
    name: exercise
    for part in (lesson_7, lesson_7_pool, lesson_7_average, lesson_7_phases)
    for name, exercise in vars(part).items()
    if isinstance(exercise, Exercise)
}
CASES = [
    pytest.param(exercise, mistake, id=f"{exercise.task}-{number}")
    for exercise in EXERCISES.values()
    for number, mistake in enumerate(exercise.mistakes)
]


def test_every_exercise_has_its_check():
    assert sorted(exercise.task for exercise in EXERCISES.values()) == ["7.1", "7.2", "7.3", "7.4", "7.5"]
    for name in EXERCISES:
        assert callable(getattr(lesson_7, f"check_{name.lower()}"))


@pytest.mark.parametrize(("exercise", "mistake"), CASES)
def test_a_known_mistake_is_told_by_its_own_hint(exercise, mistake):
    with np.errstate(all="ignore"), pytest.raises(WrongAnswer) as told:
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
    up = BalancedTransposedConv2d(weight.shape[0], weight.shape[1], weight.shape[2], stride=2, bias=False).double()
    up.weight.data = torch.from_numpy(weight)
    balanced = []
    for n in range(weight.shape[0]):  # an impulse of one input channel draws that channel's kernels
        impulse = torch.zeros(1, weight.shape[0], 1, 1, dtype=torch.float64)
        impulse[0, n] = 1
        balanced.append(up(impulse)[0])
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
    shares = np.maximum(0.1, 9 / (10 + np.arange(4)))
    rebuilt = lesson_7_average.CONTRIBUTIONS.reference(shares) @ np.array(seen)
    assert abs(rebuilt - average.networks["G"].weight.item()) < 1e-12
