"""Every network of `minicyclegan.networks` against its NumPy twin: same weights, float64."""

from __future__ import annotations

import inspect
import types
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from minicyclegan import networks
from reference_numpy import networks as twins
from tests.reference_numpy.cases import NETWORKS, REFUSED
from tests.reference_numpy.compare import assert_close
from tests.reference_numpy.pairs import answers_in_numpy, answers_in_torch, pair

# 3.2e-14 of the largest element is measured over all cases; other processors may add up in another order.
TOLERANCE = 1e-9


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("name", "options", "shapes"), NETWORKS)
def test_outputs_and_all_gradients(
    name: str, options: dict[str, Any], shapes: Sequence[tuple[int, ...]], training: bool
):
    network, twin = pair(name, options)
    network.train(training)
    twin.train(training)
    arrays = [np.random.default_rng(0).uniform(-1, 1, shape) for shape in shapes]
    found, expected = answers_in_numpy(twin, arrays), answers_in_torch(network, arrays)
    assert list(found) == list(expected)
    for key, value in expected.items():
        assert_close(key, found[key], value, TOLERANCE)


@pytest.mark.parametrize("engine", [networks, twins])
@pytest.mark.parametrize(("name", "options", "shapes", "says"), REFUSED)
def test_what_both_engines_refuse(
    name: str, options: dict[str, Any], shapes: Sequence[tuple[int, ...]], says: str, engine: types.ModuleType
):
    tensor = torch.zeros if engine is networks else np.zeros
    with pytest.raises(ValueError, match=says):
        getattr(engine, name)(width=1, **options)(*map(tensor, shapes))


@pytest.mark.parametrize("depth", range(2, 9))
def test_dropout_stands_in_the_same_levels(depth: int):
    levels = [
        [type(module).__name__ for module in engine.UnetGenerator(depth=depth, width=1).dropouts]
        for engine in (networks, twins)
    ]
    assert levels[0] == levels[1]
    assert levels[0].count("Dropout") == max(0, depth - 5)


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
    assert found == {name for name, _, _ in NETWORKS}


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
