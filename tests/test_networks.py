"""networks.py: shapes, receptive fields measured on the network itself, biases, initial weights."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from minicyclegan.networks import (
    BalancedTransposedConv2d,
    InstanceNorm,
    MultiscaleDiscriminator,
    PatchDiscriminator,
    PixelDiscriminator,
    ResnetGenerator,
    StyleEncoder,
    UnetGenerator,
    norm_layer,
)
from minicyclegan.receptive_field import patch_convolutions, receptive_field, smallest_input


@pytest.mark.parametrize("kernel", [3, 4])
def test_a_balanced_transposed_convolution_leaves_flat_maps_flat_to_the_edge_and_a_plain_one_does_not(kernel):
    torch.manual_seed(0)
    options = {"stride": 2, "padding": 1, "output_padding": kernel % 2, "bias": False}
    spread = {}
    for layer in (nn.ConvTranspose2d(3, 2, kernel, **options), BalancedTransposedConv2d(3, 2, kernel, **options)):
        y = layer(torch.ones(1, 3, 8, 8))[0]  # (2, 16, 16)
        for part, seen in (("all", y), ("inside", y[:, 3:-3, 3:-3])):
            spread[type(layer).__name__, part] = (seen.amax((1, 2)) - seen.amin((1, 2))).max().item()
    assert spread["ConvTranspose2d", "inside"] > 0.05 and spread["BalancedTransposedConv2d", "all"] < 1e-6


def test_balancing_changes_no_weights_that_are_balanced_already_and_no_state_dict_keys():
    layer = BalancedTransposedConv2d(2, 3, 4, stride=2, padding=1)
    assert list(layer.state_dict()) == ["weight", "bias"]
    with torch.no_grad():
        layer.weight.copy_(torch.randn(2, 3, 2, 2).repeat_interleave(2, 2).repeat_interleave(2, 3))  # nearest pixels
    x = torch.randn(1, 2, 5, 6)
    # A plain one sees zeros beyond the edges: here they are repeated, and what they make is cut off again.
    larger = nn.functional.pad(x, (2, 2, 2, 2), mode="replicate")
    plain = nn.functional.conv_transpose2d(larger, layer.weight, layer.bias, stride=2, padding=1)[..., 4:-4, 4:-4]
    torch.testing.assert_close(layer(x), plain, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("upsampling", ["transposed", "balanced", "nearest", "bilinear"])
def test_every_upsampling_doubles_and_can_be_trained(upsampling):
    for network in (
        ResnetGenerator(width=2, blocks=0, upsampling=upsampling),
        UnetGenerator(width=2, depth=3, upsampling=upsampling),
    ):
        y = network(torch.rand(2, 3, 16, 24))
        y.sum().backward()
        assert y.shape == (2, 3, 16, 24)
        assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in network.parameters())


@pytest.mark.parametrize("upsampling", ["transposed", "balanced", "nearest", "bilinear"])
def test_a_unet_that_repeats_edges_paints_a_flat_picture_flat_up_to_its_own(upsampling):
    """There nothing but the picture says where a pixel is: no grid, and no streaks along the edges."""
    G = UnetGenerator(width=8, depth=4, norm="none", upsampling=upsampling)
    with torch.no_grad():
        for weight in G.parameters():
            if weight.ndim == 4:
                nn.init.kaiming_normal_(weight, generator=torch.Generator().manual_seed(0))
        y = G.double()(torch.full((1, 3, 32, 48), 0.3, dtype=torch.float64))  # (1, 3, 32, 48)
    unlike = (y.amax((2, 3)) - y.amin((2, 3))).max()
    repeats = upsampling in ("balanced", "bilinear")
    assert unlike < 1e-12 if repeats else unlike > 1e-3  # in float64 the former is rounding


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("norm", ["instance", "batch", "none"])
@pytest.mark.parametrize("channels", [(3, 3), (1, 3), (3, 1)])
def test_generator_keeps_the_size_and_stays_in_range(norm, channels):
    network = ResnetGenerator(*channels, width=4, blocks=2, norm=norm)
    y = network(torch.randn(2, channels[0], 16, 24))
    assert y.shape == (2, channels[1], 16, 24)
    assert y.abs().max() < 1


@pytest.mark.parametrize("size", [8, 12, 64])
def test_generator_takes_every_multiple_of_four_from_eight(size):
    assert ResnetGenerator(width=2, blocks=1)(torch.zeros(1, 3, size, size)).shape == (1, 3, size, size)


def test_generator_with_published_settings_has_the_published_number_of_weights():
    # 11.378 M in the published code's own printout for resnet_9blocks, dead biases included.
    network = ResnetGenerator()
    dead_biases = 64 + 128 + 256 + 18 * 256 + 128 + 64
    assert count(network) + dead_biases == 11_378_179


@pytest.mark.parametrize(
    "network, options, millions",
    [
        (UnetGenerator, {}, 54.414),
        (UnetGenerator, {"in_channels": 1, "out_channels": 1}, 54.408),
        (UnetGenerator, {"in_channels": 1, "out_channels": 1, "depth": 6}, 29.238),
        (PatchDiscriminator, {"in_channels": 6, "norm": "batch"}, 2.769),
        (PatchDiscriminator, {"in_channels": 2, "norm": "batch"}, 2.765),
        (PatchDiscriminator, {"in_channels": 2, "norm": "batch", "layers": 2}, 0.662),
    ],
)
def test_pix2pix_networks_have_the_number_of_weights_that_the_published_code_prints(network, options, millions):
    with torch.device("meta"):
        assert round(count(network(**options)) / 1e6, 3) == millions


def test_discriminator_with_published_settings_has_the_published_number_of_weights():
    dead_biases = 128 + 256 + 512
    assert count(PatchDiscriminator()) + dead_biases == 2_764_737


@pytest.mark.parametrize("layers, field", [(1, 16), (2, 34), (3, 70), (4, 142), (5, 286)])
def test_receptive_field_is_what_the_gradient_reaches(layers, field):
    assert receptive_field(patch_convolutions(layers)) == field
    network = PatchDiscriminator(in_channels=1, width=1, layers=layers, norm="none").double()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(0.1)  # positive everywhere, so that nothing cancels
    side = field + 3 * 2**layers
    x = torch.zeros(1, 1, side, side, dtype=torch.float64, requires_grad=True)
    y = network(x)
    y[0, 0, y.shape[2] // 2, y.shape[3] // 2].backward()
    assert (x.grad[0, 0] != 0).any(dim=0).sum() == field
    assert (x.grad[0, 0] != 0).any(dim=1).sum() == field


def test_the_pixel_discriminator_sees_one_pixel_alone():
    assert receptive_field(patch_convolutions(0)) == smallest_input(0) == 1
    x = torch.randn(1, 3, 5, 6, dtype=torch.float64, requires_grad=True)
    y = PixelDiscriminator(width=4, norm="none").double()(x)
    assert y.shape == (1, 1, 5, 6)
    y[0, 0, 2, 3].backward()
    assert x.grad.abs().sum(1).nonzero().tolist() == [[0, 2, 3]]
    assert PixelDiscriminator(width=2)(torch.zeros(2, 3, 1, 1)).shape == (2, 1, 1, 1)


@pytest.mark.parametrize("layers", [1, 2, 3, 4])
@pytest.mark.parametrize("norm", ["instance", "batch"])
def test_smallest_input_is_the_smallest_that_works(layers, norm):
    network = PatchDiscriminator(width=2, layers=layers, norm=norm)
    smallest = smallest_input(layers)
    assert network(torch.zeros(1, 3, smallest, smallest)).shape == (1, 1, 1, 1)
    with pytest.raises((RuntimeError, ValueError)):
        network(torch.zeros(1, 3, smallest - 1, smallest - 1))


@pytest.mark.parametrize("norm", ["instance", "batch", "none"])
def test_biases_stand_only_where_no_norm_removes_them(norm):
    biased = lambda network: [  # noqa: E731
        name
        for name, m in network.named_modules()
        if isinstance(m, nn.Conv2d | nn.ConvTranspose2d) and m.bias is not None
    ]
    assert biased(ResnetGenerator(width=2, blocks=1, norm=norm)) == ["head"]
    assert biased(PatchDiscriminator(width=2, norm=norm)) == ["first", "last"]
    assert biased(PixelDiscriminator(width=2, norm=norm)) == (["first", "last"] if norm == "instance" else ["first"])
    # As published: pix2pix's U-Net with batch norm has none where no norm follows either; BicycleGAN's has them.
    ends = ["down.0", "down.3", "up.0"]
    assert biased(UnetGenerator(depth=4, width=2, norm=norm)) == (ends if norm == "instance" else ends[2:])
    assert biased(UnetGenerator(depth=4, width=2, norm=norm, latent=1)) == ends


def test_a_bias_before_an_instance_norm_changes_nothing():
    x = torch.randn(2, 3, 5, 5, dtype=torch.float64)
    norm = InstanceNorm()
    # 1e-12: float64 rounding of values around 5
    torch.testing.assert_close(norm(x + 5), norm(x), rtol=0, atol=1e-12)


def test_instance_norm_gives_mean_zero_variance_one_and_refuses_a_single_value():
    y = InstanceNorm()(3 * torch.randn(2, 4, 16, 16, dtype=torch.float64) + 7)
    torch.testing.assert_close(y.mean((2, 3)), torch.zeros(2, 4, dtype=torch.float64), rtol=0, atol=1e-12)
    # eps = 1e-5 beside a variance of about 9 takes about 1e-6 off
    torch.testing.assert_close(y.var((2, 3), correction=0), torch.ones(2, 4, dtype=torch.float64), rtol=0, atol=3e-6)
    with pytest.raises(ValueError, match="1 x 1 map is 0 whatever goes in"):
        InstanceNorm()(torch.zeros(2, 4, 1, 1))
    assert InstanceNorm()(torch.randn(1, 4, 1, 2)).abs().max() > 0.5


def test_unknown_norm_is_named():
    with pytest.raises(ValueError, match="'layer'"):
        norm_layer("layer", 3)


def test_initial_weights_follow_the_paper_and_the_generator():
    draw = lambda seed: ResnetGenerator(width=16, blocks=2, norm="batch", generator=torch.Generator().manual_seed(seed))  # noqa: E731
    first, same, other = draw(1), draw(1), draw(2)
    for name, weight in first.state_dict().items():
        if "running" not in name and "num_batches" not in name:
            assert torch.equal(weight, same.state_dict()[name])
    assert not torch.equal(first.stem.weight, other.stem.weight)
    weights = torch.cat([m.weight.flatten() for m in first.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)])
    # about 100,000 draws: the standard error of their deviation is 0.02 / sqrt(200,000) = 4.5e-5; four of these
    assert weights.std().item() == pytest.approx(0.02, abs=2e-4)
    assert weights.mean().item() == pytest.approx(0, abs=3e-4)
    assert first.head.bias.eq(0).all()


def test_linear_layers_and_batch_norms_start_as_published_too():
    network = StyleEncoder(latent=64, width=64, blocks=3, norm="batch", generator=torch.Generator().manual_seed(0))
    # 16,384 and 768 draws: four standard errors of their deviation, 0.02 / sqrt(2 draws), and of the scales' mean
    assert network.mean.weight.std().item() == pytest.approx(0.02, abs=4.5e-4)
    assert network.log_variance.weight.std().item() == pytest.approx(0.02, abs=4.5e-4)
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    scales = torch.cat([norm.weight for norm in norms])
    assert len(scales) == 768
    assert scales.std().item() == pytest.approx(0.02, abs=2e-3)
    assert scales.mean().item() == pytest.approx(1, abs=2.9e-3)
    assert all(bias.eq(0).all() for name, bias in network.named_parameters() if name.endswith("bias"))


@pytest.mark.parametrize("norm", ["instance", "none"])
def test_a_style_encoder_without_norm_starts_with_weights_that_keep_the_signal(norm):
    draw = torch.Generator().manual_seed(0)
    network = StyleEncoder(width=32, blocks=3, norm=norm, generator=draw)
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d):
            fan_in = module.weight[0].numel()
            he = (2 / (1 + 0.2**2) / fan_in) ** 0.5  # He et al. 2015, eq. 15
            expected = he if norm == "none" else 0.02
            # four standard errors, 1 / sqrt(2 draws), of at least 1,536 draws
            assert module.weight.std().item() == pytest.approx(expected, rel=0.073), name
    assert network.mean.weight.std().item() == pytest.approx(0.02, rel=0.1)  # 1,024 draws


def test_dropout_acts_in_training_only():
    network = ResnetGenerator(width=4, blocks=2, dropout=0.5)
    x = torch.randn(1, 3, 16, 16)
    assert not torch.equal(network(x), network(x))
    network.eval()
    assert torch.equal(network(x), network(x))


@pytest.mark.parametrize("norm", ["instance", "batch", "none"])
@pytest.mark.parametrize("depth", range(2, 9))
def test_a_unet_keeps_every_size_that_it_can_halve(depth, norm):
    network, side = UnetGenerator(1, 2, depth, width=1, norm=norm), 2**depth
    assert network.fitting_side(1) == network.fitting_side(side) == side
    assert network.fitting_side(side + 1) == 2 * side
    y = network(torch.randn(1, 1, side, 2 * side))
    assert y.shape == (1, 2, side, 2 * side)
    assert y.abs().max() < 1


@pytest.mark.parametrize("size", [(24, 16), (16, 24), (15, 16), (8, 8)])
def test_a_unet_refuses_other_sizes_and_names_the_legal_ones(size):
    with pytest.raises(ValueError, match=f"depth 4 takes pictures whose sides are multiples of 16, not {size[0]} x"):
        UnetGenerator(depth=4, width=1)(torch.zeros(1, 3, *size))
    with pytest.raises(ValueError, match="depth must be at least 2, not 1"):
        UnetGenerator(depth=1)


@pytest.mark.parametrize("level", [1, 2, 3])
def test_each_skip_carries_the_picture_past_the_levels_below_and_without_skips_nothing_does(level):
    """With one level of the way up silenced, only what skips it can reach the output."""
    x = torch.randn(1, 3, 16, 16)
    for skips in (True, False):
        network = UnetGenerator(depth=4, width=2, norm="none", skips=skips)
        nn.init.zeros_(network.up[level].weight)
        network(x).sum().backward()
        reached = [bool(convolution.weight.grad.abs().sum() > 0) for convolution in network.down]
        assert reached == [skips and k < level for k in range(4)]


@pytest.mark.parametrize("depth, levels", [(8, [4, 5, 6]), (7, [4, 5]), (6, [4]), (5, []), (2, [])])
def test_a_unet_drops_out_in_the_published_levels(depth, levels):
    network = UnetGenerator(depth=depth, width=1)
    assert [level for level, layer in enumerate(network.dropouts) if isinstance(layer, nn.Dropout)] == levels
    assert {layer.p for layer in network.modules() if isinstance(layer, nn.Dropout)} <= {0.5}
    assert not any(isinstance(layer, nn.Dropout) for layer in UnetGenerator(depth=depth, width=1, dropout=0).modules())


@pytest.mark.parametrize("latent_at, levels", [("all", [0, 1, 2, 3]), ("input", [0])])
def test_the_code_enters_at_the_levels_asked_for(latent_at, levels):
    def entering(only: int) -> bool:
        """Whether the code changes the output when only this level may listen."""
        network = UnetGenerator(depth=4, width=4, norm="none", latent=3, latent_at=latent_at).double()
        for level, convolution in enumerate(network.down):
            if level != only and level in levels:
                nn.init.zeros_(convolution.weight[:, -3:])
        x = torch.randn(2, 3, 16, 16, dtype=torch.float64)
        return not torch.equal(network(x, torch.zeros(2, 3).double()), network(x, torch.ones(2, 3).double()))

    with torch.no_grad():
        assert [level for level in range(4) if entering(level)] == levels


def test_codes_that_do_not_fit_are_refused():
    x, network = torch.zeros(2, 3, 4, 4), UnetGenerator(depth=2, width=1, latent=8)
    for z, given in ((None, "none"), (torch.zeros(2, 7), r"\(2, 7\)"), (torch.zeros(1, 8), r"\(1, 8\)")):
        with pytest.raises(ValueError, match=rf"code z of shape \(2, 8\), and got .*{given}"):
            network(x, z)
    with pytest.raises(ValueError, match="latent=0"):
        UnetGenerator(depth=2, width=1)(x, torch.zeros(2, 8))


def test_the_multiscale_discriminator_judges_halved_pictures():
    network = MultiscaleDiscriminator(width=6, layers=2, scales=3)
    assert [discriminator.first.out_channels for discriminator in network.scales] == [6, 3, 2]
    x = torch.randn(2, 3, 64, 48)
    judged = network(x)
    assert [tuple(one.shape) for one in judged] == [(2, 1, 14, 10), (2, 1, 6, 4), (2, 1, 2, 1)]
    for scale, discriminator in enumerate(network.scales):
        assert torch.equal(judged[scale], discriminator(x))
        x = F.avg_pool2d(x, 3, 2, 1, count_include_pad=False)
    white = F.avg_pool2d(torch.ones(1, 1, 8, 8), 3, 2, 1, count_include_pad=False)
    assert torch.equal(white, torch.ones(1, 1, 4, 4))  # no dark frame


@pytest.mark.parametrize("blocks, side", [(4, 256), (3, 128)])
def test_the_style_encoder_comes_down_to_8_x_8_at_the_published_sizes(blocks, side):
    network, seen = StyleEncoder(width=1, blocks=blocks), []
    network.blocks.register_forward_hook(lambda module, inputs, output: seen.append(tuple(output.shape)))
    mean, log_variance = network(torch.randn(2, 3, side, side))
    assert seen == [(2, min(blocks + 1, 4), 8, 8)]
    assert mean.shape == log_variance.shape == (2, 8)


@pytest.mark.parametrize("norm", ["instance", "batch", "none"])
@pytest.mark.parametrize("blocks", [0, 1, 3])
def test_the_style_encoder_takes_any_size_from_the_documented_one(norm, blocks):
    least = 2 ** (blocks + 1)
    network = StyleEncoder(1, latent=3, width=2, blocks=blocks, norm=norm)
    for size in ((least, least), (least + 1, 3 * least - 1)):
        assert [tuple(code.shape) for code in network(torch.randn(2, 1, *size))] == [(2, 3), (2, 3)]
    with pytest.raises((ValueError, RuntimeError)):
        network(torch.randn(2, 1, least - 1, least - 1))


@pytest.mark.parametrize("norm", ["instance", "batch", "none"])
def test_every_parameter_gets_a_gradient(norm):
    networks = [
        ResnetGenerator(width=2, blocks=2, norm=norm),
        UnetGenerator(depth=5, width=2, norm=norm),
        UnetGenerator(depth=3, width=2, norm=norm, skips=False),
        UnetGenerator(depth=4, width=2, norm=norm, latent=2),
        PatchDiscriminator(width=2, layers=2, norm=norm),
        PixelDiscriminator(width=2, norm=norm),
        MultiscaleDiscriminator(width=4, layers=1, norm=norm),
        StyleEncoder(width=2, blocks=2, norm=norm),
    ]
    draw = torch.Generator().manual_seed(0)
    x, z = (torch.randn(*shape, generator=draw, dtype=torch.float64) for shape in ((2, 3, 32, 32), (2, 2)))
    for network in networks:
        for parameter in network.double().parameters():  # far from 0, so that no gradient fades
            parameter.data = 0.5 * torch.randn(parameter.shape, generator=draw, dtype=torch.float64)
        outputs = network(x, z) if getattr(network, "latent", 0) else network(x)
        sum(y.square().sum() for y in (outputs if isinstance(outputs, list | tuple) else [outputs])).backward()
        for name, parameter in network.named_parameters():
            # A parameter that a norm removes has rounding alone: about 1e-14 here, where the smallest true one is 0.2.
            assert parameter.grad.abs().max() > 1e-4, f"{type(network).__name__}: {name}"


@pytest.mark.parametrize("norm", ["instance", "batch", "none"])
@pytest.mark.parametrize(
    "build, least",
    [
        (lambda norm: PatchDiscriminator(width=2, layers=3, norm=norm), 24),
        (lambda norm: StyleEncoder(width=2, blocks=3, norm=norm), 16),
    ],
)
def test_pictures_too_small_to_judge_or_read_are_refused_with_the_least_side(build, least, norm):
    network = build(norm)
    network(torch.zeros(2, 3, least, least))
    with pytest.raises(ValueError, match=f"sides of {least} pixels or more, not {least - 1} x {least}"):
        network(torch.zeros(2, 3, least - 1, least))
