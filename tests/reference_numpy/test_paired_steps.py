"""Ten whole steps of pix2pix and of BicycleGAN in both engines: every loss, every weight, every running statistic."""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
import torch

from minicyclegan.models.bicyclegan import BicycleGAN, BicycleGANConfig
from minicyclegan.models.pix2pix import Pix2Pix, Pix2PixConfig
from tests.reference_numpy import bicyclegan_step, pix2pix_step
from tests.reference_numpy.compare import assert_close
from tests.reference_numpy.mistakes import STEP_MISTAKES
from tests.reference_numpy.pairs import share_masks

# Ten steps of Adam amplify the engines' different rounding: 1.2e-13 of the largest value is measured at worst.
TOLERANCE = 1e-9
# A plane of the code is constant, and the inner taps of a 4 x 4 kernel with stride 2 never meet padding: they add a
# constant, which an instance norm removes. Their gradient is rounding alone, and Adam blows that up.
DEAD_TAPS = {"G.down.1.weight": np.s_[:, -4:, 1:3, 1:3]}
PICTURES = {"pix2pix": (3, 3, 16, 32), "bicyclegan": (4, 3, 16, 24)}
SEED = 3


def codes() -> Callable[[int, int], np.ndarray]:
    """The same draws as those of a model of this seed."""
    draw = torch.Generator().manual_seed(SEED)
    return lambda n, latent: torch.randn(n, latent, generator=draw, dtype=torch.float64).numpy()


def assert_ten_equal_steps(
    model: Any, twin: Any, pictures: tuple[int, ...], dead: Mapping[str, Any] = MappingProxyType({})
) -> None:
    """`dead` marks the weights that change nothing, and are not compared."""
    names = [name for name, _ in model.named_children()]
    for name in names:
        for parameter in getattr(model, name).parameters():
            parameter.data *= 5 if parameter.ndim > 1 else 1  # fresh weights give signals too faint to tell mistakes
        getattr(twin, name).load_state_dict(getattr(model, name).state_dict())
        share_masks(getattr(model, name), getattr(twin, name))
    rng = np.random.default_rng(0)
    for step in range(10):
        a, b = rng.uniform(-1, 1, (2, *pictures))
        expected = model.step(torch.tensor(a), torch.tensor(b))
        found = twin.step(a, b)
        assert found.keys() == expected.keys()
        for key, value in expected.items():
            assert_close(f"step {step}: {key}", np.asarray(found[key]), value.numpy(), TOLERANCE)
        for name in names:
            weights = getattr(twin, name).state_dict()
            for key, value in getattr(model, name).state_dict().items():
                right = value.numpy().copy()
                if f"{name}.{key}" in dead:
                    right[dead[f"{name}.{key}"]] = weights[key][dead[f"{name}.{key}"]]
                assert_close(f"step {step}: {name}.{key}", weights[key], right, TOLERANCE)


def pix2pix(gan_loss: str = "vanilla", norm: str = "batch", layers: int = 2) -> tuple[Pix2Pix, pix2pix_step.Pix2Pix]:
    """A tiny model with the published settings and its twin."""
    config = Pix2PixConfig(width=3, disc_width=3, depth=4, disc_layers=layers, norm=norm, gan_loss=gan_loss, lr=2e-3)
    twin = pix2pix_step.Pix2Pix(
        {"width": 3, "depth": 4, "norm": norm},
        {"in_channels": 6, "width": 3, "layers": layers, "norm": norm},
        gan_loss == "vanilla",
        lr=2e-3,
    )
    return Pix2Pix(config, SEED).double(), twin


def bicyclegan(
    gan_loss: str = "lsgan", norm: str = "instance", latent_at: str = "all"
) -> tuple[BicycleGAN, bicyclegan_step.BicycleGAN]:
    """As `pix2pix`."""
    G = {"width": 3, "depth": 3, "latent": 4, "latent_at": latent_at, "norm": norm}
    D = {"disc_width": 4, "disc_layers": 1, "disc_norm": norm}
    E = {"encoder_width": 3, "encoder_blocks": 2, "encoder_norm": norm}
    twin = bicyclegan_step.BicycleGAN(
        G,
        {"width": 3, "blocks": 2, "latent": 4, "norm": norm},
        {"width": 4, "layers": 1, "norm": norm},
        codes(),
        gan_loss == "vanilla",
        lr=2e-3,
    )
    return BicycleGAN(BicycleGANConfig(**G, **D, **E, gan_loss=gan_loss, lr=2e-3), SEED).double(), twin


@pytest.mark.parametrize("gan_loss", ["vanilla", "lsgan"])
@pytest.mark.parametrize("norm", ["batch", "instance"])
@pytest.mark.parametrize("layers", [0, 2])
def test_pix2pix(gan_loss: str, norm: str, layers: int):
    assert_ten_equal_steps(*pix2pix(gan_loss, norm, layers), PICTURES["pix2pix"])


def test_pix2pix_with_dropout():
    config = Pix2PixConfig(width=1, disc_width=2, depth=6, disc_layers=1, lr=2e-3)
    D = {"in_channels": 6, "width": 2, "layers": 1, "norm": "batch"}
    twin = pix2pix_step.Pix2Pix({"width": 1, "depth": 6}, D, lr=2e-3)
    assert_ten_equal_steps(Pix2Pix(config, SEED).double(), twin, (2, 3, 64, 64))


@pytest.mark.parametrize(
    ("gan_loss", "norm", "latent_at"),
    [
        ("lsgan", "instance", "all"),
        ("lsgan", "batch", "all"),
        ("vanilla", "instance", "all"),
        ("vanilla", "batch", "input"),
        ("lsgan", "instance", "input"),
    ],
)
def test_bicyclegan(gan_loss: str, norm: str, latent_at: str):
    dead = DEAD_TAPS if (norm, latent_at) == ("instance", "all") else {}
    assert_ten_equal_steps(*bicyclegan(gan_loss, norm, latent_at), PICTURES["bicyclegan"], dead)


@pytest.mark.parametrize(
    ("name", "place", "mistake"),
    [
        pytest.param(name, place, mistake, id=f"{mistake.__name__} in {name}'s {place}")
        for name, mistakes in STEP_MISTAKES.items()
        for place, mistake in mistakes
    ],
)
def test_well_known_mistakes_are_caught(
    name: str, place: str, mistake: Callable[[Callable], Callable], monkeypatch: pytest.MonkeyPatch
):
    model, twin = pix2pix() if name == "pix2pix" else bicyclegan()
    *path, last = place.removeprefix("model.").split(".")
    owner = operator.attrgetter(".".join(path))(model) if path else model
    if not place.startswith("model."):
        owner = sys.modules[type(model).__module__]
    monkeypatch.setattr(owner, last, mistake(getattr(owner, last)))
    with pytest.raises(AssertionError, match="off by"):
        assert_ten_equal_steps(model, twin, PICTURES[name], DEAD_TAPS)
