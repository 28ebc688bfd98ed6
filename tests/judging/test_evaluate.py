"""python -m minicyclegan.evaluate: tables, JSON and sheets of tiny runs; good models and null models told apart."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from minicyclegan.data.datasets import world_data
from minicyclegan.data.folders import DataError
from minicyclegan.data.images import from_tensor, to_tensor
from minicyclegan.evaluate import main
from minicyclegan.judging.evaluation import evaluate, sheet
from minicyclegan.judging.extractor import FeaturesError
from minicyclegan.judging.segmenter import read_labels
from minicyclegan.judging.translation import Translation, held_out
from minicyclegan.shipping.translator import load
from minicyclegan.worlds import WORLDS, draw_scene
from minicyclegan.worlds.facades import PALETTE, render_front, sample_style


def command(module: str, *arguments: object) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", f"minicyclegan.{module}", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
    )


# ---- The command -------------------------------------------------------------------------------------------------


def test_a_run_is_measured_on_its_own_world(tmp_path, tiny_run):
    result = command(
        "evaluate", tiny_run, "--count", 5, "--json", tmp_path / "figures.json", "--picture", tmp_path / "sheet.png"
    )
    assert result.returncode == 0, result.stderr
    content = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"), parse_constant=pytest.fail)
    assert content["size"] == 32 and content["data"] == ["horse2zebra"] and not content["seen_in_training"]
    assert content["features"].startswith("own net, 64 features")
    names = {direction: set() for direction in ("AtoB", "BtoA")}
    for line in content["figures"]:
        assert line["count"] == 5 and line["low"] <= line["value"] <= line["high"], line
        assert line["name"] in result.stdout
        names[line["direction"]].add(line["name"])
    assert names["AtoB"] == names["BtoA"] and len(names["AtoB"]) == 17
    assert "FID (own net, 64 features at 64 px; 5 + 5 pictures)" in names["AtoB"]
    assert "test pictures of 32 px" in result.stdout and Image.open(tmp_path / "sheet.png").width > 300


def test_a_run_is_measured_on_a_world_for_testing_only(tiny_run, capsys):
    assert main([str(tiny_run), "--data", "riders", "--count", "2"]) == 0
    printed = capsys.readouterr().out
    assert "on riders, test pictures of 32 px" in printed
    assert "FID (" not in printed, "two pictures are too few"


def test_a_run_is_measured_on_folders_at_another_size(tmp_path, tiny_run, capsys):
    rng = np.random.default_rng(0)
    for folder, count in (("trainA", 4), ("trainB", 5)):
        (tmp_path / folder).mkdir()
        for index in range(count):
            Image.fromarray(rng.integers(0, 256, (40, 50, 3), np.uint8)).save(tmp_path / folder / f"{index}.png")
    json_file = str(tmp_path / "figures.json")
    assert main([str(tiny_run), "--data", str(tmp_path), "--size", "24", "--json", json_file]) == 0
    printed = capsys.readouterr().out
    assert "test pictures of 24 px" in printed and "there are no test pictures" in printed
    content = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert content["seen_in_training"]
    assert {line["name"] for line in content["figures"]} == {
        "change: output against input",
        "cycle: back again against input",
        "detail: gradient energy x 1000",
        "grid: picture by picture, in 255ths",
        "grid: pooled, in 255ths",
        "FID (own net, 64 features at 64 px; 4 + 5 pictures)",
        "FID (own net, 64 features at 64 px; 5 + 4 pictures)",
        "KID (own net, 64 features at 64 px; 4 + 5 pictures)",
        "KID (own net, 64 features at 64 px; 5 + 4 pictures)",
    }


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--count", "0"], "--count: must be at least 1, not 0"),
        (["--size", "4"], "--size: must be at least 8, not 4"),
        (["--json", "nowhere/figures.json"], "there is no folder nowhere"),
        (["--picture", "sheet.txt"], "must end in .png or .jpg"),
    ],
)
def test_mistakes_are_one_line(tiny_run, capsys, arguments, message):
    with pytest.raises(SystemExit) as stopped:
        main([str(tiny_run), *arguments])
    assert stopped.value.code == 2 and message in capsys.readouterr().err


def test_what_cannot_be_had_is_said_before_any_work(tiny_run, monkeypatch):
    with pytest.raises(DataError, match="no such folder and no such world"):
        main([str(tiny_run), "--data", "horse2zebr"])
    monkeypatch.setattr("minicyclegan.judging.extractor.find_spec", lambda name: None)
    with pytest.raises(FeaturesError, match="pip install torch-fidelity"):
        main([str(tiny_run), "--features", "inception"])


def test_a_model_that_does_not_say_what_it_was_trained_on(tiny_run, monkeypatch, capsys):
    bare = load(tiny_run)
    bare.settings = bare.record = {}
    monkeypatch.setattr("minicyclegan.evaluate.load", lambda *_: bare)
    with pytest.raises(SystemExit):
        main(["generator.pth"])
    assert "generator.pth does not say what it was trained on: give --data and --size" in capsys.readouterr().err
    assert main(["generator.pth", "--data", "circles2squares", "--size", "16", "--count", "4"]) == 0
    assert "generator.pth on circles2squares, test pictures of 16 px" in capsys.readouterr().out


def test_what_is_no_run_is_one_line(tmp_path):
    result = command("evaluate", tmp_path)
    assert result.returncode == 1 and result.stderr.strip().endswith("is it a run's folder?")


# ---- Models of which the right answer is known ---------------------------------------------------------------------


class Answers:
    """Stands in for a translator: knows every test picture's answer. {direction: {input's bytes: output}}"""

    latent, device = 0, torch.device("cpu")

    def __init__(self, answers: dict[str, dict[bytes, np.ndarray]]):
        self.generators, self.answers = {direction: None for direction in answers}, answers

    def translate(self, x: torch.Tensor, direction: str = "AtoB") -> torch.Tensor:
        return to_tensor(np.stack([self.answers[direction][p.tobytes()] for p in from_tensor(x)]))

    def check_noise(self, noise: int | None, direction: str) -> None:
        raise ValueError("no noise")


COUNT = 24


def figures_of(world: str, change, directions=("AtoB",), swapped: bool = False) -> dict[tuple[str, str], object]:
    """What `evaluate` says of a model whose outputs are the true counterparts (N, H, W, C), changed by `change`."""
    data = world_data(WORLDS[world], 64, 1, COUNT)
    data = data.swapped() if swapped else data
    answers = {}
    for direction in directions:
        inputs, truths = (data.test_A, data.truth_A) if direction == "AtoB" else (data.test_B, data.truth_B)
        before = np.stack([inputs[i] for i in range(COUNT)])
        after = change(before, np.stack([truths[i] for i in range(COUNT)]))
        answers[direction] = {a.tobytes(): b for a, b in zip(before, after, strict=True)}
    tests = [held_out(data, direction, WORLDS[world], swapped) for direction in directions]
    figures = evaluate([Translation(Answers(answers), test) for test in tests])
    return {(f.direction, f.name.split(" (")[0]): f for f in figures}


@pytest.fixture(scope="module")
def perfect() -> dict:
    return figures_of("facades", lambda before, truth: truth, directions=("AtoB", "BtoA"))


def test_the_truth_has_every_mark(perfect):
    for direction in ("AtoB", "BtoA"):
        assert perfect[direction, "truth: L1"].value == 0
        assert perfect[direction, "truth: SSIM"].value == pytest.approx(1)
        for name in ("FID", "KID"):  # measured on other real pictures, so not 0
            assert perfect[direction, name].value == pytest.approx(perfect[direction, name].real) != 0
        cycle = perfect[direction, "cycle: back again against input"]
        assert cycle.value == 0 and cycle.count == COUNT
        for name in ("detail: gradient energy x 1000", "classifier: share taken for the target domain"):
            assert perfect[direction, name].value == pytest.approx(perfect[direction, name].real)
        change = perfect[direction, "change: output against input"]
        assert change.value == pytest.approx(change.real) and change.real > 0.1
    for name in ("pixel accuracy", "class accuracy", "class IoU"):
        assert perfect["AtoB", f"FCN: {name}"].value == perfect["AtoB", f"FCN: {name}"].real < 1
        assert perfect["BtoA", f"labels: {name}"].value == perfect["BtoA", f"labels: {name}"].real == 1


def noise_in_the_whole(before: np.ndarray, truth: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, 40, truth.shape)
    return np.clip(truth + noise, 0, 255).astype(np.uint8)


def the_mean_picture(before: np.ndarray, truth: np.ndarray) -> np.ndarray:
    return np.broadcast_to(truth.mean(0).round().astype(np.uint8), truth.shape)


NULL_MODELS = {
    "grey": lambda before, truth: np.full_like(truth, 128),
    "the mean picture": the_mean_picture,
    "the input itself": lambda before, truth: before,
    "another picture's answer": lambda before, truth: np.roll(truth, 1, axis=0),
    "the truth in noise": noise_in_the_whole,
}


@pytest.mark.parametrize("kind", NULL_MODELS)
def test_null_models_of_fronts_score_clearly_below_real(kind):
    figures = figures_of("facades", NULL_MODELS[kind])
    accuracy, distance = figures["AtoB", "FCN: pixel accuracy"], figures["AtoB", "FID"]
    assert accuracy.high < accuracy.real and accuracy.value < 0.92 * accuracy.real
    assert figures["AtoB", "truth: L1"].low > 0.05
    # Real pictures in the wrong order are a real set: what FID cannot see, the other figures do.
    if kind == "another picture's answer":
        assert distance.value == pytest.approx(distance.real)
    else:
        assert distance.value > 1.5 * distance.real
    if kind == "the input itself":
        assert figures["AtoB", "change: output against input"].value == 0
        taken = figures["AtoB", "classifier: share taken for the target domain"]
        assert taken.value == 0 and taken.real == 1


def test_horses_with_the_truths_coat_and_without():
    worn = figures_of("horse2zebra", lambda before, truth: truth)
    kept = figures_of("horse2zebra", lambda before, truth: before)
    coat, name = "coat: share of animals that wear the other coat", "background: change outside the animal's mask"
    assert worn["AtoB", coat].value == worn["AtoB", coat].real >= 0.9 and kept["AtoB", coat].value == 0
    assert kept["AtoB", name].value == 0 and worn["AtoB", name].value == pytest.approx(worn["AtoB", name].real)
    assert worn["AtoB", name].value < 0.01
    inside, outside = (kept["AtoB", f"truth: L1 {place} the mask"] for place in ("inside", "outside"))
    assert inside.value > 0.1 > 10 * outside.value, "what is wrong is the coat"
    assert worn["AtoB", "truth: L1 inside the mask"].value == 0


def test_directions_are_those_of_the_run():
    """--direction BtoA: what the run calls A is the world's B, so AtoB reads labels off fronts."""
    figures = figures_of("facades", lambda before, truth: truth, swapped=True)
    assert figures["AtoB", "labels: pixel accuracy"].value == 1
    assert ("AtoB", "FCN: pixel accuracy") not in figures


