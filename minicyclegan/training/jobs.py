"""A run from its beginning, or from where it stopped: data, model and folder brought together for the loop."""

from __future__ import annotations

import contextlib
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
from minicyclegan.data.record import changes
from minicyclegan.data.sources import world_called
from minicyclegan.devices import find_device
from minicyclegan.models import MODELS, Model, ModelConfig, build
from minicyclegan.training.checkpoint import CheckpointError, load_checkpoint, restore_random_state
from minicyclegan.training.config import TrainConfig
from minicyclegan.training.loop import own_state, train
from minicyclegan.training.processes import ALONE, Processes
from minicyclegan.training.run_folder import RunError, RunFolder, new_run_folder
from minicyclegan.training.speed import Speed, choose_speed, prepare
from minicyclegan.worlds import default_cache_dir


def start(
    config: TrainConfig,
    model_config: ModelConfig,
    device: torch.device,
    out: str | None,
    processes: Processes = ALONE,
) -> int:
    """Trains from the beginning into a folder of its own."""
    out_folder = RunFolder(out) if out else new_run_folder(Path(config.data[0]).resolve().name, config.model)
    if processes.first and out_folder.holds_a_run():
        raise RunError(f"{out_folder} already holds a run; continue it with --resume, or give another --out")
    if world_called(config.data) is None:  # a run may be resumed from elsewhere
        config = dataclasses.replace(config, data=tuple(str(Path(name).resolve()) for name in config.data))
    speed = _chosen(config, device)
    data = read_data(config, model_config, processes)
    torch.manual_seed(config.seed + processes.rank)
    model = build(model_config, config.seed).to(device)
    processes.prepare(model)
    prepare(model, speed)
    length = max(len(data.train_A), len(data.train_B))
    steps = config.steps or -(-(config.epochs or 1) * length // config.batch)
    description = {
        "model": config.model,
        "config": dataclasses.asdict(model_config),
        "settings": dataclasses.asdict(config),
        "steps": steps,
        "device": str(device),
        "processes": processes.count,
        "threads": speed.threads,
        "speed": speed.to_json(),
        "pictures": data.record,
        "versions": {
            "minicyclegan": minicyclegan.__version__,
            "torch": str(torch.__version__),
            "numpy": numpy.__version__,
            "python": platform.python_version(),
        },
    }
    if processes.first:
        out_folder.create(description)
    _say_hello(out_folder, data, model, steps, device, speed)
    _say_how_many(config.batch, processes)
    return _train(model, data, config, steps, out_folder, description, 0, processes)


def resume(folder: RunFolder, device_name: str | None, processes: Processes = ALONE) -> int:
    """Continues a run where its checkpoint was taken: exactly, if it is as many processes again."""
    content, config, model_config = processes.in_turn(lambda: _recorded(folder, processes))
    if content["step"] >= content["steps"]:
        print(f"{folder} is finished: {content['steps']:,} steps. Try it: {_what_next(folder)}")
        return 0
    device = processes.device(find_device(device_name or config.device))
    speed = _speed_of(content, config, device)
    data = read_data(config, model_config, processes)
    model = build(model_config, config.seed).to(device)
    processes.prepare(model)
    prepare(model, speed)
    try:
        _restore(model, content, device, processes)
    # What is missing, or of another shape than it should be, surfaces as nearly any exception.
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:120]
        raise CheckpointError(f"{folder.checkpoint}: a damaged checkpoint ({reason})") from None
    if processes.first:
        folder.cut_log(content["step"])
    if device.type == "cpu" and content["threads"] != speed.threads:
        print(
            f"note: the run began with {content['threads']} threads, this one has {speed.threads}: "
            "the result will agree closely, not bit for bit"
        )
    changed = changes(content.get("pictures", data.record), data.record)
    for note in [changed] * bool(changed) + data.notes:
        print(f"note: {note}")
    print(f"resuming {folder} at step {content['step']:,} of {content['steps']:,} on {device}")
    print(speed)
    _say_how_many(config.batch, processes, content.get("processes", 1))
    of_one_step = ("training", "random", "others", "step", "format")
    description = {key: value for key, value in content.items() if key not in of_one_step}
    description |= {"processes": processes.count, "pictures": data.record}
    return _train(model, data, config, content["steps"], folder, description, content["step"], processes)


