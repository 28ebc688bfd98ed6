"""models/cyclegan.py: what a step trains, what it leaves alone, and that it can be put away and taken up."""

import copy
import io

import pytest
import torch

from minicyclegan.losses import gradient_penalty
from minicyclegan.models.cyclegan import CycleGAN, CycleGANConfig

SMALL = {"width": 2, "disc_width": 2, "blocks": 1, "disc_layers": 1}
CYCLE_KEYS = {"gan_AB", "gan_BA", "cycle_A", "cycle_B", "identity_A", "identity_B", "D_A", "D_B"}


def small(seed: int = 0, **settings) -> CycleGAN:
    return CycleGAN(CycleGANConfig(**SMALL | settings), seed).double()


def batch(seed: int, count: int = 2, channels: tuple[int, int] = (3, 3)) -> list[torch.Tensor]:
    draw = torch.Generator().manual_seed(seed)
    return [torch.rand(count, c, 16, 16, generator=draw, dtype=torch.float64) * 2 - 1 for c in channels]


def weights(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


@pytest.mark.parametrize("gan_loss", ["vanilla", "minimax", "lsgan", "wgangp", "hinge"])
@pytest.mark.parametrize("norm", ["instance", "batch", "none"])
def test_every_parameter_of_all_four_networks_moves_at_every_step(gan_loss, norm):
    model = small(gan_loss=gan_loss, norm=norm, lr=1e-3)
    for step in range(3):
        before = {name: weights(getattr(model, name)) for name in ("G_AB", "G_BA", "D_A", "D_B")}
        losses = model.step(*batch(step))
        expected = CYCLE_KEYS | ({"penalty_A", "penalty_B"} if gan_loss == "wgangp" else set())
        assert set(losses) == expected
        assert all(loss.ndim == 0 and loss.isfinite() and not loss.requires_grad for loss in losses.values())
        for name, old in before.items():
            for key, parameter in getattr(model, name).named_parameters():
                if gan_loss in ("wgangp", "hinge") and key == "last.bias":
                    continue  # real and fake pull it in opposite directions with equal force
                assert not torch.equal(old[key], parameter), f"{name}.{key} stood still at step {step}"


def test_losses_are_what_the_names_say():
    model, (a, b) = small(), batch(0)
    reference = copy.deepcopy(model)
    losses = model.step(a, b)
    with torch.no_grad():
        G_AB, G_BA, D_A, D_B = reference.G_AB, reference.G_BA, reference.D_A, reference.D_B
        expected = {
            "gan_AB": (D_B(G_AB(a)) - 1).square().mean(),
            "gan_BA": (D_A(G_BA(b)) - 1).square().mean(),
            "cycle_A": (G_BA(G_AB(a)) - a).abs().mean(),
            "cycle_B": (G_AB(G_BA(b)) - b).abs().mean(),
            "identity_A": (G_BA(a) - a).abs().mean(),
            "identity_B": (G_AB(b) - b).abs().mean(),
            "D_A": ((D_A(a) - 1).square().mean() + D_A(G_BA(b)).square().mean()) / 2,
            "D_B": ((D_B(b) - 1).square().mean() + D_B(G_AB(a)).square().mean()) / 2,
        }
    for name, value in expected.items():
        # D judges the pictures that G made before its own update, so all terms are of the initial weights
        assert losses[name].item() == pytest.approx(value.item(), rel=1e-12), name


@pytest.mark.parametrize("side", ["cycle_A", "cycle_B"])
def test_each_cycle_reaches_both_generators(side):
    model, (a, b) = small(), batch(0)
    losses = model.generator_losses(a, b, model.G_BA(b), model.G_AB(a))
    for gradient in torch.autograd.grad(losses[side], model.G_parameters):
        assert gradient.abs().sum() > 0


def test_discriminators_never_reach_the_generators():
    model, (a, b) = small(), batch(0)
    fake_A, fake_B = model.G_BA(b), model.G_AB(a)
    losses = model.discriminator_losses(a, b, model.pool_A.query(fake_A), model.pool_B.query(fake_B))
    gradients = torch.autograd.grad(sum(losses.values()), model.G_parameters, allow_unused=True)
    assert all(gradient is None for gradient in gradients)


def test_without_weight_the_identity_terms_are_not_computed():
    losses = small(lambda_identity=0.0).step(*batch(0))
    assert set(losses) == CYCLE_KEYS - {"identity_A", "identity_B"}


@pytest.mark.parametrize(
    "settings, keys",
    [
        ({"cycle": "forward"}, CYCLE_KEYS - {"cycle_B"}),
        ({"cycle": "backward"}, CYCLE_KEYS - {"cycle_A"}),
        ({"lambda_cycle": 0.0}, {"gan_AB", "gan_BA", "D_A", "D_B"}),  # the identity's weight is relative to it
        ({"lambda_gan": 0.0}, CYCLE_KEYS - {"gan_AB", "gan_BA", "D_A", "D_B"}),
        ({"lambda_gan": 0.0, "lambda_identity": 0.0, "cycle": "backward"}, {"cycle_B"}),
    ],
    ids=["no cycle_B", "no cycle_A", "no cycles", "no GANs", "cycle_B alone"],  # a set's own text changes its order
)
def test_what_has_no_weight_is_left_out_and_the_rest_is_as_ever(settings, keys):
    everything, model = small().step(*batch(0)), small(**settings)
    losses = model.step(*batch(0))
    assert set(losses) == keys
    for name in keys:
        assert losses[name].item() == pytest.approx(everything[name].item(), rel=1e-12), name


def test_without_adversarial_weight_no_discriminator_learns_and_no_history_fills():
    model = small(lambda_gan=0.0, lr=1e-3)
    before = {name: weights(getattr(model, name)) for name in ("G_AB", "G_BA", "D_A", "D_B")}
    model.step(*batch(0))
    for name, old in before.items():
        moved = any(not torch.equal(old[key], value) for key, value in getattr(model, name).state_dict().items())
        assert moved == name.startswith("G"), name
    assert not model.pool_A.images and not model.pool_B.images


@pytest.mark.parametrize("settings", [{}, {"lambda_gan": 0.5, "cycle": "forward"}, {"cycle": "backward"}], ids=str)
def test_the_objective_weighs_each_term_once(settings):
    """Its slope in each term is that term's weight."""
    config = CycleGANConfig(**SMALL | settings, lambda_cycle=7.0, lambda_identity=0.25)
    counted = {"both": "AB", "forward": "A", "backward": "B"}[config.cycle]
    expected = {"gan_AB": config.lambda_gan, "gan_BA": config.lambda_gan, "identity_A": 1.75, "identity_B": 1.75}
    expected |= {f"cycle_{side}": 7.0 for side in counted}
    losses = {name: torch.tensor(1.0, requires_grad=True) for name in expected}
    CycleGAN(config).generator_objective(losses).backward()
    assert {name: loss.grad.item() for name, loss in losses.items()} == expected


def test_the_penalty_changes_what_D_learns():
    with_penalty, without = small(gan_loss="wgangp"), small(gan_loss="wgangp", lambda_penalty=0.0)
    for model in (with_penalty, without):
        model.step(*batch(0))
    assert not torch.equal(with_penalty.D_A.first.weight, without.D_A.first.weight)
    a, b = batch(0)
    points = torch.full((len(a), 1, 1, 1), 0.5, dtype=a.dtype)
    assert gradient_penalty(with_penalty.D_A, a, b, points) != gradient_penalty(without.D_A, a, b, points)


def test_the_rate_is_set_on_every_optimizer():
    model = small(lr=1e-3)
    assert model.set_learning_rate(0.25) == 2.5e-4
    groups = model.optimizer_G.param_groups + model.optimizer_D.param_groups
    assert all(group["lr"] == 2.5e-4 for group in groups)
    before = weights(model)
    model.set_learning_rate(0.0)
    model.step(*batch(0))
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_grey_to_colour():
    losses = small(channels_A=1, lambda_identity=0.0).step(*batch(0, channels=(1, 3)))
    assert losses["cycle_A"].isfinite()
    losses = small(channels_A=1, lambda_cycle=0.0).step(*batch(0, channels=(1, 3)))  # which turns the identity off, too
    assert losses["gan_AB"].isfinite()


def test_same_seed_same_run_other_seed_other_run():
    def run(seed: int) -> dict[str, torch.Tensor]:
        model = small(seed, pool_size=3)
        for step in range(5):
            model.step(*batch(step))
        return model.state_dict()

    first, same, other = run(1), run(1), run(2)
    assert all(torch.equal(first[name], same[name]) for name in first)
    assert not torch.equal(first["G_AB.stem.weight"], other["G_AB.stem.weight"])


@pytest.mark.parametrize("gan_loss", ["lsgan", "wgangp"])
def test_put_away_and_taken_up_makes_no_difference(gan_loss):
    """N + M steps equal N steps, a trip through a file, and M steps: bit for bit, with the pool full and swapping."""
    straight = small(1, pool_size=3, gan_loss=gan_loss, norm="batch")
    for step in range(4):
        straight.step(*batch(step))
    file = io.BytesIO()
    torch.save(straight.training_state(), file)
    file.seek(0)
    resumed = small(2, pool_size=3, gan_loss=gan_loss, norm="batch")
    resumed.load_training_state(torch.load(file, weights_only=True))
    for step in range(4, 9):
        losses = [model.step(*batch(step)) for model in (straight, resumed)]
        assert all(torch.equal(losses[0][name], losses[1][name]) for name in losses[0])
    assert all(torch.equal(value, resumed.state_dict()[name]) for name, value in straight.state_dict().items())


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"norm": "layer"}, "--norm must be one of instance, batch, none"),
        ({"width": 0}, "--width must be at least 1"),
        ({"lr": float("nan")}, "--lr must be at least 0"),
        ({"gan_loss": "gan"}, "--gan-loss must be one of"),
        ({"channels_A": 1}, "--lambda-identity 0"),
        ({"pool_size": -1}, "--pool-size"),
        ({"cycle": "none"}, "--cycle must be one of both, forward, backward"),
        ({"lambda_gan": 0.0, "lambda_cycle": 0.0}, "--lambda-gan and --lambda-cycle are both 0"),
    ],
)
def test_settings_that_cannot_work_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        CycleGANConfig(**settings)
