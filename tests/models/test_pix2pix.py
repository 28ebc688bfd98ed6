"""models/pix2pix.py: the published step in full, what it trains and what it leaves alone, that it can be put away."""

import copy
import io

import pytest
import torch

from minicyclegan.losses import discriminator_loss, generator_loss
from minicyclegan.models.pix2pix import Pix2Pix, Pix2PixConfig
from minicyclegan.networks import PixelDiscriminator
from tests.models.published import PublishedPix2Pix, batch, same, weights

SMALL = {"width": 4, "disc_width": 4, "depth": 3, "disc_layers": 1}
GAN_LOSSES = ["vanilla", "minimax", "lsgan", "wgangp", "hinge"]
NORMS = ["instance", "batch", "none"]


def small(seed: int = 0, **settings) -> Pix2Pix:
    return Pix2Pix(Pix2PixConfig(**SMALL | settings), seed).double()


@pytest.mark.parametrize(
    "settings, count",
    [
        ({"norm": "batch"}, 2),
        ({"norm": "batch"}, 1),
        ({"norm": "instance", "gan_loss": "lsgan"}, 3),
        ({"norm": "none", "conditional": False, "disc_layers": 0}, 2),
        ({"norm": "batch", "skips": False, "lambda_l1": 7.0, "lambda_gan": 0.5}, 2),
    ],
)
def test_three_steps_are_the_published_ones(settings, count):
    model = small(lr=1e-3, **settings)
    published = PublishedPix2Pix(model)
    for step in range(3):
        a, b = batch(step, count)
        losses, expected = model.step(a, b), published.step(a, b)
        assert losses.keys() == expected.keys()
        for name, value in expected.items():
            assert losses[name].item() == pytest.approx(value, rel=1e-9), (name, step)
        for ours, theirs in ((model.G, published.G), (model.D, published.D)):
            # gradients too: Adam's steps hardly tell a loss from its half
            for (name, weight), other in zip(ours.named_parameters(), theirs.parameters(), strict=True):
                torch.testing.assert_close(weight.grad, other.grad, rtol=1e-7, atol=1e-12, msg=f"gradient of {name}")
            # running statistics too: D sees fake, real, fake in this order
            for name, value in ours.state_dict().items():
                torch.testing.assert_close(value, theirs.state_dict()[name], rtol=1e-7, atol=1e-11, msg=name)


def test_dropout_is_drawn_once_a_step_and_both_networks_see_its_picture():
    """Levels below the fourth have it, so this one is deeper; one draw of it serves D and G, as published."""
    model = small(depth=6, width=1, lr=1e-3)
    published = PublishedPix2Pix(model)
    a, b = batch(0, side=64)
    torch.manual_seed(5)
    losses = model.step(a, b)
    torch.manual_seed(5)
    expected = published.step(a, b)
    assert {name: loss.item() for name, loss in losses.items()} == pytest.approx(expected, rel=1e-9)
    torch.manual_seed(6)
    assert model.G(a).sub(model.G(a)).abs().max() > 0


@pytest.mark.parametrize("gan_loss", GAN_LOSSES)
@pytest.mark.parametrize("norm", NORMS)
def test_every_parameter_of_both_networks_moves_at_every_step(gan_loss, norm):
    model = small(gan_loss=gan_loss, norm=norm, lr=1e-3)
    for step in range(3):
        before = {name: weights(getattr(model, name)) for name in ("G", "D")}
        losses = model.step(*batch(step))
        assert set(losses) == {"gan", "l1", "D"} | ({"penalty"} if gan_loss == "wgangp" else set())
        assert all(loss.ndim == 0 and loss.isfinite() and not loss.requires_grad for loss in losses.values())
        for name, old in before.items():
            for key, parameter in getattr(model, name).named_parameters():
                if gan_loss in ("wgangp", "hinge") and key == "last.bias":
                    continue  # real and fake pull it in opposite directions with equal force
                assert not torch.equal(old[key], parameter), f"{name}.{key} stood still at step {step}"


@pytest.mark.parametrize("gan_loss", GAN_LOSSES)
def test_losses_are_what_the_names_say(gan_loss):
    model, (a, b) = small(gan_loss=gan_loss, norm="instance"), batch(0)
    before = copy.deepcopy(model)
    losses = model.step(a, b)
    with torch.no_grad():
        fake = before.G(a)
        expected = {
            "l1": (fake - b).abs().mean(),
            # D judges before its update, and G is judged after it
            "D": discriminator_loss(before.D(torch.cat([a, b], 1)), before.D(torch.cat([a, fake], 1)), gan_loss),
            "gan": generator_loss(model.D(torch.cat([a, fake], 1)), gan_loss),
        }
    for name, value in expected.items():
        assert losses[name].item() == pytest.approx(value.item(), rel=1e-12), name


