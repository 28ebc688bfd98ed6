"""--load-size: cuts from pictures at a scale of their own, instead of from pictures squeezed to a square."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from minicyclegan.data import datasets
from minicyclegan.data.datasets import DataSet, PairedBatches, UnpairedBatches, open_data
from minicyclegan.data.folders import DataError
from minicyclegan.data.images import from_tensor, to_tensor
from minicyclegan.data.jitter import centre
from minicyclegan.evaluate import main as evaluate
from minicyclegan.shipping.translator import load
from minicyclegan.train import main
from minicyclegan.worlds import WORLDS, draw_scene
from tests.conftest import TINY, TINY_BICYCLEGAN

SIZE, LOAD = 8, 20


@pytest.fixture
def folder(tmp_path) -> Path:
    """Wide, high and square pictures of noise in trainA and trainB; side by side in joined/train."""
    rng = np.random.default_rng(0)
    for name in ("set/trainA", "set/trainB", "set/testA", "joined/train"):
        (tmp_path / name).mkdir(parents=True)
    for index, (height, width) in enumerate([(30, 45), (50, 30), (20, 20), (10, 34)]):
        for name in ("set/trainA", "set/trainB", "set/testA"):
            pixels = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{index}.png")
        both = np.hstack([pixels, 255 - pixels])
        if height < 2 * width:
            Image.fromarray(both).save(tmp_path / "joined" / "train" / f"{index}.png")
    return tmp_path


def opened(folder: Path) -> DataSet:
    return open_data([str(folder)], SIZE, 1, shorter_side=LOAD)


def is_cut_of(cut: np.ndarray, picture: np.ndarray) -> bool:
    windows = np.lib.stride_tricks.sliding_window_view(picture, cut.shape).reshape(-1, *cut.shape)
    return any((windows == one).all((1, 2, 3)).any() for one in (cut, cut[:, ::-1]))


def test_pictures_keep_their_shape_and_their_shorter_side_has_the_load_size(folder):
    data = opened(folder / "set")
    assert [data.train_A[index].shape[:2] for index in range(4)] == [(20, 30), (33, 20), (20, 20), (20, 68)]
    with Image.open(folder / "set/trainA/1.png") as image:
        expected = np.asarray(image.resize((20, 33), Image.Resampling.BICUBIC))
    np.testing.assert_array_equal(data.train_A[1], expected)
    assert data.description.endswith("; cuts of 8 px, shorter side 20 px")
    assert opened(folder / "set").train_A.all_kept


def test_training_sees_cuts_from_everywhere_and_tests_see_the_middle(folder):
    data = opened(folder / "set")
    batches = UnpairedBatches(data.train_A, data.train_B, SIZE, 0)
    seen = set()
    for step in range(40):
        for batch, pictures in zip(batches.batch(step, 1), (data.train_A, data.train_B), strict=True):
            (cut,) = from_tensor(batch)
            assert cut.shape == (SIZE, SIZE, 3)
            assert sum(is_cut_of(cut, pictures[index]) for index in range(4)) == 1
            seen.add(cut.tobytes())
    assert len(seen) > 70
    with Image.open(folder / "set/testA/0.png") as image:
        whole = np.asarray(image.resize((30, 20), Image.Resampling.BICUBIC))
    np.testing.assert_array_equal(data.test_A[0], whole[6:14, 11:19])
    assert data.test_A.tensor(range(4)).shape == data.test_B.tensor(range(4)).shape == (4, 3, SIZE, SIZE)


def apart(folder: Path) -> Path:
    """The joined pairs in two folders, B at twice the size of A."""
    for name in ("A", "B"):
        (folder / "apart" / name).mkdir(parents=True)
    for path in (folder / "joined" / "train").iterdir():
        with Image.open(path) as image:
            half = image.width // 2
            image.crop((0, 0, half, image.height)).save(folder / "apart" / "A" / path.name)
            b = image.crop((half, 0, image.width, image.height))
            b.resize((2 * half, 2 * image.height), Image.Resampling.NEAREST).save(folder / "apart" / "B" / path.name)
    return folder / "apart"


def test_pairs_are_cut_at_the_same_place(folder):
    data = opened(folder / "joined")
    for step in range(20):
        a, b = map(from_tensor, PairedBatches(data.train_A, data.train_B, SIZE, 0).batch(step, 2))
        assert np.abs(a.astype(int) + b - 255).max() <= 2  # B is A's negative
    for index in range(len(data.test_A)):
        assert np.abs(data.test_A[index].astype(int) + data.test_B[index] - 255).max() <= 2
    data = open_data([str(apart(folder))], SIZE, 1, shorter_side=LOAD, pairs_for="pix2pix")
    assert data.paired and len(data.train_A) == 4
    for index in range(4):
        assert data.train_A[index].shape == data.train_B[index].shape


@pytest.mark.parametrize("budget", [0, 2000, 10**9])
def test_order_and_cuts_are_a_function_of_seed_and_step_whatever_is_kept(folder, monkeypatch, budget):
    data = opened(folder / "set")
    expected = [UnpairedBatches(data.train_A, data.train_B, SIZE, 3).batch(step, 2) for step in range(6)]
    monkeypatch.setattr(datasets, "MEMORY_BUDGET", budget)
    data = opened(folder / "set")
    assert data.train_A.all_kept == (budget == 10**9)
    batches = UnpairedBatches(data.train_A, data.train_B, SIZE, 3)
    for step in (5, 2, 0, 4, 1, 3):
        for found, wanted in zip(batches.batch(step, 2), expected[step], strict=True):
            assert torch.equal(found, wanted)


@pytest.mark.parametrize("name", ["horse2zebra", "facades"])
def test_a_world_is_drawn_at_the_load_size(name):
    world, data = WORLDS[name], open_data([name], SIZE, 2, shorter_side=LOAD, test_pictures=2)
    np.testing.assert_array_equal(data.train_B[1], world.render(draw_scene(world, "train", "B", 1), "B", LOAD))
    scene = draw_scene(world, "test", "A", 1)
    np.testing.assert_array_equal(data.test_A[1], centre(world.render(scene, "A", LOAD), SIZE))
    np.testing.assert_array_equal(data.truth_A[1], centre(world.render(scene, "B", LOAD), SIZE))
    assert f"{SIZE} px out of {LOAD} px" in data.description


def test_a_run_with_a_load_size_is_trained_and_measured_at_that_scale(folder, tmp_path, capsys):
    run = tmp_path / "run"
    command = [sys.executable, "-m", "minicyclegan.train", *TINY, "--steps", "2", "--load-size", "48"]
    result = subprocess.run(
        [*command, "--data", folder / "set", "--out", run], capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0, result.stderr
    data = "4 + 4 pictures, A in trainA/, B in trainB/, unpaired; test: 4 + 0; cuts of 32 px, shorter side 48 px"
    assert f"data: {data}" in result.stdout.splitlines()
    measure = [str(run), "--count", "2", "--features", "own"]
    assert evaluate(measure) == 0
    assert "test pictures of 32 px, the middle of what has 48 px to its shorter side" in capsys.readouterr().out
    # Of a world, masks and label maps are known of whole pictures.
    assert evaluate([*measure, "--data", "horse2zebra"]) == 0
    said = capsys.readouterr().out
    assert "horse2zebra, test pictures of 48 px\n" in said and "truth: L1 inside the mask" in said


@pytest.mark.parametrize(
    ("wrong", "said"), [("31", "at least --size 32"), ("0", "at least 8"), ("wide", "invalid int")]
)
def test_a_load_size_that_cannot_be_is_one_line(wrong, said, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([*TINY, "--load-size", wrong])
    lines = capsys.readouterr().err.splitlines()
    assert stopped.value.code == 2 and len(lines) == 2 and "--load-size" in lines[0] and said in lines[0]


def test_a_load_size_that_no_memory_holds_is_one_line(folder):
    said = r"trainA/0.png: too large when it has 9000 px to its side; give a smaller --size or --load-size"
    with pytest.raises(DataError, match=said):
        open_data([str(folder / "set")], SIZE, 1, shorter_side=9000)


def test_who_lifts_pillows_limit_can_read_folders(folder, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert len(open_data([str(folder / "set")], SIZE, 1).train_A) > 0


def test_a_style_is_read_at_the_scale_of_training(tmp_path):
    assert main([*TINY_BICYCLEGAN, "--steps", "1", "--load-size", "40", "--out", str(tmp_path / "run")]) == 0
    model = load(tmp_path / "run")
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8))
    scaled = np.asarray(picture.resize((53, 40), Image.Resampling.BICUBIC))
    assert torch.equal(model.encode(picture), model.encode(to_tensor(scaled[None, 4:36, 10:42])))
