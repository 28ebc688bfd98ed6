"""The student's copy: nothing of the solutions, every check helpful on the stub, and no need of the repository."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
LESSONS = ROOT / "lessons"
NOTEBOOKS = sorted(path.name for path in LESSONS.glob("*.ipynb"))
BLOCK = re.compile(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", re.DOTALL)


def student(*arguments: object) -> subprocess.CompletedProcess:
    command = [sys.executable, LESSONS / "student.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("student") / "of" / "mine"
    result = student(folder)
    assert result.returncode == 0, result.stderr
    assert result.stdout == f"{folder}: {len(NOTEBOOKS)} notebooks, without solutions and outputs\n"
    return folder


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def code(path: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def test_the_copy_holds_what_the_notebooks_need_and_no_more(copy):
    names = {path.name for path in copy.iterdir()}
    needed = {
        "checks.py",
        "checking",
        "figures.py",
        "lessons.mplstyle",
        "mark.py",
        "glossary.md",
        "LICENSE.md",
        "README.md",
    }
    assert names - {"checkpoints"} == needed | set(NOTEBOOKS)
    assert ("checkpoints" in names) == (LESSONS / "checkpoints").exists()
    assert not list(copy.rglob("__pycache__"))


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_outputs_are_cleared_and_nothing_of_the_solutions_is_left(copy, name):
    ours, theirs = code(LESSONS / name), code(copy / name)
    assert len(ours) == len(theirs)
    for cell in theirs:
        assert cell.outputs == []
        assert cell.execution_count is None
    text, whole = ("\n".join(cell.source for cell in read(folder / name).cells) for folder in (copy, LESSONS))
    assert "SOLUTION" not in text
    outside = BLOCK.sub("", whole)
    for mine, given in zip(ours, theirs, strict=True):
        blocks = BLOCK.findall(mine.source)
        if not blocks:
            assert mine.source == given.source
        for line in (line.strip() for block in blocks for line in block.splitlines()):
            assert line not in given.source or not line or line in BLOCK.sub("", mine.source), line
            if len(line) > 25 and line not in outside:
                assert line not in text, line


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_checks_are_helpful_on_stubs_and_content_with_solutions_outside_the_repository(copy, name, tmp_path):
    """With the copy's own checks: its stubs, and the solutions beside them."""
    solved = tmp_path / f"solved_{name}"
    solved.write_bytes((LESSONS / name).read_bytes())
    result = mark(copy, name, solved)
    titles = {
        cell.metadata.nbgrader.grade_id: cell.source.splitlines()[0].removeprefix("# Task ")
        for cell in code(copy / name)
        if cell.metadata.get("nbgrader", {}).get("solution")
    }
    numbers = [title.split(":")[0] for title in titles.values()]
    todo = "still to do; replace the line that raises NotImplementedError"
    assert result.stdout.splitlines() == [
        *(f"{name}, task {n}: ✗ task {title}: {todo}" for n, title in zip(numbers, titles.values(), strict=True)),
        *(f"{solved.name}, task {number}: ✓" for number in numbers),
    ], result.stderr
    assert result.returncode == 1


def mark(folder: Path, *notebooks: object) -> subprocess.CompletedProcess:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [sys.executable, "mark.py", *notebooks]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


