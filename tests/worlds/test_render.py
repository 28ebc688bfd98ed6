"""Many pictures at once: processes, progress and the cache change how fast they come, never what they are."""

import dataclasses
import os
import subprocess
import sys

import numpy as np
import pytest

from minicyclegan.worlds import clear_cache, default_cache_dir, get_world, render, render_pictures
from minicyclegan.worlds.base import draw_scene
from tests.conftest import TINY

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
    with pytest.raises(render.DrawingError, match=r"a drawing process failed \(1\) at pictures"):
        render_pictures(WORLD, "train", "A", 20, 16, workers=2)


OUT_OF_MEMORY, KILLED = "raise MemoryError", "os.kill(os.getpid(), signal.SIGKILL)"


def sabotage(folder, monkeypatch, what: str) -> None:
    """Drawing processes, which a real one starts, do `what` instead of drawing."""
    lines = "import os, signal, numpy as np", "import minicyclegan.worlds.render as render", f"def stop(*_): {what}"
    (folder / "sitecustomize.py").write_text("\n".join([*lines, "render.draw_range = stop\n"]))
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)


@pytest.mark.parametrize(
    ("what", "said"),
    [(OUT_OF_MEMORY, "20 pictures of 16 px (horse2zebra) are too large for the memory"), (KILLED, "ended by signal 9")],
)
def test_a_process_without_memory_is_one_line(tmp_path, monkeypatch, capfd, what, said):
    sabotage(tmp_path, monkeypatch, what)
    with pytest.raises(render.DrawingError) as error:
        render_pictures(WORLD, "train", "A", 20, 16, workers=2)
    assert said in str(error.value) and capfd.readouterr().err == ""


def test_training_on_pictures_that_cannot_be_drawn_is_one_line(tmp_path, monkeypatch):
    sabotage(tmp_path, monkeypatch, OUT_OF_MEMORY)
    command = [sys.executable, "-m", "minicyclegan.train", *TINY, "--pictures", "20", "--out", tmp_path / "run"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert result.returncode == 1 and not (tmp_path / "run").exists() and "Traceback" not in result.stderr
    last = result.stderr.replace("\r", "\n").splitlines()[-1]
    assert last.startswith("error: 20 pictures of 36 px (horse2zebra) are too large for the memory; ask for fewer")


def test_more_pictures_than_the_memory_holds_are_refused_before_any_is_drawn(tmp_path):
    command = [
        sys.executable,
        "-m",
        "minicyclegan.train",
        *TINY,
        "--pictures",
        "1000000000",
        "--out",
        tmp_path / "run",
    ]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert result.returncode == 1 and len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("error: the pictures of horse2zebra need ") and "GB of memory" in result.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc, which is Linux's")
def test_a_drawing_process_has_one_thread(tmp_path, monkeypatch):
    for name in render.BLAS_THREADS:
        monkeypatch.setenv(name, "3")
    multiply = "np.ones((512, 512)) @ np.ones((512, 512))"
    count = "np.full((8, 16, 16, 3), len(os.listdir('/proc/self/task')), np.uint8)"
    sabotage(tmp_path, monkeypatch, f"{multiply}; return {count}")
    assert (render_pictures(WORLD, "train", "A", 16, 16, workers=2) == 1).all()


def test_no_pictures_are_an_empty_array():
    assert render_pictures(WORLD, "test", "B", 0, 16).shape == (0, 16, 16, 3)


@pytest.mark.parametrize(
    "wrong", [{"split": "validation"}, {"domain": "C"}, {"count": -1}, {"size": 0}, {"workers": 0}]
)
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
