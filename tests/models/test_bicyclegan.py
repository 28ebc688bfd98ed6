"""models/bicyclegan.py: the published step in full, what it trains and what it leaves alone, its styles."""

import copy
import io

import pytest
import torch

from minicyclegan.losses import discriminator_loss, generator_loss
from minicyclegan.models.bicyclegan import BicycleGAN, BicycleGANConfig
from tests.models.published import PublishedBicycleGAN, batch, noise_of, same, weights

SMALL = {"width": 4, "disc_width": 4, "encoder_width": 4, "depth": 3, "encoder_blocks": 1, "disc_layers": 1}
KEYS = {"gan_vae", "gan_lr", "l1", "kl", "latent", "D_vae", "D_lr"}
NETWORKS = ("G", "E", "D_vae", "D_lr")


def small(seed: int = 0, **settings) -> BicycleGAN:
    return BicycleGAN(BicycleGANConfig(**SMALL | {"latent": 3} | settings), seed).double()


@pytest.mark.parametrize(
    "settings, count",
    [
        ({}, 4),
        ({"norm": "batch", "encoder_norm": "batch", "disc_norm": "batch", "conditional": True}, 4),
        ({"norm": "batch", "encoder_norm": "none", "conditional": True, "gan_loss": "vanilla"}, 5),
        ({"latent_at": "input", "disc_scales": 1, "lambda_l1": 3.0, "lambda_kl": 0.5, "lambda_latent": 2.0}, 3),
        ({"norm": "none", "disc_norm": "none", "conditional": True, "lambda_vae": 0.5, "lambda_lr": 2.0}, 2),
        ({"norm": "batch", "encoder_norm": "batch", "disc_norm": "batch"}, 1),
    ],
)
def test_three_steps_are_the_published_ones(settings, count):
    model = small(lr=1e-3, **settings)
    published = PublishedBicycleGAN(model)
    for step in range(3):
        a, b = batch(step, count)
        losses, expected = model.step(a, b), published.step(a, b)
        assert losses.keys() == expected.keys()
        for name, value in expected.items():
            # kl of nearly normal codes is a difference of nearly equal numbers
            assert losses[name].item() == pytest.approx(value, rel=1e-9, abs=1e-13), (name, step)
        for network in NETWORKS:
            ours, theirs = getattr(model, network), published.nets[network]
            # gradients too: Adam's steps hardly tell a loss from its half
            for (name, weight), other in zip(ours.named_parameters(), theirs.parameters(), strict=True):
                torch.testing.assert_close(weight.grad, other.grad, rtol=1e-7, atol=1e-12, msg=f"{network}.{name}")
            for name, value in ours.state_dict().items():
                torch.testing.assert_close(
                    value, theirs.state_dict()[name], rtol=1e-7, atol=1e-11, msg=f"{network}.{name}"
                )


@pytest.mark.parametrize("gan_loss", ["vanilla", "minimax", "lsgan", "wgangp", "hinge"])
@pytest.mark.parametrize(
    "norm, encoder_norm, disc_norm",
    [("instance", "none", "batch"), ("batch", "instance", "none"), ("none", "batch", "instance")],
)
def test_every_parameter_of_all_four_networks_moves_at_every_step(gan_loss, norm, encoder_norm, disc_norm):
    model = small(gan_loss=gan_loss, norm=norm, encoder_norm=encoder_norm, disc_norm=disc_norm, lr=1e-3)
    for step in range(3):
        before = {name: weights(getattr(model, name)) for name in NETWORKS}
        losses = model.step(*batch(step))
        assert set(losses) == KEYS | ({"penalty_vae", "penalty_lr"} if gan_loss == "wgangp" else set())
        assert all(loss.ndim == 0 and loss.isfinite() and not loss.requires_grad for loss in losses.values())
        for name, old in before.items():
            for key, parameter in getattr(model, name).named_parameters():
                if gan_loss in ("wgangp", "hinge") and key.endswith("last.bias"):
                    continue  # real and fake pull it in opposite directions with equal force
                assert not torch.equal(old[key], parameter), f"{name}.{key} stood still at step {step}"