class Painter:
    """A perfect model of many styles: a code's first number picks the style; what it reads off a front is its place."""

    latent, device = 4, torch.device("cpu")
    encoder = "a person"

    def __init__(self, blind: bool = False, fickle: bool = False):
        self.generators, self.blind, self.fickle = {"AtoB": None}, blind, fickle
        self.layouts = {}
        for index in range(40):
            layout = draw_scene(WORLDS["facades"], "test", "A", index).layout
            self.layouts[
                WORLDS["facades"].render(draw_scene(WORLDS["facades"], "test", "A", index), "A", 64).tobytes()
            ] = layout

    def has_dropout(self) -> bool:
        return False

    def translate(
        self, x: torch.Tensor, direction: str = "AtoB", *, z: torch.Tensor | None = None, noise: int | None = None
    ) -> torch.Tensor:
        z = torch.zeros(len(x), self.latent) if z is None else z.expand(len(x), -1)
        fronts = []
        for place, (picture, code) in enumerate(zip(from_tensor(x), z, strict=True)):
            seed = 0 if self.blind else abs(int(1e6 * float(code[0]))) + place * self.fickle
            layout = self.layouts[PALETTE[read_labels(picture[None])[0]].tobytes()]
            fronts.append(render_front(layout, sample_style(np.random.default_rng(seed)), 64))
        return to_tensor(np.stack(fronts))

    def samples(self, x: torch.Tensor, n: int, seed: int = 0) -> torch.Tensor:
        codes = torch.randn(n, self.latent, generator=torch.Generator().manual_seed(seed))
        return torch.stack([self.translate(x, z=code) for code in codes], dim=1)

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        return torch.arange(len(x), dtype=torch.float32)[:, None].expand(-1, self.latent)


