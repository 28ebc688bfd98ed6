"""python -m minicyclegan.doctor as a user runs it, on folders with whatever is in folders."""

import os
import shlex
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from minicyclegan import train
from minicyclegan.data.datasets import open_data
from minicyclegan.data.folders import DataError
from minicyclegan.doctor import main
from minicyclegan.training import loop
from tests.data.picture_files import png_chunk
from tests.data.test_doctor import SHARED, picture, real, shapes, side_by_side, unpaired


def doctor(*folders: object, cwd: Path | None = None, **options: object) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "minicyclegan.doctor", *map(str, folders)]
    result = subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=300, **options)
    assert "Traceback" not in result.stderr, result.stderr
    return result


def test_a_sound_folder_is_described_and_a_command_proposed(tmp_path):
    result = doctor(unpaired(tmp_path / "set", 60))
    assert result.returncode == 0
    assert result.stdout.splitlines() == [
        "60 + 60 pictures, A in trainA/, B in trainB/, unpaired; test: 60 + 60",
        *(f"{name}: 60 files, 60 PNG, 96 x 80 px, colour" for name in ("train A", "train B", "test A", "test B")),
        "proposed:",
        f"  python -m minicyclegan.train --preset photos --data {tmp_path}/set --load-size 80 --size 68",
        "  with --plan, it says what memory and time that takes, and trains nothing",
        "  mirror images are shown too: add --no-flip where there is writing, or left and right matter",
        "nothing here would stop a training",
    ]
    assert "looking at pictures: 100%" in result.stderr


def bomb() -> bytes:
    """A picture of 40 thousand million pixels in a few hundred bytes."""
    header = struct.pack(">IIBBBBB", 200_000, 200_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(bytes(1000)))


