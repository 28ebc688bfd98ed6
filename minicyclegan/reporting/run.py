"""What the files of a run's folder say, as one nest of dicts and lists for the page. What is missing or broken is named.

The cost is bounded: of a long log's lines some are read, and of many sample grids some are shown; `notes` say which.
"""

from __future__ import annotations

import base64
import io
import json
import math
import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from minicyclegan.cli import command_line
from minicyclegan.reporting.normal import normal
from minicyclegan.training.best import best_step
from minicyclegan.training.curves import Curves, limits, smooth
from minicyclegan.training.run_folder import RunError, RunFolder

LOG_BYTES = 6_000_000  # of a longer log, every second, third, … line is read: some 25,000 steps
GRIDS = 12  # sample grids on the page, at most
GRID_BYTES, GRID_SIDE = 700_000, 1800  # a larger grid is shrunk to this many pixels and compressed
NOT_LOSSES = ("step", "epoch", "lr", "images_per_second", "validation", "alarms", "seconds")
LOOKS = tuple(f'"{key}"'.encode() for key in NOT_LOSSES[-3:])  # what only some lines have, each of which is read
PARTS = {
    "data": "waiting for the next batch",
    "generators": "",
    "discriminators": "",
    "step": "generators and discriminators together",
    "saving": "handing over checkpoints",
    "looking": "samples, validation, alarms",
}


def read_run(folder: RunFolder, grids: int = GRIDS) -> dict[str, Any]:
    """The run in words and figures, of JSON's types; of its sample grids `grids`, with the last one.

    Raises RunError where the folder holds no run or its config.json can't be read, OSError where a file can't be.
    """
    config = _read_config(folder)
    settings, networks = config["settings"], config["config"]
    notes: list[str] = []
    records = _read_log(folder.log, notes)
    step = max(records, default=0)
    steps = _number(config.get("steps")) or step
    looks = [record for record in records.values() if record.keys() & set(NOT_LOSSES[-3:])]
    validation = _validation(looks, config.get("validation"))
    samples = _samples(folder, grids, validation["best"], notes)
    batch = int(_number(settings.get("batch")) or 1)
    pace = [speed for record in records.values() if (speed := _number(record.get("images_per_second")))]
    curves = _curves(records, str(config["model"]), networks, batch)
    return {
        "name": folder.path.resolve().name,
        "path": str(folder),
        "written": time.strftime("%Y-%m-%d %H:%M"),
        "model": config["model"],
        "data": [re.split(r"[\\/]", str(name))[-1] for name in settings.get("data", [])],
        "size": settings.get("size"),
        "seed": settings.get("seed"),
        "device": config.get("device"),
        "step": step,
        "steps": int(steps),
        "broken": [term for term in _terms(records) if step and _number(records[step].get(term)) is None],
        "minutes": step * batch / 60 * float(np.mean(1 / np.array(pace))) if pace else None,
        "pace": float(1 / np.mean(1 / np.array(pace))) if pace else None,
        **curves,
        "validation": validation,
        "alarms": _alarms(folder, looks, notes),
        "seconds": _seconds(looks),
        "samples": samples,
        "settings": _settings(config),
        "commands": _commands(folder, step < steps, int(steps)),
        "notes": notes,
    }


def _read_config(folder: RunFolder) -> dict[str, Any]:
    if not folder.config.is_file():
        lacks = "no config.json in it: not the folder of a run" if folder.path.is_dir() else "there is no such folder"
        raise RunError(f"{folder}: {'give the folder of the run, not a file' if folder.path.is_file() else lacks}")
    try:
        config = json.loads(folder.config.read_text(encoding="utf-8"))
        if all(isinstance(config[key], kind) for key, kind in {"model": str, "config": dict, "settings": dict}.items()):
            return config
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise RunError(f"{folder.config}: not the description of a run; is it damaged?")


