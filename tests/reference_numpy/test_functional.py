"""Every function of `reference_numpy.functional`, with any legal arguments, against PyTorch in float64."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

import reference_numpy as rn
from tests.reference_numpy.cases import ILLEGAL, values
from tests.reference_numpy.compare import assert_agree, assert_close

torch.set_num_threads(1)
NF = rn.functional
Draw = Any


def cases(count: int) -> settings:
    return settings(max_examples=count, deadline=None, derandomize=True, database=None)


def agree(name: str, arrays: dict[str, np.ndarray | None], seed: int, **options: Any) -> None:
    """The function of this name in both engines, all arguments by name; every fourth case to second order."""
    given = {key: array for key, array in arrays.items() if array is not None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch warns that some legal arguments are slow or unusual
        assert_agree(
            lambda **tensors: getattr(NF, name)(**tensors, **options),
            lambda **tensors: getattr(F, name)(**tensors, **options),
            given,
            seed=seed,
            second=seed % 4 == 0 and all(array.size for array in given.values()),
        )


def pairs(low: int, high: int) -> st.SearchStrategy[Any]:
    return st.one_of(st.integers(low, high), st.tuples(*[st.integers(low, high)] * 2))


def both(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else value


seeds = st.integers(0, 10**6)
batches = st.sampled_from([(), (0,), (1,), (2,), (3,)])


@given(st.data(), seeds)
@cases(1600)
def test_conv2d(data: Draw, seed: int):
    groups, channels, outputs = (data.draw(st.integers(1, 3)) for _ in range(3))
    kernel = both(data.draw(pairs(1, 4)))
    stride, dilation = data.draw(pairs(1, 3)), data.draw(pairs(1, 3))
    padding = data.draw(st.one_of(pairs(0, 3), st.sampled_from(["valid", "same"])))
    stride = 1 if padding == "same" else stride
    added = (0, 0) if isinstance(padding, str) else both(padding)
    smallest = [max(1, d * (k - 1) + 1 - 2 * p) for d, k, p in zip(both(dilation), kernel, added, strict=True)]
    size = [least + data.draw(st.integers(0, 5)) for least in smallest]
    arrays = {
        "input": values(seed, *data.draw(batches), groups * channels, *size),
        "weight": values(seed, groups * outputs, channels, *kernel),
        "bias": values(seed, groups * outputs) if data.draw(st.booleans()) else None,
    }
    agree("conv2d", arrays, seed, stride=stride, padding=padding, dilation=dilation, groups=groups)


@given(st.data(), seeds)
@cases(1600)
def test_conv_transpose2d(data: Draw, seed: int):
    groups, channels, outputs = (data.draw(st.integers(1, 3)) for _ in range(3))
    kernel, size = both(data.draw(pairs(1, 4))), both(data.draw(pairs(1, 5)))
    stride, dilation, padding = data.draw(pairs(1, 3)), data.draw(pairs(1, 3)), data.draw(pairs(0, 3))
    room = [max(s, d) - 1 for s, d in zip(both(stride), both(dilation), strict=True)]
    extra = tuple(data.draw(st.integers(0, most)) for most in room)
    result = [
        (n - 1) * s - 2 * p + d * (k - 1) + e + 1
        for n, s, p, d, k, e in zip(size, both(stride), both(padding), both(dilation), kernel, extra, strict=True)
    ]
    assume(min(result) > 0)
    arrays = {
        "input": values(seed, *data.draw(batches), groups * channels, *size),
        "weight": values(seed, groups * channels, outputs, *kernel),
        "bias": values(seed, groups * outputs) if data.draw(st.booleans()) else None,
    }
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    agree("conv_transpose2d", arrays, seed, output_padding=extra, **options)


@given(st.data(), seeds)
@cases(1000)
def test_avg_pool2d(data: Draw, seed: int):
    kernel = data.draw(pairs(1, 4))
    padding = tuple(data.draw(st.integers(0, k // 2)) for k in both(kernel))
    size = [max(1, k - 2 * p) + data.draw(st.integers(0, 6)) for k, p in zip(both(kernel), padding, strict=True)]
    agree(
        "avg_pool2d",
        {"input": values(seed, *data.draw(batches), data.draw(st.integers(1, 3)), *size)},
        seed,
        kernel_size=kernel,
        stride=data.draw(st.one_of(st.none(), pairs(1, 4))),
        padding=padding,
        ceil_mode=data.draw(st.booleans()),
        count_include_pad=data.draw(st.booleans()),
        divisor_override=data.draw(st.sampled_from([None, None, 3])),
    )


@given(st.data(), seeds)
@cases(1000)
def test_constant_padding(data: Draw, seed: int):
    shape = data.draw(st.lists(st.integers(0, 4), min_size=1, max_size=5))
    axes = data.draw(st.integers(0, len(shape)))
    widths = [data.draw(st.integers(-2, 3)) for _ in range(2 * axes)]
    # A crop that is wider than the picture is refused by PyTorch, whatever the other side adds.
    assume(all(shape[-1 - k] + min(widths[2 * k], 0) + min(widths[2 * k + 1], 0) >= 0 for k in range(axes)))
    agree("pad", {"input": values(seed, *shape)}, seed, pad=widths, value=data.draw(st.sampled_from([None, 0.5, -2])))


@given(st.data(), seeds, st.sampled_from(["reflect", "replicate"]))
@cases(1200)
def test_padding_from_the_edge(data: Draw, seed: int, mode: str):
    axes = data.draw(st.integers(1, 3))
    size = [data.draw(st.integers(1, 6)) for _ in range(axes)]
    before = data.draw(st.sampled_from([(2,), (0, 2), (1, 2), (3, 1)]))  # an unbatched input has channels only
    widths = []
    for n in size[::-1]:
        most = n - 1 if mode == "reflect" else n + 2
        widths += [data.draw(st.integers(-2, most)), data.draw(st.integers(-2, most))]
    ends = [(n, widths[2 * k], widths[2 * k + 1]) for k, n in enumerate(size[::-1])]
    assume(all(n + b + a > 0 and n + min(b, 0) + min(a, 0) >= 0 for n, b, a in ends))
    agree("pad", {"input": values(seed, *before, *size)}, seed, pad=widths, mode=mode)


@given(st.data(), seeds)
@cases(1000)
def test_instance_norm(data: Draw, seed: int):
    channels, batch = data.draw(st.integers(1, 4)), data.draw(st.integers(0, 3))
    size = data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=3))
    assume(np.prod(size) > 1)
    arrays = {"input": values(seed, batch, channels, *size) * data.draw(st.sampled_from([1, 0.01, 100]))}
    if batch:  # an empty batch with weight or bias is PyTorch's to mend, see below
        arrays |= affine(data, seed, channels)
    eps = data.draw(st.sampled_from([1e-5, 1e-3, 0.5]))
    assert_agree(
        lambda **tensors: NF.instance_norm(**tensors, eps=eps),
        lambda **tensors: F.instance_norm(**(ones_for_a_missing_weight(tensors) | tensors), eps=eps),
        arrays,
        seed=seed,
        second=seed % 4 == 0,
    )


def affine(data: Draw, seed: int, channels: int) -> dict[str, np.ndarray]:
    return {name: values(seed, channels) for name in ("weight", "bias") if data.draw(st.booleans())}


def ones_for_a_missing_weight(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """PyTorch's second order fails for a norm with a bias but no weight, see below; a weight of 1 is the same."""
    return {} if "bias" not in tensors else {"weight": torch.ones_like(tensors["bias"])}


