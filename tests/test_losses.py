"""losses.py against the equations, written out a second time in plain Python, and against their fixed points."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from minicyclegan.losses import cycle_loss, discriminator_loss, generator_loss, gradient_penalty, identity_loss

KINDS = ["vanilla", "minimax", "lsgan", "wgangp", "hinge"]
logits = st.lists(st.floats(-20, 20), min_size=1, max_size=6)


def sigma(x: float) -> float:
    return 1 / (1 + math.exp(-x))


REAL_TERM = {
    "vanilla": lambda x: -math.log(sigma(x)),
    "minimax": lambda x: -math.log(sigma(x)),
    "lsgan": lambda x: (x - 1) ** 2,
    "wgangp": lambda x: -x,
    "hinge": lambda x: max(0.0, 1 - x),
}
FAKE_TERM = {
    "vanilla": lambda x: -math.log(sigma(-x)),
    "minimax": lambda x: -math.log(sigma(-x)),
    "lsgan": lambda x: x**2,
    "wgangp": lambda x: x,
    "hinge": lambda x: max(0.0, 1 + x),
}
GENERATOR_TERM = {
    "vanilla": lambda x: -math.log(sigma(x)),
    "minimax": lambda x: math.log(sigma(-x)),
    "lsgan": lambda x: (x - 1) ** 2,
    "wgangp": lambda x: -x,
    "hinge": lambda x: -x,
}


def mean(term, values):
    return sum(map(term, values)) / len(values)


@pytest.mark.parametrize("kind", KINDS)
@given(real=logits, fake=logits)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_the_equations(kind, real, fake):
    r, f = (torch.tensor(values, dtype=torch.float64) for values in (real, fake))
    expected = 0.5 * (mean(REAL_TERM[kind], real) + mean(FAKE_TERM[kind], fake))
    # float64 in another order of summation
    assert discriminator_loss(r, f, kind).item() == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert generator_loss(f, kind).item() == pytest.approx(mean(GENERATOR_TERM[kind], fake), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_large_logits_stay_finite(kind):
    large = torch.tensor([-1e4, 1e4])
    assert discriminator_loss(large, large, kind).isfinite()
    assert generator_loss(large, kind).isfinite()


@pytest.mark.parametrize("kind", KINDS)
def test_D_and_G_pull_in_opposite_directions(kind):
    fake = torch.zeros(3, requires_grad=True)
    (for_D,) = torch.autograd.grad(discriminator_loss(torch.zeros(3), fake, kind), fake)
    (for_G,) = torch.autograd.grad(generator_loss(fake, kind), fake)
    assert (for_G < 0).all(), "G wants its pictures' logits up"
    assert (for_D >= 0).all() and (kind == "lsgan" or (for_D > 0).all()), "D wants them down"


def test_minimax_saturates_where_the_non_saturating_form_does_not():
    fake = torch.full((1,), -15.0, requires_grad=True)
    (saturated,) = torch.autograd.grad(generator_loss(fake, "minimax"), fake)
    (alive,) = torch.autograd.grad(generator_loss(fake, "vanilla"), fake)
    assert saturated.abs() < 1e-6 < 0.9 < alive.abs()


@pytest.mark.parametrize("loss", [cycle_loss, identity_loss])
def test_l1_losses(loss):
    a, b = torch.randn(2, 3, 4, 4, dtype=torch.float64), torch.randn(2, 3, 4, 4, dtype=torch.float64)
    assert loss(a, a) == 0
    assert loss(a, b).item() == pytest.approx((a - b).abs().sum().item() / a.numel(), rel=1e-12)


@pytest.mark.parametrize("slope", [0.0, 1.0, 3.0])
def test_gradient_penalty_of_a_plane_is_known(slope):
    # D(x) = slope * (unit vector . x): its gradient has norm `slope` everywhere
    unit = torch.nn.functional.normalize(torch.randn(3 * 4 * 4, dtype=torch.float64), dim=0).reshape(1, 3, 4, 4)
    real, fake = torch.randn(2, 5, 3, 4, 4, dtype=torch.float64)

    def D(x):
        return slope * (x * unit).sum((1, 2, 3)).reshape(-1, 1, 1, 1)

    points = torch.rand(5, 1, 1, 1, dtype=torch.float64)
    assert gradient_penalty(D, real, fake, points).item() == pytest.approx((slope - 1) ** 2, abs=1e-9)


def test_gradient_penalty_reaches_the_weights_of_D():
    from minicyclegan.networks import PatchDiscriminator

    D = PatchDiscriminator(width=2, layers=1)
    penalty = gradient_penalty(D, torch.randn(2, 3, 8, 8), torch.randn(2, 3, 8, 8), torch.rand(2, 1, 1, 1))
    penalty.backward()
    assert D.first.weight.grad.abs().sum() > 0


@pytest.mark.parametrize(
    "call",
    [lambda: generator_loss(torch.zeros(1), "lsgn"), lambda: discriminator_loss(torch.zeros(1), torch.zeros(1), "gan")],
)
def test_unknown_kind_lists_the_known_ones(call):
    with pytest.raises(ValueError, match=r"vanilla.*minimax.*lsgan.*wgangp.*hinge"):
        call()
