"""Adam, after `torch.optim.Adam`."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from reference_numpy.tensor import Tensor


class Adam:
    """Kingma and Ba 2015, algorithm 1. `step` changes the parameters' data in place, from their `.grad`."""

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ):
        self.parameters = list(dict.fromkeys(parameters))  # each once, however often it is given
        self.lr, self.betas, self.eps = lr, betas, eps
        self.t = [0] * len(self.parameters)  # steps of each, for some may get their first gradient late
        self.m = [np.zeros_like(parameter.data) for parameter in self.parameters]
        self.v = [np.zeros_like(parameter.data) for parameter in self.parameters]

    def zero_grad(self) -> None:
        for parameter in self.parameters:
            parameter.grad = None

    def step(self) -> None:
        """A parameter whose `.grad` is None stays as it is, and so does its count of steps."""
        beta1, beta2 = self.betas
        for k, (parameter, m, v) in enumerate(zip(self.parameters, self.m, self.v, strict=True)):
            if parameter.grad is None:
                continue
            self.t[k] += 1
            g = parameter.grad.data if isinstance(parameter.grad, Tensor) else parameter.grad
            m += (1 - beta1) * (g - m)  # m = β₁ m + (1 − β₁) g
            v += (1 - beta2) * (g * g - v)  # v = β₂ v + (1 − β₂) g²
            m_hat, v_hat = m / (1 - beta1 ** self.t[k]), v / (1 - beta2 ** self.t[k])
            parameter.data -= self.lr * m_hat / (np.sqrt(v_hat) + self.eps)
