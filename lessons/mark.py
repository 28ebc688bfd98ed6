"""Says which exercises of finished notebooks are right: `python lessons/mark.py NOTEBOOK…`

Of each notebook the `setup` cell and the exercises are run, as Jupyter would run them, and judged by the checks in this
folder, whatever the notebook has made of its own; of the cells above an exercise, only their functions and classes are
known to it. One line an exercise; exits with 1 if one is not right, or missing. `--csv FILE` and `--json FILE` write
the marks into a table as well.

Each exercise has a process of its own, for 60 seconds, with 4 GB of memory on Linux: what it changes or breaks is no
other's affair. But it is code that others wrote, and it runs with your rights: use this where that can do no harm.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import csv
import importlib
import json
import multiprocessing
import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
SECONDS = 60
SETUP_SECONDS = 180  # for the imports of the first code cell
MEMORY = 4 << 30  # bytes
ELSEWHERE = (
    "an exercise may use the imports of the first code cell, the functions above it, and what its own cell makes"
)
# A forked process has PyTorch at once; where forking is not safe, each one imports it.
CONTEXT = multiprocessing.get_context("forkserver" if sys.platform == "linux" else "spawn")


class Exercise(NamedTuple):
    setup: list[str]
    above: list[str]  # cells of which only the definitions are wanted
    cells: list[str]  # its own; more than one if it was copied or split
    below: int  # copies that stand below its check, which says nothing of them
    check: str


class Mark(NamedTuple):
    notebook: str
    task: str
    right: bool
    says: str


# ---- In the exercise's own process -------------------------------------------------------------------------------


def judge(exercise: Exercise, send: Connection) -> None:
    """Sends ("setup", error) or ("begin", ""), then ("right", remarks) or ("wrong", what is)."""
    keep_to_itself()
    shell, around = jupyter(), surroundings()
    for source in exercise.setup:
        if said := run(shell, source):
            return send.send(("setup", said))
    send.send(("begin", ""))
    for source in exercise.above:
        define(shell, source)
    before = around.read_settings() if around else []
    said = next(filter(None, (run(shell, source) for source in exercise.cells)), "")
    remarks = around.restore_settings(before) if around else []
    be_quiet()
    import checks

    shell.user_ns.update({name: value for name, value in vars(checks).items() if name.startswith("check_")})
    said = said or run(shell, exercise.check)
    return send.send(("wrong" if said else "right", "; ".join(filter(None, [said, *remarks]))))


def keep_to_itself() -> None:
    """Apart from the process that marks: its group, its memory, its input and output."""
    with contextlib.suppress(AttributeError, OSError):
        os.setsid()
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, resource.getrlimit(resource.RLIMIT_DATA)[1]))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    be_quiet()


def be_quiet() -> None:
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for as long as the process lives


def surroundings() -> Any:
    """What the checks of this course know of settings and lines; None beside checks of another make."""
    with contextlib.suppress(ModuleNotFoundError):
        return importlib.import_module("checking.surroundings")
    return None


def jupyter() -> Any:
    """What runs cells in a notebook, with `display`, magics, `_` and `await`, but without a kernel around it."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    shell = InteractiveShell.instance(config=config)
    shell.showtraceback = shell.showsyntaxerror = lambda *_, **__: None
    shell.ask_exit = sys.exit
    shell.enable_gui = lambda *_: None
    return shell


def run(shell: Any, source: str) -> str:
    """What went wrong, in one line, and nothing where nothing did."""
    result = shell.run_cell(source)
    error = result.error_before_exec or result.error_in_exec
    return " ".join(in_words(error, shell.user_ns).split()) if error else ""


def in_words(error: BaseException, names: dict[str, Any]) -> str:
    if isinstance(error, SystemExit):
        return "it called exit, which ends the program that marks it, too; take that out"
    if type(error).__name__ == "WrongAnswer":
        text = str(error)
    elif isinstance(error, SyntaxError):
        text = f"{type(error).__name__}: {error.msg}; line {error.lineno}: {error.text or ''}"
    else:
        around = None if isinstance(error, AssertionError) else surroundings()
        line = around.their_line(error, names) if around else ""
        text = f"{type(error).__name__}: {error}".rstrip(": ") + f"{line and '; '}{line}"
    if type(error) is NameError or type(error.__cause__) is NameError:
        text += f"; {ELSEWHERE}"
    return text


def define(shell: Any, source: str) -> None:
    """The cell's imports, functions and classes alone; what needs something that was not computed is left out."""
    with contextlib.suppress(SyntaxError):
        source = shell.transform_cell(source)
        name = shell.compile.cache(source)  # where an error message finds the line
        for node in ast.parse(source).body:
            if isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                with contextlib.suppress(Exception):
                    exec(compile(ast.Module([node], []), name, "exec"), shell.user_ns)


# ---- In the process that marks -----------------------------------------------------------------------------------


def ask(exercise: Exercise) -> tuple[bool, str]:
    """Whether it is right, and what there is to say. Raises ValueError if the notebook's setup cell does not run."""
    receive, process = start(exercise)
    try:
        kind, said = receive.recv() if receive.poll(SETUP_SECONDS) else ("setup", f"not done after {SETUP_SECONDS} s")
        if kind == "setup":
            raise ValueError(f"its first code cell: {said}")
        if not receive.poll(SECONDS):
            return False, f"it was not done after {SECONDS} seconds; is there a loop that never ends?"
        kind, said = receive.recv()
        process.join(1)  # what it has to clear away, it may
        return kind == "right", said
    except (EOFError, OSError):
        process.join(5)
        return False, how_it_ended(process.exitcode)
    finally:
        with contextlib.suppress(AttributeError, OSError):
            os.killpg(process.pid, signal.SIGKILL)  # and whatever it has started
        process.kill()
        process.join()


