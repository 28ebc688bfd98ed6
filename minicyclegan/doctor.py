"""python -m minicyclegan.doctor: looks through pictures before a training does, and proposes how to train on them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from minicyclegan.cli import Parser, command_line, run
from minicyclegan.data.datasets import available_cores
from minicyclegan.data.doctor import Finding, Look, findings, look_at, one_way
from minicyclegan.data.folders import NAMED, DataError, Layout, find_layout
from minicyclegan.data.jitter import load_size
from minicyclegan.data.sources import world_called

FEW = 50  # pictures of a kind; a few hundred are better


def main(arguments: list[str] | None = None) -> int:
    parser = Parser(prog="python -m minicyclegan.doctor", description=__doc__.split(": ", 1)[1])
    text = "what train's --data takes: a data set folder, or two folders of pictures, A and B"
    parser.add_argument("folders", metavar="FOLDER", nargs="+", help=text)
    folders = parser.parse_args(arguments).folders
    if len(folders) > 2:
        parser.error(f"one data set folder, or two folders of pictures, not {len(folders)}")
    layout = find_layout([Path(folder) for folder in folders])
    print(layout)
    splits = ("train", "test", *["val"] * bool(layout.val_A))
    sets = {f"{split} {domain}": getattr(layout, f"{split}_{domain}") for split in splits for domain in "AB"}
    if layout.kind == "side by side":
        sets = {split: getattr(layout, f"{split}_A") for split in splits}
    looks = look_at(sets, layout.kind == "side by side", available_cores(), progress=True)
    for name, seen in looks.items():
        print(f"{name}: {_summary(seen)}")
    train = [[one for one in looks[name] if not one.error] for name in sets if name.startswith("train")]
    side = min((int(np.median([min(one.size) for one in seen])) for seen in train if seen), default=0)
    load, options = _options(layout, side, train)
    found = [finding for finding in findings(layout, looks, load) if finding.lines]
    found += [Finding(text, lines) for text, lines in _of_the_folders(layout, folders).items() if lines]
    for finding in found:
        print(f"{'problem' if finding.breaks else 'warning'}: {finding.text} ({len(finding.lines)}):")
        more = [f"and {len(finding.lines) - NAMED} more"] if len(finding.lines) > NAMED else []
        for line in [*finding.lines[:NAMED], *more]:
            print(f"  {line if line.isprintable() else ascii(line)}")
    if all(train):
        # A name that is a world's, or looks like an option, has to be told from it.
        names = [f"./{name}" if name.startswith("-") or world_called([name]) else name for name in folders]
        print(f"proposed:\n  {command_line('train', '--preset', 'photos', '--data', *names, *options)}")
        print("  with --plan, it says what memory and time that takes, and trains nothing")
        if "--no-flip" in options:
            print("  --no-flip, since nearly all pictures look one way: mirrored, they would be of another kind")
        else:
            print("  mirror images are shown too: add --no-flip where there is writing, or left and right matter")
    if not (broken := any(finding.breaks for finding in found)):
        print("nothing here would stop a training" + (f"; warnings: {len(found)}" if found else ""))
    return int(broken)


def _summary(looks: list[Look]) -> str:
    whole = [one for one in looks if not one.error]
    if not whole:
        return "no picture that can be read" if looks else "none"
    kinds = ", ".join(f"{count} {kind}" for kind, count in Counter(one.kind for one in whole).most_common())
    qualities = [one.quality for one in whole if one.quality]
    quality = f" (quality about {np.median(qualities):.0f})" if qualities else ""
    sizes = sorted({half.size for one in whole for half in one.halves}, key=lambda size: size[0] * size[1])
    px = " to ".join(f"{width} x {height}" for width, height in dict.fromkeys((sizes[0], sizes[-1])))
    grey = sum(all(half.grey for half in one.halves) for one in whole)
    deep = f"{grey} without colour" if grey else "colour"
    return f"{len(looks)} files, {kinds}{quality}, {px} px{' each half' * (len(whole[0].halves) > 1)}, {deep}"


def _options(layout: Layout, side: int, train: list[list[Look]]) -> tuple[int, list[object]]:
    """The shorter side that pictures are scaled to, and the options of train that fit them."""
    flip = ["--no-flip"] if any(map(one_way, train)) else []
    if layout.kind == "unpaired":
        load = max(32, min(256, side))
        return load, ["--load-size", load, "--size", min(96, load * 7 // 8 // 4 * 4), *flip]
    size = next(size for size in (128, 64, 32) if size <= max(side, 32))
    long = [max(one.size) / min(one.size) for seen in train for one in seen]
    options: list[object] = ["--model", "pix2pix", "--size", size] + ["--depth", 5] * (size == 32)
    options += ["--load-size", load_size(size)] * bool(long and np.median(long) > 1.1)
    return load_size(size), options + flip


def _of_the_folders(layout: Layout, folders: list[str]) -> dict[str, list[str]]:
    """What layout and numbers alone tell."""
    counts = {"A": len(layout.train_A), "B": len(layout.train_B)}
    few = [f"{domain}: {count}" for domain, count in counts.items() if count < FEW]
    pairs = find_layout([Path(folder) for folder in folders], pairs=True) if layout.kind == "unpaired" else layout
    return {
        "few pictures; some hundreds are a good start": few,
        "of the folders": layout.notes,
        f"if these are to be pairs, for pix2pix, {len(pairs.train_A)} are, without": [
            note for note in pairs.notes if pairs.kind == "paired" and note not in layout.notes
        ],
        "no test pictures: samples and figures take training pictures": [] if layout.test_A else ["test: none"],
    }


if __name__ == "__main__":
    run(main, (DataError, OSError))
