"""Writes the student's copy of the lessons: `python lessons/student.py DIR`

Solutions become stubs that name their task, outputs are cleared. DIR also gets a README, and what the notebooks import
and show, so that it works anywhere the package is installed. Its checks know what right and wrong answers give, which
is computed here; the answers themselves stay here.
"""

from __future__ import annotations

import ast
import io
import pickle
import re
import shutil
import sys
import tempfile
from pathlib import Path
from types import FunctionType
from typing import Any

import nbformat

HERE = Path(__file__).resolve().parent
NEEDED = ("checks.py", "figures", "mark.py", "checkpoints", "glossary.md", "LICENSE.md")
NOT_FOR_STUDENTS = ("In the repository", "For teachers")  # sections of the README
SOLUTION = re.compile(r"^( *)### BEGIN SOLUTION\n.*?^ *### END SOLUTION *$", re.MULTILINE | re.DOTALL)


def stub(source: str) -> str:
    """An exercise cell with a line that names its task instead of the solution.

    The name comes from the cell's first line, `# Task 2.1: convolve with stride and padding`. Raises ValueError if that
    line or one of the markers is missing.
    """
    title = re.match(r"# Task (\d+\.\d+: .+)", source)
    if not title:
        raise ValueError('its first line is not "# Task 2.1: what to do"')
    text, replaced = SOLUTION.subn(lambda m: f'{m[1]}raise NotImplementedError("task {title[1].rstrip()}")', source)
    if replaced != 1 or "SOLUTION" in text:
        raise ValueError("it needs one ### BEGIN SOLUTION and one ### END SOLUTION, each on a line of its own")
    return text


def student_notebook(path: Path) -> nbformat.NotebookNode:
    """Raises ValueError, in one line, if an exercise cell is not as it should be."""
    notebook = nbformat.read(path, as_version=4)
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type != "code":
            continue
        cell.outputs, cell.execution_count = [], None
        if cell.metadata.get("nbgrader", {}).get("solution") or "SOLUTION" in cell.source:
            try:
                cell.source = stub(cell.source)
            except ValueError as error:
                raise ValueError(f"{path.name}, cell {number}: {error}") from None
    return notebook


def readme(text: str) -> str:
    """What of the README is for students."""
    first, *sections = re.split(r"^(?=## )", text, flags=re.MULTILINE)
    return "".join([first, *(one for one in sections if not one[3:].startswith(NOT_FOR_STUDENTS))]).rstrip() + "\n"


class _Recording(pickle.Pickler):
    """Notes what a file of checks has to define, for what is pickled holds no code."""

    def __init__(self):
        self.content = io.BytesIO()
        super().__init__(self.content)
        self.names: set[str] = set()

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, type | FunctionType) and value.__module__.startswith("checking."):
            self.names.add(value.__name__)
        return NotImplemented


def checks_by_numbers() -> dict[str, bytes]:
    """The files of `checking`, of which those of the lessons know what answers give, and no answer.

    Raises ValueError if an input can't be stored.
    """
    if str(HERE) not in sys.path:
        sys.path.insert(0, str(HERE))
    import checks

    stored: dict[str, bytes] = {}
    needed: set[str] = set()
    for check in (value for name, value in vars(checks).items() if name.startswith("check_")):
        exercise = check.__self__
        pickler = _Recording()
        try:
            pickler.dump(exercise.outcomes())
        except (pickle.PicklingError, AttributeError) as error:
            raise ValueError(f"the inputs of task {exercise.task} can't be stored: {error}") from error
        stored[exercise.task] = pickler.content.getvalue()
        needed |= pickler.names
    sources = {path.name: path.read_text(encoding="utf-8") for path in sorted((HERE / "checking").glob("*.py"))}
    lessons = {name: source for name, source in sources.items() if name.startswith("lesson_")}
    sources |= questions_only(lessons, needed)
    return {name: text.encode() for name, text in sources.items()} | {"expected.pickle": pickle.dumps(stored)}


def questions_only(sources: dict[str, str], needed: set[str]) -> dict[str, str]:
    """These files of exercises without references, mistakes and inputs, and without what only those use.

    `needed` are names that stay whatever the files use.
    """
    trees = {name: ast.parse(source) for name, source in sources.items()}
    statements = [statement for tree in trees.values() for statement in tree.body]
    for call in (node for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.Call)):
        if isinstance(call.func, ast.Name) and call.func.id == "Exercise":
            call.args = call.args[:1]
            call.keywords = [one for one in call.keywords if one.arg not in ("reference", "mistakes", "inputs")]
    wanted, before = needed | {name for one in statements for name in _bound(one) if name.startswith("check_")}, None
    while wanted != before:
        before = set(wanted)
        for statement in statements:
            if _bound(statement) & wanted:
                wanted |= {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
    for tree in trees.values():
        tree.body = [statement for statement in tree.body if _bound(statement) & wanted or not _bound(statement)]
        for statement in tree.body:
            if isinstance(statement, ast.Import | ast.ImportFrom) and _bound(statement):
                statement.names = [name for name in statement.names if (name.asname or name.name) in wanted]
    return {name: ast.unparse(tree) + "\n" for name, tree in trees.items()}


def _bound(statement: ast.stmt) -> set[str]:
    """The names that a statement of a module gives a meaning to."""
    if isinstance(statement, ast.Import | ast.ImportFrom):
        future = isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
        return set() if future else {name.asname or name.name for name in statement.names}
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return {statement.name}
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    names = {node.id for target in targets if target for node in ast.walk(target) if isinstance(node, ast.Name)}
    return names - {"__all__"}


def write_copy(folder: Path) -> None:
    """All of it or nothing. Raises FileExistsError if the folder holds anything, ValueError as above."""
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise FileExistsError(f"{folder} is there already and not an empty folder; name a new one")
    notebooks = {path.name: student_notebook(path) for path in sorted(HERE.glob("*.ipynb"))}
    checking = checks_by_numbers()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        copy = Path(temporary)
        for name, notebook in notebooks.items():
            nbformat.write(notebook, copy / name)
        (copy / "README.md").write_text(readme((HERE / "README.md").read_text(encoding="utf-8")), encoding="utf-8")
        (copy / "checking").mkdir()
        for name, content in checking.items():
            (copy / "checking" / name).write_bytes(content)
        for path in (HERE / name for name in NEEDED):
            if path.is_dir():
                shutil.copytree(path, copy / path.name, ignore=shutil.ignore_patterns("__pycache__"))
            elif path.exists():
                shutil.copy(path, copy / path.name)
        for path in list(copy.iterdir()):
            path.rename(folder / path.name)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print(__doc__)
        return 2
    folder = Path(arguments[0])
    try:
        write_copy(folder)
    except (OSError, ValueError) as error:
        print(f"student.py: {error}", file=sys.stderr)
        return 2 if isinstance(error, FileExistsError) else 1
    print(f"{folder}: {len(list(folder.glob('*.ipynb')))} notebooks, without solutions and outputs")
    return 0


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="namereplace")  # what the console has no sign for is printed by name
    sys.exit(main(sys.argv[1:]))