def test_pytorch_has_no_second_order_for_a_norm_with_a_bias_alone():
    x, bias = torch.rand(2, 3, 4, 4, requires_grad=True), torch.rand(3, requires_grad=True)
    g = torch.rand(2, 3, 4, 4, requires_grad=True)
    first = torch.autograd.grad(F.instance_norm(x, bias=bias), [x, bias], g, create_graph=True)
    with pytest.raises(RuntimeError, match="got None"):
        torch.autograd.grad(first[0].sum() + first[1].sum(), [x, g])


def test_pytorch_has_no_affine_instance_norm_of_an_empty_batch():
    with pytest.raises(IndexError):
        F.instance_norm(torch.zeros(0, 3, 4, 4), weight=torch.ones(3))
    assert NF.instance_norm(np.zeros((0, 3, 4, 4)), weight=np.ones(3)).shape == (0, 3, 4, 4)


@given(st.data(), seeds)
@cases(1200)
def test_batch_norm(data: Draw, seed: int):
    channels, batch = data.draw(st.integers(1, 4)), data.draw(st.integers(0, 4))
    size = data.draw(st.lists(st.integers(1, 4), min_size=0, max_size=3))
    training = data.draw(st.booleans())
    running = not training or data.draw(st.booleans())
    assume(not training or batch * np.prod(size) != 1)
    statistics = [values(seed, channels), values(seed, channels) ** 2 + 0.1] if running else [None, None]
    for_torch = [None if one is None else torch.tensor(one) for one in statistics]
    options = {"training": training, "momentum": data.draw(st.sampled_from([0.1, 0.5])), "eps": 1e-3}
    assert_agree(
        lambda input, **rest: NF.batch_norm(input, *statistics, **rest, **options),
        lambda input, **rest: F.batch_norm(input, *for_torch, **(ones_for_a_missing_weight(rest) | rest), **options),
        {"input": values(seed, batch, channels, *size)} | affine(data, seed, channels),
        seed=seed,
        second=seed % 4 == 0,
    )
    for name, found, expected in zip(["running mean", "running variance"], statistics, for_torch, strict=True):
        if found is not None:
            assert_close(name, found, expected.numpy())


