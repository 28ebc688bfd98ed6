"""data/datasets.py and data/jitter.py: what training sees, and that nothing but seed, epoch and index decides it."""

import itertools
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from minicyclegan.data import datasets
from minicyclegan.data.datasets import (
    DataSet,
    PairedBatches,
    Pictures,
    UnpairedBatches,
    open_data,
    world_data,
)
from minicyclegan.data.folders import DataError
from minicyclegan.data.images import from_tensor, to_tensor
from minicyclegan.data.jitter import jitter, load_size
from minicyclegan.data.sources import hidden_folder
from minicyclegan.evaluate import main as evaluate
from minicyclegan.models.cyclegan import CycleGANConfig
from minicyclegan.training.config import TrainConfig
from minicyclegan.training.jobs import read_data
from minicyclegan.worlds import WORLDS, draw_scene
from minicyclegan.worlds.__main__ import main as worlds_command
from tests.conftest import TINY

pytestmark = pytest.mark.filterwarnings("error")

SIZE = 8
UNPAIRED, PAIRED = WORLDS["horse2zebra"], WORLDS["facades"]


def numbered(count: int, side: int = load_size(SIZE), channels: int = 3) -> Pictures:
    """Pictures in one flat colour each: which one a crop shows can be read off."""
    array = np.empty((count, side, side, channels), np.uint8)
    array[:] = np.arange(count)[:, None, None, None]
    return Pictures(array.__getitem__, [str(index) for index in range(count)])


def mapped(count: int, side: int = load_size(SIZE)) -> Pictures:
    """Pictures whose pixels say where they are: index, row, column."""
    rows, columns = np.indices((side, side))
    array = np.stack([np.stack([np.full((side, side), k), rows, columns], axis=-1) for k in range(count)])
    array = array.astype(np.uint8)
    return Pictures(array.__getitem__, [str(index) for index in range(count)])


def shown(batch: torch.Tensor) -> list[int]:
    """The numbers of the pictures in a batch."""
    return from_tensor(batch)[:, 0, 0, 0].tolist()


def epoch_of(batches: UnpairedBatches, epoch: int) -> tuple[list[int], list[int]]:
    pairs = [batches.batch(epoch * len(batches) + step, 1) for step in range(len(batches))]
    return [shown(a)[0] for a, _ in pairs], [shown(b)[0] for _, b in pairs]


@pytest.fixture
def folder(tmp_path) -> Path:
    """An unpaired folder of noise: 5 and 3 pictures to train with, 2 and 1 to test with, of several shapes."""
    rng = np.random.default_rng(0)
    for name, count in (("trainA", 5), ("trainB", 3), ("testA", 2), ("testB", 1)):
        (tmp_path / "set" / name).mkdir(parents=True)
        for index in range(count):
            pixels = rng.integers(0, 256, (12 + index, 20 - index, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "set" / name / f"{index}.png")
    return tmp_path / "set"


def read(folder: Path, *more: Path, channels: tuple = (3, 3)) -> DataSet:
    return open_data([str(folder), *map(str, more)], SIZE, 1, channels)


def test_286_to_256_and_the_same_ratio_elsewhere():
    assert [load_size(size) for size in (256, 128, 64, 512)] == [286, 143, 72, 572]


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 6), st.integers(0, 4), st.integers(0, 4), st.integers(0, 2**32))
def test_a_jittered_picture_is_a_crop_mirrored_or_not(size, extra_height, extra_width, seed):
    picture = np.arange((size + extra_height) * (size + extra_width)).reshape(size + extra_height, -1, 1)
    crop = jitter(picture, size, np.random.default_rng(seed))
    possible = [
        view[top : top + size, left : left + size]
        for top, left in itertools.product(range(extra_height + 1), range(extra_width + 1))
        for view in (picture,)
    ]
    assert any(np.array_equal(crop, one) or np.array_equal(crop, one[:, ::-1]) for one in possible)


