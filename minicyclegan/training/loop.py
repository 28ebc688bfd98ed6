"""The training loop: batches in, steps, and what a person wants to see of them."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from minicyclegan.data.datasets import DataSet, PairedBatches, UnpairedBatches
from minicyclegan.data.prefetch import prefetch
from minicyclegan.image_pool import ImagePool
from minicyclegan.interrupts import stop_requests
from minicyclegan.models import Model
from minicyclegan.models.base import collect
from minicyclegan.training.alarms import ignored_code
from minicyclegan.training.background import Background, copied
from minicyclegan.training.checkpoint import random_state, save_checkpoint
from minicyclegan.training.config import TrainConfig, learning_rate_factor
from minicyclegan.training.curves import draw_losses
from minicyclegan.training.log import Log
from minicyclegan.training.pictures import first_few, sample_blocks, save_grid
from minicyclegan.training.processes import ALONE, Processes
from minicyclegan.training.run_folder import RunFolder
from minicyclegan.training.speed import uncompiled


@dataclass
class Run:
    """What is trained, on what, how long, and where it is kept. The model is on its device already.

    description   what config.json says, and every checkpoint too
    step          how many of the steps are done
    """

    folder: RunFolder
    config: TrainConfig
    model: Model
    data: DataSet
    steps: int
    description: dict[str, Any]
    processes: Processes = ALONE
    step: int = 0


def train(run: Run) -> int:
    """Trains until all steps are done; returns 0, or the signal that stopped it before. Raises Diverged, WriteError."""
    model, data, config, processes = run.model, run.data, run.config, run.processes
    device = model.device
    order = PairedBatches if model.config.paired else UnpairedBatches
    batches = order(data.train_A, data.train_B, config.size, config.seed, processes.share, config.flip)
    log = Log(run.folder, config.batch, processes)

    def batch(step: int) -> list[Tensor]:
        pictures = batches.batch(step, config.batch)
        # Only what is pinned goes to a GPU without a wait.
        return [picture.pin_memory() if device.type == "cuda" else picture for picture in pictures]

    def save() -> None:
        log.flush()
        others = processes.states_of_others(lambda: own_state(model, device))
        if processes.first:
            content = {"training": copied(model.training_state()), "random": random_state(device), "step": run.step}
            background.do(save_checkpoint, run.folder.checkpoint, {**run.description, **content, "others": others})
            if log.curves.names:
                background.do(draw_losses, log.curves.thinned(), run.folder.losses)

    stop = 0
    coming = prefetch(batch, range(run.step, run.steps), threads=batches.readers)
    look = {"unit": "step", "dynamic_ncols": True, "smoothing": 0.05, "disable": not processes.first}
    bar = tqdm(None, "training", run.steps, initial=run.step, **look)
    with stop_requests() as requests, Background() as background, contextlib.closing(coming), bar:
        if run.step == 0:
            save()
            background.wait()  # from here on the run can be resumed
        while run.step < run.steps and not stop:
            lr = model.set_learning_rate(learning_rate_factor(run.step, run.steps, config.decay))
            real_A, real_B = (picture.to(device, non_blocking=True) for picture in next(coming))
            losses = model.step(real_A, real_B)
            run.step += 1
            log.add(run.step, (run.step - 1) * config.batch // len(batches), lr, losses)
            bar.update()
            # A stop, or a look at the clock, comes to processes at different steps.
            stop, due = processes.agree(requests[0] if requests else 0, log.due)
            if due:
                log.flush()
                bar.set_postfix_str(str(log), refresh=False)
            last = run.step == run.steps
            if processes.first and (run.step % config.sample_every == 0 or last):
                model.eval()
                with uncompiled(model):
                    background.do(save_grid, sample_blocks(model, data, device), run.folder.sample(run.step))
                    alarm = ignored_code(model, first_few(data.test_A).to(device))
                model.train()
                # At first an untrained network looks like a faulty one.
                if alarm and run.step >= 0.2 * run.steps:
                    bar.write(f"warning: {alarm}")
            if run.step % config.save_every == 0 or last or stop:
                save()
    return 0 if run.step == run.steps else stop


def own_state(model: Model, device: torch.device) -> dict[str, Any]:
    """What one of several processes does not have in common with the others."""
    return {"pools": collect(model.parts(ImagePool)), "random": random_state(device)}
