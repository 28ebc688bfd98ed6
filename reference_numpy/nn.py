"""The few modules that the networks need, after `torch.nn`: the same names, arguments, attributes and state_dict keys.

Parameters are Tensors, buffers (running statistics) arrays. Weights are drawn from N(0, 0.02), the networks'
initialisation, by `rng`; comparisons load them over with `load_state_dict`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from reference_numpy import functional as F
from reference_numpy.tensor import Tensor

Rng = np.random.Generator | None  # None is default_rng(0)


class Module:
    """A forward function with weights. Whatever is set as an attribute is found there: Tensors, arrays, Modules."""

    training: bool = True

    def forward(self, *inputs: Any) -> Any:
        raise NotImplementedError

    def __call__(self, *inputs: Any) -> Any:
        """`forward` of Tensors or arrays; None stays None."""
        return self.forward(*(x if isinstance(x, Tensor | None) else Tensor(x) for x in inputs))

    def modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """This module and all inside it, each with the prefix that its keys have."""
        yield prefix, self
        for name, value in vars(self).items():
            if isinstance(value, Module):
                yield from value.modules(f"{prefix}{name}.")

    def named_parameters(self) -> dict[str, Tensor]:
        """Every tensor once, by the first of its keys: what is reached by two paths is one parameter."""
        keys: dict[Tensor, str] = {}
        for prefix, module in self.modules():
            for name, value in vars(module).items():
                if isinstance(value, Tensor):
                    keys.setdefault(value, prefix + name)
        return {key: tensor for tensor, key in keys.items()}

    def parameters(self) -> list[Tensor]:
        return list(self.named_parameters().values())

    def _arrays(self) -> dict[str, np.ndarray]:
        """Every parameter's data and every buffer, by all of its keys: the arrays themselves."""
        return {
            prefix + name: value.data if isinstance(value, Tensor) else value
            for prefix, module in self.modules()
            for name, value in vars(module).items()
            if isinstance(value, Tensor | np.ndarray)
        }

    def state_dict(self) -> dict[str, np.ndarray]:
        """Copies of all parameters and buffers, with the keys of the PyTorch twin."""
        return {key: array.copy() for key, array in self._arrays().items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Copies values, anything that NumPy can read, into the module's own arrays, which keep their type.

        Raises RuntimeError, naming them, if keys are missing, left over, or of another shape.
        """
        arrays = self._arrays()
        if arrays.keys() != state.keys():
            missing, extra = sorted(arrays.keys() - state.keys()), sorted(state.keys() - arrays.keys())
            raise RuntimeError(f"the state does not fit: missing keys {missing}, unexpected keys {extra}")
        for key, array in arrays.items():
            value = np.asarray(state[key])
            if value.shape != array.shape:
                raise RuntimeError(f"{key} has shape {array.shape}, but the state's has {value.shape}")
            array[...] = value

    def train(self, mode: bool = True) -> Module:
        for _, module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Module:
        return self.train(False)


class ModuleList(Module):
    """Modules in a row, keyed "0", "1", …"""

    def __init__(self, modules: Iterable[Module] = ()):
        for position, module in enumerate(modules):
            setattr(self, str(position), module)

    def __iter__(self) -> Iterator[Module]:
        return iter([value for value in vars(self).values() if isinstance(value, Module)])

    def __getitem__(self, position: int) -> Module:
        return list(self)[position]


class Sequential(ModuleList):
    """Each module takes the result of the one before."""

    def forward(self, x: Tensor) -> Tensor:
        for module in self:
            x = module(x)
        return x


def _normal(rng: Rng, *shape: int) -> Tensor:
    return Tensor((rng or np.random.default_rng(0)).normal(0, 0.02, shape), requires_grad=True)


def _filled(value: float, *shape: int) -> Tensor:
    return Tensor(np.full(shape, value), requires_grad=True)


class Conv2d(Module):
    """(N, C, H, W) -> (N, O, H', W'), see `functional.conv2d`."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int | str = 0,
        bias: bool = True,
        *,
        padding_mode: str = "zeros",
        rng: Rng = None,
    ):
        self.weight = _normal(rng, out_channels, in_channels, kernel_size, kernel_size)
        self.bias = _filled(0.0, out_channels) if bias else None
        self.stride, self.padding, self.padding_mode = stride, padding, padding_mode

    def forward(self, x: Tensor) -> Tensor:
        if self.padding_mode != "zeros":
            x = F.pad(x, (self.padding,) * 4, self.padding_mode)  # (N, C, H + 2 padding, W + 2 padding)
            return F.conv2d(x, self.weight, self.bias, self.stride)  # (N, O, H', W')
        return F.conv2d(x, self.weight, self.bias, self.stride, self.padding)  # (N, O, H', W')


