"""Some four hundred wrong answers and seventy right ones, written without sight of the checks: what each is told."""

import contextlib
import importlib.util
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest

import checks
from checking.engine import Check, WrongAnswer
from checking.surroundings import EFFECTS

HERE = Path(__file__).parent
LESSONS = HERE.parents[1] / "lessons"
NUMBERS = (1, 2, 3, 4, 5, 6, 7, 8)
HARMLESS = 14  # lines of a solution shorter than this are anybody's, such as `return y`


def answers(number: int):
    path = HERE / "answers" / f"lesson_{number}.py"
    spec = importlib.util.spec_from_file_location(f"answers_{number}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ANSWERS = {number: answers(number) for number in NUMBERS}
WRONG = [row for module in ANSWERS.values() for row in module.WRONG]
RIGHT = [row for module in ANSWERS.values() for row in module.RIGHT]
EXERCISES = {check.__self__.task: check.__self__ for check in vars(checks).values() if isinstance(check, Check)}
CLEAR_OF_ITSELF = (
    "returned None",
    "stay switched off",
    *(said.split("{name}")[-1] for said in EFFECTS.values()),
    "did not return a pair",
    "torch.stack makes one tensor",
    "changes from call to call",
    "G was given",
    "G was in training mode",
    "still holds the graph",
)


def names(rows) -> list[str]:
    return [f"{row[0]} {row[1]}" for row in rows]


def said(task: str, answer) -> str:
    with np.errstate(all="ignore"), pytest.raises(WrongAnswer) as caught, contextlib.redirect_stdout(None):
        EXERCISES[task].check(answer)
    return str(caught.value)


@pytest.fixture(scope="module")
def solutions() -> dict[str, set[str]]:
    """By task, the lines of its solution, without their indentation."""
    found = {}
    for path in (path for number in NUMBERS for path in LESSONS.glob(f"{number}_*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            for block in re.findall(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", cell.source, re.DOTALL):
                task = cell.metadata.nbgrader.grade_id.removeprefix("task_").replace("_", ".")
                found[task] = {line.strip() for line in block.splitlines() if len(line.strip()) >= HARMLESS}
    return found


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("task", "what", "answer", "told"), WRONG, ids=names(WRONG))
def test_a_wrong_answer_is_refused_in_one_line_that_helps(task, what, answer, told, solutions):
    sentence = said(task, answer)
    assert sentence.startswith(f"task {task}: ")
    assert "\n" not in sentence
    assert not [line for line in solutions[task] if line in sentence]
    hints = {f"task {task}: {mistake.hint}" for mistake in EXERCISES[task].mistakes}
    named = sentence in hints or any(words in sentence for words in CLEAR_OF_ITSELF)
    assert named == (told == "named"), sentence


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("task", "what", "answer"), RIGHT, ids=names(RIGHT))
def test_a_right_answer_passes(task, what, answer, capsys):
    EXERCISES[task].check(answer)
    assert capsys.readouterr().out.startswith(f"✓ task {task}: right")


@pytest.mark.parametrize("task", EXERCISES)
def test_every_input_can_be_shown(task, capsys):
    exercise = EXERCISES[task]
    for number, given in enumerate(exercise.inputs, start=1):
        assert len(exercise.check.example(number)) == len(given)
        assert capsys.readouterr().out.startswith(f"input {number} of {len(exercise.inputs)}: ")


def test_every_task_has_answers_and_more_than_half_of_the_wrong_ones_are_named():
    tasks = {task for task in EXERCISES if int(task[0]) in NUMBERS}
    assert {row[0] for row in WRONG} == {row[0] for row in RIGHT} == tasks
    assert all(sum(row[0] == task for row in WRONG) >= 14 for task in tasks)
    told = [row[3] for row in WRONG]
    assert set(told) == {"named", "honest"}
    assert told.count("named") > 0.55 * len(told)
