"""The parts of `python -m tests.benchmarks`, each with what it measures."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from typing import Any

import torch

from minicyclegan.models import MODELS
from minicyclegan.shipping.translator import load
from tests.benchmarks.apart import Apart
from tests.benchmarks.baseline import baseline_step
from tests.benchmarks.kinds import time_by_kind
from tests.benchmarks.machine import measure_peaks
from tests.benchmarks.page import BenchError
from tests.benchmarks.quality import GOALS, time_to_quality
from tests.benchmarks.steps import large, measure_steps, small, tiny
from tests.benchmarks.surroundings import measure_input, measure_saving
from tests.benchmarks.translation import measure_translation, some_generator

PARTS = {
    "machine": "the best matrix product, convolution and copy",
    "steps": "the recipes' steps at --small sizes, against the baseline",
    "large": "the published networks' step: 128 px on a CPU, 256 px on a GPU",
    "large-batch": "the same at a batch of 16",
    "large-compiled": "the published networks' step, compiled by PyTorch (a minute or two on a GPU)",
    "profile": "where the time of the published networks' step goes, by kinds of kernels",
    "whole-run": "the command `train --small`, drawing included (a minute or several)",
    "input": "reading pictures, saving and drawing",
    "translation": "pictures a second, in several ways of computing",
    "quality-small": "trains until --small's quality is reached, by its own settings (minutes)",
    "quality-original": "the same by the original's settings",
}


def measure(part: str, device: torch.device, given: Any) -> dict[str, Any]:
    """The figures of `part`, a key of PARTS, as JSON can hold them; `given` are the options of the command line."""
    seconds, rehearse = (0.05 if given.rehearse else given.seconds), given.rehearse
    backend = "aot_eager" if rehearse else "inductor"
    if part == "machine":
        return measure_peaks(device, seconds / 8, rehearse)
    if part in ("steps", "large", "large-batch", "large-compiled"):
        baseline = Apart(baseline_step, device)
        if rehearse:
            works = [tiny(name) for name in (MODELS if part == "steps" else ("cyclegan",))]
        elif part == "steps":
            works = [small(name, device) for name in MODELS]
        else:
            works = [large(device, 16 if part == "large-batch" else 1)]
        variants = given.variants or ["compiled"] * (part == "large-compiled")
        measured = [measure_steps(work, device, seconds, variants, baseline, backend) for work in works]
        baseline.end()
        return {"works": measured}
    if part == "profile":
        works = [tiny("cyclegan")] if rehearse else [large(device), large(device, 16)]
        return {"profiles": [time_by_kind(work, device, name) for work in works for name in given.variants or ["ours"]]}
    if part == "whole-run":
        return whole_run(device, rehearse)
    if part == "input":
        rates = {}
        for size in (16,) if rehearse else (64, 256):
            rates |= measure_input(size, seconds / 8)
        saved = tiny("cyclegan") if rehearse else small("cyclegan", torch.device("cpu"))
        return {"input": rates, "saving": measure_saving(saved)}
    if part == "translation":
        return {"networks": _translations(device, seconds, given, backend)}
    original, goals = part == "quality-original", GOALS
    tiny_run = {}
    if rehearse:
        goals = {"zebra coats": 0.0, "horse coats": 0.0, "background": 1.0}
        tiny_run = {"pictures": 4, "networks": {"width": 2, "disc_width": 2, "blocks": 1}, "steps": 2}
    every = 1 if rehearse else given.every
    runs = [time_to_quality(original, device, given.minutes, every, seed, goals, **tiny_run) for seed in given.seeds]
    return {"settings": "original" if original else "small", "goals": goals, "runs": runs}


def whole_run(device: torch.device, rehearse: bool) -> dict[str, Any]:
    """How long the README's first command takes, as a process of its own."""
    tiny = "--steps 2 --size 32 --pictures 4 --width 2 --disc-width 2 --blocks 1".split() if rehearse else []
    with tempfile.TemporaryDirectory() as folder:
        options = ["--small", "--device", device.type, "--out", f"{folder}/run", *tiny]
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-m", "minicyclegan.train", *options], check=True, stdout=subprocess.DEVNULL)
        return {"seconds": time.perf_counter() - begun}


def _translations(device: torch.device, seconds: float, given: Any, backend: str) -> list[dict[str, Any]]:
    compiled = any(name.startswith("compiled") for name in given.variants)
    if given.rehearse:
        networks = {"a rehearsal": (some_generator(2, 1), 16, 3)}
    elif given.model:
        translator = load(given.model, device)
        if translator.latent:
            raise BenchError(f"--model {given.model}: has many answers to a picture; give a model of one")
        network, channels = translator.generators["AtoB"]
        networks = {given.model: (network, translator.settings.get("size", 256), channels)}
    else:
        networks = {
            "--small's, 64 px": (some_generator(16, 3), 64, 3),
            "the published one, 256 px": (some_generator(64, 9), 256, 3),
        }
    return [
        measure_translation(name, network, size, device, seconds, compiled, backend, channels)
        for name, (network, size, channels) in networks.items()
    ]