class ConvTranspose2d(Module):
    """(N, C, H, W) -> (N, O, H', W'), see `functional.conv_transpose2d`."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
        output_padding: int = 0,
        bias: bool = True,
        *,
        rng: Rng = None,
    ):
        self.weight = _normal(rng, in_channels, out_channels, kernel_size, kernel_size)
        self.bias = _filled(0.0, out_channels) if bias else None
        self.stride, self.padding, self.output_padding = stride, padding, output_padding

    def forward(self, x: Tensor) -> Tensor:
        return F.conv_transpose2d(x, self.weight, self.bias, self.stride, self.padding, self.output_padding)


class BalancedTransposedConv2d(ConvTranspose2d):
    """A transposed convolution of stride 2 in whose kernel the four phases (even and odd rows and columns) sum alike.

    So a flat map stays flat (Sugawara et al. 2018), up to its edges, beyond which it is taken to go on as it ends.
    """

    def forward(self, x: Tensor) -> Tensor:
        phases = np.zeros((2, 2, *self.weight.shape[2:]))  # (2, 2, k, k)
        for row, column in np.ndindex(2, 2):
            phases[row, column, row::2, column::2] = 1
        sums = {at: (self.weight * phases[at]).sum((2, 3), keepdims=True) for at in np.ndindex(2, 2)}  # (C, O, 1, 1)
        mean = sum(sums.values()) / 4
        weight = self.weight - sum((sums[at] - mean) * (phases[at] / phases[at].sum()) for at in sums)
        x = F.pad(x, (1, 1, 1, 1), "replicate")  # (N, C, H + 2, W + 2)
        return F.conv_transpose2d(x, weight, self.bias, self.stride, self.padding + 2, self.output_padding)


class NearestUpsampling(Module):
    """Each pixel becomes 2 x 2: (N, C, H, W) -> (N, C, 2 H, 2 W)."""

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        return (x.reshape(n, c, h, 1, w, 1) * np.ones((1, 1, 1, 2, 1, 2))).reshape(n, c, 2 * h, 2 * w)


class BilinearUpsampling(NearestUpsampling):
    """Interpolated between the centres of pixels: (N, C, H, W) -> (N, C, 2 H, 2 W)."""

    def forward(self, x: Tensor) -> Tensor:
        # 3/4 of the pixel itself and 1/4 of its neighbour: what [1 2 1] / 4 makes of pixels that are there twice.
        x = F.pad(super().forward(x), (1, 1, 1, 1), "replicate")  # (N, C, 2 H + 2, 2 W + 2)
        x = (x[:, :, :-2] + 2 * x[:, :, 1:-1] + x[:, :, 2:]) / 4  # (N, C, 2 H, 2 W + 2)
        return (x[:, :, :, :-2] + 2 * x[:, :, :, 1:-1] + x[:, :, :, 2:]) / 4  # (N, C, 2 H, 2 W)


class Linear(Module):
    """(…, in_features) -> (…, out_features), see `functional.linear`."""

    def __init__(self, in_features: int, out_features: int, *, rng: Rng = None):
        self.weight, self.bias = _normal(rng, out_features, in_features), _filled(0.0, out_features)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias)  # (…, out_features)


class InstanceNorm2d(Module):
    """(N, C, H, W) -> (N, C, H, W) without parameters, see `functional.instance_norm`."""

    def forward(self, x: Tensor) -> Tensor:
        return F.instance_norm(x)  # (N, C, H, W)


class BatchNorm2d(Module):
    """(N, C, H, W) -> (N, C, H, W), see `functional.batch_norm`."""

    def __init__(self, channels: int):
        self.weight, self.bias = _filled(1.0, channels), _filled(0.0, channels)
        self.running_mean, self.running_var = np.zeros(channels), np.ones(channels)
        self.num_batches_tracked = np.zeros((), np.int64)

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.num_batches_tracked += 1
        return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, self.training)


class Dropout(Module):
    """(…) -> (…), see `functional.dropout`."""

    def __init__(self, p: float = 0.5, *, rng: Rng = None):
        self.p, self.rng = p, rng or np.random.default_rng(0)

    def forward(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.p, self.training, self.rng)


class Identity(Module):
    """(…) -> (…), unchanged."""

    def forward(self, x: Tensor) -> Tensor:
        return x
