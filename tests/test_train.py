"""python -m minicyclegan.train, run as a user runs it: real processes, real kills."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from PIL import Image

TINY = "--small --size 32 --pictures 10 --width 2 --disc-width 2 --blocks 1 --device cpu --pool-size 4".split()
LOSSES = {"gan_AB", "gan_BA", "cycle_A", "cycle_B", "identity_A", "identity_B", "D_A", "D_B"}


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "minicyclegan.train", *map(str, arguments)]


def train(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess:
    return subprocess.run(command(*arguments), capture_output=True, text=True, cwd=cwd, timeout=120)


def logged(run: Path) -> list[dict]:
    return [json.loads(line) for line in (run / "log.jsonl").read_text(encoding="utf-8").splitlines()]


def final_weights(run: Path) -> dict[str, torch.Tensor]:
    return torch.load(run / "checkpoint.pt", weights_only=True)["training"]["networks"]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> Path:
    run = tmp_path_factory.mktemp("undisturbed") / "run"
    result = train(*TINY, "--steps", 60, "--save-every", 7, "--validate-every", 10, "--out", run)
    assert result.returncode == 0, result.stderr
    assert f"Everything is in {run}. Next: python -m minicyclegan.translate {run}" in result.stdout
    return run


def test_a_run_leaves_what_the_readme_says(undisturbed):
    names = {path.name for path in undisturbed.iterdir()}
    assert names - {"alarms"} == {
        "config.json", "log.jsonl", "samples", "checkpoint.pt", "best.pt", "losses.png", "report.html"
    }  # fmt: skip
    records = logged(undisturbed)
    assert [record["step"] for record in records] == list(range(1, 61))
    assert all(LOSSES | {"epoch", "lr", "images_per_second"} <= set(record) for record in records)
    assert records[-1]["epoch"] == 5 and 0 < records[-1]["lr"] < records[0]["lr"]
    config = json.loads((undisturbed / "config.json").read_text(encoding="utf-8"))
    assert config["settings"]["steps"] == 60 and config["config"]["width"] == 2 and config["versions"]["torch"]
    for picture in (undisturbed / "samples/step_000060.png", undisturbed / "losses.png"):
        with Image.open(picture) as image:
            image.load()


def test_the_same_command_gives_the_same_weights(undisturbed, tmp_path):
    assert train(*TINY, "--steps", 60, "--save-every", 25, "--out", tmp_path / "run").returncode == 0
    again, first = final_weights(tmp_path / "run"), final_weights(undisturbed)
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_killed_at_any_step_and_resumed_equals_undisturbed(undisturbed, tmp_path):
    run = tmp_path / "run"
    arguments: list[object] = [*TINY, "--steps", 60, "--save-every", 7, "--validate-every", 10, "--out", run]
    # In the first steps, between two checkpoints, at one, and near the end; the moment differs from run to run.
    for lines in (1, 20, 35, 50):
        process = subprocess.Popen(command(*arguments), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        log = run / "log.jsonl"
        deadline = time.monotonic() + 90
        while process.poll() is None and not (log.exists() and log.read_bytes().count(b"\n") >= lines):
            assert time.monotonic() < deadline
            time.sleep(0.002)
        process.kill()
        process.wait()
        arguments = ["--out", run, "--resume"]
    result = train(*arguments)
    assert result.returncode == 0, result.stderr
    assert [record["step"] for record in logged(run)] == list(range(1, 61))
    expected, found = final_weights(undisturbed), final_weights(run)
    assert all(torch.equal(expected[name], found[name]) for name in expected)
    best, best_found = (torch.load(path / "best.pt", weights_only=True) for path in (undisturbed, run))
    assert best["step"] == best_found["step"]
    expected, found = best["training"]["networks"], best_found["training"]["networks"]
    assert all(torch.equal(expected[name], found[name]) for name in expected)
    same = set(expected) and [
        {key: record[key] for key in LOSSES} == {key: other[key] for key in LOSSES}
        for record, other in zip(logged(undisturbed), logged(run), strict=True)
    ]
    assert all(same)


@pytest.mark.parametrize("number, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stop_request_saves_and_says_how_to_go_on(undisturbed, tmp_path, number, status):
    run = tmp_path / "run"
    process = subprocess.Popen(
        command(*TINY, "--steps", 60, "--out", run), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    while not ((run / "log.jsonl").exists() and (run / "log.jsonl").read_bytes().count(b"\n") >= 10):
        assert process.poll() is None
        time.sleep(0.002)
    process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    reached = len(logged(run))
    if process.returncode == 0:
        pytest.fail("the run was over before the signal came; give it more steps")
    assert process.returncode == status
    assert f"stopped and saved at step {reached} of 60" in output
    assert f"python -m minicyclegan.train --out {run} --resume" in output
    assert train("--out", run, "--resume").returncode == 0
    expected, found = final_weights(undisturbed), final_weights(run)
    assert all(torch.equal(expected[name], found[name]) for name in expected)


def test_resuming_a_finished_run_says_so(undisturbed):
    before = (undisturbed / "checkpoint.pt").stat().st_mtime_ns
    result = train("--out", undisturbed, "--resume")
    assert result.returncode == 0 and "is finished: 60 steps" in result.stdout
    assert (undisturbed / "checkpoint.pt").stat().st_mtime_ns == before


def test_a_finished_run_is_lengthened_and_its_schedule_said(undisturbed, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(undisturbed, run)
    result = train("--out", run, "--resume", "--steps", 80)
    assert result.returncode == 0, result.stderr
    assert (
        "80 steps now, 60 before. The learning rate was 1.28e-05 in the last step and is 0.000192 in the next one; it "
        "falls in a straight line from step 60 to the end"
    ) in result.stdout
    assert [record["step"] for record in logged(run)] == list(range(1, 81))
    assert [record["lr"] for record in logged(run)[59:61]] == pytest.approx([5e-4 / 39, 5e-4 * 20 / 52])
    content = torch.load(run / "checkpoint.pt", weights_only=True)
    config = json.loads((run / "config.json").read_text(encoding="utf-8"))
    for record in (content, config):
        assert record["steps"] == record["settings"]["steps"] == 80
    assert (run / "samples/step_000060.png").exists() and (run / "samples/step_000080.png").exists()
    assert "is finished: 80 steps" in train("--out", run, "--resume").stdout


def test_a_lengthened_run_is_the_long_one_where_the_schedule_is_the_same(tmp_path):
    """With a rate that never falls, its end is nothing that a step depends on."""
    for name, steps in (("short", 20), ("long", 30)):
        assert train(*TINY, "--decay", 0, "--steps", steps, "--out", tmp_path / name).returncode == 0
    result = train("--out", tmp_path / "short", "--resume", "--steps", 30)
    assert "was 0.0005 in the last step and is 0.0005 in the next one; it stays so" in result.stdout
    short, long = (final_weights(tmp_path / name) for name in ("short", "long"))
    assert all(torch.equal(short[name], long[name]) for name in long)


def test_a_new_length_counts_before_the_next_checkpoint(undisturbed, tmp_path):
    """Killed at once, a lengthened run is not the finished one of before."""
    run = tmp_path / "run"
    shutil.copytree(undisturbed, run)
    process = subprocess.Popen(
        command("--out", run, "--resume", "--steps", 100_000), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while len(logged(run)) < 70:
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    content = torch.load(run / "checkpoint.pt", weights_only=True)
    assert content["steps"] == json.loads((run / "config.json").read_text(encoding="utf-8"))["steps"] == 100_000
    end = content["step"] + 2
    result = train("--out", run, "--resume", "--steps", end)
    assert result.returncode == 0 and f"{end:,} steps now, 100,000 before" in result.stdout, result
    assert [record["step"] for record in logged(run)] == list(range(1, end + 1))


@pytest.mark.parametrize("steps, status", [(59, 1), (60, 0), (-3, 2), (0, 2)])
def test_a_run_is_never_shorter_than_what_is_done(undisturbed, steps, status):
    before = (undisturbed / "checkpoint.pt").read_bytes()
    result = train("--out", undisturbed, "--resume", "--steps", steps)
    assert result.returncode == status
    said = {0: "is finished: 60 steps", 1: f"--steps 59: {undisturbed} has done 60 steps; give a larger", 2: "--steps"}
    assert said[status] in result.stdout + result.stderr.splitlines()[0] if status else said[0] in result.stdout
    assert (undisturbed / "checkpoint.pt").read_bytes() == before


def test_a_folder_that_holds_a_run_is_refused(undisturbed):
    result = train(*TINY, "--steps", 1, "--out", undisturbed)
    assert result.returncode == 1
    assert result.stderr.strip() == (
        f"error: {undisturbed} already holds a run; continue it with --resume, or give another --out"
    )


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--size", "66"], "--size must be a multiple of 4"),
        (["--size", "8"], "--size 8 is too small for --disc-layers 2: 12 at least"),
        (["--steps", "5", "--epochs", "2"], "--steps and --epochs"),
        (["--data", "horse2zebr"], "no folder 'horse2zebr' and no such world; the worlds: "),
        (["--lr", "fast"], "--lr"),
        (["--blocs", "3"], "--blocs"),
        (["--resume"], "--resume takes the run's own settings"),
        (["--resume", "--out", "x", "--lr", "1"], "--resume takes the run's own settings"),
        (["--gan-loss", "gan"], "--gan-loss"),
    ],
)
def test_usage_errors_are_one_line_and_status_2(arguments, message, tmp_path):
    result = train("--small", *arguments, cwd=tmp_path)
    assert result.returncode == 2
    lines = result.stderr.strip().splitlines()
    assert message in lines[0] and len(lines) == 2 and lines[1].startswith("(all options:")
    assert list(tmp_path.iterdir()) == []


def test_failures_are_one_line_and_status_1(tmp_path):
    (tmp_path / "photos/trainA").mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(tmp_path / "photos/trainA/one.png")
    for arguments, message in [
        (["--data", "photos"], "no folder trainB/; found trainA/"),
        (["--data", "riders"], "riders is a world to try a trained model on; train on another one"),
        (["--out", "nothing", "--resume"], "no checkpoint.pt in it, nothing to resume"),
        *([] if torch.cuda.is_available() else [(["--device", "cuda"], "--device cuda: this machine")]),
    ]:
        result = train(*arguments, cwd=tmp_path)
        assert result.returncode == 1, result
        assert message in result.stderr and len(result.stderr.strip().splitlines()) == 1
        assert "Traceback" not in result.stderr


def test_a_diverged_run_stops_with_a_line_and_keeps_its_last_good_checkpoint(tmp_path):
    result = train(*TINY, "--steps", 400, "--lr", "1e30", "--norm", "none", "--out", tmp_path / "run")
    assert result.returncode == 1
    assert "stopped being a number at step" in result.stderr.splitlines()[-1]
    assert "stopped being a number at step" in (tmp_path / "run/report.html").read_text(encoding="utf-8")
    assert all(value.isfinite().all() for value in final_weights(tmp_path / "run").values())
    assert logged(tmp_path / "run")


def test_own_folders_without_a_test_split_and_the_default_run_name(tmp_path):
    for domain in ("cats", "dogs"):
        (tmp_path / domain).mkdir()
        for number in range(3):
            shade = (80 * number, 40, 200 if domain == "cats" else 10)
            Image.new("RGB", (30, 20), shade).save(tmp_path / domain / f"{domain}{number}.png")
    arguments = [*TINY, "--data", "cats", "dogs", "--steps", 2]
    for number in (1, 2):
        result = train(*arguments, cwd=tmp_path)
        assert result.returncode == 0, result.stderr
        assert (tmp_path / f"runs/cats-cyclegan-{number}/checkpoint.pt").exists()
    assert "3 + 3 pictures, A in cats/, B in dogs/, unpaired; test: none" in result.stdout


def test_epochs_count_in_passes_over_the_larger_domain(tmp_path):
    result = train(*TINY, "--epochs", 2, "--batch", 3, "--out", tmp_path / "run")
    assert result.returncode == 0
    assert len(logged(tmp_path / "run")) == 7  # 2 x 10 pictures in steps of 3


def test_a_second_interrupt_or_one_before_training_is_quiet(tmp_path):
    process = subprocess.Popen(
        command("--small", "--pictures", 20000, "--out", tmp_path / "run"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    while b"drawing" not in process.stderr.read1(200):
        pass
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the drawing processes too
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in errors
    assert not (tmp_path / "run").exists()


def test_a_checkpoint_that_lacks_a_part_is_named(tiny_run, tmp_path):
    content = torch.load(tiny_run / "checkpoint.pt", weights_only=True)
    del content["training"]["penalty_points"]
    torch.save({**content, "steps": content["steps"] + 1}, tmp_path / "checkpoint.pt")
    result = train("--out", tmp_path, "--resume")
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == f"error: {tmp_path}/checkpoint.pt: a damaged checkpoint ('penalty_points')"
