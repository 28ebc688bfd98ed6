"""python -m minicyclegan.train: trains a model on an embedded world or on folders of pictures."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, get_args

from minicyclegan.cli import Parser, add_options, run
from minicyclegan.data.colours import PictureError
from minicyclegan.data.folders import DataError
from minicyclegan.data.sources import hidden_folder, world_called
from minicyclegan.devices import DeviceError, find_device
from minicyclegan.models import MODELS, ModelConfig, ModelName
from minicyclegan.training.checkpoint import CheckpointError
from minicyclegan.training.config import PresetName, TrainConfig, preset
from minicyclegan.training.jobs import resume, start
from minicyclegan.training.log import Diverged
from minicyclegan.training.plan import plan
from minicyclegan.training.processes import PeerLost, Processes, join
from minicyclegan.training.run_folder import RunError, RunFolder
from minicyclegan.worlds import WORLDS


def main(arguments: list[str] | None = None) -> int:
    with join() as processes:
        return processes.in_turn(lambda: _job(arguments, processes))()


def _job(arguments: list[str] | None, processes: Processes) -> Callable[[], int]:
    """What the command line asks for. Exits, with a line that names the mistake, where it can't be done."""
    chosen = _first_look(arguments)
    device = processes.device(find_device(chosen.device))
    settings, networks = preset("small" if chosen.small else chosen.preset, chosen.model, device.type)
    parser = _parser(chosen.model, settings, networks)
    given = vars(parser.parse_args(arguments))
    try:
        if given["plan"] and given["resume"]:
            raise ValueError("--plan is for a run that has not begun: leave --resume out")
        if given["resume"]:
            return _resumption(given, processes)
        config, model_config = _configs(chosen.model, settings, networks, given)
        processes.check_batch(config.batch, model_config.batch_parts)
        if hidden := hidden_folder(config.data):
            print(f"note: {hidden}")
    except ValueError as error:
        parser.error(str(error))
    return partial(plan if given["plan"] else start, config, model_config, device, given["out"], processes)


def _resumption(given: dict[str, Any], processes: Processes) -> Callable[[], int]:
    """Raises ValueError, naming the option, for what can't be asked of a run that has begun."""
    if given["out"] is None or not given.keys() <= {"out", "resume", "plan", "small", "preset", "device", "steps"}:
        raise ValueError(
            "--resume takes the run's own settings: give it --out; beside it, --device and --steps at most"
        )
    _build(TrainConfig, {}, {"steps": given.get("steps")})
    return partial(resume, RunFolder(given["out"]), given.get("device"), processes, given.get("steps"))


def _configs(
    model: ModelName, settings: Mapping[str, Any], networks: Mapping[str, Any], given: dict[str, Any]
) -> tuple[TrainConfig, ModelConfig]:
    """The defaults of the preset, with what was given. Raises ValueError, naming the option, for what can't work."""
    if "epochs" in given:
        if "steps" in given:
            raise ValueError("--steps and --epochs say the same thing twice: give one of them")
        settings = settings | {"steps": None}
    config = _build(TrainConfig, settings, given)
    model_config = _build(MODELS[model].config, networks, given)
    for option, channels in (("A", model_config.channels_A), ("B", model_config.channels_B)):
        if channels not in (1, 3):
            raise ValueError(f"--channels-{option} must be 1 (grey) or 3 (colour), not {channels}")
    model_config.check_size(config.size)
    if not world_called(config.data):
        for name in (name for name in config.data if not Path(name).exists()):
            alone = "a world stands alone" if name in WORLDS else f"no such world; the worlds: {', '.join(WORLDS)}"
            raise ValueError(f"--data: no folder {name!r} and {alone}")
    return config, model_config


def _first_look(arguments: list[str] | None) -> argparse.Namespace:
    """The few options that decide what the defaults of all others are."""
    parser = Parser(prog="python -m minicyclegan.train", add_help=False)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--preset", default="paper", choices=get_args(PresetName))
    parser.add_argument("--model", default="cyclegan", choices=get_args(ModelName))
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"))
    return parser.parse_known_args(arguments)[0]


def _parser(model: ModelName, settings: Mapping[str, Any], networks: Mapping[str, Any]) -> Parser:
    name = "python -m minicyclegan.train"
    parser = Parser(prog=name, usage=f"{name} [--small] [options]", description=__doc__.split(": ", 1)[1])
    parser.add_argument("--small", action="store_true", help="short for --preset small: minutes, fits this machine")
    text = "the defaults of all options; photos: for folders of your own"
    parser.add_argument("--preset", choices=get_args(PresetName), default="paper", help=text)
    parser.add_argument("--out", metavar="FOLDER", help="the run's folder (default: runs/DATA-MODEL-NUMBER)")
    parser.add_argument("--resume", action="store_true", help="continue the run in --out; --steps N: to another end")
    text = "train nothing: say what memory, time and disk the run would take, after a few trial steps"
    parser.add_argument("--plan", action="store_true", help=text)
    add_options(parser.add_argument_group("the run"), TrainConfig, settings)
    add_options(parser.add_argument_group(f"the model, {model}"), MODELS[model].config, networks)
    return parser


def _build(config_class: type, defaults: Mapping[str, Any], given: dict[str, Any]) -> Any:
    names = {field.name for field in dataclasses.fields(config_class)}
    values = defaults | {name: tuple(v) if isinstance(v, list) else v for name, v in given.items() if name in names}
    return config_class(**values)


if __name__ == "__main__":
    run(main, (DataError, PictureError, DeviceError, RunError, CheckpointError, Diverged, PeerLost, OSError))
