"""A moving average of networks' weights: what a GAN paints swings from step to step, what the average paints does not.

(Yazıcı et al. 2019, "The Unusual Effectiveness of Averaging in GAN Training".)
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn


class WeightAverage:
    """Copies of the networks, in eval mode, that `update` moves a little towards what the networks have become.

    decay   share that the average keeps at an update; less at first, so that the first weights are soon forgotten
    """

    def __init__(self, networks: Mapping[str, nn.Module], decay: float):
        self.decay, self.sources = decay, dict(networks)
        self.networks = {name: copy.deepcopy(source).eval().requires_grad_(False) for name, source in networks.items()}
        # On the device, where a CUDA graph counts on. Apple's GPUs have no float64.
        first = self._tensors(self.networks)[0]
        self.updates = first.new_zeros((), dtype=torch.float32 if first.device.type == "mps" else torch.float64)

    @torch.no_grad()
    def update(self) -> None:
        """average <- average + (1 - decay) (weights - average)"""
        # The limit by decay comes late: until then the average looks back over a quarter of all steps.
        share = torch.clamp(3 / (4 + self.updates), min=1 - self.decay)
        averages, weights = self._tensors(self.networks), self._tensors(self.sources)
        distances = torch._foreach_sub(weights, averages)
        torch._foreach_mul_(distances, share.to(averages[0].dtype))
        torch._foreach_add_(averages, distances)
        self.updates += 1

    @staticmethod
    def _tensors(networks: Mapping[str, nn.Module]) -> list[Tensor]:
        """All weights, and the running statistics of batch norms."""
        tensors = (tensor for network in networks.values() for tensor in network.state_dict().values())
        return [tensor for tensor in tensors if tensor.is_floating_point()]

    def state_dict(self) -> dict[str, Any]:
        states = {name: network.state_dict() for name, network in self.networks.items()}
        return {"networks": states, "updates": self.updates}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for name, network in self.networks.items():
            network.load_state_dict(state["networks"][name])
        self.updates.copy_(state["updates"])
