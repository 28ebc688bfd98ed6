"""What an answer leaves behind in the networks it was given: gradients, modes, frozen or moved weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np
import torch
from torch import Tensor, nn

from checking.engine import WrongAnswer


class Watch:
    """Looks at networks before an answer is called, and after it.

    A gradient counts from the moment it is computed: to delete it afterwards makes no difference.
    """

    def __init__(self, task: str, **networks: nn.Module):
        self.task, self.networks = task, networks
        self.reached: set[str] = set()
        for name, network in networks.items():
            for weight in network.parameters():
                weight.register_hook(lambda _, name=name: self.reached.add(name))
        self.before = {name: _state(network) for name, network in networks.items()}

    def refuse(self, reason: str) -> NoReturn:
        raise WrongAnswer(f"task {self.task}: {reason}")

    def no_gradient_for(self, name: str, reason: str) -> None:
        """Raises WrongAnswer with the reason if one was computed."""
        if name in self.reached:
            self.refuse(f"a gradient was computed for {name}; {reason}")

    def one_number(self, value: Any) -> None:
        """Raises WrongAnswer for what is neither a number nor a tensor."""
        if not isinstance(value, int | float | np.number | np.ndarray | Tensor):
            self.refuse(f"it returned a {type(value).__name__}, where one number is expected")

    def same_each_time(self, results: Sequence[Any], reason: str) -> None:
        """Raises WrongAnswer with the reason if the results, numbers or tensors, are not all one."""
        try:
            values = [np.asarray(torch.as_tensor(result).detach(), dtype=float) for result in results]
        except (TypeError, ValueError, RuntimeError):
            return  # no numbers: the check says so
        if not all(np.allclose(value, values[0], rtol=1e-5, equal_nan=True) for value in values):
            self.refuse(f"its answer changes from call to call: {reason}")

    def all_left_as_found(self, moves: tuple[str, ...] = ()) -> None:
        """Raises WrongAnswer, in one sentence, for the first thing that is not; the networks in `moves` may learn."""
        for name, network in self.networks.items():
            (modes, frozen, values, grads), (modes_now, frozen_now, values_now, grads_now) = (
                self.before[name],
                _state(network),
            )
            if modes_now != modes:
                if network.training == modes[0]:
                    self.refuse(f"afterwards a layer of {name} is not in the mode it came in; train() sets all of them")
                mode = "training" if network.training else "eval"
                self.refuse(f"afterwards {name} is not in the mode it came in, but in {mode} mode; put it back")
            if frozen_now != frozen:
                self.refuse(
                    f"afterwards {name}'s weights are frozen, and its next step would move nothing; leave gradients "
                    "out for a few lines alone, or let the weights learn again"
                )
            if name in moves:
                continue
            if not _equal(values_now, values):
                self.refuse(f"afterwards {name}'s weights or running statistics have changed; nothing was to move them")
            if not _equal(grads_now, grads):
                self.refuse(
                    f"afterwards a gradient lies in {name}'s weights, and would be added to its next one: backward "
                    "leaves one wherever it passes, torch.autograd.grad only returns it"
                )


def _state(network: nn.Module) -> tuple[list[bool], list[bool], list[Tensor], list[Tensor]]:
    weights = list(network.parameters())
    return (
        [module.training for module in network.modules()],
        [weight.requires_grad for weight in weights],
        [tensor.detach().clone() for tensor in (*weights, *network.buffers())],
        [torch.zeros_like(weight) if weight.grad is None else weight.grad.detach().clone() for weight in weights],
    )


def _equal(one: list[Tensor], other: list[Tensor]) -> bool:
    return all(torch.equal(first, second) for first, second in zip(one, other, strict=True))
