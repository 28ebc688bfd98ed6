"""docs/speed.md: tables and sentences that follow from what was measured, and from nothing else.

Each part that was measured lies beside the page as speed/PART-DEVICE.json, and what `python -m
tests.benchmarks.kernels --json docs/speed/kernels.json` measured as speed/kernels.json. The page is a function of these
files, so that parts can be measured one by one, on one machine or on several.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.aims import aims
from tests.benchmarks.machine import in_words

Record = dict[str, Any]  # part, command, rehearsal, machine, content
NAMES = {"cpu": "The CPU", "cuda": "The GPU", "mps": "Apple's GPU"}


class BenchError(RuntimeError):
    """A file of results that can't be used; the message names it and says what to do."""


def write(page: Path, records: Sequence[Record]) -> None:
    """Writes these records beside the page, and the page of them and of all that lie there already."""
    beside = page.with_suffix("")
    beside.mkdir(parents=True, exist_ok=True)
    for record in records:
        path = beside / f"{record['part']}-{record['machine']['device']}.json"
        path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    page.write_text(render(read(page), page.stem), encoding="utf-8")


def read(page: Path) -> list[Record]:
    """What lies beside a page. Raises BenchError for a broken file."""
    records = []
    for path in sorted(page.with_suffix("").glob("*-*.json")):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            record["part"], record["machine"]["device"], record["content"]
        except (ValueError, KeyError, TypeError):
            raise BenchError(f"{path}: not a file of results; delete it, and measure that part again") from None
        records.append(record)
    return records + _read_kernels(page.with_suffix("") / "kernels.json")


def _read_kernels(path: Path) -> list[Record]:
    """The kernels' benchmark has a format of its own."""
    if not path.exists():
        return []
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        machine = {"device": "cuda", "name": content["machine"]["gpu"], "torch": content["machine"]["torch"]}
        content["rows"][0]["kernel"]["share"]
    except (ValueError, KeyError, TypeError, IndexError):
        raise BenchError(f"{path}: not the kernels' figures; delete it, and measure them again") from None
    command = "python -m tests.benchmarks.kernels --json docs/speed/kernels.json"
    record = {"part": "kernels", "command": command, "rehearsal": False, "machine": machine, "content": content}
    return [record | {"note": content.get("note")}]


def render(records: Sequence[Record], stem: str) -> str:
    """The page in Markdown."""
    lines = ["# Speed", ""]
    if any(record["rehearsal"] for record in records):
        lines += ["**A rehearsal: tiny sizes. Its figures mean nothing.**", ""]
    lines += [
        "Written by `python -m tests.benchmarks --page docs/speed.md`, from what its parts measured; beside each "
        "table stands the command that measures it again. Times are medians. What is compared took turns in one run, "
        "and a ratio is the median over the rounds, each compared within itself; above 1 is faster than the baseline.",
        "",
        "The baseline is the original code's operations, on the same weights and pictures: `nn.InstanceNorm2d`, the "
        "biases that it removes, Adam as PyTorch's defaults have it, every picture through every network on its own "
        "(`tests/benchmarks/baseline.py`). It runs in a process of its own, since ours keeps the memory that it frees, "
        "which is a setting of a whole process. In float64 its steps are ours (`tests/benchmarks/test_baseline.py`).",
        "",
        "## What was aimed at",
        "",
        *_table([["work", "machine", "against", "at least", "measured"], *aims(records)]),
    ]
    for note in dict.fromkeys(record["note"] for record in records if record.get("note")):
        lines += ["", f"Some of these were {note}: the lines under their tables say which."]
    for device in ("cpu", "cuda", "mps"):
        own = {record["part"]: record for record in records if record["machine"]["device"] == device}
        if own:
            lines += ["", f"## {NAMES[device]}"]
        for part, section in SECTIONS.items():
            if part in own:
                lines += ["", *section(own[part], own, stem), "", _source(own[part])]
    return "\n".join(lines) + "\n"


def section(record: Record, records: Sequence[Record] = ()) -> str:
    """One part alone, for reading in a terminal."""
    own = {other["part"]: other for other in records} | {record["part"]: record}
    return "\n".join(SECTIONS[record["part"]](record, own, ""))


def _source(record: Record) -> str:
    note = f"; {record['note']}" if record.get("note") else ""  # put there by hand, until it is measured again
    return f"*`{record['command']}`; {in_words(record['machine'])}{note}.*"


