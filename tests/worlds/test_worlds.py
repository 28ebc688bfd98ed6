"""The worlds' promises: the same pictures from the same seed, at all sizes, with a truth that fits them.

The reference pictures are written by `python -m tests.worlds.test_worlds` after a deliberate change of the drawing.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from minicyclegan.worlds import WORLDS, World, draw_sample, draw_scene, get_world
from minicyclegan.worlds.export import write_folder, write_sheet

REFERENCE = Path(__file__).with_name("worlds_reference.npz")
PINNED_NUMPY = "2.4.6"
WITH_MASK = [name for name in WORLDS if name in ("horse2zebra", "riders")]


def reference_pictures() -> dict[str, np.ndarray]:
    """Pictures of each domain of each world; facades keeps its own."""
    return {
        f"{name} {domain} {index}": render(world, domain, index)
        for name, world in WORLDS.items()
        if name != "facades"
        for domain in "AB"
        for index in range(3 if name == "horse2zebra" else 1)
    }


def render(world: World, domain: str, index: int, size: int = 64, split: str = "test") -> np.ndarray:
    return world.render(draw_scene(world, split, domain, index), domain, size)


def mean_difference(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.abs(first.astype(float) - second.astype(float)).mean())


@pytest.fixture(params=list(WORLDS))
def world(request) -> World:
    return WORLDS[request.param]


@pytest.mark.parametrize("size", [1, 6, 33, 64])
def test_a_sample_is_two_pictures_and_its_truth(world, size):
    with np.errstate(all="raise", under="ignore"):
        sample = draw_sample(world, "train", "B", 3, size)
    for picture in (sample.picture, sample.counterpart):
        assert picture.shape == (size, size, 3) and picture.dtype == np.uint8
    for key, value in sample.truth.items():
        if isinstance(value, np.ndarray) and value.dtype == np.uint8:
            assert value.shape == (size, size), key
        else:
            assert np.asarray(value).dtype == np.float64 and np.isfinite(value).all(), key


def test_the_same_seed_gives_the_same_picture(world):
    np.testing.assert_array_equal(render(world, "A", 5), render(world, "A", 5))
    assert draw_scene(world, "train", "B", 1) == draw_scene(world, "train", "B", 1)


def test_pictures_are_those_of_the_reference():
    with np.load(REFERENCE, allow_pickle=False) as kept:
        expected = dict(kept)
    drawn = reference_pictures()
    assert set(drawn) == set(expected)
    for key, picture in drawn.items():
        difference = np.abs(picture.astype(int) - expected[key])
        assert np.mean(difference <= 1) >= 0.999, key
        if np.__version__ == PINNED_NUMPY:
            assert difference.max() == 0, key


def test_every_index_split_seed_and_domain_has_pictures_of_its_own(world):
    shown = "B" if world.kind == "paired" else "A"
    pictures = [render(world, shown, index) for index in range(4)]
    pictures += [render(world, shown, 0, split=split) for split in ("train", "val")]
    pictures.append(world.render(draw_scene(world, "test", shown, 0, seed=1), shown, 64))
    if world.kind == "unpaired":  # the two domains show different scenes, not one in two coats
        pictures.append(world.render(draw_scene(world, "test", "B", 0), "A", 64))
    for index, picture in enumerate(pictures):
        assert all(mean_difference(picture, before) > 3 for before in pictures[:index]), index


def test_a_scene_looks_alike_at_every_size(world):
    for domain in "AB":
        small, large = (render(world, domain, 1, size) for size in (64, 256))
        averaged = large.reshape(64, 4, 64, 4, 3).mean(axis=(1, 3))
        assert mean_difference(averaged, small) < 5, domain


@pytest.mark.parametrize("name", WITH_MASK)
def test_the_domains_differ_inside_the_mask_and_nowhere_else(name):
    shares = []
    for index in range(12):
        sample = draw_sample(WORLDS[name], "test", "A", index, 64)
        mask = sample.truth["mask"]
        difference = np.abs(sample.picture.astype(int) - sample.counterpart).mean(axis=2)
        assert difference[mask == 0].max(initial=0) <= 1
        assert difference[mask > 250].mean() > 15
        shares.append((mask / 255).mean())
    assert all(0.04 < share < 0.7 for share in shares), shares
    assert max(shares) > 1.5 * min(shares)


def test_zebras_are_black_and_white_and_horses_brown():
    world = get_world("horse2zebra")
    for index in range(12):
        scene = draw_scene(world, "test", "A", index)
        coat = world.truth(scene, 128)["coat"] > 250
        horse, zebra = (world.render(scene, domain, 128)[coat].astype(float) for domain in "AB")
        low, high = np.percentile(zebra.mean(axis=1), [10, 90])
        assert high > 1.8 * low
        # In the same light, however warm, there is far more red to the blue in brown than in grey.
        warmth = [coat[:, 0].mean() / coat[:, 2].mean() for coat in (horse, zebra)]
        assert warmth[0] > 1.4 and warmth[0] > 1.3 * warmth[1]


def test_both_domains_have_landscapes_of_the_same_kinds():
    world = get_world("horse2zebra")
    soils = [
        np.mean([draw_scene(world, "train", domain, index).landscape.soil.name == "savanna" for index in range(600)])
        for domain in "AB"
    ]
    assert abs(soils[0] - soils[1]) < 0.08 and abs(soils[0] - 1 / 6) < 0.08


def test_balls_and_blocks_stand_in_the_same_places():
    for index in range(8):
        sample = draw_sample(get_world("circles2squares"), "test", "A", index, 64)
        ball, block = (sample.truth[key] > 127 for key in ("mask_round", "mask_square"))
        assert 0.65 < ball.sum() / block.sum() < 1.4
        assert (ball & block).sum() > 0.75 * min(ball.sum(), block.sum())
        assert (ball ^ block).sum() > 0.08 * ball.sum()  # and yet the shapes differ


def test_riders_are_the_same_on_both_animals():
    for index in range(8):
        sample = draw_sample(get_world("riders"), "test", "A", index, 64)
        rider = sample.truth["rider"] > 250
        assert rider.sum() > 30
        assert np.abs(sample.picture[rider].astype(int) - sample.counterpart[rider]).max() <= 5
    assert get_world("riders").test_only


def test_only_colours_change_with_the_season():
    labels = [draw_sample(get_world("summer2winter"), "test", "A", index, 64).truth["labels"] for index in range(20)]
    assert set(np.unique(labels)) == set(range(7))
    for index in range(6):
        sample = draw_sample(get_world("summer2winter"), "test", "A", index, 64)
        ground = sample.truth["labels"] == 2
        summer, winter = (picture[ground].astype(float) for picture in (sample.picture, sample.counterpart))
        assert winter.mean() > summer.mean() + 30
        assert summer[:, 1].mean() > 1.1 * summer[:, 2].mean() and winter[:, 1].mean() < 1.1 * winter[:, 2].mean()


def test_an_unknown_world_is_named_with_the_ones_there_are():
    with pytest.raises(ValueError, match=r"'zebra2horse'.*horse2zebra"):
        get_world("zebra2horse")


def test_a_sheet_has_a_row_for_each_sample(tmp_path, world):
    write_sheet(world, tmp_path / "sheet.png", count=2, size=32)
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.height > 2 * 32 and sheet.width >= 2 * 32


def test_a_folder_is_an_ordinary_data_set(tmp_path, world):
    folder = tmp_path / "set"
    write_folder(world, folder, count=3, size=32, test_count=2)
    names = sorted(path.name for path in folder.iterdir())
    if world.kind == "paired":
        assert names == ["test", "train", "truth"]
        with Image.open(folder / "test" / "00001.png") as pair:
            side_by_side = np.asarray(pair)
        sample = draw_sample(world, "test", "A", 1, 32)
        np.testing.assert_array_equal(side_by_side, np.concatenate([sample.picture, sample.counterpart], axis=1))
        assert len(list((folder / "train").glob("*.png"))) == 3
        styles = folder / "truth" / "test" / "style.json"
    else:
        expected = ["testA", "testB", "trainA", "trainB", "truth"]
        assert names == [name for name in expected if not (world.test_only and "train" in name)]
        for domain in "AB":
            with Image.open(folder / f"test{domain}" / "00001.png") as picture:
                np.testing.assert_array_equal(np.asarray(picture), render(world, domain, 1, 32))
        with Image.open(folder / "truth" / "testB" / "00000_counterpart.png") as counterpart:
            np.testing.assert_array_equal(np.asarray(counterpart), draw_sample(world, "test", "B", 0, 32).counterpart)
        styles = folder / "truth" / "testA" / "style.json"
    assert list(json.loads(styles.read_text(encoding="utf-8"))) == ["00000", "00001"]


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("keep", encoding="utf-8")
    with pytest.raises(FileExistsError, match="isn't an empty folder"):
        write_folder(get_world("horse2zebra"), tmp_path, count=1, size=16)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def run_command(*arguments: object) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "minicyclegan.worlds", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_the_command_lists_the_worlds():
    result = run_command()
    assert result.returncode == 0 and len(result.stdout.splitlines()) == len(WORLDS)


def test_the_command_writes_a_sheet_and_a_folder(tmp_path):
    assert run_command("horse2zebra", "--out", tmp_path / "a.png", "--count", 1, "--size", 32).returncode == 0
    assert (tmp_path / "a.png").is_file()
    assert run_command("horse2zebra", "--folder", tmp_path / "set", "--count", 1, "--size", 32).returncode == 0
    assert len(list(tmp_path.glob("set/train?/*.png"))) == 2
    again = run_command("horse2zebra", "--folder", tmp_path / "set", "--count", 1, "--size", 32)
    assert again.returncode == 1 and len(again.stderr.splitlines()) == 1 and "empty folder" in again.stderr


def test_the_command_writes_a_page_of_all_worlds(tmp_path):
    assert run_command("--page", tmp_path / "all.md", "--count", 1, "--size", 16).returncode == 0
    page = (tmp_path / "all.md").read_text()
    assert all(f"all/{name}.jpg" in page and (tmp_path / "all" / f"{name}.jpg").is_file() for name in WORLDS)


@pytest.mark.parametrize(
    "arguments, complaint",
    [
        (("horse2zebras", "--out", "a.png"), "did you mean horse2zebra?"),
        (("horse2zebra",), "either --out SHEET.png or --folder DIR"),
        (("horse2zebra", "--folder", "x"), "--count"),
        (("horse2zebra", "--out", "a.png", "--count", "0"), "must be at least 1, not 0"),
        (("horse2zebra", "--out", "a.png", "--seed", "-1"), "--seed: must be at least 0, not -1"),
        (("horse2zebra", "--out", "a.png", "--size", "x"), "--size"),
        (("--out", "a.png"), "which world?"),
    ],
)
def test_bad_usage_is_one_clear_complaint(arguments, complaint):
    result = run_command(*arguments)
    assert result.returncode == 2 and complaint in result.stderr and "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "arguments, name, complaint",
    [
        (("horse2zebra", "--out"), "sheet.txt", "'.txt'"),
        (("horse2zebra", "--out"), "sheet.psd", "'.psd'"),  # a type that Pillow reads and doesn't write
        (("horse2zebra", "--out"), "sheet", "try .png"),
        (("horse2zebra", "--out"), "nowhere/sheet.png", "there is no folder"),
        (("--page",), "page", "page.md"),
    ],
)
def test_what_cannot_be_written_fails_with_one_line_before_anything_is_drawn(tmp_path, arguments, name, complaint):
    result = run_command(*arguments, tmp_path / name)
    assert result.returncode == 1 and len(result.stderr.splitlines()) == 1 and complaint in result.stderr
    assert not list(tmp_path.iterdir())


if __name__ == "__main__":
    np.savez_compressed(REFERENCE, **reference_pictures())
    print(f"{REFERENCE}: {REFERENCE.stat().st_size / 1000:.0f} kB")