class TestMark:
    """On a lesson made for it, so that the marks are known."""

    @pytest.fixture
    def folder(self, tmp_path) -> Path:
        (tmp_path / "mark.py").write_bytes((LESSONS / "mark.py").read_bytes())
        (tmp_path / "checks.py").write_text("def check_two(f):\n    assert f() == 2, 'not\\n  two'")
        self.notebook(tmp_path / "9_lesson.ipynb", "2")
        return tmp_path

    def notebook(self, path: Path, answer: str, setup: str = "from checks import check_two", check: str = "") -> str:
        cells = [
            nbformat.v4.new_code_cell(setup, metadata={"tags": ["setup"]}),
            nbformat.v4.new_code_cell("1 / 0"),
            nbformat.v4.new_code_cell(
                f"# Task 9.1: two\ndef f():\n    print('noise')\n    return {answer}",
                metadata={"nbgrader": {"solution": True, "grade_id": "task_9_1"}},
            ),
            nbformat.v4.new_code_cell(
                check or "check_two(f)", metadata={"nbgrader": {"grade": True, "grade_id": "check_9_1"}}
            ),
        ]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
        return path.name

    def test_right_and_wrong_answers_by_this_folders_checks(self, folder):
        right, wrong = (
            self.notebook(folder / "anna.ipynb", "1 + 1"),
            self.notebook(folder / "ben.ipynb", "3", check="0"),
        )
        result = mark(folder, right, wrong)
        assert result.stdout.splitlines() == [
            "anna.ipynb, task 9.1: ✓",
            "ben.ipynb, task 9.1: ✗ AssertionError: not two",
        ]
        assert result.returncode == 1
        assert mark(folder, right).returncode == 0

    def test_a_notebook_that_cannot_be_run_does_not_stop_the_others(self, folder):
        bad, right = self.notebook(folder / "bad.ipynb", "2", setup="1 / 0"), self.notebook(folder / "anna.ipynb", "2")
        result = mark(folder, "none.ipynb", bad, right)
        assert [line.split(":")[0] for line in result.stderr.splitlines()] == ["none.ipynb", "bad.ipynb"]
        assert result.stdout == "anna.ipynb, task 9.1: ✓\n"
        assert result.returncode == 1

    @pytest.mark.parametrize(
        ("answer", "sentence"),
        [
            ("__import__('sys').exit()", "it called exit, which ends the program that marks it, too; take that out"),
            ("quit()", "it called exit, which ends the program that marks it, too; take that out"),
            (
                "normalise(2)",
                "NameError: name 'normalise' is not defined; an exercise may use the imports of the first code cell "
                "and what its own cell defines, nothing else",
            ),
            (
                "2\n%timeit f()",
                "a line of it begins with %, ! or ?, which Jupyter understands and Python does not; take it out",
            ),
            ("2 +", "SyntaxError: invalid syntax (<string>, line 4)"),
            ("2\nimport sys; sys.exit(0)", "it called exit, which ends the program that marks it, too; take that out"),
        ],
    )
    def test_what_would_end_the_marking_is_told_and_the_rest_marked(self, folder, answer, sentence):
        bad, right = self.notebook(folder / "bad.ipynb", answer), self.notebook(folder / "anna.ipynb", "2")
        result = mark(folder, bad, right)
        assert result.stdout.splitlines() == [f"bad.ipynb, task 9.1: ✗ {sentence}", "anna.ipynb, task 9.1: ✓"]
        assert result.returncode == 1

    @pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="no alarm on this system, hence no time limit")
    @pytest.mark.parametrize("answer", ["next(k for k in iter(int, 1) if k)", "2\nwhile True:\n    pass"])
    def test_a_loop_without_end_is_ended(self, folder, answer):
        program = (folder / "mark.py").read_text()
        assert program.count("SECONDS = 60") == 1
        (folder / "mark.py").write_text(program.replace("SECONDS = 60", "SECONDS = 1"))
        result = mark(folder, self.notebook(folder / "bad.ipynb", answer), self.notebook(folder / "anna.ipynb", "2"))
        assert result.stdout.splitlines() == [
            "bad.ipynb, task 9.1: ✗ it was not done after 1 seconds; is there a loop that never ends?",
            "anna.ipynb, task 9.1: ✓",
        ]
        assert result.returncode == 1

    def test_a_name_from_elsewhere_inside_a_check_of_the_course_is_explained(self, folder):
        """There the check tells what stopped the answer, and keeps the error as the cause."""
        (folder / "checks.py").write_text(
            "class WrongAnswer(AssertionError): pass\n"
            "def check_two(f):\n"
            "    try: f()\n"
            "    except Exception as error: raise WrongAnswer(f'task 9.1: it stopped: {error}') from error"
        )
        said = mark(folder, self.notebook(folder / "bad.ipynb", "helper()")).stdout
        assert "✗ task 9.1: it stopped: name 'helper' is not defined; an exercise may use the imports" in said

    def test_a_setup_cell_that_exits_and_one_with_magic_do_not_end_the_marking(self, folder):
        exits = self.notebook(folder / "exits.ipynb", "2", setup="raise SystemExit")
        magic = self.notebook(folder / "magic.ipynb", "2", setup="%matplotlib inline")
        result = mark(folder, exits, magic, self.notebook(folder / "anna.ipynb", "2"))
        assert ["called exit" in result.stderr, "begins with %" in result.stderr] == [True, True]
        assert result.stdout == "anna.ipynb, task 9.1: ✓\n"
        assert result.returncode == 1

    def test_missing_exercises_are_no_pass(self, folder):
        nbformat.write(nbformat.v4.new_notebook(cells=[]), folder / "empty.ipynb")
        result = mark(folder, "empty.ipynb")
        assert "no exercises found" in result.stderr
        assert result.returncode == 1
        lesson = nbformat.read(folder / "9_lesson.ipynb", as_version=4)
        more = nbformat.from_dict(lesson.cells[-1])
        more.metadata.nbgrader.grade_id, more.id = "check_9_2", "more"
        lesson.cells.append(more)
        nbformat.write(lesson, folder / "9_lesson.ipynb")
        result = mark(folder, self.notebook(folder / "anna.ipynb", "2"))
        assert result.stdout.splitlines() == ["anna.ipynb, task 9.1: ✓", "anna.ipynb, task 9.2: ✗ its cell is missing"]
        assert result.returncode == 1

    def test_usage_is_shown(self, folder):
        assert "mark.py NOTEBOOK" in mark(folder).stdout
        assert mark(folder).returncode == 2


