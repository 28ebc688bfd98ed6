"""python -m minicyclegan.train: trains a model on an embedded world or on folders of pictures."""

from __future__ import annotations

import argparse
import dataclasses
import platform
import time
from pathlib import Path
from typing import Any

import numpy
import torch

import minicyclegan
from minicyclegan.cli import Parser, add_options, run
from minicyclegan.config import from_dict
from minicyclegan.data.datasets import DataSet, open_data
from minicyclegan.data.folders import DataError
from minicyclegan.data.images import PictureError
from minicyclegan.data.worlds import WORLDS, default_cache_dir
from minicyclegan.devices import DeviceError, find_device
from minicyclegan.models.cyclegan import CycleGAN, CycleGANConfig
from minicyclegan.networks import smallest_input
from minicyclegan.training.checkpoint import CheckpointError, load_checkpoint, restore_random_state
from minicyclegan.training.config import PresetName, TrainConfig, preset
from minicyclegan.training.loop import Diverged, train
from minicyclegan.training.run_folder import RunError, RunFolder, new_run_folder


def main(arguments: list[str] | None = None) -> int:
    chosen = _first_look(arguments)
    device = find_device(chosen.device)
    settings, model_settings = preset("small" if chosen.small else chosen.preset, device.type)
    parser = _parser(settings, model_settings)
    given = vars(parser.parse_args(arguments))
    try:
        if given["resume"]:
            extra = set(given) - {"out", "resume", "small", "preset", "device"}
            if extra or given["out"] is None:
                parser.error("--resume takes the run's own settings: give it --out, and --device at most")
            return resume(RunFolder(given["out"]), chosen.device if "device" in given else None)
        if "epochs" in given and "steps" in given:
            parser.error("--steps and --epochs say the same thing twice: give one of them")
        if "epochs" in given:
            settings["steps"] = None
        config = _build(TrainConfig, settings, given)
        model_config = _build(CycleGANConfig, model_settings, given)
        smallest = smallest_input(model_config.disc_layers)
        if config.size < smallest:
            parser.error(
                f"--size {config.size} is too small for --disc-layers {model_config.disc_layers}: {smallest} at least"
            )
        unknown = [name for name in config.data if name not in WORLDS and not Path(name).exists()]
        if unknown:
            parser.error(f"--data: no folder {unknown[0]!r} and no such world; the worlds: {', '.join(WORLDS)}")
        for world in (WORLDS[name] for name in config.data if name in WORLDS):
            if world.test_only:
                raise DataError(f"{world.name} is a world to try a trained model on; train on another one")
    except ValueError as error:
        if isinstance(error, RunError | CheckpointError | DataError | DeviceError):
            raise
        parser.error(str(error))
    return start(config, model_config, device, given["out"])