@pytest.mark.parametrize("gan_loss", ["vanilla", "minimax", "lsgan", "wgangp", "hinge"])
def test_losses_are_what_the_names_say(gan_loss):
    model, (a, b) = small(gan_loss=gan_loss, conditional=True), batch(0)
    before, noise = copy.deepcopy(model), noise_of(model)
    losses = model.step(a, b)
    a1, b1, a2, b2 = a[:2], b[:2], a[2:], b[2:]
    with torch.no_grad():
        G, E = before.G, before.E
        mean, log_variance = E(b1)
        eps, z = (torch.randn(2, 3, generator=noise, dtype=torch.float64) for _ in range(2))
        encoded, random = G(a1, mean + eps * torch.exp(log_variance / 2)), G(a1, z)

        def judged(D, x, y):
            return D(torch.cat([x, y], 1))

        def paid(D, real, fake):
            scales = zip(judged(D, *real), judged(D, *fake), strict=True)
            return sum(discriminator_loss(true, false, gan_loss) for true, false in scales)

        expected = {
            "gan_vae": sum(generator_loss(scale, gan_loss) for scale in judged(before.D_vae, a1, encoded)),
            "gan_lr": sum(generator_loss(scale, gan_loss) for scale in judged(before.D_lr, a1, random)),
            "l1": (encoded - b1).abs().mean(),
            "kl": (mean.square() + log_variance.exp() - 1 - log_variance).sum() / 2,
            "latent": (E(random)[0] - z).abs().mean(),
            # on the pictures that G made before its update
            "D_vae": paid(before.D_vae, (a1, b1), (a1, encoded)),
            "D_lr": paid(before.D_lr, (a2, b2), (a1, random)),
        }
    for name, value in expected.items():
        assert losses[name].item() == pytest.approx(value.item(), rel=1e-9, abs=1e-13), name


def test_kl_is_a_sum_over_the_batch_and_the_code():
    model, (a, b) = small(encoder_norm="instance"), batch(0, count=2)
    twice = copy.deepcopy(model)
    one = model.step(a, b)["kl"]
    four = twice.step(a[:1].expand(8, -1, -1, -1), b[:1].expand(8, -1, -1, -1))["kl"]
    assert one > 0 and four.item() == pytest.approx(4 * one.item(), rel=1e-6)


def test_the_latent_regression_trains_the_generator_through_an_encoder_that_stands_still():
    model = small(lambda_l1=0.0, lambda_kl=0.0, lambda_vae=0.0, lambda_lr=0.0, lr=1e-3)
    before = {name: weights(getattr(model, name)) for name in NETWORKS}
    assert set(model.step(*batch(0))) == {"latent"}
    assert not torch.equal(before["G"]["down.0.weight"], model.G.down[0].weight)
    for name in ("E", "D_vae", "D_lr"):
        assert same(before[name], getattr(model, name).state_dict()), name


def test_the_first_half_is_encoded_and_the_second_only_shown_to_D_lr_as_real():
    for conditional in (False, True):
        a, b = batch(0)
        runs = []
        for other_a, other_b in ((a, b), (torch.cat([a[:2], -a[2:]]), b), (a, torch.cat([b[:2], -b[2:]]))):
            model = small(conditional=conditional)
            runs.append((model.step(other_a, other_b), model))
        (losses, first), (losses_a, _), (losses_b, of_b) = runs
        for changed in (losses_a, losses_b):
            assert all(torch.equal(losses[name], changed[name]) for name in KEYS - {"D_lr"})
        for name in ("G", "E", "D_vae"):
            assert same(getattr(first, name).state_dict(), getattr(of_b, name).state_dict())
        assert not torch.equal(losses["D_lr"], losses_b["D_lr"])
        assert torch.equal(losses["D_lr"], losses_a["D_lr"]) != conditional
        assert first.D_lr.scales[0].first.in_channels == (6 if conditional else 3)


