"""python -m minicyclegan.ablate: real processes, stopped and continued; finished runs are never done twice."""

import contextlib
import dataclasses
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import minicyclegan
from minicyclegan.ablate.__main__ import main
from minicyclegan.ablate.checkpoints import LARGEST, LESSONS, lightened
from minicyclegan.ablate.runs import AblationError, Run, carry_out, plan
from minicyclegan.ablate.tables import PIX2PIX, TABLES, Row, Setting
from minicyclegan.training.checkpoint import load_checkpoint, save_checkpoint

SHIPPED = Path(__file__).parents[2] / "lessons/checkpoints"

OPTIONS = PIX2PIX | {"steps": 60, "pictures": 8, "width": 2, "disc_width": 2, "batch": 1, "save_every": 1000}
TINY = [Setting(f"tiny{number}", "pix2pix", "fronts", OPTIONS | {"lr": 1e-3 * number}) for number in (1, 2)]
TABLE = dataclasses.replace(
    TABLES["pix2pix-skips"], rows=(Row("U-Net, L1", TINY[0]), Row("U-Net, L1 + cGAN", TINY[1])), claims=()
)

# As the command does it: the first `count` of the runs, some at a time.
SCRIPT = """
import sys
from pathlib import Path
from minicyclegan.cli import run
from minicyclegan.interrupts import exit_on_signals
from minicyclegan.ablate.runs import AblationError, Run, carry_out
from tests.ablate.test_ablate import TINY

exit_on_signals()
root, count, jobs = Path(sys.argv[1]), *map(int, sys.argv[2:])
run(lambda: carry_out([Run(setting, 0, root, 2) for setting in TINY[:count]], jobs) or 0, (AblationError, OSError))
"""


@pytest.fixture(autouse=True, scope="module")
def pictures(tmp_path_factory):
    """What one run draws, the next one reads."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINICYCLEGAN_CACHE", str(tmp_path_factory.mktemp("pictures")))
        yield


def ablate(root: Path, *arguments: object) -> int:
    """The command on a table of two tiny runs, as if it were one of the papers'."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("ablate.__main__", "ablate.page"):
            patch.setattr(f"minicyclegan.{module}.TABLES", {TABLE.name: TABLE})
        words = [TABLE.name, "--seeds", 1, "--count", 2, "--runs", root, *arguments]
        return main(list(map(str, words)))


def begin(root: Path, count: int = 2, jobs: int = 1) -> subprocess.Popen:
    command = [sys.executable, "-c", SCRIPT, str(root), str(count), str(jobs)]
    here = Path(__file__).parents[2]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=here)


def wait_until(condition, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 300
    while not condition():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.005)


