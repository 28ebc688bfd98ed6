"""training/alarms.py: a generator that ignores its code is told from one that listens, and a run says so."""

import pytest
import torch

from minicyclegan.data.datasets import open_data
from minicyclegan.models import BicycleGAN, BicycleGANConfig, CycleGAN, CycleGANConfig, Pix2Pix, Pix2PixConfig
from minicyclegan.training.alarms import IGNORED, code_effect, ignored_code
from minicyclegan.training.config import TrainConfig
from minicyclegan.training.loop import Run, train
from minicyclegan.training.run_folder import RunFolder

SMALL = {"width": 4, "disc_width": 2, "depth": 2, "disc_layers": 1, "norm": "none", "latent": 3}
BICYCLE = SMALL | {"encoder_width": 2, "encoder_blocks": 1, "disc_scales": 1}


def with_code_weights(model: BicycleGAN | Pix2Pix, value: float) -> BicycleGAN | Pix2Pix:
    """The model with weights at which a picture gets through, those that read the code at `value`."""
    draw = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in model.G.parameters():
            weight.normal_(0, 0.3, generator=draw)
        for convolution in model.G.down:
            convolution.weight[:, -model.config.latent :] = value
    return model.eval()


@pytest.mark.parametrize(
    "make", [lambda: BicycleGAN(BicycleGANConfig(**BICYCLE)), lambda: Pix2Pix(Pix2PixConfig(**SMALL))]
)
def test_an_ignored_code_is_told_from_one_that_matters(make):
    a = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    deaf, listening = with_code_weights(make(), 0.0), with_code_weights(make(), 0.3)
    assert code_effect(deaf, a) == 0 and "differ by 0.0000 of the range" in ignored_code(deaf, a)
    assert code_effect(listening, a) > 5 * IGNORED and ignored_code(listening, a) is None


def test_the_effect_is_the_mean_distance_of_answers_as_a_share_of_the_range():
    """A generator that paints its picture in one shade, +1 or -1 by the sign of the code's first number."""

    class Sign(torch.nn.Module):
        def forward(self, a, z):
            return torch.sign(z[:, :1, None, None]).expand(-1, 3, *a.shape[-2:])

    model = BicycleGAN(BicycleGANConfig(**BICYCLE), G=with_parameters(Sign()))
    z = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    black = int((z[:, 0] < 0).sum())
    assert 0 < black < 4
    # of the 6 pairs of 4 answers, those of black and white are the whole range apart
    assert code_effect(model, torch.zeros(2, 3, 16, 16)) == pytest.approx(black * (4 - black) / 6)


def with_parameters(network: torch.nn.Module) -> torch.nn.Module:
    network.unused = torch.nn.Parameter(torch.zeros(1))
    return network


def test_advice_names_options_that_the_model_has():
    a = torch.zeros(1, 3, 16, 16)
    bicycle = ignored_code(with_code_weights(BicycleGAN(BicycleGANConfig(**BICYCLE)), 0.0), a)
    assert "--lambda-l1 or --lambda-kl, or a higher --lambda-latent," in bicycle
    baseline = ignored_code(with_code_weights(Pix2Pix(Pix2PixConfig(**SMALL)), 0.0), a)
    assert "--lambda-l1" in baseline and "--lambda-kl" not in baseline and "--lambda-latent" not in baseline


def test_models_without_a_code_raise_no_alarm():
    a = torch.zeros(1, 3, 16, 16)
    assert ignored_code(Pix2Pix(Pix2PixConfig(**SMALL | {"latent": 0})).eval(), a) is None
    assert ignored_code(CycleGAN(CycleGANConfig(width=2, disc_width=2, blocks=0)).eval(), a) is None


@pytest.mark.parametrize("value, warnings", [(0.0, 5), (0.3, 0)])
def test_a_run_says_so_once_it_is_old_enough(value, warnings, tmp_path, capsys):
    """Ten steps at a rate of nearly 0, so that the generator stays as it is, with a grid after every second one."""
    model = with_code_weights(BicycleGAN(BicycleGANConfig(**BICYCLE, lr=1e-12)), value).train()
    data = open_data(["facades"], 16, 2, test_pictures=2)
    config = TrainConfig(model="bicyclegan", size=16, steps=10, sample_every=2)
    run = RunFolder(tmp_path / "run")
    run.create({})
    assert train(Run(run, config, model, data, 10, {})) == 0
    said = capsys.readouterr().out
    # at step 2 of 10, at the share of 0.2 from which on it is a sign, and then at 4, 6, 8, 10
    assert said.count("warning: the code is ignored") == warnings
    assert model.training
