"""Is an answer right, and if not, which mistake does it look like?

An answer is run on several inputs beside a reference that is known to be right. If it differs anywhere, the exercise's
known mistakes are run as well: the one that gives what the answer gave, on every input, names the hint. A student's
copy of the lessons has neither reference nor mistakes, but what they gave, in a file that `student.py` writes.
"""

from __future__ import annotations

import contextlib
import copy
import inspect
import pickle
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from checking.arrays import Named, arranged_as, arrays, close, form
from checking.surroundings import Effect, in_words, read_settings, restore_settings, their_line, undisturbed, watch

Answer = Callable[..., Any]
STORED = Path(__file__).with_name("expected.pickle")


class WrongAnswer(AssertionError):
    """What a check has to say, in one sentence; notebooks show it without a traceback. `observe` may raise it too."""

    def _render_traceback_(self) -> list[str]:
        return [f"✗ {self}"]


@dataclass(frozen=True)
class Mistake:
    """A way to get it wrong, and the sentence for whoever does: what it looks like, and where to look."""

    hint: str
    answer: Answer


class Outcome(NamedTuple):
    """What came of an answer on one input."""

    arrays: Named
    effects: frozenset[Effect]  # what it did to its arguments
    form: str  # of what it returned


class Expected(NamedTuple):
    """All that a check needs of the right answer and of the wrong ones."""

    inputs: Sequence[tuple[Any, ...]]
    shown: Sequence[str]  # the names of what an input holds
    names: Sequence[str]  # of the answer's arguments, the same for most
    right: Sequence[Outcome]  # one for each input
    mistakes: Sequence[tuple[str, Sequence[Outcome]]]  # with their hints


