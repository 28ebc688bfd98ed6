"""files.py: written whole or not at all, named when the disk is full, locked for as long as a process lives."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from minicyclegan.files import WriteError, locked, whole_file
from minicyclegan.training.checkpoint import load_checkpoint, save_checkpoint

full_disk = pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="Linux alone has a file on which no space is left"
)


def test_a_file_takes_the_others_place_at_the_end(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    with whole_file(path) as file:
        file.write(b"new")
        assert path.read_text() == "old"
    assert path.read_text() == "new" and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("failure", [KeyboardInterrupt, ValueError, MemoryError])
def test_what_fails_leaves_the_old_file_and_its_own_error(tmp_path, failure):
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(failure), whole_file(path) as file:
        file.write(b"half")
        raise failure
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


@full_disk
@pytest.mark.parametrize("numbers", [0, 1, 100, 10_000, 1_000_000])
def test_a_checkpoint_on_a_full_disk(tmp_path, numbers):
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, {"step": 1})
    (tmp_path / "checkpoint.pt.part").symlink_to("/dev/full")
    with pytest.raises(WriteError) as failed:
        save_checkpoint(path, {"step": 2, "weights": torch.zeros(numbers)})
    assert str(failed.value) == f"{path}: can't be written: no space left on device"
    assert load_checkpoint(path)["step"] == 1 and list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_gone_is_named(tmp_path):
    for context in (whole_file(tmp_path / "away/file"), locked(tmp_path / "away/file", "")):
        with pytest.raises(WriteError, match="away/file: can't be written: no such file or directory"), context:
            pass


def holding(path: Path) -> subprocess.Popen:
    """Another process that has the lock."""
    code = f"from minicyclegan.files import locked; from pathlib import Path\nwith locked(Path({str(path)!r}), 'no'):"
    child = subprocess.Popen([sys.executable, "-c", f"{code} print(); input()"], stdin=-1, stdout=-1)
    child.stdout.readline()
    return child


@pytest.mark.parametrize("end", ["leaves", "is killed"])
def test_a_lock_is_one_processs_until_it_ends_however_it_ends(tmp_path, end):
    path = tmp_path / "log"
    path.write_text("kept")
    other = holding(path)
    for _ in range(2):
        with pytest.raises(BlockingIOError, match="taken, wait"), locked(path, "taken, wait"):
            pass
    if end == "leaves":
        other.communicate(b"\n")
    else:
        os.kill(other.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        other.wait()
    with locked(path, "taken"), pytest.raises(BlockingIOError), locked(path, "taken"):
        pass
    assert path.read_text() == "kept" and list(tmp_path.iterdir()) == [path]