def _read_log(path: Path, notes: list[str]) -> dict[int, dict[str, Any]]:
    """The records by their steps, in order."""
    records: dict[int, dict[str, Any]] = {}
    if not path.exists() or not (size := path.stat().st_size):
        notes.append("log.jsonl is empty: no step has been logged yet." if path.exists() else "There is no log.jsonl.")
        return records
    every, broken, line = 1 + size // LOG_BYTES, 0, b""
    with path.open("rb") as file:
        for number, line in enumerate(file):
            if number % every == 0 or any(look in line for look in LOOKS):
                broken += not _take_up(line, records)
    if number % every:
        broken += not _take_up(line, records)
    if broken:
        lines = "a line that is cut off or damaged" if broken == 1 else f"{broken:,} lines that are cut off or damaged"
        notes.append(f"log.jsonl has {lines}; what they said is left out.")
    if every > 1:
        notes.append(f"The log is long: the curves show one step in {every}.")
    return dict(sorted(records.items()))


def _take_up(line: bytes, records: dict[int, dict[str, Any]]) -> bool:
    try:
        record = json.loads(line)
        records[int(record["step"])] = record
        return True
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return False


def _terms(records: dict[int, dict[str, Any]]) -> list[str]:
    ends = [next(iter(records.values())), next(reversed(records.values()))] if records else []
    return list(dict.fromkeys(key for record in ends for key in record if key not in NOT_LOSSES))