shapes = st.lists(st.integers(0, 4), min_size=0, max_size=4)


@given(seeds, shapes, st.sampled_from(["relu", "leaky_relu", "tanh", "sigmoid"]), st.sampled_from([0.1, 1, 30]))
@cases(800)
def test_activations(seed: int, shape: list[int], name: str, scale: float):
    options = {"negative_slope": 0.2} if name == "leaky_relu" and seed % 2 else {}
    agree(name, {"input": values(seed, *shape) * scale}, seed, **options)


@given(st.data(), seeds, st.sampled_from(["none", "mean", "sum"]), st.sampled_from(["l1_loss", "mse_loss"]))
@cases(800)
def test_distances(data: Draw, seed: int, reduction: str, name: str):
    shape = data.draw(shapes)
    start = data.draw(st.integers(0, len(shape)))  # a target with fewer axes, or of length 1, is broadcast
    target = [data.draw(st.sampled_from([n, 1])) for n in shape[start:]]
    agree(name, {"input": values(seed, *shape), "target": values(seed + 1, *target)}, seed, reduction=reduction)


@given(st.data(), seeds, st.sampled_from(["none", "mean", "sum"]), st.sampled_from([1, 50, 800]))
@cases(1000)
def test_binary_cross_entropy_with_logits(data: Draw, seed: int, reduction: str, scale: float):
    shape = data.draw(shapes)
    rng = np.random.default_rng(seed)
    target = rng.random(shape) if data.draw(st.booleans()) else np.round(rng.random(shape))
    weights: dict[str, np.ndarray] = {}
    for name in ("weight", "pos_weight"):
        if data.draw(st.booleans()):
            start = data.draw(st.integers(0, len(shape)))
            weights[name] = np.abs(values(seed, *[data.draw(st.sampled_from([n, 1])) for n in shape[start:]]))
    for_torch = {name: torch.tensor(array) for name, array in weights.items()}  # no gradients: PyTorch refuses one
    assert_agree(
        lambda input, target: NF.binary_cross_entropy_with_logits(input, target, **weights, reduction=reduction),
        lambda input, target: F.binary_cross_entropy_with_logits(input, target, **for_torch, reduction=reduction),
        {"input": values(seed, *shape) * scale, "target": np.asarray(target)},
        seed=seed,
        second=seed % 4 == 0 and 0 not in shape,
    )


