"""`mark.py` as a teacher calls it: on a lesson made for it, so that the marks are known, and on the lessons."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
LESSONS = ROOT / "lessons"
CHECKS = """
import matplotlib

def check_two(f):
    assert f() == 2, 'not\\n  two'

def check_ones(f):
    import numpy as np
    with np.errstate(divide="ignore"):
        assert np.log(np.zeros(1)) < 0 and f() == 1, 'not one'
"""
EXIT = "it called exit, which ends the program that marks it, too; take that out"


def mark(folder: Path, *arguments: object, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "mark.py", *map(str, arguments)],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        encoding=environment.get("PYTHONIOENCODING", "utf-8"),
        timeout=300,
    )


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "mark.py").write_bytes((LESSONS / "mark.py").read_bytes())
    (tmp_path / "checking").symlink_to(LESSONS / "checking")
    (tmp_path / "checks.py").write_text(CHECKS, encoding="utf-8")
    notebook(tmp_path / "9_lesson.ipynb", "return 2")
    return tmp_path


def cell(source: str, name: str = "", **metadata: object) -> nbformat.NotebookNode:
    grading = {"nbgrader": {"grade_id": name}} if name else {}
    return nbformat.v4.new_code_cell(source, metadata=grading | metadata)


def setup(source: str = "from checks import check_ones, check_two") -> nbformat.NotebookNode:
    return cell(source, tags=["setup"])


def two(body: str, head: str = "") -> nbformat.NotebookNode:
    """The exercise, with a body and perhaps something before the function."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return cell(f"# Task 9.1: two\n{head}\ndef f():\n    print('noise')\n{lines}", "task_9_1")


CHECK = cell("check_two(f)", "check_9_1")


def save(path: Path, *cells: nbformat.NotebookNode) -> str:
    fresh = [nbformat.from_dict(one) | {"id": f"c{k}"} for k, one in enumerate(cells)]
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.from_dict(one) for one in fresh]), path)
    return path.name


def notebook(path: Path, body: str, head: str = "", start: str = "from checks import check_ones, check_two") -> str:
    """Two exercises, the first with this answer and the second right."""
    one = cell("def g():\n    return 1", "task_9_2")
    return save(path, setup(start), cell("1 / 0"), two(body, head), CHECK, one, cell("check_ones(g)", "check_9_2"))


def told(folder: Path, **notebooks: list[nbformat.NotebookNode]) -> dict[str, str]:
    """What is said of task 9.1 in each, marked in one call; each also has the setup cell."""
    names = [save(folder / f"{name}.ipynb", setup(), *cells) for name, cells in notebooks.items()]
    result = mark(folder, *names)
    assert result.stderr == ""
    rows = [line.split(", task 9.1: ") for line in result.stdout.splitlines() if ", task 9.1: " in line]
    return {name.removesuffix(".ipynb"): said for name, said in rows}


def test_right_and_wrong_answers_by_this_folders_checks(folder):
    right, wrong = notebook(folder / "anna.ipynb", "return 1 + 1"), notebook(folder / "ben.ipynb", "return 3")
    own_check = save(folder / "eve.ipynb", setup(), two("return 3", "check_two = print"), cell("0", "check_9_1"))
    result = mark(folder, right, wrong, own_check)
    assert result.stdout.splitlines() == [
        "anna.ipynb, task 9.1: ✓",
        "anna.ipynb, task 9.2: ✓",
        "ben.ipynb, task 9.1: ✗ AssertionError: not two",
        "ben.ipynb, task 9.2: ✓",
        "eve.ipynb, task 9.1: ✗ AssertionError: not two",
        "eve.ipynb, task 9.2: ✗ its cell is missing",
    ]
    assert result.returncode == 1
    assert mark(folder, right).returncode == 0


