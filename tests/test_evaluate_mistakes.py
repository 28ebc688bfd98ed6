"""python -m minicyclegan.evaluate, misused: one line, before any work; and folders that are called like a world."""

import json

import numpy as np
import pytest

from minicyclegan.data.images import to_image, write_picture
from minicyclegan.evaluate import main


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
