"""Writes the student's copy of the lessons: `python lessons/student.py DIR`

Solutions become stubs that name their task, outputs are cleared, checks stay. DIR also gets what the notebooks import
and show, so that it works anywhere the package is installed.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat

HERE = Path(__file__).parent
NEEDED = (
    "checks.py",
    "checking",
    "figures.py",
    "lessons.mplstyle",
    "mark.py",
    "checkpoints",
)  # beside the notebooks and *.md
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


def write_copy(folder: Path) -> None:
    """All of it or nothing. Raises FileExistsError if the folder holds anything, ValueError as above."""
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise FileExistsError(f"{folder} is there already and not an empty folder; name a new one")
    notebooks = {path.name: student_notebook(path) for path in sorted(HERE.glob("*.ipynb"))}
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        copy = Path(temporary)
        for name, notebook in notebooks.items():
            nbformat.write(notebook, copy / name)
        for path in [*HERE.glob("*.md"), *(HERE / name for name in NEEDED)]:
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
    sys.exit(main(sys.argv[1:]))
