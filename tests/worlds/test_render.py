"""Many pictures at once: processes, progress and the cache change how fast they come, never what they are."""

import dataclasses

import numpy as np
import pytest

from minicyclegan.worlds import clear_cache, default_cache_dir, get_world, render, render_pictures
from minicyclegan.worlds.base import draw_scene

WORLD = get_world("horse2zebra")


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    return render_pictures(WORLD, "train", "A", 11, 32)


def test_pictures_are_those_of_the_world(pictures):
    assert pictures.shape == (11, 32, 32, 3) and pictures.dtype == np.uint8
    np.testing.assert_array_equal(pictures[7], WORLD.render(draw_scene(WORLD, "train", "A", 7), "A", 32))


def test_every_number_of_processes_draws_the_same(pictures, capfd):
    for workers in (2, 5):
        drawn = render_pictures(WORLD, "train", "A", 11, 32, workers=workers, progress=True)
        np.testing.assert_array_equal(drawn, pictures)
    assert "11/11" in capfd.readouterr().err


def test_a_world_that_no_process_knows_by_name_is_drawn_here(pictures):
    own = dataclasses.replace(WORLD, description="mine")
    np.testing.assert_array_equal(render_pictures(own, "train", "A", 11, 32, workers=2), pictures)


def test_a_failing_process_is_an_error_not_a_hang(monkeypatch):
    monkeypatch.setattr(render.sys, "executable", "false")
    with pytest.raises(RuntimeError, match="workers=1"):
        render_pictures(WORLD, "train", "A", 20, 16, workers=2)


def test_no_pictures_are_an_empty_array():
    assert render_pictures(WORLD, "test", "B", 0, 16).shape == (0, 16, 16, 3)


@pytest.mark.parametrize("wrong", [{"split": "val"}, {"domain": "C"}, {"count": -1}, {"size": 0}, {"workers": 0}])
def test_what_cannot_be_drawn_is_refused(wrong):
    with pytest.raises(ValueError):
        render_pictures(WORLD, **{"split": "train", "domain": "A", "count": 1, "size": 16, **wrong})


def test_the_cache_serves_the_same_bytes(tmp_path, pictures, monkeypatch):
    first = render_pictures(WORLD, "train", "A", 11, 32, cache_dir=tmp_path)
    monkeypatch.setattr(render, "draw_range", None)  # nothing is drawn any more
    second = render_pictures(WORLD, "train", "A", 11, 32, cache_dir=tmp_path)
    np.testing.assert_array_equal(first, pictures)
    np.testing.assert_array_equal(second, pictures)


@pytest.mark.parametrize("damage", ["cut", "flipped", "other"])
def test_a_damaged_cache_is_drawn_again(tmp_path, pictures, damage):
    render_pictures(WORLD, "train", "A", 11, 32, cache_dir=tmp_path)
    (path,) = tmp_path.iterdir()
    content = bytearray(path.read_bytes())
    if damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "flipped":
        content[len(content) // 2] ^= 255
        path.write_bytes(content)
    else:
        np.savez(path, pictures=np.zeros((3, 3)))
    np.testing.assert_array_equal(render_pictures(WORLD, "train", "A", 11, 32, cache_dir=tmp_path), pictures)
    np.testing.assert_array_equal(render_pictures(WORLD, "train", "A", 11, 32, cache_dir=tmp_path), pictures)
    assert [kept.name for kept in tmp_path.iterdir()] == [path.name]


def test_a_changed_drawing_is_not_served_from_the_cache(tmp_path, monkeypatch):
    render_pictures(WORLD, "train", "A", 2, 16, cache_dir=tmp_path)
    monkeypatch.setattr(render, "drawing_version", lambda: "changed")
    render_pictures(WORLD, "train", "A", 2, 16, cache_dir=tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_cache_that_cannot_be_written_only_warns(tmp_path, pictures):
    blocked = tmp_path / "file"
    blocked.write_text("in the way", encoding="utf-8")
    with pytest.warns(UserWarning, match="could not be kept"):
        drawn = render_pictures(WORLD, "train", "A", 11, 32, cache_dir=blocked)
    np.testing.assert_array_equal(drawn, pictures)


def test_clearing_the_cache_leaves_other_files(tmp_path, monkeypatch):
    monkeypatch.setenv("MINICYCLEGAN_CACHE", str(tmp_path))
    assert default_cache_dir() == tmp_path
    render_pictures(WORLD, "train", "A", 2, 16, cache_dir=default_cache_dir())
    (tmp_path / "mine.npz").write_bytes(b"keep")
    assert clear_cache() == 1
    assert [path.name for path in tmp_path.iterdir()] == ["mine.npz"]