def start(exercise: Exercise, tries: int = 3) -> tuple[Connection, Any]:
    receive, send = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=judge, args=(exercise, send))
    with send:
        try:
            process.start()
        except (EOFError, OSError):  # the last answer killed what processes are forked from; soon there is another
            if not tries:
                raise
            time.sleep(1)
            return start(exercise, tries - 1)
    return receive, process


def how_it_ended(status: int | None) -> str:
    if status is None or status >= 0:
        return "it ended the process that marks it, as os._exit does; take that out"
    name = signal.Signals(-status).name
    return f"its process was killed ({name}); did it need too much memory, or kill itself?"


def code_cells(path: Path) -> list[tuple[str, str, bool]]:
    """Each code cell's source, its nbgrader id, and whether it is the setup cell."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [
        (
            "".join(cell["source"]),
            cell["metadata"].get("nbgrader", {}).get("grade_id", ""),
            "setup" in cell["metadata"].get("tags", []),
        )
        for cell in cells
        if cell["cell_type"] == "code"
    ]


def exercises(path: Path, checks: dict[str, str]) -> dict[str, Exercise]:
    """By number, "2_1". Raises ValueError if there are none, or one that this course has not.

    A cell that was copied or split carries its number twice. As the notebook judges it, all that stands above its check
    counts.
    """
    cells = code_cells(path)
    found: dict[str, Exercise] = {}
    for number in dict.fromkeys(name.removeprefix("task_") for _, name, _ in cells if name.startswith("task_")):
        if number not in checks:
            raise ValueError(f"there is no task {number.replace('_', '.')} in this course")
        own = [k for k, (_, name, _) in enumerate(cells) if name == f"task_{number}"]
        checked = max((k for k, (_, name, _) in enumerate(cells) if name == f"check_{number}"), default=len(cells))
        counted = [k for k in own if k < checked] or own
        found[number] = Exercise(
            setup=[source for source, _, setup in cells if setup],
            above=[
                source
                for k, (source, name, setup) in enumerate(cells[: counted[-1]])
                if not (k in own or setup or name.startswith("check_"))
            ],
            cells=[cells[k][0] for k in counted],
            below=len(own) - len(counted),
            check=checks[number],
        )
    if not found:
        raise ValueError("no exercises found; is it a notebook of this course?")
    return found


def marks(path: Path, checks: dict[str, str]) -> Iterator[Mark]:
    """Raises ValueError as above, and OSError or KeyError if it is no notebook."""
    found = exercises(path, checks)
    for number, exercise in found.items():
        right, said = ask(exercise)
        if exercise.below and not right:
            said += "; its cell appears twice, and what stands below the check does not count"
        yield Mark(str(path), number.replace("_", "."), right, said)
    lessons = {number.split("_")[0] for number in found}
    for number in sorted(number for number in checks if number.split("_")[0] in lessons and number not in found):
        yield Mark(str(path), number.replace("_", "."), False, "its cell is missing")


def write(given: argparse.Namespace, rows: list[Mark]) -> None:
    """The tables, each of them whole or not at all."""
    if given.csv:
        part = given.csv.with_name(given.csv.name + ".part")
        with part.open("w", encoding="utf-8-sig", newline="") as file:  # a spreadsheet knows UTF-8 by its first bytes
            csv.writer(file).writerows([Mark._fields, *(row._replace(right=int(row.right)) for row in rows)])
        part.replace(given.csv)
    if given.json:
        part = given.json.with_name(given.json.name + ".part")
        part.write_text(
            json.dumps([row._asdict() for row in rows], indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        part.replace(given.json)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="mark.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("notebooks", nargs="*", type=Path, metavar="NOTEBOOK")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write the marks for a spreadsheet")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the marks for a program")
    given = parser.parse_args(arguments)
    if not given.notebooks:
        parser.print_help()
        return 2
    for file in filter(None, (given.csv, given.json)):
        if not file.absolute().parent.is_dir():
            parser.error(f"there is no folder {file.parent} to write {file.name} into")
    checks: dict[str, str] = {}
    for lesson in sorted(path for path in HERE.glob("*.ipynb") if re.fullmatch(r"\d+_\w+\.ipynb", path.name)):
        with contextlib.suppress(OSError, ValueError, KeyError):
            cells = code_cells(lesson)
            checks |= {name.removeprefix("check_"): source for source, name, _ in cells if name.startswith("check_")}
    CONTEXT.set_forkserver_preload(["checks", "checking.surroundings", "figures", "IPython.core.interactiveshell"])
    rows: list[Mark] = []
    with tempfile.TemporaryDirectory() as folder:
        sys.path.insert(0, str(HERE))
        os.environ |= {
            "OMP_NUM_THREADS": "1",
            "MPLBACKEND": "agg",
            "IPYTHONDIR": folder,
            "PYTHONPATH": os.pathsep.join(filter(None, (str(HERE), os.environ.get("PYTHONPATH")))),
            "PYTHONWARNINGS": "ignore:resource_tracker:UserWarning",  # what a killed process could not clear away
        }
        for path in given.notebooks:
            try:
                for mark in marks(path, checks):
                    rows.append(mark)
                    print(f"{path}, task {mark.task}: {'✓' if mark.right else '✗'} {mark.says}".rstrip(), flush=True)
            except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
                print(f"{path}: can't be run: {type(error).__name__}: {error}", file=sys.stderr)
                rows.append(Mark(str(path), "", False, f"can't be run: {error}"))
    try:
        write(given, rows)
    except OSError as error:
        print(f"mark.py: the marks can't be written: {error}", file=sys.stderr)
        return 1
    return int(not all(row.right for row in rows))


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="namereplace")  # what the console has no sign for is printed by name
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
