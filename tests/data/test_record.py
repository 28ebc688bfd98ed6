"""data/record.py: a resumed run says whether its pictures are still those that it began with."""

import subprocess
import sys
from pathlib import Path
from unicodedata import normalize

import numpy as np
import pytest
import torch
from PIL import Image

from minicyclegan.data.record import changes, record_files
from minicyclegan.train import main
from tests.conftest import TINY

GOES_ON = "the run goes on with what is there now, so its result is not that of a run that never stopped"
UNTOUCHED = "the training pictures and their order are the same, so what is learnt does not change"


def draw(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (12, 12, 3), dtype=np.uint8)).save(path)


@pytest.fixture
def data(tmp_path) -> Path:
    for number, folder in enumerate(("trainA", "trainB", "testA")):
        for index in range(3):
            draw(tmp_path / "set" / folder / f"{index}.png", 10 * number + index)
    return tmp_path / "set"


@pytest.fixture
def run(tmp_path, data) -> Path:
    """A run of two steps on the folder."""
    assert main([*TINY, "--steps", "2", "--data", str(data), "--out", str(tmp_path / "run")]) == 0
    return tmp_path / "run"


def lengthen(run: Path) -> None:
    """Of a finished run, one that stopped after half of its steps."""
    content = torch.load(run / "checkpoint.pt", weights_only=True)
    torch.save({**content, "steps": 2 * content["steps"]}, run / "checkpoint.pt")


def resumed(run: Path, capsys) -> list[str]:
    """What a resumed run has to note."""
    lengthen(run)
    assert main(["--out", str(run), "--resume"]) == 0
    return [line.removeprefix("note: ") for line in capsys.readouterr().out.splitlines() if line.startswith("note: ")]


def test_what_is_the_same_is_not_spoken_of(run, capsys):
    assert resumed(run, capsys) == []
    assert resumed(run, capsys) == []


def test_each_kind_of_change_is_named_once(data, run, capsys):
    draw(data / "devA" / "new.png", 90)
    assert resumed(run, capsys) == [f"{data / 'devA'}: not used (1 picture)"]
    (data / "devA").rename(data.parent / "devA")
    draw(data / "trainA" / "new.png", 90)
    assert resumed(run, capsys) == [f"the data have changed since the checkpoint (A: 1 added (new.png)): {GOES_ON}"]
    assert resumed(run, capsys) == []
    (data / "trainA" / "new.png").rename(data / "trainA" / "00.png")  # it comes earlier in the order now
    assert resumed(run, capsys) == [
        f"the data have changed since the checkpoint (A: 1 renamed (new.png to 00.png)): {GOES_ON}"
    ]
    (data / "trainA" / "00.png").unlink()
    draw(data / "trainB" / "1.png", 91)
    assert resumed(run, capsys) == [
        f"the data have changed since the checkpoint (A: 1 removed (00.png); B: 1 replaced (1.png)): {GOES_ON}"
    ]


def test_what_does_not_touch_the_result_is_said_not_to(data, run, capsys):
    draw(data / "testA" / "1.png", 92)
    (data / "trainB" / "2.png").rename(data / "trainB" / "9.png")  # as late in the order as before
    said = "the data have changed since the checkpoint (B: 1 renamed (2.png to 9.png); test A: 1 replaced (1.png))"
    assert resumed(run, capsys) == [f"{said}: {UNTOUCHED}"]


def test_the_command_says_it_to_a_user(data, run):
    lengthen(run)
    for number in range(5):
        draw(data / "trainB" / f"more{number}.png", 93)
    command = [sys.executable, "-m", "minicyclegan.train", "--out", run, "--resume"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    more = "5 added (more0.png, more1.png, more2.png, …)"
    assert f"note: the data have changed since the checkpoint (B: {more}): {GOES_ON}" in result.stdout.splitlines()


def test_a_drawn_world_is_recorded_too():
    assert changes({"A": "ab", "B": "cd"}, {"A": "ab", "B": "cd"}) == ""
    said = changes({"A": "ab", "B": "cd"}, {"A": "ab", "B": "xy"})
    assert said == f"the data have changed since the checkpoint (B: drawn otherwise, by another version): {GOES_ON}"


def test_a_copy_on_another_system_is_the_same(tmp_path):
    for form in ("NFC", "NFD"):
        draw(tmp_path / form / normalize(form, "Müller.png"), 0)
    records = [record_files(list((tmp_path / form).iterdir()), 1) for form in ("NFC", "NFD")]
    assert records[0] == records[1]
    (tmp_path / "NFC" / normalize("NFC", "Müller.png")).write_bytes(b"other")
    assert record_files(list((tmp_path / "NFC").iterdir()), 2) == {normalize("NFC", "Müller.png"): "5 d9298a10d1b07358"}
