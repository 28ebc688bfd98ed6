"""python -m minicyclegan.report: the page that explains a run, from its folder alone; of several, a comparison."""

from __future__ import annotations

from pathlib import Path

from minicyclegan.cli import Parser, run
from minicyclegan.reporting.page import write_page
from minicyclegan.training.run_folder import RunError, RunFolder


def main(arguments: list[str] | None = None) -> int:
    parser = Parser(prog="python -m minicyclegan.report", description=__doc__.split(": ", 1)[1])
    parser.add_argument("runs", nargs="+", metavar="RUN", help="a run's folder; several are compared")
    parser.add_argument("--out", metavar="FILE", help="(default: RUN/report.html, for several runs comparison.html)")
    given = parser.parse_args(arguments)
    several = len(given.runs) > 1
    out = Path(given.out or ("comparison.html" if several else Path(given.runs[0]) / "report.html"))
    for note in write_page([RunFolder(name) for name in given.runs], out):
        print(f"note: {note}")
    print(f"{out} is written; open it in a browser")
    return 0


if __name__ == "__main__":
    run(main, (RunError, OSError))