@dataclass(frozen=True)
class Exercise:
    """One task.

    task        its number, "2.1"
    reference   the right answer
    inputs      arguments, one tuple for each call
    mistakes    tried in this order when an answer is wrong
    tolerance   as a share of the largest expected value; wide enough for float32
    observe     what is compared, from the answer and the arguments; by default what the answer returns. A value whose
                name begins with "whether" is 0 or 1
    parts       names of what a right answer returns, where that is a tuple
    """

    task: str
    reference: Answer | None = None
    inputs: Sequence[tuple[Any, ...]] = ()
    mistakes: Sequence[Mistake] = ()
    tolerance: float = 1e-4
    observe: Callable[..., Any] = lambda answer, *arguments: answer(*arguments)
    parts: Sequence[str] = ()

    @property
    def check(self) -> Check:
        return Check(self)

    @cached_property
    def expected(self) -> Expected:
        if self.reference is None:
            return pickle.loads(_stored()[self.task])
        names, (_, *observed) = map(_parameters, (self.reference, self.observe))  # the first is the answer
        with undisturbed():
            right = [self._outcome(self.reference, given, names, [], set()) for given in self.inputs]
        shown = names if "*" in "".join(observed) else observed
        return Expected(self.inputs, shown, names, right, ())

    def outcomes(self) -> Expected:
        """All that a check needs, of an exercise that has its answers: what they give, computed now."""
        kept = []
        for hint, outcomes in self.known():
            with contextlib.suppress(Exception), undisturbed():
                kept.append((hint, list(outcomes)))
        return self.expected._replace(mistakes=kept)

    def known(self) -> Iterator[tuple[str, Iterable[Outcome]]]:
        """The mistakes' hints and outcomes, these one by one, for most differ on the first input."""
        yield from self.expected.mistakes
        for mistake in self.mistakes:
            yield mistake.hint, (self._outcome(mistake.answer, x, self.expected.names, [], set()) for x in self.inputs)

    def _outcome(
        self, answer: Answer, given: Sequence[Any], names: Sequence[str], forms: list[str], effects: set[Effect]
    ) -> Outcome:
        """`forms` gets the form of what the answer returns, and `effects` what it does, also where it is of no use.

        Raises what the answer raises, TypeError or ValueError if it returns no numbers, and WrongAnswer if it leaves a
        setting changed.
        """

        def watched(*arguments: Any) -> Any:
            before = read_settings()
            try:
                with watch(names, arguments, effects):
                    result = answer(*arguments)
            finally:
                for said in restore_settings(before):
                    raise WrongAnswer(said)
            forms.append(form(result))
            return result

        result = self.observe(watched, *copy.deepcopy(given))
        returned = forms[-1] if forms else form(result)
        several = isinstance(result, tuple | list) or len(getattr(result, "shape", ())) > 0
        if self.parts and several and len(result) == len(self.parts):
            result = dict(zip(self.parts, result, strict=True))
        return Outcome(arrays(result), frozenset(effects), returned)

    def judge(self, answer: Answer) -> str | None:
        """What is wrong, in one sentence; None where nothing is."""
        right = self.expected.right
        given: list[Outcome] = []
        for number in range(len(right)):
            try:
                given.append(self._run(answer, number))
            except WrongAnswer:
                said = self._first_difference(given, right[:number])
                if said:  # it went wrong before it stopped
                    return said
                raise
        said = self._first_difference(given, right)
        effects = _effects(given) - _effects(right)
        if not said and not effects:
            return None
        like = ""
        for hint, outcomes in self.known():
            seen: list[Outcome] = []
            with contextlib.suppress(Exception):  # a mistake that stops, on any input, looks like none that does not
                if self._first_difference(given, (seen.append(outcome) or outcome for outcome in outcomes)):
                    continue
                # The mistake that does the same to what it was given comes first. Wrong numbers say enough by
                # themselves; where an effect alone is wrong, it must be this mistake's.
                if _effects(seen) - _effects(right) == effects:
                    return hint
                like = like or (hint if said else "")
        return like or (in_words(effects) if effects else said)

    def _run(self, answer: Answer, number: int) -> Outcome:
        """Raises WrongAnswer where the answer gives nothing to compare."""
        forms: list[str] = []
        effects: set[Effect] = set()
        try:
            return self._outcome(answer, self.expected.inputs[number], self.expected.names, forms, effects)
        except WrongAnswer as wrong:
            raise WrongAnswer(f"task {self.task}: {self._spoilt(number, effects) or wrong}") from None
        except NotImplementedError as error:
            todo = str(error) or f"task {self.task}"
            if not todo.startswith("task "):  # it comes from somewhere else
                raise WrongAnswer(f"task {self.task}: {self._stopped(answer, number, error)}") from error
            raise WrongAnswer(f"{todo}: still to do; replace the line that raises NotImplementedError") from None
        except (Exception, SystemExit) as error:
            said = self._useless(number, forms[-1], error) if forms else self._stopped(answer, number, error)
            said = (self._spoilt(number, effects) if forms else "") or said
            raise WrongAnswer(f"task {self.task}: {said}") from error

    def _spoilt(self, number: int, effects: set[Effect]) -> str:
        """What the answer did that may be why nothing can be compared; empty if it did nothing to what it was given."""
        wrong = effects - self.expected.right[number].effects
        return in_words(wrong) if wrong else ""

    def _stopped(self, answer: Answer, number: int, error: BaseException) -> str:
        """That it did not come to its end, and where."""
        if isinstance(error, SystemExit):
            return f"it called exit {self._where(number)}, which ends more than the function; take that out"
        inner, line = inspect.unwrap(answer), ""
        if hasattr(inner, "__code__"):
            line = their_line(error, inner.__globals__, inner.__code__.co_filename)
        said = " ".join(f"{type(error).__name__}: {error}".split()) + (f"; your {line}" if line else "")
        return f"it stopped {self._where(number)} with {said}{self._pointer(number)}"

    def _useless(self, number: int, form: str, error: BaseException) -> str:
        """That it came to its end, and what it returned can't be compared."""
        where, right = self._where(number), self.expected.right[number]
        if form == "None":
            return f"it returned None {where}; is there a return?"
        if form != right.form:
            return f"{where} it returned {form}, where it should return {self._form(right)}"
        return f"what it returned {where} is of no use: " + " ".join(f"{type(error).__name__}: {error}".split())

    def _first_difference(self, given: Iterable[Outcome], expected: Iterable[Outcome]) -> str | None:
        """In words; None where there is none."""
        pairs = zip(given, expected, strict=True)
        return next(filter(None, (self._difference(number, *pair) for number, pair in enumerate(pairs))), None)

    def _difference(self, number: int, given: Outcome, right: Outcome) -> str | None:
        where, ours = self._where(number), arranged_as(right.arrays, given.arrays)
        if ours.keys() != right.arrays.keys():
            if given.form != right.form:
                return f"{where} it returned {given.form}, where it should return {self._form(right)}"
            return f"{where} it returned {', '.join(ours)}, where it should return {', '.join(right.arrays)}"
        for name, value in right.arrays.items():
            label, same_shape = f"{name} " if name else "", ours[name].shape == value.shape
            far = ~close(ours[name], value, self.tolerance) if same_shape else np.ones(())
            if not far.any():
                continue
            if name.startswith("whether "):
                return f"{where} {name.removeprefix('whether ')}, which should {'' if value else 'not '}be so"
            if not same_shape:
                return f"wrong shape {where}: {label}{ours[name].shape}, where {value.shape} is expected"
            if not np.isfinite(ours[name]).all() and np.isfinite(value).all():
                return f"{where} {label or 'the result '}holds values that are not finite; is something divided by 0?"
            index = tuple(int(i) for i in np.argwhere(far)[0])
            at = f" at {list(index)}" if index else ""
            found = f"{ours[name][index]:.6g}, where {value[index]:.6g} is expected"
            return f"wrong; {where} {label}first differs{at}: {found}{self._pointer(number)}"
        return None

    def _form(self, right: Outcome) -> str:
        return f"{right.form}: {', '.join(self.parts)}" if self.parts else right.form

    def _where(self, number: int) -> str:
        return f"on input {number + 1} of {len(self.expected.inputs)}"

    def _pointer(self, number: int) -> str:
        """How to see the input, if this is one of the lessons' checks."""
        checks = vars(sys.modules["checks"]) if "checks" in sys.modules else {}
        return "".join(
            f"; {name}.example({number + 1}) shows that input"
            for name, value in checks.items()
            if getattr(value, "__self__", None) is self
        )


