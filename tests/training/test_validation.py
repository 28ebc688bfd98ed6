"""Validation: its pictures are nobody else's, its figures fit what is known, and training does not notice it."""

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import minicyclegan
from minicyclegan.data.datasets import ENOUGH, VALIDATION_PICTURES, DataSet, open_data
from minicyclegan.judging.metrics import as_tensor, smoothed
from minicyclegan.models import MODELS, build
from minicyclegan.training.config import TrainConfig, preset
from minicyclegan.training.loop import train
from minicyclegan.training.run import Run
from minicyclegan.training.run_folder import RunFolder
from minicyclegan.training.validation import Validation, figures, statistics
from tests.worlds.test_worlds import REFERENCE

TINY = {
    "cyclegan": {"width": 2, "disc_width": 2, "blocks": 1, "disc_layers": 1, "dropout": 0.5},
    "pix2pix": {"width": 2, "disc_width": 2, "depth": 5, "disc_layers": 1, "norm": "batch", "dropout": 0.5},
    "bicyclegan": {"width": 2, "disc_width": 2, "encoder_width": 2, "depth": 5, "disc_layers": 1, "encoder_blocks": 1}
    | {"norm": "batch", "dropout": 0.5, "disc_scales": 1},
}


def draw(folder: Path, count: int, size: tuple[int, int] = (12, 12)) -> None:
    folder.mkdir(parents=True)
    for number in range(count):
        noise = np.random.default_rng([number, len(str(folder))]).integers(0, 256, (*size[::-1], 3), np.uint8)
        Image.fromarray(noise).save(folder / f"{number:04d}.png")


def opened(folder: Path, validation: int = VALIDATION_PICTURES, training: bool = True) -> DataSet:
    return open_data([str(folder)], 8, 1, validation=validation, training=training)


def everywhere(data: DataSet) -> dict[str, set[str]]:
    sets = ("train_A", "train_B", "test_A", "test_B", "val_A", "val_B")
    return {name: set(getattr(data, name).names) for name in sets if getattr(data, name)}


# ---- Whose pictures ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("world", ["horse2zebra", "facades"])
def test_a_worlds_third_split_leaves_the_others_as_they_are(world):
    without, data = (open_data([world], 64, 3, test_pictures=2, validation=count) for count in (0, 3))
    assert without.val_A is None and without.record == data.record
    for name in ("train_A", "train_B", "test_A", "test_B"):
        before, now = getattr(without, name), getattr(data, name)
        assert all(np.array_equal(before[i], now[i]) for i in range(len(before)))
    if world == "horse2zebra":
        with np.load(REFERENCE, allow_pickle=False) as kept:
            difference = np.abs(data.test_B[1].astype(int) - kept["horse2zebra B 1"])
        assert np.mean(difference <= 1) >= 0.999
    seen = [
        picture for name in ("train_B", "test_B", "val_B") for picture in map(getattr(data, name).__getitem__, (0, 1))
    ]
    for i, picture in enumerate(seen):
        assert all(np.abs(picture.astype(float)[:64, :64] - other[:64, :64]).mean() > 3 for other in seen[:i])
    assert data.val_truth_A[0].shape == data.val_A[0].shape and "3 + 3 pictures" in data.validation


def test_val_beside_test_is_validated_on_and_alone_stays_what_evaluate_measures_on(tmp_path):
    for name, count in {"trainA": 5, "trainB": 4, "testA": 2, "testB": 2, "valA": 3, "valB": 3}.items():
        draw(tmp_path / "both" / name, count)
    data = opened(tmp_path / "both")
    assert {Path(n).parent.name for n in everywhere(data)["val_A"]} == {"valA"} and not data.notes
    assert data.validation == "3 + 3 pictures of valA/ and valB/" and len(data.train_A) == 5
    for name, count in {"train": 5, "val": 3}.items():
        draw(tmp_path / "one" / name, count, (24, 12))
    data = opened(tmp_path / "one")
    assert {Path(n).parent.name for n in everywhere(data)["test_A"]} == {"val"}
    assert everywhere(data)["val_A"] <= everywhere(data)["train_A"]
    assert data.validation == "5 pairs that are trained on, too, since there are few: the figures flatter"


def test_where_there_are_enough_some_training_pictures_are_held_back(tmp_path):
    draw(tmp_path / "a/trainA", ENOUGH)
    draw(tmp_path / "a/trainB", ENOUGH + 50)
    data = opened(tmp_path / "a")
    found = everywhere(data)
    for domain, whole in (("A", ENOUGH), ("B", ENOUGH + 50)):
        held, trained = found[f"val_{domain}"], found[f"train_{domain}"]
        assert len(held) == VALIDATION_PICTURES and not held & trained and len(held | trained) == whole
        assert len(data.record[domain]) == len(trained) and len(data.record[f"val {domain}"]) == len(held)
    assert data.validation == "32 + 32 pictures held back from the training pictures"
    # Without test pictures, training pictures stand in where a model is measured: those alone that it has learnt from.
    measured = opened(tmp_path / "a", training=False)
    assert not everywhere(measured)["test_A"] & found["val_A"]
    assert len(opened(tmp_path / "a", validation=0).train_A) == ENOUGH
    (tmp_path / "a/trainA/0000.png").unlink()
    assert "flatter" in opened(tmp_path / "a").validation


