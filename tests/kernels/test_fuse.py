"""kernels/fuse.py: what is put into a finished network computes the same, on the same weights, under the same names."""

from __future__ import annotations

import copy
import pickle
from types import MethodType

import pytest
import torch
from torch import nn

from minicyclegan import networks
from minicyclegan.kernels import fuse
from minicyclegan.kernels.fuse import ALIGNED, aligned_convolution, fused_forward
from minicyclegan.kernels.instance_norm import twin

CPU = torch.device("cpu")
NETWORKS = {
    "resnet": lambda: networks.ResnetGenerator(width=4, blocks=2),
    "resnet, dropout": lambda: networks.ResnetGenerator(width=4, blocks=2, dropout=0.5),
    "resnet, batch norm": lambda: networks.ResnetGenerator(width=4, blocks=1, norm="batch"),
    "resnet, grey": lambda: networks.ResnetGenerator(1, 1, width=9, blocks=0),
    "unet": lambda: networks.UnetGenerator(depth=4, width=4, norm="instance"),
    "unet, batch norm": lambda: networks.UnetGenerator(depth=4, width=4),
    "unet, a code": lambda: networks.UnetGenerator(depth=3, width=4, norm="instance", latent=2),
    "patch": lambda: networks.PatchDiscriminator(width=4, layers=2),
    "pixel": lambda: networks.PixelDiscriminator(width=4, norm="instance"),
    "multiscale": lambda: networks.MultiscaleDiscriminator(width=4, layers=1),
    "encoder": lambda: networks.StyleEncoder(width=4, blocks=2),
}


def with_forward(network: nn.Module, kernels: bool) -> nn.Module:
    other = copy.deepcopy(network)
    other.forward = MethodType(fused_forward(other, CPU, kernels), other)
    return other


def inputs(network: nn.Module) -> list[torch.Tensor]:
    channels = next(weight for weight in network.parameters() if weight.ndim == 4).shape[1]
    x = torch.rand(2, min(channels, 3), 32, 48, dtype=torch.float64) * 2 - 1
    return [x, torch.randn(2, 2, dtype=torch.float64)] if getattr(network, "latent", 0) else [x]


def one(outputs) -> torch.Tensor:
    return outputs if isinstance(outputs, torch.Tensor) else torch.cat([part.flatten() for part in outputs])


@pytest.mark.parametrize("kernels", [False, True])
@pytest.mark.parametrize("name", NETWORKS)
def test_it_computes_the_same_and_so_do_gradients(name, kernels):
    plain = NETWORKS[name]().double()
    other = with_forward(plain, kernels)
    assert list(other.state_dict()) == list(plain.state_dict())
    given = inputs(plain)
    for network in (plain, other):
        torch.manual_seed(0)  # for dropout
        network.y = one(network(*given))
        network.y.square().sum().backward()
    torch.testing.assert_close(other.y, plain.y, rtol=1e-12, atol=1e-12)
    for ours, theirs in zip(other.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    "name, fused, borders",
    [("resnet", 9, 5), ("resnet, dropout", 9, 3), ("unet", 5, 0), ("patch", 2, 0), ("encoder", 4, 0)],
)
def test_what_is_fused(name, fused, borders, monkeypatch):
    """Every norm; each border whose map nobody else reads but a residual sum, which skips it."""
    calls = []
    monkeypatch.setattr(fuse, "instance_norm_act", lambda *given: calls.append(given[1:]) or twin(*given))
    network = NETWORKS[name]().double()
    with_forward(network, kernels=True)(*inputs(network))
    assert len(calls) == fused and sum(pad > 0 for *_, pad in calls) == borders
    if name == "resnet":
        residual_pads = [pad for residual, pad, *_ in calls if residual is not None]
        assert residual_pads == [1, 1]


def test_modes_copies_and_pickles():
    network = with_forward(NETWORKS["resnet, dropout"](), kernels=False)
    x = torch.rand(1, 3, 16, 16)
    assert torch.equal(network.eval()(x), network(x)) and not torch.equal(network.train()(x), network(x))
    copied = copy.deepcopy(network).eval()
    with torch.no_grad():
        for weight in copied.parameters():
            weight.zero_()
    assert copied(x).abs().max() == 0 < network.eval()(x).abs().max()
    state = pickle.loads(pickle.dumps(network.state_dict()))
    assert list(state) == list(NETWORKS["resnet, dropout"]().state_dict())


def test_sizes_are_still_checked():
    for name, side in (("unet", 20), ("patch", 4), ("encoder", 4)):
        network = with_forward(NETWORKS[name](), kernels=True)
        with pytest.raises(ValueError, match=f"{side} x {side}"):
            network(torch.zeros(1, 3, side, side))


def test_a_network_of_somebody_else_runs_as_it_is_written():
    class Own(nn.Module):
        def forward(self, x):
            return x + 1 if self.training else x

    class Derived(networks.ResnetGenerator):
        def forward(self, x):
            return super().forward(x) if x.mean() > 0 else x

    for network in (Own(), Derived(width=2, blocks=0)):
        assert fused_forward(network, CPU, kernels=True) is type(network).forward


def test_few_channels_become_as_many_as_a_gpu_wants():
    x, weight, bias = torch.randn(2, 3, 9, 9).double(), torch.randn(5, 3, 7, 7).double(), torch.randn(5).double()
    expected = nn.functional.conv2d(x, weight, bias)
    torch.testing.assert_close(aligned_convolution(x, weight, bias), expected, rtol=1e-12, atol=1e-12)
    assert ALIGNED % 8 == 0
