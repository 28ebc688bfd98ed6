"""python -m minicyclegan.ablate: real processes, stopped and continued; finished runs are never done twice."""

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
from minicyclegan.judging.ablations.checkpoints import LARGEST, LARGEST_TOGETHER, write_checkpoints
from minicyclegan.judging.ablations.runs import AblationError, plan
from minicyclegan.judging.ablations.settings import FOR_LESSONS
from minicyclegan.judging.ablations.tables import TABLES

SHIPPED = Path(__file__).parents[1] / "lessons/checkpoints"
needs_checkpoints = pytest.mark.skipif(not SHIPPED.exists(), reason="lessons/checkpoints is not written yet")

# Two runs of 60 steps with tiny networks, carried out as the command does it.
SCRIPT = """
import sys
from pathlib import Path
from minicyclegan.cli import run
from minicyclegan.judging.ablations.runs import AblationError, Run, carry_out
from minicyclegan.judging.ablations.settings import PIX2PIX, Setting

TINY = {"steps": 60, "pictures": 8, "width": 2, "disc_width": 2, "batch": 1, "save_every": 1000}
settings = [Setting(f"tiny{n}", "pix2pix", "fronts", PIX2PIX | TINY | {"lr": 1e-3 * (n + 1)}) for n in range(2)]
runs = [Run(setting, 0, Path(sys.argv[1]), 2) for setting in settings]
run(lambda: carry_out(runs, int(sys.argv[2])) or 0, (AblationError,))
"""


