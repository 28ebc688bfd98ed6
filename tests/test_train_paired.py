"""python -m minicyclegan.train with the models that learn from pairs: real processes where it matters."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from PIL import Image

from minicyclegan.data.folders import DataError
from minicyclegan.train import main
from tests.conftest import TINY_BICYCLEGAN, TINY_PIX2PIX

ARGUMENTS = {"pix2pix": TINY_PIX2PIX, "bicyclegan": TINY_BICYCLEGAN}
LOSSES = {"pix2pix": {"gan", "l1", "D"}, "bicyclegan": {"gan_vae", "gan_lr", "l1", "kl", "latent", "D_vae", "D_lr"}}
ROWS = {"pix2pix": 3, "bicyclegan": 7}  # of a sample grid: input, answers, truth


@pytest.fixture(params=ARGUMENTS)
def model(request) -> str:
    return request.param


@pytest.fixture
def undisturbed(model, request) -> Path:
    return request.getfixturevalue(f"tiny_{model}_run")


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "minicyclegan.train", *map(str, arguments)]


def train(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess:
    return subprocess.run(command(*arguments), capture_output=True, text=True, cwd=cwd, timeout=120)


def logged(run: Path) -> list[dict]:
    return [json.loads(line) for line in (run / "log.jsonl").read_text(encoding="utf-8").splitlines()]


def final_weights(run: Path) -> dict[str, torch.Tensor]:
    return torch.load(run / "checkpoint.pt", weights_only=True)["training"]["networks"]


def usage_error(arguments: list[object], capsys) -> str:
    """What the command says to a misuse: the first of its two lines."""
    with pytest.raises(SystemExit) as stopped:
        main(list(map(str, arguments)))
    said = capsys.readouterr()
    lines = said.err.strip().splitlines()
    assert stopped.value.code == 2 and len(lines) == 2 and said.out == ""
    return lines[0]


def test_a_run_leaves_what_the_readme_says(model, undisturbed):
    assert {path.name for path in undisturbed.iterdir()} == {
        "config.json", "log.jsonl", "samples", "checkpoint.pt", "best.pt", "losses.png", "report.html"
    }  # fmt: skip
    records = logged(undisturbed)
    assert [record["step"] for record in records] == list(range(1, 61))
    every = LOSSES[model] | {"step", "epoch", "lr", "images_per_second"}
    assert all(set(record) == every for record in records[:-1])
    assert set(records[-1]) - every == {"validation", "seconds"}
    assert records[-1]["epoch"] == 29  # batches of 4 from 8 pairs
    config = json.loads((undisturbed / "config.json").read_text(encoding="utf-8"))
    assert config["model"] == model and config["settings"]["data"] == ["facades"] and config["config"]["depth"] == 4
    with Image.open(undisturbed / "samples/step_000060.png") as grid, Image.open(undisturbed / "losses.png") as curves:
        curves.load()
        assert grid.height == 32 + ROWS[model] * 132 + 4  # one block: these models have one direction
        assert grid.width == 96 + 6 * 132 + 16


def test_stopped_and_resumed_equals_undisturbed(model, undisturbed, tmp_path):
    run = tmp_path / "run"
    process = subprocess.Popen(
        command(*ARGUMENTS[model], "--out", run), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    deadline = time.monotonic() + 90
    while not ((run / "log.jsonl").exists() and (run / "log.jsonl").read_bytes().count(b"\n") >= 10):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.002)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    if process.returncode == 0:
        pytest.fail("the run was over before the signal came; give it more steps")
    assert process.returncode == 130
    assert f"stopped and saved at step {len(logged(run))} of 60" in output
    result = train("--out", run, "--resume")
    assert result.returncode == 0, result.stderr
    expected, found = final_weights(undisturbed), final_weights(run)
    assert expected.keys() == found.keys() and all(torch.equal(expected[name], found[name]) for name in expected)
    for record, other in zip(logged(undisturbed), logged(run), strict=True):
        assert all(record[key] == other[key] for key in LOSSES[model])


@pytest.fixture
def pairs(tmp_path) -> Path:
    """Red pictures (A) and blue ones (B) of the same names, in side/ once more, side by side."""
    for folder in ("red", "blue", "other", "side/train"):
        (tmp_path / folder).mkdir(parents=True)
    for number in range(3):
        red, blue = (200 + 20 * number, 0, 0), (0, 0, 200 + 20 * number)
        Image.new("RGB", (32, 32), red).save(tmp_path / f"red/{number}.png")
        Image.new("RGB", (32, 32), blue).save(tmp_path / f"blue/{number}.png")
        Image.new("RGB", (32, 32), blue).save(tmp_path / f"other/another{number}.png")
        both = Image.new("RGB", (64, 32), red)
        both.paste(blue, (32, 0, 64, 32))
        both.save(tmp_path / f"side/train/{number}.png")
    return tmp_path


@pytest.mark.parametrize("direction", ["AtoB", "BtoA"])
@pytest.mark.parametrize("data, described", [(["red", "blue"], "pairs of files with one name"), (["side"], "side-by")])
def test_own_pairs_in_both_directions(pairs, data, described, direction, capsys, monkeypatch):
    monkeypatch.chdir(pairs)
    tiny = [*TINY_PIX2PIX, "--steps", "2", "--direction", direction, "--data", *data]
    assert main([*tiny, "--out", "run"]) == 0
    assert f"data: 3 {described}" in capsys.readouterr().out
    with Image.open("run/samples/step_000002.png") as grid:
        given, truth = grid.getpixel((96 + 64, 32 + 64)), grid.getpixel((96 + 64, 32 + 2 * 132 + 64))
    colours = {"AtoB": ((200, 0, 0), (0, 0, 200)), "BtoA": ((0, 0, 200), (200, 0, 0))}
    assert (given, truth) == colours[direction]


def test_data_without_pairs_is_refused_before_anything_is_drawn(tmp_path):
    result = train("--model", "pix2pix", "--small", "--data", "horse2zebra", cwd=tmp_path)
    assert result.returncode == 1 and result.stdout == ""
    assert result.stderr == (
        "error: pix2pix learns from pairs, and in the world horse2zebra there are none: give train/ with side-by-side "
        "pictures, two folders of namesakes or a paired world (facades, edges2photo); --model cyclegan needs no pairs\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_folders_without_pairs_are_refused(pairs, monkeypatch):
    monkeypatch.chdir(pairs)
    with pytest.raises(DataError, match=r"bicyclegan learns from pairs, and in .*red and .*other there are none"):
        main([*TINY_BICYCLEGAN, "--data", "red", "other", "--out", "run"])
    assert not (pairs / "run").exists()


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--model", "pix2pix", "--size", 100, "--depth", 4], "take a multiple of 16, such as 96 or 112, or"),
        (["--model", "bicyclegan", "--size", 16, "--depth", 5], "take a multiple of 32, such as 32, or"),
        (["--model", "pix2pix", "--size", 32, "--disc-layers", 4], "--size 32 is too small for --disc-layers 4: "),
        (["--model", "pix2pix", "--blocks", 3], "--blocks"),
        (["--model", "pix2pix", "--encoder-width", 3], "--encoder-width"),
        (["--model", "bicyclegan", "--pool-size", 3], "--pool-size"),
        (["--model", "bicyclegan", "--skips"], "--skips"),
        (["--latent", 8], "--latent"),
        (["--model", "pix2pixHD"], "--model"),
        (["--model", "pix2pix", "--dropout", 1.5], "--dropout must be below 1"),
        (["--model", "bicyclegan", "--latent", 0], "--latent must be at least 1"),
        (["--model", "pix2pix", "--channels-A", 2], "--channels-A must be 1 (grey) or 3 (colour), not 2"),
        (
            ["--model", "cyclegan", "--channels-A", 3, "--channels-B", 4, "--lambda-identity", 0],
            "--channels-B must be 1",
        ),
        (["--model", "pix2pix", "--seed", 2**63], "--seed must be below 9223372036854775808"),
    ],
)
def test_misuse_is_one_line_and_status_2(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert message in usage_error(["--small", *arguments], capsys)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments, shown, absent",
    [
        (["--model", "pix2pix"], ["--depth N", "(default: 8)", "(default: vanilla)", "--no-skips"], ["--pool-size"]),
        (["--model", "pix2pix", "--small"], ["(default: 5)", "(default: facades)", "(default: 64)"], ["(default: 8)"]),
        (["--model", "bicyclegan"], ["--encoder-norm", "--lambda-latent X", "(default: 0.01)"], ["--blocks N"]),
        ([], ["--pool-size N", "(default: horse2zebra)"], ["--depth", "--encoder-blocks"]),
    ],
)
def test_help_lists_the_options_of_the_model_with_the_presets_defaults(arguments, shown, absent, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit) as stopped:
        main([*arguments, "--device", "cpu", "--help"])
    text = capsys.readouterr().out
    assert stopped.value.code == 0
    assert all(word in text for word in shown) and not any(word in text for word in absent)
