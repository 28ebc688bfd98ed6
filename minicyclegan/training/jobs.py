"""A run from its beginning, or from where it stopped: data, model and folder brought together for the loop."""

from __future__ import annotations

import platform
import time
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy
import torch
from tqdm import tqdm

import minicyclegan
from minicyclegan.cli import command_line
from minicyclegan.config import from_dict
from minicyclegan.data.datasets import VALIDATION_PICTURES, DataSet, hold_back, open_data
from minicyclegan.data.folders import Layout
from minicyclegan.data.record import changes
from minicyclegan.data.sources import find_data, world_called
from minicyclegan.devices import find_device
from minicyclegan.models import MODELS, Model, ModelConfig, build
from minicyclegan.training.checkpoint import checkpoint_errors, load_checkpoint, restore_random_state, save_checkpoint
from minicyclegan.training.config import TrainConfig, learning_rate_factor
from minicyclegan.training.log import Diverged
from minicyclegan.training.loop import own_state, show, train
from minicyclegan.training.memory import memory_line, memory_needed, memory_there
from minicyclegan.training.processes import ALONE, Processes
from minicyclegan.training.run import Run
from minicyclegan.training.run_folder import RunError, RunFolder, new_run_folder
from minicyclegan.training.speed import Speed, choose_speed, prepare
from minicyclegan.worlds import default_cache_dir

# Of a checkpoint; the rest describes the run.
OF_ONE_STEP = ("training", "random", "others", "step", "format", "candidates")


def start(
    config: TrainConfig, model_config: ModelConfig, device: torch.device, out: str | None, processes: Processes = ALONE
) -> int:
    """Trains from the beginning into a folder of its own. Raises DataError, PictureError, RunError, WriteError."""
    if world_called(config.data) is None:  # a run may be resumed from elsewhere
        config = replace(config, data=tuple(str(Path(name).resolve()) for name in config.data))
    pictures = count_pictures(config, model_config)  # before a folder is made
    name = f"{Path(config.data[0]).name}-{config.model}"
    with new_run_folder(out, name) if processes.first else nullcontext(RunFolder(out or name)) as folder:
        speed = choose(config, device, processes)
        memory = "memory: it can't be counted before the run"  # which trains all the same
        with suppress(Exception):
            needed, _ = memory_needed(config, model_config, device, pictures, processes.count)
            memory = memory_line(needed, memory_there(device, processes.count), device)
        data = read_data(config, model_config, processes)
        model = new_model(config, model_config, device, speed, processes)
        steps = steps_of(config, pictures)
        description = {"model": config.model, "config": asdict(model_config), "settings": asdict(config)}
        description |= {"steps": steps, "device": str(device), "processes": processes.count, "threads": speed.threads}
        description |= {"pictures": data.record, "validation": data.validation}
        description |= {"speed": asdict(speed), "versions": {"python": platform.python_version()}}
        description["versions"] |= {tool.__name__: str(tool.__version__) for tool in (minicyclegan, torch, numpy)}
        if processes.first:
            folder.create(description)
        weights = sum(parameter.numel() for parameter in model.parameters()) / 1e6
        print(f"data: {data.description}")
        print(f"validation: {data.validation}")
        _say_notes(data)
        print(f"{type(model).__name__}, {weights:.1f} million weights, {steps:,} steps on {device}, into {folder}")
        print(memory)
        print("time: the bar's own estimate holds from some twenty steps on; --plan tells it before a run begins")
        return _train(Run(folder, config, model, data, steps, description, processes), speed)


