"""training/plan.py and training/memory.py: what a run will take, told before it begins and held against real runs."""

import io
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from minicyclegan.models import MODELS, CycleGANConfig, build
from minicyclegan.train import main
from minicyclegan.training import plan as plans
from minicyclegan.training.config import TrainConfig, preset
from minicyclegan.training.memory import Alive, memory_needed
from minicyclegan.training.speed import Speed

CPU = torch.device("cpu")
SMALL = CycleGANConfig(width=8, disc_width=8, blocks=1, disc_layers=1, pool_size=0)


def test_what_is_alive_is_counted_and_what_is_gone_is_not():
    with Alive() as alive:
        a = torch.zeros(1000)
        b = torch.ones(500)
        assert (alive.now, alive.most) == (6000, 6000)
        del a
        view = b[:10]
        assert (alive.now, alive.most) == (2000, 6000)
        del b
        assert alive.now == 2000  # the view holds it
        del view
        assert alive.now == 0
        (torch.zeros(250) + 1).sum()
    assert alive.now <= 4 and alive.most == 6000


def test_counting_without_content_is_counting_with_it():
    config = TrainConfig(size=32, batch=2)
    with Alive() as alive:
        model = build(SMALL)
        a = torch.zeros(2, 3, 32, 32)
        model.step(a, a.clone())
        model.step(a, a.clone())
    needed, kept = memory_needed(config, SMALL, torch.device("meta"), 1)
    assert needed == pytest.approx(alive.most, rel=0.02)
    file = io.BytesIO()
    torch.save(model.training_state(), file)
    assert kept == pytest.approx(len(file.getvalue()), rel=0.15)  # with what the file says of each tensor


def test_a_count_changes_nothing_that_a_run_draws():
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    memory_needed(TrainConfig(size=32), SMALL, CPU, 1)
    assert torch.equal(torch.rand(4), expected)


@pytest.mark.parametrize("name", MODELS)
def test_more_pixels_pictures_and_history_need_more(name):
    settings, networks = preset("small", name, "cpu")
    config, networks = TrainConfig(**{**settings, "model": name}), MODELS[name].config(**networks)

    def needed(**changes: int) -> int:
        return memory_needed(replace(config, **changes), networks, CPU, changes.get("pictures", 100))[0]

    assert needed() < needed(batch=2 * config.batch) < needed(batch=8 * config.batch)
    assert needed() < needed(size=128) and needed() < needed(pictures=2000) and needed() < needed(ema=0.5) + 1
    assert memory_needed(replace(config, batch=8), networks, CPU, 1, share=4) == memory_needed(
        replace(config, batch=2), networks, CPU, 1
    )


