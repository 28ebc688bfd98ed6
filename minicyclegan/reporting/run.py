"""What the files of a run's folder say, as one nest of dicts and lists for the page; what is broken or left out, too.

The cost is bounded: of a long log's lines some are read, and of many sample grids some are shown; `notes` say which.
"""

from __future__ import annotations

import base64
import hashlib
import io
import itertools
import json
import re
import statistics
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from minicyclegan.cli import command_line
from minicyclegan.training.best import best_step
from minicyclegan.training.curves import Curves, limits, smooth
from minicyclegan.training.run_folder import RunError, RunFolder

# What is normal for each loss, and why (docs/losses.md says where the bands come from)
NORMAL = json.loads(Path(__file__).with_name("normal.json").read_text(encoding="utf-8"))
LOG_BYTES = 6_000_000  # of a longer log, every second, third, … line is read: some 25,000 steps
GRIDS = 12  # sample grids on the page, at most
GRID_BYTES, GRID_SIDE = 700_000, 1800  # a larger file is shrunk to this many pixels, and compressed
LOOKS = ("validation", "alarms", "seconds")  # what only some records have, all of which are read
NOT_LOSSES = ("step", "epoch", "lr", "images_per_second", *LOOKS)

Record = dict[str, Any]


def read_run(folder: RunFolder, grids: int = GRIDS) -> dict[str, Any]:
    """The run in words and figures, of JSON's types, with `grids` of its sample grids.

    Raises RunError where the folder holds no run or its config.json can't be read, OSError where a file can't be.
    """
    config, notes = _read_config(folder), []
    every, records = _read_log(folder.log, notes)
    step = max(records, default=0)
    steps = int(_number(config.get("steps")) or step)
    batch = int(_number(config["settings"].get("batch")) or 1)
    paces = [  # and how many steps each stands for
        (pace, 1 if record.keys() & set(LOOKS) else every)
        for record in records.values()
        if (pace := _number(record.get("images_per_second")))
    ]
    pace = statistics.harmonic_mean(*zip(*paces, strict=True)) if paces and min(paces)[0] > 0 else None
    looks = [record for record in records.values() if record.get("validation") or record.get("alarms")]
    said = ((record["step"], (record.get("validation") or {}).get("score")) for record in looks)
    scores = [(step, score) for step, score in said if _number(score) is not None]  # all digits, as the loop has them
    best = best_step(scores)
    return {
        "name": folder.path.resolve().name,
        "path": str(folder),
        "written": time.strftime("%Y-%m-%d %H:%M"),
        "config": config,
        "step": step,
        "steps": steps,
        "minutes": pace and step * batch / pace / 60,
        "pace": pace,
        "curves": _curves(records, config, batch),
        "figures": _figures(looks),
        "best": best,
        "alarms": _alarms(folder, looks, notes),
        "seconds": _seconds(records.values()),
        "samples": _samples(folder, grids, best, notes),
        "commands": _commands(folder, step < steps, steps),
        "notes": list(dict.fromkeys(notes)),
    }


def _read_config(folder: RunFolder) -> dict[str, Any]:
    if not folder.config.is_file():
        lacks = "no config.json in it: not the folder of a run" if folder.path.is_dir() else "there is no such folder"
        raise RunError(f"{folder}: {'give the folder of the run, not a file' if folder.path.is_file() else lacks}")
    try:
        # Scripts round whole numbers of more than 15 digits, as a seed can be, and know no NaN: they stay text.
        whole = {"parse_int": lambda digits: int(digits) if len(digits) < 16 else digits}
        config = json.loads(folder.config.read_text(encoding="utf-8"), parse_constant=str, **whole)
        for kind, pictures in (config.get("pictures") or {}).items():  # of folders, a fingerprint of every file
            config["pictures"][kind] = hashlib.sha256(json.dumps(pictures).encode()).hexdigest()[:16]
        if isinstance(config["config"], dict) and isinstance(config["settings"]["data"], list):
            return config
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    raise RunError(f"{folder.config}: not the description of a run; is it damaged?")


