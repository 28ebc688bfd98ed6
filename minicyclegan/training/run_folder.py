"""A run's folder: config.json, log.jsonl, samples/, checkpoint.pt, losses.png. One object knows the names."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


class RunError(ValueError):
    """A run folder that can't be used as asked; the message names it and says what to do."""


class RunFolder:
    """Paths and files of one run; the log is kept open between `write_log` calls."""

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self.config = self.path / "config.json"
        self.log = self.path / "log.jsonl"
        self.checkpoint = self.path / "checkpoint.pt"
        self.losses = self.path / "losses.png"
        self.samples = self.path / "samples"

    def __str__(self) -> str:
        return str(self.path)

    def sample(self, step: int) -> Path:
        return self.samples / f"step_{step:06d}.png"

    def holds_a_run(self) -> bool:
        return self.config.exists() or self.checkpoint.exists() or self.log.exists()

    def create(self, config: dict[str, Any]) -> None:
        """Makes the folder and its config.json. Raises RunError where a run or a file is in the way."""
        if self.holds_a_run():
            raise RunError(f"{self.path} already holds a run; continue it with --resume, or give another --out")
        try:
            self.samples.mkdir(parents=True, exist_ok=True)
            self.config.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            raise RunError(f"{self.path}: can't be written to ({error.strerror}); give another --out") from None

    def write_log(self, records: list[dict[str, Any]]) -> None:
        """Appends one line a record, in one write."""
        with self.log.open("a", encoding="utf-8") as file:
            file.write("".join(json.dumps(record) + "\n" for record in records))

    def cut_log(self, step: int) -> None:
        """Drops what was logged after `step`, and a last line that was cut off: those steps are done again."""
        if not self.log.exists():
            return
        kept = [record for record in self.read_log() if record["step"] <= step]
        part = self.log.with_name(self.log.name + ".part")
        with part.open("w", encoding="utf-8") as file:
            file.write("".join(json.dumps(record) + "\n" for record in kept))
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, self.log)

    def read_log(self) -> list[dict[str, Any]]:
        """The whole lines of the log; what a crash cut off is left out."""
        records = []
        for line in self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []:
            try:
                records.append(json.loads(line))
            except json.JSONDecodeError:
                break
        return records


def new_run_folder(world_or_folder: str, model: str, root: Path = Path("runs")) -> RunFolder:
    """runs/NAME-MODEL-NUMBER with the first number above all that exist."""
    stem = f"{world_or_folder}-{model}-"
    taken = [path.name.removeprefix(stem) for path in root.glob(f"{stem}*")] if root.is_dir() else []
    number = 1 + max((int(text) for text in taken if text.isdecimal()), default=0)
    return RunFolder(root / f"{stem}{number}")