def messy(root: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Puts into trainA what may lie in folders. Returns what stops a training, and what should be known, by name."""
    A = unpaired(root) / "trainA"
    jpeg = io_bytes(picture(0), "JPEG")
    (A / "empty.jpg").touch()
    (A / "cut.jpg").write_bytes(jpeg[: len(jpeg) // 2])
    (A / "text.jpg").write_text("hello", encoding="utf-8")
    (A / "bomb.png").write_bytes(bomb())
    picture(20, (20_000, 4)).save(A / "thin.png")
    broken = {
        "empty.jpg": "an empty file",
        "cut.jpg": "broken picture (image file is truncated",
        "text.jpg": "not a picture that Pillow can read",
        "bomb.png": "more than 89 million pixels, refused; make a smaller copy",
        "thin.png": "20000 x 4 px, too long and thin; cut it",
    }
    if os.name != "nt":
        (A / "circle.png").symlink_to("circle.png")
        (A / "lost.png").symlink_to("nowhere.png")
        (A / "above").symlink_to("..")
        os.mkfifo(A / "pipe.png")
        broken |= {"circle.png": "", "lost.png": "no such file"}
    (A / "folder.png").mkdir()
    Image.new("RGB", (64, 64), (9, 9, 9)).save(A / "flat.png")
    picture(21, (9, 7)).save(A / "tiny.png")
    picture(22, (5000, 4000)).save(A / "giant.jpg")
    Image.fromarray(np.random.default_rng(0).integers(0, 65536, (40, 40), np.uint16)).save(A / "deep.png")
    picture(23).save(A / "pages.tif", save_all=True, append_images=[picture(24)])
    picture(25).convert("RGBA").save(A / "clear.png")
    turned = Image.Exif()
    turned[274] = 6
    turned.get_ifd(0x8769).update({40962: 96, 40963: 80})
    picture(26, (80, 96)).save(A / "twice.jpg", exif=turned)
    picture(27, (80, 96)).transpose(Image.Transpose.ROTATE_90).save(A / "once.jpg", exif=turned)
    (A / "damaged exif.jpg").write_bytes(io_bytes(picture(28), "JPEG").replace(b"JFIF", b"Exif", 1))
    picture(1).save(A / "again.png")
    said = {
        "flat.png": "one colour all over",
        "tiny.png": "small: training enlarges them",
        "giant.jpg": "over 16 million pixels",
        "deep.png": "more than 8 bits a channel",
        "pages.tif": "only the first of several pictures",
        "clear.png": "transparent parts",
        "twice.jpg": "turned twice, it seems",
        "again.png": "copies of others in train A",
    }
    return broken, said


def io_bytes(image: Image.Image, kind: str) -> bytes:
    from tests.data.picture_files import encoded

    return encoded(image, kind)


def test_everything_that_lies_in_folders_is_named_and_nothing_is_a_traceback(tmp_path):
    broken, said = messy(tmp_path / "set")
    result = doctor(tmp_path / "set")
    assert result.returncode == 1
    blocks: dict[str, list[str]] = {}
    title = ""
    for line in result.stdout.splitlines():
        if line.startswith("  "):
            blocks[title].append(line.strip())
        else:
            title = line
            blocks[title] = []
    (problem,) = (title for title in blocks if title.startswith("problem: "))
    assert problem == f"problem: can't be used; mend or remove ({len(broken)}):"
    for name, reason in broken.items():
        assert [line for line in blocks[problem] if f"/{name}: {reason}" in line], name
    for name, reason in said.items():
        (title,) = (title for title in blocks if title.startswith(f"warning: {reason}"))
        assert f"/trainA/{name}" in blocks[title][0] and len(blocks[title]) == 1, blocks[title]
    assert "once.jpg" not in result.stdout
    # What it names is what training stops at; without these, training begins.
    assert train_stops_at(tmp_path / "set") == set(broken)
    for name in broken:
        (tmp_path / "set/trainA" / name).unlink()
    assert doctor(tmp_path / "set").returncode == 0
    assert train_stops_at(tmp_path / "set") == set()


def train_stops_at(folder: Path) -> set[str]:
    try:
        open_data([str(folder)], 64, 1, shorter_side=256)
    except DataError as error:
        if "too large" in str(error):  # stops at the first one
            thin = folder / "trainA/thin.png"
            thin.rename(folder / "thin.txt")
            found = train_stops_at(folder) | {"thin.png"}
            (folder / "thin.txt").rename(thin)
            return found
        return {line.split(": ")[0].rsplit("/", 1)[-1] for line in str(error).splitlines() if line.startswith("  ")}
    return set()


def test_what_a_run_would_validate_on_is_looked_at(tmp_path):
    root = unpaired(tmp_path / "set")
    for split in ("valA", "valB"):
        (root / split).mkdir()
        picture(200 + ord(split[-1])).save(root / split / "a.png")
    (root / "valA/broken.png").write_bytes(b"no picture")
    result = doctor(root)
    assert result.returncode == 1 and f"{root / 'valA/broken.png'}: " in result.stdout
    assert "val A: 2 files" in result.stdout
    with pytest.raises(DataError, match=r"broken\.png"):  # where training would stop, too
        open_data([str(root)], 64, 1, validation=4)


@pytest.mark.skipif(os.name == "nt" or sys.platform == "darwin", reason="names that are no text: Linux alone")
def test_strange_names(tmp_path):
    root = unpaired(tmp_path / "a set; $HOME 'x'")
    for name in (b"new\nline.png", b"\xff\xfe.png", b"\x1b[31mred.png", "Grüße 馬.png".encode(), b"-x.png"):
        with open(os.path.join(os.fsencode(root), b"trainA", name), "wb") as file:
            file.write(b"not a picture")
    for environment in ({}, {"PYTHONIOENCODING": "ascii"}):
        result = doctor(root, env=os.environ | environment)
        assert result.returncode == 1 and "can't be used; mend or remove (5)" in result.stdout
        assert "\x1b[31m" not in result.stdout and "\\x1b[31mred.png" in result.stdout


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="whoever is root may read everything")
def test_files_that_may_not_be_read(tmp_path):
    root = unpaired(tmp_path / "set")
    (root / "trainA/0.png").chmod(0)
    result = doctor(root)
    assert result.returncode == 1 and "trainA/0.png: Permission denied" in result.stdout


@pytest.mark.parametrize("arguments", [[], ["a", "b", "c"], ["--wrong"]])
def test_usage_errors_are_status_2(tmp_path, arguments):
    result = doctor(*arguments, cwd=tmp_path)
    assert result.returncode == 2 and len(result.stderr.splitlines()) <= 3


def test_what_is_no_data_set_is_one_line_and_status_1(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    for arguments in (["nothing"], ["empty"], ["file"], ["empty", "empty"], ["empty", "nothing"], ["horse2zebra"]):
        result = doctor(*arguments, cwd=tmp_path)
        assert result.returncode == 1 and result.stderr.startswith("error: ") and result.stderr.count("\n") == 1


def test_nothing_that_can_be_read(tmp_path):
    for folder in ("trainA", "trainB"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.png").touch()
    result = doctor(tmp_path)
    assert result.returncode == 1 and "train A: no picture that can be read" in result.stdout
    assert "proposed" not in result.stdout


def test_side_by_side_pairs_that_are_none(tmp_path):
    root = side_by_side(tmp_path, list(range(8)))
    shapes(0).resize((64, 128)).save(root / "train/upright.png")
    Image.new("RGB", (127, 60)).save(root / "train/odd.png")
    result = doctor(root)
    assert result.returncode == 1
    for name, size in (("upright", "64 x 128"), ("odd", "127 x 60")):
        assert f"train/{name}.png: {size} px; a side-by-side pair has an even width and is wider" in result.stdout


def test_folders_that_are_nearly_pairs(tmp_path):
    """A portrait among landscapes, and a picture without partner: listed, since pix2pix would leave them out."""
    for folder in ("A", "B"):
        (tmp_path / folder).mkdir()
        for number in range(6):
            shapes(number).resize((60, 40)).save(tmp_path / folder / f"{number}.png")
    shapes(3).resize((40, 60)).save(tmp_path / "B/3.png")
    (tmp_path / "B/5.png").rename(tmp_path / "B/five.png")
    result = doctor("A", "B", cwd=tmp_path)
    assert result.returncode == 0
    assert "warning: if these are to be pairs, for pix2pix, 4 are, without (3):" in result.stdout
    assert "left out: A/3.png has 60 x 40 px, but B/3.png has 40 x 60 px" in result.stdout
    assert "left out of A, no picture of this name in B: 1 picture, 5.png" in result.stdout


@pytest.mark.parametrize("size", [(20, 20), (40, 40), (70, 90), (150, 130), (300, 260)])
@pytest.mark.parametrize("layout", ["unpaired", "side by side", "two folders"])
def test_the_proposed_command_works(tmp_path, size, layout, capsys, monkeypatch):
    names = ["horse2zebra"]  # which is a world, too
    if layout == "two folders":
        names = ["-a", "b c"]
    for number in range(3):
        one, two = picture(number, size), picture(number + 9, size)
        if layout == "side by side":
            pair = Image.new("RGB", (2 * size[0], size[1]))
            pair.paste(one)
            pair.paste(two, (size[0], 0))
            if 2 * size[0] <= size[1]:
                pytest.skip("no side-by-side pair")
            save(pair, tmp_path / f"horse2zebra/train/{number}.png")
        elif layout == "unpaired":
            save(one, tmp_path / f"horse2zebra/trainA/a{number}.png")
            save(two, tmp_path / f"horse2zebra/trainB/b{number}.png")
        else:
            save(one, tmp_path / f"-a/{number}.png")
            save(two, tmp_path / f"b c/{number}.png")
    monkeypatch.chdir(tmp_path)
    assert main([f"./{name}" for name in names] if layout == "two folders" else names) == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if "minicyclegan.train" in line)
    words = shlex.split(line)
    assert words[:3] == ["python", "-m", "minicyclegan.train"]
    reached = []
    monkeypatch.setattr("minicyclegan.training.jobs.train", lambda run: reached.append(first_step(run)) or 0)
    assert train.main([*words[3:], "--device", "cpu"]) == 0 and reached == [True]
    assert "embedded world" not in capsys.readouterr().out


def save(image: Image.Image, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)


def first_step(run: loop.Run) -> bool:
    """Whether the networks take what the data give."""
    order = loop.PairedBatches if run.model.config.paired else loop.UnpairedBatches
    batches = order(run.data.train_A, run.data.train_B, run.config.size, run.config.seed)
    losses = run.model.step(*batches.batch(0, run.config.batch))
    return all(loss.isfinite() for loss in losses.values())


@real
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("facades", "--model pix2pix --size 128"),
        ("edges2shoes", "--model pix2pix --size 128 --no-flip"),
        ("ukiyoe2photo", "--load-size 256 --size 96"),
        ("apple2orange_64", "--load-size 64 --size 56"),
    ],
)
def test_real_sets_are_sound_and_their_proposals_fit(name, options):
    result = doctor(SHARED / name)
    assert result.returncode == 0 and f"--data {SHARED / name} {options}\n" in result.stdout
    warnings = [line for line in result.stdout.splitlines() if line.startswith(("warning", "problem"))]
    doubles = ["warning: copies of others in train A (4):", "warning: copies of others in train B (2):"]
    assert warnings == (doubles if name == "apple2orange_64" else [])
