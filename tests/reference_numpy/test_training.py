"""The optimizer, whole CycleGAN steps against `minicyclegan`, and training in NumPy alone."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

import reference_numpy as rn
from minicyclegan.models.cyclegan import CycleGAN, CycleGANConfig
from reference_numpy.optim import Adam
from tests.reference_numpy import cyclegan_step
from tests.reference_numpy.compare import assert_close

NETWORKS = ("G_AB", "G_BA", "D_A", "D_B")
# Ten steps of Adam amplify the engines' different rounding: 3e-13 of the largest weight is measured at worst.
TOLERANCE = 1e-9


def test_adam():
    rng = np.random.default_rng(0)
    start = [rng.standard_normal((3, 4)), rng.standard_normal(5), rng.standard_normal(2)]
    ours = [rn.Tensor(array.copy(), requires_grad=True) for array in start]
    theirs = [torch.tensor(array, requires_grad=True) for array in start]
    adam = Adam(ours, lr=0.1, betas=(0.5, 0.99), eps=1e-3)
    torch_adam = torch.optim.Adam(theirs, lr=0.1, betas=(0.5, 0.99), eps=1e-3)
    for step in range(20):
        for position, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            g = rng.standard_normal(a.shape) * 10.0 ** -(step % 5)
            a.grad, b.grad = (None, None) if position == 2 else (g, torch.tensor(g))  # one without a gradient stays
        adam.step()
        torch_adam.step()
        for a, b in zip(ours, theirs, strict=True):
            assert_close(f"step {step}", a.data, b.detach().numpy(), 1e-13)
    adam.zero_grad()
    assert all(tensor.grad is None for tensor in ours)


def test_adam_counts_the_steps_of_each_parameter():
    """One has a gradient always, one late, one now and then, one never: as in PyTorch, which counts them apart."""
    rng = np.random.default_rng(1)
    start = rng.standard_normal((4, 3))
    ours = [rn.Tensor(array.copy(), requires_grad=True) for array in start]
    theirs = [torch.tensor(array, requires_grad=True) for array in start]
    adam, torch_adam = Adam(ours, lr=0.1), torch.optim.Adam(theirs, lr=0.1)
    for step in range(12):
        adam.zero_grad()
        torch_adam.zero_grad()
        for has, a, b in zip((True, step >= 5, step % 3 == 1, False), ours, theirs, strict=True):
            g = rng.standard_normal(3)
            a.grad, b.grad = (g, torch.tensor(g)) if has else (None, None)
        adam.step()
        torch_adam.step()
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(a.data, b.detach().numpy(), rtol=1e-12, err_msg=f"step {step}")
    assert adam.t == [12, 7, 4, 0]


def test_adam_moves_a_parameter_once_however_often_it_is_given():
    once, twice = (rn.Tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    for adam, parameter in ((Adam([once]), once), (Adam(iter([twice, twice])), twice)):
        for _ in range(3):
            parameter.grad = np.array([1.0, -2.0])
            adam.step()
    np.testing.assert_array_equal(once.data, twice.data)


@pytest.mark.parametrize("gan_loss", ["lsgan", "wgangp"])
@pytest.mark.parametrize("norm", ["instance", "batch"])
def test_ten_steps_equal_the_packages_steps(gan_loss: str, norm: str):
    seed, pool_size = 3, 3
    config = CycleGANConfig(
        width=4, disc_width=4, blocks=1, disc_layers=2, norm=norm, pool_size=pool_size, gan_loss=gan_loss, lr=2e-3
    )
    model = CycleGAN(config, seed).double()

    def pool(seed: int) -> cyclegan_step.ImagePool:
        """The same draws as the package's pool of this seed."""
        draw = torch.Generator().manual_seed(seed)
        return cyclegan_step.ImagePool(
            pool_size,
            lambda: float(torch.rand((), generator=draw)),
            lambda n: int(torch.randint(n, (), generator=draw)),
        )

    twin = cyclegan_step.CycleGAN(
        {"width": 4, "blocks": 1, "norm": norm},
        {"width": 4, "layers": 2, "norm": norm},
        (pool(seed), pool(seed + 1)),
        wgangp=gan_loss == "wgangp",
        lr=2e-3,
    )
    for name in NETWORKS:
        getattr(twin, name).load_state_dict(getattr(model, name).state_dict())
    points = torch.Generator().manual_seed(seed)
    rng = np.random.default_rng(0)
    for step in range(10):
        a, b = rng.uniform(-1, 1, (2, 2, 3, 16, 16))
        expected = model.step(torch.tensor(a), torch.tensor(b))
        found = twin.step(a, b, lambda n: torch.rand(n, 1, 1, 1, generator=points, dtype=torch.float64).numpy())
        assert found.keys() == expected.keys()
        for key, value in expected.items():
            assert_close(f"step {step}: {key}", np.asarray(found[key]), value.numpy(), TOLERANCE)
        for name in NETWORKS:
            weights = getattr(twin, name).state_dict()
            for key, value in getattr(model, name).state_dict().items():
                assert_close(f"step {step}: {name}.{key}", weights[key], value.numpy(), TOLERANCE)
    assert len(twin.pool_A.images) == pool_size  # so that old pictures have been drawn


def test_a_tiny_cyclegan_learns_in_numpy_alone():
    """Dark left-to-right ramps ↔ bright top-to-bottom ramps, at 16 px: reconstruction improves, D stays busy."""
    rng = np.random.default_rng(0)
    ramp = np.linspace(-0.8, 0, 16)

    def pictures(base: np.ndarray, sign: int) -> np.ndarray:
        tint = rng.uniform(0.5, 1, (2, 3, 1, 1))
        return sign * np.abs(base * tint) + rng.normal(0, 0.02, (2, 3, 16, 16))  # (2, 3, 16, 16)

    pools = [cyclegan_step.ImagePool(8, rng.random, lambda n: int(rng.integers(n))) for _ in range(2)]
    model = cyclegan_step.CycleGAN({"width": 4, "blocks": 1}, {"width": 4, "layers": 1}, tuple(pools), lr=2e-3)
    log = [
        model.step(pictures(np.broadcast_to(ramp, (16, 16)), -1), pictures(np.broadcast_to(ramp, (16, 16)).T, 1))
        for _ in range(150)
    ]
    windows = [log[start : start + 30] for start in range(0, 150, 30)]
    for key in ("cycle_A", "cycle_B", "identity_A", "identity_B"):
        means = [np.mean([losses[key] for losses in window]) for window in windows]
        assert means[-1] < 0.3 * log[0][key], f"{key}: {log[0][key]}, then {means}"
        assert all(later < 1.1 * earlier for earlier, later in pairwise(means)), f"{key}: {means}"
    assert np.mean([losses["D_A"] + losses["D_B"] for losses in windows[-1]]) < log[0]["D_A"] + log[0]["D_B"]
