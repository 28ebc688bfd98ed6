"""Every sentence that a check can say, and that right answers are taken in whatever form they come."""

import inspect
import io
import os
import pickle
import random
import re
import sys
import types
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from checking import engine
from checking.engine import Exercise, Mistake, WrongAnswer
from checking.surroundings import read_settings
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


def _torch_only(x):
    raise NotImplementedError("not for this type")


RETURNED = "task 9.1: on input 1 of 2 it returned"


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (_stub, "task 9.1: double it: still to do; replace the line that raises NotImplementedError"),
        (_bare_stub, "task 9.1: still to do; replace the line that raises NotImplementedError"),
        (lambda x: x**2, "task 9.1: This looks like a square; 2x is x + x."),
        (lambda x: x / 2, "task 9.1: This looks like a half; multiply."),
        (lambda x: 2 * x @ x, "task 9.1: wrong; on input 1 of 2 first differs at [0, 0]: 14, where 2 is expected"),
        (
            lambda x: 2 * x if len(x) == 2 else x @ x,
            "task 9.1: it stopped on input 2 of 2 with ValueError: *",
        ),
        (_forgets, "task 9.1: it returned None on input 1 of 2; is there a return?"),
        (lambda x: "12", f"{RETURNED} a str that is no array of numbers, where it should return one array"),
        (lambda x: [[1, 2], [3]], f"{RETURNED} a list that is no array of numbers, where it should return one array"),
        (lambda x: 2j * x, f"{RETURNED} a ndarray that is no array of numbers, where it should return one array"),
        (_in_place, "task 9.1: it changed its own input; work on a copy, or make a new one"),
        (lambda x: (x, x[0]), f"{RETURNED} 2 parts, where it should return one array"),
        (sys.exit, "task 9.1: it called exit on input 1 of 2, which ends more than the function; take that out"),
        (3, "task 9.1: give the check the function itself, without calling it"),
        (_torch_only, "task 9.1: it stopped on input 1 of 2 with NotImplementedError: not for this type; your line *"),
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
            "task 9.2: on input 1 of 2 it returned a dictionary of mean, where it should return a dictionary of mean, "
            "rows",
        ),
        (
            lambda x: {"mean": x.mean(), "rows": (x[0], x[0], x[0])},
            "task 9.2: on input 1 of 2 it returned mean, rows part 1, rows part 2, rows part 3, where it should return "
            "mean, rows part 1, rows part 2",
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
    assert said == "task 9.9: on input 1 of 1 it returned one number, where it should return 2 parts"


def test_parts_have_names_where_the_exercise_names_them():
    parts = ("the mean", "the variance")
    exercise = Exercise("9.9", lambda x: (x.mean(0), x.var(0)), INPUTS, (), parts=parts)
    exercise.check(lambda x: [x.mean(0), x.var(0)])
    said = says(exercise, lambda x: (x.mean(0), x.std(0)))
    assert said == "task 9.9: wrong; on input 1 of 2 the variance first differs at [1]: 1.5, where 2.25 is expected"
    said = says(exercise, lambda x: x.mean())
    returned = "it returned one number, where it should return 2 parts: the mean, the variance"
    assert said == f"task 9.9: on input 1 of 2 {returned}"


def test_what_cannot_be_unpacked_is_no_crash_of_the_students():
    def observe(answer, x):
        first, second = answer(x)
        return {"the first": first, "the second": second}

    exercise = Exercise("9.9", lambda x: (x[0], x[-1]), INPUTS, (), observe=observe)
    exercise.check(lambda x: (x[0], x[-1]))
    returned = "it returned one number, where it should return 2 parts"
    assert says(exercise, lambda x: x.sum()) == f"task 9.9: on input 1 of 2 {returned}"
    assert says(exercise, lambda x: None) == "task 9.9: it returned None on input 1 of 2; is there a return?"


def test_yes_and_no_are_said_in_words():
    def observe(answer, x):
        return {"whether the sum is kept": float(np.isclose(answer(x).sum(), x.sum())), "the result": answer(x)}

    for reference, answer, word in ((lambda x: x, lambda x: 2 * x, ""), (lambda x: 2 * x, lambda x: x, "not ")):
        said = says(Exercise("9.9", reference, INPUTS, (), observe=observe), answer)
        assert said == f"task 9.9: on input 1 of 2 the sum is kept, which should {word}be so"


def test_infinity_where_it_is_right_and_elsewhere():
    exercise = Exercise("9.10", lambda: np.array([np.inf, 1.0, np.nan]), [()], ())
    exercise.check(lambda: np.array([np.inf, 1.0, np.nan]))
    said = says(exercise, lambda: np.array([np.inf, np.inf, np.nan]))
    assert said == "task 9.10: wrong; on input 1 of 1 first differs at [1]: inf, where 1 is expected"


# ---- Where it stopped, and on what -------------------------------------------------------------------------------


def _helper(x):
    return np.ones(3) @ x


def _calls_a_helper(x):
    y = x + 1
    return _helper(
        y  # the line where the call begins is told
    )


def test_a_crash_is_told_with_the_last_line_of_their_own_code():
    said = says(DOUBLE, _calls_a_helper)
    assert "it stopped on input 1 of 2 with ValueError: matmul" in said
    line = inspect.getsourcelines(_helper)[1] + 1
    assert said.endswith(f"; your line {line}: return np.ones(3) @ x")
    said = says(DOUBLE, lambda x: np.linalg.inv(x[:, :1]))
    assert re.search(r"; your line \d+: said = says\(DOUBLE, lambda x: np\.linalg\.inv", said)
    assert "your line" not in says(DOUBLE, np.add.reduceat), "where no line of it is theirs"


def test_a_message_of_many_lines_becomes_one():
    def long(x):
        raise RuntimeError("first\n    second\nthird")

    assert "RuntimeError: first second third; your line" in says(DOUBLE, long)


def test_an_example_is_the_input_that_a_message_counts(capsys, monkeypatch):
    check = DOUBLE.check
    (x,) = check.example(2)
    np.testing.assert_array_equal(x, INPUTS[1][0])
    assert capsys.readouterr().out == "input 2 of 2: x (1, 3)\n"
    x += 1
    np.testing.assert_array_equal(check.example(2)[0], INPUTS[1][0])
    for number in (0, 3, -1):
        with pytest.raises(ValueError, match=f"inputs 1 to 2, and no input {number}"):
            check.example(number)
    module = types.ModuleType("checks")
    module.check_double = check
    monkeypatch.setitem(sys.modules, "checks", module)
    assert says(DOUBLE, lambda x: 2 * np.abs(x)).endswith("is expected; check_double.example(2) shows that input")
    assert says(DOUBLE, np.add.reduceat).endswith("; check_double.example(1) shows that input")
    assert "example" not in says(DOUBLE, lambda x: x**2), "a named mistake needs none"


def test_examples_name_what_the_observer_is_given(capsys):
    exercise = Exercise(
        "9.9", lambda f, x: f(x), [(abs, 2.5, "ab")], (), observe=lambda answer, g, y, text: answer(g, y)
    )
    exercise.check(lambda f, x: f(x))
    exercise.check.example(1)
    assert capsys.readouterr().out.splitlines()[-1] == "input 1 of 1: g a builtin_function_or_method, y 2.5, text 'ab'"


# ---- What an answer leaves behind --------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong_too", [False, True])
def test_gradients_that_stay_switched_off_are_told_and_switched_on_again(wrong_too):
    def switching_off(x):
        torch.set_grad_enabled(False)
        if wrong_too:
            raise ValueError
        return 2 * x

    assert "stay switched off" in says(DOUBLE, switching_off)
    assert torch.is_grad_enabled()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda: np.seterr(all="raise"), "NumPy's way with errors (np.seterr) stays changed"),
        (lambda: torch.set_default_dtype(torch.float64), "PyTorch's default type stays changed"),
        (lambda: os.chdir(os.sep), "the working directory stays changed"),
        (lambda: warnings.simplefilter("ignore"), "the filter of all warnings stays changed"),
        (lambda: plt.rcParams.update({"lines.linewidth": 9}), "matplotlib's settings stay changed"),
        (lambda: plt.style.use("ggplot"), "matplotlib's settings stay changed"),
        (lambda: setattr(sys, "stdout", io.StringIO()), "sys.stdout stays closed or exchanged"),
    ],
)
def test_settings_that_everything_shares_are_told_and_put_back(change, words):
    settings = read_settings()

    def answer(x):
        change()
        return 2 * x

    said = says(DOUBLE, answer)
    assert said.startswith(f"task 9.1: {words}")
    assert "for everything that comes later; " in said
    assert read_settings() == settings


