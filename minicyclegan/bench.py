"""python -m minicyclegan.bench: measures how fast this machine trains and translates, and how fast it could."""

from __future__ import annotations

import importlib
import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import torch

from minicyclegan.cli import Parser, run
from minicyclegan.devices import DeviceError, find_device
from minicyclegan.measuring import page
from minicyclegan.measuring.machine import describe, in_words, measure_peaks
from minicyclegan.measuring.plot import draw_ratios
from minicyclegan.measuring.quality import time_to_quality
from minicyclegan.measuring.steps import VARIANTS, best_batch, large, measure_steps, small, tiny
from minicyclegan.measuring.surroundings import measure_input, measure_saving
from minicyclegan.measuring.translation import measure_translation, some_generator
from minicyclegan.models import ModelName
from minicyclegan.shipping.translator import load
from minicyclegan.training.checkpoint import CheckpointError
from minicyclegan.training.speed import choose_speed

PARTS = {
    "machine": "the best matrix product, convolution and copy",
    "steps": "the recipes' steps at --small sizes, against the baseline",
    "large": "the published networks' step: 128 px on a CPU, 256 px on a GPU",
    "input": "reading pictures, saving and drawing",
    "translation": "pictures a second, in several ways of computing",
    "quality-small": "trains until --small's quality is reached, by its own settings (minutes)",
    "quality-original": "the same by the original's settings (up to --minutes of training, and judging)",
}
USUAL = ("machine", "steps", "large", "input", "translation")


def main(arguments: list[str] | None = None) -> int:
    parser = _parser()
    given = parser.parse_args(arguments)
    unknown = [part for part in given.parts if part not in PARTS]
    if unknown:
        parser.error(f"no part {unknown[0]!r}; there are: {', '.join(PARTS)}")
    for name in ("seconds", "minutes", "every", "threads"):
        if getattr(given, name) is not None and getattr(given, name) <= 0:
            parser.error(f"--{name} must be above 0, not {getattr(given, name):g}")
    for option, path in (("--json", given.json), ("--plot", given.plot), ("--page", given.page)):
        if path is not None and (not path.parent.is_dir() or path.is_dir()):
            parser.error(f"{option} {path}: must be a file in a folder that exists")

    device = find_device(given.device)
    torch.set_num_threads(given.threads or choose_speed(device).threads)
    machine = describe(device)
    print(in_words(machine))
    command = shlex.join(["python", "-m", "minicyclegan.bench", *(sys.argv[1:] if arguments is None else arguments)])
    records: list[page.Record] = []
    for part in given.parts or USUAL:
        print(f"\n{part}: {PARTS[part]}", flush=True)
        content = _measure(part, device, given)
        record = {"part": part, "command": command, "rehearsal": given.rehearse, "machine": machine, "content": content}
        records.append(record)
        print(page.section(record, records), flush=True)
        if given.json:  # after each part, so that what was measured outlives an interruption
            given.json.write_text(json.dumps(records, indent=1) + "\n")
        if given.page:
            _illustrate(record, given.page)
            page.write(given.page, [record])
    works = [work for record in records for work in record["content"].get("works", [])]
    if given.plot and works:
        draw_ratios(works, given.plot)
    return 0


