"""The report: one self-contained HTML file, made from the files of a run's folder, or of several to compare."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from minicyclegan.files import write_file
from minicyclegan.reporting.run import GRIDS, read_run
from minicyclegan.training.run_folder import RunFolder


def write_page(folders: Sequence[RunFolder], out: Path) -> list[str]:
    """Writes the report of one run or, of several, what differs, their curves on top of each other, their last samples.

    Returns a line for everything that is broken or left out. Raises RunError, OSError.
    """
    several = len(folders) > 1
    runs = [read_run(folder, 1 if several else GRIDS) for folder in folders]
    names = [run["name"] for run in runs]
    for run in runs:
        run["name"] = run["path"] if names.count(run["name"]) > 1 else run["name"]
    page, style, script = (
        Path(__file__).with_name(f"report.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js")
    )
    # Names of folders may hold anything, and only a < could end the script that the JSON stands in.
    content = json.dumps(runs, separators=(",", ":")).replace("<", "\\u003c")
    for mark, part in (("/* report.css */", style), ("/* report.js */", script), ("/* runs */", content)):
        page = page.replace(mark, part, 1)
    write_file(out, page.encode())
    return [note for run in runs for note in run["notes"]]
