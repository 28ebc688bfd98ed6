"""One judge for each source file of layers: it raises AssertionError, or whatever the code itself raises, if anything
that the module computes differs from the other engine. Quick, since hundreds of wrong modules pass before it."""

from __future__ import annotations

import inspect
import types
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import reference_numpy as rn
from reference_numpy import functional as NF
from reference_numpy import networks as twins
from tests.reference_numpy.cases import ILLEGAL, LEGAL, NETWORKS, REFUSED
from tests.reference_numpy.compare import assert_close, in_numpy, in_torch
from tests.reference_numpy.pairs import answers_in_numpy, answers_in_torch, pair, share_masks


def gradient(name: str, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    return np.random.default_rng(len(name)).standard_normal(shape).astype(dtype)


def copied(options: dict[str, Any], convert: Callable[[np.ndarray], Any]) -> dict[str, Any]:
    return {key: convert(one) if isinstance(one, np.ndarray) else one for key, one in options.items()}


def is_second(arrays: dict[str, np.ndarray]) -> bool:
    return all(array.size for array in arrays.values())


@cache
def expected(name: str, position: int) -> dict[str, np.ndarray]:
    """PyTorch's answer to a legal case: output, gradients, second-order gradients, running statistics."""
    arrays, options = LEGAL[name][position]
    options = copied(options, torch.tensor)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch warns that an even kernel with padding="same" takes a copy
        answer = in_torch(lambda **tensors: getattr(F, name)(**tensors, **options), arrays, gradient, is_second(arrays))
    return answer | {key: one.numpy() for key, one in options.items() if isinstance(one, torch.Tensor)}


def judge_function(name: str, function: Callable[..., rn.Tensor]) -> None:
    """Raises AssertionError where the function differs from PyTorch's of the same name."""
    for position, (arrays, options) in enumerate(LEGAL[name]):
        right = expected(name, position)
        options = copied(options, np.copy)
        found = in_numpy(lambda options=options, **x: function(**x, **options), arrays, gradient, is_second(arrays))
        found |= {key: one for key, one in options.items() if isinstance(one, np.ndarray)}
        for key, value in right.items():
            assert_close(key, found[key], value)
    for other, arguments, options, says in ILLEGAL:
        if other == name:
            with pytest.raises((RuntimeError, ValueError, IndexError, NotImplementedError), match=says):
                function(*arguments, **options)


def judge_dropout(function: Callable[..., rn.Tensor]) -> None:
    x = np.random.default_rng(0).standard_normal((6, 5))
    for p in (0.0, 0.4, 1.0):
        kept = np.random.default_rng(1).random(x.shape) >= p
        for training in (True, False):
            found = in_numpy(
                lambda x, p=p, t=training: function(x, p, t, np.random.default_rng(1)), {"x": x}, gradient, False
            )
            scale = np.where(kept, 1 / (1 - p) if p < 1 else 0, 0) if training else np.ones(x.shape)
            assert_close("output", found["output"], x * scale)
            assert_close("gradient", found["gradient of x"], gradient("output", x.shape, float) * scale)
    for p in (-0.1, 1.1):
        with pytest.raises(ValueError, match="between 0 and 1"):
            function(x, p, True, np.random.default_rng(1))


def judge_functional(module: types.ModuleType) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        for name, function in vars(module).items():
            if getattr(function, "__module__", None) == module.__name__ and name in NF.__all__:
                judge_dropout(function) if name == "dropout" else judge_function(name, function)
    if hasattr(module, "l1_loss"):
        with pytest.warns(UserWarning, match=r"\(3,\).*\(2, 3\)"):
            module.l1_loss(np.zeros((2, 3)), np.zeros(3))


@cache
def right_network(position: int, training: bool) -> tuple[dict[str, torch.Tensor], list[np.ndarray], dict]:
    """The weights of a case, what goes in, and what its twin answers."""
    name, options, shapes = NETWORKS[position]
    network, twin = pair(name, options)
    twin.train(training)
    arrays = [gradient(name, shape, float) for shape in shapes]
    return network.state_dict(), arrays, answers_in_numpy(twin, arrays)


def judge_networks(module: types.ModuleType) -> None:
    for position, (name, options, _) in enumerate(NETWORKS):
        for training in (True, False):
            state, arrays, right = right_network(position, training)
            network = getattr(module, name)(**options).double().train(training)
            network.load_state_dict(state, strict=True)
            share_masks(network)
            found = answers_in_torch(network, arrays)
            for key, value in right.items():
                assert_close(key, found[key], value, 1e-9)
    for name in {name for name, _, _ in NETWORKS}:
        assert defaults(getattr(module, name)) == defaults(getattr(twins, name))
    for name, options, shapes, says in REFUSED:
        with pytest.raises(ValueError, match=says):
            getattr(module, name)(width=1, **options)(*map(torch.zeros, shapes))
    U = module.UnetGenerator(depth=5, width=1)
    assert [U.fitting_side(side) for side in (1, 32, 33)] == [32, 32, 64]
    R = module.ResnetGenerator(width=1, blocks=0)
    assert [R.fitting_side(side) for side in (1, 8, 9, 12)] == [8, 8, 12, 12]


def defaults(network: type) -> dict[str, Any]:
    parameters = inspect.signature(network).parameters.values()
    return {one.name: one.default for one in parameters if one.name not in ("generator", "rng")}


# Each term as the papers write it: (real, fake) → D's loss, fake → G's loss.
DISCRIMINATOR = {
    "vanilla": lambda real, fake: 0.5 * (NF.SOFTPLUS(-real).mean() + NF.SOFTPLUS(fake).mean()),
    "minimax": lambda real, fake: -0.5 * (NF.sigmoid(real).log().mean() + (1 - NF.sigmoid(fake)).log().mean()),
    "lsgan": lambda real, fake: 0.5 * (((real - 1) ** 2).mean() + (fake**2).mean()),
    "wgangp": lambda real, fake: 0.5 * (fake.mean() - real.mean()),
    "hinge": lambda real, fake: 0.5 * (NF.relu(1 - real).mean() + NF.relu(1 + fake).mean()),
}
GENERATOR = {
    "vanilla": lambda fake: -NF.sigmoid(fake).log().mean(),
    "minimax": lambda fake: (1 - NF.sigmoid(fake)).log().mean(),
    "lsgan": lambda fake: ((fake - 1) ** 2).mean(),
    "wgangp": lambda fake: -fake.mean(),
    "hinge": lambda fake: -fake.mean(),
}


def judge_losses(module: types.ModuleType) -> None:
    rng = np.random.default_rng(0)
    arrays = {"real": 2 * rng.standard_normal((2, 1, 3, 4)), "fake": 2 * rng.standard_normal((2, 1, 3, 4))}
    fake = {"fake": arrays["fake"]}

    def agree(ours: Callable, theirs: Callable, arrays: dict[str, np.ndarray]) -> None:
        right, found = in_numpy(ours, arrays, gradient, False), in_torch(theirs, arrays, gradient, False)
        for key, value in right.items():
            assert_close(key, found[key], value)

    for kind in DISCRIMINATOR:
        agree(DISCRIMINATOR[kind], lambda real, fake, k=kind: module.discriminator_loss(real, fake, k), arrays)
        agree(GENERATOR[kind], lambda fake, k=kind: module.generator_loss(fake, k), fake)
    agree(DISCRIMINATOR["lsgan"], lambda real, fake: module.discriminator_loss(real, fake), arrays)
    agree(GENERATOR["lsgan"], lambda fake: module.generator_loss(fake), fake)
    for distance in (module.cycle_loss, module.identity_loss):
        agree(lambda real, fake: NF.l1_loss(real, fake), lambda real, fake, f=distance: f(real, fake), arrays)
    for function in (
        lambda: module.generator_loss(torch.zeros(1), "?"),
        lambda: module.discriminator_loss(*torch.zeros(2, 1), "?"),
    ):
        with pytest.raises(ValueError, match=r"'\?'"):
            function()

    weight, share = (
        rng.standard_normal((2, 3, 3, 2)),
        torch.rand(2, 1, 1, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64).numpy(),
    )
    a, b = rng.standard_normal((2, 2, 3, 5, 4))

    def penalty(weight: rn.Tensor) -> rn.Tensor:
        x = rn.Tensor(share * a + (1 - share) * b, requires_grad=True)
        (slope,) = rn.grad(NF.tanh(NF.conv2d(x, weight)).mean((1, 2, 3)).sum(), [x], create_graph=True)
        return (((slope * slope).sum((1, 2, 3)).sqrt() - 1) ** 2).mean()

    agree(
        penalty,
        lambda weight: module.gradient_penalty(
            lambda x: torch.tanh(F.conv2d(x, weight)),
            torch.tensor(a),
            torch.tensor(b),
            torch.tensor(share),
        ),
        {"weight": weight},
    )