def _curves(
    records: dict[int, dict[str, Any]], model: str, networks: dict[str, Any], batch: int
) -> dict[str, list[Any]]:
    """The running mean, the least and the greatest value of each loss, at the same `points`, and what is normal."""
    terms = _terms(records)
    rows = [{"step": step} | {term: _number(record.get(term)) for term in terms} for step, record in records.items()]
    if not terms:
        return {"points": [], "curves": []}
    thinned = Curves(rows).thinned()
    points = thinned.pop("step")[2]
    curves = []
    for term, (mean, low, high) in thinned.items():
        running = smooth(mean, max(1, len(mean) // 40))
        first = [row[term] for row in rows[:30] if row["step"] <= 30 and row[term] is not None]
        usual = normal(term, model, networks, batch, float(np.mean(first)) if first else math.inf)
        known = running[np.isfinite(running)]
        curves.append(
            {"term": term, "title": usual.title, "equation": usual.equation, "why": usual.why}
            | {"normal": [_number(usual.low), _number(usual.high)], "axis": _numbers(limits(low, high, running))}
            | {"mean": _numbers(running), "low": _numbers(low), "high": _numbers(high)}
            | {"last": _number(known[-1]) if len(known) else None}
        )
    return {"points": [int(point) for point in points], "curves": curves}


def _validation(looks: list[dict[str, Any]], about: Any) -> dict[str, Any]:
    """Each figure as (step, value) pairs, and the best step by the score."""
    figures: dict[str, list[tuple[int, float]]] = {}
    for record in looks:
        found = record.get("validation")
        for name, value in (found if isinstance(found, dict) else {}).items():
            if (value := _number(value)) is not None:
                figures.setdefault(name, []).append((int(record["step"]), value))
    return {"about": about, "figures": figures, "best": best_step(figures.get("score", []))}


def _alarms(folder: RunFolder, looks: list[dict[str, Any]], notes: list[str]) -> list[dict[str, Any]]:
    """Each kind of alarm once, as it was said last; those that still stand first."""
    alarms: dict[str, dict[str, Any]] = {}
    for record in looks:
        found = record.get("alarms")
        for alarm in found if isinstance(found, list) else []:
            if isinstance(alarm, dict):
                name, step = str(alarm.get("name", "alarm")), int(record["step"])
                before = alarms.get(name, {"first": step, "count": 0})
                alarms[name] = {**alarm, "name": name, "first": before["first"], "last": step}
                alarms[name] |= {"count": before["count"] + 1, "stands": record is looks[-1]}
    for alarm in alarms.values():
        path = folder.path / str(alarm["picture"]) if alarm.get("picture") else None
        inside = path is not None and path.resolve().is_relative_to(folder.path.resolve())
        alarm["picture"] = _embedded(path, notes) if inside else None
    return sorted(alarms.values(), key=lambda alarm: not alarm["stands"])


def _seconds(looks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """How long each part of the work took in all, in the order of a step."""
    sums = dict.fromkeys(PARTS, 0.0)
    for record in looks:
        found = record.get("seconds")
        for name, value in (found if isinstance(found, dict) else {}).items():
            sums[name] = sums.get(name, 0.0) + max(0.0, _number(value) or 0.0)
    return [{"name": name, "about": PARTS.get(name, ""), "seconds": value} for name, value in sums.items() if value]


def _samples(folder: RunFolder, most: int, best: int | None, notes: list[str]) -> list[dict[str, Any]]:
    """Of the sample grids the first, the last, the one nearest to the best step, and some evenly between."""
    names = {path: re.fullmatch(r"step_(\d+)\.png", path.name) for path in folder.samples.glob("*.png")}
    found = sorted((int(match[1]), path) for path, match in names.items() if match)
    shown = {round(k) for k in np.linspace(len(found) - 1, 0, min(most, len(found)))}
    if best is not None and found and most > 1:
        nearest = min(range(len(found)), key=lambda k: abs(found[k][0] - best))
        replaced = min(shown - {0, len(found) - 1}, key=lambda k: abs(k - nearest), default=nearest)
        shown = (shown - {replaced}) | {nearest}
    if 1 < most < len(found):
        notes.append(f"{len(shown)} of {len(found)} sample grids are shown here; all are in {folder.samples}.")
    pictures = ((found[k][0], _embedded(found[k][1], notes)) for k in sorted(shown))
    return [{"step": step, **picture} for step, picture in pictures if picture]


def _embedded(path: Path, notes: list[str]) -> dict[str, Any] | None:
    """A picture as a data URI, shrunk if it is large, or a note why not."""
    try:
        content = path.read_bytes()
        kind = "png"
        with Image.open(io.BytesIO(content)) as image:
            if len(content) > GRID_BYTES or image.format != "PNG":
                image = image.convert("RGB")
                image.thumbnail((GRID_SIDE, GRID_SIDE), reducing_gap=2.0)
                image.save(smaller := io.BytesIO(), "jpeg", quality=88, subsampling=0)
                content, kind = smaller.getvalue(), "jpeg"
                if (text := "Large pictures are shrunk; the originals lie in the run's folder.") not in notes:
                    notes.append(text)
            width, height = image.size
            if kind == "png":
                image.verify()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        notes.append(f"{path} can't be shown: {str(error).splitlines()[0] if str(error) else type(error).__name__}.")
        return None
    uri = f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
    return {"picture": uri, "width": width, "height": height}


def _settings(config: dict[str, Any]) -> dict[str, dict[str, str]]:
    """All settings in groups, each value as it would be typed."""
    groups = {"the run": config["settings"], "the model": config["config"]}
    groups |= {"speed": config.get("speed"), "versions": config.get("versions")}
    groups["the machine"] = {key: config[key] for key in ("device", "processes", "threads") if key in config}
    groups["fingerprints of the pictures"] = config.get("pictures")
    return {
        group: {name.replace("_", "-"): _typed(value) for name, value in values.items()}
        for group, values in groups.items()
        if isinstance(values, dict) and values
    }


def _typed(value: Any) -> str:
    plain = {True: "yes", False: "no", None: "–"}
    if value is None or isinstance(value, bool):
        return plain[value]
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _commands(folder: RunFolder, unfinished: bool, steps: int) -> list[tuple[str, str]]:
    """What to do next, and the line that does it."""
    onward = ("Go on where it stopped",) if unfinished else ("Train on, half as long again", "--steps", steps * 3 // 2)
    best = (folder.path / "best.pt").exists()
    which = f"; the best step's networks: {folder.checkpoint} would be the last" if best else ""
    return [
        (onward[0], command_line("train", "--out", folder, "--resume", *onward[1:])),
        (f"Translate pictures of your own{which}", command_line("translate", folder, "PICTURE", "--out", "translated")),
        ("Measure it on pictures that it never saw", command_line("evaluate", folder)),
        ("Export it to ONNX", command_line("export", folder, "--out", "model.onnx")),
        ("Write this page again", command_line("report", folder)),
    ]


def _number(value: Any) -> float | None:
    """A number that JSON and a picture can hold, to five digits; None for all else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e30:
        return None
    return value if isinstance(value, int) else float(f"{value:.5g}")


def _numbers(values: Iterable[float]) -> list[float | None]:
    return [_number(float(value)) for value in values]
