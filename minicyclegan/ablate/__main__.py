"""python -m minicyclegan.ablate: the papers' ablations on the worlds, as tables and pictures."""

from __future__ import annotations

from pathlib import Path

import torch

from minicyclegan.ablate import page
from minicyclegan.ablate.checkpoints import write_checkpoints
from minicyclegan.ablate.runs import AblationError, carry_out, plan
from minicyclegan.ablate.tables import TABLES
from minicyclegan.cli import Parser, at_least, run
from minicyclegan.data.colours import PictureError
from minicyclegan.data.datasets import available_cores
from minicyclegan.interrupts import exit_on_signals
from minicyclegan.training.checkpoint import CheckpointError


def main(arguments: list[str] | None = None) -> int:
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.table not in (*TABLES, "all"):
        parser.error(f"no table {given.table!r}; there are: {', '.join(TABLES)}; or all")
    if given.page and (given.page.is_dir() or not given.page.suffix):
        parser.error(f"--page {given.page}: give the name of a file, such as ablations.md")
    if given.checkpoints and given.table != "all":
        parser.error("--checkpoints are of all tables: give all")
    if given.rehearse and given.checkpoints:
        parser.error("--checkpoints of a rehearsal would teach nothing")

    tables = list(TABLES.values()) if given.table == "all" else [TABLES[given.table]]
    if given.rehearse:
        tables = [table.rehearsed() for table in tables]
    torch.set_num_threads(1)  # each training has its own thread, and so do the judges
    runs = plan(tables, given.seeds, given.runs, given.count)
    carry_out(runs, given.jobs)

    where = given.page or given.runs / "ablations.md"
    contents = [page.collect(table, runs, given.rehearse) for table in tables]
    for table, content in zip(tables, contents, strict=True):
        page.draw(table, runs, where.with_suffix("") / f"{table.name}.png")
        print(f"\n{table.title}\n\n{page.terminal(content)}")
    page.write(where, contents)
    print(f"\nwith pictures, and with what the papers report: {where}")
    if given.checkpoints:
        write_checkpoints(given.checkpoints, runs)
        print(f"small checkpoints: {given.checkpoints}")
    return 0


def _parser() -> Parser:
    parser = Parser(prog="python -m minicyclegan.ablate", description=__doc__.split(": ", 1)[1])
    parser.add_argument("table", metavar="TABLE", help=f"one of {', '.join(TABLES)}; or all")
    parser.add_argument("--seeds", type=at_least(1), default=3, metavar="N", help="runs of each setting (default: 3)")
    text = "where the runs are kept: what is finished there is not done again (default: runs/ablations)"
    parser.add_argument("--runs", type=Path, default=Path("runs/ablations"), metavar="FOLDER", help=text)
    jobs = 2 if available_cores() > 1 else 1
    parser.add_argument("--jobs", type=at_least(1), default=jobs, metavar="N", help=f"runs at a time (default: {jobs})")
    text = "test pictures to judge by (default: 96)"
    parser.add_argument("--count", type=at_least(2), default=96, metavar="N", help=text)
    parser.add_argument("--page", type=Path, metavar="FILE.md", help="the page (default: ablations.md in --runs)")
    text = "writes the lessons' small checkpoints there"
    parser.add_argument("--checkpoints", type=Path, metavar="FOLDER", help=text)
    parser.add_argument("--rehearse", action="store_true", help="two steps a run: to see in minutes that all works")
    return parser


if __name__ == "__main__":
    exit_on_signals()
    run(main, (AblationError, CheckpointError, PictureError, OSError))
