"""Several processes that train one model: real ones, two on gloo, against one process with the same batch."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from minicyclegan.data.datasets import PairedBatches, Pictures, UnpairedBatches
from minicyclegan.devices import DeviceError
from minicyclegan.share import Share
from minicyclegan.train import main
from minicyclegan.training.log import Diverged, Log
from minicyclegan.training.processes import PeerLost, Processes, join
from minicyclegan.training.run_folder import RunFolder
from tests.training.shared_steps import CASES, Trained, trained

TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=2", "--standalone"]
TRAIN = ["-m", "minicyclegan.train"]


def start_two(*arguments: object) -> list[subprocess.Popen]:
    """Two processes with the environment that torchrun gives them, without the seconds that its own import takes."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    common = {**os.environ, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    return [
        subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            env={**common, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]


def ended(processes: list[subprocess.Popen]) -> list[tuple[int, str, str]]:
    """Status, output and errors of each."""
    said = [process.communicate(timeout=300) for process in processes]
    return [(process.returncode, *texts) for process, texts in zip(processes, said, strict=True)]


@pytest.fixture(scope="module")
def of_two(tmp_path_factory) -> list[dict[str, Trained]]:
    """What each of two processes has in the end, of all cases. Then one dies, and so ends the other."""
    out = tmp_path_factory.mktemp("steps")
    (status, _, errors), (second_status, *_) = ended(start_two("-m", "tests.training.shared_steps", out))
    assert errors == "error: another process of this run has ended; --resume goes on from the last checkpoint\n"
    assert (status, second_status) == (1, 9)
    return [torch.load(out / f"{rank}.pt", weights_only=True) for rank in range(2)]


@pytest.mark.parametrize("case", CASES)
def test_two_processes_learn_what_one_learns_from_the_same_batch(case, of_two):
    alone = trained(CASES[case], Processes())
    for of_one in of_two:
        for kind in ("state", "losses"):
            assert of_one[case][kind].keys() == alone[kind].keys()
            for name, expected in alone[kind].items():
                # Sums in another order: about 1e-16 a step, which Adam divides by gradients that may be small.
                torch.testing.assert_close(of_one[case][kind][name], expected, rtol=0, atol=1e-9)
    first, second = (of_one[case]["state"] for of_one in of_two)
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("order", [UnpairedBatches, PairedBatches])
@settings(max_examples=20)
@given(processes=st.integers(1, 4), each=st.integers(1, 3), step=st.integers(0, 9))
def test_every_picture_of_a_batch_is_one_processs(order, processes, each, step):
    shades = np.arange(7, dtype=np.uint8)[:, None, None, None] * np.ones((8, 8, 3), np.uint8)
    pictures = Pictures(shades.__getitem__, list("ABCDEFG"), shades)
    whole = order(pictures, pictures, 8, 0).batch(step, each * processes)
    for rank in range(processes):
        part = order(pictures, pictures, 8, 0, Share(rank, processes)).batch(step, each * processes)
        for domain in range(2):
            assert torch.equal(part[domain], whole[domain][rank::processes])


class Doubling(Processes):
    """Stands for others, whose losses are three times as large."""

    def mean(self, x: torch.Tensor) -> torch.Tensor:
        return 2 * x


def test_the_log_is_of_all_processes_and_the_first_ones(tmp_path):
    for rank, failure in enumerate((Diverged, SystemExit)):
        run = RunFolder(tmp_path / str(rank))
        run.create({})
        log = Log(run, 4, Doubling(rank, 2), lambda step, term: {"text": term})
        log.add(1, 0, 0.1, {"gan": torch.tensor(1.5)}, {})
        log.flush()
        log.add(2, 0, 0.1, {"gan": torch.tensor(torch.nan)}, {})
        with pytest.raises(failure):
            log.flush()
    assert [record["gan"] for record in logged(tmp_path / "0")] == [3.0, None]
    assert not (tmp_path / "1/log.jsonl").exists()


def test_a_batch_that_cannot_be_shared_out_is_refused():
    Processes(0, 3).check_batch(6)
    with pytest.raises(ValueError, match="--batch 4, for all 3 processes together, can't be shared out evenly"):
        Processes(0, 3).check_batch(4)
    with pytest.raises(ValueError, match=r"--batch 1, .*, leaves some without a picture: give torchrun another"):
        Processes(1, 2).check_batch(1)


@pytest.mark.parametrize("batch", [1, 2, 6])
def test_a_batch_whose_halves_cannot_be_shared_out_is_refused(batch, tmp_path):
    """BicycleGAN encodes the first half of a batch: two processes need an equal part of either half."""
    Processes(0, 2).check_batch(8, 2)
    options = ["--small", "--model", "bicyclegan", "--batch", batch, "--device", "cpu", "--out", tmp_path / "run"]
    (status, _, errors), (_, _, other) = ended(start_two(*TRAIN, *options))
    said = "leaves some without a picture" if batch == 1 else "can't be shared out evenly"
    assert status == 2 and f"--batch {batch}, for all 2 processes together, in 2 parts each, {said}" in errors
    assert not any(word in errors + other for word in ("Traceback", "terminate")) and not (tmp_path / "run").exists()


