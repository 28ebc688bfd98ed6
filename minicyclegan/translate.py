"""python -m minicyclegan.translate: pictures and folders of pictures through a trained generator."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from minicyclegan.cli import Parser, run
from minicyclegan.data.images import PictureError, find_pictures, write_picture
from minicyclegan.devices import DeviceError, find_device
from minicyclegan.shipping.translator import load
from minicyclegan.training.checkpoint import CheckpointError

# Written back in the type they came in; every other type comes back as PNG.
KEPT_TYPES = frozenset((".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"))


def main(arguments: list[str] | None = None) -> int:
    parser = Parser(prog="python -m minicyclegan.translate", description=__doc__.split(": ", 1)[1])
    parser.add_argument("model", metavar="RUN|CHECKPOINT", help="a run's folder or a checkpoint file")
    parser.add_argument("pictures", metavar="PICTURE|FOLDER", nargs="+", type=Path)
    parser.add_argument("--out", metavar="FOLDER", type=Path, required=True, help="where the translations go")
    parser.add_argument("--direction", choices=("AtoB", "BtoA"), default="AtoB")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    given = parser.parse_args(arguments)

    translator = load(given.model, find_device(given.device))
    if given.out.exists() and not given.out.is_dir():
        parser.error(f"--out {given.out} is a file; give a folder")
    problems: list[str] = []
    jobs = name_outputs(collect(given.pictures, problems), given.out)
    given.out.mkdir(parents=True, exist_ok=True)
    written = 0
    for source, target in tqdm(jobs, desc="translating", unit="picture", disable=len(jobs) < 2):
        try:
            if target.exists() and target.samefile(source):
                raise PictureError(f"{source}: its translation would overwrite it; give another --out")
            write_picture(translator.translate(source, given.direction), target)
            written += 1
        except PictureError as error:
            problems.append(str(error))
        except (RuntimeError, MemoryError) as error:
            problems.append(f"{source}: could not be translated, too large for the memory? ({str(error)[:80]})")
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    plural = "picture" if written == 1 else "pictures"
    print(f"{written} {plural} translated {given.direction} into {given.out}")
    return 1 if problems else 0


def collect(pictures: list[Path], problems: list[str]) -> list[Path]:
    """The files that are meant, each once; what names nothing goes to `problems`."""
    found: dict[Path, None] = {}
    for path in pictures:
        if path.is_dir():
            inside = find_pictures(path)
            if not inside:
                problems.append(f"{path}: no pictures in this folder")
            found |= dict.fromkeys(inside)
        else:
            found[path] = None
    return list(found)


def name_outputs(sources: list[Path], out: Path) -> list[tuple[Path, Path]]:
    """(source, target) pairs; targets that would clash are told apart by the source's suffix, then by a number."""
    plain = [out / f"{source.stem}{_suffix(source)}" for source in sources]
    # Upper and lower case name the same file on some systems.
    wanted = Counter(str(target).lower() for target in plain)
    jobs: list[tuple[Path, Path]] = []
    taken: set[str] = set()
    for source, target in zip(sources, plain, strict=True):
        if wanted[str(target).lower()] > 1:
            target = target.with_stem(f"{source.stem}_{source.suffix.lower().lstrip('.')}")
        stem, number = target.stem, 2
        while str(target).lower() in taken:
            target, number = target.with_stem(f"{stem}_{number}"), number + 1
        taken.add(str(target).lower())
        jobs.append((source, target))
    return jobs


def _suffix(source: Path) -> str:
    """The source's own suffix where its type is written back, else .png: also for the first frame of an animation."""
    suffix = source.suffix.lower()
    if suffix not in KEPT_TYPES:
        return ".png"
    try:
        with Image.open(source) as image:
            return ".png" if getattr(image, "is_animated", False) else suffix
    except Exception:  # reported when it is translated
        return suffix


if __name__ == "__main__":
    run(main, (CheckpointError, DeviceError, PictureError, OSError))
