"""Lesson 2's checks: every mistake is told by its own hint, right answers of any kind pass, stubs are still to do."""

import itertools

import numpy as np
import pytest
import torch

import reference_numpy as rn
from checking import lesson_2
from checking.engine import Exercise, WrongAnswer

EXERCISES = [
    lesson_2.COUNT_PARAMETERS,
    lesson_2.CONV2D,
    lesson_2.WEIGHT_GRADIENT,
    lesson_2.PIXELS_SEEN,
    lesson_2.SAME_SIZE,
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


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.task)
def test_hints_are_one_friendly_line_and_no_two_mistakes_give_the_same_answer(exercise: Exercise):
    for mistake in exercise.mistakes:
        assert mistake.hint.startswith("This ") and mistake.hint[-1] in ".?" and len(mistake.hint) <= 120
    answers = [
        [np.asarray(mistake.answer(*arguments)) for arguments in exercise.inputs] for mistake in exercise.mistakes
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


def six_loops(x, w, stride, padding):
    canvas = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    (batch, channels, height, width), (outputs, _, kh, kw) = canvas.shape, w.shape
    y = np.zeros((batch, outputs, (height - kh) // stride + 1, (width - kw) // stride + 1))
    for i, j, o, c in itertools.product(range(kh), range(kw), range(outputs), range(channels)):
        for p, q in itertools.product(range(y.shape[2]), range(y.shape[3])):
            y[:, o, p, q] += w[o, c, i, j] * canvas[:, c, p * stride + i, q * stride + j]
    return y


def window_by_window(x, w, stride, padding):
    canvas = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    height, width = canvas.shape[2:]
    kh, kw = w.shape[2:]
    rows = [
        [np.tensordot(canvas[:, :, top : top + kh, left : left + kw], w, ([1, 2, 3], [1, 2, 3]))]
        for top in range(0, height - kh + 1, stride)
        for left in range(0, width - kw + 1, stride)
    ]
    columns = len(range(0, width - kw + 1, stride))
    y = np.concatenate(rows).reshape(-1, columns, len(x), len(w))
    return y.transpose(2, 3, 0, 1)


def everywhere_then_thinned(x, w, stride, padding):
    canvas = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    return rn.functional.conv2d(canvas, w)[:, :, ::stride, ::stride]


def by_fourier(x, w, stride, padding):
    canvas = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    spectrum = np.fft.rfft2(canvas)[:, None] * np.fft.rfft2(w, canvas.shape[2:]).conj()
    y = np.fft.irfft2(spectrum.sum(2), canvas.shape[2:])
    (height, width), (kh, kw) = canvas.shape[2:], w.shape[2:]
    return y[:, :, : height - kh + 1 : stride, : width - kw + 1 : stride]


def in_torch(x, w, stride, padding):
    x, w = (torch.from_numpy(array).float() for array in (x, w))
    return torch.nn.functional.conv2d(x, w, stride=stride, padding=padding).requires_grad_()


def in_float32(x, w, stride, padding):
    return six_loops(x.astype(np.float32), w.astype(np.float32), stride, padding).astype(np.float32)


def gradient_by_loops(g, x, kernel_size, stride, padding):
    canvas = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    kh, kw = kernel_size
    gradient = np.zeros((g.shape[1], x.shape[1], kh, kw))
    for n, p, q in itertools.product(range(len(g)), range(g.shape[2]), range(g.shape[3])):
        window = canvas[n, :, p * stride : p * stride + kh, q * stride : q * stride + kw]
        gradient += g[n, :, p, q][:, None, None, None] * window
    return gradient


def gradient_by_spread_outputs(g, x, kernel_size, stride, padding):
    (n, o, rows, columns), (kh, kw) = g.shape, kernel_size
    spread = np.zeros((n, o, (rows - 1) * stride + 1, (columns - 1) * stride + 1), np.float32)
    spread[:, :, ::stride, ::stride] = g
    canvas = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding))).astype(np.float32)
    canvas = canvas[:, :, : spread.shape[2] + kh - 1, : spread.shape[3] + kw - 1]
    return rn.functional.conv2d(canvas.swapaxes(0, 1), spread.swapaxes(0, 1)).transpose(0, 1)


def gradient_in_torch(g, x, kernel_size, stride, padding):
    shape = (g.shape[1], x.shape[1], *kernel_size)
    return torch.nn.grad.conv2d_weight(torch.from_numpy(x), shape, torch.from_numpy(g), stride, padding)


def pixels_by_jump(position, layers):
    first, field, jump = 0, 1, 1
    for kernel, stride, padding in layers:
        first, field, jump = first - padding * jump, field + (kernel - 1) * jump, jump * stride
    return [first + position * jump, first + position * jump + field - 1]


def pixels_as_sets(position, layers):
    seen = {position}
    for kernel, stride, padding in layers[::-1]:
        seen = {at * stride - padding + tap for at in seen for tap in range(kernel)}
    return np.array([min(seen), max(seen)])


