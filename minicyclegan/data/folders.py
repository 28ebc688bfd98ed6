"""How people keep their pictures on disk: the layout is found by looking, and said aloud in one line."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from minicyclegan.data.colours import PictureError
from minicyclegan.data.images import find_pictures, picture_size

Kind = Literal["unpaired", "paired", "side by side"]

WANTED = (
    "expected trainA/ and trainB/ (testA/, testB/ if you have them), or two folders of pictures (pairs, if their names "
    "agree), or train/ (and test/ or val/) with side-by-side pairs"
)


class DataError(ValueError):
    """Data that can't be trained on; the message names the folders or files, what is wrong and what to do."""


@dataclass(frozen=True)
class Layout:
    """Where a data set's pictures are. Side by side, `A` and `B` name the same files: left and right half.

    kind       "unpaired"; "paired": two files by one stem; "side by side": one file with A left and B right
    problems   pairs that are none, a line each; the rest is fine, so that broken files can be listed with them
    advice     what to do about the problems if the layout is not what it looks like
    """

    kind: Kind
    train_A: list[Path]
    train_B: list[Path]
    test_A: list[Path] = field(default_factory=list)
    test_B: list[Path] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    advice: str = ""

    def __str__(self) -> str:
        """One line for the user. Raises DataError if the first pair of a paired set can't be read."""
        train, test = (len(self.train_A), len(self.train_B)), (len(self.test_A), len(self.test_B))
        names = f"A in {self.train_A[0].parent.name}/, B in {self.train_B[0].parent.name}/"
        if self.kind == "unpaired":
            held_out = f"{test[0]} + {test[1]}" if any(test) else "none"
            return f"{train[0]} + {train[1]} pictures, {names}, unpaired; test: {held_out}"
        try:
            width, height = picture_size(self.train_A[0])
        except PictureError as error:
            raise DataError(str(error)) from None
        if self.kind == "side by side":
            width //= 2
        size = f"{height} px" if width == height else f"{width} x {height} px"
        if self.kind == "side by side":
            return f"{train[0]} side-by-side pairs, A left, B right, {size}; test: {test[0] or 'none'}"
        return f"{train[0]} pairs of files with one name, {names}, {size}; test: {test[0] or 'none'}"


def find_layout(folders: list[Path]) -> Layout:
    """The layout of one data set folder, or of two plain folders of pictures (A, then B).

    Raises DataError with what was found where it is no layout or could be two.
    """
    try:
        for folder in folders:
            if not folder.is_dir():
                raise DataError(f"{folder}: {'a file, not a folder' if folder.exists() else 'no such folder'}")
        if len(folders) == 2:
            return _two_folders(*folders)
        if len(folders) == 1:
            return _one_folder(folders[0])
    except OSError as error:
        raise DataError(f"{error.filename}: {error.strerror}") from None
    raise DataError(f"one data set folder or two plain folders of pictures, not {len(folders)}")


def _one_folder(root: Path) -> Layout:
    below = {path.name: path for path in sorted(root.iterdir()) if path.is_dir() and not path.name.startswith(".")}
    loose = find_pictures(root)
    unpaired = below.keys() & {"trainA", "trainB", "testA", "testB"}
    side_by_side = below.keys() & {"train", "val", "test"}
    if (loose and (unpaired or side_by_side)) or (unpaired and any(find_pictures(below[n]) for n in side_by_side)):
        raise DataError(f"{root}: mixed layouts: {_inventory(root)}; keep one of them; {WANTED}")
    if unpaired:
        return _train_and_test(root, below)
    if side_by_side:
        return _side_by_side(root, below)
    with_pictures = [path for path in below.values() if find_pictures(path)]
    if len(with_pictures) == 2 and not loose:
        return _two_folders(*with_pictures)
    raise DataError(f"{root}: found {_inventory(root)}; {WANTED}")


def _train_and_test(root: Path, below: dict[str, Path]) -> Layout:
    for name in ("trainA", "trainB"):
        if name not in below:
            raise DataError(f"{root}: no folder {name}/; found {_inventory(root)}")
        if not find_pictures(below[name]):
            raise DataError(f"{below[name]}: no pictures in it")
    train_A, train_B, test_A, test_B = (
        find_pictures(below[name]) if name in below else [] for name in ("trainA", "trainB", "testA", "testB")
    )
    return Layout("unpaired", train_A, train_B, test_A, test_B)


def _side_by_side(root: Path, below: dict[str, Path]) -> Layout:
    train, val, test = (find_pictures(below[name]) if name in below else [] for name in ("train", "val", "test"))
    if not train:
        raise DataError(f"{root}: no pictures in train/; found {_inventory(root)}; {WANTED}")
    held_out = test or val
    problems = [problem for path in train + held_out if (problem := _no_two_halves(path))]
    advice = "if they are single pictures, sort them into trainA/ and trainB/"
    return Layout("side by side", train, train, held_out, held_out, problems, advice)


def _no_two_halves(path: Path) -> str | None:
    size = _size(path)
    if size and (size[0] % 2 or size[0] <= size[1]):
        return f"{path}: {size[0]} x {size[1]} px; a side-by-side pair has an even width and is wider than high"
    return None


def _two_folders(folder_A: Path, folder_B: Path) -> Layout:
    if folder_A.samefile(folder_B):
        raise DataError(f"{folder_A}, {folder_B}: one folder, given as both A and B")
    A, B = find_pictures(folder_A), find_pictures(folder_B)
    for folder, pictures in ((folder_A, A), (folder_B, B)):
        if not pictures:
            raise DataError(f"{folder}: no pictures in it; {WANTED}")
    stems_A, stems_B = ({path.stem for path in pictures} for pictures in (A, B))
    shared = stems_A & stems_B
    # Two photo folders share a name by accident now and then; a paired set that lost some files shares most.
    accident = len(shared) <= 0.5 * min(len(stems_A), len(stems_B))
    if accident or (folder_A.name, folder_B.name) == ("trainA", "trainB"):
        return Layout("unpaired", A, B)
    problems = [
        f"{path}: {problem}"
        for pictures, there in ((A, folder_B), (B, folder_A))
        for path, problem in _without_partner(pictures, shared, there)
    ]
    # Sorted by stem, files of both folders meet their partners whatever their suffixes are.
    of_stem_A, of_stem_B = ({path.stem: path for path in pictures} for pictures in (A, B))
    pairs = [(of_stem_A[stem], of_stem_B[stem]) for stem in sorted(shared)]
    for a, b in pairs:
        size_A, size_B = _size(a), _size(b)
        if size_A and size_B and size_A != size_B:
            problems.append(f"{a}: {size_A[0]} x {size_A[1]} px, but {b}: {size_B[0]} x {size_B[1]} px")
    advice = "if nothing is paired, name the folders trainA and trainB"
    return Layout("paired", [a for a, _ in pairs], [b for _, b in pairs], problems=problems, advice=advice)


def _without_partner(pictures: list[Path], shared: set[str], there: Path) -> list[tuple[Path, str]]:
    count = Counter(path.stem for path in pictures)
    alone = [(path, f"no picture of this name in {there}") for path in pictures if path.stem not in shared]
    return alone + [(path, "not the only one of its name here") for path in pictures if count[path.stem] > 1]


def _size(path: Path) -> tuple[int, int] | None:
    """Width and height; None for a file that can't be read: these are reported when all are decoded."""
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
