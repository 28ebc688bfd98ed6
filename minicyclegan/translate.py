"""python -m minicyclegan.translate: pictures and folders of pictures through a trained generator."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import torch
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from minicyclegan.cli import Parser, run
from minicyclegan.data.colours import PictureError
from minicyclegan.data.images import can_write, find_pictures, is_animation, read_picture, write_picture
from minicyclegan.devices import DeviceError, find_device, keep_freed_memory
from minicyclegan.shipping.translator import Translator, in_passes, load
from minicyclegan.training.checkpoint import CheckpointError

# Written back in the type they came in: what is lossless, and the formats of photos. Everything else becomes PNG.
KEPT_TYPES = frozenset(".png .bmp .tif .tiff .ppm .tga .jp2 .jpg .jpeg .jpe .jfif .webp .avif .heic .heif .hif".split())


def main(arguments: list[str] | None = None) -> int:
    parser = Parser(prog="python -m minicyclegan.translate", description=__doc__.split(": ", 1)[1])
    parser.add_argument("model", metavar="RUN|CHECKPOINT", help="a run's folder or a checkpoint file")
    parser.add_argument("pictures", metavar="PICTURE|FOLDER", nargs="+", type=Path)
    parser.add_argument("--out", metavar="FOLDER", type=Path, required=True, help="where the translations go")
    parser.add_argument("--direction", choices=("AtoB", "BtoA"), default="AtoB")
    parser.add_argument(
        "--noise", action="store_true", help="random answers: dropout stays on, as published for pix2pix"
    )
    parser.add_argument("--styles", type=int, metavar="N", help="N answers a picture, of a model that has many")
    parser.add_argument(
        "--style",
        type=Path,
        metavar="PICTURE",
        action="append",
        default=[],
        help="in the style of this picture; "
        "given twice: --styles N steps from the first one's style to the second one's",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of --noise and --styles (default: 0)")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    given = parser.parse_args(arguments)
    if given.out.exists() and not given.out.is_dir():
        parser.error(f"--out {given.out} is a file; give a folder")
    if given.styles is not None and given.styles < 1:
        parser.error(f"--styles must be at least 1, not {given.styles}")
    if not 0 <= given.seed < 2**63:
        parser.error(f"--seed must be at least 0 and below {2**63}, not {given.seed}")
    if len(given.style) > 2 or (len(given.style) == 1 and given.styles):
        parser.error("--style is given once, or twice with --styles N for the steps between the two")

    keep_freed_memory()
    translator = load(given.model, find_device(given.device))
    if given.direction not in translator.generators:
        parser.error(f"--direction {given.direction}: this model translates {' and '.join(translator.generators)} only")
    noise = given.seed if given.noise else None
    try:
        answers = choose_answers(translator, given.styles, given.style, given.seed)
        translator.check_noise(noise, given.direction)
    except PictureError:  # a reference that can't be read is no misuse
        raise
    except ValueError as error:
        parser.error(str(error))
    if given.noise and not translator.has_dropout(given.direction):
        print("note: this model has no dropout: --noise takes each picture's own statistics, whatever the --seed")
    problems: list[str] = []
    jobs = name_outputs(collect(given.pictures, problems), given.out)
    make_folder(given.out)
    inputs = {identity for source, _ in jobs if (identity := _identity(source))}
    written: set[str] = set()
    channels = translator.generators[given.direction][1]
    bar = tqdm(jobs, desc="translating", unit="picture", disable=len(jobs) < 2)
    for group in in_passes(read(bar, channels, problems), lambda job: job.picture.size):
        for tag, z in answers.items():
            pictures = [job.picture for job in group]
            try:
                translated = translator.translate(pictures, given.direction, z=z, noise=noise)
            except (RuntimeError, MemoryError) as error:
                reason = f"could not be translated, too large for the memory? ({str(error)[:80]})"
                problems += [f"{job.source}: {reason}" for job in group]
                break
            for job, answer in zip(tuple(group), translated, strict=True):
                target = job.target.with_stem(job.target.stem + tag)
                try:
                    if _identity(target) in inputs or _key(target) in written:
                        reason = f"its translation would overwrite {target}; give another --out"
                        raise PictureError(f"{job.source}: {reason}")
                    write_picture(answer, target)
                    written.add(_key(target))
                except PictureError as error:
                    problems.append(str(error))
                    group.remove(job)  # no more answers to it: they would fail alike
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    plural = "picture" if len(written) == 1 else "pictures"
    print(f"{len(written)} {plural} translated {given.direction} into {given.out}")
    return 1 if problems else 0


class Job(NamedTuple):
    """A picture that could be read, and where its translation goes."""

    source: Path
    target: Path
    picture: Image.Image


def read(jobs: Iterable[tuple[Path, Path]], channels: int, problems: list[str]) -> Iterator[Job]:
    """The pictures of (source, target) pairs, one after the other; what can't be read goes to `problems`."""
    for source, target in jobs:
        try:
            yield Job(source, target, read_picture(source, channels))
        except PictureError as error:
            problems.append(str(error))


def choose_answers(
    translator: Translator, styles: int | None, references: list[Path], seed: int
) -> dict[str, Tensor | None]:
    """What is asked of each picture: the codes of the answers, by what is added to their files' names.

    Raises ValueError where the model can't be asked that.
    """
    if references:
        codes = torch.cat([translator.encode(path) for path in references])  # (1 or 2, latent)
        if len(references) == 1:
            return {"": codes[0]}
        shares = torch.linspace(0, 1, styles or 5)[:, None]  # (styles, 1)
        codes = (1 - shares) * codes[0] + shares * codes[1]  # (styles, latent)
    elif styles:
        codes = translator.codes(styles, seed)  # (styles, latent)
    else:
        return {"": None}
    return {f"_{number}": z for number, z in enumerate(codes, 1)}


def make_folder(folder: Path) -> None:
    """Raises PictureError, before any work is done, where nothing can be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PictureError(f"--out {folder}: no folder can be made there ({error.strerror}); give another") from None


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
    plain = [out / f"{source.stem}{_suffix(source)}" for source in sources]
    wanted = Counter(_key(target) for target in plain)
    jobs: list[tuple[Path, Path]] = []
    taken = {key for key, count in wanted.items() if count == 1}
    for source, target in zip(sources, plain, strict=True):
        if wanted[_key(target)] > 1:
            stem = "_".join([source.stem, *source.suffix.lower().split(".")[1:]])
            target, number = target.with_stem(stem), 2
            while _key(target) in taken:
                target, number = target.with_stem(f"{stem}_{number}"), number + 1
            taken.add(_key(target))
        jobs.append((source, target))
    return jobs


def _key(target: Path) -> str:
    """Upper and lower case name the same file on some systems."""
    return str(target).casefold()


def _suffix(source: Path) -> str:
    """The source's own suffix where its type is written back, else .png: also for the first frame of an animation."""
    suffix = source.suffix.lower()
    try:
        return suffix if suffix in KEPT_TYPES and can_write(suffix) and not is_animation(source) else ".png"
    except PictureError:  # reported when it is translated
        return suffix


def _identity(path: Path) -> tuple[int, int] | None:
    """What all names of one file have in common; None where there is no such file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


if __name__ == "__main__":
    run(main, (CheckpointError, DeviceError, PictureError, OSError))
