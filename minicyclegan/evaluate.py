"""python -m minicyclegan.evaluate: measures a trained model on held-out pictures."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from minicyclegan.cli import Parser, run
from minicyclegan.data.colours import PictureError
from minicyclegan.data.datasets import DataSet, open_data
from minicyclegan.data.folders import DataError
from minicyclegan.devices import DeviceError, find_device, keep_freed_memory
from minicyclegan.judging.evaluation import evaluate, sheet
from minicyclegan.judging.extractor import FeaturesError, find_extractor
from minicyclegan.judging.figures import HEADING, Figure, write_json
from minicyclegan.judging.fronts import SMALLEST
from minicyclegan.judging.style_tasks import style_task
from minicyclegan.judging.styles import null_figures, side_by_side
from minicyclegan.judging.translation import Translation, held_out, judging_device
from minicyclegan.shipping.translator import Translator, load
from minicyclegan.training.checkpoint import CheckpointError
from minicyclegan.training.pictures import save_grid
from minicyclegan.worlds import WORLDS

EXPLANATION = """
Differences (change, cycle, truth, diversity) are mean absolute ones, with pictures in [0, 1] after rounding to 8 bits.
Intervals come from 1,000 bootstrap samples of the pictures; those of FID, KID and the pooled grid are 1.96 deviations
over 100 random halves to either side. "real" is the same figure of real pictures. A model with many answers gives its
middle one (code 0) wherever a figure does not speak of samples or styles.
"""


def main(arguments: list[str] | None = None) -> int:
    parser = _parser()
    given = parser.parse_args(arguments)
    _check_options(parser, given)
    keep_freed_memory()
    translator = load(given.model, find_device(given.device))
    names, size = _what_to_measure_on(parser, given, translator)
    _check_channels(translator, given.model, size)
    extractor = find_extractor(given.features)
    swapped = translator.settings.get("direction", "AtoB") == "BtoA"
    data = _open(translator, names, size, swapped, given.count)
    world = WORLDS.get(names[0]) if len(names) == 1 else None  # of two folders one may be called like a world
    translations = [
        Translation(
            translator, held_out(data, direction, world, swapped, given.count, judging_device(translator)), False
        )
        for direction in translator.generators
    ]
    figures = evaluate(translations, extractor)

    print(f"{given.model} on {' and '.join(names)}, test pictures of {size} px")
    seen_in_training = world is None and set(data.test_A.names) <= set(data.train_A.names)
    if seen_in_training:
        print("there are no test pictures: these are the training pictures, which a model may know by heart")
    print(f"\n{HEADING}", *figures, EXPLANATION, sep="\n")
    if given.nulls:
        print(_beside_nulls(figures, size))
    if given.json:
        content = {"model": given.model, "data": list(names), "size": size, "features": extractor.name}
        content |= {"seen_in_training": seen_in_training, "figures": [figure.to_json() for figure in figures]}
        write_json(given.json, content)
    if given.picture:
        save_grid(sheet(translations), given.picture)
        print(f"the first pictures are in {given.picture}")
    return 0


def _parser() -> Parser:
    parser = Parser(prog="python -m minicyclegan.evaluate", description=__doc__.split(": ", 1)[1])
    parser.add_argument("model", metavar="RUN|CHECKPOINT", help="a run's folder or a checkpoint file")
    parser.add_argument("--data", metavar="WORLD|FOLDER", nargs="+", help="default: what the model was trained on")
    parser.add_argument("--count", type=int, default=200, metavar="N", help="test pictures of each domain, at most")
    parser.add_argument("--size", type=int, metavar="PX", help="default: the size the model was trained at")
    parser.add_argument(
        "--features",
        choices=("auto", "own", "inception"),
        default="auto",
        help="what FID and KID compare; auto: Inception's if torch-fidelity is installed, else the package's own net's",
    )
    parser.add_argument(
        "--nulls",
        action="store_true",
        help="beside a model of many styles on facades, the same figures of true fronts and of models that must fail",
    )
    parser.add_argument("--json", metavar="FILE", type=Path, help="writes the figures there too")
    parser.add_argument("--picture", metavar="FILE", type=Path, help="writes a sheet of the first pictures there")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    return parser


def _check_options(parser: Parser, given: Namespace) -> None:
    """Exits with a line that names the option that can't be."""
    if given.count < 1:
        parser.error(f"--count must be at least 1, not {given.count}")
    if given.size is not None and given.size < 8:
        parser.error(f"--size must be at least 8, not {given.size}")
    for option, path in (("--json", given.json), ("--picture", given.picture)):
        if path is not None and not path.parent.is_dir():
            parser.error(f"{option} {path}: there is no folder {path.parent}; make it first")
        if path is not None and path.is_dir():
            parser.error(f"{option} {path}: a folder; give a file")
    if given.picture is not None and given.picture.suffix.lower() not in (".png", ".jpg"):
        parser.error(f"--picture {given.picture}: the name must end in .png or .jpg")


def _what_to_measure_on(parser: Parser, given: Namespace, translator: Translator) -> tuple[list[str], int]:
    """The world or folders, and the pictures' size."""
    names = given.data or translator.settings.get("data")
    size = given.size or translator.settings.get("size")
    if names is None or size is None:
        parser.error(f"{given.model} does not say what it was trained on: give --data and --size")
    if given.nulls and (list(names) != ["facades"] or size < SMALLEST or not translator.latent):
        parser.error(f"--nulls goes with a model of many styles, --data facades and at least {SMALLEST} px")
    return names, size


def _check_channels(translator: Translator, model: str, size: int) -> None:
    """Raises CheckpointError for a network of anything but grey or colour pictures."""
    for direction, (_, takes) in translator.generators.items():
        gives = translator.translate(torch.zeros(1, takes, size, size), direction).shape[1]
        if {takes, gives} - {1, 3}:
            raise CheckpointError(
                f"{model}: its network takes pictures of {takes} channels and gives {gives}; "
                "what can be measured has 1 (grey) or 3 (colour)"
            )


def _open(translator: Translator, names: Sequence[str], size: int, swapped: bool, count: int) -> DataSet:
    generators = translator.generators
    channels = (generators["AtoB"][1], generators["BtoA"][1] if "BtoA" in generators else translator.channels_B)
    channels = channels[::-1] if swapped else channels
    data = open_data(names, size, 1, channels, progress=True, test_pictures=count, training=False)
    return data.swapped() if swapped else data


def _beside_nulls(figures: Sequence[Figure], size: int) -> str:
    """The model's styles, fresh true fronts', and those of models that must fail."""
    task = style_task(size=size)
    ours = [
        replace(figure, name=figure.name.removeprefix("styles: "))
        for figure in figures
        if figure.name.startswith("styles: ")
    ]
    return side_by_side({"this model": ours} | null_figures(task, task.fronts.shape[1]))


if __name__ == "__main__":
    run(main, (CheckpointError, DataError, DeviceError, FeaturesError, PictureError, OSError))
