"""How people keep their pictures on disk: the layout is found by looking, and said aloud in one line."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from PIL import Image

from minicyclegan.data.images import find_pictures

Kind = Literal["unpaired", "paired", "side by side"]

WANTED = (
    "expected trainA/ and trainB/ (testA/, testB/ if you have them), or two folders of pictures, "
    "or train/ (and test/ or val/) with side-by-side pairs"
)


class DataError(ValueError):
    """Data that can't be trained on; the message names the folders or files, what is wrong and what to do."""


@dataclass(frozen=True)
class Layout:
    """Where a data set's pictures are. Side by side, `A` and `B` name the same files: left and right half.

    kind   "unpaired"; "paired": two files by one stem; "side by side": one file with A left and B right
    """

    kind: Kind
    train_A: list[Path]
    train_B: list[Path]
    test_A: list[Path] = field(default_factory=list)
    test_B: list[Path] = field(default_factory=list)

    def __str__(self) -> str:
        train, test = (len(self.train_A), len(self.train_B)), (len(self.test_A), len(self.test_B))
        width, height = _size(self.train_A[0])
        if self.kind == "side by side":
            side = f"{height} px" if width == 2 * height else f"{width // 2} x {height} px"
            return f"{train[0]} side-by-side pairs, A left, B right, {side}; test: {test[0] or 'none'}"
        if self.kind == "paired":
            return (
                f"{train[0]} pairs of files with one name, A in {self.train_A[0].parent.name}/, "
                f"B in {self.train_B[0].parent.name}/; test: {test[0] or 'none'}"
            )
        held_out = f"{test[0]} + {test[1]}" if any(test) else "none"
        return (
            f"{train[0]} pictures of A in {self.train_A[0].parent.name}/, {train[1]} of B in "
            f"{self.train_B[0].parent.name}/, unpaired; test: {held_out}"
        )


def find_layout(folders: list[Path]) -> Layout:
    """The layout of one data set folder, or of two plain folders of pictures (A, then B). Raises DataError."""
    for folder in folders:
        if not folder.is_dir():
            raise DataError(f"{folder}: {'a file, not a folder' if folder.exists() else 'no such folder'}")
    if len(folders) == 2:
        return _two_folders(*folders)
    if len(folders) != 1:
        raise DataError(f"one data set folder or two plain folders of pictures, not {len(folders)}")
    (root,) = folders
    below = {path.name: path for path in sorted(root.iterdir()) if path.is_dir() and not path.name.startswith(".")}
    unpaired, side_by_side = below.keys() & {"trainA", "trainB"}, below.keys() & {"train"}
    loose = find_pictures(root)
    if (unpaired and side_by_side) or (loose and below.keys() & {"train", "trainA", "trainB"}):
        raise DataError(f"{root}: mixed layouts: {_inventory(root)}; keep one of them; {WANTED}")
    if unpaired:
        return _train_and_test(root, below)
    if side_by_side:
        return _side_by_side(root, below)
    with_pictures = {name: path for name, path in below.items() if find_pictures(path)}
    if len(with_pictures) == 2 and not loose:
        return _two_folders(*with_pictures.values())
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
    train = find_pictures(below["train"])
    if not train:
        raise DataError(f"{below['train']}: no pictures in it; {WANTED}")
    held_out = below.get("test") or below.get("val")
    test = find_pictures(held_out) if held_out else []
    narrow = [path for path in train + test if not _twice_as_wide_as_half(path)]
    if narrow:
        raise DataError(
            _listed("side-by-side pairs have an even width of at least 2 px; these have not:", narrow)
            + "\nif they are single pictures, sort them into trainA/ and trainB/"
        )
    return Layout("side by side", train, train, test, test)


def _two_folders(folder_A: Path, folder_B: Path) -> Layout:
    A, B = find_pictures(folder_A), find_pictures(folder_B)
    for folder, pictures in ((folder_A, A), (folder_B, B)):
        if not pictures:
            raise DataError(f"{folder}: no pictures in it; {WANTED}")
    stems_A, stems_B = ({path.stem for path in pictures} for pictures in (A, B))
    if stems_A == stems_B:
        twice = [stem for stem, count in (Counter(p.stem for p in A) + Counter(p.stem for p in B)).items() if count > 2]
        if twice:
            raise DataError(_listed(f"{folder_A}, {folder_B}: more than one file with the name", twice))
        return Layout("paired", sorted(A, key=lambda p: p.stem), sorted(B, key=lambda p: p.stem))
    shared = len(stems_A & stems_B)
    # Two photo folders share a name by accident now and then; a paired set that lost some files shares most.
    if shared > 0.5 * min(len(stems_A), len(stems_B)):
        lone = [p for p in A + B if p.stem not in (stems_A & stems_B)]
        raise DataError(
            _listed(f"{folder_A}, {folder_B}: {shared} pictures are paired by name, these are not:", lone)
            + "\nadd the missing ones or, if nothing is paired, name the folders trainA and trainB"
        )
    return Layout("unpaired", A, B)


def _inventory(root: Path) -> str:
    """What lies in a folder, in words: "train/ (400 pictures), notes/ (no pictures), 3 pictures"."""
    folders = sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    found = [f"{path.name}/ ({len(find_pictures(path)) or 'no'} pictures)" for path in folders[:8]]
    found += [f"{len(folders) - 8} more folders"] if len(folders) > 8 else []
    loose = len(find_pictures(root))
    return ", ".join(found + ([f"{loose} pictures"] if loose else [])) or "nothing"


def _size(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def _twice_as_wide_as_half(path: Path) -> bool:
    try:
        width, _ = _size(path)
    except (OSError, ValueError):
        return True  # reported with all other unreadable files, when they are read
    return width >= 2 and width % 2 == 0


def _listed(message: str, things: list, most: int = 20) -> str:
    lines = [message, *(f"  {thing}" for thing in things[:most])]
    return "\n".join(lines + ([f"  and {len(things) - most} more"] if len(things) > most else []))
