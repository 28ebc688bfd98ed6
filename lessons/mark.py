"""Says which exercises of finished notebooks are right: `python lessons/mark.py NOTEBOOK…`

Of each notebook only the `setup` cell and the exercises are run, and judged by the checks in this folder, whatever the
notebook has made of its own. One line an exercise; exits with 1 if one is not right, or missing. An exercise gets 60
seconds (not on Windows, which has no alarm). It runs code that others wrote: read it first, or run this where it can do
no harm.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
SECONDS = 60


class TooLong(BaseException):
    """No Exception, so that an answer's own `except Exception` doesn't hold it up."""


@contextlib.contextmanager
def time_limit() -> Iterator[None]:
    def ring(*_: object) -> None:
        raise TooLong

    if not hasattr(signal, "SIGALRM"):
        yield
        return
    signal.signal(signal.SIGALRM, ring)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)


def run(source: str, names: dict[str, object]) -> str:
    """Runs it with these names; what went wrong, in one line, and nothing where nothing did."""
    try:
        with time_limit(), contextlib.redirect_stdout(io.StringIO()):
            exec(source, names)
        return ""
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return " ".join(in_words(error, source).split())


def in_words(error: BaseException, source: str) -> str:
    if isinstance(error, TooLong):
        return f"it was not done after {SECONDS} seconds; is there a loop that never ends?"
    if isinstance(error, SystemExit):
        return "it called exit, which ends the program that marks it, too; take that out"
    if isinstance(error, SyntaxError) and re.search(r"^\s*[%!?]", source, re.MULTILINE):
        return "a line of it begins with %, ! or ?, which Jupyter understands and Python does not; take it out"
    text = str(error) if type(error).__name__ == "WrongAnswer" else f"{type(error).__name__}: {error}"
    if type(error) is NameError or type(error.__cause__) is NameError:
        text += "; an exercise may use the imports of the first code cell and what its own cell defines, nothing else"
    return text


def code_cells(path: Path) -> list[dict]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell | {"source": "".join(cell["source"])} for cell in cells if cell["cell_type"] == "code"]


def graded(path: Path, kind: str) -> dict[str, str]:
    """The cells of exercises ("task") or of checks ("check") by their number, "2_1"."""
    named = {cell["metadata"].get("nbgrader", {}).get("grade_id", ""): cell["source"] for cell in code_cells(path)}
    return {name.removeprefix(f"{kind}_"): source for name, source in named.items() if name.startswith(f"{kind}_")}


def verdicts(path: Path, checks: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Each exercise's number and what the check says of it, in one line; empty if it is right.

    Raises ValueError if the notebook has no exercises, or its setup cell does not run.
    """
    tasks = graded(path, "task")
    if not tasks:
        raise ValueError("no exercises found; is it a notebook of this course?")
    setup: dict[str, object] = {"__name__": "__main__"}
    for cell in code_cells(path):
        if "setup" in cell["metadata"].get("tags", []) and (wrong := run(cell["source"], setup)):
            raise ValueError(f"its first code cell: {wrong}")
    for number, source in tasks.items():
        names = dict(setup)
        yield number, run(source, names) or run(checks[number], names)
    lessons = {number.split("_")[0] for number in tasks}
    for number in sorted(number for number in checks if number.split("_")[0] in lessons and number not in tasks):
        yield number, "its cell is missing"


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
            for number, text in verdicts(path, checks):
                print(f"{path.name}, task {number.replace('_', '.')}: {'✗ ' + text if text else '✓'}", flush=True)
                wrong += bool(text)
        except Exception as error:
            print(f"{path.name}: can't be run: {type(error).__name__}: {error}", file=sys.stderr)
            wrong += 1
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
