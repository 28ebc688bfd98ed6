"""python -m minicyclegan.evaluate: measures a trained model on held-out pictures."""

from __future__ import annotations

import json
from pathlib import Path

from minicyclegan.cli import Parser, run
from minicyclegan.data.datasets import open_data
from minicyclegan.data.folders import DataError
from minicyclegan.data.worlds import WORLDS
from minicyclegan.devices import DeviceError, find_device
from minicyclegan.judging.evaluation import evaluate
from minicyclegan.shipping.translator import load
from minicyclegan.training.checkpoint import CheckpointError


def main(arguments: list[str] | None = None) -> int:
    parser = Parser(prog="python -m minicyclegan.evaluate", description=__doc__.split(": ", 1)[1])
    parser.add_argument("model", metavar="RUN|CHECKPOINT", help="a run's folder or a checkpoint file")
    parser.add_argument("--data", metavar="WORLD|FOLDER", nargs="+", help="default: what the model was trained on")
    parser.add_argument("--count", type=int, default=200, metavar="N", help="a world's test pictures of each domain")
    parser.add_argument("--json", metavar="FILE", type=Path, help="writes the figures there too")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    given = parser.parse_args(arguments)
    if given.count < 1:
        parser.error(f"--count must be at least 1, not {given.count}")

    translator = load(given.model, find_device(given.device))
    names = given.data or translator.settings["data"]
    size = translator.settings["size"]
    channels = tuple(translator.generators[direction][1] for direction in ("AtoB", "BtoA"))
    swapped = translator.settings["direction"] == "BtoA"
    data = open_data(names, size, 1, channels[::-1] if swapped else channels, progress=True, test_pictures=given.count)
    figures = evaluate(translator, data.swapped() if swapped else data, WORLDS.get(names[0]), size, swapped)
    print(f"{given.model} on {' and '.join(names)}, test pictures of {size} px\n")
    print(f"{'':6}{'figure':<50} {'mean':>7}  {'95 % interval':>16}  count")
    for figure in figures:
        print(figure)
    if given.json:
        content = {"model": given.model, "data": names, "size": size, "figures": [f.to_json() for f in figures]}
        given.json.write_text(json.dumps(content, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    run(main, (CheckpointError, DataError, DeviceError, OSError))