def test_each_network_learns_from_its_own_losses_only():
    model, (a, b) = small(), batch(0)
    fake = model.G(a)
    D_losses = model.discriminator_losses(a, b, fake.detach())
    gradients = torch.autograd.grad(D_losses["D"], model.G_parameters, allow_unused=True)
    assert all(gradient is None for gradient in gradients)
    # What D has collected is its own loss's gradient still, after G has been judged by it.
    old = copy.deepcopy(model)
    model.step(a, b)
    fake = old.G(a).detach()
    expected = torch.autograd.grad(old.discriminator_losses(a, b, fake)["D"], list(old.D.parameters()))
    for parameter, gradient in zip(model.D.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-9, atol=1e-14)


def test_a_conditional_discriminator_sees_the_input_and_an_unconditional_one_does_not():
    for conditional, channels in ((True, 4), (False, 3)):
        model = small(channels_A=1, conditional=conditional)
        assert model.D.first.in_channels == channels
        a, b = batch(0, channels=(1, 3))
        other = model.discriminator_losses(-a, b, b)["D"]
        assert torch.equal(model.discriminator_losses(a, b, b)["D"], other) != conditional


def test_without_weight_there_is_no_discriminator_to_train():
    model = small(lambda_gan=0.0)
    before = weights(model.D)
    assert set(model.step(*batch(0))) == {"l1"}
    assert same(before, model.D.state_dict())
    model = small(lambda_l1=0.0)
    assert set(model.step(*batch(0))) == {"l1", "gan", "D"}


class Slope(torch.nn.Module):
    """A discriminator whose slope is `steepness` for every number that it sees, wherever it is taken."""

    def __init__(self, steepness: float):
        super().__init__()
        self.steepness = torch.nn.Parameter(torch.tensor(steepness, dtype=torch.float64))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.steepness * x.sum(dim=(1, 2, 3), keepdim=True)


@pytest.mark.parametrize("conditional, channels", [(True, 6), (False, 3)])
def test_the_penalty_is_on_the_slope_of_what_D_sees(conditional, channels):
    config = Pix2PixConfig(**SMALL, gan_loss="wgangp", conditional=conditional, lambda_penalty=4.0)
    model = Pix2Pix(config, D=Slope(0.1)).double()
    a, b = batch(0)
    fake = model.G(a).detach()
    losses = model.step(a, b)
    norm = (channels * 16 * 16) ** 0.5  # of a gradient that is `steepness` everywhere
    assert losses["penalty"].item() == pytest.approx((0.1 * norm - 1) ** 2, rel=1e-9)
    judged = (fake.sum(dim=(1, 2, 3)) - b.sum(dim=(1, 2, 3))).mean()  # a, where it is seen, cancels
    slope = 0.5 * judged + 0.5 * 4.0 * 2 * (0.1 * norm - 1) * norm
    assert model.D.steepness.grad.item() == pytest.approx(slope.item(), rel=1e-9)


def test_the_rate_is_set_on_every_optimizer():
    model = small(lr=1e-3)
    assert model.set_learning_rate(0.25) == 2.5e-4
    groups = model.optimizer_G.param_groups + model.optimizer_D.param_groups
    assert len(groups) == 2 and all(group["lr"] == 2.5e-4 for group in groups)
    model = small(norm="instance")
    before = weights(model)
    model.set_learning_rate(0.0)
    model.step(*batch(0))
    assert same(before, model.state_dict())


def test_same_seed_same_run_other_seed_other_run():
    def run(seed: int) -> dict[str, torch.Tensor]:
        torch.manual_seed(seed)
        model = small(seed, depth=6, width=1, latent=2)
        for step in range(3):
            model.step(*batch(step, side=64))
        return model.state_dict()

    first, again, other = run(1), run(1), run(2)
    assert same(first, again)
    assert not torch.equal(first["G.down.0.weight"], other["G.down.0.weight"])


