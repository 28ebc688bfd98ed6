"""The training loop: batches in, steps, and what a person wants to see of them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from minicyclegan.data.datasets import PairedBatches, UnpairedBatches
from minicyclegan.data.prefetch import Upload, prefetch
from minicyclegan.image_pool import ImagePool
from minicyclegan.interrupts import stop_requests
from minicyclegan.models import Model
from minicyclegan.models.base import collect
from minicyclegan.reporting.page import write_page
from minicyclegan.training.alarms import Gradients
from minicyclegan.training.background import Background, copied, or_say
from minicyclegan.training.checkpoint import random_state, save_checkpoint
from minicyclegan.training.clock import Clock
from minicyclegan.training.config import learning_rate_factor
from minicyclegan.training.curves import draw_losses
from minicyclegan.training.log import Log
from minicyclegan.training.look import Look
from minicyclegan.training.run import Run
from minicyclegan.training.run_folder import RunFolder


def train(run: Run) -> int:
    """Trains until all steps are done; returns 0, or the signal that stopped it before. Raises Diverged, and WriteError
    for what it needs: its log, its checkpoint and best step. Pictures and the report it can do without."""
    model, data, config, processes = run.model, run.data, run.config, run.processes
    device, clock, gradients = model.device, Clock(model.device), Gradients(model)
    order = PairedBatches if model.config.paired else UnpairedBatches
    batches = order(data.train_A, data.train_B, config.size, config.seed, processes.share, config.flip)

    def batch(step: int) -> list[Tensor]:
        return upload.send(batches.batch(step, config.batch))

    def save() -> None:
        log.flush()
        others = processes.states_of_others(lambda: own_state(model, device))
        run.saved = run.step
        if processes.first:
            content = {"training": copied(model.training_state()), "random": random_state(device), "step": run.step}
            content |= {"others": others, "candidates": look.candidates.weights}
            background.do(save_checkpoint, run.folder.checkpoint, {**run.description, **content})
            # One piece of work: of more, the last would wait for the checkpoint.
            background.do(show, run.folder, bar.write, log.curves.thinned() if log.curves.names else None)

    stop = 0
    upload = Upload(device)
    coming = prefetch(batch, range(run.step, run.steps), threads=batches.readers)
    bar = {"unit": "step", "dynamic_ncols": True, "smoothing": 0.05, "disable": not processes.first}
    bar = tqdm(None, "training", run.steps, initial=run.step, **bar)
    with stop_requests() as requests, Background() as background, contextlib.closing(coming), bar:
        clock.watch(model)
        look = Look(run, batches, background, bar.write)
        log = Log(run.folder, config.batch, processes, look.diverged)
        if run.step == 0:
            save()
            background.wait()  # from here on the run can be resumed
        while run.step < run.steps and not stop:
            lr = model.set_learning_rate(learning_rate_factor(run.step, run.steps, config.decay))
            with clock.time("data"):
                real_A, real_B = upload.receive(next(coming))
            losses = model.step(real_A, real_B)
            run.step += 1
            if looking := any(look.due(run.step)):
                log.flush()  # so that a look sees the same losses each time, and no run that is broken already
            log.add(run.step, (run.step - 1) * config.batch // len(batches), lr, losses, gradients.latest())
            bar.update()
            if processes.first and looking:
                with clock.time("looking"):
                    looked = look(run.step, log.curves)
                log.remark({**looked, "seconds": clock.read()})
            # A stop, or a look at the clock, comes to processes at different steps.
            stop, due = processes.agree(requests[0] if requests else 0, log.due)
            if due:
                log.flush()
                bar.set_postfix_str(str(log), refresh=False)
            if run.step % config.save_every == 0 or run.step == run.steps or stop:
                with clock.time("saving"):
                    save()
    return 0 if run.step == run.steps else stop


def show(folder: RunFolder, say: Callable[[str], None], curves: Any = None) -> None:
    """Draws the curves, where there are some, and writes the report; a run can do without either."""
    if curves:
        or_say(say, draw_losses, curves, folder.losses)
    or_say(say, write_page, [folder], folder.report)


def own_state(model: Model, device: torch.device) -> dict[str, Any]:
    """What one of several processes does not have in common with the others."""
    return {"pools": collect(model.parts(ImagePool)), "random": random_state(device)}