def test_pairs_are_held_back_as_pairs(tmp_path):
    draw(tmp_path / "train", ENOUGH, (24, 12))
    data = opened(tmp_path)
    assert data.val_A.names == data.val_B.names and data.train_A.names == data.train_B.names
    assert len(data.val_A) == VALIDATION_PICTURES and "32 pairs held back" in data.validation


# ---- Figures -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def horses() -> Validation:
    data = open_data(["horse2zebra"], 64, 8, test_pictures=1, validation=8)
    validation = Validation(data, TrainConfig(size=64, validate_every=1))
    validation.look(build(MODELS["cyclegan"].config(**TINY["cyclegan"])).eval())
    return validation


def with_outputs(validation: Validation, choose) -> dict[str, float]:
    views = {way: replace(view, output=choose(view)) for way, view in validation.views.items()}
    return figures(views, validation.data.paired)


def test_of_horses_the_truth_is_best_and_a_copy_bad(horses):
    untrained, truth = with_outputs(horses, lambda view: view.output), with_outputs(horses, lambda view: view.truth)
    copy = with_outputs(horses, lambda view: view.source)
    assert set(truth) == {"score"} | {
        f"{name}_{way}" for name in ("change", "cycle", "grid", "kid", "l1", "coats") for way in ("AB", "BA")
    }
    assert next(iter(truth)) == "score" and truth["score"] == 0 and truth["coats_AB"] == truth["coats_BA"] == 1
    assert truth["score"] < 0.9 < copy["score"] < untrained["score"] and copy["change_AB"] == 0


def test_exchanged_domains_are_looked_at_with_their_own_coats(horses):
    swapped = Validation(horses.data.swapped(), replace(horses.config, direction="BtoA"))
    swapped.look(build(MODELS["cyclegan"].config(**TINY["cyclegan"])).eval())
    assert with_outputs(swapped, lambda view: view.truth)["coats_AB"] == 1
    assert torch.equal(swapped.views["AtoB"].masks, horses.views["BtoA"].masks)


def test_of_pairs_another_true_answer_beats_the_blurred_one_which_has_the_better_l1():
    """Fronts of other houses, against fronts under a Gaussian: KID decides, not L1."""
    data = open_data(["facades"], 64, 16, test_pictures=1, validation=16)
    validation = Validation(data, TrainConfig(model="pix2pix", data=("facades",), size=64, validate_every=1))
    validation.look(build(MODELS["pix2pix"].config(**TINY["pix2pix"])).eval())
    other = with_outputs(validation, lambda view: view.truth.roll(1, 0))
    blurred = with_outputs(
        validation, lambda view: smoothed(smoothed(view.truth.double())).round().clamp(0, 255).to(torch.uint8)
    )
    assert blurred["l1_AB"] < other["l1_AB"] and blurred["ssim_AB"] > other["ssim_AB"]
    assert other["kid_AB"] < blurred["kid_AB"]
    assert other["score"] == 0 < blurred["score"] < blurred["kid_AB"]  # of true fronts, chance says which have less


def test_statistics_tell_colour_texture_and_blur_apart():
    draw = np.random.default_rng(0)
    coarse = draw.integers(0, 256, (12, 8, 8, 3), np.uint8).repeat(8, 1).repeat(8, 2)
    fine = draw.integers(0, 256, (12, 64, 64, 3), np.uint8)
    of = {name: statistics(as_tensor(x)) for name, x in {"coarse": coarse, "fine": fine, "grey": fine[..., :1]}.items()}
    assert of["fine"].shape == of["grey"].shape == (12, 45) and of["fine"].dtype == torch.float64
    middles = {name: found.mean(0) for name, found in of.items()}
    spread = max(found.std(0).norm() for found in of.values())
    assert min((middles["fine"] - middles[name]).norm() for name in ("coarse", "grey")) > 3 * spread


def test_too_few_pictures_have_no_score_and_no_best(tmp_path):
    for name in ("trainA", "trainB"):
        draw(tmp_path / "data" / name, 3)
    run = ran(tmp_path, "cyclegan", [str(tmp_path / "data")], 1)
    assert [r["validation"]["score"] for r in logged(run) if "validation" in r] == [None] * 3
    assert not run.best.exists()


# ---- Runs --------------------------------------------------------------------------------------------------------


def logged(run: RunFolder) -> list[dict]:
    return [record for record, _ in run.read_log()]


def ran(folder: Path, recipe: str, data: list[str], every: int, steps: int = 3) -> RunFolder:
    """A run of a few steps in this process."""
    config = TrainConfig(
        model=recipe, data=tuple(data), size=32, steps=steps, batch=2, ema=0.5, validate_every=every, sample_every=2
    )
    networks = preset("small", recipe, "cpu")[1] | TINY[recipe]
    pictures = open_data(config.data, 32, 4, test_pictures=2, validation=4 if every else 0)
    torch.manual_seed(0)
    model = build(MODELS[recipe].config(**networks), 0)
    model.keep_average(config.ema)
    run = RunFolder(folder / f"{recipe}-{every}")
    run.create({})
    description = {"model": recipe, "config": networks, "settings": {"data": data, "size": 32}, "steps": steps}
    assert train(Run(run, config, model, pictures, steps, description)) == 0
    return run