def test_a_folder_that_holds_anything_is_refused_and_stays_as_it_is(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    result = student(tmp_path)
    assert result.returncode == 2
    assert result.stderr == f"student.py: {tmp_path} is there already and not an empty folder; name a new one\n" and [
        path.name for path in tmp_path.iterdir()
    ] == ["notes.txt"]


def test_an_empty_folder_is_taken_and_a_file_is_not(tmp_path):
    assert student(tmp_path).returncode == 0
    result = student(tmp_path / "checks.py")
    assert result.returncode == 2
    assert "not an empty folder" in result.stderr


@pytest.mark.parametrize("arguments", [[], ["--help"], ["one", "two"]])
def test_usage_is_shown(arguments):
    result = student(*arguments)
    assert result.returncode == 2
    assert "student.py DIR" in result.stdout


class TestStub:
    RIGHT = (
        "# Task 2.1: convolve\ndef f(x):\n    '''Doc.'''\n    ### BEGIN SOLUTION\n    return x\n    ### END SOLUTION\n"
    )

    def test_names_its_task(self):
        from student import stub

        assert stub(self.RIGHT) == (
            "# Task 2.1: convolve\ndef f(x):\n    '''Doc.'''\n    raise NotImplementedError(\"task 2.1: convolve\")\n"
        )

    @pytest.mark.parametrize(
        ("wrong", "sentence"),
        [
            (RIGHT.replace("# Task 2.1: convolve\n", ""), "first line"),
            (RIGHT.replace("### BEGIN SOLUTION", "pass"), "one ### BEGIN SOLUTION"),
            (RIGHT.replace("### END SOLUTION", "pass"), "one ### BEGIN SOLUTION"),
            (RIGHT + RIGHT.split("\n", 1)[1], "one ### BEGIN SOLUTION"),
        ],
    )
    def test_a_cell_that_is_not_as_it_should_be_is_refused(self, wrong, sentence):
        from student import stub

        with pytest.raises(ValueError, match=sentence):
            stub(wrong)

    def test_a_broken_lesson_is_named_and_nothing_is_written(self, tmp_path, monkeypatch, capsys):
        import student

        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("### BEGIN SOLUTION")])
        nbformat.write(notebook, tmp_path / "9_broken.ipynb")
        monkeypatch.setattr(student, "HERE", tmp_path)
        assert student.main([str(tmp_path / "copy")]) == 1
        assert capsys.readouterr().err.startswith("student.py: 9_broken.ipynb, cell 1: its first line is not")
        assert not (tmp_path / "copy").exists()
