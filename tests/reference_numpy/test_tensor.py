"""Tensor: its operations against PyTorch, and the graph's own promises."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import reference_numpy as rn
from reference_numpy.tensor import where
from tests.reference_numpy.compare import assert_agree, assert_close

torch.set_num_threads(1)
Draw = Any
seeds = st.integers(0, 10**6)
shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)


def cases(count: int) -> settings:
    return settings(max_examples=count, deadline=None, derandomize=True, database=None)


def values(seed: int, shape: Any) -> np.ndarray:
    return np.asarray(np.random.default_rng(seed).standard_normal(shape))


def second_order(seed: int, *arrays: np.ndarray) -> bool:
    """Every fourth case; gradients of gradients of nothing are nothing."""
    return seed % 4 == 0 and all(array.size for array in arrays)


BINARY = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / (b * b + 0.5),
    "power": lambda a, b: (a * a + 0.1) ** b,
    "numbers": lambda a, b: 2 * a - b / 3 + 1 - (4 - a) + (a * a + 1) ** 1.5 + 2**b + 1 / (b * b + 1),
}


@given(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=4, min_side=0), seeds, st.data())
@cases(600)
def test_broadcasting_arithmetic(both: Any, seed: int, data: Draw):
    function = BINARY[data.draw(st.sampled_from(sorted(BINARY)))]
    a, b = values(seed, both.input_shapes[0]), values(seed + 1, both.input_shapes[1])
    assert_agree(function, function, {"a": a, "b": b}, seed=seed, second=second_order(seed, a, b))


@given(st.sampled_from([-2, -1, 0, 1, 2, 3, 0.5]), seeds)
@cases(60)
def test_powers_with_zero_bases(exponent: float, seed: int):
    a = np.array([0.0, 1.0, 2.0, 0.5]) * (1 if exponent == 0.5 else [1, -1, -1, 1])
    assert_agree(lambda a: a**exponent, lambda a: a**exponent, {"a": a}, seed=seed)


UNARY = {
    "exp": lambda x: x.exp(),
    "log": lambda x: (x * x + 0.1).log(),
    "sqrt": lambda x: (x * x + 0.1).sqrt(),
    "abs": lambda x: x.abs() + abs(x),
    "negative": lambda x: -x,
    "transpose": lambda x: x.T if x.ndim == 2 else x * x,
    "flatten": lambda x: x.reshape(-1) if 0 not in x.shape else x.reshape(x.shape),
}


@given(st.sampled_from(sorted(UNARY)), shapes, seeds)
@cases(300)
def test_elementwise(name: str, shape: tuple[int, ...], seed: int):
    x = np.round(values(seed, shape), 1)  # some are exactly 0
    assert_agree(UNARY[name], UNARY[name], {"x": x}, seed=seed, second=second_order(seed, x))


def test_infinities_are_silent_and_equal():
    x = np.array([0.0, -1.0, 2.0])
    for function in (lambda x: x.log(), lambda x: 1 / x, lambda x: (x - 2).sqrt(), lambda x: (x * 1000).exp()):
        assert_agree(function, function, {"x": x})


@pytest.mark.filterwarnings("ignore:var")  # PyTorch warns where it divides by 0 degrees of freedom
@given(shapes, seeds, st.data())
@cases(400)
def test_reductions(shape: tuple[int, ...], seed: int, data: Draw):
    name = data.draw(st.sampled_from(["sum", "mean", "var"]))
    keep = data.draw(st.booleans())
    some = st.sets(st.integers(0, max(len(shape) - 1, 0)), min_size=1).map(sorted)
    axes = data.draw(st.one_of(st.none(), some)) if shape else None
    if axes and data.draw(st.booleans()):
        axes[0] -= len(shape)  # counted from the end
    chosen = axes[0] if axes is not None and len(axes) == 1 else None if axes is None else tuple(axes)
    options = {"correction": data.draw(st.integers(0, 1))} if name == "var" else {}
    x = values(seed, shape)
    assert_agree(
        lambda x: getattr(x, name)(axis=chosen, keepdims=keep, **options),
        lambda x: getattr(x, name)(dim=tuple(range(x.ndim)) if chosen is None else chosen, keepdim=keep, **options),
        {"x": x},
        seed=seed,
        second=second_order(seed, x) and name != "var",  # where var divides by 0 the second order is NaN · 0
    )


@given(hnp.mutually_broadcastable_shapes(signature=np.matmul.signature, max_dims=3, min_side=0, max_side=4), seeds)
@cases(500)
def test_matmul(both: Any, seed: int):
    a, b = values(seed, both.input_shapes[0]), values(seed + 1, both.input_shapes[1])
    assert_agree(lambda a, b: a @ b, lambda a, b: a @ b, {"a": a, "b": b}, seed=seed, second=second_order(seed, a, b))


def backwards(index: Any) -> bool:
    parts = index if isinstance(index, tuple) else (index,)
    return any(isinstance(part, slice) and (part.step or 1) < 0 for part in parts)


@given(hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=4), seeds, st.data())
@cases(400)
def test_indexing(shape: tuple[int, ...], seed: int, data: Draw):
    basic = hnp.basic_indices(shape, allow_newaxis=True).filter(lambda index: not backwards(index))
    whole = hnp.integer_array_indices(shape, result_shape=hnp.array_shapes(max_dims=2, max_side=3))
    rows = hnp.integer_array_indices(shape[:1], result_shape=hnp.array_shapes(max_dims=2, max_side=3))
    masks = hnp.arrays(bool, shape)
    index = data.draw(st.one_of(basic, whole, rows, masks))
    parts = index if isinstance(index, tuple) else (index,)
    for_torch = tuple(torch.tensor(part) if isinstance(part, np.ndarray) else part for part in parts)
    x = values(seed, shape)
    second = seed % 4 == 0 and x[index].size > 0
    assert_agree(lambda x: (x * x)[index], lambda x: (x * x)[for_torch], {"x": x}, seed=seed, second=second)


@given(hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=3), seeds, st.data())
@cases(200)
def test_shapes(shape: tuple[int, ...], seed: int, data: Draw):
    ndim = len(shape)
    order = data.draw(st.permutations(range(ndim)))
    first, second, axis = (data.draw(st.integers(-ndim, ndim - 1)) for _ in range(3))
    lengths = [data.draw(st.integers(0, 3)) for _ in range(3)]
    parts = {"abc"[k]: values(seed + k, [n if i == axis % ndim else m for i, m in enumerate(shape)]) for k, n in
             enumerate(lengths)}  # fmt: skip
    assert_agree(
        lambda a, b, c: rn.Tensor.concatenate([a, b * b, c], axis).transpose(first, second).transpose(tuple(order)),
        lambda a, b, c: torch.cat([a, b * b, c], axis).transpose(first, second).permute(*order),
        parts,
        seed=seed,
    )
    assert_agree(
        lambda a: (a * a).reshape(shape[::-1]), lambda a: (a * a).reshape(shape[::-1]), {"a": values(seed, shape)}
    )


def test_where_transposes_and_concatenate_second_order():
    condition = np.array([[True, False, True], [False, False, True]])
    assert_agree(
        lambda a, b: where(condition, a * a, rn.concatenate([b, b * b])).transpose(),
        lambda a, b: torch.where(torch.tensor(condition), a * a, torch.cat([b, b * b])).mT,
        {"a": values(0, (2, 3)), "b": values(1, (1, 3))},
        second=True,
    )


# ----------------------------------------------------------------------------------------------------- the graph


def leaf(*numbers: float) -> rn.Tensor:
    return rn.Tensor(np.array(numbers), requires_grad=True)


def test_a_diamond_counts_every_path_once():
    a = leaf(3.0)
    b = a + a
    c = b + b
    c.backward()
    np.testing.assert_array_equal(a.grad, [4.0])


def test_a_node_that_is_shared_by_long_and_short_paths():
    a = leaf(2.0)
    b = a * a  # used directly, and three operations later
    ((b + 1) * 3 - b).exp().backward(np.ones(1))
    np.testing.assert_allclose(a.grad, np.exp(2 * 4 + 3) * 2 * 2 * 2, rtol=1e-14)


def test_backward_twice_accumulates_as_in_pytorch():
    a, t = leaf(3.0), torch.tensor([3.0], dtype=torch.float64, requires_grad=True)
    y, ty = (a * a * a).sum(), (t * t * t).sum()
    for _ in range(3):
        y.backward()
        ty.backward(retain_graph=True)
        np.testing.assert_array_equal(a.grad, t.grad.numpy())
    (a * 5).sum().backward()
    np.testing.assert_array_equal(a.grad, [3 * 27.0 + 5])


def test_two_outputs_of_one_graph_do_not_mix():
    a = leaf(3.0)
    b = a * a
    first, second = b * 2, b * 5
    first.backward()
    second.backward()
    np.testing.assert_array_equal(a.grad, [6 * 2 + 6 * 5])


def test_a_chain_of_a_hundred_thousand_operations():
    a = leaf(1.0)
    y = a
    for _ in range(100_000):
        y = y + 0.5
    y.backward()
    np.testing.assert_array_equal(a.grad, [1.0])
    y.backward(create_graph=True)
    assert a.grad.data == 2.0
    del y  # taking the chain apart must not recurse either


def test_gradients_of_gradients():
    x = leaf(2.0)
    y = x**4
    for expected in (32.0, 48.0, 48.0, 24.0, 0.0):  # 4x³, 12x², 24x, 24, 0
        (y,) = rn.grad(y, [x], np.ones(1), create_graph=True)
        np.testing.assert_allclose(y.data, [expected], rtol=1e-14)
    assert x.grad is None  # rn.grad never touches it


def test_grad_is_a_tensor_under_create_graph_and_an_array_otherwise():
    x = leaf(2.0, 3.0)
    (x * x * x).sum().backward(create_graph=True)
    assert isinstance(x.grad, rn.Tensor)
    first, x.grad = x.grad, None
    (first * first).sum().backward()  # d/dx (3x²)² = 36 x³
    assert isinstance(x.grad, np.ndarray)
    np.testing.assert_allclose(x.grad, [288.0, 972.0], rtol=1e-14)


def test_grad_of_inner_tensors_and_of_unused_ones():
    x = leaf(2.0)
    y = x * x
    (found,) = rn.grad((y * y).sum(), [y])
    np.testing.assert_array_equal(found.data, [8.0])
    with pytest.raises(RuntimeError, match=r"\(1,\).*not used"):
        rn.grad(y, [leaf(1.0)])


def test_the_gradient_may_be_a_tensor_or_an_array():
    for gradient in (np.array([2.0, 3.0]), rn.Tensor([2.0, 3.0])):
        x = leaf(1.0, 1.0)
        (x * 4).backward(gradient)
        np.testing.assert_array_equal(x.grad, [8.0, 12.0])


def test_a_gradient_can_be_changed_and_belongs_to_its_tensor_alone():
    x, y = leaf(1.0, 2.0), leaf(1.0, 2.0)
    g = np.ones(2)
    (x + y).backward(g)
    x.grad *= 10
    np.testing.assert_array_equal(y.grad, [1.0, 1.0])
    np.testing.assert_array_equal(g, [1.0, 1.0])
    x.grad = None
    x.sum().backward()  # broadcast from a single number
    x.grad *= 2


def test_no_grad_and_detach():
    x = leaf(2.0)
    with rn.no_grad():
        assert not (x * x).requires_grad
    y = x * x.detach()
    y.backward()
    np.testing.assert_array_equal(x.grad, [2.0])

    @rn.no_grad()
    def silent() -> rn.Tensor:
        return x * x

    assert not silent().requires_grad
    assert (x * x).requires_grad
    with pytest.raises(ZeroDivisionError), rn.no_grad():
        raise ZeroDivisionError
    assert (x * x).requires_grad


def test_no_grad_in_one_thread_leaves_others_alone():
    found = []
    with rn.no_grad():
        worker = threading.Thread(target=lambda: found.append((leaf(1.0) * 2).requires_grad))
        worker.start()
        worker.join()
    assert found == [True]


def test_arrays_and_numbers_on_the_left():
    x, a = leaf(2.0, 4.0), np.array([1.0, 3.0])
    for y, expected in (
        (a + x, [3, 7]),
        (a - x, [-1, -1]),
        (a * x, [2, 12]),
        (a / x, [0.5, 0.75]),
        (a**x, [1, 81]),
        (a @ x, 14),
        (np.float64(2) * x, [4, 8]),
        (1 - x, [-1, -3]),
    ):
        assert isinstance(y, rn.Tensor)
        np.testing.assert_array_equal(y.data, expected)


def test_dtypes():
    assert rn.Tensor([1, 2]).dtype == rn.Tensor(True).dtype == rn.Tensor(np.arange(3)).dtype == np.float64
    x = rn.Tensor(np.ones(3, np.float32), requires_grad=True)
    for y in (x * 2, 2.5 - x, x / np.arange(1, 4), x**2, x.mean(), x.var(), x * np.float64(2), x[0], x * [1, 2, 3]):
        assert y.dtype == np.float32
    (x * np.ones(3)).sum().backward()  # float64 arithmetic, but the gradient has the type of its tensor
    assert x.grad.dtype == np.float32


def test_changing_data_in_place_changes_the_gradient_as_documented():
    x = leaf(2.0)
    y = x * x
    x.data[:] = 5
    y.backward()
    np.testing.assert_array_equal(x.grad, [10.0])


@pytest.mark.parametrize(
    ("mistake", "says"),
    [
        (lambda: leaf(1, 2) + leaf(1, 2, 3), r"\(2,\) and \(3,\)"),
        (lambda: leaf(1, 2) @ leaf(1, 2, 3), r"\(2,\) and \(3,\)"),
        (lambda: rn.Tensor(np.ones((2, 3))) @ np.ones((4, 5)), r"\(2, 3\) and \(4, 5\)"),
        (lambda: rn.Tensor(np.ones((2, 3, 4))) @ np.ones((3, 4, 5)), r"\(2, 3, 4\) and \(3, 4, 5\)"),
        (lambda: leaf(1, 2) @ rn.Tensor(2), r"\(2,\) and \(\)"),
        (lambda: leaf(1, 2, 3).reshape(2, 2), r"\(3,\)"),
        (lambda: rn.concatenate([np.ones((2, 3)), np.ones((2, 4))]), r"\(2, 3\) and \(2, 4\)"),
        (lambda: leaf(1, 2).backward(), r"\(2,\)"),
        (lambda: leaf(1, 2).backward(np.ones(3)), r"\(3,\).*\(2,\)"),
        (lambda: (rn.Tensor(2.0) * 2).backward(), "require grad"),
    ],
)
def test_errors_name_the_shapes(mistake: Any, says: str):
    with pytest.raises(RuntimeError, match=says):
        mistake()


def test_axes_out_of_range():
    with pytest.raises(IndexError):
        leaf(1, 2).sum(1)
    with pytest.raises(IndexError):
        leaf(1, 2)[2]


def test_a_tensor_becomes_an_array_only_where_no_gradient_is_lost():
    np.testing.assert_array_equal(np.asarray(leaf(1, 2).detach()), [1, 2])
    np.testing.assert_array_equal(np.concatenate([rn.Tensor([1]), rn.Tensor([2])]), [1, 2])
    for lossy in (lambda: np.concatenate([leaf(1), leaf(2)]), lambda: np.asarray(leaf(1))):
        with pytest.raises(RuntimeError, match="detach"):
            lossy()
    with pytest.raises(TypeError):
        np.exp(leaf(1))


def test_a_number_can_be_taken_out():
    assert leaf(2.5).item() == 2.5
    assert len(leaf(1, 2)) == 2
    assert "requires_grad" in repr(leaf(1))
    assert_close("T", rn.Tensor(np.ones((2, 3))).T.data, np.ones((3, 2)))


def test_no_torch_anywhere():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import reference_numpy, pkgutil, importlib\n"
        "for module in pkgutil.iter_modules(reference_numpy.__path__):\n"
        "    importlib.import_module('reference_numpy.' + module.name)\n"
        "assert not [name for name in sys.modules if name.split('.')[0] in ('torch', 'minicyclegan') "
        "and sys.modules[name]]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
