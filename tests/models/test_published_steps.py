"""The published code's own numbers: four float64 steps of its CycleGAN, and two of its networks, as data.

The files are not part of the project. Where they lie beside it, in ../shared/data/official, they are read.
"""

from pathlib import Path

import pytest
import torch

from minicyclegan.models.cyclegan import CycleGAN, CycleGANConfig
from minicyclegan.networks import PatchDiscriminator, ResnetGenerator

OFFICIAL = Path(__file__).parents[2] / "../shared/data/official"
needs_data = pytest.mark.skipif(
    not (OFFICIAL / "cyclegan_steps.pt").exists(), reason="the published code's recorded steps are not on this machine"
)
# The published names for ours: its G_A makes B, its D_A judges B (see the README's table).
NETWORKS = {"G_AB": "G_A", "G_BA": "G_B", "D_A": "D_B", "D_B": "D_A"}
LOSSES = {"gan_AB": "G_A", "gan_BA": "G_B", "D_A": "D_B", "D_B": "D_A", "cycle_A": "cycle_A", "cycle_B": "cycle_B"}
LOSSES |= {"identity_A": "idt_B", "identity_B": "idt_A"}


def without_dead_biases(state: dict[str, torch.Tensor], network: torch.nn.Module) -> list[torch.Tensor]:
    """The published parameters in our order: both run from input to output, theirs with dead biases between."""
    published, ours = list(state.values()), []
    position = 0
    for parameter in network.parameters():
        while published[position].shape != parameter.shape:
            position += 1
        ours.append(published[position])
        position += 1
    return ours


def load(network: torch.nn.Module, state: dict[str, torch.Tensor]) -> None:
    with torch.no_grad():
        for parameter, value in zip(network.parameters(), without_dead_biases(state, network), strict=True):
            parameter.copy_(value)


@needs_data
def test_four_steps_in_float64_give_the_published_losses_and_weights():
    official = torch.load(OFFICIAL / "cyclegan_steps.pt", weights_only=True)
    config = CycleGANConfig(width=2, disc_width=2, blocks=6, disc_layers=3, lambda_cycle=7.0, lambda_identity=0.25)
    model = CycleGAN(config).double()
    for ours, theirs in NETWORKS.items():
        load(getattr(model, ours), official["init"][theirs])
    weights = {"cycle_A": 7.0, "cycle_B": 7.0, "identity_A": 1.75, "identity_B": 1.75}

    for (real_A, real_B), recorded in zip(official["data"], official["log"], strict=True):
        losses = model.step(real_A.double(), real_B.double())
        for ours, theirs in LOSSES.items():
            assert losses[ours].item() * weights.get(ours, 1.0) == pytest.approx(recorded[theirs], rel=1e-10), ours

    for ours, theirs in NETWORKS.items():
        network = getattr(model, ours)
        for name_and_value, final in zip(
            network.named_parameters(), without_dead_biases(official["final"][theirs], network), strict=True
        ):
            torch.testing.assert_close(name_and_value[1].detach(), final, rtol=1e-10, atol=1e-12)


@needs_data
@pytest.mark.parametrize(
    "name, network",
    [
        ("resnet_9blocks", ResnetGenerator(width=4, blocks=9)),
        ("D_basic", PatchDiscriminator(width=4, layers=3)),
    ],
)
def test_the_published_networks_outputs(name, network):
    official = torch.load(OFFICIAL / "networks.pt", weights_only=True)[name]
    load(network, official["state"])
    with torch.no_grad():
        # float32, another summation order: the published code differs from itself by as much between machines
        torch.testing.assert_close(network.eval()(official["x"]), official["y"], rtol=0, atol=2e-5)
