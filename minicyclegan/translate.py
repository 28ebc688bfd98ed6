"""python -m minicyclegan.translate: pictures and folders of pictures through a trained generator."""

from __future__ import annotations

import sys
from argparse import ArgumentTypeError, Namespace
from pathlib import Path

import torch
from PIL import Image, ImageColor
from torch import Tensor

from minicyclegan.cli import Parser, at_least, run
from minicyclegan.data.colours import Colour, PictureError
from minicyclegan.data.images import Notes, read_picture, summary
from minicyclegan.devices import DeviceError, find_device, keep_freed_memory
from minicyclegan.files import write_errors
from minicyclegan.shipping.bundled import BUNDLED
from minicyclegan.shipping.files import find_jobs, translate_files
from minicyclegan.shipping.tiles import Tile, plan
from minicyclegan.shipping.translator import Translator, load
from minicyclegan.training.checkpoint import CheckpointError


def main(arguments: list[str] | None = None) -> int:
    parser = _parser()
    given = parser.parse_args(arguments)
    if misuse := _misuse(given):
        parser.error(misuse)
    keep_freed_memory()
    translator = load(given.model, find_device(given.device))
    if translator.moment:
        print(f"{given.model}: {translator.moment}")
    if given.direction not in translator.generators:
        parser.error(f"--direction {given.direction}: this model translates {' and '.join(translator.generators)} only")
    notes: Notes = set()
    problems: list[str] = []
    noise = given.seed if given.noise else None
    references = [read_picture(path, translator.channels_B, notes) for path in given.style]
    try:
        translator.check_noise(noise, given.direction)
        if isinstance(given.tile, int):
            plan(translator.generators[given.direction][0], 8, 8, given.tile, translator.device)
        answers = choose_answers(translator, given.styles, references, given.seed)
    except ValueError as error:
        parser.error(str(error))
    if given.noise and not translator.has_dropout(given.direction):
        print("note: this model has no dropout: --noise takes each picture's own statistics, whatever the --seed")
    jobs = find_jobs(given.pictures, given.out, list(answers), problems)
    with write_errors(given.out):
        given.out.mkdir(parents=True, exist_ok=True)
    written = translate_files(
        translator, given.direction, jobs, list(answers.values()), noise, notes, problems, given.tile, given.background,
        given.size
    )  # fmt: skip
    for line in summary(notes):
        print(f"note: {line}")
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    scaled = f", of at most {given.size} px to the shorter side" if given.size else ""
    print(
        f"{written} {'picture' if written == 1 else 'pictures'} translated {given.direction} into {given.out}{scaled}"
    )
    return 1 if problems else 0


def _parser() -> Parser:
    parser = Parser(prog="python -m minicyclegan.translate", description=__doc__.split(": ", 1)[1])
    text = f"a run's folder, a checkpoint, the original's weights; or {', '.join(BUNDLED)}, which come with the package"
    parser.add_argument("model", metavar="RUN|CHECKPOINT|NAME", help=text)
    parser.add_argument("pictures", metavar="PICTURE|FOLDER", nargs="+", type=Path)
    parser.add_argument("--out", metavar="FOLDER", type=Path, required=True, help="where the translations go")
    parser.add_argument("--direction", choices=("AtoB", "BtoA"), default="AtoB")
    parser.add_argument("--noise", action="store_true", help="random answers: dropout stays on, as in pix2pix")
    parser.add_argument("--styles", type=at_least(1), metavar="N", help="N answers a picture, of a model that has many")
    text = "in the style of this picture; given twice: --styles N steps from the first one's style to the second one's"
    parser.add_argument("--style", type=Path, metavar="PICTURE", action="append", default=[], help=text)
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of --noise and --styles (default: 0)")
    text = "auto (default): a picture too large for the memory goes through in tiles, with the same answer; "
    text += "PX: always, in tiles of so many pixels; off: never"
    parser.add_argument("--tile", metavar="auto|PX|off", type=tile_of, default="auto", help=text)
    text = "what is transparent is laid on it, a name or #rrggbb; without it, it stays transparent"
    parser.add_argument("--background", metavar="COLOUR", type=colour_of, help=text)
    text = "scales larger pictures down first, to PX pixels of the shorter side; so large is the answer, too"
    parser.add_argument("--size", type=at_least(8), metavar="PX", help=text)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    return parser


def tile_of(text: str) -> Tile:
    if text not in ("auto", "off") and not text.isdecimal():
        raise ArgumentTypeError(f"{text!r} is neither auto nor off nor a number of pixels")
    return int(text) if text.isdecimal() else text


def colour_of(text: str) -> Colour:
    try:
        return ImageColor.getrgb(text)[:3]
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no colour; give a name like white, or #rrggbb") from None


def _misuse(given: Namespace) -> str | None:
    """What is wrong with the options, before anything is loaded."""
    if given.out.exists() and not given.out.is_dir():
        return f"--out {given.out} is a file; give a folder"
    if not 0 <= given.seed < 2**63:
        return f"--seed must be at least 0 and below {2**63}, not {given.seed}"
    if given.noise and isinstance(given.tile, int):
        return "--tile PX and --noise don't go together: dropout draws for the whole picture at once"
    if len(given.style) > 2 or (len(given.style) == 1 and given.styles):
        return "--style is given once, or twice with --styles N for the steps between the two"
    return None


def choose_answers(
    translator: Translator, styles: int | None, references: list[Image.Image], seed: int
) -> dict[str, Tensor | None]:
    """What is asked of each picture: the codes of the answers, by what is added to their files' names.

    Raises ValueError where the model can't be asked that.
    """
    if references:
        codes = torch.cat([translator.encode(picture) for picture in references])  # (1 or 2, latent)
        if len(references) == 1:
            return {"": codes[0]}
        shares = torch.linspace(0, 1, styles or 5)[:, None]  # (styles, 1)
        codes = (1 - shares) * codes[0] + shares * codes[1]  # (styles, latent)
    elif styles:
        codes = translator.codes(styles, seed)  # (styles, latent)
    else:
        return {"": None}
    return {f"_{number}": z for number, z in enumerate(codes, 1)}


if __name__ == "__main__":
    run(main, (CheckpointError, DeviceError, PictureError, OSError))
