"""Every network of `minicyclegan.networks` against its NumPy twin: same weights, float64."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import reference_numpy as rn
from minicyclegan import networks
from reference_numpy import networks as twins
from reference_numpy import nn as rnn
from tests.reference_numpy.compare import assert_close

# 4e-15 of the largest element is measured over all cases below; other processors may add up in another order.
TOLERANCE = 1e-9

CASES: list[tuple[str, dict[str, Any], tuple[int, ...]]] = [
    ("ResnetGenerator", {"width": 4, "blocks": 2}, (2, 3, 16, 20)),
    ("ResnetGenerator", {"width": 2, "blocks": 9}, (1, 3, 32, 32)),
    ("ResnetGenerator", {"width": 3, "blocks": 0, "in_channels": 1, "out_channels": 2}, (2, 1, 8, 12)),
    ("ResnetGenerator", {"width": 4, "blocks": 2, "norm": "batch"}, (3, 3, 16, 12)),
    ("ResnetGenerator", {"width": 4, "blocks": 1, "norm": "none"}, (2, 3, 9, 11)),
    ("PatchDiscriminator", {"width": 4}, (2, 3, 32, 40)),
    ("PatchDiscriminator", {"width": 2, "layers": 5}, (1, 3, 128, 128)),
    ("PatchDiscriminator", {"width": 4, "layers": 1, "in_channels": 6}, (2, 6, 9, 12)),
    ("PatchDiscriminator", {"width": 4, "layers": 2, "norm": "batch"}, (2, 3, 19, 16)),
    ("PatchDiscriminator", {"width": 4, "layers": 2, "norm": "none"}, (2, 3, 16, 16)),
]


def pair(name: str, options: dict[str, Any]) -> tuple[nn.Module, rnn.Module]:
    """The network in both engines, with the same random weights: large ones, so that every nonlinearity is used."""
    network = getattr(networks, name)(**options).double()
    draw = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for tensor in network.state_dict().values():
            if tensor.is_floating_point():
                tensor.copy_(0.2 * torch.rand(tensor.shape, generator=draw, dtype=torch.float64) + 0.01 * tensor)
        for key, tensor in network.state_dict().items():
            if key.endswith("weight") and tensor.ndim > 1:
                tensor -= 0.1
    twin = getattr(twins, name)(**options)
    twin.load_state_dict(network.state_dict())
    return network, twin


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("name", "options", "shape"), CASES)
def test_outputs_and_all_gradients(name: str, options: dict[str, Any], shape: tuple[int, ...], training: bool):
    network, twin = pair(name, options)
    network.train(training)
    twin.train(training)
    picture = np.random.default_rng(0).uniform(-1, 1, shape)
    x, tx = rn.Tensor(picture, requires_grad=True), torch.tensor(picture, requires_grad=True)
    y, ty = twin(x), network(tx)
    assert_close("output", y.data, ty.detach().numpy(), TOLERANCE)
    g = np.random.default_rng(1).standard_normal(y.shape)
    y.backward(g)
    ty.backward(torch.tensor(g))
    assert_close("input gradient", x.grad, tx.grad.numpy(), TOLERANCE)
    parameters = twin.named_parameters()
    assert list(parameters) == [key for key, _ in network.named_parameters()]
    for key, parameter in network.named_parameters():
        assert_close(f"gradient of {key}", parameters[key].grad, parameter.grad.numpy(), TOLERANCE)
    for key, value in network.state_dict().items():  # running statistics too
        assert_close(key, twin.state_dict()[key], value.numpy(), TOLERANCE)


def test_weights_move_both_ways():
    network, twin = pair("ResnetGenerator", {"width": 2, "blocks": 1, "norm": "batch"})
    other = networks.ResnetGenerator(width=2, blocks=1, norm="batch").double()
    other.load_state_dict({key: torch.tensor(value) for key, value in twin.state_dict().items()}, strict=True)
    for key, value in network.state_dict().items():
        assert torch.equal(other.state_dict()[key], value)


def test_every_network_is_compared():
    found = {
        name
        for name, one in vars(networks).items()
        if inspect.isclass(one) and issubclass(one, nn.Module) and one.__module__ == networks.__name__
        if {"in_channels", "width"} <= inspect.signature(one).parameters.keys()
    }
    with_twin = {name for name in found if hasattr(twins, name)}
    assert with_twin <= {name for name, _, _ in CASES}
    if found - with_twin:
        pytest.skip(f"no NumPy twin yet: {', '.join(sorted(found - with_twin))}")


def test_a_state_that_does_not_fit_is_refused_by_name():
    twin = twins.PatchDiscriminator(width=2, layers=1)
    state = twin.state_dict()
    with pytest.raises(RuntimeError, match=r"missing keys \['first.bias'\]"):
        twin.load_state_dict({key: value for key, value in state.items() if key != "first.bias"})
    with pytest.raises(RuntimeError, match=r"unexpected keys \['extra'\]"):
        twin.load_state_dict(state | {"extra": np.zeros(1)})
    with pytest.raises(RuntimeError, match=r"first.weight has shape \(2, 3, 4, 4\).*\(2, 3, 3, 3\)"):
        twin.load_state_dict(state | {"first.weight": np.zeros((2, 3, 3, 3))})
    with pytest.raises(ValueError, match="'layer'"):
        twins.norm_layer("layer", 3)


def test_dropout_acts_in_training_only():
    twin = twins.ResnetGenerator(width=2, blocks=2, dropout=0.5)
    x = np.random.default_rng(0).uniform(-1, 1, (1, 3, 8, 8))
    assert not np.array_equal(twin(x).data, twin(x).data)
    twin.eval()
    assert np.array_equal(twin(x).data, twin(x).data)
    network = networks.ResnetGenerator(width=2, blocks=2, dropout=0.5).double().eval()
    twin.load_state_dict(network.state_dict())
    assert_close("output", twin(x).data, network(torch.tensor(x)).detach().numpy(), TOLERANCE)
