"""How people keep their pictures on disk: the layout is found by looking, and said aloud in one line."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from unicodedata import normalize

from minicyclegan.data.colours import PictureError
from minicyclegan.data.images import find_pictures, picture_size

Kind = Literal["unpaired", "paired", "side by side"]

WANTED = (
    "expected trainA/ and trainB/ (testA/, testB/ or valA/, valB/ if you have them), or two folders of pictures "
    "(pairs, if their names agree), or train/ (and test/ or val/) with side-by-side pairs"
)
UNPAIRED = ("trainA", "trainB", "testA", "testB", "valA", "valB")
NAMED = 200  # of the pictures that are left out, in one line


class DataError(ValueError):
    """Data that can't be trained on; the message names the folders or files, what is wrong and what to do."""


@dataclass(frozen=True)
class Layout:
    """Where a data set's pictures are. Side by side, `A` and `B` name the same files: left and right half.

    kind    "unpaired"; "paired": two files by one name; "side by side": one file with A left and B right
    test    val/ (valA/, valB/) stands in for a test/ that is missing; beside one, it is what training validates on
    notes   what of the folders is not used, and why, a line each
    """

    kind: Kind
    train_A: list[Path]
    train_B: list[Path]
    test_A: list[Path] = field(default_factory=list)
    test_B: list[Path] = field(default_factory=list)
    val_A: list[Path] = field(default_factory=list)
    val_B: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """One line for the user."""
        train, test = (len(self.train_A), len(self.train_B)), (len(self.test_A), len(self.test_B))
        names = f"A in {self.train_A[0].parent.name}/, B in {self.train_B[0].parent.name}/"
        if self.kind == "unpaired":
            held_out = f"{test[0]} + {test[1]}" if any(test) else "none"
            return f"{train[0]} + {train[1]} pictures, {names}, unpaired; test: {held_out}"
        pairs = "pair" if train[0] == 1 else "pairs"
        what = f"side-by-side {pairs}, A left, B right{_in_words(self.train_A[0], halves=2)}"
        if self.kind == "paired":
            what = f"{pairs} of files with one name, {names}{_in_words(self.train_A[0])}"
        return f"{train[0]} {what}; test: {test[0] or 'none'}"


def find_layout(folders: list[Path], pairs: bool = False) -> Layout:
    """The layout of one data set folder, or of two plain folders of pictures (A, then B).

    pairs   whether pairs are needed: of two plain folders, those that there are by name are taken, without the rest;
            otherwise names never leave a picture out
    Raises DataError with what was found where it is no layout or could be two.
    """
    try:
        for folder in folders:
            if not folder.is_dir():
                raise DataError(f"{folder}: {'a file, not a folder' if folder.exists() else 'no such folder'}")
        if len(folders) == 2:
            return _two_folders(*folders, pairs)
        if len(folders) == 1:
            return _one_folder(folders[0], pairs)
    except OSError as error:
        raise DataError(f"{error.filename}: {error.strerror}") from None
    raise DataError(f"one data set folder or two plain folders of pictures, not {len(folders)}")


def same_name(path: Path) -> str:
    """The file's name in the one of Unicode's spellings that is the same for all: a Mac writes ü as u and two dots."""
    return normalize("NFC", path.name)


def _pictures(folder: Path) -> list[Path]:
    """In an order that does not depend on the system that the folder lies on."""
    return sorted(find_pictures(folder), key=same_name)


def _one_folder(root: Path, pairs: bool) -> Layout:
    below = {path.name: path for path in sorted(root.iterdir()) if path.is_dir() and not path.name.startswith(".")}
    loose = find_pictures(root)
    unpaired = below.keys() & set(UNPAIRED)
    side_by_side = below.keys() & {"train", "val", "test"}
    if (loose and (unpaired or side_by_side)) or (unpaired and any(find_pictures(below[n]) for n in side_by_side)):
        raise DataError(f"{root}: mixed layouts: {_inventory(root)}; keep one of them; {WANTED}")
    with_pictures = [path for path in below.values() if find_pictures(path)]
    if unpaired:
        layout = _train_and_test(root, below)
    elif side_by_side:
        layout = _side_by_side(root, below)
    elif len(with_pictures) == 2 and not loose:
        layout = _two_folders(*with_pictures, pairs)
    else:
        raise DataError(f"{root}: found {_inventory(root)}; {WANTED}")
    sets = (layout.train_A, layout.train_B, layout.test_A, layout.test_B, layout.val_A, layout.val_B)
    used = {paths[0].parent for paths in sets if paths}
    for folder in with_pictures:
        if folder not in used:
            layout.notes.append(f"{folder}: not used ({_count(len(find_pictures(folder)))})")
    return layout


