"""python -m minicyclegan.evaluate: measures a trained model on held-out pictures."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from minicyclegan.cli import Parser, at_least, run
from minicyclegan.data.colours import PictureError
from minicyclegan.data.datasets import VALIDATION_PICTURES, DataSet, open_data
from minicyclegan.data.folders import DataError
from minicyclegan.data.sources import hidden_folder, world_called
from minicyclegan.devices import DeviceError, find_device, keep_freed_memory
from minicyclegan.files import write_json
from minicyclegan.judging.evaluation import evaluate, sheet
from minicyclegan.judging.extractor import FeaturesError, find_extractor
from minicyclegan.judging.figures import HEADING, Figure
from minicyclegan.judging.fronts import SMALLEST
from minicyclegan.judging.style_tasks import style_task
from minicyclegan.judging.styles import null_figures, side_by_side
from minicyclegan.judging.translation import Translation, held_out, judging_device
from minicyclegan.models import MODELS
from minicyclegan.shipping.bundled import BUNDLED
from minicyclegan.shipping.translator import Translator, load
from minicyclegan.training.checkpoint import CheckpointError
from minicyclegan.training.pictures import save_grid

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
    names, size, shorter_side = _what_to_measure_on(parser, given, translator)
    extractor = find_extractor(given.features)
    swapped = translator.settings.get("direction", "AtoB") == "BtoA"
    if given.data and (hidden := hidden_folder(names)):
        print(f"note: {hidden}")
    data = _open(translator, names, size, shorter_side, swapped, given.count)
    world = world_called(names)
    device = judging_device(translator)
    tests = [held_out(data, direction, world, swapped, given.count, device) for direction in translator.generators]
    translations = [Translation(translator, test, False) for test in tests]
    figures = evaluate(translations, extractor)

    middle = f", the middle of what has {shorter_side} px to its shorter side" if shorter_side else ""
    moment = f" ({translator.moment})" if translator.moment else ""
    print(f"{given.model}{moment} on {' and '.join(names)}, test pictures of {size} px{middle}")
    for note in data.notes:
        print(f"note: {note}")
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
    text = f"a run's folder or a checkpoint file; or {', '.join(BUNDLED)}, which come with the package"
    parser.add_argument("model", metavar="RUN|CHECKPOINT|NAME", help=text)
    parser.add_argument("--data", metavar="WORLD|FOLDER", nargs="+", help="default: what the model was trained on")
    parser.add_argument("--count", type=at_least(1), default=200, metavar="N", help="test pictures a domain, at most")
    parser.add_argument("--size", type=at_least(8), metavar="PX", help="default: the size the model was trained at")
    text = "what FID and KID compare; auto: Inception's if torch-fidelity is installed, else the package's own net's"
    parser.add_argument("--features", choices=("auto", "own", "inception"), default="auto", help=text)
    text = "beside a model of many styles on facades, the same figures of true fronts and of models that must fail"
    parser.add_argument("--nulls", action="store_true", help=text)
    parser.add_argument("--json", metavar="FILE", type=Path, help="writes the figures there too")
    parser.add_argument("--picture", metavar="FILE", type=Path, help="writes a sheet of the first pictures there")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    return parser


def _check_options(parser: Parser, given: Namespace) -> None:
    """Exits with a line that names the option that can't be."""
    for option, path in (("--json", given.json), ("--picture", given.picture)):
        if path is not None and not path.parent.is_dir():
            parser.error(f"{option} {path}: there is no folder {path.parent}; make it first")
        if path is not None and path.is_dir():
            parser.error(f"{option} {path}: a folder; give a file")
    if given.picture is not None and given.picture.suffix.lower() not in (".png", ".jpg"):
        parser.error(f"--picture {given.picture}: the name must end in .png or .jpg")


def _what_to_measure_on(parser: Parser, given: Namespace, translator: Translator) -> tuple[list[str], int, int | None]:
    """The world or folders, the pictures' size, and what their shorter side is scaled to first, if they are cut."""
    names = given.data or translator.settings.get("data")
    world, shorter_side = world_called(names or ()), translator.settings.get("load_size")
    size = given.size or (world and shorter_side) or translator.settings.get("size")
    if names is None or size is None:
        parser.error(f"{given.model} does not say what it was trained on: give --data and --size")
    if given.nulls and (list(names) != ["facades"] or size < SMALLEST or not translator.latent):
        parser.error(f"--nulls goes with a model of many styles, --data facades and at least {SMALLEST} px")
    # Masks and label maps are those of a world's whole pictures.
    return names, size, max(shorter_side, size) if shorter_side and not world else None


def _open(
    translator: Translator, names: Sequence[str], size: int, shorter_side: int | None, swapped: bool, count: int
) -> DataSet:
    generators, model = translator.generators, translator.settings.get("model")
    channels = (generators["AtoB"][1], generators["BtoA"][1] if "BtoA" in generators else translator.channels_B)
    channels = channels[::-1] if swapped else channels
    pairs_for = model if model and MODELS[model].config.paired else None
    # Where training pictures have to stand in for test pictures, those that were validated on are left out.
    held_back = VALIDATION_PICTURES if translator.settings.get("validate_every") else 0
    shown = {"shorter_side": shorter_side, "pairs_for": pairs_for, "training": False, "validation": held_back}
    data = open_data(names, size, 1, channels, True, None, count, **shown)
    return data.swapped() if swapped else data


def _beside_nulls(figures: Sequence[Figure], size: int) -> str:
    """The model's styles, fresh true fronts', and those of models that must fail."""
    task = style_task(size=size)
    styles = [figure for figure in figures if figure.name.startswith("styles: ")]
    ours = [replace(figure, name=figure.name.removeprefix("styles: ")) for figure in styles]
    return side_by_side({"this model": ours} | null_figures(task, task.fronts.shape[1]))


if __name__ == "__main__":
    run(main, (CheckpointError, DataError, DeviceError, FeaturesError, PictureError, OSError))
