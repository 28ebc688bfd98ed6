"""Lesson 1's checks: every known mistake is told by its own hint, stubs are still to do, correct variants pass."""

from collections import Counter, defaultdict

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from checking import lesson_1
from checking.engine import Exercise, WrongAnswer
from reference_numpy.gradcheck import relative_error

EXERCISES = {name: exercise for name, exercise in vars(lesson_1).items() if isinstance(exercise, Exercise)}
MISTAKES = [(name, k) for name, exercise in EXERCISES.items() for k in range(len(exercise.mistakes))]


def says(exercise: Exercise, answer) -> str:
    with pytest.raises(WrongAnswer) as caught:
        exercise.check(answer)
    return str(caught.value)


def test_there_are_five_exercises_with_mistakes_enough():
    assert sorted(exercise.task for exercise in EXERCISES.values()) == ["1.1", "1.2", "1.3", "1.4", "1.5"]
    assert all(len(exercise.mistakes) >= 3 for exercise in EXERCISES.values())


@pytest.mark.parametrize(("name", "number"), MISTAKES)
def test_every_mistake_is_told_by_its_own_hint(name, number):
    mistake = EXERCISES[name].mistakes[number]
    assert says(EXERCISES[name], mistake.answer) == f"task {EXERCISES[name].task}: {mistake.hint}"


@pytest.mark.parametrize("name", EXERCISES)
def test_a_stub_is_still_to_do(name):
    def stub(*arguments):
        raise NotImplementedError("task 1.9: a title")

    assert says(EXERCISES[name], stub).startswith("task 1.9: a title: still to do")


# Correct answers, written in other ways


def nudging_in_place(f, x, h):
    found = np.zeros(x.size)
    flat = x.reshape(-1)
    for k in range(x.size):
        flat[k] += h
        ahead = f(x)
        flat[k] -= 2 * h
        found[k] = (ahead - f(x)) / (2 * h)
        flat[k] += h
    return found.reshape(x.shape)


def nudging_by_unit_vectors(f, x, h):
    units = np.eye(x.size).reshape(x.size, *x.shape)
    return np.float32([f(x + h * u) - f(x - h * u) for u in units]).reshape(x.shape) / (2 * h)


def nudging_from_the_last(f, x, h):
    return np.vectorize(lambda k: (f(x + h * _unit(x, k)) - f(x - h * _unit(x, k))) / (2 * h))(np.arange(x.size)[::-1])[
        ::-1
    ].reshape(x.shape)


def _unit(x, k):
    return (np.arange(x.size) == k).reshape(x.shape)


def softmax_by_loops(g, x):
    found = np.zeros_like(x)
    for n, row in enumerate(x):
        e = [np.exp(value - max(row)) for value in row]
        for k, value in enumerate(e):
            found[n, k] = g[n] * value / sum(e)
    return found


def softmax_in_float32(g, x):
    e = np.exp(x.astype(np.float32) - x.max(1, keepdims=True).astype(np.float32))
    return (g.astype(np.float32)[:, None] * e / e.sum(1, keepdims=True)).tolist()


def softmax_through_logarithms(g, x):
    return g.reshape(-1, 1) * np.exp(x - np.logaddexp.reduce(x, axis=1, keepdims=True))


def softmax_by_pytorch(g, x):
    tensor = torch.tensor(x, requires_grad=True)
    torch.logsumexp(tensor, 1).backward(torch.tensor(g))
    return tensor.grad


def by_counting_uses(graph, root):
    uses = Counter(source for inputs in graph.values() for source, _ in inputs)
    found, ready = defaultdict(float, {root: 1.0}), [root]
    while ready:
        name = ready.pop()
        for source, derivative in graph[name]:
            found[source] += found[name] * derivative
            uses[source] -= 1
            if not uses[source]:
                ready.append(source)
    return found


def by_a_sorted_stack(graph, root):
    order, stack, seen = [], [(root, False)], set()
    while stack:
        name, done = stack.pop()
        if done:
            order.append(name)
        elif name not in seen:
            seen.add(name)
            stack += [(name, True), *((source, False) for source, _ in graph[name])]
    found = dict.fromkeys(order, np.float32(0)) | {root: np.float32(1)}
    for name in reversed(order):
        for source, derivative in graph[name]:
            found[source] = np.float32(found[source] + derivative * found[name])
    return found


def path_by_path(graph, root):
    """The right numbers, after a time that doubles with each node that is used twice."""
    found, waiting = dict.fromkeys(graph, 0.0), [(root, 1.0)]
    while waiting:
        name, part = waiting.pop()
        found[name] += part
        waiting += [(source, part * derivative) for source, derivative in graph[name]]
    return found