class Check:
    """`check_conv2d(conv2d)` says whether an answer is right, `check_conv2d.example(2)` shows an input."""

    def __init__(self, exercise: Exercise):
        self.__self__ = exercise

    def __call__(self, answer: Answer) -> None:
        """Prints that the answer is right, or raises WrongAnswer with one sentence that helps."""
        task = self.__self__.task
        if not callable(answer):
            raise WrongAnswer(f"task {task}: give the check the function itself, without calling it")
        with undisturbed():
            said = self.__self__.judge(answer)
        if said:
            raise WrongAnswer(f"task {task}: {said}")
        print(f"✓ task {task}: right on {len(self.__self__.expected.inputs)} inputs")

    def example(self, number: int) -> tuple[Any, ...]:
        """What the check uses as input `number`, the first being 1; prints what is in it, by name.

        It is new each time, so you may do with it what you like: `conv2d(*check_conv2d.example(2))`.
        """
        inputs, shown, *_ = self.__self__.expected
        if not 1 <= number <= len(inputs):
            raise ValueError(f"this check has inputs 1 to {len(inputs)}, and no input {number}")
        arguments = copy.deepcopy(inputs[number - 1])
        named = (f"{name} {_shown(value)}" for name, value in zip(shown, arguments, strict=True))
        print(f"input {number} of {len(inputs)}: {', '.join(named)}")
        return arguments


def same_each_time(results: Sequence[Any], reason: str) -> None:
    """Raises WrongAnswer with the reason if the results of several calls are not all one; no numbers are let pass."""
    with contextlib.suppress(TypeError, ValueError):
        first, *others = map(arrays, results)
        for other in others:
            if not all(close(other[name], value, 1e-5).all() for name, value in first.items()):
                raise WrongAnswer(f"its answer changes from call to call: {reason}")


def _parameters(function: Callable[..., Any]) -> list[str]:
    """Their names, one that takes any number of arguments with its star."""
    return [str(one).split(":")[0].split("=")[0] for one in inspect.signature(function).parameters.values()]


def _effects(outcomes: Sequence[Outcome]) -> set[Effect]:
    return set().union(*(outcome.effects for outcome in outcomes))


def _shown(value: Any) -> str:
    """An array's shape, a number itself, and of anything else what it is."""
    if isinstance(value, int | float | str):
        return repr(value)
    return str(tuple(value.shape)) if hasattr(value, "shape") else f"a {type(value).__name__.lstrip('_')}"


@cache
def _stored() -> dict[str, bytes]:
    """By task, the pickled `Expected`: of each by itself, for its classes stand in the file that asks for it."""
    return pickle.loads(STORED.read_bytes())