def test_processes_that_do_not_find_each_other_are_told_in_one_line(monkeypatch):
    def refuses(backend: str) -> None:
        raise torch.distributed.DistNetworkError("Connection refused\nby the other end")

    for name, value in (("WORLD_SIZE", "2"), ("MASTER_ADDR", "127.0.0.1"), ("MASTER_PORT", "1")):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(torch.distributed, "init_process_group", refuses)
    with (
        pytest.raises(PeerLost, match=r"^the processes of this run did not find each other \(Connection refused\); "),
        join(),
    ):
        pass


def test_devices_that_processes_cannot_have_are_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(DeviceError, match="2 on this machine, and more processes; give torchrun --nproc_per_node=2"):
        Processes(2, 3, 2).device(torch.device("cuda"))
    with pytest.raises(DeviceError, match="--device mps: for one process only"):
        Processes(0, 2).device(torch.device("mps"))
    assert Processes(0, 2).device(torch.device("cpu")) == torch.device("cpu")


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> list[object]:
    """The command's arguments for a run with all that a process has for itself: histories and dropout."""
    root = tmp_path_factory.mktemp("data")
    for domain in "AB":
        (root / domain).mkdir()
        for number in range(6):
            noise = np.random.default_rng([number, ord(domain)]).integers(0, 256, (20, 20, 3), np.uint8)
            Image.fromarray(noise).save(root / domain / f"{number}.png")
    tiny = "--small --size 16 --width 2 --disc-width 2 --disc-layers 1 --blocks 1 --device cpu --batch 4 --pool-size 3"
    more = "--dropout 0.5 --steps 20 --save-every 8 --sample-every 20"
    return [*tiny.split(), *more.split(), "--data", root / "A", root / "B"]


@pytest.fixture(scope="module")
def undisturbed(folders, tmp_path_factory) -> Path:
    run = tmp_path_factory.mktemp("undisturbed") / "run"
    (status, said, errors), (second_status, *second_said) = ended(start_two(*TRAIN, *folders, "--out", run))
    assert status == 0, errors
    assert "2 processes; of a batch of 4, each has 2\n" in said
    assert second_status == 0 and second_said == ["", ""]
    return run


def logged(run: Path) -> list[dict]:
    lines = (run / "log.jsonl").read_text(encoding="utf-8").splitlines() if (run / "log.jsonl").exists() else []
    return [json.loads(line) for line in lines]


def checkpoint(run: Path) -> dict:
    return torch.load(run / "checkpoint.pt", weights_only=True)


def wait_for_step(run: Path, step: int, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 200
    while not (run / "log.jsonl").exists() or (run / "log.jsonl").read_bytes().count(b"\n") < step:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.005)


def test_one_process_writes_what_a_run_leaves(undisturbed):
    names = {path.name for path in undisturbed.iterdir()}
    assert names - {"alarms"} == {
        "config.json", "log.jsonl", "samples", "checkpoint.pt", "best.pt", "losses.png", "report.html"
    }  # fmt: skip
    assert [path.name for path in (undisturbed / "samples").iterdir()] == ["step_000020.png"]
    assert [record["step"] for record in logged(undisturbed)] == list(range(1, 21))
    assert json.loads((undisturbed / "config.json").read_text(encoding="utf-8"))["processes"] == 2
    content = checkpoint(undisturbed)
    (other,) = content["others"]
    pools = content["training"]["pool_A"], other["pools"]["pool_A"]
    assert [len(pool["images"]) for pool in pools] == [3, 3] and not torch.equal(*(pool["images"] for pool in pools))
    assert not torch.equal(content["random"]["cpu"], other["random"]["cpu"])


def test_stopped_and_resumed_equals_undisturbed(folders, undisturbed, tmp_path, capsys):
    run = tmp_path / "run"
    processes = start_two(*TRAIN, *folders, "--out", run)
    wait_for_step(run, 2, processes[0])
    processes[1].send_signal(signal.SIGTERM)  # one hears it, all stop
    (status, said, errors), (second_status, *second_said) = ended(processes)
    reached = len(logged(run))
    assert f"stopped and saved at step {reached} of 20" in said, errors
    assert status == second_status == 128 + signal.SIGTERM and second_said == ["", ""]
    assert checkpoint(run)["step"] == reached < 17

    # By one process alone it can go on, and is told what is different then.
    shutil.copytree(run, tmp_path / "alone")
    capsys.readouterr()
    assert main(["--out", str(tmp_path / "alone"), "--resume"]) == 0
    assert "note: the run had 2 processes before: it goes on, but with other" in capsys.readouterr().out
    assert len(logged(tmp_path / "alone")) == 20

    result = subprocess.run([*TORCHRUN, *TRAIN, "--out", run, "--resume"], capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("Everything is in ") == 1
    expected, found = checkpoint(undisturbed), checkpoint(run)
    for state in ("training", "random", "others"):
        assert same(expected[state], found[state])
    clock = {"images_per_second", "seconds"}
    for record, other in zip(logged(undisturbed), logged(run), strict=True):
        assert {key: record[key] for key in record.keys() - clock} == {key: other[key] for key in other.keys() - clock}


def same(first: object, second: object) -> bool:
    """Whether two nests of dicts and lists hold equal tensors and values."""
    if isinstance(first, torch.Tensor):
        return torch.equal(first, second)
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[key], second[key]) for key in first)
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(same, first, second))
    return first == second
