"""Files in, files out: which pictures are meant, where their translations go, and the translating itself."""

from __future__ import annotations

import itertools
import os
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from torch import Tensor
from tqdm import tqdm

from minicyclegan.data.colours import Colour, PictureError
from minicyclegan.data.images import Notes, find_pictures, output_suffix, read_pixels, smaller, write_pixels
from minicyclegan.devices import out_of_memory
from minicyclegan.networks import Direction
from minicyclegan.shipping.tiles import Tile
from minicyclegan.shipping.translator import Translator, in_passes

FAR_LARGER = 4  # times what a model learned at, from where it paints small patterns into large things
TOO_LARGE = (
    "much larger than the {0} px that it learned at, so what it paints comes out small; --size {0} scales down first"
)


class Job(NamedTuple):
    """A picture, and the files that its answers go to, in their order."""

    source: Path
    targets: list[Path]


def find_jobs(pictures: list[Path], out: Path, tags: Iterable[str], problems: list[str]) -> list[Job]:
    """What there is to do for these files and folders; `tags` are what the answers add to a file's name.

    What can't be done is a line in `problems`: a folder without pictures, and what would overwrite a picture that is
    to be translated, or another translation.
    """
    jobs: list[Job] = []
    sources = collect(pictures, problems)
    taken = {_identity(source) for source in sources} - {None}
    for source, target in name_outputs(sources, out):
        targets = [target.with_stem(target.stem + tag) for tag in tags]
        names = [_identity(path) or _key(path) for path in targets]
        clash = next((path for path, name in zip(targets, names, strict=True) if name in taken), None)
        if clash:
            problems.append(f"{source}: its translation would overwrite {clash}; give another --out")
            continue
        taken.update(names)
        jobs.append(Job(source, targets))
    return jobs


def collect(pictures: list[Path], problems: list[str]) -> list[Path]:
    """The files that are meant, each once; folders that hold none go to `problems`."""
    found: dict[Path, Path] = {}
    for path in pictures:
        inside = find_pictures(path) if path.is_dir() else [path]
        if not inside:
            problems.append(f"{path}: no pictures in this folder")
        for file in inside:
            found.setdefault(Path(os.path.abspath(file)), file)
    return list(found.values())


def name_outputs(sources: list[Path], out: Path) -> list[tuple[Path, Path]]:
    """(source, target) pairs; targets that would clash are told apart by the source's suffix, then by a number."""
    plain = [out / f"{source.stem}{output_suffix(source)}" for source in sources]
    wanted = Counter(_key(target) for target in plain)
    jobs: list[tuple[Path, Path]] = []
    taken = {key for key, count in wanted.items() if count == 1}
    for source, target in zip(sources, plain, strict=True):
        if wanted[_key(target)] > 1:
            stem = "_".join([source.stem, *source.suffix.lower().split(".")[1:]])
            names = (target.with_stem(stem + (f"_{number}" if number > 1 else "")) for number in itertools.count(1))
            target = next(name for name in names if _key(name) not in taken)
            taken.add(_key(target))
        jobs.append((source, target))
    return jobs


def _key(target: Path) -> str:
    """What is equal where some systems see one file: upper and lower case, and "ü" or a "u" with dots."""
    return unicodedata.normalize("NFC", str(target)).casefold()


def _identity(path: Path) -> tuple[int, int] | None:
    """What all names of one file have in common; None where there is no such file."""
    with suppress(OSError):
        return path.stat().st_dev, path.stat().st_ino
    return None


def translate_files(
    translator: Translator,
    direction: Direction,
    jobs: list[Job],
    codes: list[Tensor | None],
    noise: int | None,
    notes: Notes,
    problems: list[str],
    tile: Tile = "auto",
    background: Colour | None = None,
    size: int | None = None,
) -> int:
    """Writes every answer to every picture, one for each of `codes`; returns how many were written.

    A picture that can't be read, translated or written is a line in `problems`, and the rest goes on. What is
    transparent stays so, or is laid on the background. With a `size`, larger pictures are scaled to that shorter side.
    """
    written = 0
    bar = tqdm(jobs, desc="translating", unit="picture", disable=len(jobs) < 2)
    options = {"direction": direction, "noise": noise, "tile": tile}
    pictures = _read(bar, translator, direction, notes, problems, background, size)
    for group in in_passes(pictures, lambda one: one[1].shape[:2]):
        for number, z in enumerate(codes):
            if not group:  # none of them can be written
                break
            try:
                report = partial(_report, bar, group[0][0].source)
                answers = translator.translate([pixels for _, pixels, _ in group], z=z, report=report, **options)
            except PictureError as error:
                problems += [f"{job.source}: {error}" for job, *_ in group]
                break
            except (RuntimeError, MemoryError, OSError) as error:  # a full disk, too
                why = " ".join(str(error).split())[:120]
                why = "too large for the memory; make a smaller copy" if out_of_memory(error) else why
                problems += [f"{job.source}: could not be translated: {why}" for job, *_ in group]
                break
            for one, answer in zip(tuple(group), answers, strict=True):
                try:
                    write_pixels(answer, one[2], one[0].targets[number], notes)
                    written += 1
                except PictureError as error:
                    problems.append(str(error))
                    group.remove(one)  # no more answers to it: they would fail alike
    return written


def _report(bar: tqdm, source: Path, line: str) -> None:
    bar.write(f"note: {source}: {line}")


def _read(
    jobs: Iterable[Job], translator: Translator, direction: Direction, notes: Notes, problems: list[str],
    background: Colour | None, size: int | None
) -> Iterator[tuple[Job, np.ndarray, np.ndarray | None]]:  # fmt: skip
    learned = translator.settings.get("load_size") or translator.settings.get("size")
    for job in jobs:
        try:
            pixels, alpha = read_pixels(job.source, translator.generators[direction][1], notes, background)
        except PictureError as error:
            problems.append(str(error))
            continue
        if size and min(pixels.shape[:2]) > size:
            pixels, alpha = (None if part is None else smaller(part, size) for part in (pixels, alpha))
        height, width = pixels.shape[:2]
        if learned and min(height, width) >= FAR_LARGER * learned:
            notes.add((TOO_LARGE.format(learned), f"{job.source} ({width} x {height} px)"))
        yield job, pixels, alpha