def test_a_painter_of_many_styles_and_one_that_ignores_its_code(monkeypatch):
    import minicyclegan.judging.world_figures as module

    full = module.style_task
    monkeypatch.setattr(module, "style_task", lambda size: full(6, size, styles=6, references=24))
    test = held_out(world_data(WORLDS["facades"], 64, 1, 6), "AtoB", WORLDS["facades"])
    varied, blind, fickle = (
        {f.name: f for f in evaluate([Translation(painter, test)])}
        for painter in (Painter(), Painter(blind=True), Painter(fickle=True))
    )
    name = "diversity: among 8 samples of an input"
    assert blind[name].value < 1e-12  # sums of equal numbers, rounded
    assert 0.7 < varied[name].value / varied[name].real < 1.3
    accuracy = varied["styles: FCN pixel accuracy of samples"]
    assert accuracy.passes and accuracy.count == 36 and accuracy.limits[0] == pytest.approx(0.84 * accuracy.real)
    diverse = "styles: diversity: whole picture, x true"
    assert varied[diverse].passes and not blind[diverse].passes
    same = "styles: fixed code: whole picture, x true"
    assert varied[same].passes and not fickle[same].passes
    rows = sheet([Translation(Painter(), test)], count=2)["AtoB"]
    assert list(rows) == ["input", "output", "sample 1", "sample 2", "sample 3", "truth"]
    assert all(row.shape == (2, 64, 64, 3) for row in rows.values())


def test_the_judges_command_makes_weights_and_pictures(tmp_path, monkeypatch, capsys):
    """With training cut short; the whole recipe takes three minutes and gives the weights of the package."""
    import minicyclegan.judges as judges

    monkeypatch.setattr(judges, "TEST_PICTURES", 12)
    assert judges.make_segmenter(tmp_path, pictures=8, steps=4) < 0.95
    assert judges.make_classifier(tmp_path, pictures=2, steps=4) < 0.95
    judges.coat.save_ranges(tmp_path / "coats.json", count=3)
    made = {path.name for path in Path(tmp_path).iterdir()}
    assert made == {"segmenter.pt", "classifier.pt", "coats.json", "fronts.png", "segmenter.png", "classifier.png"}
    shapes = {size: np.shape(ranges["A"]) for size, ranges in json.loads((tmp_path / "coats.json").read_text()).items()}
    assert shapes == dict.fromkeys(("64", "128", "256"), (2, 5))
    said = capsys.readouterr().out
    assert "on 12 fresh fronts of 64 px: pixel accuracy" in said and "on 108 fresh pictures of 9 classes" in said