def test_what_is_put_back_by_the_answer_itself_is_no_fault():
    def answer(x):
        with np.errstate(all="raise"), torch.no_grad(), warnings.catch_warnings(), plt.rc_context({"font.size": 3}):
            warnings.simplefilter("ignore")
            warnings.filterwarnings("ignore", category=DeprecationWarning)
            return 2 * x

    DOUBLE.check(answer)


def test_a_check_is_not_disturbed_by_the_notebooks_settings_and_leaves_them(monkeypatch):
    """As if it came first in a fresh Python."""

    def answer(x):
        assert torch.ones(1).dtype == torch.float32
        assert torch.is_grad_enabled()
        np.log(np.zeros(1))
        return 2 * x + 0 * (torch.rand(()).item() + np.random.rand() + random.random())  # noqa: NPY002

    exercise = Exercise("9.9", lambda x: x / 0 if x.size < 4 else 2 * x, [INPUTS[0]], ())
    with np.errstate(all="raise"), torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        monkeypatch.setattr(np.random.mtrand, "_rand", np.random.RandomState(5))
        torch.set_default_dtype(torch.float64)
        try:
            states = torch.get_rng_state(), random.getstate(), np.random.mtrand._rand.get_state()[1].copy()
            exercise.check(answer)
            assert torch.get_default_dtype() == torch.float64
            assert not torch.is_grad_enabled()
            assert np.geterr()["divide"] == "raise"
            assert torch.equal(states[0], torch.get_rng_state())
            assert states[1] == random.getstate()
            np.testing.assert_array_equal(states[2], np.random.mtrand._rand.get_state()[1])
        finally:
            torch.set_default_dtype(torch.float32)


