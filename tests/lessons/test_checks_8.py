"""Lesson 8's checks: correct variants pass, and what is wrong in other ways is told so."""

import itertools

import exercises
import numpy as np
import pytest
import torch
from torch.nn import functional as F

EXERCISES = exercises.EXERCISES[8]


# ---- Correct in another way --------------------------------------------------------------------------------------


def answers_in_one_batch(G, a, z):
    pairs = list(itertools.product(range(len(a)), range(len(z))))
    questions, codes = (torch.tensor(side) for side in zip(*pairs, strict=True))
    return G(a[questions], z[codes]).unflatten(0, (len(a), len(z)))


def answers_by_vmap(G, a, z):
    return torch.func.vmap(lambda code: G(a, code.expand(len(a), -1)), out_dims=1)(z)


def diversity_by_sorting(answers):
    n = answers.shape[1]
    weights = (2 * np.arange(n) - n + 1).reshape(-1, 1, 1, 1)  # how often a value is the larger of a pair, less smaller
    return (np.sort(answers, axis=1) * weights).mean(0).sum(0).mean() / (n * (n - 1) / 2)


def gradients_of_the_functional(g, mean, log_variance, eps, weight):
    m, v = torch.tensor(mean), torch.tensor(log_variance)

    def loss(m, v):
        price = 0.5 * (v.exp() + m**2 - 1 - v).sum()
        return (torch.tensor(g) * (m + (v / 2).exp() * torch.tensor(eps))).sum() + weight * price

    return torch.func.grad(loss, argnums=(0, 1))(m, v)


def pays_with_zip(D_vae, D_lr, a, b, fake_vae, fake_lr):
    pairs = torch.cat([a, b], dim=1)
    half = len(pairs) // 2
    fakes = [torch.cat([a[:half], fake.clone().detach()], dim=1) for fake in (fake_vae, fake_lr)]
    seen = zip((D_vae, D_lr), pairs.split(half), fakes, strict=True)
    return [F.mse_loss(D(x), torch.ones(()).expand_as(D(x))) / 2 + D(y).pow(2).mean() / 2 for D, x, y in seen]


def regression_with_states_kept(G, E, a, z):
    fake = G(a, z)
    learns = {name: weight.requires_grad for name, weight in E.named_parameters()}
    try:
        for weight in E.parameters():
            weight.requires_grad_(False)
        return (E(fake)[0] - z).abs().mean()
    finally:
        for name, weight in E.named_parameters():
            weight.requires_grad_(learns[name])


VARIANTS = [
    ("8.1", answers_in_one_batch),
    ("8.1", answers_by_vmap),
    ("8.2", diversity_by_sorting),
    ("8.3", gradients_of_the_functional),
    ("8.4", pays_with_zip),
    ("8.5", regression_with_states_kept),
]


@pytest.mark.parametrize(("task", "answer"), VARIANTS, ids=lambda value: getattr(value, "__name__", value))
def test_an_answer_that_is_right_in_another_way_passes(task, answer, capsys):
    next(exercise for exercise in EXERCISES.values() if exercise.task == task).check(answer)
    assert capsys.readouterr().out.startswith(f"✓ task {task}")


# ---- The numbers in the tasks ------------------------------------------------------------------------------------


def by_task(task):
    return next(exercise.reference for exercise in EXERCISES.values() if exercise.task == task)


def test_the_examples_by_hand_are_right():
    questions, codes = torch.tensor([10.0, 20.0]).reshape(2, 1, 1, 1), torch.tensor([[1.0], [2.0], [3.0]])
    table = by_task("8.1")(lambda a, z: a + z[:, :, None, None], questions, codes)
    assert table.flatten(1).tolist() == [[11, 12, 13], [21, 22, 23]]

    assert by_task("8.2")(np.array([0, 0.3, 0.9]).reshape(1, 3, 1, 1, 1)) == pytest.approx(0.6)

    one = [np.array([[value]]) for value in (2.0, 0.5, 0.0, 3.0)]
    assert np.ravel(by_task("8.3")(*one, 0.1)) == pytest.approx([2.05, 3.0])

    pictures, fake = torch.zeros(2, 3, 1, 1), torch.ones(1, 3, 1, 1)
    paid = by_task("8.4")(
        lambda pair: 1 - 0.5 * pair[:, 3:4], lambda pair: 0 * pair[:, :1], pictures, pictures, fake, fake
    )
    assert [value.item() for value in paid] == pytest.approx([0.125, 0.5])

    E = torch.nn.Linear(2, 2)
    E.forward = lambda b: (b, b**3)
    z, read = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.5, -1.0]])
    assert by_task("8.5")(lambda a, z: read, E, None, z).item() == 0.75