def resume(
    folder: RunFolder, device_name: str | None, processes: Processes = ALONE, new_steps: int | None = None
) -> int:
    """Continues a run where its checkpoint was taken: exactly, if it is as many processes again.

    new_steps   its length from here on, all steps counted; None: as it was
    Raises RunError, CheckpointError, DataError, WriteError; BlockingIOError where another process goes on with it.
    """
    content, config, model_config = processes.in_turn(lambda: _recorded(folder, processes))
    step, steps = content["step"], content["steps"] if new_steps is None else new_steps
    if steps < step or steps == step < content["steps"]:
        raise RunError(f"--steps {steps}: {folder} has done {step:,} steps; give a larger number, or leave it out")
    config = config if new_steps is None else replace(config, steps=new_steps)
    if step >= steps:
        print(f"{folder} is finished: {steps:,} steps. Try it: {_what_next(folder)}")
        return 0
    with folder.alone() if processes.first else nullcontext():
        device = processes.device(find_device(device_name or config.device))
        speed = _speed_of(content, config, device, processes)
        data = read_data(config, model_config, processes)
        model = new_model(config, model_config, device, speed, processes)
        with checkpoint_errors(folder.checkpoint):
            _restore(model, content, device, processes)
        if processes.first:
            folder.cut_log(step)
        before, now = content["threads"], speed.threads
        if device.type == "cpu" and before != now:
            print(f"note: the run began with {before} threads, now it has {now}: it agrees closely, not bit for bit")
        if (before := content.get("processes", 1)) != processes.count:
            print(
                f"note: the run had {before} {'process' if before == 1 else 'processes'} before: it goes on, but with "
                "other histories of generated pictures and other dropout than if it had stayed so"
            )
        _say_notes(data, changes(content.get("pictures", data.record), data.record))
        print(f"resuming {folder} at step {step:,} of {steps:,} on {device}")
        description = {key: value for key, value in content.items() if key not in OF_ONE_STEP}
        description |= {"processes": processes.count, "pictures": data.record, "validation": data.validation}
        candidates = content.get("candidates", {})
        if steps != content["steps"]:
            description |= {"steps": steps, "settings": asdict(config)}
            print(_new_schedule(step, content["steps"], steps, config.decay, model_config.lr))
            if processes.first:  # both say so at once, whatever happens before the next checkpoint
                save_checkpoint(folder.checkpoint, {**content, **description})
                folder.create(description)
        return _train(Run(folder, config, model, data, steps, description, processes, step, step, candidates), speed)


def _new_schedule(step: int, before: int, steps: int, decay: float, lr: float) -> str:
    """What becomes of the learning rate when a run that has done `step` of `before` steps gets another length."""
    was = lr * learning_rate_factor(max(step - 1, 0), before, decay)
    now = lr * learning_rate_factor(step, steps, decay)
    falls = max(step, steps - round(steps * decay))
    then = f"falls in a straight line from step {falls:,} to the end" if decay else "stays so"
    return (
        f"{steps:,} steps now, {before:,} before. The learning rate was {was:.3g} in the last step and is {now:.3g} in "
        f"the next one; it {then}"
    )


def _recorded(folder: RunFolder, processes: Processes) -> tuple[dict[str, Any], TrainConfig, ModelConfig]:
    """The checkpoint of a run, and its settings. Raises RunError or CheckpointError where there is no going on."""
    if not folder.checkpoint.exists():
        raise RunError(f"{folder}: no checkpoint.pt in it, nothing to resume")
    content = load_checkpoint(folder.checkpoint)
    try:
        # A run of before there was validation goes on without: it has held no pictures back.
        settings = {"validate_every": 0, **content["settings"], "data": tuple(content["settings"]["data"])}
        config = from_dict(TrainConfig, settings)
        model_config = from_dict(MODELS[content["model"]].config, content["config"])
        processes.check_batch(config.batch, model_config.batch_parts)
    except ValueError as error:
        raise RunError(f"{folder}: {error}") from None
    return content, config, model_config


def count_pictures(config: TrainConfig, model_config: ModelConfig) -> int:
    """How many training pictures the larger domain has; none is drawn or read. Raises DataError."""
    found = find_data(config.data, config.model if model_config.paired else None)
    if not isinstance(found, Layout):
        return config.pictures
    layout, *_ = hold_back(found, VALIDATION_PICTURES if config.validate_every else 0)
    return max(len(layout.train_A), len(layout.train_B))