SPOILERS = {
    "NumPy's errors": ("return 2", "import numpy as np; np.seterr(all='raise')", "✓ NumPy's way with errors"),
    "the folder": ("return 2", "import os; os.chdir('/')", "✓ the working directory stays changed"),
    "warnings": ("return 2", "import warnings; warnings.simplefilter('ignore')", "✓ the filter of all warnings"),
    "gradients": ("return 2", "import torch; torch.set_grad_enabled(False)", "✓ PyTorch's gradients stay switched off"),
    "figures": ("return 2", "import matplotlib.pyplot as plt; plt.rcParams['lines.linewidth'] = 9", "✓ matplotlib's"),
    "stdout": ("return 2", "import sys; sys.stdout.close()", "✓ sys.stdout stays closed"),
    "stdout's file": ("return 2", "import os; os.close(1); os.close(2)", "✓"),
    "random numbers": ("return 2", "import random, numpy, torch; numpy.random.seed(0); torch.manual_seed(0)", "✓"),
    "os._exit": ("import os; os._exit(0)", "", "✗ it ended the process that marks it, as os._exit does; take that out"),
    "os._exit above": ("return 2", "import os; os._exit(0)", "✗ it ended the process that marks it"),
    "a kill": ("import os, signal; os.kill(os.getpid(), 9)", "", "✗ its process was killed (SIGKILL)"),
    "a crash of Python": ("import ctypes; ctypes.string_at(0)", "", "✗ its process was killed (SIGSEGV)"),
    "its parent killed": ("import os; os.kill(os.getppid(), 9); return 2", "", "✓"),
    "all files closed": ("import os; os.closerange(3, 200); return 2", "", "✗ it ended the process"),
    "exit": ("exit()", "", f"✗ {EXIT}"),
    "quit": ("return 2", "quit()", f"✗ {EXIT}"),
    "sys.exit": ("import sys; sys.exit(0)", "", f"✗ {EXIT}"),
    "memory": ("return len(bytearray(9 << 30))", "", "✗ MemoryError"),
    "another check": ("import checks; checks.check_ones = None; return 2", "", "✓"),
    "the standard library": ("import json, math; json.dumps = math.log = None; return 2", "", "✓"),
}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="signals and memory limits are those of Linux")
def test_what_one_answer_breaks_is_told_and_all_others_are_marked_as_if_alone(folder):
    """In one call: each bad one's second exercise is right, and so is the notebook at the end."""
    (folder / "bad").mkdir()
    bad = [folder / "bad" / f"{k:02}.ipynb" for k in range(len(SPOILERS))]
    for path, (body, head, _) in zip(bad, SPOILERS.values(), strict=True):
        notebook(path, body, head)
    anna = notebook(folder / "anna.ipynb", "return 2")
    result = mark(folder, *bad, anna)
    said = iter(result.stdout.splitlines())
    for path, (name, (_, _, sentence)) in zip(bad, SPOILERS.items(), strict=True):
        first = next(said).removeprefix(f"{path}, task 9.1: ")
        assert first.startswith(sentence), (name, first)
        assert (first == "✓") == (sentence == "✓"), (name, first)
        assert next(said) == f"{path}, task 9.2: ✓", name
    assert list(said) == ["anna.ipynb, task 9.1: ✓", "anna.ipynb, task 9.2: ✓"]
    assert result.stderr == ""
    assert result.returncode == 1


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="processes are looked up in /proc")
def test_loops_without_end_are_ended_and_so_is_what_they_started(folder):
    program = (folder / "mark.py").read_text(encoding="utf-8")
    assert program.count("\nSECONDS = 60") == 1
    (folder / "mark.py").write_text(program.replace("\nSECONDS = 60", "\nSECONDS = 4"), encoding="utf-8")
    start = "import subprocess, sys, pathlib\nchild = subprocess.Popen([sys.executable, '-c', 'while True: pass'])\n"
    said = told(
        folder,
        python=[two("while True:\n    pass", f"{start}pathlib.Path('pid').write_text(str(child.pid))"), CHECK],
        c=[two("next(k for k in iter(int, 1) if k)"), CHECK],
        deaf=[two("while True:\n    try:\n        while True: pass\n    except BaseException: pass"), CHECK],
        right=[two("return 2"), CHECK],
    )
    endless = "✗ it was not done after 4 seconds; is there a loop that never ends?"
    assert said == {"python": endless, "c": endless, "deaf": endless, "right": "✓"}
    child = Path(f"/proc/{(folder / 'pid').read_text(encoding='utf-8')}/stat")
    assert not child.exists() or child.read_text(encoding="utf-8").split()[2] == "Z"


