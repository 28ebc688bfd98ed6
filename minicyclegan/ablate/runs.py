"""Carrying the runs out: each is trained by the ordinary command, judged, and never done twice.

A run's folder is that of `python -m minicyclegan.train`, with three files more: output.txt, what the command printed;
seconds.txt, how long it computed, a line each time; and figures.json, whose presence means that the run is finished.
"""

from __future__ import annotations

import json
import math
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import torch
from tqdm import tqdm

from minicyclegan.ablate.measures import judge
from minicyclegan.ablate.tables import Setting, Table
from minicyclegan.data.datasets import available_cores
from minicyclegan.files import locked, write_json
from minicyclegan.shipping.translator import load
from minicyclegan.training.run_folder import RunFolder

SECONDS = "seconds.txt"
FORMAT = 2  # of figures.json; raised when a measure changes, so that runs are judged anew, not trained anew


class AblationError(RuntimeError):
    """What stopped the runs, in one line that names the folder and says what to do."""


@dataclass(frozen=True)
class Run:
    """One setting with one seed, in a folder of its own; judged on `count` test pictures."""

    setting: Setting
    seed: int
    root: Path
    count: int

    @property
    def folder(self) -> RunFolder:
        return RunFolder(self.root / f"{self.setting.run_name}-seed{self.seed}")

    @property
    def steps(self) -> int:
        return self.setting.options["steps"]

    def figures(self) -> dict[str, Any] | None:
        """What figures.json holds; None where there is none, a broken one, or one of another count or format."""
        try:
            content = json.loads((self.folder.path / "figures.json").read_text(encoding="utf-8"))
            fits = content["format"] == FORMAT and content["count"] == self.count
            return content if fits and all(map(math.isfinite, content["measures"].values())) else None
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None


def plan(tables: Sequence[Table], seeds: int, root: Path, count: int) -> list[Run]:
    """Every run that the tables need, each once; all settings with the first seed, then with the next."""
    settings = {row.setting.run_name: row.setting for table in tables for row in table.rows}
    return [Run(setting, seed, root, count) for seed in range(seeds) for setting in settings.values()]


def carry_out(runs: Sequence[Run], jobs: int) -> None:
    """Finishes all runs, `jobs` at a time on a thread each, with a progress bar.

    Whatever stops it, finished runs stay, trainings save, and the next call goes on.
    Raises AblationError if a training fails, BlockingIOError if another call is at work in the same folder.
    """
    todo = [run for run in runs if run.figures() is None]
    if not todo:
        return
    waiting, training = todo[::-1], []
    bar = tqdm(total=sum(run.steps for run in todo), unit="step", desc="runs")
    root = todo[0].root
    root.mkdir(parents=True, exist_ok=True)
    message = f"{root}: another call, or a training that it left behind, is at work in it; wait, or give another --runs"
    with locked(root / ".lock", message) as lock, bar:
        try:
            while waiting or training:
                while waiting and len(training) < jobs:
                    training.append(Training(waiting.pop(), lock))
                for ended in [one for one in training if one.has_ended()]:
                    training.remove(ended)
                    ended.check()
                    judge_run(ended.run, jobs)
                bar.n = sum(_steps(run) for run in todo)
                bar.set_postfix_str(f"{len(runs) - len(waiting) - len(training)} of {len(runs)} runs", refresh=False)
                bar.refresh()
                time.sleep(0.2)
        finally:
            _stop(training)


class Training:
    """A child process that trains: begins a run, or takes it up where its checkpoint was taken.

    lock   a locked file that it inherits: as long as it lives, nobody else may begin
    """

    def __init__(self, run: Run, lock: BinaryIO):
        self.run, self.began = run, time.perf_counter()
        folder = run.folder
        if folder.checkpoint.exists():
            arguments = ["--out", str(folder), "--resume"]  # of a finished training it says so, and that is all
        else:
            shutil.rmtree(folder.path, ignore_errors=True)  # of a run that was killed before its first checkpoint
            arguments = run.setting.arguments(run.seed, str(folder))
        folder.path.mkdir(parents=True, exist_ok=True)
        self.output = folder.path / "output.txt"
        with self.output.open("a", encoding="utf-8") as file:
            # In a session of its own, so that Ctrl-C reaches it once, from us: a second one would not let it save.
            self.child = subprocess.Popen(
                [sys.executable, "-m", "minicyclegan.train", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=os.environ | {"OMP_NUM_THREADS": "1"},
                start_new_session=True,
                pass_fds=(lock.fileno(),) if os.name == "posix" else (),
            )

    def has_ended(self, patience: float | None = 0) -> bool:
        """Whether it has; then the seconds that it computed are noted: what else the machine did doesn't count."""
        before = os.times()
        try:
            self.child.wait(patience)
        except subprocess.TimeoutExpired:
            return False
        computed = sum(after - then for after, then in zip(os.times()[2:4], before[2:4], strict=True))
        with (self.run.folder.path / SECONDS).open("a", encoding="ascii") as file:
            # Windows does not count them: there it is the seconds that passed.
            file.write(f"{computed or time.perf_counter() - self.began:.1f}\n")
        return True

    def check(self) -> None:
        """Raises AblationError, with the last line of its output, if it failed."""
        if self.child.returncode:
            text = self.output.read_text(encoding="utf-8", errors="replace").replace("\r", "\n")
            last = (text.strip().splitlines() or ["nothing"])[-1]
            raise AblationError(f"{self.output}: the training ended with status {self.child.returncode}: {last}")


def _stop(trainings: Sequence[Training]) -> None:
    """Asks them to save and end, which takes a second or two. They do so, too, if a second Ctrl-C ends us first."""
    for one in trainings:
        if os.name == "posix":  # on Windows the Ctrl-C that came to us has come to them, too
            one.child.send_signal(signal.SIGTERM)  # SIGINT is ignored by a shell's background job and all it starts
    for one in trainings:
        one.has_ended(patience=None)


def judge_run(run: Run, jobs: int) -> None:
    """Writes figures.json of a finished training."""
    began = time.process_time()
    content = {"format": FORMAT, "setting": run.setting.name, "seed": run.seed, "count": run.count}
    content |= {
        **judge(run.setting.judge, load(run.folder.checkpoint), run.count),
        "training_seconds": round(sum(map(float, (run.folder.path / SECONDS).read_text(encoding="ascii").split())), 1),
        "judging_seconds": round(time.process_time() - began, 1),
        "machine": machine() | {"side by side": jobs},
    }
    write_json(run.folder.path / "figures.json", content)


def machine() -> dict[str, Any]:
    """What the times, and the last digits of the figures, depend on."""
    return {
        "cores": available_cores(),
        "processor": f"{platform.machine()}, {torch.backends.cpu.get_cpu_capability()}",
        "torch": str(torch.__version__),
    }


def _steps(run: Run) -> int:
    with suppress(OSError):
        return min(run.folder.log.read_bytes().count(b"\n"), run.steps)
    return 0