@pytest.mark.parametrize("left_out, keys", [("vae", {"gan_vae", "D_vae"}), ("lr", {"gan_lr", "D_lr"})])
def test_without_weight_a_discriminator_is_left_out(left_out, keys):
    model = small(**{f"lambda_{left_out}": 0.0})
    before = weights(getattr(model, f"D_{left_out}"))
    assert set(model.step(*batch(0))) == KEYS - keys
    assert same(before, getattr(model, f"D_{left_out}").state_dict())


@pytest.mark.parametrize("norm", ["instance", "batch"])
def test_the_paper_s_parts_alone(norm):
    """cAE-GAN, cVAE-GAN and cLR-GAN (section 3): which terms there are, whom they train, and nothing of the rest."""
    vae_alone, lr_alone = {"lambda_lr": 0.0, "lambda_latent": 0.0}, {"lambda_vae": 0.0, "lambda_l1": 0.0}
    for settings, keys, still in (
        (vae_alone | {"variational": False}, {"l1", "gan_vae", "D_vae"}, {"D_lr", "E.log_variance"}),
        (vae_alone, {"l1", "kl", "gan_vae", "D_vae"}, {"D_lr"}),
        (lr_alone | {"latent_trains_encoder": True}, {"latent", "gan_lr", "D_lr"}, {"D_vae", "E.log_variance"}),
        (lr_alone, {"latent", "gan_lr", "D_lr"}, {"D_vae", "E"}),
    ):
        model = small(norm=norm, lr=1e-3, **settings)
        before = weights(model)
        assert set(model.step(*batch(0))) == keys
        for name, parameter in model.named_parameters():
            left_alone = any(name.startswith(part) for part in still)
            assert torch.equal(before[name], parameter) == left_alone, (settings, name)


def test_without_variation_the_code_is_the_encoder_s_mean():
    model, (a, b) = small(variational=False, lambda_lr=0.0, lambda_latent=0.0), batch(0)
    with torch.no_grad():
        expected = (model.G(a[:2], model.E(b[:2])[0]) - b[:2]).abs().mean()
    assert model.step(a, b)["l1"].item() == pytest.approx(expected.item(), rel=1e-12)


def test_of_one_half_alone_batch_norms_keep_that_half_s_statistics():
    """A pass that counts for nothing would leave the mean of both kinds of codes in them."""
    model, (a, b) = small(norm="batch", lambda_vae=0.0, lambda_l1=0.0), batch(0)
    twin, z = copy.deepcopy(model), torch.randn(2, 3, generator=noise_of(model), dtype=torch.float64)
    model.step(a, b)
    twin.G(a[:2], z)
    for name, value in twin.G.named_buffers():
        torch.testing.assert_close(value, model.G.get_buffer(name), rtol=1e-12, atol=0)


