"""python -m minicyclegan.evaluate: the figures of a tiny run, as a table and as JSON."""

import json
import subprocess
import sys

import numpy as np
import pytest

from minicyclegan.judging.evaluation import figure


def command(module: str, *arguments: object) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", f"minicyclegan.{module}", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_run_is_measured_on_its_own_world(tmp_path, tiny_run):
    result = command("evaluate", tiny_run, "--count", 5, "--json", tmp_path / "figures.json")
    assert result.returncode == 0, result.stderr
    content = json.loads((tmp_path / "figures.json").read_text())
    assert content["size"] == 32 and content["data"] == ["horse2zebra"]
    assert len(content["figures"]) == 4
    for line in content["figures"]:
        assert line["count"] == 5 and 0 <= line["low"] <= line["value"] <= line["high"] <= 1
        assert line["name"] in result.stdout


def test_a_run_is_measured_on_a_world_for_testing_only(tiny_run):
    result = command("evaluate", tiny_run, "--data", "riders", "--count", 2)
    assert result.returncode == 0, result.stderr
    assert "on riders, test pictures of 32 px" in result.stdout


def test_what_is_no_run_is_one_line(tmp_path):
    result = command("evaluate", tmp_path)
    assert result.returncode == 1 and result.stderr.strip().endswith("is it a run's folder?")


def test_bootstrap_interval_covers_the_true_mean_as_often_as_it_says():
    rng = np.random.default_rng(0)
    hits = []
    for trial in range(300):
        f = figure("AtoB", "x", rng.normal(3, 1, 50).tolist(), seed=trial)
        hits.append(f.low <= 3 <= f.high)
    # 95 % less the known optimism of the bootstrap at 50 values (about 1 %); 300 trials: deviation 1.3 %, three of it
    assert np.mean(hits) == pytest.approx(0.94, abs=0.04)
