"""training/: schedule, checkpoint file, run folder, curves, grids, settings."""

import json
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minicyclegan.config import from_dict
from minicyclegan.models import MODELS, BicycleGANConfig, CycleGANConfig, Pix2PixConfig
from minicyclegan.training.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from minicyclegan.training.config import TrainConfig, learning_rate_factor, preset
from minicyclegan.training.pictures import grid
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


def test_a_new_run_gets_the_number_above_all_others_and_leaves_nothing_if_it_fails(tmp_path):
    runs = tmp_path / "runs"
    for name in ("zebra-cyclegan-9", "zebra-cyclegan-x", "zebra", "77", "zebra-cyclegan-10"):
        (tmp_path / name).mkdir()
    with new_run_folder(None, "zebra-cyclegan", tmp_path) as run:
        assert run.path == tmp_path / "zebra-cyclegan-11"
        run.checkpoint.touch()
    for failure in (KeyboardInterrupt, ValueError):
        with pytest.raises(failure), new_run_folder(None, "pets [2024]-cyclegan", runs) as run:
            assert run.path == runs / "pets [2024]-cyclegan-1"
            run.create({})
            raise failure
        assert not runs.exists()


def test_a_new_run_is_refused_where_something_is_in_the_way(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="can't be written to"), new_run_folder(str(tmp_path / "file"), ""):
        pass
    for name in ("config.json", "checkpoint.pt", "log.jsonl"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_text("{}")
        holds_a_run = pytest.raises(RunError, match="already holds a run; continue it with --resume")
        with holds_a_run, new_run_folder(str(tmp_path / name), ""):
            pass
        assert [path.name for path in (tmp_path / name).iterdir()] == [name]


def test_one_folder_is_one_runs(tmp_path):
    with new_run_folder(str(tmp_path / "run"), "") as run:
        for context in (new_run_folder(str(run), ""), RunFolder(run.path).alone()):
            with pytest.raises(BlockingIOError, match="run: another process trains in it; wait until it ends"), context:
                pass
        run.create({})
        run.checkpoint.touch()
    assert run.config.exists()
    with RunFolder(run.path).alone():
        pass


@pytest.mark.parametrize("end", ['{"step": 8, "lo', '{"step": 8, "loss": 1.0}', "x\n", ""])
def test_log_is_cut_where_the_checkpoint_was_taken(tmp_path, end):
    run = RunFolder(tmp_path)
    run.cut_log(5)  # there is none
    run.write_log([{"step": step, "loss": 1.0} for step in range(1, 8)])
    with run.log.open("a") as file:
        file.write(end)
    assert [record["step"] for record, _ in run.read_log()] == [1, 2, 3, 4, 5, 6, 7]
    run.cut_log(9)
    run.write_log([{"step": 8, "loss": 1.0}])
    assert [json.loads(line)["step"] for line in run.log.read_text().splitlines()] == [1, 2, 3, 4, 5, 6, 7, 8]
    run.cut_log(5)
    assert [json.loads(line)["step"] for line in run.log.read_text().splitlines()] == [1, 2, 3, 4, 5]


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


def test_presets_cannot_be_changed():
    for name, device in (("paper", "cpu"), ("small", "cpu"), ("small", "cuda")):
        for defaults in preset(name, "cyclegan", device):
            with pytest.raises(TypeError):
                defaults["steps"] = None


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