@pytest.mark.parametrize("norm", ["instance", "none"])
def test_one_pass_of_the_generator_equals_two(norm):
    model, (a, _) = small(norm=norm), batch(0)
    z, w = torch.randn(2, 4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    for together, alone in zip(model._translate(a, z, w), (model.G(a, z), model.G(a, w)), strict=True):
        torch.testing.assert_close(together, alone, rtol=1e-9, atol=1e-13)


class Slope(torch.nn.Module):
    """A discriminator of two scales whose slope is `steepness` for every number that it sees, wherever it is taken."""

    def __init__(self, steepness: float):
        super().__init__()
        self.steepness = torch.nn.Parameter(torch.tensor(steepness, dtype=torch.float64))

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        judged = self.steepness * x.sum(dim=(1, 2, 3), keepdim=True)
        return [0.5 * judged, 1.5 * judged]


def test_the_penalty_is_on_the_mean_slope_of_the_scales():
    config = BicycleGANConfig(**SMALL, gan_loss="wgangp", lambda_penalty=4.0)
    model = BicycleGAN(config, D_vae=Slope(0.1), D_lr=Slope(0.2)).double()
    a, b = batch(0, count=5)  # two are encoded, three shown to D_lr: the penalty needs as many of both
    losses = model.step(a, b)
    norm = (3 * 16 * 16) ** 0.5  # of a gradient that is `steepness` everywhere
    assert losses["penalty_vae"].item() == pytest.approx((0.1 * norm - 1) ** 2, rel=1e-9)
    assert losses["penalty_lr"].item() == pytest.approx((0.2 * norm - 1) ** 2, rel=1e-9)
    # D pays 2 steepness (sum of fake - sum of real), all of which is minimised, and 4 penalties
    judged = 2 * losses["D_vae"].item() / 0.1
    slope = judged + 4.0 * 2 * (0.1 * norm - 1) * norm
    assert model.D_vae.steepness.grad.item() == pytest.approx(slope, rel=1e-9)


def test_the_rate_is_set_on_every_optimizer():
    model = small(lr=1e-3)
    assert model.set_learning_rate(0.25) == 2.5e-4
    optimizers = model.parts(torch.optim.Optimizer).values()
    groups = [group for optimizer in optimizers for group in optimizer.param_groups]
    assert len(groups) == 4 and all(group["lr"] == 2.5e-4 for group in groups)
    before = weights(model)
    model.set_learning_rate(0.0)
    model.step(*batch(0))
    assert same(before, model.state_dict())


def test_same_seed_same_run_other_seed_other_run():
    def run(seed: int) -> dict[str, torch.Tensor]:
        model = small(seed)
        for step in range(3):
            model.step(*batch(step))
        return model.state_dict()

    first, again, other = run(1), run(1), run(2)
    assert same(first, again)
    assert not torch.equal(first["G.down.0.weight"], other["G.down.0.weight"])


@pytest.mark.parametrize(
    "settings", [{}, {"norm": "batch", "encoder_norm": "batch", "disc_norm": "batch"}, {"gan_loss": "wgangp"}], ids=str
)
def test_put_away_and_taken_up_makes_no_difference(settings):
    """N + M steps equal N steps, a trip through a file, and M steps: bit for bit, codes and running statistics too."""
    straight = small(1, **settings)
    for step in range(3):
        straight.step(*batch(step))
    file = io.BytesIO()
    torch.save(straight.training_state(), file)
    file.seek(0)
    resumed = small(2, **settings)
    resumed.load_training_state(torch.load(file, weights_only=True))
    for step in range(3, 6):
        assert same(*[model.step(*batch(step)) for model in (straight, resumed)])
    assert same(straight.state_dict(), resumed.state_dict())


@pytest.mark.parametrize("norm", ["instance", "batch", "none"])
def test_a_batch_of_one_down_to_one_pixel(norm):
    """Halved to 1 x 1, a map has no statistics of its own: there the U-Net and the encoder have no norm."""
    model = small(depth=4, norm=norm, encoder_norm=norm, disc_norm=norm, encoder_blocks=3)
    model.config.check_size(16)
    for step in range(2):
        before = weights(model)
        losses = model.step(*batch(step, count=1))
        assert set(losses) == KEYS and all(loss.isfinite() for loss in losses.values())
        assert not torch.equal(before["G.down.3.weight"], model.G.down[3].weight)
        assert not torch.equal(before["E.mean.weight"], model.E.mean.weight)


@pytest.mark.parametrize("norm", ["instance", "batch", "none"])
@pytest.mark.parametrize("settings", [{"encoder_blocks": 2}, {"disc_layers": 2, "encoder_blocks": 0}], ids=str)
def test_the_least_size_that_is_allowed_can_be_trained_at(settings, norm):
    config = BicycleGANConfig(**SMALL | settings | {"depth": 2, "norm": norm, "encoder_norm": norm, "disc_norm": norm})

    def allowed(size: int) -> bool:
        try:
            config.check_size(size)
        except ValueError:
            return False
        return True

    least = next(size for size in range(4, 64, 4) if allowed(size))
    model = BicycleGAN(config).double()
    assert all(loss.isfinite() for loss in model.step(*batch(0, count=1, side=least)).values())


def test_pictures_that_cannot_be_halved_are_refused_in_words():
    with pytest.raises(ValueError, match=r"depth 3 takes pictures whose sides are multiples of 8, not 20 x 20"):
        small().step(*batch(0, side=20))


def test_grey_to_colour():
    losses = small(channels_A=1, conditional=True).step(*batch(0, channels=(1, 3)))
    assert losses["l1"].isfinite()


def test_samples_are_the_same_codes_for_all_pictures():
    model, (a, _) = small().eval(), batch(0)
    styles = model.sample(a, 5)
    assert styles.shape == (4, 5, 3, 16, 16) and not styles.requires_grad
    assert torch.equal(styles, model.sample(a, 5))
    alone = model.sample(a[2:3], 5)
    torch.testing.assert_close(alone[0], styles[2], rtol=1e-9, atol=1e-13)
    for first in range(5):
        for second in range(first):
            assert not torch.equal(styles[:, first], styles[:, second])


def test_a_code_is_the_encoder_s_mean():
    model, (_, b) = small().eval(), batch(0)
    codes = model.encode(b)
    assert codes.shape == (4, 3) and not codes.requires_grad and torch.equal(codes, model.E(b)[0])


def test_sample_rows_show_random_styles_and_the_style_of_the_truth():
    model, (a, b) = small().eval(), batch(0)
    styles = [f"style {number}" for number in range(1, 5)]
    assert list(model.sample_rows(a, "AtoB")) == ["input", *styles]
    rows = model.sample_rows(a, "AtoB", b)
    assert list(rows) == ["input", *styles, "truth's style"]
    assert torch.equal(rows["truth's style"], model.G(a, model.encode(b)))
    assert torch.equal(rows["style 3"], model.sample(a, 4)[:, 2])


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"norm": "layer"}, "--norm must be one of instance, batch, none"),
        ({"disc_norm": "layer"}, "--disc-norm must be one of instance, batch, none"),
        ({"encoder_norm": "layer"}, "--encoder-norm must be one of instance, batch, none"),
        ({"latent": 0}, "--latent must be at least 1"),
        ({"latent_at": "end"}, "--latent-at must be one of input, all"),
        ({"depth": 1}, "--depth must be at least 2"),
        ({"disc_layers": 0}, "--disc-layers must be at least 1"),
        ({"disc_scales": 0}, "--disc-scales must be at least 1"),
        ({"encoder_blocks": -1}, "--encoder-blocks must be at least 0"),
        ({"lambda_kl": float("nan")}, "--lambda-kl must be at least 0"),
        (dict.fromkeys(("lambda_vae", "lambda_l1", "lambda_lr", "lambda_latent"), 0.0), "are all 0: nothing is left"),
        ({"gan_loss": "gan"}, "--gan-loss must be one of"),
    ],
)
def test_settings_that_cannot_work_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        BicycleGANConfig(**settings)


