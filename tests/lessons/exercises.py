"""Tries every exercise of one lesson, outside Jupyter: `python exercises.py STUDENTS_NOTEBOOK [SOLUTIONS_NOTEBOOK]`

After the `setup` cell alone, each check must say "still to do" of the student's stub, and accept the solution. Run in
the notebook's folder. Prints a line for the notebook; exits with 1 and a line for each exercise that fails.
"""

import json
import os
import sys
from pathlib import Path

os.environ |= {"OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"}


def cells(path: str) -> list[dict]:
    found = json.loads(Path(path).read_text(encoding="utf-8"))["cells"]
    return [cell | {"source": "".join(cell["source"])} for cell in found if cell["cell_type"] == "code"]


def pairs(path: str) -> dict[str, tuple[str, str]]:
    """By the exercise's grade_id: its cell and the check that follows."""
    code = cells(path)
    ids = [cell["metadata"].get("nbgrader", {}) for cell in code]
    return {
        ids[k]["grade_id"]: (code[k]["source"], code[k + 1]["source"])
        for k in range(len(code))
        if ids[k].get("solution")
    }


def outcome(setup: dict, exercise: str, check: str) -> str:
    """What the check says; empty if it is content."""
    names = dict(setup)
    try:
        exec(exercise, names)
        exec(check, names)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def main(stubs: str, solutions: str | None = None) -> int:
    sys.path.insert(0, os.getcwd())
    setup: dict = {"__name__": "__main__"}
    for cell in cells(stubs):
        if "setup" in cell["metadata"].get("tags", []):
            exec(cell["source"], setup)
    wrong = []
    tasks = pairs(stubs)
    for name, (exercise, check) in tasks.items():
        title = exercise.splitlines()[0].removeprefix("# Task ")
        said = outcome(setup, exercise, check)
        if not said.startswith(f"WrongAnswer: task {title}: still to do"):
            wrong.append(f"{name}: of the stub the check says {said or 'that it is right'}")
    for name, (exercise, check) in (pairs(solutions) if solutions else {}).items():
        said = outcome(setup, exercise, check)
        if said:
            wrong.append(f"{name}: of the solution the check says {said}")
    for line in wrong:
        print(f"{stubs}: {line}", file=sys.stderr)
    print(f"{Path(stubs).name}: {len(tasks)} stubs still to do" + (", solved by the solutions" if solutions else ""))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