def pixels_as_numpy_numbers(position, layers):
    first, last = pixels_as_sets(position, layers)
    return first, last


def pixels_recursively(position, layers):
    if not layers:
        return position, position
    *before, (kernel, stride, padding) = layers
    ends = (position * stride - padding, position * stride - padding + kernel - 1)
    return pixels_recursively(ends[0], before)[0], pixels_recursively(ends[1], before)[1]


def mirrored_by_numpy(x, w):
    (kh, kw) = w.shape[2:]
    rows, columns = (kh - 1) // 2, (kw - 1) // 2
    return six_loops(np.pad(x, ((0, 0), (0, 0), (rows, rows), (columns, columns)), mode="reflect"), w, 1, 0)


def mirrored_by_index(x, w):
    (height, width), (kh, kw) = x.shape[2:], w.shape[2:]
    rows, columns = (np.abs(np.arange(-(k // 2), n + k // 2)) for n, k in ((height, kh), (width, kw)))
    rows, columns = np.minimum(rows, 2 * height - 2 - rows), np.minimum(columns, 2 * width - 2 - columns)
    return rn.functional.conv2d(x[:, :, rows][:, :, :, columns], w)


def mirrored_by_torch(x, w):
    x, w = (torch.from_numpy(array).float() for array in (x, w))
    rows, columns = w.shape[2] // 2, w.shape[3] // 2
    return torch.nn.functional.conv2d(torch.nn.ReflectionPad2d((columns, columns, rows, rows))(x), w)


@pytest.mark.parametrize(
    "exercise, answer",
    [
        *((lesson_2.CONV2D, answer) for answer in (six_loops, window_by_window, everywhere_then_thinned)),
        *((lesson_2.CONV2D, answer) for answer in (by_fourier, in_torch, in_float32)),
        *((lesson_2.WEIGHT_GRADIENT, answer) for answer in (gradient_by_loops, gradient_by_spread_outputs)),
        (lesson_2.WEIGHT_GRADIENT, gradient_in_torch),
        *((lesson_2.PIXELS_SEEN, answer) for answer in (pixels_by_jump, pixels_as_sets, pixels_as_numpy_numbers)),
        (lesson_2.PIXELS_SEEN, pixels_recursively),
        *((lesson_2.SAME_SIZE, answer) for answer in (mirrored_by_numpy, mirrored_by_index, mirrored_by_torch)),
    ],
)
def test_right_answers_of_any_kind_pass(exercise: Exercise, answer, capsys):
    exercise.check(answer)
    assert capsys.readouterr().out.startswith(f"✓ task {exercise.task}")


@pytest.mark.parametrize("position, layers", lesson_2.PIXELS_SEEN.inputs)
def test_the_reference_of_pixels_seen_is_what_the_gradient_reaches(position, layers):
    first, last = lesson_2.PIXELS_SEEN.reference(position, layers)
    # A strip of pixels, long enough on the right; what lies to the left of pixel 0 is padding, which has no gradient.
    x = torch.ones(1, 1, last + 200, dtype=torch.float64, requires_grad=True)
    y = x
    for kernel, stride, padding in layers:
        y = torch.nn.functional.conv1d(y, torch.ones(1, 1, kernel, dtype=y.dtype), stride=stride, padding=padding)
    y[0, 0, position].backward()
    seen = x.grad[0, 0].nonzero().ravel().tolist()
    assert (seen[0], seen[-1]) == (max(0, first), last)


def test_the_examples_by_hand_are_right():
    x, w = np.array([[[[1.0, 2.0], [3.0, 4.0]]]]), np.array([[[[1.0, 10.0]]]])
    assert lesson_2.CONV2D.reference(x, w, 2, 1).tolist() == [[[[0, 0], [30, 4]]]]
    for g, gradient in (([[1.0, 1.0], [1.0, 1.0]], [4, 3]), ([[1.0, 1.0], [2.0, 5.0]], [20, 6])):
        assert lesson_2.WEIGHT_GRADIENT.reference(np.array([[g]]), x, (1, 2), 2, 1).tolist() == [[[gradient]]]
    assert lesson_2.PIXELS_SEEN.reference(4, [(3, 2, 1)]) == (7, 9)
    assert lesson_2.PIXELS_SEEN.reference(4, [(3, 2, 1), (2, 1, 0)]) == (7, 11)
    row, kernel = np.array([[[[1.0, 2.0, 3.0, 4.0]]]]), np.array([[[[1.0, 10.0, 100.0]]]])
    assert lesson_2.SAME_SIZE.reference(row, kernel).tolist() == [[[[212, 321, 432, 343]]]]


def test_a_mistake_nobody_foresaw_is_located():
    def one_pixel_off(x, w, stride, padding):
        y = six_loops(x, w, stride, padding)
        y[0, 1, 2, 3] += 1
        return y

    with pytest.raises(WrongAnswer, match=r"first differs at \[0, 1, 2, 3\]"):
        lesson_2.check_conv2d(one_pixel_off)