def digest(run: RunFolder) -> str:
    """Of everything that the next step depends on: weights, averages, histories, random generators."""
    content, found = torch.load(run.checkpoint, weights_only=True), hashlib.sha256()

    def add(part: object) -> None:
        if isinstance(part, dict):
            part = [item for pair in part.items() for item in pair]
        if isinstance(part, list | tuple):
            for one in part:
                add(one)
        else:
            found.update(part.numpy().tobytes() if isinstance(part, torch.Tensor) else repr(part).encode())

    add([content["training"], content["random"]])
    return found.hexdigest()


@pytest.mark.parametrize("recipe", list(TINY))
def test_training_does_not_notice_that_it_is_looked_at(recipe, tmp_path):
    world = ["horse2zebra" if recipe == "cyclegan" else "facades"]
    without, validated = (ran(tmp_path, recipe, world, every) for every in (0, 1))
    assert digest(without) == digest(validated)
    assert not any("validation" in record for record in logged(without)) and not without.best.exists()
    records = logged(validated)
    assert [record["step"] for record in records if "validation" in record] == [1, 2, 3]
    step = torch.load(validated.best, weights_only=True)["step"]
    assert step in (1, 2, 3) and minicyclegan.load(validated.path).moment == f"best of the run: step {step} of 3"
    assert minicyclegan.load(validated.checkpoint).moment == "step 3 of 3"


def test_the_log_says_where_the_time_went(tmp_path):
    names = {"generators", "discriminators"}, {"step"}
    for recipe, pieces in zip(("cyclegan", "pix2pix"), names, strict=True):
        records = logged(ran(tmp_path, recipe, ["facades"], 1))
        spent = [record["seconds"] for record in records]
        assert all(set(seconds) == pieces | {"data", "looking", "saving"} for seconds in spent)
        assert all(value >= 0 for seconds in spent for value in seconds.values())
        assert all(seconds[piece] > 0 for seconds in spent for piece in (*pieces, "looking"))


def command(name: str, *arguments: object) -> subprocess.CompletedProcess:
    words = [sys.executable, "-m", f"minicyclegan.{name}", *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, timeout=300)


def test_commands_take_the_best_of_a_run_or_its_last_step_and_say_which(tmp_path):
    tiny = "--small --size 32 --pictures 8 --width 2 --disc-width 2 --blocks 1 --device cpu --validate-every 2".split()
    result = command("train", *tiny, "--steps", 7, "--out", tmp_path / "run")
    assert result.returncode == 0, result.stderr
    assert "validation: 8 + 8 pictures of scenes that are in neither other split" in result.stdout
    config = json.loads((tmp_path / "run/config.json").read_text(encoding="utf-8"))
    assert config["validation"] == "8 + 8 pictures of scenes that are in neither other split"
    step = torch.load(tmp_path / "run/best.pt", weights_only=True)["step"]
    Image.new("RGB", (32, 32)).save(tmp_path / "a.png")
    of = {"run": f"best of the run: step {step} of 7", "run/checkpoint.pt": "step 7 of 7"}
    for name, moment in of.items():
        result = command("translate", tmp_path / name, tmp_path / "a.png", "--out", tmp_path / "out")
        assert result.returncode == 0 and f"{tmp_path / name}: {moment}\n" in result.stdout, result
    result = command("evaluate", tmp_path / "run", "--count", 4)
    assert f"{tmp_path / 'run'} ({of['run']}) on horse2zebra" in result.stdout, result.stderr
    (tmp_path / "run/best.pt").unlink()  # as of a run of before there was any
    assert minicyclegan.load(tmp_path / "run").moment == "step 7 of 7"


def test_a_run_of_before_there_was_validation_goes_on_without(tmp_path):
    for name in ("trainA", "trainB"):
        draw(tmp_path / "data" / name, ENOUGH)
    tiny = "--small --size 12 --width 2 --disc-width 2 --blocks 0 --disc-layers 1 --device cpu --batch 1".split()
    arguments = [*tiny, "--data", tmp_path / "data", "--steps", 3, "--validate-every", 0, "--out", tmp_path / "run"]
    assert command("train", *arguments).returncode == 0
    content = torch.load(tmp_path / "run/checkpoint.pt", weights_only=True)
    del content["settings"]["validate_every"], content["candidates"], content["validation"]
    torch.save({**content, "steps": 4}, tmp_path / "run/checkpoint.pt")
    result = command("train", "--out", tmp_path / "run", "--resume")
    assert result.returncode == 0 and "the data have changed" not in result.stdout, result.stderr
    assert not (tmp_path / "run/best.pt").exists()
    assert len(torch.load(tmp_path / "run/checkpoint.pt", weights_only=True)["pictures"]["A"]) == ENOUGH