def test_what_jupyter_has_works(folder):
    heads = {
        "display": "display({'a': 1})\nfrom IPython.display import Markdown\ndisplay(Markdown('# a'))",
        "matplotlib": "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",
        "config": "%config InlineBackend.figure_format = 'retina'",
        "commands": "!ls\nfiles = !ls\nassert files",
        "magic": "%timeit -n1 -r1 1 + 1\n%time 1 + 1",
        "ipython": "get_ipython().run_line_magic('pwd', '')",
        "asynchronous": "import asyncio\nawait asyncio.sleep(0)",
        "help": "len?",
        "history": "assert _ == ''\nassert In and isinstance(Out, dict)",
        "bar": "from tqdm.auto import tqdm\nfor _ in tqdm(range(3)):\n    pass",
    }
    cells = {name: [two("display(2)\nreturn 2", head), CHECK] for name, head in heads.items()}
    cells["underscore"] = [cell("40 + 2", "task_9_1"), cell("assert _ == 42\ndef f(): return 2", "task_9_1"), CHECK]
    cells["setup"] = [setup("%matplotlib inline"), two("return 2"), CHECK]
    assert told(folder, **cells) == dict.fromkeys(cells, "✓")


def test_where_it_stopped_is_told_with_the_line(folder):
    cases = {
        "name": (
            "return nowhere(2)",
            "",
            "NameError: name 'nowhere' is not defined; line 5: return nowhere(2); an exerc",
        ),
        "syntax": ("return 2 +", "", "SyntaxError: invalid syntax; line 5: return 2 +"),
        "magic": ("return 2", "%nosuchmagic", "UsageError: Line magic function `%nosuchmagic` not found."),
        "above": ("return 2", "1 / 0", "ZeroDivisionError: division by zero; line 2: 1 / 0"),
        "lines": ("return (2\n        / 0)", "", "ZeroDivisionError: division by zero; line 5: return (2"),
        "bare": ("raise KeyboardInterrupt", "", "KeyboardInterrupt; line 5: raise KeyboardInterrupt"),
    }
    said = told(folder, **{name: [two(body, head), CHECK] for name, (body, head, _) in cases.items()})
    for name, (_, _, sentence) in cases.items():
        assert said[name].startswith(f"✗ {sentence}"), said[name]


def test_a_name_from_elsewhere_inside_a_check_of_the_course_is_explained(folder):
    """There the check tells what stopped the answer, and keeps the error as the cause."""
    (folder / "checks.py").write_text(
        "class WrongAnswer(AssertionError): pass\n"
        "check_ones = print\n"
        "def check_two(f):\n"
        "    try: f()\n"
        "    except Exception as error: raise WrongAnswer(f'task 9.1: it stopped: {error}') from error",
        encoding="utf-8",
    )
    said = told(folder, bad=[two("helper()"), CHECK])["bad"]
    assert "✗ task 9.1: it stopped: name 'helper' is not defined; an exercise may use the imports" in said


