"""Is an answer right, and if not, which mistake does it look like?

An answer is run on several inputs beside a reference that is known to be right. If it differs anywhere, the exercise's
known mistakes are run as well: the one that gives what the answer gave, on every input, names the hint.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

Answer = Callable[..., Any]


class WrongAnswer(AssertionError):
    """What a check has to say, in one sentence; notebooks show it without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [f"✗ {self}"]


@dataclass(frozen=True)
class Mistake:
    """A way to get it wrong, and the sentence for whoever does: what it looks like, and where to look."""

    hint: str
    answer: Answer


@dataclass(frozen=True)
class Exercise:
    """One task.

    task        its number, "2.1"
    reference   the right answer
    inputs      arguments, one tuple for each call
    mistakes    tried in this order when an answer is wrong
    tolerance   as a share of the largest expected value; wide enough for float32
    observe     what is compared, from the answer and the arguments; by default what the answer returns
    """

    task: str
    reference: Answer
    inputs: Sequence[tuple[Any, ...]]
    mistakes: Sequence[Mistake]
    tolerance: float = 1e-4
    observe: Callable[..., Any] = lambda answer, *arguments: answer(*arguments)

    def check(self, answer: Answer) -> None:
        """Prints that the answer is right, or raises WrongAnswer with one sentence that helps."""
        given = [self._run(answer, number) for number in range(len(self.inputs))]
        expected = [_arrays(self._observe(self.reference, number)) for number in range(len(self.inputs))]
        difference = self._first_difference(given, expected)
        if difference is None:
            print(f"✓ task {self.task}: right on {len(self.inputs)} inputs")
            return
        for mistake in self.mistakes:
            if self._looks_like(mistake, given):
                raise WrongAnswer(f"task {self.task}: {mistake.hint}")
        raise WrongAnswer(f"task {self.task}: {difference}")

    def _observe(self, answer: Answer, number: int) -> Any:
        return self.observe(answer, *copy.deepcopy(self.inputs[number]))

    def _run(self, answer: Answer, number: int) -> dict[str, np.ndarray]:
        """What the answer gives for one input, as arrays by name. Raises WrongAnswer where it gives none."""
        where = f"on input {number + 1} of {len(self.inputs)}"
        arguments = copy.deepcopy(self.inputs[number])
        try:
            result = self.observe(self._gradients_kept_on(answer), *arguments)
        except WrongAnswer:
            raise
        except NotImplementedError as error:
            todo = str(error) or f"task {self.task}"
            raise WrongAnswer(f"{todo}: still to do; replace the line that raises NotImplementedError") from None
        except Exception as error:
            raise WrongAnswer(f"task {self.task}: it stopped {where} with {type(error).__name__}: {error}") from error
        if result is None:
            raise WrongAnswer(f"task {self.task}: it returned None {where}; is there a return?")
        try:
            arrays = _arrays(result)
        except (TypeError, ValueError):
            kind = type(result).__name__
            raise WrongAnswer(f"task {self.task}: it returned a {kind} {where}, which is no array of numbers") from None
        if not _unchanged(self.inputs[number], arguments):
            raise WrongAnswer(f"task {self.task}: it changed its own input; work on a copy, or make a new one")
        return arrays

    def _gradients_kept_on(self, answer: Answer) -> Answer:
        """The same answer; whether gradients are computed is afterwards what it was before. Raises if it was not."""

        def kept(*arguments: Any) -> Any:
            before = torch.is_grad_enabled()
            try:
                return answer(*arguments)
            finally:
                if torch.is_grad_enabled() != before:
                    torch.set_grad_enabled(before)
                    raise WrongAnswer(
                        f"task {self.task}: PyTorch's gradients stay switched off after it, for everything that comes "
                        "later; torch.no_grad() as a block switches them off and back on"
                    )

        return kept

    def _first_difference(self, given: Sequence[Mapping], expected: Sequence[Mapping]) -> str | None:
        """In words; None where there is none."""
        for number, (ours, right) in enumerate(zip(given, expected, strict=True)):
            where = f"on input {number + 1} of {len(self.inputs)}"
            ours = _arranged_as(right, ours)
            if ours.keys() != right.keys():
                return f"{where} it returned {_list(ours)}, where {_list(right)} is expected"
            for name, value in right.items():
                label = f"{name} " if name else ""
                if ours[name].shape != value.shape:
                    return f"wrong shape {where}: {label}{ours[name].shape}, where {value.shape} is expected"
                if not np.isfinite(ours[name]).all() and np.isfinite(value).all():
                    return (
                        f"{where} {label or 'the result '}holds values that are not finite; is something divided by 0?"
                    )
                far = ~_close(ours[name], value, self.tolerance)
                if far.any():
                    index = tuple(int(i) for i in np.argwhere(far)[0])
                    at = f" at {list(index)}" if index else ""
                    return (
                        f"wrong; {where} {label}first differs{at}: "
                        f"{ours[name][index]:.6g}, where {value[index]:.6g} is expected"
                    )
        return None

    def _looks_like(self, mistake: Mistake, given: Sequence[Mapping]) -> bool:
        """Whether it gives, on every input, what was given."""
        try:
            return all(
                self._first_difference([ours], [_arrays(self._observe(mistake.answer, number))]) is None
                for number, ours in enumerate(given)
            )
        except Exception:
            return False


