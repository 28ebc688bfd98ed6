"""One function in both engines, on the same numbers: outputs, gradients and gradients of gradients."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

import reference_numpy as rn

# Both engines round differently (the order of a sum, a fused multiply-add), which measures below 4e-13 of the largest
# element here. 1e-10 leaves room for a sum that cancels, and is far below any wrong formula.
TOLERANCE = 1e-10
# Where a whole array cancels to nearly nothing (the gradient of a norm over two values), its own size is no scale.
SMALLEST_SCALE = 1e-2

Arrays = Mapping[str, np.ndarray]


def assert_close(name: str, found: np.ndarray, expected: np.ndarray, tolerance: float = TOLERANCE) -> None:
    """|found − expected| ≤ tolerance · max|expected|; the same shape, the same infinities and NaN."""
    assert found.shape == expected.shape, f"{name}: shape {found.shape}, expected {expected.shape}"
    assert found.dtype == expected.dtype, f"{name}: dtype {found.dtype}, expected {expected.dtype}"
    finite = np.isfinite(expected)
    scale = max(np.abs(expected[finite]).max(initial=0), SMALLEST_SCALE)
    np.testing.assert_array_equal(found[~finite], expected[~finite], err_msg=name)
    error = np.abs(found[finite] - expected[finite]).max(initial=0)
    assert error <= tolerance * scale, f"{name}: off by {error:.3g} where the largest is {scale:.3g}"


def in_numpy(
    function: Callable[..., rn.Tensor], arrays: Arrays, gradient: Callable, second: bool
) -> dict[str, np.ndarray]:
    """The output, ∂⟨y, g⟩/∂x of every array x, and ∂⟨all of these, random⟩/∂x where `second`."""
    inputs = {name: rn.Tensor(array.copy(), requires_grad=True) for name, array in arrays.items()}
    y = function(**inputs)
    found = {"output": y.data}
    if not y.requires_grad:
        return found
    g = rn.Tensor(gradient("output", y.shape, y.dtype), requires_grad=second)
    y.backward(g, create_graph=second)
    firsts = {name: x.grad for name, x in inputs.items()}
    if not second:
        return found | {f"gradient of {name}": first for name, first in firsts.items()}
    found |= {f"gradient of {name}": first.data for name, first in firsts.items()}
    total = sum((first * gradient(name, first.shape, first.dtype)).sum() for name, first in firsts.items())
    for x in (*inputs.values(), g):
        x.grad = None
    if total.requires_grad:
        total.backward()
    for name, x in (*inputs.items(), ("output gradient", g)):
        found[f"second gradient of {name}"] = np.zeros(x.shape, x.dtype) if x.grad is None else x.grad
    return found


def in_torch(
    function: Callable[..., torch.Tensor], arrays: Arrays, gradient: Callable, second: bool
) -> dict[str, np.ndarray]:
    """As `in_numpy`."""
    inputs = {name: torch.tensor(array, requires_grad=True) for name, array in arrays.items()}
    y = function(**inputs)
    found = {"output": y.detach().numpy()}
    if not y.requires_grad:
        return found
    g = torch.tensor(gradient("output", tuple(y.shape), y.detach().numpy().dtype), requires_grad=second)
    firsts = torch.autograd.grad(y, list(inputs.values()), g, create_graph=second)
    for name, first in zip(inputs, firsts, strict=True):
        found[f"gradient of {name}"] = first.detach().numpy()
    if not second:
        return found
    total = sum(
        (first * torch.tensor(gradient(name, tuple(first.shape), first.detach().numpy().dtype))).sum()
        for name, first in zip(inputs, firsts, strict=True)
    )
    points = [*inputs.values(), g]
    seconds = torch.autograd.grad(total, points, allow_unused=True) if total.requires_grad else [None] * len(points)
    for name, point, value in zip((*inputs, "output gradient"), points, seconds, strict=True):
        found[f"second gradient of {name}"] = (torch.zeros_like(point) if value is None else value).numpy(force=True)
    return found


def assert_agree(
    numpy_function: Callable[..., rn.Tensor],
    torch_function: Callable[..., torch.Tensor],
    arrays: Arrays,
    *,
    seed: int = 0,
    second: bool = False,
    tolerance: float = TOLERANCE,
) -> None:
    """Both functions take the arrays, as tensors, by name; everything they give must agree."""

    def gradient(name: str, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        return np.random.default_rng((seed, len(name), *name.encode())).standard_normal(shape).astype(dtype)

    expected = in_torch(torch_function, arrays, gradient, second)
    found = in_numpy(numpy_function, arrays, gradient, second)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert_close(name, found[name], value, tolerance)
