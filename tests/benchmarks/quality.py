"""How long training takes to reach the quality of `--small`: by its own settings, and by the original's."""

from __future__ import annotations

import time
from typing import Any

import torch
from tqdm import tqdm

from minicyclegan.ablate.measures import judge
from minicyclegan.data.datasets import UnpairedBatches, open_data
from minicyclegan.models import CycleGAN, CycleGANConfig
from minicyclegan.shipping.translator import Translator
from minicyclegan.training.config import learning_rate_factor, preset
from minicyclegan.training.speed import choose_speed, prepare
from tests.benchmarks.clock import synchronise

# Horses that became zebras, zebras that became horses: at least; change of the background: at most.
GOALS = {"zebra coats": 0.9, "horse coats": 0.9, "background": 0.065}

# The published settings, on the same world and with networks as wide and as deep; three layers see 70 pixels.
ORIGINAL = {"lambda_cycle": 10.0, "lambda_identity": 0.5, "lr": 2e-4, "disc_layers": 3, "upsampling": "transposed"}


def reached(measures: dict[str, float], goals: dict[str, float]) -> bool:
    """Whether all goals are met at once."""
    coats_worn = all(measures[name] >= goals[name] for name in ("zebra coats", "horse coats"))
    return coats_worn and measures["background"] <= goals["background"]


def time_to_quality(
    original: bool,
    device: torch.device,
    minutes: float,
    every: int,
    seed: int,
    goals: dict[str, float],
    pictures: int = 96,
    networks: dict[str, Any] | None = None,
    steps: int | None = None,
) -> dict[str, Any]:
    """Trains until the goals are met, at most so many minutes of training, and judges every so many steps.

    original   the published settings, at a rate that does not fall: its fall would come long after
    networks   other settings of the model, for a rehearsal; steps: another length

    The judging does not count, nor does drawing the pictures.
    """
    settings, config = preset("small", "cyclegan", "cpu")
    config = CycleGANConfig(**config | (ORIGINAL if original else {}) | (networks or {}))
    length = steps or settings["steps"]
    speed = choose_speed(device, "float32" if original else settings["precision"])
    model = CycleGAN(config, seed).to(device)
    prepare(model, speed)
    if settings.get("ema") and not original:
        model.keep_average(settings["ema"])
    size = settings["size"]
    data = open_data(("horse2zebra",), size, 8 if networks else 1000, progress=True)
    batches = UnpairedBatches(data.train_A, data.train_B, size, seed)
    took, step, history = 0.0, 0, []
    bar = tqdm(desc=f"{'the original' if original else '--small'}, seed {seed}", unit="step")
    while took < 60 * minutes and (original or step < length) and not (steps and step >= steps):
        synchronise(device)
        begun = time.perf_counter()
        for _ in range(every if original else min(every, length - step)):
            model.set_learning_rate(1.0 if original else learning_rate_factor(step, length, settings["decay"]))
            model.step(*(picture.to(device) for picture in batches.batch(step, 1)))
            step += 1
        synchronise(device)
        took += time.perf_counter() - begun
        history.append({"step": step, "seconds": took, **_judge(model, device, pictures)})
        bar.update(step - bar.n)
        bar.set_postfix_str(" ".join(f"{name} {history[-1][name]:.3f}" for name in goals))
        if reached(history[-1], goals):
            break
    bar.close()
    return {
        "seed": seed,
        "precision": speed.precision,
        "reached": bool(history) and reached(history[-1], goals),
        "steps": step,
        "seconds": took,
        "history": history,
    }


def _judge(model: CycleGAN, device: torch.device, pictures: int) -> dict[str, float]:
    model.eval()
    translator = Translator({direction: (model.translator(direction), 3) for direction in model.directions}, device, {})
    measures = judge("coats", translator, pictures)["measures"]
    model.train()
    return {name: measures[name] for name in GOALS}