@pytest.mark.parametrize("settings", [{}, {"gan_loss": "wgangp"}, {"latent": 2}], ids=["published", "wgangp", "latent"])
def test_put_away_and_taken_up_makes_no_difference(settings):
    """N + M steps equal N steps, a trip through a file, and M steps: bit for bit, with running statistics."""
    straight = small(1, **settings)
    for step in range(3):
        straight.step(*batch(step))
    file = io.BytesIO()
    torch.save(straight.training_state(), file)
    file.seek(0)
    resumed = small(2, **settings)
    resumed.load_training_state(torch.load(file, weights_only=True))
    for step in range(3, 6):
        losses = [model.step(*batch(step)) for model in (straight, resumed)]
        assert same(*losses)
    assert same(straight.state_dict(), resumed.state_dict())


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("disc_layers", [0, 1])
def test_a_batch_of_one_down_to_one_pixel(norm, disc_layers):
    """Halved to 1 x 1, a map has no statistics of its own: there the published U-Net has no norm."""
    model = small(depth=4, norm=norm, disc_layers=disc_layers)
    assert isinstance(model.D, PixelDiscriminator) == (disc_layers == 0)
    for step in range(2):
        before = weights(model.G)
        losses = model.step(*batch(step, count=1))
        assert all(loss.isfinite() for loss in losses.values())
        assert not torch.equal(before["down.3.weight"], model.G.down[3].weight)


def test_pictures_that_cannot_be_halved_are_refused_in_words():
    with pytest.raises(ValueError, match=r"depth 3 takes pictures whose sides are multiples of 8, not 20 x 20"):
        small().step(*batch(0, side=20))


@pytest.mark.parametrize("latent_at", ["input", "all"])
def test_the_baseline_with_a_code_answers_differently_each_time(latent_at):
    model, (a, b) = small(latent=4, latent_at=latent_at), batch(0)
    codes = [model.random(torch.randn, model.noise, a, 4) for _ in range(2)]
    assert codes[0].shape == (4, 4) and not torch.equal(*codes)
    assert not torch.equal(model.translate(a, codes[0]), model.translate(a, codes[1]))
    assert set(model.step(a, b)) == {"gan", "l1", "D"}
    rows = model.eval().sample_rows(a, "AtoB")
    assert list(rows) == ["input", "answer 1", "answer 2", "answer 3"]
    assert not torch.equal(rows["answer 1"], rows["answer 2"])
    assert same(rows, model.sample_rows(a, "AtoB"))


def test_sample_rows_of_the_published_model():
    model, (a, b) = small().eval(), batch(0)
    rows = model.sample_rows(a, "AtoB", b)
    assert list(rows) == ["input", "output"] and torch.equal(rows["output"], model.G(a))
    assert not rows["output"].requires_grad


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"norm": "layer"}, "--norm must be one of instance, batch, none"),
        ({"depth": 1}, "--depth must be at least 2"),
        ({"disc_layers": -1}, "--disc-layers must be at least 0"),
        ({"latent": -1}, "--latent must be at least 0"),
        ({"latent_at": "end"}, "--latent-at must be one of input, all"),
        ({"dropout": -0.5}, "--dropout must be at least 0"),
        ({"dropout": 1.0}, "--dropout must be below 1"),
        ({"beta1": 1.0}, "--beta1 must be below 1"),
        ({"lr": float("nan")}, "--lr must be at least 0"),
        ({"gan_loss": "gan"}, "--gan-loss must be one of"),
        ({"lambda_l1": 0.0, "lambda_gan": 0.0}, "--lambda-l1 and --lambda-gan are both 0"),
    ],
)
def test_settings_that_cannot_work_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        Pix2PixConfig(**settings)


def test_settings_reach_the_networks():
    model = small(skips=False, latent=2, latent_at="input", norm="none", dropout=0.3, depth=6, width=1, channels_A=1)
    G = model.G
    assert (G.skips, G.latent, G.latent_at, G.depth, G.down[0].in_channels) == (False, 2, "input", 6, 1 + 2)
    assert [layer.p for layer in G.modules() if isinstance(layer, torch.nn.Dropout)] == [0.3]
    assert not any(isinstance(layer, torch.nn.BatchNorm2d) for layer in model.modules())
    assert small(beta1=0.25).optimizer_D.param_groups[0]["betas"] == (0.25, 0.999)


def test_networks_of_another_name_are_refused():
    with pytest.raises(ValueError, match="networks are called G, D, not E"):
        Pix2Pix(Pix2PixConfig(**SMALL), E=Slope(1.0))
