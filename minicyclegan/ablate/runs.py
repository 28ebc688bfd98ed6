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
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from minicyclegan.ablate.measures import judge
from minicyclegan.ablate.settings import Setting
from minicyclegan.ablate.tables import Table
from minicyclegan.data.datasets import available_cores
from minicyclegan.shipping.translator import load
from minicyclegan.training.run_folder import RunFolder

SECONDS = "seconds.txt"
FORMAT = 1  # of figures.json; raised when a measure changes, so that runs are judged anew, not trained anew


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
    def name(self) -> str:
        return f"{self.setting.name}, seed {self.seed}"

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

    Ctrl-C or SIGTERM stops it (KeyboardInterrupt): finished runs stay, trainings save, and the next call goes on.
    Raises AblationError if a training fails, or if another call is at work in the same folder.
    """
    todo = [run for run in runs if run.figures() is None]
    if not todo:
        return
    with _alone_in(todo[0].root) as lock, _terminate_is_ctrl_c(), ThreadPoolExecutor(jobs) as pool:
        workshop = _Workshop(jobs, lock)
        futures = [pool.submit(workshop.finish, run) for run in todo]
        try:
            _watch(futures, todo, len(runs))
        finally:
            workshop.stop()
            try:
                pool.shutdown(cancel_futures=True)
            except KeyboardInterrupt:  # whoever presses Ctrl-C twice won't wait
                workshop.kill()
                raise
    for future in futures:
        if not future.cancelled():
            future.result()


@dataclass
class _Workshop:
    """What the worker threads share."""

    jobs: int
    lock: int | None  # file descriptor, which the trainings inherit: as long as one lives, nobody else may begin
    children: set[subprocess.Popen] = field(default_factory=set)
    stopping: threading.Event = field(default_factory=threading.Event)
    judging: threading.Lock = field(default_factory=threading.Lock)  # one at a time: they share what is drawn for them

    def finish(self, run: Run) -> None:
        """Trains, unless that is done, and judges."""
        if self.stopping.is_set() or not self._train(run):
            return
        with self.judging:
            if not self.stopping.is_set():
                self._judge(run)

    def _train(self, run: Run) -> bool:
        """Whether the training is at its end."""
        folder = run.folder
        if folder.checkpoint.exists():
            arguments = ["--out", str(folder), "--resume"]  # of a finished training it says so, and that is all
        else:
            shutil.rmtree(folder.path, ignore_errors=True)  # of a run that was killed before its first checkpoint
            arguments = run.setting.arguments(run.seed, str(folder))
        folder.path.mkdir(parents=True, exist_ok=True)
        output = folder.path / "output.txt"
        with output.open("a", encoding="utf-8") as file:
            # In a session of its own, so that Ctrl-C reaches it once, from us: a second one would not let it save.
            child = subprocess.Popen(
                [sys.executable, "-m", "minicyclegan.train", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=os.environ | {"OMP_NUM_THREADS": "1"},
                start_new_session=True,
                pass_fds=() if self.lock is None else (self.lock,),
            )
        self.children.add(child)
        if self.stopping.is_set():  # it came too late for `stop`
            os.kill(child.pid, signal.SIGINT)
        status, seconds = _wait(child)
        self.children.discard(child)
        with (folder.path / SECONDS).open("a", encoding="utf-8") as file:
            file.write(f"{seconds:.1f}\n")
        if status and not self.stopping.is_set():
            self.stopping.set()  # before this thread takes up the next run
            last = (output.read_text("utf-8", "replace").replace("\r", "\n").strip().splitlines() or ["nothing"])[-1]
            raise AblationError(f"{output}: the training ended with status {status}: {last}")
        return status == 0

    def _judge(self, run: Run) -> None:
        began = time.thread_time()
        measures = judge(run.setting.judge, load(run.folder.path), run.count)
        content = {
            "format": FORMAT,
            "setting": run.setting.name,
            "seed": run.seed,
            "count": run.count,
            "measures": measures,
            "training_seconds": round(sum(map(float, (run.folder.path / SECONDS).read_text("utf-8").split())), 1),
            "judging_seconds": round(time.thread_time() - began, 1),
            "machine": machine() | {"side by side": self.jobs},
        }
        path = run.folder.path / "figures.json"
        part = path.with_name(path.name + ".part")
        part.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        part.replace(path)

    def stop(self) -> None:
        """Asks the trainings to save and end. They need a second or two."""
        self.stopping.set()
        for child in list(self.children):
            with suppress(ProcessLookupError):
                os.kill(child.pid, signal.SIGINT)  # Popen's own would reap it, and its times with it

    def kill(self) -> None:
        for child in list(self.children):
            with suppress(ProcessLookupError):
                os.kill(child.pid, signal.SIGKILL)


def machine() -> dict[str, Any]:
    """What the times, and the last digits of the figures, depend on."""
    return {
        "cores": available_cores(),
        "processor": f"{platform.machine()}, {torch.backends.cpu.get_cpu_capability()}",
        "torch": str(torch.__version__),
    }


def _wait(child: subprocess.Popen) -> tuple[int, float]:
    """Its exit status, and the seconds that it computed: what else the machine did meanwhile doesn't count."""
    if not hasattr(os, "wait4"):  # Windows; there it is the seconds that passed
        began = time.perf_counter()
        return child.wait(), time.perf_counter() - began
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, usage.ru_utime + usage.ru_stime


def _watch(futures: list, todo: list[Run], count: int) -> None:
    """Moves the bar with the steps of all runs until all is done or something failed."""
    done = count - len(todo)
    with tqdm(total=sum(run.steps for run in todo), unit="step", desc="runs") as bar:
        while True:
            finished, waiting = wait(futures, timeout=0.5, return_when=FIRST_EXCEPTION)
            bar.n = sum(_steps(run) for run in todo)
            bar.set_postfix_str(f"{done + len(finished)} of {count} runs", refresh=False)
            bar.refresh()
            if not waiting or any(future.exception() for future in finished):
                return


def _steps(run: Run) -> int:
    with suppress(OSError):
        return min(run.folder.log.read_bytes().count(b"\n"), run.steps)
    return 0


@contextmanager
def _alone_in(root: Path) -> Iterator[int | None]:
    """Keeps a second call, or one whose trainings are still alive after it was killed, out of the same folder."""
    try:
        import fcntl
    except ImportError:  # Windows has no such locks
        yield None
        return
    root.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(root / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            message = "another call, or a training that it left behind, is at work in it; wait, or give another --runs"
            raise AblationError(f"{root}: {message}") from None
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _terminate_is_ctrl_c() -> Iterator[None]:
    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
