"""Lesson 3's checks: every mistake is told by its own hint, right answers of any kind pass, stubs are still to do."""

import itertools

import numpy as np
import pytest
import torch

import reference_numpy as rn
from checking import lesson_3
from checking.engine import Exercise, WrongAnswer

EXERCISES = [
    lesson_3.GROUP_NORM,
    lesson_3.BATCH_NORM_BACKWARD,
    lesson_3.UPDATE_RUNNING,
    lesson_3.REFLECT_PAD_BACKWARD,
    lesson_3.RESIDUAL_BLOCK,
]
MISTAKES = [
    pytest.param(exercise, mistake, id=f"{exercise.task}-{number}")
    for exercise in EXERCISES
    for number, mistake in enumerate(exercise.mistakes)
]


@pytest.mark.parametrize("exercise, mistake", MISTAKES)
def test_a_mistake_is_told_by_its_own_hint(exercise: Exercise, mistake):
    with pytest.raises(WrongAnswer) as error:
        exercise.check(mistake.answer)
    assert str(error.value) == f"task {exercise.task}: {mistake.hint}"


def parts(result) -> list[np.ndarray]:
    return [np.asarray(part) for part in (result if isinstance(result, tuple) else (result,))]


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.task)
def test_hints_are_one_friendly_line_and_no_two_mistakes_give_the_same_answer(exercise: Exercise):
    for mistake in exercise.mistakes:
        assert mistake.hint.startswith("This ") and mistake.hint[-1] in ".?" and len(mistake.hint) <= 120
    answers = [
        [part for arguments in exercise.inputs for part in parts(mistake.answer(*arguments))]
        for mistake in exercise.mistakes
    ]
    for ours, theirs in itertools.combinations(answers, 2):
        same = [a.shape == b.shape and np.allclose(a, b, rtol=1e-3) for a, b in zip(ours, theirs, strict=True)]
        assert not all(same)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.task)
def test_a_stub_is_still_to_do(exercise: Exercise):
    def stub(*arguments):
        raise NotImplementedError(f"task {exercise.task}: something")

    with pytest.raises(WrongAnswer, match=f"^task {exercise.task}: something: still to do"):
        exercise.check(stub)
    with pytest.raises(WrongAnswer, match="is there a return"):
        exercise.check(lambda *arguments: None)


def tensors(*arrays: np.ndarray, dtype: torch.dtype = torch.float32) -> list[torch.Tensor]:
    return [torch.from_numpy(array).to(dtype) for array in arrays]


# Task 3.1, right in other ways


def groups_in_torch(x, groups, eps):
    return torch.nn.functional.group_norm(*tensors(x), groups, eps=eps)


def groups_by_loops(x, groups, eps):
    y, size = np.empty_like(x), x.shape[1] // groups
    for picture, start in itertools.product(range(len(x)), range(0, x.shape[1], size)):
        part = x[picture, start : start + size]
        y[picture, start : start + size] = (part - part.mean()) / (part.var() + eps) ** 0.5
    return y


def groups_by_the_mean_of_squares(x, groups, eps):
    lists = x.astype(np.float32).reshape(len(x), groups, -1)
    mean, squares = lists.mean(2, keepdims=True), (lists**2).mean(2, keepdims=True)
    return ((lists - mean) * (squares - mean**2 + eps) ** -0.5).reshape(x.shape)


# Task 3.2


def backward_in_torch(g, x, weight, eps):
    g, x, weight = tensors(g, x, weight)
    bias = torch.zeros_like(weight, requires_grad=True)
    x.requires_grad_(), weight.requires_grad_()
    y = torch.nn.functional.batch_norm(x, None, None, weight, bias, training=True, eps=eps)
    return torch.autograd.grad(y, (x, weight, bias), g)


def backward_in_steps(g, x, weight, eps):
    """As in Ioffe and Szegedy 2015, section 3: through the variance, then through the mean."""
    axes, m = (0, 2, 3), x[:, 0].size
    centred = x - x.mean(axes, keepdims=True)
    variance = (centred**2).mean(axes, keepdims=True) + eps
    to_y = g * weight[:, None, None]
    to_variance = (to_y * centred * -0.5 * variance**-1.5).sum(axes, keepdims=True)
    to_mean = -(to_y / np.sqrt(variance)).sum(axes, keepdims=True)
    to_x = to_y / np.sqrt(variance) + to_variance * 2 * centred / m + to_mean / m
    return to_x, (g * centred / np.sqrt(variance)).sum(axes), g.sum(axes)


def backward_by_the_jacobian(g, x, weight, eps):
    to_x, to_weight = np.empty_like(x), np.empty_like(weight)
    for channel in range(x.shape[1]):
        values, m = x[:, channel].ravel(), x[:, channel].size
        sigma = np.sqrt(values.var() + eps)
        y = (values - values.mean()) / sigma
        jacobian = (np.eye(m) - 1 / m - np.outer(y, y) / m) / sigma
        to_x[:, channel] = (weight[channel] * g[:, channel].ravel() @ jacobian).reshape(x[:, channel].shape)
        to_weight[channel] = g[:, channel].ravel() @ y
    return [to_x.astype(np.float32), to_weight, g.sum(axis=(0, 2, 3))]


# Task 3.3


def running_in_torch(mean, variance, x, momentum):
    mean, variance, x = tensors(mean, variance, x)
    torch.nn.functional.batch_norm(x, mean, variance, training=True, momentum=momentum)
    return mean, variance