def test_of_other_cells_the_functions_and_classes_above_are_known(folder):
    """As in the notebook; what was computed is not."""
    above = cell("import math\nx = 1 / 0\nclass Two:\n    value = 2\ndef half(y):\n    return y / math.sqrt(4)\ny = z")
    helper = cell("def helper():\n    return 2\nnumber = 2")
    strange = [cell("%matplotlib inline\ndef helper(): return 2"), cell("this is no code"), cell("!ls")]
    said = told(
        folder,
        above=[above, two("return half(2 * Two.value)"), CHECK],
        other_task=[cell("def helper():\n    return 2", "task_9_2"), two("return helper()"), CHECK],
        strange=[*strange, two("return helper()"), CHECK],
        below=[two("return helper()"), CHECK, helper],
        number=[helper, two("return number"), CHECK],
    )
    assert [said[name] for name in ("above", "other_task", "strange")] == ["✓"] * 3
    assert said["below"].startswith("✗ NameError: name 'helper' is not defined")
    assert said["number"].startswith("✗ NameError: name 'number' is not defined")


def test_a_cell_that_was_copied_or_split_is_judged_as_in_the_notebook(folder):
    right, wrong, half = two("return 2"), two("return 3"), cell("def half():\n    return 1", "task_9_1")
    said = told(
        folder,
        split=[half, two("return 2 * half()"), CHECK],
        copied=[wrong, right, CHECK],
        copied_and_spoilt=[right, wrong, CHECK],
        kept_below=[right, CHECK, wrong],
        mended_below=[wrong, CHECK, right],
        with_its_check=[wrong, CHECK, right, CHECK],
        without_a_check=[right],
    )
    assert [name for name, text in said.items() if text == "✓"] == [
        "split", "copied", "kept_below", "with_its_check", "without_a_check"
    ]  # fmt: skip
    assert said["copied_and_spoilt"] == "✗ AssertionError: not two"
    twice = "its cell appears twice, and what stands below the check does not count"
    assert said["mended_below"] == f"✗ AssertionError: not two; {twice}"


def test_checks_of_another_make_need_nothing_of_the_course(folder):
    (folder / "checking").unlink()
    said = told(folder, right=[two("return 2"), CHECK], wrong=[two("return 3"), CHECK], stops=[two("1 / 0"), CHECK])
    assert said == {
        "right": "✓",
        "wrong": "✗ AssertionError: not two",
        "stops": "✗ ZeroDivisionError: division by zero",
    }


def test_a_notebook_that_cannot_be_run_does_not_stop_the_others(folder):
    bad, right = notebook(folder / "bad.ipynb", "return 2", start="1 / 0"), notebook(folder / "anna.ipynb", "return 2")
    (folder / "text.ipynb").write_text("no notebook", encoding="utf-8")
    (folder / "list.ipynb").write_text("[]", encoding="utf-8")
    other = save(folder / "other.ipynb", setup(), cell("", "task_7_1"))
    exits = notebook(folder / "exits.ipynb", "return 2", start="raise SystemExit")
    dies = notebook(folder / "dies.ipynb", "return 2", start="import os; os._exit(0)")
    result = mark(folder, "none.ipynb", bad, "text.ipynb", "list.ipynb", other, exits, right)
    names = [line.split(":")[0] for line in result.stderr.splitlines()]
    assert names == ["none.ipynb", "bad.ipynb", "text.ipynb", "list.ipynb", "other.ipynb", "exits.ipynb"]
    assert "its first code cell: ZeroDivisionError" in result.stderr
    assert "there is no task 7.1 in this course" in result.stderr
    assert "called exit" in result.stderr
    assert result.stdout.splitlines() == ["anna.ipynb, task 9.1: ✓", "anna.ipynb, task 9.2: ✓"]
    assert result.returncode == 1
    said = mark(folder, dies, right).stdout.splitlines()
    assert said[0].startswith("dies.ipynb, task 9.1: ✗ it ended the process that marks it")
    assert said[2:] == ["anna.ipynb, task 9.1: ✓", "anna.ipynb, task 9.2: ✓"]


