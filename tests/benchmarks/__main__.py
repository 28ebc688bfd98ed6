"""python -m tests.benchmarks: measures how fast this machine trains and translates, and how fast it could."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import torch

from minicyclegan.cli import Parser, run
from minicyclegan.devices import DeviceError, find_device
from minicyclegan.training.checkpoint import CheckpointError
from minicyclegan.training.speed import choose_speed
from tests.benchmarks import page
from tests.benchmarks.apart import ApartError
from tests.benchmarks.machine import describe, in_words
from tests.benchmarks.parts import PARTS, measure
from tests.benchmarks.plot import draw_ratios
from tests.benchmarks.steps import VARIANTS, setting

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
    for name in given.variants:
        setting(name, device)  # or it would be refused after minutes
    machine = describe(device)
    print(in_words(machine))
    command = shlex.join(["python", "-m", "tests.benchmarks", *(sys.argv[1:] if arguments is None else arguments)])
    records: list[page.Record] = []
    for part in given.parts or USUAL:
        print(f"\n{part}: {PARTS[part]}", flush=True)
        content = measure(part, device, given)
        record = {"part": part, "command": command, "rehearsal": given.rehearse, "machine": machine, "content": content}
        records.append(record)
        print(page.section(record, records), flush=True)
        if given.json:  # after each part, so that what was measured outlives an interruption
            given.json.write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")
        if given.page:
            _illustrate(record, given.page)
            page.write(given.page, [record])
    works = [work for record in records for work in record["content"].get("works", [])]
    if given.plot and works:
        draw_ratios(works, given.plot)
    return 0


def _illustrate(record: page.Record, where: Path) -> None:
    if "works" in record["content"]:
        beside = where.with_suffix("")
        beside.mkdir(parents=True, exist_ok=True)
        name = f"{record['part']}-{record['machine']['device']}.png"
        draw_ratios(record["content"]["works"], beside / name)


def _parser() -> Parser:
    parser = Parser(prog="python -m tests.benchmarks", description=__doc__.split(": ", 1)[1])
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
    text = "quality: minutes of training at most, of each seed (default: 12)"
    parser.add_argument("--minutes", type=float, default=12, metavar="M", help=text)
    parser.add_argument("--every", type=int, default=100, metavar="N", help="quality: steps between two judgements")
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[0, 1, 2], metavar="N", help="quality: those trained (default: 0 1 2)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="writes the figures there")
    parser.add_argument("--plot", type=Path, metavar="FILE.png", help="draws the steps' speeds there")
    parser.add_argument(
        "--page", type=Path, metavar="FILE.md", help="writes the page, and these parts beside it; others there stay"
    )
    parser.add_argument("--rehearse", action="store_true", help="tiny sizes: to see in seconds that all works")
    return parser


if __name__ == "__main__":
    run(main, (ApartError, CheckpointError, DeviceError, page.BenchError, OSError))
