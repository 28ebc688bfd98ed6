"""Every sentence that a check can say, and that right answers are taken in whatever form they come."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from checking.engine import Exercise, Mistake, WrongAnswer
from reference_numpy import Tensor

INPUTS = [(np.array([[1.0, 2.0], [3.0, 5.0]]),), (np.array([[0.5, -1.0, 4.0]]),)]


def _crashes(x):
    raise RuntimeError("a mistake that stops is passed over")


DOUBLE = Exercise(
    "9.1",
    reference=lambda x: 2 * x,
    inputs=INPUTS,
    mistakes=(
        Mistake("This never shows.", _crashes),
        Mistake("This looks like a square; 2x is x + x.", lambda x: x**2),
        Mistake("This looks like a half; multiply.", lambda x: x / 2),
    ),
)
PARTS = Exercise("9.2", reference=lambda x: {"mean": x.mean(), "rows": (x[0], x[-1])}, inputs=INPUTS, mistakes=())


def says(exercise: Exercise, answer) -> str:
    with pytest.raises(WrongAnswer) as caught:
        exercise.check(answer)
    assert caught.value._render_traceback_() == [f"✗ {caught.value}"], "without a traceback"
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_right_answer(capsys):
    DOUBLE.check(lambda x: x + x)
    assert capsys.readouterr().out == "✓ task 9.1: right on 2 inputs\n"


def _stub(x):
    raise NotImplementedError("task 9.1: double it")


def _bare_stub(x):
    raise NotImplementedError


def _in_place(x):
    x *= 2
    return x


def _forgets(x):
    2 * x


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (_stub, "task 9.1: double it: still to do; replace the line that raises NotImplementedError"),
        (_bare_stub, "task 9.1: still to do; replace the line that raises NotImplementedError"),
        (lambda x: x**2, "task 9.1: This looks like a square; 2x is x + x."),
        (lambda x: x / 2, "task 9.1: This looks like a half; multiply."),
        (lambda x: 2 * x @ x, "task 9.1: it stopped on input 2 of 2 with ValueError: *"),
        (_forgets, "task 9.1: it returned None on input 1 of 2; is there a return?"),
        (lambda x: "12", "task 9.1: it returned a str on input 1 of 2, which is no array of numbers"),
        (lambda x: [[1, 2], [3]], "task 9.1: it returned a list on input 1 of 2, which is no array of numbers"),
        (lambda x: 2j * x, "task 9.1: it returned a ndarray on input 1 of 2, which is no array of numbers"),
        (_in_place, "task 9.1: it changed its own input; work on a copy, or make a new one"),
        (lambda x: (x, x[0]), "task 9.1: on input 1 of 2 it returned part 1, part 2, where one array is expected"),
        (
            lambda x: 2 * x.reshape(x.shape[::-1]),
            "task 9.1: wrong shape on input 2 of 2: (3, 1), where (1, 3) is expected",
        ),
        (
            lambda x: 2 * x / (x != 2),
            "task 9.1: on input 1 of 2 the result holds values that are not finite; is something divided by 0?",
        ),
        (
            lambda x: 2 * x + (x > 4),
            "task 9.1: wrong; on input 1 of 2 first differs at [1, 1]: 11, where 10 is expected",
        ),
        (
            lambda x: 2 * np.abs(x),
            "task 9.1: wrong; on input 2 of 2 first differs at [0, 1]: 2, where -2 is expected",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_what_is_said_of_one_array(answer, sentence):
    pattern = re.escape(sentence).replace(r"\*", ".*") if sentence.endswith("*") else re.escape(sentence)
    assert re.fullmatch(pattern, says(DOUBLE, answer))


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (
            lambda x: {"mean": 0.0, "rows": (x[0], x[-1])},
            "task 9.2: wrong; on input 1 of 2 mean first differs: 0, where 2.75 is expected",
        ),
        (
            lambda x: {"mean": x.mean(), "rows": (x[0], -x[-1])},
            "task 9.2: wrong; on input 1 of 2 rows part 2 first differs at [0]: -3, where 3 is expected",
        ),
        (
            lambda x: {"mean": x.mean(), "rows": (x[0], x[:1])},
            "task 9.2: wrong shape on input 1 of 2: rows part 2 (1, 2), where (2,) is expected",
        ),
        (
            lambda x: {"mean": x.mean()},
            "task 9.2: on input 1 of 2 it returned mean, where mean, rows part 1, rows part 2 is expected",
        ),
        (
            lambda x: {"mean": np.nan, "rows": (x[0], x[-1])},
            "task 9.2: on input 1 of 2 mean holds values that are not finite; is something divided by 0?",
        ),
    ],
)
def test_what_is_said_of_several_parts(answer, sentence):
    assert " ".join(says(PARTS, answer).split()) == sentence


@pytest.mark.parametrize(
    "change",
    [
        lambda tree: tree["b"].pop(),
        lambda tree: tree.pop("a"),
        lambda tree: tree.update(c=1),
        lambda tree: tree["a"].append(3.0),
        lambda tree: tree["a"].reverse(),
        lambda tree: tree["b"][0][1].sort(),
    ],
)
def test_a_dict_or_list_that_was_changed_is_noticed_however_deep(change):
    tree = {"a": [1.0, 2.0], "b": [("a", np.array([3.0, 1.0, np.nan]))]}
    exercise = Exercise("9.11", lambda tree, function: 1.0, [(tree, len)], ())
    exercise.check(lambda tree, function: 1.0)
    assert says(exercise, lambda tree, function: (change(tree), 1.0)[1]).startswith("task 9.11: it changed its own")


def test_a_mistake_must_fit_on_every_input_to_be_named():
    assert says(DOUBLE, lambda x: x**2 if len(x) == 2 else x).startswith("task 9.1: wrong; on input 1 of 2 first")


def test_the_students_own_exception_is_kept_for_whoever_wants_to_look():
    with pytest.raises(WrongAnswer) as caught:
        DOUBLE.check(_crashes)
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_each_answer_gets_fresh_inputs_and_so_does_observe():
    seen = []
    exercise = Exercise(
        "9.3",
        reference=lambda x: x.sum(),
        inputs=INPUTS,
        mistakes=(),
        observe=lambda answer, x: {"twice": answer(np.concatenate([x, x])), "once": seen.append(x) or answer(x)},
    )
    exercise.check(lambda x: x.sum())
    assert all(x is not original for x in seen for (original,) in INPUTS)


FORMS = {
    "float64": lambda y: y,
    "float32": lambda y: y.astype(np.float32),
    "nested lists": lambda y: y.tolist(),
    "lists of NumPy's numbers": lambda y: [list(row) for row in y.astype(np.float32)],
    "a tuple of rows": tuple,
    "a list of tensors": lambda y: list(torch.from_numpy(y)),
    "PyTorch": torch.from_numpy,
    "PyTorch, float32, with a graph": lambda y: torch.from_numpy(y).float().requires_grad_() * 1,
    "the reference's tensor": lambda y: Tensor(y, requires_grad=True),
    "another memory order": np.asfortranarray,
    "read-only": lambda y: np.broadcast_to(y, y.shape),
}
MATRICES = arrays.arrays(
    np.float64, arrays.array_shapes(min_dims=2, max_dims=2), elements=st.floats(-1e6, 1e6, width=32)
)


@given(x=MATRICES, form=st.sampled_from(sorted(FORMS)))
def test_right_answers_of_any_type_pass(x, form):
    Exercise("9.4", lambda x: 3 * x - 1, [(x,)], ()).check(lambda x: FORMS[form](3 * x - 1))


@given(
    value=st.floats(-1e6, 1e6, width=32),
    form=st.sampled_from([float, np.float64, np.float32, np.array, torch.tensor, Tensor]),
)
def test_right_numbers_of_any_type_pass(value, form):
    Exercise("9.5", lambda x: x, [(value,)], ()).check(form)


@given(x=MATRICES, share=st.sampled_from([1e-3, -1e-3]), data=st.data())
def test_one_element_off_by_a_thousandth_of_the_largest_is_found(x, share, data):
    """Ten times the tolerance."""
    largest = np.abs(x).max()
    index = tuple(data.draw(st.integers(0, n - 1)) for n in x.shape)

    def answer(x):
        y = x.copy()
        y[index] += share * largest if largest > 1e-300 else 1.0
        return y

    sentence = says(Exercise("9.6", lambda x: x, [(x,)], ()), answer)
    assert f"first differs at {list(index)}" in sentence


def test_whole_numbers_and_truth_values_pass_for_numbers():
    for given_, right in ((3, 3.0), (True, 1.0), (np.arange(3), np.arange(3.0)), ([1, 2], np.array([1.0, 2.0]))):
        Exercise("9.7", lambda: right, [()], ()).check(lambda: given_)  # noqa: B023


def test_rounding_is_measured_beside_the_largest_value_where_the_right_one_is_nought():
    Exercise("9.8", lambda: np.array([0.0, 1000.0]), [()], ()).check(lambda: np.array([1e-3, 1000.0]))


def test_a_number_where_two_are_expected():
    said = says(Exercise("9.9", lambda: (np.ones(2), np.ones(3)), [()], ()), lambda: 1.0)
    assert said == "task 9.9: on input 1 of 1 it returned one array, where part 1, part 2 is expected"


def test_infinity_where_it_is_right_and_elsewhere():
    exercise = Exercise("9.10", lambda: np.array([np.inf, 1.0, np.nan]), [()], ())
    exercise.check(lambda: np.array([np.inf, 1.0, np.nan]))
    said = says(exercise, lambda: np.array([np.inf, np.inf, np.nan]))
    assert said == "task 9.10: wrong; on input 1 of 1 first differs at [1]: inf, where 1 is expected"


@pytest.mark.parametrize("wrong_too", [False, True])
def test_gradients_that_stay_switched_off_are_told_and_switched_on_again(wrong_too):
    def switching_off(x):
        torch.set_grad_enabled(False)
        if wrong_too:
            raise ValueError
        return 2 * x

    assert "stay switched off" in says(DOUBLE, switching_off)
    assert torch.is_grad_enabled()
