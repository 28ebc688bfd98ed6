"""python -m tests.benchmarks: a rehearsal in a real process, and its mistakes."""

import json
import subprocess
import sys

import pytest
from PIL import Image

from tests.benchmarks import __main__ as bench
from tests.benchmarks.parts import PARTS


def test_a_rehearsal_measures_all_parts_and_writes_the_page(tmp_path):
    arguments = [*PARTS, "--rehearse", "--device", "cpu", "--variants", "channels-last"]
    arguments += ["--page", tmp_path / "speed.md", "--json", tmp_path / "all.json", "--plot", tmp_path / "plot.png"]
    result = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", *map(str, arguments)], capture_output=True, text=True, timeout=600
    )
    assert result.returncode == 0, result.stderr
    records = json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))
    assert [record["part"] for record in records] == list(PARTS)
    text = (tmp_path / "speed.md").read_text(encoding="utf-8")
    assert "**A rehearsal: tiny sizes. Its figures mean nothing.**" in text
    assert f"python -m tests.benchmarks {' '.join(PARTS)} --rehearse --device cpu" in text
    for name in ("cyclegan", "pix2pix", "bicyclegan"):
        assert f"| {name}, a rehearsal | baseline |" in text and f"| {name}, a rehearsal | baseline |" in result.stdout
    for picture in (tmp_path / "plot.png", tmp_path / "speed/steps-cpu.png", tmp_path / "speed/large-cpu.png"):
        with Image.open(picture) as image:
            image.load()


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["step"], "no part 'step'; there are: machine, steps, large"),
        (["--seconds", "0"], "--seconds must be above 0, not 0"),
        (["--threads", "-1"], "--threads must be above 0, not -1"),
        (["--variants", "fast"], "--variants"),
        (["--json", "nowhere/at/all.json"], "--json nowhere/at/all.json: must be a file in a folder that exists"),
    ],
)
def test_mistakes_are_one_line(arguments, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        bench.main(arguments)
    assert stopped.value.code == 2 and message in capsys.readouterr().err.splitlines()[0]
