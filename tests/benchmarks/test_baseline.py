"""The baseline computes what ours compute, or a comparison of their times would mean nothing."""

import pytest
import torch
from torch import nn

from minicyclegan.models import BicycleGAN, BicycleGANConfig, CycleGAN, CycleGANConfig, Pix2Pix, Pix2PixConfig
from tests.benchmarks.baseline import baseline_step, convolutions, original
from tests.models.published import batch

NARROW = {"width": 2, "disc_width": 2, "disc_layers": 1}
UNET = NARROW | {"depth": 3, "dropout": 0.0}
BICYCLE = UNET | {"encoder_width": 2, "encoder_blocks": 1, "disc_scales": 2}
MODELS = {
    "cyclegan": lambda: CycleGAN(CycleGANConfig(**NARROW, blocks=2, pool_size=3)),
    "cyclegan, no identity loss": lambda: CycleGAN(CycleGANConfig(**NARROW, blocks=1, lambda_identity=0.0)),
    "pix2pix, batch norm": lambda: Pix2Pix(Pix2PixConfig(**UNET)),
    "pix2pix, instance norm": lambda: Pix2Pix(Pix2PixConfig(**UNET, norm="instance", gan_loss="lsgan")),
    "pix2pix, pixels": lambda: Pix2Pix(Pix2PixConfig(**UNET | {"disc_layers": 0})),
    "bicyclegan": lambda: BicycleGAN(BicycleGANConfig(**BICYCLE)),
    "bicyclegan, the input": lambda: BicycleGAN(BicycleGANConfig(**BICYCLE, latent_at="input", encoder_norm="none")),
}


@pytest.mark.parametrize("name", MODELS)
def test_steps_in_float64_are_ours(name):
    """A dead bias' gradient is rounding alone, of which Adam makes steps; a norm then takes them off again."""
    ours = MODELS[name]().double()
    step = baseline_step(ours)
    for number in range(6):
        a, b = batch(number, count=2)
        losses, expected = ours.step(a, b), step(a, b)
        assert losses.keys() == expected.keys()
        for term, value in expected.items():
            assert losses[term].item() == pytest.approx(value.item(), rel=1e-9, abs=1e-12), (number, term)


def test_it_has_the_originals_operations():
    model = MODELS["cyclegan"]()
    G, D = original(model.G_AB, model.config), original(model.D_A, model.config)
    kinds = {type(module) for module in [*G.modules(), *D.modules()]}
    assert nn.InstanceNorm2d in kinds and nn.ReflectionPad2d in kinds
    assert all(convolution.bias is not None for convolution in convolutions(G) + convolutions(D))
    assert all(module.inplace for module in G.modules() if isinstance(module, nn.ReLU))
    assert not any(convolution.bias is not None for convolution in convolutions(model.G_AB)[:-1])


def test_what_it_does_not_know_it_refuses():
    with pytest.raises(ValueError, match="published CycleGAN only"):
        baseline_step(CycleGAN(CycleGANConfig(**NARROW, blocks=1, gan_loss="hinge")))


def test_it_starts_from_the_models_own_weights_and_leaves_them_alone():
    model = MODELS["cyclegan"]()
    before = [parameter.clone() for parameter in model.parameters()]
    baseline_step(model)(*(pictures.float() for pictures in batch(0, count=1)))
    assert all(torch.equal(*pair) for pair in zip(model.parameters(), before, strict=True))
