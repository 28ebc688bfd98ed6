"""One network in both engines: the same weights and the same dropout, and everything that it answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import reference_numpy as rn
from minicyclegan import networks
from reference_numpy import networks as twins


def pair(name: str, options: dict[str, Any]) -> tuple[nn.Module, rn.nn.Module]:
    """The network of `minicyclegan.networks` and its twin, in float64, with the same random weights: so large that
    every nonlinearity is used and that no gradient fades on its way."""
    network = getattr(networks, name)(**options).double()
    draw = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for tensor in network.state_dict().values():
            if tensor.is_floating_point():
                tensor.copy_(0.2 * torch.rand(tensor.shape, generator=draw, dtype=torch.float64) + 0.01 * tensor)
        for tensor in network.parameters():
            if tensor.ndim > 1:
                tensor.sub_(0.1).mul_(25 / tensor[0].numel() ** 0.5)  # a deviation of about √(2 / fan in)
    twin = getattr(twins, name)(**options)
    twin.load_state_dict(network.state_dict())
    share_masks(network, twin)
    return network, twin


class SameMasks(nn.Module):
    """Dropout that sets to 0 what the NumPy twin sets to 0."""

    def __init__(self, p: float, rng: np.random.Generator):
        super().__init__()
        self.p, self.rng = p, rng

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        return x.masked_fill(torch.tensor(self.rng.random(x.shape) < self.p), 0) / (1 - self.p)


def share_masks(network: nn.Module, twin: rn.nn.Module | None = None, seed: int = 0) -> None:
    """Puts `SameMasks` in place of the network's dropouts, and gives the twin's the same seed."""
    rng, twin_rng = np.random.default_rng(seed), np.random.default_rng(seed)
    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.Dropout):
                setattr(module, name, SameMasks(child.p, rng).train(child.training))
    for _, module in twin.modules() if twin else ():
        if isinstance(module, rn.nn.Dropout):
            module.rng = twin_rng


def answers_in_numpy(network: rn.nn.Module, arrays: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """Every output of a network that takes these arrays, the gradients of ⟨outputs, random⟩ for all that goes in and
    for all parameters, and the state afterwards, with the running statistics."""
    inputs = [rn.Tensor(array.copy(), requires_grad=True) for array in arrays]
    outputs = network(*inputs)
    found = {}
    for position, y in enumerate(outputs if isinstance(outputs, list | tuple) else [outputs]):
        found[f"output {position}"] = y.data
        y.backward(np.random.default_rng(position).standard_normal(y.shape))
    found |= {f"gradient of input {position}": x.grad for position, x in enumerate(inputs)}
    found |= {f"gradient of {name}": parameter.grad for name, parameter in network.named_parameters().items()}
    return found | network.state_dict()


def answers_in_torch(network: nn.Module, arrays: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """As `answers_in_numpy`."""
    inputs = [torch.tensor(array, requires_grad=True) for array in arrays]
    outputs = network(*inputs)
    outputs = outputs if isinstance(outputs, list | tuple) else [outputs]
    draws = [np.random.default_rng(position).standard_normal(tuple(y.shape)) for position, y in enumerate(outputs)]
    torch.autograd.backward(outputs, [torch.tensor(draw) for draw in draws])
    found = {f"output {position}": y.numpy(force=True) for position, y in enumerate(outputs)}
    found |= {f"gradient of input {position}": x.grad.numpy() for position, x in enumerate(inputs)}
    found |= {f"gradient of {name}": parameter.grad.numpy() for name, parameter in network.named_parameters()}
    return found | {name: value.numpy(force=True) for name, value in network.state_dict().items()}
