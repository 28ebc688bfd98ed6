"""python -m minicyclegan.evaluate: measures a trained model on held-out pictures."""

from __future__ import annotations

import json
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from minicyclegan.cli import Parser, run
from minicyclegan.data.colours import PictureError
from minicyclegan.data.datasets import DataSet, open_data
from minicyclegan.data.folders import DataError
from minicyclegan.data.sources import hidden_folder, world_called
from minicyclegan.devices import DeviceError, find_device, keep_freed_memory
from minicyclegan.judging.evaluation import evaluate, sheet
from minicyclegan.judging.extractor import FeaturesError, find_extractor
from minicyclegan.judging.figures import HEADING
from minicyclegan.judging.fronts import SMALLEST
from minicyclegan.judging.style_table import null_figures, side_by_side
from minicyclegan.judging.style_tasks import style_task
from minicyclegan.judging.world_figures import STYLE_SAMPLES
from minicyclegan.models import MODELS
from minicyclegan.shipping.translator import Translator, load
from minicyclegan.training.checkpoint import CheckpointError
from minicyclegan.training.pictures import save_grid

EXPLANATION = """
Differences (change, cycle, truth, diversity) are mean absolute ones, with pictures in [0, 1] after rounding to 8 bits.
Intervals come from 1,000 bootstrap samples of the pictures; those of FID and KID are 1.96 deviations over 100 random
halves to either side. "real" is the same figure of real pictures. A model with many answers gives its middle one
(code 0) wherever a figure does not speak of samples or styles.
"""


def main(arguments: list[str] | None = None) -> int:
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
    given = parser.parse_args(arguments)
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

    keep_freed_memory()
    translator = load(given.model, find_device(given.device))
    names = given.data or translator.settings.get("data")
    world = world_called(names or ())
    shorter_side = translator.settings.get("load_size")
    size = given.size or (world and shorter_side) or translator.settings.get("size")
    if world:  # masks and label maps are those of whole pictures
        shorter_side = None
    elif shorter_side:
        shorter_side = max(shorter_side, size)
    if names is None or size is None:
        parser.error(f"{given.model} does not say what it was trained on: give --data and --size")
    if given.nulls and (list(names) != ["facades"] or size < SMALLEST or not translator.latent):
        parser.error(f"--nulls goes with a model of many styles, --data facades and at least {SMALLEST} px")
    if given.data and (hidden := hidden_folder(names)):
        print(f"note: {hidden}")
    extractor = find_extractor(given.features)
    swapped = translator.settings.get("direction", "AtoB") == "BtoA"
    data = _open(translator, names, size, swapped, given, shorter_side)
    figures = evaluate(translator, data, world, size, swapped, extractor, given.count)

    middle = f", the middle of what has {shorter_side} px to its shorter side" if shorter_side else ""
    print(f"{given.model} on {' and '.join(names)}, test pictures of {size} px{middle}")
    for note in data.notes:
        print(f"note: {note}")
    seen_in_training = world is None and data.test_A.names == data.train_A.names[: len(data.test_A)]
    if seen_in_training:
        print("there are no test pictures: these are the training pictures, which a model may know by heart")
    print(f"\n{HEADING}")
    for figure in figures:
        print(figure)
    print(EXPLANATION)
    if given.nulls:
        ours = [replace(figure, name=figure.name.removeprefix("styles: ")) for figure in figures if figure.limits]
        print(side_by_side({"this model": ours} | null_figures(style_task(size=size), STYLE_SAMPLES)))
    if given.json:
        content = {
            "model": given.model,
            "data": list(names),
            "size": size,
            "features": extractor.name,
            "seen_in_training": seen_in_training,
            "figures": [figure.to_json() for figure in figures],
        }
        given.json.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    if given.picture:
        save_grid(sheet(translator, data), given.picture)
        print(f"the first pictures are in {given.picture}")
    return 0


def _open(
    translator: Translator, names: list[str], size: int, swapped: bool, given: Namespace, shorter_side: int | None
) -> DataSet:
    generators, model = translator.generators, translator.settings.get("model")
    channels = (generators["AtoB"][1], generators["BtoA"][1] if "BtoA" in generators else translator.channels_B)
    data = open_data(
        names,
        size,
        1,
        channels[::-1] if swapped else channels,
        progress=True,
        test_pictures=given.count,
        shorter_side=shorter_side,
        pairs_for=model if model and MODELS[model].config.paired else None,
        training=False,
    )
    return data.swapped() if swapped else data


if __name__ == "__main__":
    run(main, (CheckpointError, DataError, DeviceError, FeaturesError, PictureError, OSError))
