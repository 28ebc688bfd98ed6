"""What a person wants to see of a run while it goes on: samples, validation, alarms, and what broke it."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from minicyclegan.cli import command_line
from minicyclegan.data.datasets import UnpairedBatches
from minicyclegan.data.images import from_tensor
from minicyclegan.judging.nets import to_float
from minicyclegan.training.alarms import WORDS, Alarm, find_alarms, fingerprints
from minicyclegan.training.background import Background, or_say
from minicyclegan.training.best import Candidates
from minicyclegan.training.checkpoint import save_checkpoint
from minicyclegan.training.curves import Curves
from minicyclegan.training.pictures import SAMPLES, sample_blocks, save_grid
from minicyclegan.training.run import Run
from minicyclegan.training.speed import uncompiled
from minicyclegan.training.validation import Validation, figures

MOST = 8  # pictures' names in a line


class Look:
    """Looks at a run, in its first process. `say` prints a line beside the progress bar."""

    def __init__(self, run: Run, batches: UnpairedBatches, background: Background, say: Callable[[str], None]):
        self.run, self.batches, self.background, self.say = run, batches, background, say
        self.validation = Validation(run.data, run.config) if run.config.validate_every and run.data.val_A else None
        logged = [record for record, _ in run.folder.read_log() if record.get("validation")]
        scores = [(r["step"], r["validation"]["score"]) for r in logged if r["validation"]["score"] is not None]
        self.candidates = Candidates(scores, dict(run.candidates))
        self.weights = fingerprints(run.model)
        self.said: set[tuple[str, str]] = set()

    def due(self, step: int) -> tuple[bool, bool]:
        """Whether samples are, and a validation."""
        every = self.run.config.sample_every, self.run.config.validate_every if self.validation else 0
        sample, validate = (bool(steps) and (step % steps == 0 or step == self.run.steps) for steps in every)
        return sample, validate

    def __call__(self, step: int, curves: Curves) -> dict[str, Any]:
        """Looks, and returns what the log is to say of it."""
        run, found = self.run, {}
        sample, validate = self.due(step)
        run.model.eval()
        # What is drawn here, such as the first weights of a judge before its own are read, is not drawn from the run's.
        with uncompiled(run.model), torch.random.fork_rng(devices=[]):
            if sample:
                blocks = sample_blocks(run.model, run.data)
                self._write_picture(blocks, run.folder.sample(step))
            if validate:
                found = self._validate(step, curves)
        run.model.train()
        return found

    def _validate(self, step: int, curves: Curves) -> dict[str, Any]:
        run, (before, self.weights) = self.run, (self.weights, fingerprints(self.run.model))
        if not all(math.isfinite(number) for pair in self.weights.values() for number in pair):
            return {}  # the run is broken, as the log is about to say
        views = self.validation.look(run.model)
        found: dict[str, Any] = {"validation": figures(views, run.data.paired)}
        if (score := found["validation"]["score"]) is not None:
            self.candidates.add(step, score, run.model, self._write_best)
        alarms = find_alarms(run.model, views, curves, self.candidates.scores, before, step, run.steps)
        for alarm in alarms:
            if (alarm.name, alarm.way) not in self.said:
                self.say(f"warning: {alarm}")
        self.said = {(alarm.name, alarm.way) for alarm in alarms}
        if alarms:
            found["alarms"] = [self._kept(alarm, step, views) for alarm in alarms]
        return found

    def _write_best(self, step: int, weights: dict[str, Any]) -> None:
        content = {**self.run.description, "training": {"networks": weights}, "step": step, "best": True}
        self.background.do(save_checkpoint, self.run.folder.best, content)

    def _kept(self, alarm: Alarm, step: int, views: dict[str, Any]) -> dict[str, Any]:
        """What the log says of an alarm, whose pictures are written."""
        if alarm.way not in views:
            return alarm.to_json()
        view = views[alarm.way]
        rows = {"input": view.source, "output": view.output, "truth": view.truth}
        shown = {name: from_tensor(to_float(row[:SAMPLES])) for name, row in rows.items() if row is not None}
        return alarm.to_json(self._draw({f"{alarm.way}, {alarm.name}": shown}, f"{alarm.name}_{alarm.way}", step))

    def _draw(self, blocks: dict[str, Any], name: str, step: int) -> str:
        path = self.run.folder.alarm(step, name)
        self._write_picture(blocks, path)
        return path.relative_to(self.run.folder.path).as_posix()

    def _write_picture(self, blocks: dict[str, Any], path: Path) -> None:
        self.background.do(or_say, self.say, save_grid, blocks, path)

    def diverged(self, step: int, what: str) -> dict[str, Any]:
        """What the log says where `what`, a loss term or a gradient, is no longer a number: the run stops there."""
        run, batch = self.run, self.run.config.batch
        rows = {name: from_tensor(x) for name, x in zip("AB", self.batches.batch(step - 1, batch), strict=True)}
        picture = self._draw({f"step {step}": rows}, "diverged", step)
        names = self.batches.names(step - 1, batch)
        names = ", ".join(names[:MOST]) + (f" and {len(names) - MOST} more" if len(names) > MOST else "")
        text = f"{what} stopped being a number at step {step:,}, on {names} ({run.folder.path / picture}); the "
        command = command_line("train", "--out", run.folder, "--resume")
        remedy = f"{WORDS['diverged'][1]}: {command}"
        return Alarm("diverged", f"{text}checkpoint is of step {run.saved:,}", remedy=remedy).to_json(picture)