def _machine(record: Record, own: dict[str, Record], stem: str) -> list[str]:
    peaks = record["content"]
    names = list(peaks["matrix"])
    rows = [["", *names]]
    for kind, title in (("matrix", "matrix product"), ("convolution", "convolution, 3 x 3, forward")):
        rows.append([title, *(f"{peaks[kind][name] / 1e9:,.0f} GFLOP/s" for name in names)])
    rows.append(["memory, copying", f"{peaks['memory']['copy'] / 1e9:,.1f} GB/s", *[""] * (len(names) - 1)])
    return ["### What the machine can do", "", *_table(rows)]


def _steps(record: Record, own: dict[str, Record], stem: str) -> list[str]:
    lines = ["### A step of training", ""]
    if stem:
        device = record["machine"]["device"]
        lines += [f"![Speed of each recipe's step against the baseline]({stem}/{record['part']}-{device}.png)", ""]
    rows = [["recipe", "settings", "milliseconds", "against the baseline", "rounds", "first two steps, seconds"]]
    for work in record["content"]["works"]:
        for name, seconds in work["seconds"].items():
            low, high = work["quartiles"][name]
            against = f"{work['ratio'][name]:.2f} x" if work["ratio"] else ""
            rows.append(
                [
                    work["name"] if name == next(iter(work["seconds"])) else "",
                    f"{name} ({work['settings'][name]})" if name in work["settings"] else name,
                    f"{1e3 * seconds:.1f} ({1e3 * low:.1f} to {1e3 * high:.1f})",
                    against,
                    str(work["rounds"]),
                    f"{work['first_two_steps'][name]:.1f}",
                ]
            )
    lines += [
        *_table(rows),
        "",
        "Milliseconds: the median, and the middle half of the rounds. The first two steps include what is compiled; "
        "the baseline has done one before them, to set its own process up.",
    ]
    return lines + _shares(record, own) + _memory(record)


def _shares(record: Record, own: dict[str, Record]) -> list[str]:
    """What a step computes and moves, and which part of the machine's best that is, in the fastest setting."""
    peaks = own["machine"]["content"] if "machine" in own else None
    shares = ("of the best convolution", "of the best matrix product", "GB", "of the copy")
    rows = [["recipe", "settings", "GFLOP", "GFLOP/s", *shares]]
    for work in record["content"]["works"]:
        fastest = min(work["settings"], key=work["seconds"].__getitem__)
        seconds = work["seconds"][fastest]
        rate, moved = work["flop"] / seconds, work["bytes"] / seconds
        precision = work["settings"][fastest].split(",")[0]
        parts = ["", "", ""]
        if peaks:
            best = (peaks["convolution"][precision], peaks["matrix"][precision], peaks["memory"]["copy"])
            parts = [f"{have / most:.0%}" for have, most in zip((rate, rate, moved), best, strict=True)]
        sizes = [f"{work['flop'] / 1e9:,.1f}", f"{rate / 1e9:,.0f}"]
        rows.append([work["name"], fastest, *sizes, *parts[:2], f"{work['bytes'] / 1e9:,.2f}", parts[2]])
    return [
        "",
        *_table(rows),
        "",
        "GFLOP: of the convolutions and matrix products of one step of ours, forward and backward, counted, 2 for a "
        "multiply-add. GB: what all operations of that step read and write, each counted by itself; a share above "
        "100 % is what the cache saves. The best are those of this machine, above.",
    ]


def _memory(record: Record) -> list[str]:
    works = [work for work in record["content"]["works"] if work["memory"]]
    if not works:
        return ["", "Peak memory: counted on CUDA only, where PyTorch says what it had allocated."]
    rows = [["recipe", "settings", "peak memory, GB", "of the baseline's"]]
    for work in works:
        for name, amount in work["memory"].items():
            share = f"{amount / work['memory']['baseline']:.0%}" if "baseline" in work["memory"] else ""
            rows.append([work["name"], name, f"{amount / 1e9:.2f}", share])
    return ["", *_table(rows)]


def _large(record: Record, own: dict[str, Record], stem: str) -> list[str]:
    lines = _steps(record, own, stem)
    lines[0] = "### A step of the published networks"
    lines[0] += {"large-batch": ", a batch of 16", "large-compiled": ", compiled by PyTorch"}.get(record["part"], "")
    return lines