def steps(folder: Path) -> list[int]:
    return [json.loads(line)["step"] for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return torch.load(folder / "checkpoint.pt", weights_only=True)["training"]["networks"]


def times(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, pictures) -> Path:
    root = tmp_path_factory.mktemp("undisturbed")
    leftover = Run(TINY[0], 0, root, 2).folder  # killed before its first checkpoint
    leftover.path.mkdir()
    for path in (leftover.config, leftover.log):
        path.write_text("{}\n", encoding="utf-8")
    assert ablate(root, "--jobs", 2) == 0
    return root


def test_a_table_is_trained_judged_drawn_and_written(undisturbed):
    content = json.loads((undisturbed / f"ablations/{TABLE.name}.json").read_text(encoding="utf-8"))
    page = (undisturbed / "ablations.md").read_text(encoding="utf-8")
    for setting, row, expected in zip(TINY, content["rows"], TABLE.rows, strict=True):
        run = Run(setting, 0, undisturbed, 2)
        figures = run.figures()
        assert row["label"] == expected.label and f"runs/ablations/{run.folder.path.name}" in row["command"]
        assert row["measures"] == {name: [figures["measures"][name]] for name in TABLE.measures}
        assert row["training_seconds"] == [figures["training_seconds"]] and figures["training_seconds"] > 0
        cells = " | ".join(f"{row['measures'][name][0]:.3f}" for name in TABLE.measures)
        assert f"| {row['label']} | {cells} |" in page
        config = json.loads(run.folder.config.read_text(encoding="utf-8"))
        assert config["settings"]["steps"] == 60 and config["config"]["lr"] == setting.options["lr"]
        assert config["threads"] == 1 and config["device"] == "cpu"
        assert steps(run.folder.path) == list(range(1, 61))
    with Image.open(undisturbed / f"ablations/{TABLE.name}.png") as picture:
        # a title; then input, a row for each setting, truth: 64 px drawn twice as large, 4 px between
        assert picture.height == 32 + 4 * (128 + 4) + 4


def test_what_is_finished_is_not_done_again_and_what_is_broken_is_only_judged_again(undisturbed):
    first, second = (Run(setting, 0, undisturbed, 2).folder.path for setting in TINY)
    before, measured = (
        times(first) | times(second),
        json.loads((first / "figures.json").read_text(encoding="utf-8"))["measures"],
    )
    text = (first / "figures.json").read_text(encoding="utf-8")
    for broken in (
        text[:40],
        "[]",
        text.replace('"count": 2', '"count": 3'),
        re.sub(r'"L1": [\d.]+', '"L1": NaN', text),
    ):
        (first / "figures.json").write_text(broken, encoding="utf-8")
        assert ablate(undisturbed) == 0
        assert json.loads((first / "figures.json").read_text(encoding="utf-8"))["measures"] == measured
    after = times(first) | times(second)
    changed = {path for path in after if before.get(path) != after[path]}
    assert changed == {first / name for name in ("figures.json", "output.txt", "seconds.txt")}
    assert set(after) == set(before)


def test_stopped_and_continued_equals_undisturbed(undisturbed, tmp_path):
    process = begin(tmp_path, jobs=1)

    def second_is_training() -> bool:
        logs = list(tmp_path.glob("tiny2-*/log.jsonl"))
        return bool(logs) and logs[0].read_bytes().count(b"\n") >= 10

    wait_until(second_is_training, process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in errors
    first, second = (Run(setting, 0, tmp_path, 2).folder.path for setting in TINY)
    assert (first / "figures.json").exists() and not (second / "figures.json").exists()
    assert (second / "checkpoint.pt").exists() and 10 <= len(steps(second)) < 60
    finished = times(first)

    process = begin(tmp_path)
    _, errors = process.communicate(timeout=200)
    assert process.returncode == 0, errors
    assert times(first) == finished and steps(second) == list(range(1, 61))
    expected, found = weights(undisturbed / second.name), weights(second)
    assert all(torch.equal(expected[name], found[name]) for name in expected)
    theirs, ours = (Run(TINY[1], 0, root, 2).figures()["measures"] for root in (undisturbed, tmp_path))
    assert theirs == ours


def test_as_long_as_a_training_lives_nobody_else_begins_even_if_its_parent_was_killed(tmp_path):
    process = begin(tmp_path, count=1)
    wait_until(lambda: any(path.read_bytes() for path in tmp_path.glob("tiny*/log.jsonl")), process)
    process.kill()
    process.wait()
    runs = [Run(TINY[0], 0, tmp_path, 2)]
    with pytest.raises(BlockingIOError, match=r"another call, or a training that it left behind, is at work in it"):
        carry_out(runs, 1)
    deadline = time.monotonic() + 300
    while runs[0].figures() is None:  # it comes to its end by itself
        assert time.monotonic() < deadline
        time.sleep(0.05)
        with contextlib.suppress(BlockingIOError):
            carry_out(runs, 1)
    assert steps(runs[0].folder.path) == list(range(1, 61))


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no such signals")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_request_to_end_lets_trainings_save(name, tmp_path):
    number = getattr(signal, name)
    process = begin(tmp_path, count=1)
    wait_until(lambda: any(path.read_bytes() for path in tmp_path.glob("tiny*/log.jsonl")), process)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    folder = Run(TINY[0], 0, tmp_path, 2).folder
    assert process.returncode == 128 + number and "Traceback" not in errors
    assert folder.checkpoint.exists() and len(steps(folder.path)) < 60


def test_a_training_that_fails_is_one_line_and_nothing_else_begins(tmp_path):
    folder = Run(TINY[0], 0, tmp_path, 2).folder
    folder.path.mkdir(parents=True)
    folder.checkpoint.write_bytes(b"no checkpoint")
    with pytest.raises(AblationError) as failed:
        ablate(tmp_path, "--jobs", 1)
    expected = f"{folder}/output.txt: the training ended with status 1: error: {folder.checkpoint}: not a readable"
    assert str(failed.value).startswith(expected) and "\n" not in str(failed.value)
    assert [path.name for path in tmp_path.glob("tiny*")] == [folder.path.name]


def test_the_command_itself_and_its_first_error():
    command = [sys.executable, "-m", "minicyclegan.ablate", "pix2pix"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    lines = result.stderr.strip().splitlines()
    assert result.returncode == 2 and len(lines) == 2
    assert "no table 'pix2pix'; there are: pix2pix-losses, pix2pix-skips, " in lines[0]


@pytest.mark.parametrize(
    "arguments, message",
    [
        ([], "the following arguments are required: TABLE"),
        (["all", "--seeds", "0"], "--seeds: must be at least 1, not 0"),
        (["all", "--jobs", "-1"], "--jobs: must be at least 1, not -1"),
        (["all", "--count", "many"], "--count"),
        (["all", "--count", "1"], "--count: must be at least 2, not 1"),
        (["all", "--page", "results"], "--page results: give the name of a file, such as ablations.md"),
        (["all", "--rehearse", "--checkpoints", "x"], "--checkpoints of a rehearsal would teach nothing"),
        (["pix2pix-skips", "--checkpoints", "x"], "--checkpoints are of all tables: give all"),
        (["pix2pix-skips", "--page", "."], "--page .: give the name of a file, such as ablations.md"),
    ],
)
def test_usage_errors_are_one_line_and_status_2(arguments, message, tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([*arguments, "--runs", str(tmp_path / "runs")])
    assert stopped.value.code == 2 and list(tmp_path.iterdir()) == []
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 2 and message in lines[0]


def test_a_rehearsal_is_of_two_steps_in_folders_of_its_own(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr("minicyclegan.ablate.__main__.carry_out", lambda runs, jobs: asked.extend(runs) or sys.exit(0))
    with pytest.raises(SystemExit):
        main(["all", "--rehearse", "--runs", str(tmp_path)])
    assert {run.steps for run in asked} == {2}
    real = {run.folder.path for run in plan(list(TABLES.values()), 3, tmp_path, 96)}
    assert len(real) == len(asked) and real.isdisjoint(run.folder.path for run in asked)


# ---- The lessons' checkpoints ------------------------------------------------------------------------------------


def test_a_lightened_checkpoint_translates_as_the_run_does(undisturbed, tmp_path):
    folder = Run(TINY[0], 0, undisturbed, 2).folder
    content = lightened(load_checkpoint(folder.checkpoint))
    save_checkpoint(tmp_path / "light.pt", content)
    assert {name.split(".")[0] for name in content["training"]["networks"]} == {"G"}
    assert all(value.dtype == torch.float16 for value in content["training"]["networks"].values())
    x = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    whole, light = (minicyclegan.load(path).translate(x) for path in (folder.checkpoint, tmp_path / "light.pt"))
    # weights rounded by half of 2^-11 of their size; less than a grey level of 255, which are 2 / 255 apart
    torch.testing.assert_close(light, whole, rtol=0, atol=2 / 255)


def shipped() -> list[tuple[str, int, str]]:
    """Name, bytes and hash of each checkpoint that the README lists."""
    text = (SHIPPED / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w-]+\.pt)` \| \d+ \| ([\d,]+) \| `(\w{64})` \|$", text, re.MULTILINE)
    return [(name, int(size.replace(",", "")), digest) for name, size, digest in rows]


def test_the_shipped_checkpoints_are_those_listed_and_small():
    listed = shipped()
    assert [name for name, _, _ in listed] == [f"{name}.pt" for name in LESSONS]
    assert {path.name for path in SHIPPED.glob("*.pt")} == {name for name, _, _ in listed}
    for name, size, digest in listed:
        content = (SHIPPED / name).read_bytes()
        assert len(content) == size <= LARGEST
        assert hashlib.sha256(content).hexdigest() == digest, name
    assert sum(size for _, size, _ in listed) <= 12_000_000


@pytest.mark.parametrize("name", LESSONS)
def test_each_shipped_checkpoint_loads_and_translates(name):
    setting = next(row.setting for table in TABLES.values() for row in table.rows if row.setting.name == name)
    model = minicyclegan.load(SHIPPED / f"{setting.name}.pt")
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    for direction in ("AtoB", "BtoA") if setting.model == "cyclegan" else ("AtoB",):
        translated = model.translate(picture, direction)
        assert translated.shape == (64, 64, 3) and translated.dtype == np.uint8 and translated.std() > 1
    if setting.options.get("latent"):
        assert model.samples(torch.zeros(1, 3, 64, 64), 2).shape == (1, 2, 3, 64, 64)
    for name, value in setting.options.items():
        recorded = model.settings.get(name, value)
        assert (tuple(recorded) if isinstance(recorded, list) else recorded) in (value, (value,)), name