def _measure(part: str, device: torch.device, given: Any) -> dict[str, Any]:
    seconds, rehearse = (0.05 if given.rehearse else given.seconds), given.rehearse
    backend = "aot_eager" if rehearse else "inductor"
    if part == "machine":
        return measure_peaks(device, seconds / 8, rehearse)
    if part in ("steps", "large"):
        baseline = _baseline()
        if part == "large":
            works = [tiny("cyclegan") if rehearse else large(device)]
        else:
            works = [tiny(name) if rehearse else small(name, device) for name in get_args(ModelName)]
        measured = [measure_steps(work, device, seconds, given.variants, baseline, backend) for work in works]
        content: dict[str, Any] = {"baseline": baseline is not None, "works": measured}
        if part == "large" and (device.type == "cuda" or rehearse):
            content["best_batch"] = best_batch(device, seconds / 4, rehearse)
        return content
    if part == "input":
        rates = {}
        for size in (16,) if rehearse else (64, 256):
            rates |= measure_input(size, seconds / 8)
        saved = tiny("cyclegan") if rehearse else small("cyclegan", torch.device("cpu"))
        return {"input": rates, "saving": measure_saving(saved)}
    if part == "translation":
        return {"networks": _translations(device, seconds, given, backend)}
    return time_to_quality(
        part == "quality-original",
        device,
        given.minutes,
        1 if rehearse else given.every,
        given.seed,
        *((4, {"zebra coats": 0.0, "horse coats": 0.0, "background": 1.0}) if rehearse else ()),
        networks={"width": 2, "disc_width": 2, "blocks": 1} if rehearse else None,
        steps=2 if rehearse else None,
    )


def _translations(device: torch.device, seconds: float, given: Any, backend: str) -> list[dict[str, Any]]:
    compiled = any(name.startswith("compiled") for name in given.variants)
    if given.rehearse:
        networks = {"a rehearsal": (some_generator(2, 1), 16)}
    elif given.model:
        translator = load(given.model, device)
        networks = {f"{given.model}": (translator.generators["AtoB"][0], translator.settings.get("size", 256))}
    else:
        networks = {
            "--small's, 64 px": (some_generator(16, 3), 64),
            "the published one, 256 px": (some_generator(64, 9), 256),
        }
    return [
        measure_translation(name, network, size, device, seconds, compiled, backend)
        for name, (network, size) in networks.items()
    ]


def _baseline() -> Callable | None:
    """The original's operations, where the repository's tests lie; one line says so where they don't."""
    try:
        return importlib.import_module("tests.benchmarks.baseline").baseline_step
    except ImportError:
        print("no baseline: tests/benchmarks is not here; run this in a clone of the repository")
        return None


def _illustrate(record: page.Record, where: Path) -> None:
    if "works" in record["content"]:
        beside = where.with_suffix("")
        beside.mkdir(parents=True, exist_ok=True)
        name = f"{record['part']}-{record['machine']['device']}.png"
        draw_ratios(record["content"]["works"], beside / name)


def _parser() -> Parser:
    parser = Parser(prog="python -m minicyclegan.bench", description=__doc__.split(": ", 1)[1])
    described = "; ".join(f"{name}: {text}" for name, text in PARTS.items())
    parser.add_argument("parts", metavar="PART", nargs="*", help=f"{described} (default: {' '.join(USUAL)})")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    parser.add_argument("--threads", type=int, metavar="N", help="processor threads (default: all cores)")
    parser.add_argument(
        "--seconds", type=float, default=20, metavar="S", help="about how long each comparison lasts (default: 20)"
    )
    parser.add_argument(
        "--variants", nargs="+", choices=tuple(VARIANTS), default=[], help="other settings of ours, measured beside it"
    )
    parser.add_argument("--model", metavar="RUN|CHECKPOINT", help="for translation: a trained model's generator")
    parser.add_argument("--minutes", type=float, default=6, metavar="M", help="of training for quality (default: 6)")
    parser.add_argument("--every", type=int, default=100, metavar="N", help="quality: steps between two judgements")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="quality: seed of the training (default: 0)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="writes the figures there")
    parser.add_argument("--plot", type=Path, metavar="FILE.png", help="draws the steps' speeds there")
    parser.add_argument(
        "--page", type=Path, metavar="FILE.md", help="writes the page, and these parts beside it; others there stay"
    )
    parser.add_argument("--rehearse", action="store_true", help="tiny sizes: to see in seconds that all works")
    return parser


if __name__ == "__main__":
    run(main, (CheckpointError, DeviceError, page.BenchError, OSError))