def test_every_crop_is_as_likely_as_the_next_and_half_are_mirrored():
    picture = np.arange(5 * 5).reshape(5, 5, 1)
    crops = [jitter(picture, 3, np.random.default_rng([7, draw])) for draw in range(3600)]
    mirrored = [crop[0, 0, 0] > crop[0, 1, 0] for crop in crops]
    assert abs(np.mean(mirrored) - 0.5) < 0.04
    places = Counter(min(crop[0, 0, 0], crop[0, 2, 0]) for crop in crops)
    assert len(places) == 9 and max(abs(count - 400) for count in places.values()) < 90
    corner = [mirror for crop, mirror in zip(crops, mirrored, strict=True) if min(crop[0, 0, 0], crop[0, 2, 0]) == 0]
    assert abs(np.mean(corner) - 0.5) < 0.12


@pytest.mark.parametrize("seed", range(20))
def test_without_flips_the_cuts_are_the_same_ones_and_none_is_mirrored(seed):
    """And with them, they are what they were before there was a choice: three draws, in this order."""
    picture, rng = np.arange(8 * 9).reshape(8, 9, 1), np.random.default_rng(seed)
    top, left = rng.integers(4), rng.integers(5)
    cut = picture[top : top + 5, left : left + 5]
    np.testing.assert_array_equal(jitter(picture, 5, np.random.default_rng(seed), flip=False), cut)
    mirrored = cut[:, ::-1] if rng.random() < 0.5 else cut
    np.testing.assert_array_equal(jitter(picture, 5, np.random.default_rng(seed)), mirrored)


@pytest.mark.parametrize("kind", [UnpairedBatches, PairedBatches])
def test_batches_without_flips_never_show_a_mirrored_picture(kind):
    def left_to_right(flip: bool) -> list[bool]:
        ramp = np.arange(12, dtype=np.uint8)[None, :, None] * np.ones((12, 1, 3), np.uint8)
        pictures = Pictures(lambda index: ramp, ["ramp"] * 4)
        batches = kind(pictures, pictures, SIZE, 0, flip=flip)
        return [bool((x[..., 0] < x[..., -1]).all()) for step in range(30) for x in batches.batch(step, 1)]

    assert all(left_to_right(flip=False)) and 10 < sum(left_to_right(flip=True)) < 50


def test_an_epoch_shows_every_picture_of_the_larger_domain_once():
    batches = UnpairedBatches(numbered(7), numbered(3), SIZE, seed=0)
    assert len(batches) == 7
    seen_A, seen_B = zip(*(epoch_of(batches, epoch) for epoch in range(3)), strict=True)
    assert all(sorted(order) == list(range(7)) for order in seen_A)
    assert len({tuple(order) for order in seen_A}) == 3
    for order in seen_B:  # the smaller one starts over, newly shuffled, when all were shown
        assert sorted(order[:3]) == sorted(order[3:6]) == [0, 1, 2]
    assert len({tuple(order) for order in seen_B}) == 3
    swapped = UnpairedBatches(numbered(3), numbered(7), SIZE, seed=0)
    assert len(swapped) == 7 and sorted(epoch_of(swapped, 1)[1]) == list(range(7))


def test_pairs_of_the_two_domains_are_never_the_same_for_ever():
    batches = UnpairedBatches(numbered(4), numbered(4), SIZE, seed=0)
    partners = {pair for epoch in range(20) for pair in zip(*epoch_of(batches, epoch), strict=True)}
    assert len(partners) == 16


@pytest.mark.parametrize("kind", [UnpairedBatches, PairedBatches])
def test_batches_are_a_function_of_seed_and_step(kind):
    def make(seed: int) -> UnpairedBatches:
        return kind(mapped(5), mapped(5), SIZE, seed)

    steps = list(range(12))
    once = [make(3).batch(step, 2) for step in steps]
    batches = make(3)
    shuffled = np.random.default_rng(0).permutation(steps)
    again = {step: batches.batch(step, 2) for step in [*shuffled, *reversed(steps)]}
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda step: batches.batch(step, 2), steps))
    for step in steps:
        for found in (again[step], together[step]):
            assert torch.equal(found[0], once[step][0]) and torch.equal(found[1], once[step][1])
    assert any(not torch.equal(a, b) for (a, _), (b, _) in zip(once, [make(4).batch(k, 2) for k in steps], strict=True))


@pytest.mark.parametrize("kind", [UnpairedBatches, PairedBatches])
def test_the_batch_size_changes_no_picture(kind):
    batches = kind(mapped(5), mapped(5), SIZE, 0)
    for domain in (0, 1):
        ones = torch.cat([batches.batch(step, 1)[domain] for step in range(12)])
        threes = torch.cat([batches.batch(step, 3)[domain] for step in range(4)])
        assert torch.equal(ones, threes)