def _profile(record: Record, own: dict[str, Record], stem: str) -> list[str]:
    rows = [["step", "settings", "milliseconds", "of them on the device", "by kind of kernel, milliseconds"]]
    for work in record["content"]["profiles"]:
        kinds = ", ".join(f"{kind} {1e3 * spent:.1f}" for kind, spent in work["kinds"].items())
        busy = 1e3 * sum(work["kinds"].values())
        rows.append([work["name"], work["variant"], f"{1e3 * work['seconds']:.1f}", f"{busy:.1f}", kinds])
    return ["### Where the time goes", "", *_table(rows)]


def _whole_run(record: Record, own: dict[str, Record], stem: str) -> list[str]:
    seconds = record["content"]["seconds"]
    return ["### The first command", "", f"`train --small`, drawing included: {seconds:.0f} seconds."]


def _input(record: Record, own: dict[str, Record], stem: str) -> list[str]:
    rates, saving = record["content"]["input"], record["content"]["saving"]
    rows = [["pictures", "a second"], *([name, f"{rate:,.0f}"] for name, rate in rates.items())]
    kept = [["at a checkpoint", "milliseconds"], *([name, f"{1e3 * took:.0f}"] for name, took in saving.items())]
    return [
        "### Input and output",
        "",
        "Pictures are cut, mirrored and made tensors by threads of their own while the step before is computed; those "
        "from files of 512 px are decoded and scaled each time, which only sets of more than 2 GiB are.",
        "",
        *_table(rows),
        "",
        "Training waits for the copy alone; the rest is done in a thread beside it.",
        "",
        *_table(kept),
    ]


def _translation(record: Record, own: dict[str, Record], stem: str) -> list[str]:
    rows = [["generator", "how", "pictures a second", "largest difference, of 255", ""]]
    for network in record["content"]["networks"]:
        rates = network["pictures_per_second"]
        for way, rate in rates.items():
            first = way == next(iter(rates))
            difference = f"{network['difference'][way]:.2f}"
            chosen = "fastest within 1" if way == network["fastest_allowed"] else ""
            rows.append([network["name"] if first else "", way, f"{rate:.2f}", difference, chosen])
    return ["### Translation", "", *_table(rows)]


def _quality(record: Record, own: dict[str, Record], stem: str) -> list[str]:
    content = record["content"]
    names = list(content["goals"])
    title = "--small" if content["settings"] == "small" else "the original's settings"
    rows = [["seed", "precision", "reached", "after steps", "minutes of training", *names]]
    for run in content["runs"]:
        last = [f"{run['history'][-1][name]:.3f}" for name in names]
        reached = "yes" if run["reached"] else "no"
        took = [f"{run['steps']:,}", f"{run['seconds'] / 60:.1f}"]
        rows.append([str(run["seed"]), run["precision"], reached, *took, *last])
    zebras, horses, background = (f"{goal:g}" for goal in content["goals"].values())
    text = (
        f"Reached when, of the test pictures, at least {zebras} of the horses wear a zebra's coat and {horses} of the "
        f"zebras a horse's, and the background changes by {background} at most. Each is a run of its own: these do not "
        "take turns. Drawing and judging don't count."
    )
    return [f"### Until the quality is reached: {title}", "", text, "", *_table(rows)]


def _kernels(record: Record, own: dict[str, Record], stem: str) -> list[str]:
    rows = [["map", "type, format", "microseconds", "of the bandwidth", "against instance_norm", "against compiled"]]
    for row in record["content"]["rows"]:
        kernel = row["kernel"]
        others = (row[name]["microseconds"] / kernel["microseconds"] for name in ("instance_norm", "compiled twin"))
        kind, shape = f"{row['dtype']}, {row['memory_format']}", " x ".join(map(str, row["shape"]))
        figures = [f"{kernel['microseconds']:.1f}", f"{kernel['share']:.0%}", *(f"{other:.2f} x" for other in others)]
        rows.append([shape, kind, *figures])
    return ["### The fused norm kernel, forward and backward, with ReLU and a border of one pixel", "", *_table(rows)]


SECTIONS: dict[str, Callable[[Record, dict[str, Record], str], list[str]]] = {
    "machine": _machine,
    "steps": _steps,
    "large": _large,
    "large-batch": _large,
    "large-compiled": _large,
    "profile": _profile,
    "whole-run": _whole_run,
    "kernels": _kernels,
    "input": _input,
    "translation": _translation,
    "quality-small": _quality,
    "quality-original": _quality,
}


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return [lines[0], f"|{' --- |' * len(rows[0])}", *lines[1:]]