def _unchanged(before: Any, after: Any) -> bool:
    """Arrays, and what dicts, lists and tuples hold of them; anything else is not looked into."""
    if isinstance(before, np.ndarray):
        return np.array_equal(before, after, equal_nan=before.dtype.kind in "fc")
    if isinstance(before, Mapping):
        kept = dict(after)
        return before.keys() == kept.keys() and all(_unchanged(value, kept[name]) for name, value in before.items())
    if isinstance(before, list | tuple):
        return len(before) == len(after) and all(map(_unchanged, before, after))
    return not isinstance(before, int | float | str) or before == after


def _close(given: np.ndarray, expected: np.ndarray, tolerance: float) -> np.ndarray:
    largest = np.abs(expected[np.isfinite(expected)]).max(initial=0.0)
    return np.isclose(given, expected, rtol=tolerance, atol=tolerance * largest, equal_nan=True)


def _arrays(result: Any) -> dict[str, np.ndarray]:
    """NumPy arrays, this project's or PyTorch's tensors, numbers, and nested tuples or dicts of these, by name."""
    if isinstance(result, Mapping):
        parts = [(str(name), value) for name, value in result.items()]
    elif isinstance(result, tuple | list) and not _is_numbers(result):
        parts = [(f"part {number + 1}", value) for number, value in enumerate(result)]
    else:
        return {"": _array(result)}
    return {" ".join(filter(None, (outer, inner))): a for outer, v in parts for inner, a in _arrays(v).items()}


def _is_numbers(value: Any) -> bool:
    """A number, or lists of numbers, however deep."""
    return isinstance(value, int | float | np.number) or (
        isinstance(value, tuple | list) and all(_is_numbers(inner) for inner in value)
    )


def _arranged_as(right: Mapping[str, np.ndarray], given: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
    """What was given, as one array if that is expected and it came in parts of one shape, and the other way round."""
    parts = [f"part {number + 1}" for number in range(max(len(right), len(given)))]
    whole = given.get("")
    if list(right) == [""] and list(given) == parts and len({part.shape for part in given.values()}) == 1:
        return {"": np.stack(list(given.values()))}
    if list(right) == parts and whole is not None and whole.ndim and len(whole) == len(parts):
        return dict(zip(parts, whole, strict=True))
    return given


def _array(value: Any) -> np.ndarray:
    if hasattr(value, "detach"):  # a tensor of PyTorch's, or this project's
        value = value.detach()
    value = (
        getattr(value, "data", value) if not isinstance(value, np.ndarray) and not hasattr(value, "numpy") else value
    )
    array = np.asarray(value.cpu().numpy() if hasattr(value, "cpu") else value)
    if array.dtype.kind not in "biuf":
        raise TypeError(array.dtype)
    return array.astype(np.float64)


def _list(names: Mapping[str, Any]) -> str:
    return ", ".join(names) if any(names) else "one array"