def test_a_picture_is_jittered_anew_in_every_epoch():
    batches = UnpairedBatches(mapped(1), mapped(1), SIZE, 0)
    assert len({batches.batch(epoch, 1)[0].numpy().tobytes() for epoch in range(30)}) > 2


def test_a_batch_is_what_networks_take():
    a, b = UnpairedBatches(numbered(4), numbered(2, channels=1), SIZE, 0).batch(0, 3)
    assert a.shape == (3, 3, SIZE, SIZE) and b.shape == (3, 1, SIZE, SIZE)
    assert a.dtype == b.dtype == torch.float32 and a.is_contiguous() and -1 <= a.min() <= a.max() <= 1


def test_pairs_stay_together_with_the_same_crop_and_the_same_mirroring():
    batches = PairedBatches(mapped(6), mapped(6), SIZE, 0)
    assert len(batches) == 6
    indices = []
    for step in range(12):
        a, b = batches.batch(step, 1)
        assert torch.equal(a, b)
        indices += shown(a)
    assert sorted(indices[:6]) == sorted(indices[6:]) == list(range(6)) and indices[:6] != indices[6:]
    corners = {tuple(from_tensor(batches.batch(step, 1)[0])[0, 0, 0, 1:]) for step in range(60)}
    assert len(corners) > 2


def test_pairs_need_partners():
    with pytest.raises(ValueError, match="as many pictures of A as of B, not 3 and 4"):
        PairedBatches(numbered(3), numbered(4), SIZE, 0)


def test_a_folder_is_read_at_the_sizes_that_training_and_testing_want(folder):
    data = read(folder)
    assert not data.paired and data.truth_A is None
    assert [len(p) for p in (data.train_A, data.train_B, data.test_A, data.test_B)] == [5, 3, 2, 1]
    assert data.train_A[4].shape == (load_size(SIZE), load_size(SIZE), 3) and data.test_B[0].shape == (SIZE, SIZE, 3)
    assert data.test_A.tensor(range(2)).shape == (2, 3, SIZE, SIZE)
    with Image.open(folder / "testA" / "1.png") as image:
        expected = np.asarray(image.resize((SIZE, SIZE), Image.Resampling.BICUBIC))
    np.testing.assert_array_equal(data.test_A[1], expected)
    assert data.test_A.names[1] == str(folder / "testA" / "1.png")


def test_without_test_pictures_the_training_pictures_stand_in(folder):
    data = read(folder / "trainA", folder / "trainB")
    assert len(data.test_A) == 5 and data.test_A[0].shape == (SIZE, SIZE, 3)


def test_one_or_three_channels_for_each_domain(folder):
    data = read(folder, channels=(1, 3))
    assert data.train_A[0].shape[2] == data.test_A[0].shape[2] == 1 and data.train_B[0].shape[2] == 3
    with Image.open(folder / "testA" / "0.png") as image:
        expected = np.asarray(image.convert("L").resize((SIZE, SIZE), Image.Resampling.BICUBIC))
    np.testing.assert_array_equal(data.test_A[0][:, :, 0], expected)
    a, b = UnpairedBatches(data.train_A, data.train_B, SIZE, 0).batch(0, 2)
    assert a.shape[1] == 1 and b.shape[1] == 3


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("budget", [0, 300, 10**9])
def test_memory_and_workers_change_nothing(folder, monkeypatch, budget, workers):
    expected = read(folder)
    monkeypatch.setattr(datasets, "MEMORY_BUDGET", budget)
    monkeypatch.setattr(datasets, "available_cores", lambda: workers)
    data = read(folder)
    in_memory = sum(len(pictures._kept) for pictures in (data.train_A, data.train_B, data.test_A, data.test_B))
    assert in_memory == {0: 0, 300: 1, 10**9: 11}[budget]
    for name in ("train_A", "train_B", "test_A", "test_B"):
        ours, theirs = getattr(data, name), getattr(expected, name)
        assert all(np.array_equal(ours[k], theirs[k]) for k in range(len(theirs)))


