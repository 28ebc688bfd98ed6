"""Comparison, membership, truth and hash of a Tensor: element by element, or an error, and never a silent False."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest
import torch

import reference_numpy as rn
from reference_numpy.tensor import where

OPERATORS = [operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge]
X = [[0.0, 2.0, -1.0], [np.nan, 2.0, 3.0]]
OTHERS: list[Any] = [2, 2.0, True, np.float32(2), np.array([0.0, 2.0, 3.0]), [[2], [3]], rn.Tensor([2.0, 2.0, -1.0])]


@pytest.mark.parametrize("compare", OPERATORS)
@pytest.mark.parametrize("other", OTHERS, ids=lambda other: type(other).__name__)
@pytest.mark.parametrize("needs", [False, True])
def test_comparisons_go_element_by_element_from_both_sides(compare, other, needs: bool):
    x = rn.Tensor(X, requires_grad=needs)
    right = np.asarray(other.data if isinstance(other, rn.Tensor) else other)
    theirs = torch.tensor(right)
    for found, expected in (
        (compare(x, other), compare(torch.tensor(X), theirs).numpy()),
        (compare(other, x), compare(theirs, torch.tensor(X)).numpy()),
    ):
        assert type(found) is np.ndarray
        assert found.dtype == bool
        np.testing.assert_array_equal(found, expected)


def test_a_condition_picks_what_it_says_and_gradients_follow():
    x = rn.Tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = where(x == 2, x, 0.0)
    np.testing.assert_array_equal(y.data, [0, 2, 0])
    (y.sum() + x[x > 1].sum()).backward()
    np.testing.assert_array_equal(x.grad, [0, 2, 1])


@pytest.mark.parametrize("other", [None, "2", {}, object()])
def test_what_is_no_number_is_not_equal_and_has_no_order(other):
    x = rn.Tensor([2.0])
    assert (x == other) is False
    assert (x != other) is True
    assert (other == x) is False
    for compare in OPERATORS[2:]:
        with pytest.raises(TypeError):
            compare(x, other)


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(RuntimeError, match=r"\(2,\) and \(3,\)"):
        _ = rn.Tensor([1.0, 2.0]) == rn.Tensor([1.0, 2.0, 3.0])


@pytest.mark.parametrize("value", [0.0, -0.0, 2.0, np.nan, np.inf])
@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_one_number_is_true_or_false_as_in_pytorch(value: float, shape):
    array = np.full(shape, value)
    assert bool(rn.Tensor(array)) is bool(torch.tensor(array))
    assert (not rn.Tensor(array, requires_grad=True)) is (not torch.tensor(array))


@pytest.mark.parametrize(
    "ask",
    [
        lambda x: bool(x),
        lambda x: 1 if x else 0,
        lambda x: x and 1,
        lambda x: not x,
        lambda x: bool(x[:0]),
        lambda x: bool(x == x),
        lambda x: 0 < x < 3,  # python asks for the truth of the first half
        lambda x: x in [rn.Tensor([5.0, 6.0])],
        lambda x: max(rn.Tensor([[1.0, 2.0], [2.0, 1.0]])),
    ],
)
def test_many_numbers_are_neither_true_nor_false(ask):
    with pytest.raises((RuntimeError, ValueError), match=r"true nor false|ambiguous"):
        ask(rn.Tensor([1.0, 2.0]))


def test_membership_is_of_elements_in_a_tensor_and_of_tensors_in_a_list():
    x, y = rn.Tensor([[1.0, 2.0], [3.0, 4.0]]), rn.Tensor(2.0)
    assert 2 in x
    assert y in x
    assert 5 not in x
    assert None not in x
    assert x in [x, y]  # itself is found before anything is compared
    assert [1.0, 2.0] in x  # broadcast, as PyTorch has it


def test_a_tensor_is_its_own_key():
    a, b = rn.Tensor([1.0, 2.0]), rn.Tensor([1.0, 2.0])
    names = {a: "a", b: "b"}
    assert (names[a], names[b], len({a, b, a})) == ("a", "b", 2)
    a.data += 1
    assert names[a] == "a"


def test_a_loop_goes_over_rows_and_one_number_has_none():
    assert [row.data.tolist() for row in rn.Tensor([[1.0, 2.0], [3.0, 4.0]])] == [[1, 2], [3, 4]]
    assert all(rn.Tensor([1.0, 2.0]))
    assert not all(rn.Tensor([1.0, 0.0]))
    with pytest.raises(TypeError):
        all(rn.Tensor(0.0))
