"""The training loop: batches in, steps, and what a person wants to see of them."""

from __future__ import annotations

import contextlib
import math
import signal
import time
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from minicyclegan.data.datasets import DataSet, PairedBatches, UnpairedBatches
from minicyclegan.data.images import from_tensor
from minicyclegan.data.prefetch import prefetch
from minicyclegan.image_pool import ImagePool
from minicyclegan.models import Model
from minicyclegan.models.base import collect
from minicyclegan.training.alarms import ignored_code
from minicyclegan.training.background import Background, copied
from minicyclegan.training.checkpoint import random_state, save_checkpoint
from minicyclegan.training.config import TrainConfig, learning_rate_factor
from minicyclegan.training.pictures import draw_losses, save_grid
from minicyclegan.training.processes import ALONE, Processes
from minicyclegan.training.run_folder import RunFolder
from minicyclegan.training.speed import uncompiled

SAMPLES = 6  # pictures of each domain in a sample grid


class Diverged(RuntimeError):
    """A loss is no longer a number; the message says at which step and what to try."""


class Log:
    """Collects every step's losses and reads them back together: each reading would make a GPU wait.

    Of several processes, all flush at the same steps, and the first one writes what they have on average.
    """

    def __init__(self, run: RunFolder, batch: int, processes: Processes = ALONE):
        self.run, self.batch, self.processes = run, batch, processes
        self.pending: list[tuple[dict[str, Any], dict[str, Tensor]]] = []
        self.since = time.perf_counter()
        self.latest: dict[str, float] = {}

    def add(self, step: int, epoch: int, lr: float, losses: dict[str, Tensor]) -> None:
        self.pending.append(({"step": step, "epoch": epoch, "lr": lr}, losses))

    @property
    def due(self) -> bool:
        return len(self.pending) >= 10 or time.perf_counter() - self.since >= 1.0

    def flush(self) -> None:
        """Writes what is pending. Raises Diverged, after writing, if a loss is not finite."""
        if not self.pending:
            return
        names = list(self.pending[0][1])
        table = torch.stack([torch.stack([losses[name] for name in names]) for _, losses in self.pending])
        values = self.processes.mean(table).tolist()  # (steps, names)
        now = time.perf_counter()
        speed = len(self.pending) * self.batch / max(now - self.since, 1e-9)
        records = []
        for (record, _), row in zip(self.pending, values, strict=True):
            self.latest = dict(zip(names, row, strict=True))
            # JSON has no NaN; null keeps the log readable for every reader.
            losses = {name: value if math.isfinite(value) else None for name, value in self.latest.items()}
            records.append({**record, **losses, "images_per_second": round(speed, 2)})
        self.pending, self.since = [], now
        if self.processes.first:
            self.run.write_log(records)
        for record in records:
            if None in record.values():
                self.processes.first_speaks()
                raise Diverged(f"the losses stopped being numbers at step {record['step']}; try a lower --lr")


