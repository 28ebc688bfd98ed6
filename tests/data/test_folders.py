"""data/folders.py: every way in which people keep their pictures, found by looking, or refused with what was found."""

import subprocess
import sys
from pathlib import Path
from unicodedata import normalize

import pytest
from PIL import Image

from minicyclegan.data.datasets import folder_data
from minicyclegan.data.folders import DataError, find_layout
from tests.conftest import TINY

pytestmark = pytest.mark.filterwarnings("error")

SHARED = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture
def root(tmp_path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    return folder


def draw(root: Path, *names: str, size: tuple[int, int] = (8, 8)) -> None:
    """Pictures by their names below `root`; ".txt" and hidden files hold no picture."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".txt" or path.name.startswith("."):
            path.write_bytes(b"no picture")
        else:
            Image.new("RGB", size, (len(path.name) * 20 % 256, 90, 30)).save(path)


def turn(path: Path) -> None:
    """Marks a picture as taken with the camera on its side."""
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(path) as image:
        image.save(path, exif=exif)


def stems(paths: list[Path]) -> list[str]:
    return [path.stem for path in paths]


def refusal(*folders: Path, pairs: bool = False) -> str:
    with pytest.raises(DataError) as error:
        folder_data(find_layout(list(folders), pairs), 16)
    return str(error.value)


def train(data: Path | list[Path], out: Path, *more: str) -> subprocess.CompletedProcess:
    """Two steps of the smallest network, as a user trains it."""
    folders = [str(folder) for folder in (data if isinstance(data, list) else [data])]
    command = [sys.executable, "-m", "minicyclegan.train", *TINY, "--steps", "2", "--data", *folders]
    return subprocess.run([*command, "--out", str(out), *more], capture_output=True, text=True, timeout=300)


PIX2PIX = ("--model", "pix2pix", "--depth", "4")


def test_train_and_test_of_two_domains(root):
    draw(
        root, "trainA/1.png", "trainA/2.JPG", "trainB/1.png", "testA/9.png", "testB/8.png", "testB/7.Webp", "notes.txt"
    )
    draw(root, "trainA/._1.jpg", "trainB/.hidden.png", "trainB/list.txt", ".cache/1.txt", "truth/testA/1.png")
    layout = find_layout([root])
    assert layout.kind == "unpaired" and layout.notes == []
    assert [stems(paths) for paths in (layout.train_A, layout.train_B, layout.test_A, layout.test_B)] == [
        ["1", "2"], ["1"], ["9"], ["7", "8"]
    ]  # fmt: skip
    assert str(layout) == "2 + 1 pictures, A in trainA/, B in trainB/, unpaired; test: 1 + 2"


def test_train_alone(root):
    draw(root, "trainA/1.png", "trainB/1.png")
    assert str(find_layout([root])) == "1 + 1 pictures, A in trainA/, B in trainB/, unpaired; test: none"


def test_val_is_held_out_where_there_is_no_test(root):
    draw(root, "trainA/1.png", "trainB/1.png", "valA/2.png", "valA/3.png", "valB/4.png")
    layout = find_layout([root])
    assert (stems(layout.test_A), stems(layout.test_B), layout.notes) == (["2", "3"], ["4"], [])
    assert str(layout) == "1 + 1 pictures, A in trainA/, B in trainB/, unpaired; test: 2 + 1"
    draw(root, "testB/5.png", "devB/6.png")
    layout = find_layout([root])
    assert (stems(layout.test_A), stems(layout.test_B)) == (["2", "3"], ["5"])
    assert layout.notes == [f"{root / name}: not used (1 picture)" for name in ("devB", "valB")]


def test_two_plain_folders_in_one(root):
    draw(root, "zebras/a.png", "horses/b.png", "horses/c.png", "notes/list.txt", "__MACOSX/._b.png")
    layout = find_layout([root])
    assert layout.kind == "unpaired" and stems(layout.train_A) == ["b", "c"] and stems(layout.train_B) == ["a"]
    assert str(layout) == "2 + 1 pictures, A in horses/, B in zebras/, unpaired; test: none"


def test_two_plain_folders_by_their_paths(root):
    draw(root, "zebras/a.png", "horses/b.png", "elephants/c.png")
    layout = find_layout([root / "zebras", root / "horses"])
    assert layout.kind == "unpaired" and stems(layout.train_A) == ["a"] and stems(layout.train_B) == ["b"]


@pytest.mark.parametrize(("held_out", "said"), [("val", "1"), ("test", "1"), (None, "none")])
def test_side_by_side(root, held_out, said):
    draw(root, "train/1.jpg", "train/2.png", "train/._1.jpg", size=(16, 8))
    if held_out:
        draw(root, f"{held_out}/3.png", size=(16, 8))
    layout = find_layout([root])
    assert layout.kind == "side by side" and layout.train_A == layout.train_B
    assert str(layout) == f"2 side-by-side pairs, A left, B right, 8 px; test: {said}"


def test_side_by_side_with_val_and_test_is_tried_on_test(root):
    draw(root, "train/1.png", "val/2.png", "test/3.png", size=(16, 8))
    layout = find_layout([root])
    assert stems(layout.test_A) == ["3"] and stems(layout.val_A) == stems(layout.val_B) == ["2"] and layout.notes == []
    (root / "test" / "3.png").unlink()
    assert stems(find_layout([root]).test_A) == ["2"]


def test_side_by_side_pairs_that_are_not_square_are_said_to_be(root):
    draw(root, "train/1.png", size=(20, 8))
    assert "A left, B right, 10 x 8 px" in str(find_layout([root]))


@pytest.mark.parametrize("by_path", [False, True])
def test_paired_by_stem_whatever_the_suffix(root, by_path):
    draw(root, "maps/b.png", "maps/a.JPG", "maps/a-1.png", "photos/a.png", "photos/a-1.jpg", "photos/b.webp")
    layout = find_layout([root / "maps", root / "photos"] if by_path else [root], pairs=True)
    assert layout.kind == "paired" and layout.notes == []
    assert stems(layout.train_A) == stems(layout.train_B) and sorted(stems(layout.train_A)) == ["a", "a-1", "b"]
    assert str(layout) == "3 pairs of files with one name, A in maps/, B in photos/, 8 px; test: none"


def test_folders_named_train_are_never_pairs(root):
    draw(root, "trainA/1.png", "trainB/1.png")
    assert find_layout([root]).kind == "unpaired"
    assert find_layout([root / "trainA", root / "trainB"]).kind == "unpaired"


def test_a_recipe_without_pairs_takes_all_pictures_whatever_their_names(root, tmp_path):
    draw(root, *(f"A/{k}.png" for k in range(4)), *(f"B/{k}.png" for k in range(7)))
    result = train(root, tmp_path / "run")
    assert result.returncode == 0, result.stderr
    said = [line for line in result.stdout.splitlines() if line.startswith(("data:", "note:"))]
    assert said == [
        "data: 4 + 7 pictures, A in A/, B in B/, unpaired; test: none",
        "note: some names are in both folders, but not every picture has its partner: nothing counts as a pair",
    ]
    # Names that agree, of pictures that don't: one more name, another shape, two of one name.
    for name, size in (("A/4.png", (8, 8)), ("A/3.png", (8, 6)), ("A/2.jpg", (8, 8))):
        draw(root, name, size=size)
        layout = find_layout([root / "A", root / "B"])
        assert layout.kind == "unpaired" and len(layout.train_B) == 7


def test_a_recipe_of_pairs_takes_those_there_are_and_lists_the_rest(root, tmp_path):
    draw(root, *(f"A/{k}.png" for k in range(5)), *(f"B/{k}.jpg" for k in range(2, 9)), "B/4.png")
    draw(root, "A/3.png", size=(8, 6))
    result = train(root, tmp_path / "run", *PIX2PIX)
    assert result.returncode == 0, result.stderr
    said = [line for line in result.stdout.splitlines() if line.startswith(("data:", "note:"))]
    A, B = root / "A", root / "B"
    assert said == [
        "data: 1 pair of files with one name, A in A/, B in B/, 8 px; test: none",
        f"note: left out of {A}, no picture of this name in {B}: 2 pictures, 0.png, 1.png",
        f"note: left out of {A}, not the only one of its name, here or in {B}: 1 picture, 4.png",
        f"note: left out of {B}, no picture of this name in {A}: 4 pictures, 5.jpg, 6.jpg, 7.jpg, 8.jpg",
        f"note: left out of {B}, not the only one of its name, here or in {A}: 2 pictures, 4.jpg, 4.png",
        f"note: left out: {A / '3.png'} has 8 x 6 px, but {B / '3.jpg'} has 8 x 8 px",
    ]


def test_a_recipe_of_pairs_needs_one(root, tmp_path):
    draw(root, "A/1.png", "A/2.png", "B/1.png", size=(8, 8))
    draw(root, "B/1.png", size=(8, 6))
    result = train(root, tmp_path / "run", *PIX2PIX)
    lines = result.stderr.splitlines()
    assert result.returncode == 1 and not (tmp_path / "run").exists()
    assert lines[0].startswith(f"error: pix2pix learns from pairs, and in {root} there are none: give train/ with")
    assert lines[2] == f"  left out: {root / 'A' / '1.png'} has 8 x 8 px, but {root / 'B' / '1.png'} has 8 x 6 px"


def test_pictures_of_one_shape_are_pairs_at_any_size(root):
    draw(root, "A/1.png", "A/2.png", size=(8, 6))
    draw(root, "B/1.png", "B/2.png", size=(16, 12))
    assert find_layout([root]).kind == find_layout([root], pairs=True).kind == "paired"


def test_one_name_in_two_spellings_of_unicode_is_one_name(root):
    names = ["Müller", "Ångström", "é", "日本が", "plain"]
    draw(root, *(f"A/{normalize('NFC', name)}.png" for name in names))
    draw(root, *(f"B/{normalize('NFD', name)}.JPG" for name in names))
    layout = find_layout([root], pairs=True)
    assert layout.kind == "paired" and layout.notes == [] and len(layout.train_A) == len(names)
    pairs = zip(layout.train_A, layout.train_B, strict=True)
    assert all(normalize("NFC", a.stem) == normalize("NFC", b.stem) for a, b in pairs)
    assert find_layout([root]).kind == "paired"


def test_the_order_of_pictures_does_not_depend_on_how_unicode_is_spelt(root):
    names = ["ä", "z", "u", "ü", "û"]
    draw(root, *(f"trainA/{normalize('NFC', name)}.png" for name in names))
    draw(root, *(f"trainB/{normalize('NFD', name)}.png" for name in names))
    layout = find_layout([root])
    A, B = ([normalize("NFC", path.stem) for path in paths] for paths in (layout.train_A, layout.train_B))
    assert A == B == sorted(normalize("NFC", name) for name in names)


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ([], "found nothing"),
        (["only/1.png"], "found only/ (1 picture)"),
        (["1.png", "2.png"], "found 2 pictures"),
        (["a/1.png", "b/1.png", "c/1.png"], "found a/ (1 picture), b/ (1 picture), c/ (1 picture)"),
        (["a/1.png", "b/2.png", "3.png"], "found a/ (1 picture), b/ (1 picture), 1 picture"),
        (["trainA/1.png"], "no folder trainB/; found trainA/ (1 picture)"),
        (["testA/1.png", "testB/2.png"], "no folder trainA/; found testA/ (1 picture), testB/ (1 picture)"),
        (["trainA/1.png", "trainB/notes.txt"], "trainB: no pictures in it"),
        (["val/1.png", "test/1.png"], "no pictures in train/; found test/ (1 picture), val/ (1 picture)"),
        (["train/A/1.png", "train/B/2.png"], "no pictures in train/; found train/ (no pictures)"),
        (["trainA/1.png", "trainB/1.png", "train/1.png"], "mixed layouts: train/ (1 picture), trainA/ (1 picture)"),
        (
            ["trainA/1.png", "trainB/1.png", "val/1.png"],
            "mixed layouts: trainA/ (1 picture), trainB/ (1 picture), val/",
        ),
        (
            ["trainA/1.png", "trainB/1.png", "1.png"],
            "mixed layouts: trainA/ (1 picture), trainB/ (1 picture), 1 picture",
        ),
        (["train/1.png", "1.png"], "mixed layouts: train/ (1 picture), 1 picture"),
        ([f"{k}/1.png" for k in range(10)], "7/ (1 picture), 2 more folders"),
    ],
)
def test_what_is_no_layout_or_two_is_refused_with_what_was_found(root, names, found):
    draw(root, *names)
    message = refusal(root)
    assert message.startswith(str(root)) and found in message and "\n" not in message


def test_folders_that_are_none(root):
    draw(root, "a/1.png", "b/1.png")
    assert refusal(root / "c") == f"{root / 'c'}: no such folder"
    assert refusal(root / "a", root / "c") == f"{root / 'c'}: no such folder"
    assert refusal(root / "a" / "1.png") == f"{root / 'a' / '1.png'}: a file, not a folder"
    assert "one folder, given as both A and B" in refusal(root / "a", root / "b" / ".." / "a")
    assert "not 3" in refusal(root / "a", root / "b", root / "a")
    (root / "empty").mkdir()
    assert refusal(root / "a", root / "empty").startswith(f"{root / 'empty'}: no pictures in it")


def test_all_broken_pairs_are_listed_at_once(root):
    draw(root, *(f"A/{k}.png" for k in range(8)), *(f"B/{k}.jpg" for k in range(8)), "A/lone.png")
    (root / "A" / "2.png").write_bytes(b"")  # its header can't be read
    whole = (root / "A" / "6.png").read_bytes()
    (root / "A" / "6.png").write_bytes(whole[:-30])  # its header can, its pixels can't
    (root / "A" / "lone.png").write_bytes(b"")  # left out anyway
    assert refusal(root, pairs=True).splitlines() == [
        "2 problems; mend or remove these files:",
        f"  {root / 'A' / '2.png'}: an empty file",
        f"  {root / 'A' / '6.png'}: broken picture (image file is truncated)",
    ]


def test_the_sizes_of_pairs_are_compared_upright(root):
    draw(root, "A/1.png", size=(8, 6))
    draw(root, "B/1.jpg", size=(6, 8))
    turn(root / "B" / "1.jpg")
    assert find_layout([root], pairs=True).kind == "paired"
    turn(root / "A" / "1.png")
    assert find_layout([root], pairs=True).notes == [
        f"left out: {root / 'A' / '1.png'} has 6 x 8 px, but {root / 'B' / '1.jpg'} has 8 x 6 px"
    ]


def test_side_by_side_files_without_two_halves_are_listed(root):
    draw(root, "train/even.png", "train/fine.png", size=(16, 8))
    draw(root, "train/odd.png", "test/odd.png", size=(15, 7))
    draw(root, "train/single.jpg", size=(8, 8))
    draw(root, "train/turned.jpg", size=(16, 8))
    turn(root / "train" / "turned.jpg")
    (root / "train" / "broken.png").write_bytes(b"\x89PNG")
    lines = refusal(root).splitlines()
    halves = "a side-by-side pair has an even width and is wider than high"
    assert lines[0] == "5 problems; mend or remove these files:"
    assert sorted(lines[1:-1]) == sorted([
        f"  {root / 'train' / 'odd.png'}: 15 x 7 px; {halves}",
        f"  {root / 'test' / 'odd.png'}: 15 x 7 px; {halves}",
        f"  {root / 'train' / 'single.jpg'}: 8 x 8 px; {halves}",
        f"  {root / 'train' / 'turned.jpg'}: 8 x 16 px; {halves}",
        f"  {root / 'train' / 'broken.png'}: not a picture that Pillow can read",
    ])  # fmt: skip
    assert lines[-1] == "if they are single pictures, sort them into trainA/ and trainB/"


@pytest.mark.parametrize("names", [["train/1.png"], ["a/1.png", "b/1.png"], ["trainA/1.png", "trainB/1.png"]])
def test_a_broken_header_is_one_clear_error(root, names):
    draw(root, *names)
    for name in names:
        (root / name).write_bytes(b"\x89PNG\r\n")
    lines = refusal(root).splitlines()
    assert lines[0] == f"{len(names)} problem{'s' * (len(names) > 1)}; mend or remove these files:"
    assert lines[1:] == [f"  {root / name}: not a picture that Pillow can read" for name in names]


def test_a_link_to_nothing_is_a_broken_picture(root):
    draw(root, "trainA/1.png", "trainB/1.png")
    (root / "trainA" / "2.png").symlink_to(root / "gone.png")
    assert refusal(root).splitlines()[1:] == [f"  {root / 'trainA' / '2.png'}: no such file"]


def test_the_command_lists_broken_files_and_leaves_no_run(root, tmp_path):
    draw(root, "trainA/1.png", "trainA/2.png", "trainB/1.png")
    (root / "trainA" / "2.png").write_bytes(b"GIF89a")
    result = train(root, tmp_path / "run")
    assert result.returncode == 1 and "Traceback" not in result.stderr and not (tmp_path / "run").exists()
    assert f"{root / 'trainA' / '2.png'}: not a picture that Pillow can read" in result.stderr


def test_names_that_the_console_cannot_show_are_shown_all_the_same(root, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "cp1252")
    draw(root, "A/1.png", "B/1.png", f"B/{normalize('NFD', 'ü')}.png", "B/日.png")
    result = train(root, tmp_path / "run", *PIX2PIX)
    assert result.returncode == 0, result.stderr
    assert r"2 pictures, u\N{COMBINING DIAERESIS}.png, \N{CJK UNIFIED IDEOGRAPH-65E5}.png" in result.stdout


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("facades", "400 side-by-side pairs, A left, B right, 256 px; test: 80"),
        ("edges2shoes", "100 side-by-side pairs, A left, B right, 256 px; test: 20"),
        ("apple2orange_64", "500 + 500 pictures, A in trainA/, B in trainB/, unpaired; test: 100 + 100"),
    ],
)
def test_real_data_sets(name, said):
    if not (SHARED / name).is_dir():
        pytest.skip(f"{SHARED / name} is not on this machine")
    assert str(find_layout([SHARED / name])) == said