def steps_of(config: TrainConfig, pictures: int) -> int:
    return config.steps or -(-(config.epochs or 1) * pictures // config.batch)


def choose(config: TrainConfig, device: torch.device, processes: Processes = ALONE) -> Speed:
    """What the config leaves open is chosen. Raises DeviceError for what can't be had here."""
    chosen = (config.precision, config.compile, config.kernels, config.memory_format, config.threads, config.graphs)
    return choose_speed(device, *chosen, alone=processes.count == 1)


def _speed_of(
    content: dict[str, Any], config: TrainConfig, device: torch.device, processes: Processes = ALONE
) -> Speed:
    """As the run began, so that it goes on exactly, without what can't be had here and now.

    On another kind of device, or of an older run: chosen anew.
    """
    moved = torch.device(content["device"]).type != device.type
    left = {"kernels": "auto", "graphs": "auto"} if moved else {"graphs": "auto"} if processes.count > 1 else {}
    speed = choose(replace(config, **left), device, processes)
    if moved or "speed" not in content:
        return speed
    began = from_dict(Speed, content["speed"])
    now = {name: getattr(began, name) and getattr(speed, name) for name in ("kernels", "graphs")}
    if began.kernels and not now["kernels"]:  # which is what channels last is for on a GPU
        now["memory_format"] = speed.memory_format
    if began.precision == "bfloat16" and config.precision == "auto":  # another processor may have to emulate it
        now["precision"] = speed.precision
    because = "as the run began" + ", but for what can't be had now" * (replace(began, **now) != began)
    return replace(began, threads=speed.threads, because=because, **now)


def new_model(
    config: TrainConfig, model_config: ModelConfig, device: torch.device, speed: Speed, processes: Processes
) -> Model:
    """On its device, ready to compute as `speed` says."""
    torch.manual_seed(config.seed + processes.rank)
    model = build(model_config, config.seed).to(device)
    processes.prepare(model)
    prepare(model, speed)
    if config.ema:
        model.keep_average(config.ema)
    return model


def read_data(config: TrainConfig, model_config: ModelConfig, processes: Processes = ALONE) -> DataSet:
    channels = (model_config.channels_A, model_config.channels_B)
    if config.direction == "BtoA":
        channels = channels[::-1]
    kept: AbstractContextManager[Path | None] = nullcontext(default_cache_dir() if config.cache else None)
    if processes.count > 1 and not config.cache:
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
                validation=VALIDATION_PICTURES if config.validate_every else 0,
            )
        )
    return data.swapped() if config.direction == "BtoA" else data


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


def _train(run: Run, speed: Speed) -> int:
    """Trains, and says before and after what there is to know; returns the command's exit status."""
    print(speed)
    if run.processes.count > 1:
        share = run.config.batch // run.processes.count
        print(f"{run.processes.count} processes; of a batch of {run.config.batch}, each has {share}")
    began, first = time.perf_counter(), run.step
    try:
        stopped_by = train(run)
    except Diverged:
        show(run.folder, print)  # with the alarm that says why
        raise
    took = tqdm.format_interval(time.perf_counter() - began)
    if stopped_by:
        print(f"stopped and saved at step {run.step:,} of {run.steps:,}; go on with:")
        print(f"  {command_line('train', '--out', run.folder, '--resume')}")
        return 128 + stopped_by
    print(f"{run.steps - first:,} steps in {took}. Look at {run.folder.report} and {run.folder.sample(run.steps)}.")
    print(f"Everything is in {run.folder}. Next: {_what_next(run.folder)}")
    return 0


def _what_next(folder: RunFolder) -> str:
    return command_line("translate", folder, "PICTURE", "--out", "translated")


def _say_notes(data: DataSet, *others: str) -> None:
    for note in filter(None, (*others, *data.notes)):
        print(f"note: {note}")