def _read_log(path: Path, notes: list[str]) -> tuple[int, dict[int, Record]]:
    """Of how many lines without a look one is read, and the records by their steps, in order."""
    size = path.stat().st_size if path.exists() else 0
    if not size:
        notes.append(f"{path} is {'empty' if path.exists() else 'missing'}: no step has been logged yet.")
        return 1, {}
    every, keys, lines = 1 + size // LOG_BYTES, [f'"{key}"'.encode() for key in LOOKS], []
    with path.open("rb") as file:
        for number, line in enumerate(file):
            if number % every == 0 or any(key in line for key in keys) or file.tell() == size:
                lines.append(line)
    found = [record for line in lines if (record := _record(line))]
    if (broken := len(lines) - len(found)) > 0:
        lost = "a line that is cut off or damaged" if broken == 1 else f"{broken:,} lines that are cut off or damaged"
        notes.append(f"{path} has {lost}; the rest is shown.")
    if every > 1:
        notes.append(f"{path} is long: the curves show one step in {every}.")
    return every, {record["step"]: record for record in sorted(found, key=lambda record: record["step"])}


def _record(line: bytes) -> Record | None:
    """What a line of the log says; None where it is damaged."""
    try:
        record = json.loads(line, parse_constant=lambda _: None)
        parts = [record.get("validation"), record.get("seconds"), *(record.get("alarms") or [])]
        sound = isinstance(_number(record["step"]), int) and all(
            part is None or isinstance(part, dict) for part in parts
        )
        return record if sound else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _curves(records: dict[int, Record], config: dict[str, Any], batch: int) -> list[dict[str, Any]]:
    """The running mean, the least and the greatest value of each loss, and what is normal."""
    cells = (cell for record in records.values() for cell in record.items())
    terms = dict.fromkeys(term for term, value in cells if term not in NOT_LOSSES and _number(value) is not None)
    if not terms:
        return []
    rows = [{"step": step} | {term: _number(record.get(term)) for term in terms} for step, record in records.items()]
    (_, (_, _, points)), *thinned = Curves(rows).thinned().items()
    curves = []
    for term, (mean, low, high) in thinned:
        running = smooth(mean, max(1, len(mean) // 40))
        first = [row[term] for row in rows[:30] if row["step"] <= 30 and row[term] is not None]
        curves.append(
            {"term": term, "points": _numbers(points), "mean": _numbers(running)}
            | {"low": _numbers(low), "high": _numbers(high), "axis": _numbers(limits(low, high, running))}
            | {"broken": rows[-1][term] is None}
            | _normal(term, config, batch, statistics.mean(first) if first else None)
        )
    return curves


def _normal(term: str, config: dict[str, Any], batch: int, start: float | None) -> dict[str, Any]:
    """What is normal for this term, which was `start` at first."""
    kind, gan_loss = term.split("_")[0], config["config"].get("gan_loss")
    names = f"{kind} {gan_loss}", f"{kind} {config.get('model')}", kind, "other"
    words = NORMAL[next(name for name in names if name in NORMAL)]
    # The losses of a discriminator's scales are summed, and kl over the encoded half of a batch.
    units = {"scales": _number(config["config"].get("disc_scales", 1)), "encoded": max(1, batch // 2), "start": start}
    unit = units.get(words.get("times"), 1)
    ends = [end if None in (end, unit) else _number(end * unit) for end in words.get("normal", [None, None])]
    guess = f"{words.get('guess', 0) * (unit or 1):.2f}"
    return {**words, "normal": ends, "why": words["why"].replace("{guess}", guess)}


def _figures(looks: list[Record]) -> list[dict[str, Any]]:
    """Each figure of the validation, and what it means."""
    pairs: dict[str, list[tuple[int, float]]] = {}
    for record in looks:
        for name, value in (record.get("validation") or {}).items():
            if _number(value) is not None:
                pairs.setdefault(name, []).append((record["step"], _number(value)))
    return [
        {"term": name, "points": [step for step, _ in values], "mean": [value for _, value in values]}
        | NORMAL.get(f"figure {name.split('_')[0]}", NORMAL["figure"])
        for name, values in pairs.items()
    ]


def _alarms(folder: RunFolder, looks: list[Record], notes: list[str]) -> list[dict[str, Any]]:
    """Each kind of alarm once, as it was said last; those that still stand first."""
    alarms: dict[str, dict[str, Any]] = {}
    for record in looks:
        found = sorted(record.get("alarms") or [], key=_name)
        for name, said in itertools.groupby(found, _name):
            steps = [*alarms.get(name, {"steps": []})["steps"], record["step"]]
            alarms[name] = {"name": name, "said": list(said), "steps": steps, "stands": record is looks[-1]}
    for alarm in (alarm for kind in alarms.values() for alarm in kind["said"]):
        # Nothing but the folder's own pictures, whatever the log says.
        path = folder.path / "alarms" / Path(str(alarm.get("picture"))).name
        alarm["picture"] = _embedded(path, notes) if alarm.get("picture") else None
    return sorted(alarms.values(), key=lambda alarm: not alarm["stands"])


def _name(alarm: dict[str, Any]) -> str:
    return str(alarm.get("name"))


def _seconds(records: Iterable[Record]) -> dict[str, float]:
    """How long each part of the work took in all."""
    sums: dict[str, float] = {}
    for record in records:
        for name, value in (record.get("seconds") or {}).items():
            sums[name] = sums.get(name, 0.0) + (_number(value) or 0.0)
    return sums


def _samples(folder: RunFolder, most: int, best: int | None, notes: list[str]) -> list[dict[str, Any]]:
    """Of the sample grids the last, the one nearest to the best step, and others evenly spread."""
    names = {path: re.fullmatch(r"step_(\d+)\.png", path.name) for path in folder.samples.glob("*.png")}
    found = sorted((int(match[1]), path) for path, match in names.items() if match)
    shown = {found[round(k)] for k in np.linspace(len(found) - 1, 0, min(most, len(found)))}
    if best is not None and most > 1 and found:
        shown.add(min(found, key=lambda grid: abs(grid[0] - best)))
    if 1 < most < len(found):
        notes.append(f"{len(shown)} of {len(found)} sample grids are shown here; all are in {folder.samples}.")
    pictures = ((step, _embedded(path, notes)) for step, path in sorted(shown))
    return [{"step": step, **picture} for step, picture in pictures if picture]


def _embedded(path: Path, notes: list[str]) -> dict[str, Any] | None:
    """A picture as a data URI, shrunk if it is large; otherwise a note why not."""
    try:
        content, kind = path.read_bytes(), "png"
        with Image.open(io.BytesIO(content), formats=["png"]) as image:
            width, height = image.size
            if len(content) <= GRID_BYTES:
                image.verify()
            else:
                small = image.convert("RGB")
                small.thumbnail((GRID_SIDE, GRID_SIDE), reducing_gap=2.0)
                small.save(written := io.BytesIO(), "jpeg", quality=88, subsampling=0)
                content, kind, (width, height) = written.getvalue(), "jpeg", small.size
                notes.append("Large pictures are shown smaller here; the originals lie in the run's folder.")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        notes.append(f"{path} can't be shown: {error}")
        return None
    picture = f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
    return {"picture": picture, "width": width, "height": height}


def _commands(folder: RunFolder, unfinished: bool, steps: int) -> list[tuple[str, str]]:
    """What to do next, and the line that does it."""
    longer = "Train on, half as long again; the rate rises at first, as in a longer run"
    onward = ("Go on where it stopped",) if unfinished else (longer, "--steps", steps * 3 // 2)
    best = (folder.path / "best.pt").exists()
    which = f"; the best step's networks do it, those of the last are {folder.checkpoint}" if best else ""
    return [
        (onward[0], command_line("train", "--out", folder, "--resume", *onward[1:])),
        (f"Translate pictures of your own{which}", command_line("translate", folder, "PICTURE", "--out", "translated")),
        ("Measure it on pictures that it never saw", command_line("evaluate", folder)),
        ("Export it to ONNX", command_line("export", folder, "--out", "model.onnx")),
        ("Write this page again", command_line("report", folder)),
    ]


def _number(value: Any) -> float | None:
    """A number that JSON and a drawing can hold, to five digits; None for all else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e30:
        return None
    return value if isinstance(value, int) else float(f"{value:.5g}")


def _numbers(values: Iterable[float]) -> list[float | None]:
    return [_number(float(value)) for value in values]
