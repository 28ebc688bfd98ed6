"""python -m minicyclegan.evaluate, misused: one line, before any work; and folders that are called like a world."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch

from minicyclegan.data.folders import DataError
from minicyclegan.data.images import to_image, write_picture
from minicyclegan.evaluate import main
from tests.shipping.original_networks import original_resnet


@pytest.mark.parametrize(
    "run, arguments",
    [
        ("tiny_bicyclegan_run", ["--data", "facades", "--size", "48"]),  # walls too small to be measured
        ("tiny_bicyclegan_run", ["--data", "horse2zebra", "--size", "64"]),  # no styles known
        ("tiny_pix2pix_run", ["--data", "facades", "--size", "64"]),  # one answer
    ],
)
def test_null_models_stand_beside_models_of_styles_only(request, capsys, run, arguments):
    with pytest.raises(SystemExit) as stopped:
        main([str(request.getfixturevalue(run)), "--nulls", *arguments])
    said = capsys.readouterr()
    assert stopped.value.code == 2 and said.out == ""
    assert "--nulls goes with a model of many styles, --data facades and at least 64 px" in said.err


def test_a_folder_is_no_file_to_write_to(tmp_path, tiny_pix2pix_run, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([str(tiny_pix2pix_run), "--json", str(tmp_path)])
    assert stopped.value.code == 2 and f"--json {tmp_path}: a folder; give a file" in capsys.readouterr().err


def test_two_folders_are_no_world_even_if_one_is_called_like_it(tmp_path, tiny_pix2pix_run, monkeypatch):
    rng = np.random.default_rng(0)
    for folder in ("facades", "photos"):
        (tmp_path / folder).mkdir()
        for name in ("1.png", "2.png"):
            write_picture(to_image(rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)), tmp_path / folder / name)
    monkeypatch.chdir(tmp_path)
    given = [str(tiny_pix2pix_run), "--data", "facades", "photos", "--size", "32", "--features", "own"]
    assert main([*given, "--json", "figures.json"]) == 0
    names = [
        figure["name"] for figure in json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))["figures"]
    ]
    assert "truth: L1" in names
    # A segmenter of the world's label maps has nothing to say about these pictures.
    assert not [name for name in names if name.startswith(("FCN", "classifier"))]


@pytest.mark.parametrize("takes, gives", [(2, 2), (1, 2), (4, 4), (3, 6)])
def test_a_network_of_other_pictures_than_grey_and_colour_is_one_line(tmp_path, takes, gives):
    """Such as the original's colourisation, which gives two channels."""
    path = tmp_path / "generator.pth"
    torch.save(original_resnet(takes, gives, 2, 1, "instance", False).state_dict(), path)
    given = [str(path), "--data", "circles2squares", "--size", "16", "--count", "4", "--device", "cpu"]
    command = [sys.executable, "-m", "minicyclegan.evaluate", *given]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert result.returncode == 1 and result.stdout == ""
    said = f"error: {path}: its network takes pictures of {takes} channels and gives {gives}; what can be measured has"
    assert result.stderr.startswith(said) and result.stderr.count("\n") == 1


@pytest.mark.parametrize("folders", ["trainA trainB", "trainA trainB testA testB"])
def test_of_a_folder_only_what_is_measured_is_read(tmp_path, tiny_run, capsys, folders):
    rng = np.random.default_rng(0)
    for folder in folders.split():
        (tmp_path / folder).mkdir()
        for index in range(4):
            picture = rng.integers(0, 256, (32, 32, 3), np.uint8)
            write_picture(to_image(picture), tmp_path / folder / f"{folder}{index}.png")
    measured = folders.split()[-2:]
    broken = [path for path in tmp_path.rglob("*.png") if path.parent.name not in measured or path.stem[-1] == "3"]
    for path in broken:
        path.write_bytes(b"no picture")
    given = [str(tiny_run), "--data", str(tmp_path), "--features", "own"]
    assert main([*given, "--count", "3"]) == 0
    assert ("there are no test pictures" in capsys.readouterr().out) == (len(folders.split()) == 2)
    with pytest.raises(DataError) as stopped:
        main([*given, "--count", "4"])
    assert all(f"{folder}3.png" in str(stopped.value) for folder in measured)
    assert str(stopped.value).startswith("2 problems")