@pytest.fixture(autouse=True, scope="session")
def pictures(tmp_path_factory):
    """What one run draws, the next one reads."""
    folder = str(tmp_path_factory.mktemp("pictures"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINICYCLEGAN_CACHE", folder)
        yield


def ablate(*arguments: object) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "minicyclegan.ablate", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


def begin(root: Path, jobs: int = 2) -> subprocess.Popen:
    command = [sys.executable, "-c", SCRIPT, str(root), str(jobs)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def wait_until(condition, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.005)


def steps(folder: Path) -> list[int]:
    return [json.loads(line)["step"] for line in (folder / "log.jsonl").read_text().splitlines()]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return torch.load(folder / "checkpoint.pt", weights_only=True)["training"]["networks"]


@pytest.fixture(scope="session")
def rehearsed(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("rehearsed")
    result = ablate("pix2pix-skips", "--rehearse", "--seeds", 1, "--count", 2, "--runs", root)
    assert result.returncode == 0, result.stderr
    for row in TABLES["pix2pix-skips"].rows:
        assert row.label in result.stdout
    assert str(root / "ablations.md") in result.stdout
    return root


def test_a_table_is_trained_judged_drawn_and_written(rehearsed):
    content = json.loads((rehearsed / "ablations/pix2pix-skips.json").read_text())
    runs = plan([TABLES["pix2pix-skips"].rehearsed()], 1, rehearsed, 2)
    assert len(runs) == len(content["rows"]) == 4
    for run in runs:
        figures = run.figures()
        (row,) = [row for row in content["rows"] if f"{run.folder.path.name}" in row["command"]]
        assert {name: [figures["measures"][name]] for name in row["measures"]} == row["measures"]
        assert row["training_seconds"] == [figures["training_seconds"]] and figures["training_seconds"] > 0
        assert f"| {row['label']} | {row['measures']['sharpness'][0]:.3f}" in (
            re.sub(r"\| [\d.]+ \| [\d.]+ \| [\d.]+ \| ([\d.]+) ", r"| \1 ", (rehearsed / "ablations.md").read_text())
        )
        config = json.loads(run.folder.config.read_text())
        assert config["settings"]["steps"] == 2 and config["threads"] == 1
    with Image.open(rehearsed / "ablations/pix2pix-skips.png") as picture:
        # title, then input, a row for each setting, truth: 64 px drawn twice as large, and 4 px between
        assert picture.height == 32 + 6 * (128 + 4) + 4


def test_what_is_finished_is_not_done_again_but_what_is_broken_is_judged_again(rehearsed):
    folders = sorted(rehearsed.glob("pix2pix-*"))
    before = {path: path.stat().st_mtime_ns for folder in folders for path in folder.iterdir()}
    broken, other_count, gone, infinite = (folder / "figures.json" for folder in folders)
    contents = [path.read_text() for path in (broken, other_count, gone, infinite)]
    broken.write_text(contents[0][:40])
    gone.unlink()
    infinite.write_text(re.sub(r'"L1": [\d.]+', '"L1": NaN', contents[3]))
    result = ablate("pix2pix-skips", "--rehearse", "--seeds", 1, "--count", 2, "--runs", rehearsed)
    assert result.returncode == 0, result.stderr
    after = {path: path.stat().st_mtime_ns for folder in folders for path in folder.iterdir()}
    judged_again = {path for path in before if path.name == "figures.json" and before[path] != after[path]}
    assert judged_again == {broken, gone, infinite}
    assert all(before[path] == after[path] for path in before if path.name in ("checkpoint.pt", "log.jsonl"))
    for path, content in zip((broken, other_count, gone, infinite), contents, strict=True):
        assert json.loads(path.read_text())["measures"] == json.loads(content)["measures"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_and_continued_equals_undisturbed(tmp_path, number):
    undisturbed = begin(tmp_path / "undisturbed")
    assert undisturbed.wait(timeout=200) == 0, undisturbed.stderr.read()
    root = tmp_path / "runs"
    process = begin(root, jobs=1)

    def second_is_training() -> bool:
        log = list(root.glob("tiny1-*/log.jsonl"))
        return bool(log) and log[0].read_bytes().count(b"\n") >= 10

    wait_until(second_is_training, process)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in errors
    (first,), (second,) = root.glob("tiny0-*"), root.glob("tiny1-*")
    assert (first / "figures.json").exists() and not (second / "figures.json").exists()
    assert (second / "checkpoint.pt").exists() and 10 <= len(steps(second)) < 60
    finished = {path: path.stat().st_mtime_ns for path in first.iterdir()}

    process = begin(root)
    assert process.wait(timeout=200) == 0, process.stderr.read()
    assert {path: path.stat().st_mtime_ns for path in first.iterdir()} == finished
    assert steps(second) == list(range(1, 61))
    expected, found = weights(tmp_path / "undisturbed" / second.name), weights(second)
    assert all(torch.equal(expected[name], found[name]) for name in expected)
    measures = [json.loads((folder / "figures.json").read_text())["measures"] for folder in (
        second, tmp_path / "undisturbed" / second.name
    )]  # fmt: skip
    assert measures[0] == measures[1]


def test_killed_before_a_checkpoint_it_begins_again_once_its_trainings_are_gone(tmp_path):
    root = tmp_path / "runs"
    process = begin(root)
    wait_until(lambda: any(path.read_bytes() for path in root.glob("tiny*/log.jsonl")), process)
    process.kill()
    process.wait()
    second = begin(root)
    _, errors = second.communicate(timeout=60)
    if second.returncode == 0:
        pytest.fail("the trainings were over before the second call began; give them more steps")
    assert second.returncode == 1
    assert errors.strip().splitlines()[-1].startswith(f"error: {root}: another call, or a training that it left behind")
    deadline = time.monotonic() + 120
    while True:  # the trainings that lost their parent come to their end
        third = begin(root)
        _, errors = third.communicate(timeout=200)
        if third.returncode == 0:
            break
        assert "another call" in errors and time.monotonic() < deadline
    for folder in root.glob("tiny*"):
        assert steps(folder) == list(range(1, 61)) and (folder / "figures.json").exists()


def test_a_training_that_fails_is_one_line_and_stops_the_rest(tmp_path):
    root = tmp_path / "runs"
    folder = plan([TABLES["pix2pix-skips"].rehearsed()], 1, root, 2)[0].folder
    folder.path.mkdir(parents=True)
    folder.checkpoint.write_bytes(b"no checkpoint")
    result = ablate("pix2pix-skips", "--rehearse", "--seeds", 1, "--count", 2, "--jobs", 1, "--runs", root)
    assert result.returncode == 1 and "Traceback" not in result.stderr
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith(f"error: {folder}/output.txt: the training ended with status 1: error: {folder.checkpoint}")
    assert len(list(root.glob("pix2pix-*"))) == 1


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["pix2pix"], "no table 'pix2pix'; there are: pix2pix-losses, pix2pix-skips, "),
        ([], "the following arguments are required: TABLE"),
        (["all", "--seeds", "0"], "--seeds must be at least 1, not 0"),
        (["all", "--jobs", "-1"], "--jobs must be at least 1, not -1"),
        (["all", "--count", "many"], "--count"),
        (["all", "--rehearse", "--checkpoints", "x"], "--checkpoints of a rehearsal would teach nothing"),
    ],
)
def test_usage_errors_are_one_line_and_status_2(arguments, message, tmp_path):
    from minicyclegan.ablate import main

    with pytest.raises(SystemExit) as stopped:
        main([*arguments, "--runs", str(tmp_path / "runs")])
    assert stopped.value.code == 2 and list(tmp_path.iterdir()) == []


# ---- The lessons' checkpoints ------------------------------------------------------------------------------------


def test_checkpoints_of_a_single_table_are_refused_before_anything_is_written(rehearsed, tmp_path):
    runs = plan([TABLES["pix2pix-skips"].rehearsed()], 1, rehearsed, 2)
    with pytest.raises(AblationError, match=r"no run of pix2pix-patch1, .*; ask for all tables"):
        write_checkpoints(tmp_path / "out", runs)
    assert not (tmp_path / "out").exists()


def shipped() -> list[tuple[str, int, str]]:
    """Name, bytes and hash of each checkpoint that the README lists."""
    text = (SHIPPED / "README.md").read_text()
    rows = re.findall(r"^\| `([\w-]+\.pt)` \| \d+ \| ([\d,]+) \| `(\w{64})` \|$", text, re.MULTILINE)
    return [(name, int(size.replace(",", "")), digest) for name, size, digest in rows]


@needs_checkpoints
def test_the_shipped_checkpoints_are_those_listed_and_small():
    listed = shipped()
    assert [name for name, _, _ in listed] == [f"{setting.name}.pt" for setting in FOR_LESSONS]
    assert {path.name for path in SHIPPED.glob("*.pt")} == {name for name, _, _ in listed}
    for name, size, digest in listed:
        content = (SHIPPED / name).read_bytes()
        assert len(content) == size <= LARGEST
        assert hashlib.sha256(content).hexdigest() == digest, name
    assert sum(size for _, size, _ in listed) <= LARGEST_TOGETHER


@needs_checkpoints
@pytest.mark.parametrize("setting", FOR_LESSONS, ids=lambda setting: setting.name)
def test_each_shipped_checkpoint_loads_and_translates(setting):
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


def test_the_environment_of_a_training_is_one_thread(rehearsed):
    configs = [json.loads(path.read_text()) for path in rehearsed.glob("*/config.json")]
    assert configs and all(config["threads"] == 1 and config["device"] == "cpu" for config in configs)
    assert os.environ["OMP_NUM_THREADS"] == "1"
