"""A tensor that two paths lead to is one parameter, as in PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import reference_numpy as rn
from reference_numpy import nn as ours
from reference_numpy.optim import Adam


def networks(nn: Any) -> dict[str, Any]:
    """Over this `nn`, ours or PyTorch's: modules in which a tensor or a module has two names."""

    class OneLinearTwice(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(3, 3)
            self.second = self.first

        def forward(self, x):
            return self.second(self.first(x) ** 2)

    class OneWeightTwice(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Linear(3, 3), nn.Linear(3, 3)
            self.second.weight = self.first.weight

        def forward(self, x):
            return self.second(self.first(x) ** 2)

    class OneTwiceInAList(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm = nn.BatchNorm2d(2)
            self.row = nn.ModuleList([self.norm, nn.Conv2d(2, 2, 1), self.norm])

        def forward(self, x):
            x = x.reshape(2, 2, 3, 1)
            for module in self.row:
                x = module(x)
            return x

    return {kind.__name__: kind() for kind in (OneLinearTwice, OneWeightTwice, OneTwiceInAList)}


NAMES = ["OneLinearTwice", "OneWeightTwice", "OneTwiceInAList"]


def pair(name: str) -> tuple[Any, torch.nn.Module]:
    mine, theirs = networks(ours)[name], networks(torch.nn)[name].double()
    mine.load_state_dict(theirs.state_dict())
    return mine, theirs


@pytest.mark.parametrize("name", NAMES)
def test_names_and_state_are_pytorchs(name: str):
    mine, theirs = pair(name)
    assert list(mine.named_parameters()) == [key for key, _ in theirs.named_parameters()]
    assert len(mine.parameters()) == len(list(theirs.parameters()))
    assert len({id(tensor) for tensor in mine.parameters()}) == len(mine.parameters())
    assert sorted(mine.state_dict()) == sorted(theirs.state_dict())  # there a tensor has all of its names


@pytest.mark.parametrize("name", NAMES)
def test_ten_steps_of_adam_are_pytorchs(name: str):
    mine, theirs = pair(name)
    # An eps that gradients of rounding alone, such as a dead bias's, stay far below.
    adam, torch_adam = (
        optimizer(n.parameters(), lr=0.05, eps=1e-3)
        for optimizer, n in zip((Adam, torch.optim.Adam), (mine, theirs), strict=True)
    )
    rng = np.random.default_rng(0)
    for step in range(10):
        x = rng.standard_normal((4, 3))
        for network, optimizer, data in ((mine, adam, rn.Tensor(x)), (theirs, torch_adam, torch.tensor(x))):
            optimizer.zero_grad()
            y = network(data)
            ((y + 1) ** 2).mean().backward()
            optimizer.step()
        for key, value in theirs.state_dict().items():
            np.testing.assert_allclose(
                mine.state_dict()[key], value.numpy(), rtol=1e-9, atol=1e-12, err_msg=f"step {step}, {key}"
            )
    adam.zero_grad()
    assert all(tensor.grad is None for tensor in mine.parameters())
    assert mine.train(False) is mine


def test_what_was_loaded_stays_shared():
    mine, _ = pair("OneLinearTwice")
    mine.load_state_dict({key: np.full(array.shape, 2.0) for key, array in mine.state_dict().items()})
    assert mine.first.weight is mine.second.weight
    np.testing.assert_array_equal(mine.second.weight.data, np.full((3, 3), 2.0))