def test_missing_exercises_are_no_pass(folder):
    empty = save(folder / "empty.ipynb")
    result = mark(folder, empty)
    assert "no exercises found" in result.stderr
    assert result.returncode == 1
    result = mark(folder, save(folder / "anna.ipynb", setup(), two("return 2"), CHECK))
    assert result.stdout.splitlines() == ["anna.ipynb, task 9.1: ✓", "anna.ipynb, task 9.2: ✗ its cell is missing"]
    assert result.returncode == 1


def test_tables_for_teachers(folder):
    (folder / "Müller").mkdir()
    ours = notebook(folder / "Müller" / "9_lesson.ipynb", "return 3"), notebook(folder / "anna.ipynb", "return 2")
    result = mark(folder, "Müller/9_lesson.ipynb", ours[1], "none.ipynb", "--csv", "marks.csv", "--json", "marks.json")
    assert result.returncode == 1
    with (folder / "marks.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert (folder / "marks.csv").read_bytes().startswith(b"\xef\xbb\xbf"), "by which a spreadsheet knows the encoding"
    content = json.loads((folder / "marks.json").read_text(encoding="utf-8"))
    assert [(row["notebook"], row["task"], row["right"]) for row in content] == [
        (str(Path("Müller/9_lesson.ipynb")), "9.1", False),
        (str(Path("Müller/9_lesson.ipynb")), "9.2", True),
        ("anna.ipynb", "9.1", True),
        ("anna.ipynb", "9.2", True),
        ("none.ipynb", "", False),
    ]
    assert content[0]["says"] == "AssertionError: not two"
    assert "none.ipynb" in content[-1]["says"]
    assert [row | {"right": row["right"] == "1"} for row in rows] == content
    assert {path.name for path in folder.iterdir() if path.is_file()} >= {"marks.csv", "marks.json"}
    assert not list(folder.glob("*.part"))


def test_a_table_that_cannot_be_written_is_told(folder):
    for option in ("--csv", "--json"):
        result = mark(folder, "9_lesson.ipynb", option, "none/marks")
        assert (result.returncode, result.stdout) == (2, ""), "before anything is marked"
        assert result.stderr.splitlines()[-1] == "mark.py: error: there is no folder none to write marks into"
    (folder / "taken").mkdir()
    result = mark(folder, "9_lesson.ipynb", "--csv", "taken")
    assert result.returncode == 1
    assert len(result.stdout.splitlines()) == 2
    assert result.stderr.startswith("mark.py: the marks can't be written: ")


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_console_without_the_signs_gets_their_names(folder, encoding):
    (folder / "Übung č").mkdir()
    notebook(folder / "Übung č" / "9_lesson.ipynb", "raise ValueError('−½ σ ✗')")
    result = mark(folder, "Übung č/9_lesson.ipynb", "9_lesson.ipynb", PYTHONIOENCODING=encoding)
    assert result.stderr == ""
    first, *others = result.stdout.splitlines()
    assert "task 9.1: \\N{BALLOT X} ValueError: \\N{MINUS SIGN}" in first
    assert [line[-14:] for line in others] == ["\\N{CHECK MARK}"] * 3


def test_ctrl_c_ends_it_and_what_it_was_running(folder):
    start = "import os, pathlib\npathlib.Path('pid').write_text(str(os.getpid()))"
    save(folder / "anna.ipynb", setup(), two("while True: pass", start), CHECK)
    process = subprocess.Popen(
        [sys.executable, "mark.py", "anna.ipynb"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 60
    while not (folder / "pid").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (130, b"")
    child = Path(f"/proc/{(folder / 'pid').read_text(encoding='utf-8')}/stat")
    assert not child.exists() or child.read_text(encoding="utf-8").split()[2] == "Z"


def test_usage_is_shown(folder):
    assert "mark.py NOTEBOOK" in mark(folder).stdout
    assert mark(folder).returncode == 2
    assert mark(folder, "--help").returncode == 0
