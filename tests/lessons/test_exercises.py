"""The checks of lessons 4 to 8: every known mistake is told by its own hint, and stubs are still to do."""

import numpy as np
import pytest
from exercises import EXERCISES, PARTS

from checking.engine import WrongAnswer

TASKS = {4: "4.1 4.2 4.5 4.3 4.4", 5: "5.1 5.2 5.3 5.4 5.5", 6: "6.1 6.4 6.2 6.3", 7: "7.1 7.3 7.2 7.4 7.5",
         8: "8.1 8.2 8.3 8.4 8.5"}  # fmt: skip
ALL = [exercise for named in EXERCISES.values() for exercise in named.values()]
CASES = [
    pytest.param(exercise, mistake, id=f"{exercise.task}-{number}")
    for exercise in ALL
    for number, mistake in enumerate(exercise.mistakes)
]


@pytest.mark.parametrize("lesson", PARTS)
def test_every_exercise_has_its_check(lesson):
    assert [exercise.task for exercise in EXERCISES[lesson].values()] == TASKS[lesson].split()
    for name in EXERCISES[lesson]:
        assert callable(getattr(PARTS[lesson][0], f"check_{name.lower()}"))


@pytest.mark.parametrize(("exercise", "mistake"), CASES)
def test_a_known_mistake_is_told_by_its_own_hint(exercise, mistake):
    with np.errstate(all="ignore"), pytest.raises(WrongAnswer) as told:
        exercise.check(mistake.answer)
    assert str(told.value) == f"task {exercise.task}: {mistake.hint}"


@pytest.mark.parametrize("exercise", ALL, ids=lambda exercise: exercise.task)
def test_the_reference_passes_and_a_stub_is_still_to_do(exercise, capsys):
    exercise.check(exercise.reference)
    assert capsys.readouterr().out.startswith(f"✓ task {exercise.task}")

    def stub(*arguments):
        raise NotImplementedError(f"task {exercise.task}: the name of it")

    with pytest.raises(WrongAnswer, match=rf"task {exercise.task}: the name of it: still to do"):
        exercise.check(stub)
    with pytest.raises(WrongAnswer, match="returned None"):
        exercise.check(lambda *arguments: None)
