"""The models that come with the package: small, found by name, made by one command, and as good as their cards say."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import minicyclegan
from minicyclegan.data.datasets import open_data
from minicyclegan.evaluate import main as evaluate_command
from minicyclegan.judging.evaluation import evaluate
from minicyclegan.judging.translation import Translation, held_out
from minicyclegan.shipping import bundled
from minicyclegan.shipping.bundled import BUNDLED, main, page
from minicyclegan.training.checkpoint import CheckpointError, load_checkpoint
from minicyclegan.translate import main as translate
from minicyclegan.worlds import WORLDS
from tests.test_translate import noise

ROOT = Path(__file__).parents[2]


def command(*arguments, cwd):
    words = [sys.executable, "-m", *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, timeout=300, cwd=cwd)


def test_they_are_small_and_hold_what_translating_needs():
    assert {path.name for path in bundled.FOLDER.iterdir()} == {path.name for path in BUNDLED.values()}
    assert sum(path.stat().st_size for path in BUNDLED.values()) <= 4_000_000
    networks = {"zebra": {"G_AB", "G_BA"}, "winter": {"G_AB", "G_BA"}, "front": {"G", "E"}}
    for name, path in BUNDLED.items():
        weights = load_checkpoint(path)["training"]["networks"]
        assert {key.split(".")[0] for key in weights} == networks[name]
        assert all(value.dtype == torch.float16 for value in weights.values())
        translator = minicyclegan.load(path)
        network = translator.generators["AtoB"][0]
        assert all(value.dtype == torch.float32 for value in network.state_dict().values())


def test_they_are_packed_with_the_package():
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    patterns = tool["package-data"]["minicyclegan.shipping"]
    packed = {path for pattern in patterns for path in (ROOT / "minicyclegan" / "shipping").glob(pattern)}
    assert {*BUNDLED.values(), ROOT / "minicyclegan" / "shipping" / "card.toml"} <= packed


def test_the_page_is_that_of_these_files():
    assert (ROOT / "docs" / "models.md").read_text(encoding="utf-8") == page()
    for name, path in BUNDLED.items():
        assert f"| `{name}` | `{path.name}` | {path.stat().st_size:,} |" in page()


@pytest.mark.parametrize("direction", ["AtoB", "BtoA"])
def test_a_name_translates_in_any_folder(tmp_path, direction):
    Image.fromarray(noise(30, 50)).save(tmp_path / "horse.png")
    arguments = ["minicyclegan.translate", "zebra", "horse.png", "--out", "out", "--direction", direction]
    result = command(*arguments, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    with Image.open(tmp_path / "out" / "horse.png") as picture:
        assert picture.size == (50, 30)


def test_front_answers_in_many_styles_and_in_the_style_of_a_picture(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(noise(64, 64)).save("labels.png")
    assert translate(["front", "labels.png", "--out", "styles", "--styles", "2"]) == 0
    assert translate(["front", "labels.png", "--out", "style", "--style", "labels.png"]) == 0
    first, second = (np.asarray(Image.open(f"styles/labels_{number}.png"), int) for number in (1, 2))
    assert np.abs(first - second).mean() > 2 and Path("style/labels.png").is_file()


def test_a_path_that_exists_wins(tiny_run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert minicyclegan.load("zebra").settings["size"] == 64
    shutil.copy(tiny_run / "checkpoint.pt", "zebra")
    assert minicyclegan.load("zebra").settings["size"] == 32
    Path("winter").mkdir()
    with pytest.raises(CheckpointError, match=r"winter: no checkpoint\.pt in it"):
        minicyclegan.load("winter")


@pytest.mark.parametrize("name", ["zebras", "runs/zebra", "Zebra", ""])
def test_an_unknown_name_says_which_names_there_are(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CheckpointError, match=r"zebra, winter, front|checkpoint\.pt"):
        minicyclegan.load(name)


def test_translate_says_so_in_one_line(tmp_path):
    result = command("minicyclegan.translate", "zebras", "horse.png", "--out", "out", cwd=tmp_path)
    message = "error: zebras: no such run or checkpoint; the models that come with the package: zebra, winter, front\n"
    assert (result.returncode, result.stderr) == (1, message) and not (tmp_path / "out").exists()


def test_evaluate_takes_a_name(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert evaluate_command(["winter", "--count", "4", "--features", "own"]) == 0
    assert "winter on summer2winter, test pictures of 64 px" in capsys.readouterr().out


# Other processors round sums otherwise, so that a pixel now and then is a grey level off. Styles have pictures of their
# own, whatever the count.
@pytest.mark.parametrize(
    "name, count, measures", [("zebra", 200, ["truth", "coats"]), ("winter", 200, ["truth"]), ("front", 2, ["styles"])]
)
def test_it_reaches_the_figures_that_its_card_states(name, count, measures):
    translator, recorded = minicyclegan.load(BUNDLED[name]), load_checkpoint(BUNDLED[name])["evaluation"]
    assert all(figure["passes"] in (True, None) for figure in recorded["figures"]), "within every limit"
    (world,) = recorded["data"]
    data = open_data([world], 64, 1, (3, 3), True, None, count, pairs_for=None, training=False)
    translation = Translation(translator, held_out(data, "AtoB", WORLDS[world], most=count))
    stated = {figure["name"]: figure for figure in recorded["figures"] if figure["direction"] == "AtoB"}
    for found in evaluate([translation], measures=measures):
        assert found.value == pytest.approx(stated[found.name]["value"], rel=0.02, abs=0.02), found.name
        assert found.count == stated[found.name]["count"]


def test_the_command_makes_a_file_with_its_figures_and_takes_up_what_is_there(tmp_path, monkeypatch):
    tiny = "--size 32 --pictures 8 --width 2 --disc-width 2 --blocks 1 --disc-layers 1 --steps 2"
    monkeypatch.setattr(bundled, "TRAINED", {"zebra": tiny})
    before = {path: path.read_bytes() for path in BUNDLED.values()}
    assert main(["--out", str(tmp_path)]) == 0
    content = load_checkpoint(tmp_path / "zebra.pt")
    assert content["evaluation"]["model"] == "zebra" and content["evaluation"]["figures"]
    run, light = (minicyclegan.load(tmp_path / name) for name in ("zebra", "zebra.pt"))
    x = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    torch.testing.assert_close(light.translate(x), run.translate(x), rtol=0, atol=2 / 255)
    assert {path: path.read_bytes() for path in BUNDLED.values()} == before, "the package's own are left alone"