def test_random_answers_get_one_verdict():
    """A coin that is tossed once: the same side every time."""
    exercise = Exercise("9.9", lambda x: x, [INPUTS[0]], ())
    verdicts = set()
    for _ in range(8):
        try:
            exercise.check(lambda x: x + (torch.rand(()).item() < 0.5))
            verdicts.add("right")
        except WrongAnswer:
            verdicts.add("wrong")
    assert len(verdicts) == 1


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor([2.0]))
        self.norm = torch.nn.BatchNorm1d(1)

    def forward(self, x):
        return self.norm(x * self.weight)  # (N, 1)


def effect(do):
    def answer(D, x):
        do(D, x)
        return _right_without_a_trace(D, x)

    return answer


def _right_without_a_trace(D, x):
    return x.detach().sum()


class TestEffects:
    """What an answer does to what it was given, beyond what the right one does."""

    INPUT = (Net().train(False), torch.tensor([[1.0], [3.0]]))

    @pytest.mark.parametrize(
        ("do", "words"),
        [
            (lambda D, x: D.train(), "afterwards D is not in the mode it came in"),
            (lambda D, x: D.norm.train(), "afterwards D is not in the mode it came in"),
            (lambda D, x: D.train()(x) is D.eval(), "D's batch norms learn from it"),
            (lambda D, x: D.requires_grad_(False), "afterwards D has another requires_grad"),
            (lambda D, x: D(x).sum().backward(), "it leaves a gradient in D (.grad)"),
            (lambda D, x: D(x).sum().backward() or D.zero_grad(), "it sends a gradient into D"),
            (lambda D, x: D.weight.data.add_(1), "it changes D's weights"),
            (lambda D, x: x.add_(1), "it changed its own input"),
            (lambda D, x: x.requires_grad_(), "afterwards x has another requires_grad"),
        ],
    )
    def test_each_is_told(self, do, words):
        exercise = Exercise("9.12", _right_without_a_trace, [self.INPUT], ())
        exercise.check(_right_without_a_trace)
        assert says(exercise, effect(do)).startswith(f"task 9.12: {words}")

    @pytest.mark.parametrize(
        "do",
        [
            lambda D, x: D.train().eval(),
            lambda D, x: D(x),
            lambda D, x: x.add_(1).sub_(1),
            lambda D, x: D.requires_grad_(False).requires_grad_(),
        ],
    )
    def test_what_leaves_no_trace_is_no_fault(self, do):
        Exercise("9.12", _right_without_a_trace, [self.INPUT], ()).check(effect(do))

    def test_what_the_right_answer_does_too_is_no_fault(self):
        reference = effect(lambda D, x: D.train()(x).sum().backward())
        exercise = Exercise("9.12", reference, [self.INPUT], ())
        exercise.check(reference)
        exercise.check(_right_without_a_trace)  # nor is it asked for
        assert "D's weights" in says(exercise, effect(lambda D, x: D.weight.data.add_(1)))

    def test_a_mistake_may_name_it(self):
        frozen, left = (lambda D, x: D.requires_grad_(False)), (lambda D, x: D(x).sum().backward())
        mistakes = (Mistake("It is frozen.", effect(frozen)), Mistake("It is left.", effect(left)))
        exercise = Exercise("9.12", _right_without_a_trace, [self.INPUT], mistakes)
        assert says(exercise, effect(left)) == "task 9.12: It is left."
        assert "mode" in says(exercise, effect(lambda D, x: D.train()))

    def test_wrong_numbers_are_named_whatever_else_it_does(self):
        mistake = Mistake("This looks like a mean.", lambda D, x: x.mean())
        exercise = Exercise("9.12", _right_without_a_trace, [self.INPUT], (mistake,))
        assert says(exercise, lambda D, x: D.train() and x.mean()) == "task 9.12: This looks like a mean."
        assert "mode" in says(exercise, lambda D, x: D.train() and x.max()), "it may be the reason"

    def test_of_two_mistakes_with_the_same_numbers_the_one_that_does_the_same_is_named(self):
        trains = Mistake("It trains.", lambda D, x: D.train() and x.mean())
        mistakes = Mistake("It is a mean.", lambda D, x: x.mean()), trains
        exercise = Exercise("9.12", _right_without_a_trace, [self.INPUT], mistakes)
        assert says(exercise, lambda D, x: D.train() and x.mean()) == "task 9.12: It trains."
        assert says(exercise, lambda D, x: x.mean()) == "task 9.12: It is a mean."
        assert says(exercise, lambda D, x: D.requires_grad_(False) and x.mean()) == "task 9.12: It is a mean."


def test_an_exercise_without_answers_judges_by_what_was_stored(tmp_path, monkeypatch):
    mistakes = (Mistake("This never shows.", _crashes), Mistake("This looks like a square.", lambda x: x**2))
    whole = Exercise("9.13", lambda x: 2 * x, INPUTS, mistakes)
    stored = tmp_path / "expected.pickle"
    stored.write_bytes(pickle.dumps({"9.13": pickle.dumps(whole.outcomes())}))
    monkeypatch.setattr(engine, "STORED", stored)
    engine._stored.cache_clear()
    bare = Exercise("9.13")
    try:
        bare.check(lambda x: x + x)
        np.testing.assert_array_equal(bare.check.example(2)[0], INPUTS[1][0])
        for answer in (lambda x: x**2, lambda x: x, _in_place, _stub, lambda x: 2 * x @ x):
            assert says(bare, answer) == says(whole, answer)
    finally:
        engine._stored.cache_clear()