def start(config: TrainConfig, model_config: CycleGANConfig, device: torch.device, out: str | None) -> int:
    """Trains from the beginning into a folder of its own."""
    out_folder = RunFolder(out) if out else new_run_folder(Path(config.data[0]).resolve().name, config.model)
    if out_folder.holds_a_run():
        raise RunError(f"{out_folder} already holds a run; continue it with --resume, or give another --out")
    config = dataclasses.replace(config, data=tuple(_absolute(name) for name in config.data))
    data = read_data(config, model_config)
    torch.manual_seed(config.seed)
    model = CycleGAN(model_config, config.seed).to(device)
    length = max(len(data.train_A), len(data.train_B))
    steps = config.steps or -(-(config.epochs or 1) * length // config.batch)
    description = {
        "model": config.model,
        "config": dataclasses.asdict(model_config),
        "settings": dataclasses.asdict(config),
        "steps": steps,
        "device": str(device),
        "threads": torch.get_num_threads(),
        "versions": {
            "minicyclegan": minicyclegan.__version__,
            "torch": str(torch.__version__),
            "numpy": numpy.__version__,
            "python": platform.python_version(),
        },
    }
    out_folder.create(description)
    _say_hello(out_folder, data, model, steps, device)
    return _train(model, data, config, steps, out_folder, description, 0)


def resume(folder: RunFolder, device_name: str | None) -> int:
    """Continues a run exactly where its checkpoint was taken."""
    if not folder.checkpoint.exists():
        raise RunError(f"{folder}: no checkpoint.pt in it, nothing to resume")
    content = load_checkpoint(folder.checkpoint)
    config = from_dict(TrainConfig, {**content["settings"], "data": tuple(content["settings"]["data"])})
    if content["step"] >= content["steps"]:
        print(f"{folder} is finished: {content['steps']:,} steps. Try it: {_what_next(folder)}")
        return 0
    device = find_device(device_name or config.device)
    model_config = from_dict(CycleGANConfig, content["config"])
    data = read_data(config, model_config)
    model = CycleGAN(model_config, config.seed).to(device)
    model.load_training_state(content["training"])
    restore_random_state(content["random"], device)
    folder.cut_log(content["step"])
    if device.type == "cpu" and content["threads"] != torch.get_num_threads():
        print(
            f"note: the run began with {content['threads']} threads, this one has {torch.get_num_threads()}: "
            "the result will agree closely, not bit for bit"
        )
    print(f"resuming {folder} at step {content['step']:,} of {content['steps']:,} on {device}")
    description = {key: value for key, value in content.items() if key not in ("training", "random", "step", "format")}
    return _train(model, data, config, content["steps"], folder, description, content["step"])


def read_data(config: TrainConfig, model_config: CycleGANConfig) -> DataSet:
    channels = (model_config.channels_A, model_config.channels_B)
    if config.direction == "BtoA":
        channels = channels[::-1]
    cache_dir = default_cache_dir() if config.cache else None
    data = open_data(config.data, config.size, config.pictures, channels, progress=True, cache_dir=cache_dir)
    return data.swapped() if config.direction == "BtoA" else data


def _train(
    model: CycleGAN,
    data: DataSet,
    config: TrainConfig,
    steps: int,
    folder: RunFolder,
    description: dict[str, Any],
    first: int,
) -> int:
    began = time.perf_counter()
    reached, stopped_by = train(model, data, config, steps, folder, description, first)
    took = time.strftime("%H:%M:%S", time.gmtime(time.perf_counter() - began))
    if stopped_by:
        print(f"stopped and saved at step {reached:,} of {steps:,}; go on with:")
        print(f"  python -m minicyclegan.train --out {folder} --resume")
        return 128 + stopped_by
    print(f"{steps - first:,} steps in {took}. Look at {folder.sample(steps)} and {folder.losses}.")
    print(f"Everything is in {folder}. Next: {_what_next(folder)}")
    return 0


def _what_next(folder: RunFolder) -> str:
    return f"python -m minicyclegan.translate {folder} PICTURE --out translated"


def _say_hello(folder: RunFolder, data: DataSet, model: CycleGAN, steps: int, device: torch.device) -> None:
    weights = sum(parameter.numel() for parameter in model.parameters()) / 1e6
    print(f"data: {data.description}")
    print(f"CycleGAN, {weights:.1f} million weights, {steps:,} steps on {device}, into {folder}")


def _absolute(name: str) -> str:
    """A run may be resumed from elsewhere: folders are recorded by their full path."""
    return name if name in WORLDS else str(Path(name).resolve())


def _first_look(arguments: list[str] | None) -> argparse.Namespace:
    """The few options that decide what the defaults of all others are."""
    parser = Parser(prog="python -m minicyclegan.train", add_help=False)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--preset", default="paper")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"))
    return parser.parse_known_args(arguments)[0]


def _parser(settings: dict[str, Any], model_settings: dict[str, Any]) -> Parser:
    name = "python -m minicyclegan.train"
    parser = Parser(prog=name, usage=f"{name} [--small] [options]", description=__doc__.split(": ", 1)[1])
    parser.add_argument("--small", action="store_true", help="short for --preset small: minutes, fits this machine")
    parser.add_argument("--preset", choices=PresetName.__args__, default="paper", help="the defaults of all options")
    parser.add_argument("--out", metavar="FOLDER", help="the run's folder (default: runs/DATA-MODEL-NUMBER)")
    parser.add_argument("--resume", action="store_true", help="continue the run in --out, with its own settings")
    add_options(parser.add_argument_group("the run"), TrainConfig, settings)
    add_options(parser.add_argument_group("the model"), CycleGANConfig, model_settings)
    return parser


def _build(config_class: type, defaults: dict[str, Any], given: dict[str, Any]) -> Any:
    names = {field.name for field in dataclasses.fields(config_class)}
    values = defaults | {name: tuple(v) if isinstance(v, list) else v for name, v in given.items() if name in names}
    return config_class(**values)


if __name__ == "__main__":
    run(main, (DataError, PictureError, DeviceError, RunError, CheckpointError, Diverged, OSError))