def running_by_channel(mean, variance, x, momentum):
    lists = [x[:, channel].ravel() for channel in range(x.shape[1])]
    unbiased = [sum((values - values.mean()) ** 2) / (len(values) - 1) for values in lists]
    means = [values.mean() for values in lists]
    return (
        np.array([(1 - momentum) * old + momentum * new for old, new in zip(mean, means, strict=True)]),
        np.array([old - momentum * (old - new) for old, new in zip(variance, unbiased, strict=True)]),
    )


# Task 3.4


def folded_by_loops(g, rows, columns):
    height, width = g.shape[2] - 2 * rows, g.shape[3] - 2 * columns
    result = np.zeros((*g.shape[:2], height, width))
    for i, j in itertools.product(range(g.shape[2]), range(g.shape[3])):
        row, column = abs(i - rows), abs(j - columns)
        row, column = min(row, 2 * (height - 1) - row), min(column, 2 * (width - 1) - column)
        result[:, :, row, column] += g[:, :, i, j]
    return result


def folded_by_slices(g, rows, columns):
    for axis, width in ((2, rows), (3, columns)):
        g = np.moveaxis(g, axis, 0).astype(np.float32)
        inside = g[width:-width].copy()
        inside[1 : width + 1] += g[:width][::-1]
        inside[-width - 1 : -1] += g[-width:][::-1]
        g = np.moveaxis(inside, 0, axis)
    return g


def folded_by_torch(g, rows, columns):
    (g,) = tensors(g)
    x = torch.zeros(*g.shape[:2], g.shape[2] - 2 * rows, g.shape[3] - 2 * columns, requires_grad=True)
    torch.nn.ReflectionPad2d((columns, columns, rows, rows))(x).backward(g)
    return x.grad


def folded_by_matrices(g, rows, columns):
    def matrix(length, width):
        return np.eye(length)[np.pad(np.arange(length), width, mode="reflect")]  # (padded, length)

    vertical, horizontal = matrix(g.shape[2] - 2 * rows, rows), matrix(g.shape[3] - 2 * columns, columns)
    return np.einsum("ncpq,pi,qj->ncij", g, vertical, horizontal)


# Task 3.5


def block_in_the_reference(x, first, second):
    y = rn.functional.conv2d(rn.functional.pad(x, (1, 1, 1, 1), "reflect"), first)
    y = rn.functional.relu(rn.functional.instance_norm(y))
    y = rn.functional.conv2d(rn.functional.pad(y, (1, 1, 1, 1), "reflect"), second)
    return x + rn.functional.instance_norm(y)


def block_in_torch(x, first, second):
    x, first, second = tensors(x, first, second)

    def convolve(y, weight):
        return torch.nn.functional.instance_norm(
            torch.nn.functional.conv2d(torch.nn.functional.pad(y, (1, 1, 1, 1), mode="reflect"), weight)
        )

    return (x + convolve(convolve(x, first).relu(), second)).requires_grad_()


def block_picture_by_picture(x, first, second):
    return np.concatenate([block_in_the_reference(x[k : k + 1], first, second).data for k in range(len(x))])


@pytest.mark.parametrize(
    "exercise, answer",
    [
        (lesson_3.GROUP_NORM, groups_in_torch),
        (lesson_3.GROUP_NORM, groups_by_loops),
        (lesson_3.GROUP_NORM, groups_by_the_mean_of_squares),
        (lesson_3.BATCH_NORM_BACKWARD, backward_in_torch),
        (lesson_3.BATCH_NORM_BACKWARD, backward_in_steps),
        (lesson_3.BATCH_NORM_BACKWARD, backward_by_the_jacobian),
        (lesson_3.UPDATE_RUNNING, running_in_torch),
        (lesson_3.UPDATE_RUNNING, running_by_channel),
        (lesson_3.REFLECT_PAD_BACKWARD, folded_by_loops),
        (lesson_3.REFLECT_PAD_BACKWARD, folded_by_slices),
        (lesson_3.REFLECT_PAD_BACKWARD, folded_by_torch),
        (lesson_3.REFLECT_PAD_BACKWARD, folded_by_matrices),
        (lesson_3.RESIDUAL_BLOCK, block_in_the_reference),
        (lesson_3.RESIDUAL_BLOCK, block_in_torch),
        (lesson_3.RESIDUAL_BLOCK, block_picture_by_picture),
    ],
)
def test_right_answers_of_any_kind_pass(exercise: Exercise, answer, capsys):
    exercise.check(answer)
    assert capsys.readouterr().out.startswith(f"✓ task {exercise.task}")


def test_a_mistake_nobody_foresaw_is_located():
    def one_value_off(x, groups, eps):
        y = groups_by_loops(x, groups, eps)
        y[1, 2, 0, 1] += 1
        return y

    with pytest.raises(WrongAnswer, match=r"wrong; on input 1 of 3 first differs at \[1, 2, 0, 1\]"):
        lesson_3.GROUP_NORM.check(one_value_off)


def test_of_several_results_the_wrong_one_is_named():
    def bias_off(g, x, weight, eps):
        to_x, to_weight, to_bias = backward_in_steps(g, x, weight, eps)
        return to_x, to_weight, to_bias - 1

    with pytest.raises(WrongAnswer, match=r"the gradient of bias first differs at \[0\]"):
        lesson_3.BATCH_NORM_BACKWARD.check(bias_off)


def test_statistics_changed_in_place_are_refused():
    def in_place(mean, variance, x, momentum):
        rn.functional.batch_norm(x, mean, variance, training=True, momentum=momentum)
        return mean, variance

    with pytest.raises(WrongAnswer, match="it changed its own input"):
        lesson_3.UPDATE_RUNNING.check(in_place)