@given(st.data(), seeds)
@cases(600)
def test_linear(data: Draw, seed: int):
    inputs, outputs = data.draw(st.integers(1, 4)), data.draw(st.one_of(st.none(), st.integers(1, 4)))
    batch = data.draw(st.lists(st.integers(0, 3), max_size=3))
    arrays = {
        "input": values(seed, *batch, inputs),
        "weight": values(seed, *([] if outputs is None else [outputs]), inputs),
        "bias": values(seed, outputs) if outputs is not None and data.draw(st.booleans()) else None,
    }
    agree("linear", arrays, seed)


@given(seeds, st.sampled_from([0.0, 0.3, 0.5, 1.0]), st.booleans())
@cases(240)
def test_dropout(seed: int, p: float, training: bool):
    x = rn.Tensor(np.random.default_rng(seed).random((40, 50)) + 1, requires_grad=True)
    y = NF.dropout(x, p, training, np.random.default_rng(seed))
    kept = y.data != 0
    share = 1 - p if training else 1.0
    assert abs(kept.mean() - share) < 0.06  # 5 standard deviations of a mean of 2,000 coin flips
    np.testing.assert_array_equal(y.data, np.where(kept, x.data / (share or 1), 0))
    y.backward(np.ones(y.shape))
    np.testing.assert_array_equal(x.grad, np.where(kept, 1 / (share or 1), 0))


def test_argument_order_is_the_contract():
    expected = {
        "conv2d": "input weight bias stride padding dilation groups",
        "conv_transpose2d": "input weight bias stride padding output_padding groups dilation",
        "pad": "input pad mode value",
        "instance_norm": "input weight bias eps",
        "batch_norm": "input running_mean running_var weight bias training momentum eps",
        "dropout": "input p training rng",
        "avg_pool2d": "input kernel_size stride padding ceil_mode count_include_pad divisor_override",
        "leaky_relu": "input negative_slope",
        "linear": "input weight bias",
        "binary_cross_entropy_with_logits": "input target weight reduction pos_weight",
    }
    for name, order in expected.items():
        assert list(inspect.signature(getattr(NF, name)).parameters) == order.split()


@pytest.mark.parametrize("name", sorted(NF.__all__))
def test_float32_is_kept(name: str):
    rng = np.random.default_rng(0)
    x = rn.Tensor(rng.random((2, 4, 5, 5), np.float32), requires_grad=True)
    four, kernel = rng.random(4, np.float32), rng.random((4, 4, 3, 3), np.float32)
    extra: dict[str, dict[str, Any]] = {
        "conv2d": {"weight": kernel, "bias": four},
        "conv_transpose2d": {"weight": kernel, "bias": four},
        "avg_pool2d": {"kernel_size": 2, "padding": 1},
        "pad": {"pad": (1, 2, 1, 0), "mode": "reflect"},
        "instance_norm": {"weight": four, "bias": four},
        "batch_norm": {"running_mean": four.copy(), "running_var": four.copy(), "weight": four, "training": True},
        "dropout": {"p": 0.5, "training": True, "rng": rng},
        "linear": {"weight": rng.random((3, 5), np.float32)},
        "l1_loss": {"target": x.data[::-1]},
        "mse_loss": {"target": 1},
        "binary_cross_entropy_with_logits": {"target": x.data[::-1], "pos_weight": four[:, None, None]},
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        y = getattr(NF, name)(x, **extra.get(name, {}))
    y.sum().backward()
    assert y.dtype == x.grad.dtype == np.float32


@pytest.mark.parametrize(("name", "arguments", "options", "says"), ILLEGAL)
def test_what_pytorch_refuses_is_refused_and_says_why(name: str, arguments: tuple, options: dict, says: str):
    with pytest.raises((RuntimeError, ValueError, IndexError, NotImplementedError), match=says):
        getattr(NF, name)(*arguments, **options)
    tensors = [torch.tensor(one) if isinstance(one, np.ndarray) else one for one in arguments]
    options = {key: torch.tensor(one) if isinstance(one, np.ndarray) else one for key, one in options.items()}
    with pytest.raises((RuntimeError, ValueError, IndexError, NotImplementedError)):
        getattr(F, name)(*tensors, **options)
