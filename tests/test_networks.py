"""networks.py: shapes, receptive fields measured on the network itself, biases, initial weights."""

import pytest
import torch
from torch import nn

from minicyclegan.networks import (
    InstanceNorm,
    PatchDiscriminator,
    ResnetGenerator,
    norm_layer,
    patch_convolutions,
    receptive_field,
    smallest_input,
)


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
    assert sum(p.numel() for p in network.parameters()) + dead_biases == 11_378_179


def test_discriminator_with_published_settings_has_the_published_number_of_weights():
    dead_biases = 128 + 256 + 512
    assert sum(p.numel() for p in PatchDiscriminator().parameters()) + dead_biases == 2_764_737


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
    G, D = ResnetGenerator(width=2, blocks=1, norm=norm), PatchDiscriminator(width=2, norm=norm)
    biased = lambda network: [  # noqa: E731
        name
        for name, m in network.named_modules()
        if isinstance(m, nn.Conv2d | nn.ConvTranspose2d) and m.bias is not None
    ]
    assert biased(G) == ["head"]
    assert biased(D) == ["first", "last"]


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
    with pytest.raises(ValueError, match="more than 1 value"):
        InstanceNorm()(torch.zeros(1, 4, 1, 1))


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


def test_dropout_acts_in_training_only():
    network = ResnetGenerator(width=4, blocks=2, dropout=0.5)
    x = torch.randn(1, 3, 16, 16)
    assert not torch.equal(network(x), network(x))
    network.eval()
    assert torch.equal(network(x), network(x))
