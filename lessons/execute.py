"""Runs lessons from top to bottom and keeps their outputs: `python lessons/execute.py lessons/1_autograd.ipynb …`

Each in a fresh kernel, in this folder, on one thread; timings and the state of widgets are not kept, so a second run
writes the same file. If a cell fails, its notebook stays as it was.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

HERE = Path(__file__).parent
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def execute(path: Path) -> nbformat.NotebookNode:
    """The notebook with the outputs of this run. Raises RuntimeError, in one line, if a cell fails."""
    notebook = nbformat.read(path, as_version=4)
    failed: list[str] = []

    def remember(cell: nbformat.NotebookNode, cell_index: int, **_: object) -> None:
        failed.append(f"cell {cell_index + 1} ({cell.id})")

    client = NotebookClient(
        notebook,
        kernel_name="python3",
        resources={"metadata": {"path": str(HERE)}},
        timeout=600,
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,
        extra_arguments=["--IPKernelApp.log_level=40"],  # no warning of the local connection
        on_cell_error=remember,
    )
    try:
        client.execute()
    except CellExecutionError as error:
        raise RuntimeError(f"{failed[-1]} stopped with {error.ename}: {error.evalue}") from None
    except (CellTimeoutError, DeadKernelError) as error:
        raise RuntimeError(str(error).strip().splitlines()[0]) from None
    return tidy(notebook)


def tidy(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Without what changes from run to run or machine to machine: versions, views of widgets, a front end's marks."""
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({k: v for k, v in cell.metadata.items() if k in ("tags", "nbgrader")})
        for output in cell.get("outputs", []):
            output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)
    return notebook


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0].startswith("-"):
        print(__doc__)
        return 2
    os.environ |= {"OMP_NUM_THREADS": "1"}
    status = 0
    for path in map(Path, arguments):
        if not path.is_file():
            print(f"{path}: there is no such notebook", file=sys.stderr)
            status = 1
            continue
        before = os.times()
        started = time.perf_counter()
        try:
            notebook = execute(path)
        except RuntimeError as error:
            print(f"{path}: {error}; the notebook stays as it was", file=sys.stderr)
            status = 1
            continue
        partial = path.with_name(path.name + ".part")
        nbformat.write(notebook, partial)
        partial.replace(path)
        after = os.times()
        spent = after.children_user + after.children_system - before.children_user - before.children_system
        wall = time.perf_counter() - started
        print(f"{path}: {len(notebook.cells)} cells, {spent:.0f} s of CPU time, {wall:.0f} s on the clock")
    return status


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="namereplace")  # what the console has no sign for is printed by name
    sys.exit(main(sys.argv[1:]))
