"""The gradient checker finds what is wrong, and finds every operation right."""

from __future__ import annotations

import numpy as np
import pytest

import reference_numpy as rn
from reference_numpy import gradcheck
from reference_numpy.gradcheck import TOLERANCE, relative_error
from reference_numpy.tensor import TABLE, Operation

X = np.random.default_rng(0).standard_normal((3, 4)) + 3


def test_every_operation_passes(capsys: pytest.CaptureFixture[str]):
    assert gradcheck.main() == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(gradcheck.cases()) + 1
    assert {*TABLE, *rn.functional.__all__} <= gradcheck.cases().keys()
    assert not any("WRONG" in line or "no case" in line for line in lines)


def test_it_fails_where_an_operation_is_wrong_or_has_no_case(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    some = gradcheck.cases()
    some["exp"] = (Operation("exp", np.exp, (lambda g, y, x: g * y * 1.001,)), some["exp"][1])
    del some["pad"]
    monkeypatch.setattr(gradcheck, "cases", lambda: some)
    assert gradcheck.main() == 1
    output = capsys.readouterr().out
    assert output.count("WRONG") == 1
    assert "pad                                has no case" in output


@pytest.mark.parametrize(
    "vjp",
    [
        lambda g, y, x: g * x * x * 3.00001,  # off by a factor
        lambda g, y, x: g * x * x * x,
        lambda g, y, x: -3 * g * x * x,
        lambda g, y, x: g.transpose().reshape(3, 4) * x * x * 3,  # the right numbers in the wrong places
        lambda g, y, x: g.mean(0) * x * x * 3,
    ],
)
def test_wrong_vjps_are_found(vjp):
    right = Operation("cube", lambda x: x**3, (lambda g, y, x: g * x * x * 3,))
    assert relative_error(right, X) < TOLERANCE
    assert relative_error(right, X, order=2) < TOLERANCE
    assert relative_error(right, X, order=3) < 1e3 * TOLERANCE  # differences of differences of differences
    assert relative_error(Operation("cube", lambda x: x**3, (vjp,)), X) > 10 * TOLERANCE


def test_a_vjp_that_is_right_only_to_first_order_is_found():
    """Written with arrays, where Tensor operations are meant: the gradient is right but cannot be differentiated."""
    frozen = Operation("cube", lambda x: x**3, (lambda g, y, x: g * (x.data**2 * 3),))
    assert relative_error(frozen, X) < TOLERANCE
    assert relative_error(frozen, X, order=2) > 0.1


def test_a_corner_is_no_derivative():
    assert relative_error(rn.functional.relu, np.zeros(5)) > 0.1
