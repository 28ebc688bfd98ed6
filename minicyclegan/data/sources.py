"""What the names after --data mean: a world, or folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from minicyclegan.data.folders import DataError, Layout, find_layout
from minicyclegan.worlds import WORLDS, World


def world_called(names: Sequence[str]) -> World | None:
    """The world that --data means: one name alone, if a world has it. Two names are always two folders."""
    return WORLDS.get(names[0]) if len(names) == 1 else None


def hidden_folder(names: Sequence[str]) -> str:
    """One line, if a folder has the name of the world that is meant; else nothing."""
    if world_called(names) is None or not Path(names[0]).is_dir():
        return ""
    return f"{names[0]} is the embedded world; there is also a folder of this name: for that one, say ./{names[0]}"


def find_data(names: Sequence[str], pairs_for: str | None = None, training: bool = True) -> World | Layout:
    """The world called names[0], or the folder or two folders of that name; no picture is drawn or read for it.

    pairs_for   the model that can't learn without pairs, if it is one
    training    whether it is for training: then a world must not be for tests only, and what needs pairs must get some
    Raises DataError.
    """
    world = world_called(names)
    if world is None and len(names) == 1 and not Path(names[0]).exists():
        raise DataError(f"{names[0]}: no such folder and no such world; the worlds: {', '.join(WORLDS)}")
    found = world or find_layout([Path(name) for name in names], pairs=pairs_for is not None)
    if world and world.test_only and training:
        raise DataError(f"{world.name} is a world to try a trained model on; train on another one")
    if pairs_for and found.kind == "unpaired" and training:
        where = f"the world {world.name}" if world else " and ".join(names)
        paired = ", ".join(other.name for other in WORLDS.values() if other.kind == "paired")
        message = (
            f"{pairs_for} learns from pairs, and in {where} there are none: give train/ with side-by-side pictures, "
            f"two folders of namesakes or a paired world ({paired}); --model cyclegan needs no pairs"
        )
        raise DataError("\n  ".join([message, *(found.notes if isinstance(found, Layout) else [])]))
    return found
