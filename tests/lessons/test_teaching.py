"""What a lesson offers besides text and code: predictions, a question, an experiment, tasks with a ladder of hints."""

import re
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "lessons").glob("[1236]_*.ipynb"))
HINTS = ["Hint 1: ", "Hint 2: ", "Hint 3: the next line"]
# A folded part is Markdown only if an empty line stands before and behind it.
FOLDED = re.compile(r"^<details><summary>([^<]+)</summary>\n\n(.+?)\n\n</details>$", re.MULTILINE | re.DOTALL)

pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def markdown(path: Path) -> list[str]:
    return [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown"]


def code(path: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def test_has_predictions_a_question_whose_answer_folds_out_and_an_experiment(path):
    cells = markdown(path)
    assert sum("**Predict first.**" in text for text in cells) >= 2
    questions = [text for text in cells if re.search(r"\*\*(Concept question|Question)\.\*\*", text)]
    assert questions
    assert all([title for title, _ in FOLDED.findall(text)] == ["Answer"] for text in questions)
    assert sum("**Experiment.**" in text for text in cells) == 1
    assert sum("# change me" in cell.source for cell in code(path)) == 1
    assert "What we saw" in [title for text in cells for title, _ in FOLDED.findall(text)]


def test_tasks_say_how_long_how_hard_and_what_for_and_the_first_is_easy(path):
    tasks = [text for text in markdown(path) if re.search(r"^### Task \d\.\d: ", text, re.MULTILINE)]
    lines = [re.search(r"^\*(\d+) minutes · (easy|medium|hard) · for .{20,}\*$", text, re.MULTILINE) for text in tasks]
    assert all(lines), "*20 minutes · medium · for …*"
    assert lines[0][2] == "easy"
    assert int(lines[0][1]) <= 10


def test_tasks_have_three_hints_and_the_last_is_a_line_of_code(path):
    for text in markdown(path):
        if not re.search(r"^### Task \d\.\d: ", text, re.MULTILINE):
            continue
        hints = FOLDED.findall(text)
        assert [title[: len(start)] for (title, _), start in zip(hints, HINTS, strict=True)] == HINTS
        assert "`" in hints[-1][1]
        assert text.count("<details>") == text.count("</details>") == len(hints)


def test_no_cell_prints_a_truth_value_that_it_did_not_compute(path):
    for cell in code(path):
        assert not re.search(r'^\s*print\(.*\b(True|False)"?\)$', cell.source, re.MULTILINE), cell.id
