"""A run from its beginning, or from where it stopped: data, model and folder brought together for the loop."""

from __future__ import annotations

import dataclasses
import platform
import time
from pathlib import Path
from typing import Any

import numpy
import torch

import minicyclegan
from minicyclegan.config import from_dict
from minicyclegan.data.datasets import DataSet, open_data
from minicyclegan.data.folders import DataError, find_layout
from minicyclegan.data.worlds import WORLDS, default_cache_dir
from minicyclegan.devices import find_device
from minicyclegan.models import CONFIGS, Model, ModelConfig, build
from minicyclegan.training.checkpoint import CheckpointError, load_checkpoint, restore_random_state
from minicyclegan.training.config import TrainConfig
from minicyclegan.training.loop import train
from minicyclegan.training.run_folder import RunError, RunFolder, new_run_folder


def start(config: TrainConfig, model_config: ModelConfig, device: torch.device, out: str | None) -> int:
    """Trains from the beginning into a folder of its own."""
    out_folder = RunFolder(out) if out else new_run_folder(Path(config.data[0]).resolve().name, config.model)
    if out_folder.holds_a_run():
        raise RunError(f"{out_folder} already holds a run; continue it with --resume, or give another --out")
    config = dataclasses.replace(config, data=tuple(_absolute(name) for name in config.data))
    if model_config.paired:
        check_pairs(config)
    data = read_data(config, model_config)
    torch.manual_seed(config.seed)
    model = build(model_config, config.seed).to(device)
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
    model_config = from_dict(CONFIGS[content["model"]], content["config"])
    data = read_data(config, model_config)
    model = build(model_config, config.seed).to(device)
    try:
        model.load_training_state(content["training"])
        restore_random_state(content["random"], device)
    # What is missing, or of another shape than it should be, surfaces as nearly any exception.
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:120]
        raise CheckpointError(f"{folder.checkpoint}: a damaged checkpoint ({reason})") from None
    folder.cut_log(content["step"])
    if device.type == "cpu" and content["threads"] != torch.get_num_threads():
        print(
            f"note: the run began with {content['threads']} threads, this one has {torch.get_num_threads()}: "
            "the result will agree closely, not bit for bit"
        )
    print(f"resuming {folder} at step {content['step']:,} of {content['steps']:,} on {device}")
    description = {key: value for key, value in content.items() if key not in ("training", "random", "step", "format")}
    return _train(model, data, config, content["steps"], folder, description, content["step"])


def check_pairs(config: TrainConfig) -> None:
    """Raises DataError, before a picture is drawn or read, for data without pairs."""
    if len(config.data) == 1 and config.data[0] in WORLDS:
        found, paired = f"the world {config.data[0]}", WORLDS[config.data[0]].kind == "paired"
    else:
        layout = find_layout([Path(name) for name in config.data])
        found, paired = " and ".join(config.data), layout.kind != "unpaired"
    if not paired:
        worlds = ", ".join(world.name for world in WORLDS.values() if world.kind == "paired")
        raise DataError(
            f"{config.model} learns from pairs, and in {found} there are none: give train/ with side-by-side pictures, "
            f"two folders of namesakes or a paired world ({worlds}); --model cyclegan needs no pairs"
        )


def read_data(config: TrainConfig, model_config: ModelConfig) -> DataSet:
    channels = (model_config.channels_A, model_config.channels_B)
    if config.direction == "BtoA":
        channels = channels[::-1]
    cache_dir = default_cache_dir() if config.cache else None
    data = open_data(config.data, config.size, config.pictures, channels, progress=True, cache_dir=cache_dir)
    return data.swapped() if config.direction == "BtoA" else data


def _train(
    model: Model,
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


def _say_hello(folder: RunFolder, data: DataSet, model: Model, steps: int, device: torch.device) -> None:
    weights = sum(parameter.numel() for parameter in model.parameters()) / 1e6
    print(f"data: {data.description}")
    print(f"{type(model).__name__}, {weights:.1f} million weights, {steps:,} steps on {device}, into {folder}")


def _absolute(name: str) -> str:
    """A run may be resumed from elsewhere: folders are recorded by their full path."""
    return name if name in WORLDS else str(Path(name).resolve())
