"""python -m minicyclegan.report: the page that explains a run, from its folder alone; of several, a comparison."""

from __future__ import annotations

from pathlib import Path

from minicyclegan.cli import Parser, run
from minicyclegan.reporting.page import compare, write_report
from minicyclegan.training.run_folder import RunError, RunFolder


def main(arguments: list[str] | None = None) -> int:
    parser = Parser(prog="python -m minicyclegan.report", description=__doc__.split(": ", 1)[1])
    parser.add_argument("runs", nargs="+", metavar="RUN", help="a run's folder; several are compared")
    parser.add_argument("--out", metavar="FILE", help="(default: RUN/report.html, for several runs comparison.html)")
    given = parser.parse_args(arguments)
    folders = [RunFolder(name) for name in given.runs]
    out = Path(given.out) if given.out else None
    page = compare(folders, out or Path("comparison.html")) if len(folders) > 1 else write_report(folders[0], out)
    print(f"{page} is written; open it in a browser")
    return 0


if __name__ == "__main__":
    run(main, (RunError, OSError))