def _recorded(folder: RunFolder, processes: Processes) -> tuple[dict[str, Any], TrainConfig, ModelConfig]:
    """The checkpoint of a run, and its settings. Raises RunError or CheckpointError where there is no going on."""
    if not folder.checkpoint.exists():
        raise RunError(f"{folder}: no checkpoint.pt in it, nothing to resume")
    content = load_checkpoint(folder.checkpoint)
    try:
        config = from_dict(TrainConfig, {**content["settings"], "data": tuple(content["settings"]["data"])})
        model_config = from_dict(MODELS[content["model"]].config, content["config"])
        processes.check_batch(config.batch)
    except ValueError as error:
        raise RunError(f"{folder}: {error}") from None
    return content, config, model_config


def _chosen(config: TrainConfig, device: torch.device) -> Speed:
    return choose_speed(device, config.precision, config.compile, config.kernels, config.memory_format, config.threads)


def _speed_of(content: dict[str, Any], config: TrainConfig, device: torch.device) -> Speed:
    """As the run began, so that it goes on exactly; on another kind of device, or of an older run: chosen anew."""
    moved = torch.device(content["device"]).type != device.type
    speed = _chosen(dataclasses.replace(config, kernels="auto") if moved else config, device)
    if moved or "speed" not in content:
        return speed
    return dataclasses.replace(from_dict(Speed, content["speed"]), threads=speed.threads, because="as the run began")


def _restore(model: Model, content: dict[str, Any], device: torch.device, processes: Processes) -> None:
    """Networks and optimizers are alike in all processes; histories and PyTorch's own generators are not.

    A process that the run did not have before begins with an empty history.
    """
    torch.manual_seed(content["settings"]["seed"] + processes.rank)
    own, others = {"pools": {}, "random": content["random"]}, content.get("others", [])
    if not processes.first:
        own = others[processes.rank - 1] if processes.rank <= len(others) else own_state(model, device)
    model.load_training_state(content["training"] | own["pools"])
    restore_random_state(own["random"], device)


def read_data(config: TrainConfig, model_config: ModelConfig, processes: Processes = ALONE) -> DataSet:
    channels = (model_config.channels_A, model_config.channels_B)
    if config.direction == "BtoA":
        channels = channels[::-1]
    kept: contextlib.AbstractContextManager[Path | None] = contextlib.nullcontext()
    if config.cache:
        kept = contextlib.nullcontext(default_cache_dir())
    elif processes.count > 1:
        kept = processes.temporary_folder()  # a world is drawn once, not once a process
    with kept as cache_dir:
        data = processes.in_turn(
            lambda: open_data(
                config.data,
                config.size,
                config.pictures,
                channels,
                processes.first,
                cache_dir,
                shorter_side=config.load_size,
                pairs_for=config.model if model_config.paired else None,
            )
        )
    return data.swapped() if config.direction == "BtoA" else data


def _train(
    model: Model,
    data: DataSet,
    config: TrainConfig,
    steps: int,
    folder: RunFolder,
    description: dict[str, Any],
    first: int,
    processes: Processes,
) -> int:
    began = time.perf_counter()
    reached, stopped_by = train(model, data, config, steps, folder, description, first, processes)
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


def _say_hello(folder: RunFolder, data: DataSet, model: Model, steps: int, device: torch.device, speed: Speed) -> None:
    weights = sum(parameter.numel() for parameter in model.parameters()) / 1e6
    print(f"data: {data.description}")
    for note in data.notes:
        print(f"note: {note}")
    print(f"{type(model).__name__}, {weights:.1f} million weights, {steps:,} steps on {device}, into {folder}")
    print(speed)


def _say_how_many(batch: int, processes: Processes, before: int | None = None) -> None:
    if processes.count > 1:
        print(f"{processes.count} processes; of a batch of {batch}, each has {batch // processes.count}")
    if before not in (None, processes.count):
        print(
            f"note: the run had {before} {'process' if before == 1 else 'processes'} before: it goes on, but with "
            "other histories of generated pictures and other dropout than if it had stayed so"
        )