def _train_and_test(root: Path, below: dict[str, Path]) -> Layout:
    for name in ("trainA", "trainB"):
        if name not in below:
            raise DataError(f"{root}: no folder {name}/; found {_inventory(root)}")
        if not find_pictures(below[name]):
            raise DataError(f"{below[name]}: no pictures in it")
    found = {name: _pictures(below[name]) if name in below else [] for name in UNPAIRED}
    train, test, val = ([found[f"{split}{x}"] for x in "AB"] for split in ("train", "test", "val"))
    return Layout("unpaired", *train, *_held_out(test, val))


def _side_by_side(root: Path, below: dict[str, Path]) -> Layout:
    train, val, test = (_pictures(below[name]) if name in below else [] for name in ("train", "val", "test"))
    if not train:
        raise DataError(f"{root}: no pictures in train/; found {_inventory(root)}; {WANTED}")
    return Layout("side by side", train, train, *_held_out([test] * 2, [val] * 2))


def _held_out(test: list[list[Path]], val: list[list[Path]]) -> list[list[Path]]:
    """test_A, test_B, val_A, val_B: what `evaluate` measures on, and what training validates on, never share a file."""
    return [*(t or v for t, v in zip(test, val, strict=True)), *(val if all(test) and all(val) else ([], []))]


def _two_folders(folder_A: Path, folder_B: Path, pairs: bool) -> Layout:
    if folder_A.samefile(folder_B):
        raise DataError(f"{folder_A}, {folder_B}: one folder, given as both A and B")
    A, B = _pictures(folder_A), _pictures(folder_B)
    for folder, pictures in ((folder_A, A), (folder_B, B)):
        if not pictures:
            raise DataError(f"{folder}: no pictures in it; {WANTED}")
    of_A, of_B = _by_stem(A), _by_stem(B)
    shared = sorted(of_A.keys() & of_B.keys())
    if not shared or (folder_A.name, folder_B.name) == ("trainA", "trainB"):
        return Layout("unpaired", A, B)
    left_out = _left_out(of_A, of_B, folder_A, folder_B) + _left_out(of_B, of_A, folder_B, folder_A)
    agreeing = []
    for a, b in ((*of_A[stem], *of_B[stem]) for stem in shared if len(of_A[stem]) == len(of_B[stem]) == 1):
        size_A, size_B = _size(a), _size(b)
        if size_A and size_B and size_A[0] * size_B[1] != size_B[0] * size_A[1]:
            left_out.append(f"left out: {a} has {_px(size_A)}, but {b} has {_px(size_B)}")
        else:
            agreeing.append((a, b))
    if agreeing and (pairs or not left_out):
        advice = (
            "every name is in both folders, so these count as pairs (the truth in samples and figures); if they are "
            "none, call the folders trainA and trainB"
        )
        notes = left_out if pairs else [advice]
        return Layout("paired", [a for a, _ in agreeing], [b for _, b in agreeing], notes=notes)
    if not pairs:
        left_out = ["some names are in both folders, but not every picture has its partner: nothing counts as a pair"]
    return Layout("unpaired", A, B, notes=left_out)


def _by_stem(pictures: list[Path]) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in pictures:
        found.setdefault(normalize("NFC", path.stem), []).append(path)
    return found


def _left_out(here: dict[str, list[Path]], there: dict[str, list[Path]], folder: Path, other: Path) -> list[str]:
    """Of a folder's pictures by their stems, those that have no partner in the other folder, or no single one."""
    alone = [path.name for stem in here if stem not in there for path in here[stem]]
    doubtful = [
        path.name for stem in here if stem in there and len(here[stem] + there[stem]) > 2 for path in here[stem]
    ]
    reasons = {
        f"no picture of this name in {other}": alone,
        f"not the only one of its name, here or in {other}": doubtful,
    }
    return [f"left out of {folder}, {reason}: {_listed(names)}" for reason, names in reasons.items() if names]


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{_count(len(names))}, {', '.join(names[:NAMED])}{more}"


def _px(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]} px"


def _in_words(path: Path, halves: int = 1) -> str:
    """ ", 256 px", or nothing where the file can't be read: that is reported when its pixels are needed."""
    if (size := _size(path)) is None:
        return ""
    width, height = size[0] // halves, size[1]
    return f", {height} px" if width == height else f", {_px((width, height))}"


def _size(path: Path) -> tuple[int, int] | None:
    """Width and height; None for a file that can't be read: these are reported when their pixels are needed."""
    try:
        return picture_size(path)
    except PictureError:
        return None


def _inventory(root: Path) -> str:
    """What lies in a folder, in words: "train/ (400 pictures), notes/ (no pictures), 3 pictures"."""
    folders = sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    found = [f"{path.name}/ ({_count(len(find_pictures(path)))})" for path in folders[:8]]
    found += [f"{len(folders) - 8} more folders"] if len(folders) > 8 else []
    loose = len(find_pictures(root))
    return ", ".join(found + ([_count(loose)] if loose else [])) or "nothing"


def _count(pictures: int) -> str:
    return f"{pictures or 'no'} picture{'' if pictures == 1 else 's'}"
