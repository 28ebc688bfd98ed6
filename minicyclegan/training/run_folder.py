"""A run's folder: config.json, log.jsonl, samples/, checkpoint.pt, best.pt, … One object knows the names."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO

from minicyclegan.files import locked, write_errors, write_json


class RunError(ValueError):
    """A run folder that can't be used as asked; the message names it and says what to do."""


class RunFolder:
    """Paths and files of one run. Whatever writes one of them raises WriteError where it can't be written."""

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self.config = self.path / "config.json"
        self.log = self.path / "log.jsonl"
        self.checkpoint = self.path / "checkpoint.pt"
        self.best = self.path / "best.pt"
        self.losses = self.path / "losses.png"
        self.report = self.path / "report.html"
        self.samples = self.path / "samples"
        self.alarms = self.path / "alarms"

    def __str__(self) -> str:
        return str(self.path)

    def sample(self, step: int) -> Path:
        return self.samples / f"step_{step:06d}.png"

    def alarm(self, step: int, name: str) -> Path:
        return self.alarms / f"step_{step:06d}_{name.replace(' ', '_')}.png"

    def holds_a_run(self) -> bool:
        return self.config.exists() or self.checkpoint.exists() or (self.log.exists() and self.log.stat().st_size > 0)

    def alone(self) -> AbstractContextManager[BinaryIO]:
        """A context in which no other process trains in this folder. Raises BlockingIOError if one does already."""
        return locked(self.log, f"{self}: another process trains in it; wait until it ends, or give another --out")

    def create(self, config: dict[str, Any]) -> None:
        """Makes the folder, samples/ in it, and its config.json."""
        with write_errors(self.samples):
            self.samples.mkdir(parents=True, exist_ok=True)
        write_json(self.config, config)

    def write_log(self, records: list[dict[str, Any]]) -> None:
        """Appends one line a record: all of them or, where they can't be written, none."""
        with write_errors(self.log):
            length = self.log.stat().st_size if self.log.exists() else 0
            try:
                with self.log.open("ab") as file:
                    file.write("".join(json.dumps(record) + "\n" for record in records).encode())
            except OSError:
                with suppress(OSError):
                    os.truncate(self.log, length)
                raise

    def cut_log(self, step: int) -> None:
        """Drops what was logged after `step`, and a last line that was cut off: those steps are done again."""
        with write_errors(self.log), suppress(FileNotFoundError):
            os.truncate(self.log, sum(length for record, length in self.read_log() if record["step"] <= step))

    def read_log(self) -> Iterator[tuple[dict[str, Any], int]]:
        """Each record of the log, and how many bytes its line has; what a crash cut off is left out."""
        with suppress(FileNotFoundError, json.JSONDecodeError), self.log.open("rb") as file:
            for line in file:
                if line.endswith(b"\n"):
                    yield json.loads(line), len(line)


@contextmanager
def new_run_folder(out: str | None, name: str, root: Path = Path("runs")) -> Iterator[RunFolder]:
    """A folder for a new run: `out` or, where that is None, ROOT/NAME-NUMBER with the first number above all others.

    Within the context no other run gets it. What was made is removed again if the run ends before its first checkpoint.
    Raises RunError where a run or a file is in the way, BlockingIOError where another process trains in it.
    """
    names = [path.name for path in root.iterdir()] if root.is_dir() else []
    endings = [text.removeprefix(f"{name}-") for text in names if text.startswith(f"{name}-")]
    for number in count(1 + max((int(text) for text in endings if text.isdecimal()), default=0)):
        run = RunFolder(out or root / f"{name}-{number}")
        missing = [path for path in (run.path, *run.path.parents) if not path.exists()]
        try:
            run.path.mkdir(parents=True, exist_ok=bool(out))
            break
        except OSError as error:
            if out or not run.path.is_dir():  # otherwise another run, begun at the same moment, has taken this number
                raise RunError(f"{run}: can't be written to ({error.strerror}); give another --out") from None
    if run.holds_a_run():
        raise RunError(f"{run} already holds a run; continue it with --resume, or give another --out")
    with run.alone():
        try:
            yield run
        finally:
            if not run.checkpoint.exists():
                for remove in (run.config.unlink, run.log.unlink, *(path.rmdir for path in (run.samples, *missing))):
                    with suppress(OSError):  # what was not made yet, and folders that hold something else
                        remove()
