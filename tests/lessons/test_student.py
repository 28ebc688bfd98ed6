"""The student's copy: nothing of the solutions, every check helpful on the stub, and no need of the repository."""

import os
import re
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
    return subprocess.run(command, capture_output=True, encoding="utf-8", timeout=300)


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
        "figures",
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


def test_checks_are_helpful_on_stubs_and_content_with_solutions_outside_the_repository(copy, tmp_path):
    """With the copy's own checks: its stubs, and the solutions beside them."""
    expected, notebooks = [], []
    for name in NOTEBOOKS:
        solved = tmp_path / f"solved_{name}"
        solved.write_bytes((LESSONS / name).read_bytes())
        notebooks += [name, solved]
        titles = [
            cell.source.splitlines()[0].removeprefix("# Task ")
            for cell in code(copy / name)
            if cell.metadata.get("nbgrader", {}).get("solution")
        ]
        todo = "still to do; replace the line that raises NotImplementedError"
        expected += [f"{name}, task {title.split(':')[0]}: ✗ task {title}: {todo}" for title in titles]
        expected += [f"{solved}, task {title.split(':')[0]}: ✓" for title in titles]
    result = mark(copy, *notebooks)
    assert result.stdout.splitlines() == expected, result.stderr
    assert result.returncode == 1


def test_the_checks_hold_no_answer(copy):
    """Neither the solutions' lines, nor a function that any check takes for right."""
    sources = {path.name: path.read_text(encoding="utf-8") for path in (copy / "checking").glob("*.py")}
    blocks = [block for name in NOTEBOOKS for cell in code(LESSONS / name) for block in BLOCK.findall(cell.source)]
    lines = {line.strip() for block in blocks for line in block.splitlines() if len(line.strip()) > 25}
    for name, source in sources.items():
        assert not [line for line in lines if line in source], name
        if name.startswith("lesson_"):
            assert not re.search(r"\breference=|\bmistakes=|\bMistake\b", source), name
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", TRY_EVERYTHING],
        cwd=copy,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
    functions, checks = map(int, result.stdout.split())
    assert functions >= 20
    assert checks == len(blocks)


TRY_EVERYTHING = """
import importlib, os, pathlib, sys, types
sys.path.insert(0, "")
import checks, numpy
from checking.engine import WrongAnswer
numpy.seterr(all="ignore")
ours = [check for name, check in vars(checks).items() if name.startswith("check_")]
functions = []
for path in pathlib.Path("checking").glob("*.py"):
    module = importlib.import_module(f"checking.{path.stem}")
    assert pathlib.Path(module.__file__).parent == pathlib.Path("checking").resolve()
    own = [value for value in vars(module).values() if getattr(value, "__module__", "") == module.__name__]
    functions += [value for value in own if isinstance(value, types.FunctionType)]
for function in functions:
    for check in ours:
        try:
            check(function)
        except WrongAnswer:
            continue
        sys.exit(f"{function} passes for an answer to task {check.__self__.task}")
print(len(functions), len(ours))
"""


def test_its_readme_is_for_students(copy):
    text = (copy / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^##? (.+)$", text, re.MULTILINE) == ["The lessons", "Your copy"]
    for word in ("teacher", "clone", "student.py", "nbgrader", "lessons/", "CI "):
        assert word not in text.replace("your teacher's computer", ""), word
    for word in ("mark.py", ".example(2)", "[lessons]", "jupyter lab", *NOTEBOOKS):
        assert word in text, word
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert (copy / target).is_file(), target


def test_an_input_of_a_check_can_be_seen_and_used(copy):
    code = (
        "from checks import check_conv2d, check_picture_penalty, check_discriminator_step\n"
        "import numpy as np\n"
        "x, w, stride, padding = check_conv2d.example(3)\n"
        "x += 1\n"
        "again, *_ = check_conv2d.example(3)\n"
        "assert np.allclose(x, again + 1) and (stride, padding) == (2, 1)\n"
        "D, real, fake, share = check_picture_penalty.example(1)\n"
        "assert D(real).shape[0] == len(share)\n"
        "check_discriminator_step.example(2)\n"
        "check_conv2d.example(9)"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=copy, capture_output=True, encoding="utf-8", timeout=60)
    assert result.stdout.splitlines() == [
        *["input 3 of 4: x (2, 3, 8, 11), w (4, 3, 3, 3), stride 2, padding 1"] * 2,
        "input 1 of 2: D a PatchJudge, real (4, 2, 6, 4), fake (4, 2, 6, 4), share (4,)",
        "input 2 of 2: G a Maker, D a Judge, real (5, 2), z (5, 2), target 0.7",
    ]
    assert result.stderr.splitlines()[-1] == "ValueError: this check has inputs 1 to 4, and no input 9"


def mark(folder: Path, *notebooks: object) -> subprocess.CompletedProcess:
    """As where the package is installed, and nothing else of the repository."""
    command = [sys.executable, "mark.py", *map(str, notebooks)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", timeout=300)


def test_a_folder_that_holds_anything_is_refused_and_stays_as_it_is(tmp_path):
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    result = student(tmp_path)
    assert result.returncode == 2
    assert result.stderr == f"student.py: {tmp_path} is there already and not an empty folder; name a new one\n" and [
        path.name for path in tmp_path.iterdir()
    ] == ["notes.txt"]


def test_an_empty_folder_is_taken_and_a_file_is_not(tmp_path, monkeypatch, capsys):
    import student

    monkeypatch.setattr(student, "checks_by_numbers", dict)  # which takes long
    assert student.main([str(tmp_path)]) == 0
    assert "notebooks, without solutions" in capsys.readouterr().out
    assert student.main([str(tmp_path / "checks.py")]) == 2
    assert "not an empty folder" in capsys.readouterr().err


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