def test_only_what_is_measured_is_read(folder):
    for name in ("trainA/0.png", "trainA/4.png", "trainB/2.png", "testA/1.png"):
        (folder / name).write_bytes(b"broken")
    data = open_data([str(folder)], SIZE, 1, test_pictures=1, training=False)
    assert data.test_A.all_kept and data.test_B.all_kept and len(data.test_A) == len(data.test_B) == 1
    assert len(data.train_A) == 5  # their names are known
    with pytest.raises(DataError, match=r"4.png: not a picture"):
        data.train_A[4]
    data = open_data([str(folder / "trainA"), str(folder / "trainB")], SIZE, 1, training=False, test_pictures=0)
    assert len(data.test_A) == 0


def test_evaluate_reads_only_what_it_measures(tmp_path, tiny_run):
    rng = np.random.default_rng(0)
    for domain in "AB":
        (tmp_path / "set" / domain).mkdir(parents=True)
        for index in range(6):
            pixels = rng.integers(0, 256, (20, 20, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "set" / domain / f"{domain}{index}.png")
    (tmp_path / "set" / "A" / "A3.png").write_bytes(b"broken")
    command = [sys.executable, "-m", "minicyclegan.evaluate", tiny_run, "--data", tmp_path / "set", "--features", "own"]
    two = subprocess.run([*command, "--count", "2"], capture_output=True, text=True, timeout=300)
    assert two.returncode == 0, two.stderr
    assert "test pictures of 32 px" in two.stdout and "these are the training pictures" in two.stdout
    with pytest.raises(DataError, match=r"A3.png: not a picture that Pillow can read"):
        evaluate(list(map(str, [*command[3:], "--count", "4"])))


def test_training_reads_the_first_test_pictures_only(folder):
    assert len(open_data([str(folder)], SIZE, 1, test_pictures=1).test_A) == 1


def test_broken_files_are_named_before_training_begins(folder):
    (folder / "trainA" / "2.png").write_bytes(b"")
    (folder / "testB" / "0.png").write_text("no picture at all", encoding="utf-8")
    with pytest.raises(DataError) as error:
        read(folder)
    assert str(error.value).splitlines() == [
        "2 problems; mend or remove these files:",
        f"  {folder / 'trainA' / '2.png'}: an empty file",
        f"  {folder / 'testB' / '0.png'}: not a picture that Pillow can read",
    ]


def test_a_file_that_is_lost_later_is_named_too(folder, monkeypatch):
    monkeypatch.setattr(datasets, "MEMORY_BUDGET", 0)
    data = read(folder)
    (folder / "trainA" / "2.png").unlink()
    with pytest.raises(DataError, match=r"2.png: no such file; it could be read before"):
        UnpairedBatches(data.train_A, data.train_B, SIZE, 0).batch(0, 5)


def test_stopping_while_pictures_are_read_does_not_wait_for_all_of_them(monkeypatch):
    started = []

    def read_slowly(index: int) -> np.ndarray:
        started.append(index)
        if index == 3:
            raise KeyboardInterrupt
        time.sleep(0.001)  # or one thread may read them all before the other one runs
        return np.zeros((1, 1, 3), np.uint8)

    with pytest.raises(KeyboardInterrupt):
        datasets._read_all([Pictures(read_slowly, ["picture"] * 10_000)], 1, False)
    assert len(started) < 10_000


def test_what_is_neither_world_nor_folder():
    with pytest.raises(DataError, match=r"horse2zebr: no such folder and no such world; the worlds: .*horse2zebra"):
        open_data(["horse2zebr"], SIZE, 1)


def test_one_name_is_a_world_and_two_are_folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, count in (("riders", 2), ("facades", 3), ("cats", 1)):
        (tmp_path / name).mkdir()
        for index in range(count):
            Image.new("RGB", (12, 12)).save(tmp_path / name / f"{name}{index}.png")
    data = open_data(["riders", "cats"], SIZE, 1)
    assert data.description.startswith("2 + 1 pictures, A in riders/, B in cats/")
    assert open_data(["riders", "facades"], SIZE, 1).description.startswith("2 + 3 pictures")
    assert hidden_folder(["riders", "cats"]) == hidden_folder(["circles2squares"]) == hidden_folder(["cats"]) == ""
    assert hidden_folder(["riders"]) == (
        "riders is the embedded world; there is also a folder of this name: for that one, say ./riders"
    )


def test_a_folder_called_like_a_world_can_be_had_and_is_named(tmp_path, folder):
    folder.rename(tmp_path / "horse2zebra")
    command = [sys.executable, "-m", "minicyclegan.train", *TINY, "--steps", "1", "--data"]
    said = {}
    for name in ("horse2zebra", "./horse2zebra"):
        result = subprocess.run([*command, name], capture_output=True, text=True, cwd=tmp_path, timeout=300)
        assert result.returncode == 0, result.stderr
        said[name] = result.stdout.splitlines()[:2]
    note, data = said["horse2zebra"]
    assert note == (
        "note: horse2zebra is the embedded world; there is also a folder of this name: for that one, say ./horse2zebra"
    )
    assert data.startswith('data: world "horse2zebra"')
    assert said["./horse2zebra"][0] == "data: 5 + 3 pictures, A in trainA/, B in trainB/, unpaired; test: 2 + 1"


@pytest.mark.parametrize("pictures", [10**9, 10**30])
def test_what_no_memory_holds_is_not_begun(pictures):
    with pytest.raises(
        DataError, match=r"the pictures of facades need [\d,.]+ GB of memory, and [\d,.]+ GB are free: ask for"
    ):
        open_data(["facades"], 64, pictures)
    with pytest.raises(DataError, match=r"ask for fewer \(--pictures, or --count where a model is measured\)"):
        open_data(["facades"], 64, 1, test_pictures=pictures)


@pytest.fixture
def pairs(tmp_path) -> list[tuple[np.ndarray, np.ndarray]]:
    """The pairs that lie in `tmp_path` side by side, and in two folders."""
    rng = np.random.default_rng(1)
    side = load_size(SIZE)
    pairs = [tuple(rng.integers(0, 256, (2, side, side, 3), dtype=np.uint8)) for _ in range(4)]
    for name in ("joined/train", "joined/val", "apart/A", "apart/B"):
        (tmp_path / name).mkdir(parents=True)
    for index, (a, b) in enumerate(pairs):
        Image.fromarray(np.hstack([a, b])).save(tmp_path / "joined" / "train" / f"{index}.png")
        Image.fromarray(a).save(tmp_path / "apart" / "A" / f"{index}.png")
        Image.fromarray(b).save(tmp_path / "apart" / "B" / f"{index}.tif")
    Image.fromarray(np.hstack(pairs[0])).save(tmp_path / "joined" / "val" / "9.png")
    return pairs


@pytest.mark.parametrize("layout", ["joined", "apart"])
def test_pairs_of_a_folder(tmp_path, pairs, layout):
    data = read(tmp_path / layout)
    assert data.paired and len(data.train_A) == len(data.train_B) == 4
    for index, (a, b) in enumerate(pairs):
        np.testing.assert_array_equal(data.train_A[index], a)
        np.testing.assert_array_equal(data.train_B[index], b)
    assert len(data.test_A) == (1 if layout == "joined" else 4)
    a, b = PairedBatches(data.train_A, data.train_B, SIZE, 0).batch(0, 4)
    # Which crop of which pair a batch shows is found by looking for it.
    for crop_A, crop_B in zip(from_tensor(a), from_tensor(b), strict=True):
        assert any(
            np.array_equal(crop_A, jitter(one, SIZE, np.random.default_rng(seed)))
            and np.array_equal(crop_B, jitter(two, SIZE, np.random.default_rng(seed)))
            for one, two in pairs
            for seed in range(60)
        )


@pytest.mark.parametrize("layout", ["joined", "apart"])
def test_the_other_direction_exchanges_the_roles(tmp_path, pairs, layout):
    data = read(tmp_path / layout, channels=(1, 3))
    swapped = data.swapped()
    assert swapped.paired and swapped.domains == ("B", "A") and "A and B exchanged" in swapped.description
    for batches in (PairedBatches, UnpairedBatches):
        a, b = batches(swapped.train_A, swapped.train_B, SIZE, 0).batch(1, 2)
        assert a.shape[1] == 3 and b.shape[1] == 1
    a, b = PairedBatches(data.train_A, data.train_B, SIZE, 0).batch(1, 2)
    swapped_a, swapped_b = PairedBatches(swapped.train_A, swapped.train_B, SIZE, 0).batch(1, 2)
    assert torch.equal(a, swapped_b) and torch.equal(b, swapped_a)
    assert swapped.test_A is data.test_B and swapped.test_B is data.test_A
    assert swapped.swapped().train_A is data.train_A and swapped.swapped().domains == ("A", "B")


def test_the_other_direction_on_the_command_line(tmp_path, pairs):
    channels = {"channels_A": 3, "channels_B": 1, "lambda_identity": 0.0}
    config = TrainConfig(data=(str(tmp_path / "joined"),), size=SIZE, direction="BtoA")
    data = read_data(config, CycleGANConfig(**channels))
    np.testing.assert_array_equal(data.train_A[2], pairs[2][1])  # the right half is the model's A
    assert data.train_B[2].shape[2] == data.test_B[0].shape[2] == 1


@pytest.mark.parametrize("world", [UNPAIRED, PAIRED], ids=lambda world: world.name)
def test_a_worlds_truth_belongs_to_its_test_pictures(world):
    data = world_data(world, SIZE, 2, 3)
    assert data.paired == (world.kind == "paired") and data.domains == world.domains
    assert len(data.train_A) == len(data.train_B) == 2 and len(data.truth_A) == len(data.truth_B) == 3
    for index in range(3):
        scene_A, scene_B = draw_scene(world, "test", "A", index), draw_scene(world, "test", "B", index)
        np.testing.assert_array_equal(data.test_A[index], world.render(scene_A, "A", SIZE))
        np.testing.assert_array_equal(data.truth_A[index], world.render(scene_A, "B", SIZE))
        np.testing.assert_array_equal(data.test_B[index], world.render(scene_B, "B", SIZE))
        np.testing.assert_array_equal(data.truth_B[index], world.render(scene_B, "A", SIZE))
    np.testing.assert_array_equal(
        data.train_A[1], world.render(draw_scene(world, "train", "A", 1), "A", load_size(SIZE))
    )
    swapped = data.swapped()
    assert swapped.truth_A is data.truth_B and swapped.domains == world.domains[::-1]


def test_the_truth_has_the_channels_of_the_domain_it_shows():
    data = world_data(UNPAIRED, SIZE, 1, 1, channels=(1, 3))
    shapes = [p[0].shape[2] for p in (data.train_A, data.test_A, data.truth_B, data.train_B, data.test_B, data.truth_A)]
    assert shapes == [1, 1, 1, 3, 3, 3]


def test_a_world_for_testing_only_can_be_opened_to_evaluate_on():
    assert len(open_data(["riders"], SIZE, 1, test_pictures=2, training=False).test_A) == 2
    with pytest.raises(DataError, match="riders is a world to try a trained model on; train on another one"):
        open_data(["riders"], SIZE, 1)


@pytest.mark.parametrize("channels", [(3, 3), (1, 3)])
@pytest.mark.parametrize("world", [UNPAIRED, PAIRED], ids=lambda world: world.name)
def test_a_world_written_as_a_folder_gives_the_same_batches(tmp_path, world, channels):
    out = str(tmp_path / "set")
    assert worlds_command([world.name, "--folder", out, "--count", "3", "--test-count", "2", "--size", "32"]) == 0
    from_folder = open_data([out], 32, 3, channels)
    from_world = world_data(world, 32, 3, 2, channels)
    assert from_folder.paired == from_world.paired == (world.kind == "paired")
    for batches in (UnpairedBatches, PairedBatches) if from_world.paired else (UnpairedBatches,):
        ours = batches(from_folder.train_A, from_folder.train_B, 32, 5)
        theirs = batches(from_world.train_A, from_world.train_B, 32, 5)
        for step in range(6):
            for a, b in zip(ours.batch(step, 2), theirs.batch(step, 2), strict=True):
                assert torch.equal(a, b)
    for name in ("test_A", "test_B"):
        assert torch.equal(getattr(from_folder, name).tensor([0, 1]), getattr(from_world, name).tensor([0, 1]))


def test_pictures_as_a_tensor():
    pictures = mapped(3)
    assert torch.equal(pictures.tensor([2, 0]), to_tensor(np.stack([pictures[2], pictures[0]])))
