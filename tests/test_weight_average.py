"""The average of the weights: what it is, that it is kept and used, and that a network in training never sees it."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from minicyclegan.models import BicycleGAN, BicycleGANConfig, CycleGAN, CycleGANConfig, Model, Pix2Pix, Pix2PixConfig
from minicyclegan.weight_average import WeightAverage
from tests.models.published import batch

NARROW = {"width": 2, "disc_width": 2, "disc_layers": 1}
MODELS = {
    "cyclegan": lambda: CycleGAN(CycleGANConfig(**NARROW, blocks=1)).double(),
    "pix2pix": lambda: Pix2Pix(Pix2PixConfig(**NARROW, depth=3)).double(),
    "bicyclegan": lambda: BicycleGAN(
        BicycleGANConfig(**NARROW, depth=3, encoder_width=2, encoder_blocks=1, norm="batch")
    ).double(),
}


def averaging(name: str, decay: float = 0.9) -> Model:
    model = MODELS[name]()
    model.keep_average(decay)
    return model


def test_it_is_the_recurrence_at_first_with_a_shorter_memory():
    network = nn.Linear(1, 1, bias=False).double()
    average = WeightAverage({"G": network}, decay=0.75)
    expected = network.weight.item()
    for step in range(40):
        with torch.no_grad():
            network.weight.fill_(float(step))
        average.update()
        share = max(0.25, 3 / (4 + step))  # three quarters at the first step, a quarter from the ninth on
        expected += share * (step - expected)
        assert average.networks["G"].weight.item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", MODELS)
def test_training_is_not_touched_and_samples_are_the_averages(name):
    plain, averaged = MODELS[name](), averaging(name)
    for step in range(4):
        one, other = plain.step(*batch(step, count=2)), averaged.step(*batch(step, count=2))
        assert all(torch.equal(one[term], other[term]) for term in one)
    assert list(averaged.state_dict()) == list(plain.state_dict())
    for ours, theirs in zip(averaged.parameters(), plain.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    a, _ = batch(9, count=2)
    rows = [model.eval().sample_rows(a, "AtoB") for model in (plain, averaged)]
    assert not torch.equal(list(rows[0].values())[1], list(rows[1].values())[1])
    assert averaged.translator("AtoB") is averaged.average.networks[averaged.translators["AtoB"]]
    assert not any(network.training for network in averaged.average.networks.values())


@pytest.mark.parametrize("name", MODELS)
def test_buffers_of_batch_norms_are_averaged_too(name):
    model = averaging(name, decay=0.5)
    for step in range(3):
        model.step(*batch(step, count=2))
    for key, network in model.average.networks.items():
        for buffer, value in network.named_buffers():
            if "running" in buffer:
                assert not torch.equal(value, torch.zeros_like(value) if "mean" in buffer else torch.ones_like(value))
            assert getattr(model, key).get_buffer(buffer).shape == value.shape


@pytest.mark.parametrize("name", MODELS)
def test_a_checkpoint_holds_it_and_goes_on_exactly(name, tmp_path):
    straight, first = averaging(name), averaging(name)
    for step in range(2):
        straight.step(*batch(step, count=2)), first.step(*batch(step, count=2))
    torch.save(first.training_state(), tmp_path / "state.pt")
    resumed = averaging(name)
    resumed.load_training_state(torch.load(tmp_path / "state.pt", weights_only=True))
    for step in range(2, 4):
        straight.step(*batch(step, count=2)), resumed.step(*batch(step, count=2))
    for key, network in straight.average.networks.items():
        other = resumed.average.networks[key].state_dict()
        assert all(torch.equal(value, other[part]) for part, value in network.state_dict().items())
    assert resumed.average.updates == 4


def test_a_run_without_an_average_can_be_loaded_by_nothing_else():
    """A missing part is an error, not a fresh average that forgets what was learnt."""
    with pytest.raises(KeyError, match="average"):
        averaging("cyclegan").load_training_state(MODELS["cyclegan"]().training_state())