def forwards(graph, root):
    """∂root/∂node for one node at a time, from the node upwards."""
    found = {}
    upwards = list(by_a_sorted_stack(graph, root))
    for start in graph if len(graph) < 100 else ["0"]:
        slope = {}
        for name in upwards:
            slope[name] = float(name == start) + sum(d * slope[source] for source, d in graph[name])
        found[start] = slope[root]
    return found


def rates_by_two_pieces(constant, decay, rate):
    return np.concatenate([np.full(constant, rate), np.linspace(rate, 0, decay + 2)[1:-1]]).astype(np.float32)


def rates_by_subtraction(constant, decay, rate):
    found, now = [], rate
    for epoch in range(constant + decay):
        if epoch >= constant:
            now -= rate / (decay + 1)
        found.append(now)
    return tuple(found)


def rates_from_the_end(constant, decay, rate):
    return torch.tensor([rate * min(1, k / (decay + 1)) for k in range(constant + decay, 0, -1)])


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("numerical_gradient", nudging_in_place),
        ("numerical_gradient", nudging_by_unit_vectors),
        ("numerical_gradient", nudging_from_the_last),
        ("log_sum_exp_backward", softmax_by_loops),
        ("log_sum_exp_backward", softmax_in_float32),
        ("log_sum_exp_backward", softmax_through_logarithms),
        ("log_sum_exp_backward", softmax_by_pytorch),
        ("gradients", by_counting_uses),
        ("gradients", by_a_sorted_stack),
        ("gradients", forwards),
        ("rates", rates_by_two_pieces),
        ("rates", rates_by_subtraction),
        ("rates", rates_from_the_end),
    ],
)
def test_correct_variants_pass(name, answer):
    EXERCISES[name].check(answer)


def recursive_sort(graph, root):
    order = []

    def visit(name):
        if name not in order:
            for source, _ in graph[name]:
                visit(source)
            order.append(name)

    visit(root)
    found = dict.fromkeys(order, 0.0) | {root: 1.0}
    for name in reversed(order):
        for source, derivative in graph[name]:
            found[source] += derivative * found[name]
    return found


def test_a_walk_along_every_path_is_told_and_ended():
    assert "walks every path" in says(EXERCISES["gradients"], path_by_path)


def test_a_graph_that_was_used_up_is_noticed():
    def using_up(graph, root):
        found = by_counting_uses(graph, root)
        graph[root].clear()
        return found

    assert "changed its own input" in says(EXERCISES["gradients"], using_up)


def test_recursion_is_told_from_a_wrong_number():
    assert "Python's recursion" in says(EXERCISES["gradients"], recursive_sort)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("numerical_gradient", lambda f, x, h: nudging_in_place(f, x, 3 * h)),
        ("numerical_gradient", lambda f, x, h: nudging_in_place(f, x, h).T.reshape(x.shape) * 1.01),
        ("log_sum_exp_backward", lambda g, x: softmax_by_loops(g, x)[:, ::-1]),
        ("log_sum_exp_backward", lambda g, x: softmax_by_loops(g, x).sum(1)),
        ("gradients", lambda graph, root: by_counting_uses(graph, root) | {root: 0.0}),
        ("rates", lambda constant, decay, rate: [rate] * (constant + decay)),
        ("rates", lambda constant, decay, rate: rates_by_subtraction(constant, decay, rate)[::-1]),
    ],
)
def test_other_wrong_answers_are_refused_without_a_diagnosis(name, answer):
    assert "This looks" not in says(EXERCISES[name], answer)


@given(st.lists(st.floats(-3, 3), min_size=6, max_size=6))
def test_the_reference_of_log_sum_exp_is_softmax(values):
    x, g = np.array(values).reshape(2, 3), np.array([0.5, -2.0])
    np.testing.assert_allclose(EXERCISES["log_sum_exp_backward"].reference(g, x), softmax_through_logarithms(g, x))


def test_the_reference_differences_approach_the_gradient():
    x = np.random.default_rng(0).standard_normal((2, 3))
    found = EXERCISES["numerical_gradient"].reference(lambda a: float((a**3).sum()), x, 1e-4)
    np.testing.assert_allclose(found, 3 * x**2, atol=1e-7)  # off by h²
    assert relative_error(lambda a: (a**3).sum(), x) < 1e-7


def test_the_published_schedule_and_what_the_original_code_made_of_it():
    right, original = (answer(100, 100, 1.0) for answer in (EXERCISES["rates"].reference, lesson_1._schedule(ahead=1)))
    assert right[99] == 1.0
    assert right[-1] == pytest.approx(1 / 101)
    assert original[99] == pytest.approx(0.990, abs=5e-4)
    assert original[-1] == 0.0