def train(
    model: Model,
    data: DataSet,
    config: TrainConfig,
    steps: int,
    run: RunFolder,
    description: dict[str, Any],
    start: int = 0,
    processes: Processes = ALONE,
) -> tuple[int, int]:
    """Trains from step `start` to `steps`; returns the step reached and the signal that stopped it before, or 0.

    description   what the checkpoint records beside the training state
    """
    device = model.device
    order = PairedBatches if model.config.paired else UnpairedBatches
    batches = order(data.train_A, data.train_B, config.size, config.seed, processes.share)
    log = Log(run, config.batch, processes)

    def batch(step: int) -> list[Tensor]:
        pictures = batches.batch(step, config.batch)
        # Only what is pinned goes to a GPU without a wait.
        return [picture.pin_memory() if device.type == "cuda" else picture for picture in pictures]

    def save(step: int) -> None:
        log.flush()
        others = processes.states_of_others(lambda: own_state(model, device))
        if not processes.first:
            return
        content = {"training": copied(model.training_state()), "random": random_state(device), "step": step}
        background.do(save_checkpoint, run.checkpoint, {**description, **content, "others": others})
        if step:
            background.do(lambda: draw_losses(run.read_log(), run.losses))

    step, stop = start, 0
    coming = prefetch(batch, range(start, steps), threads=batches.readers)
    silent = not processes.first
    bar = tqdm(None, "training", steps, initial=start, unit="step", dynamic_ncols=True, smoothing=0.05, disable=silent)
    with stop_requests() as requests, Background() as background, contextlib.closing(coming), bar:
        if start == 0:
            save(0)
            background.wait()  # from here on the run can be resumed
        while step < steps and not stop:
            lr = model.set_learning_rate(learning_rate_factor(step, steps, config.decay))
            real_A, real_B = (picture.to(device, non_blocking=True) for picture in next(coming))
            losses = model.step(real_A, real_B)
            step += 1
            log.add(step, (step - 1) * config.batch // len(batches), lr, losses)
            bar.update()
            # A stop, or a look at the clock, comes to processes at different steps.
            stop, due = processes.agree(requests[0] if requests else 0, log.due)
            if due:
                log.flush()
                bar.set_postfix_str(_in_words(log.latest), refresh=False)
            if processes.first and (step % config.sample_every == 0 or step == steps):
                with uncompiled(model):
                    background.do(save_grid, sample_blocks(model, data, device), run.sample(step))
                    _warn(model, data, device, bar, step / steps)
            if step % config.save_every == 0 or step == steps:
                save(step)
        if step < steps:
            save(step)
    return step, (stop if step < steps else 0)


def own_state(model: Model, device: torch.device) -> dict[str, Any]:
    """What one of several processes does not have in common with the others."""
    return {"pools": collect(model.parts(ImagePool)), "random": random_state(device)}


def sample_blocks(model: Model, data: DataSet, device: torch.device, count: int = SAMPLES) -> dict[str, dict]:
    """What a sample grid shows: the same few test pictures each time, in all directions, as uint8 arrays."""
    A, B = data.domains
    # Where pairs are known, each is the other's truth.
    truth_A, truth_B = (data.test_B, data.test_A) if data.paired else (data.truth_A, data.truth_B)
    views = {
        "AtoB": (f"{A} to {B}", data.test_A, truth_A),
        "BtoA": (f"{B} to {A}", data.test_B, truth_B),
    }
    blocks = {}
    model.eval()
    for direction in model.directions:
        title, pictures, truth = views[direction]
        indices = range(min(count, len(pictures)))
        counterparts = truth.tensor(indices) if truth else None
        given = counterparts.to(device) if truth else None
        rows = model.sample_rows(pictures.tensor(indices).to(device), direction, given)
        if truth:
            rows["truth"] = counterparts
        blocks[title] = {name: from_tensor(tensor) for name, tensor in rows.items()}
    model.train()
    return blocks


def _warn(model: Model, data: DataSet, device: torch.device, bar: tqdm, progress: float) -> None:
    """Says what goes wrong, once the run is old enough for it to be a sign."""
    if progress < 0.2:
        return
    model.eval()
    alarm = ignored_code(model, data.test_A.tensor(range(min(SAMPLES, len(data.test_A)))).to(device))
    model.train()
    if alarm:
        bar.write(f"warning: {alarm}")


@contextlib.contextmanager
def stop_requests() -> Iterator[list[int]]:
    """A list that fills with the signals (Ctrl-C, SIGTERM) that came in, so that a step is never cut in two.

    The second one interrupts at once. Outside the main thread, where signals can't be caught, the list stays empty.
    """
    received: list[int] = []
    old: dict[int, Any] = {}

    def note(number: int, frame: object) -> None:
        if received:
            raise KeyboardInterrupt
        received.append(number)

    with contextlib.suppress(ValueError):
        for number in (signal.SIGINT, signal.SIGTERM):
            old[number] = signal.signal(number, note)
    try:
        yield received
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


def _in_words(losses: dict[str, float]) -> str:
    return " ".join(f"{name} {value:.2f}" for name, value in losses.items() if not name.startswith("identity"))
