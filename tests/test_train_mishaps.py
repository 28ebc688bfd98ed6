"""python -m minicyclegan.train when something around it goes wrong: full disks, little memory, others at work."""

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from minicyclegan import cli
from minicyclegan.train import _job
from minicyclegan.training.processes import ALONE

TINY = "--small --size 32 --width 2 --disc-width 2 --blocks 1 --device cpu".split()
linux = pytest.mark.skipif(sys.platform != "linux", reason="/dev/full, and a process's size in /proc: Linux alone")


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "minicyclegan.train", *map(str, arguments)]


def begin(*arguments: object, **options: object) -> subprocess.Popen:
    return subprocess.Popen(command(*arguments), stdout=-1, stderr=-1, text=True, **options)


def train(*arguments: object, **options: object) -> subprocess.CompletedProcess:
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=300, **options)


def error_of(result: subprocess.CompletedProcess) -> str:
    """The one line that a command failed with, after its progress bars."""
    last = result.stderr.rstrip("\n").rsplit("\n", 1)[-1].rsplit("\r", 1)[-1]
    assert result.returncode == 1 and last.startswith("error: ") and "Traceback" not in result.stderr, result.stderr
    return last.removeprefix("error: ")


def logged(run: Path) -> list[int]:
    return [json.loads(line)["step"] for line in (run / "log.jsonl").read_text().splitlines()]


