"""Says which exercises of finished notebooks are right: `python lessons/mark.py NOTEBOOK…`

Of each notebook only the `setup` cell and the exercises are run, and judged by the checks in this folder, whatever the
notebook has made of its own. One line an exercise; exits with 1 if one is not right. It runs code that others wrote:
read it first, or run this where it can do no harm.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def code_cells(path: Path) -> list[dict]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell | {"source": "".join(cell["source"])} for cell in cells if cell["cell_type"] == "code"]


def graded(path: Path, kind: str) -> dict[str, str]:
    """The cells of exercises ("task") or of checks ("check") by their number, "2_1"."""
    named = {cell["metadata"].get("nbgrader", {}).get("grade_id", ""): cell["source"] for cell in code_cells(path)}
    return {name.removeprefix(f"{kind}_"): source for name, source in named.items() if name.startswith(f"{kind}_")}


def verdicts(path: Path, checks: dict[str, str]) -> dict[str, str]:
    """What the check says of each exercise, in one line; empty if it is right."""
    setup: dict[str, object] = {"__name__": "__main__"}
    for cell in code_cells(path):
        if "setup" in cell["metadata"].get("tags", []):
            exec(cell["source"], setup)
    said = {}
    for number, source in graded(path, "task").items():
        names = dict(setup)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(source, names)
                exec(checks[number], names)
            said[number] = ""
        except Exception as error:
            text = str(error) if type(error).__name__ == "WrongAnswer" else f"{type(error).__name__}: {error}"
            said[number] = " ".join(text.split())
    return said


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0].startswith("-"):
        print(__doc__)
        return 2
    os.environ |= {"OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"}
    sys.path.insert(0, str(HERE))
    checks = {number: text for path in HERE.glob("*.ipynb") for number, text in graded(path, "check").items()}
    wrong = 0
    for path in map(Path, arguments):
        try:
            said = verdicts(path, checks)
        except Exception as error:
            print(f"{path.name}: can't be run: {type(error).__name__}: {error}", file=sys.stderr)
            wrong += 1
            continue
        for number, text in said.items():
            print(f"{path.name}, task {number.replace('_', '.')}: {'✗ ' + text if text else '✓'}")
        wrong += sum(map(bool, said.values()))
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
