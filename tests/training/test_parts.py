"""training/: schedule, checkpoint file, run folder, curves, grids, settings."""

import json
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from minicyclegan.config import from_dict
from minicyclegan.models import MODELS, BicycleGANConfig, CycleGANConfig, Pix2PixConfig
from minicyclegan.training.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from minicyclegan.training.config import TrainConfig, learning_rate_factor, preset
from minicyclegan.training.pictures import draw_losses, grid, smooth
from minicyclegan.training.run_folder import RunError, RunFolder, new_run_folder


@given(st.integers(1, 5000), st.floats(0, 1))
def test_the_rate_is_constant_then_falls_and_never_reaches_zero(steps, decay):
    factors = [learning_rate_factor(step, steps, decay) for step in range(steps)]
    constant = steps - round(steps * decay)
    assert all(factor == 1 for factor in factors[: constant + 1])
    assert all(later < earlier for earlier, later in zip(factors[constant:], factors[constant + 1 :], strict=False))
    assert factors[-1] > 0


def test_half_way_down_the_rate_is_half():
    assert learning_rate_factor(75, 100, 0.5) == 0.5


def test_checkpoint_round_trip_and_failure_leaves_the_old_one(tmp_path):
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, {"step": 1, "weights": torch.arange(3)})
    with pytest.raises((AttributeError, pickle.PicklingError, TypeError)):
        save_checkpoint(path, {"step": 2, "weights": lambda: None})
    content = load_checkpoint(path)
    assert content["step"] == 1 and content["weights"].tolist() == [0, 1, 2]
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint.pt"]


class Harmful:
    def __reduce__(self):
        return (print, ("code in a checkpoint was run",))


@pytest.mark.parametrize("content", [b"", b"junk", b"PK\x03\x04 half a zip", pickle.dumps(Harmful())])
def test_what_is_no_checkpoint_is_refused_by_name(tmp_path, content, capsys):
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"checkpoint\.pt: not a readable checkpoint"):
        load_checkpoint(path)
    assert "was run" not in capsys.readouterr().out


def test_other_files_and_formats_are_refused(tmp_path):
    torch.save({"weights": 1}, tmp_path / "other.pt")
    torch.save({"format": 99}, tmp_path / "newer.pt")
    with pytest.raises(CheckpointError, match=r"other\.pt: not a checkpoint of minicyclegan"):
        load_checkpoint(tmp_path / "other.pt")
    with pytest.raises(CheckpointError, match="format 99"):
        load_checkpoint(tmp_path / "newer.pt")
    with pytest.raises(CheckpointError, match="no such checkpoint"):
        load_checkpoint(tmp_path / "missing.pt")


def test_run_folder_numbers_and_refusals(tmp_path):
    assert new_run_folder("zebra", "cyclegan", tmp_path / "runs").path.name == "zebra-cyclegan-1"
    for number in (1, 9, 10):
        RunFolder(tmp_path / f"zebra-cyclegan-{number}").create({"number": number})
    assert new_run_folder("zebra", "cyclegan", tmp_path).path.name == "zebra-cyclegan-11"
    with pytest.raises(RunError, match="already holds a run; continue it with --resume"):
        RunFolder(tmp_path / "zebra-cyclegan-9").create({})
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(RunError, match="can't be written to"):
        RunFolder(tmp_path / "file").create({})


def test_log_is_cut_where_the_checkpoint_was_taken(tmp_path):
    run = RunFolder(tmp_path)
    run.write_log([{"step": step, "loss": 1.0} for step in range(1, 8)])
    with run.log.open("a", encoding="utf-8") as file:
        file.write('{"step": 8, "lo')
    run.cut_log(5)
    assert [json.loads(line)["step"] for line in run.log.read_text(encoding="utf-8").splitlines()] == [1, 2, 3, 4, 5]


def test_running_mean():
    assert smooth(np.array([1.0, 3.0, 5.0, 7.0]), 2).tolist() == [1, 2, 4, 6]


@pytest.mark.parametrize("count", [1, 2, 50])
def test_curves_are_drawn_for_any_length_and_sign(tmp_path, count):
    records = [{"step": s, "epoch": 0, "lr": 1e-4, "images_per_second": 1.0, "gan": -s, "D": 0.0} for s in range(count)]
    draw_losses(records, tmp_path / "losses.png")
    with Image.open(tmp_path / "losses.png") as image:
        image.load()
        assert image.width > 300
    assert [p.name for p in tmp_path.iterdir()] == ["losses.png"]


def test_curves_survive_a_term_that_is_missing_or_null(tmp_path):
    draw_losses([{"step": 1, "gan": None}, {"step": 2, "gan": 0.5}], tmp_path / "losses.png")


def test_grid_shows_every_picture_unstretched():
    red = np.zeros((2, 64, 64, 3), np.uint8) + np.array([255, 0, 0], np.uint8)
    grey = np.full((2, 64, 64, 1), 100, np.uint8)
    sheet = np.asarray(grid({"A to B": {"input": red, "output": grey}}))
    assert (sheet == [255, 0, 0]).all(-1).sum() == 2 * 128 * 128
    assert (sheet == [100, 100, 100]).all(-1).sum() >= 2 * 128 * 128


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"size": 4}, "--size must be at least 8"),
        ({"decay": 1.5}, "between 0 and 1"),
        ({"batch": 0}, "--batch"),
        ({"device": "tpu"}, "--device must be one of"),
        ({"steps": None, "epochs": None}, "how long"),
        ({"seed": 2**63}, "--seed"),
    ],
)
def test_settings_that_cannot_work_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        TrainConfig(**settings)


@pytest.mark.parametrize("model", ["cyclegan", "pix2pix", "bicyclegan"])
@pytest.mark.parametrize("name", ["paper", "small"])
@pytest.mark.parametrize("device", ["cpu", "cuda", "mps"])
def test_presets_name_fields_that_exist_and_fit_together(model, name, device):
    settings, networks = preset(name, model, device)
    MODELS[model].config(**networks).check_size(TrainConfig(**settings).size)


@pytest.mark.parametrize(
    "config, size, message",
    [
        (CycleGANConfig(), 66, "--size must be a multiple of 4, not 66"),
        (CycleGANConfig(), 16, "--size 16 is too small for --disc-layers 3: 24 at least"),
        (Pix2PixConfig(), 128, "can't be halved 8 times .*such as 256,"),
        (Pix2PixConfig(depth=3), 100, "such as 96 or 104,"),
        (Pix2PixConfig(depth=2, disc_layers=3), 16, "too small for --disc-layers 3"),
        (BicycleGANConfig(depth=6), 96, "such as 64 or 128"),
        (BicycleGANConfig(depth=5), 32, "at 2 scales"),
        (BicycleGANConfig(depth=5, disc_scales=1, encoder_blocks=6), 64, "--encoder-blocks 6: 128 at least"),
    ],
)
def test_sizes_that_the_networks_cannot_work_on_are_refused_with_the_legal_ones(config, size, message):
    with pytest.raises(ValueError, match=message):
        config.check_size(size)


def test_unknown_recorded_settings_are_named():
    with pytest.raises(ValueError, match="unknown setting 'colour'"):
        from_dict(TrainConfig, {"colour": 1})
