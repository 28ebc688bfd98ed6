"""The report: one self-contained HTML file, made from the files of a run's folder, or of several to compare."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from minicyclegan.files import whole_file
from minicyclegan.reporting.run import read_run
from minicyclegan.training.run_folder import RunFolder

ROOM = Path(__file__).parent


def write_report(folder: RunFolder, out: Path | None = None) -> Path:
    """Writes the report of one run, RUN/report.html if not told otherwise. Raises RunError, WriteError."""
    return _write(out or folder.path / "report.html", {"runs": [read_run(folder)]})


def compare(folders: Sequence[RunFolder], out: Path) -> Path:
    """Writes what differs between these runs, their curves on top of each other, and their last samples.

    Raises RunError, WriteError.
    """
    runs = [read_run(folder, grids=1) for folder in folders]
    names = [run["name"] for run in runs]
    for run in runs:
        if names.count(run["name"]) > 1:
            run["name"] = run["path"]
    return _write(out, {"runs": runs, "differences": differences([run["settings"] for run in runs])})


def differences(settings: Sequence[dict[str, dict[str, str]]]) -> list[tuple[str, list[str]]]:
    """Each setting that is not the same in all runs, with its value in each; – where a run does not have it."""
    names = dict.fromkeys((group, name) for run in settings for group, values in run.items() for name in values)
    rows = [(name, [run.get(group, {}).get(name, "–") for run in settings]) for group, name in names]
    return [(name, values) for name, values in rows if len(set(values)) > 1]


def _write(path: Path, content: dict[str, Any]) -> Path:
    page, style, script = ((ROOM / f"report.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js"))
    # Within a script, only < could end it: names of folders may hold anything.
    text = json.dumps(content, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    for mark, part in {"/* report.css */": style, "/* report.js */": script, '{"runs": []}': text}.items():
        page = page.replace(mark, part, 1)
    with whole_file(path) as file:
        file.write(page.encode("utf-8", "backslashreplace"))
    return path