def test_settings_reach_the_networks():
    def batch_norms(network: torch.nn.Module) -> bool:
        return any(isinstance(layer, torch.nn.BatchNorm2d) for layer in network.modules())

    model = small(latent_at="input", channels_A=1, dropout=0.3, depth=6, width=1, disc_scales=3)
    G = model.G
    assert (G.latent, G.latent_at, G.depth, G.down[0].in_channels) == (3, "input", 6, 1 + 3)
    assert [layer.p for layer in G.modules() if isinstance(layer, torch.nn.Dropout)] == [0.3]
    assert len(model.D_lr.scales) == 3 and model.E.first.out_channels == 4 and len(model.E.blocks) == 1
    assert small(beta1=0.25).optimizer_E.param_groups[0]["betas"] == (0.25, 0.999)
    for option, named in (("norm", {"G"}), ("encoder_norm", {"E"}), ("disc_norm", {"D_vae", "D_lr"})):
        model = small(**{option: "batch"})
        assert {name for name in NETWORKS if batch_norms(getattr(model, name))} == named


def test_networks_of_another_name_are_refused():
    with pytest.raises(ValueError, match="networks are called G, E, D_vae, D_lr, not D"):
        BicycleGAN(BicycleGANConfig(**SMALL), D=Slope(1.0))