def wait_for_step(run: Path, step: int, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 300
    while not ((run / "log.jsonl").exists() and len((run / "log.jsonl").read_bytes().splitlines()) >= step):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A data set of a few small pictures, whose name a shell would split and a pattern would misread."""
    root = tmp_path_factory.mktemp("data") / "pets [2024]"
    for domain in ("trainA", "trainB"):
        (root / domain).mkdir(parents=True)
        for number in range(3):
            noise = np.random.default_rng([number, len(domain), ord(domain[-1])]).integers(
                0, 256, (40, 40, 3), np.uint8
            )
            Image.fromarray(noise).save(root / domain / f"{number}.png")
    return root


@linux
@pytest.mark.parametrize("name", ["checkpoint.pt", "log.jsonl"])
def test_a_full_disk_is_one_line_and_leaves_the_last_checkpoint(folder, tmp_path, name):
    """While the run goes on, the file on which no space is left takes the place of the one that it writes next."""
    run = tmp_path / "run"
    process = begin(*TINY, "--data", folder, "--steps", 100_000, "--save-every", 10, "--out", run)
    wait_for_step(run, 10, process)
    if name == "log.jsonl":
        (run / name).rename(run / "kept.jsonl")
        (run / "full").symlink_to("/dev/full")
        (run / "full").rename(run / name)
    else:
        while not (run / f"{name}.part").is_symlink():
            with contextlib.suppress(FileExistsError):  # just being written
                (run / f"{name}.part").symlink_to("/dev/full")
    output, errors = process.communicate(timeout=300)
    result = subprocess.CompletedProcess([], process.returncode, output, errors)
    assert error_of(result) == f"{run / name}: can't be written: no space left on device"
    assert torch.load(run / "checkpoint.pt", weights_only=True)["step"] % 10 == 0
    assert not list(run.rglob("*.part"))


@pytest.mark.parametrize("name", ["report.html", "losses.png", "samples/step_000004.png"])
def test_what_is_only_to_be_looked_at_ends_no_run(folder, tmp_path, name):
    run = tmp_path / "run"
    assert train(*TINY, "--data", folder, "--steps", 2, "--out", run).returncode == 0
    (run / name).unlink(missing_ok=True)
    (run / name).mkdir()  # what can't be replaced, as without permission or while somebody has it open
    result = train("--out", run, "--resume", "--steps", 4)
    assert result.returncode == 0, result.stderr
    warnings = [line for line in result.stdout.splitlines() if line.startswith("warning: ")]
    assert len(warnings) == 1 and warnings[0].startswith(f"warning: {run / name}: can't be written: "), result.stdout
    assert logged(run) == [1, 2, 3, 4] and torch.load(run / "checkpoint.pt", weights_only=True)["step"] == 4
    others = {"report.html", "losses.png", "samples/step_000004.png"} - {name}
    assert all((run / other).is_file() for other in others) and not list(run.rglob("*.part"))


def test_a_picture_or_a_report_that_fails_hides_no_divergence(folder, tmp_path):
    run = tmp_path / "run"
    (run / "report.html").mkdir(parents=True)
    (run / "alarms").write_text("in the way")
    error = error_of(train(*TINY, "--data", folder, "--norm", "none", "--lr", 1e30, "--steps", 400, "--out", run))
    assert " stopped being a number at step " in error and logged(run)


@contextlib.contextmanager
def small_disk(path: Path, kilobytes: int) -> Iterator[Path]:
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "none", path]
    if not hasattr(os, "geteuid") or os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a small disk takes Linux and root")
    try:
        yield path
    finally:
        subprocess.run(["umount", path], check=True)


@pytest.mark.parametrize("kilobytes, left", [(8, []), (250, [0])])
def test_a_disk_that_fills_up(folder, tmp_path, kilobytes, left):
    """At each size another file is the first that finds no room; what remains can be gone on with."""
    with small_disk(tmp_path / "disk", kilobytes) as disk:
        run = disk / "run"
        error = error_of(train(*TINY, "--data", folder, "--steps", 2, "--out", run))
        assert error.startswith(f"{run}/") and error.endswith(": can't be written: no space left on device")
        assert not list(disk.rglob("*.part"))
        assert [torch.load(path, weights_only=True)["step"] for path in disk.rglob("checkpoint.pt")] == left
        assert [logged(path.parent) for path in disk.rglob("log.jsonl")] == [[1, 2]] * len(left)
        if left:
            subprocess.run(["mount", "-o", "remount,size=8m", disk], check=True)
            assert train("--out", run, "--resume").returncode == 0 and logged(run) == [1, 2]
        else:
            assert list(disk.iterdir()) == []


def test_two_runs_at_once_are_two_runs(folder, tmp_path):
    both = [begin(*TINY, "--data", folder, "--steps", 2, cwd=tmp_path) for _ in range(2)]
    said = [process.communicate(timeout=300) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    runs = sorted(path.name for path in (tmp_path / "runs").iterdir())
    assert runs == ["pets [2024]-cyclegan-1", "pets [2024]-cyclegan-2"]
    assert all((tmp_path / "runs" / name / "checkpoint.pt").exists() for name in runs)


def test_a_run_that_is_still_going_is_left_alone(folder, tmp_path):
    run = tmp_path / "a run"
    first = begin(*TINY, "--data", folder, "--steps", 100_000, "--out", run)
    wait_for_step(run, 10, first)
    refusal = f"{run}: another process trains in it; wait until it ends, or give another --out"
    assert error_of(train("--out", run, "--resume")) == refusal
    first.kill()
    first.communicate()
    before = len((run / "log.jsonl").read_bytes().splitlines())

    both = [begin("--out", run, "--resume") for _ in range(2)]
    while all(process.poll() is None for process in both):
        time.sleep(0.05)
    refused, going = sorted(both, key=lambda process: process.poll() is None)
    output, errors = refused.communicate()
    assert error_of(subprocess.CompletedProcess([], refused.returncode, output, errors)) == refusal
    wait_for_step(run, before + 10, going)
    going.send_signal(signal.SIGINT)
    output, errors = going.communicate(timeout=300)
    assert going.returncode == 130, errors
    steps = logged(run)
    assert steps == list(range(1, len(steps) + 1))
    # The printed command is one to copy.
    (line,) = (line for line in output.splitlines() if line.endswith("--resume"))
    words = shlex.split(line)
    assert words == ["python", "-m", "minicyclegan.train", "--out", str(run), "--resume"]
    assert {path.name for path in run.iterdir()} == {
        "config.json", "log.jsonl", "samples", "checkpoint.pt", "losses.png", "report.html"
    }  # fmt: skip


def test_the_next_command_can_be_copied_into_a_shell(folder, tmp_path):
    result = train(*TINY, "--data", folder, "--steps", 2, "--out", tmp_path / "It's a run; $HOME")
    line = result.stdout.rsplit("Next: ", 1)[1]
    line = line.replace("python", shlex.quote(sys.executable), 1).replace("PICTURE", shlex.quote(f"{folder}/trainA"))
    subprocess.run(line, shell=True, check=True, capture_output=True, cwd=tmp_path)
    assert len(list((tmp_path / "translated").iterdir())) == 3


@pytest.mark.parametrize("backend", ["module://no_such_package.backend", "no_such_backend"])
def test_a_backend_for_windows_or_notebooks_is_not_asked_for(folder, tmp_path, backend):
    environment = os.environ | {"MPLBACKEND": backend}
    result = train(*TINY, "--data", folder, "--steps", 2, "--out", tmp_path / "run", env=environment)
    assert result.returncode == 0 and (tmp_path / "run/losses.png").exists(), result.stderr
    evaluate = [sys.executable, "-m", "minicyclegan.evaluate", "--help"]  # torchmetrics imports pyplot
    assert subprocess.run(evaluate, env=environment, capture_output=True).returncode == 0


@pytest.mark.parametrize(
    ("option", "said"), [("--pictures", "the pictures of circles2squares need "), ("--width", "out of memory; ")]
)
def test_what_no_memory_can_hold_is_one_line(option, said, tmp_path):
    data = ["--data", "circles2squares", "--pictures", 2]
    error = error_of(train(*TINY, *data, option, 2_000_000_000, "--steps", 1, "--out", tmp_path / "run"))
    assert error.startswith(said) and not (tmp_path / "run").exists()


@linux
def test_too_little_memory_to_resume_is_no_damaged_checkpoint(folder, tmp_path):
    run = tmp_path / "run"
    assert train(*TINY, "--width", 128, "--data", folder, "--steps", 1, "--out", run).returncode == 0
    content = torch.load(run / "checkpoint.pt", weights_only=True)
    torch.save({**content, "steps": 2}, run / "checkpoint.pt")
    # A little more than what the process has once it has begun.
    code = """
import re, resource, sys
from minicyclegan.cli import run
from minicyclegan.train import main
from minicyclegan.training.checkpoint import CheckpointError
size = int(re.search(r"VmSize:\\s*(\\d+)", open("/proc/self/status").read())[1]) * 1024
resource.setrlimit(resource.RLIMIT_AS, (size + int(sys.argv.pop(1)),) * 2)
run(main, (CheckpointError,))
"""
    for spare in (40_000_000, 120_000_000):
        result = subprocess.run(
            [sys.executable, "-c", code, str(spare), "--out", run, "--resume"], capture_output=True, text=True
        )
        error = error_of(result)
        assert "memory" in error and "damaged" not in error


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB."),
        RuntimeError("MPS backend out of memory (MPS allocated: 9.05 GB)"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory: you tried …"),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes."),
        RuntimeError("could not create a primitive"),
        RuntimeError("Storage size calculation overflowed with sizes=[4000000000, 2000000000, 3, 3]"),
    ],
)
def test_every_librarys_words_for_a_lack_of_memory_are_known(error, capsys):
    def main() -> int:
        raise error

    with pytest.raises(SystemExit) as stopped:
        cli.run(main, (OSError,))
    said = capsys.readouterr().err
    assert stopped.value.code == 1 and said.startswith("error: out of memory; ") and said.count("\n") == 1


def test_one_command_leaves_no_trace_in_the_next_ones_defaults():
    for arguments in (["--small", "--epochs", "1"], ["--small"], ["--epochs", "1"], []):
        config = _job([*arguments, "--device", "cpu"], ALONE).args[0]
        assert (config.steps is None) == (arguments != ["--small"])