# A child's ru_maxrss begins at its parent's: what this process has taken for other tests would count.
PEAK = """
import atexit, re, runpy
status = "/proc/self/status"
atexit.register(lambda: print("peak:", re.search(r"VmHWM:\\s+(\\d+)", open(status).read())[1], flush=True))
runpy.run_module("minicyclegan.train", run_name="__main__", alter_sys=True)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux says a process's own peak of memory")
@pytest.mark.parametrize("arguments", [
    "--small --size 64", "--preset photos --size 128",
    "--small --model pix2pix", "--preset photos --model pix2pix --size 256",
    "--small --model bicyclegan", "--preset photos --model bicyclegan --size 256",
])  # fmt: skip
def test_the_memory_told_is_what_a_run_takes_within_a_third(tmp_path, arguments):
    command = [sys.executable, "-c", PEAK, *arguments.split(), "--pictures", "8", "--steps", "3"]
    result = subprocess.run([*command, "--device", "cpu", "--out", tmp_path / "run"], capture_output=True, text=True)
    output = result.stdout
    assert result.returncode == 0, result.stderr
    number, unit = re.search(r"^memory: about ([\d.]+) (MB|GB) needed, .* free on cpu$", output, re.M).groups()
    told = float(number) * {"MB": 1e6, "GB": 1e9}[unit]
    measured = 1024 * int(re.search(r"^peak: (\d+)$", output, re.M)[1])
    assert measured / 1.34 < told < measured * 1.34


PLAN = "--small --size 32 --pictures 8 --width 2 --disc-width 2 --blocks 1 --device cpu --plan --steps 100".split()


def planned(*arguments: object, cwd: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "minicyclegan.train", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=300)


def test_the_plan_says_it_all_and_leaves_nothing_behind(tmp_path):
    result = planned(*PLAN, "--cache", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    said = result.stdout
    assert "CycleGAN: 0.01 million parameters (G_AB 0.00, G_BA 0.00, D_A 0.00, D_B 0.00)" in said
    assert re.search(r"^memory: about \d+ MB needed, \d+\.\d GB free on cpu$", said, re.M)
    assert re.search(
        r"^time: \S+ s a step \(median of \d+ tried\), 100 steps: about \d+ seconds; reading or", said, re.M
    )
    assert re.search(
        r"^disk: about .* MB: a checkpoint of .*, and best steps; samples .*, log .*; .* GB free$", said, re.M
    )
    assert list(tmp_path.iterdir()) == []


def test_the_plan_takes_the_length_from_the_folders(tmp_path, capsys, monkeypatch):
    from PIL import Image

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plans, "PATIENCE", 0)
    for folder, count in (("cats", 3), ("dogs", 7)):
        Path(folder).mkdir()
        for number in range(count):
            Image.new("RGB", (40, 40)).save(f"{folder}/{folder}{number}.png")
    words = [word for word in PLAN if word not in ("--steps", "100")]
    assert main([*words, "--data", "cats", "dogs", "--epochs", "3", "--batch", "2"]) == 0
    assert ", 11 steps: about" in capsys.readouterr().out  # 21 pictures in twos
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cats", "dogs"]


@pytest.mark.parametrize(
    "options, names", [("--batch 64 --size 128", ["--batch", "--size"]), ("--width 64", ["--width 32 --disc-width 1"])]
)
def test_what_will_not_fit_is_not_tried_and_what_would_is_named(capsys, monkeypatch, options, names):
    monkeypatch.setattr(plans, "_trial", lambda *_: pytest.fail("tried"))
    words = [*PLAN, *shlex.split(options)]
    needed = None

    monkeypatch.setattr(plans, "memory_there", lambda device, share: needed)
    whole = memory_needed(*_configs_of(words), CPU, 8)[0]
    least = memory_needed(*_configs_of(PLAN), CPU, 8)[0]
    needed = (whole + least) // 2
    assert main(words) == 1
    said = capsys.readouterr().out
    assert "it won't fit, so no step is tried. What would, each alone:" in said
    for name in names:
        (line,) = (line for line in said.splitlines() if line.strip().startswith(name))
        changed = line.strip().split(":")[0]
        assert memory_needed(*_configs_of([*words, *shlex.split(changed)]), CPU, 8)[0] <= needed


def test_what_a_step_has_no_memory_for_will_not_fit(capsys, monkeypatch):
    def fail(*_):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr(plans, "_trial", fail)
    assert main([*PLAN, "--batch", "4"]) == 1
    said = capsys.readouterr().out
    assert "it won't fit: a step has run out of memory. What would, each alone:\n  --batch 2: about" in said


def test_a_gpu_tries_what_is_counted_for_float32(capsys, monkeypatch):
    """Its kernels and bfloat16 may need half."""
    real = plans.new_model
    monkeypatch.setattr(plans, "memory_there", lambda device, share: 1)
    monkeypatch.setattr(plans, "choose", lambda *_: Speed())
    monkeypatch.setattr(plans, "new_model", lambda run, networks, device, *rest: real(run, networks, CPU, *rest))
    monkeypatch.setattr(plans, "_trial", lambda *_: (0.01, 2, 6))
    assert plans.plan(*_configs_of(PLAN), torch.device("cuda"), None) == 0
    assert "time: 0.01 s a step" in capsys.readouterr().out


def _configs_of(words: list[str]) -> tuple:
    from minicyclegan.train import _job
    from minicyclegan.training.processes import ALONE

    return _job(words, ALONE).args[:2]


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--resume", "--out", "x"], "--plan is for a run that has not begun: leave --resume out"),
        (["--size", "66"], "--size must be a multiple of 4"),
    ],
)
def test_a_plan_of_what_cannot_be_is_one_line(capsys, arguments, message):
    with pytest.raises(SystemExit) as stopped:
        main([*PLAN, *arguments])
    assert stopped.value.code == 2 and message in capsys.readouterr().err.splitlines()[0]


def test_a_plan_of_data_that_are_not_there_or_of_too_much_is_one_line(tmp_path):
    (tmp_path / "photos/trainA").mkdir(parents=True)
    for arguments, message in (
        (["--data", "photos"], "photos/trainA: no pictures in it"),
        (["--width", 2 * 10**9], "out of memory"),
    ):
        result = planned(*PLAN, *arguments, cwd=tmp_path)
        assert result.returncode == 1 and message in result.stderr and len(result.stderr.splitlines()) == 1
