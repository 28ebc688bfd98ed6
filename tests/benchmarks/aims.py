"""What the project set out to reach, each beside what was measured of it, or why it was not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Record = dict[str, Any]
NO_GPU = "not measured: no GPU"


def aims(records: Sequence[Record]) -> list[list[str]]:
    """Rows of a table: work, machine, against what, at least, measured."""
    found = {(record["part"], record["machine"]["device"]): record for record in records}
    on_gpu = ("large", "cuda") in found
    gpu = found["large", "cuda"]["machine"]["name"] if on_gpu else "a data-centre GPU"
    return [
        ["`--small` step", "CPU", "the baseline", "1.25 x without compile", _small(found)],
        ["128 px, width 64, 6 blocks", "CPU with bfloat16", "the baseline", "1.7 x", _large_cpu(found)],
        ["time until `--small`'s quality", "CPU", "the original's settings", "2 x", _quality(found)],
        ["256 px, width 64, 9 blocks, batch 1", gpu, "the baseline", "bfloat16 8 x, float32 4 x", _gpu(found, "large")],
        ["the same, batch 16", gpu, "the baseline", "bfloat16 3.5 x", _gpu(found, "large-batch")],
        ["the same, batch 16", gpu, "the bfloat16 matrix peak", "35 %", _share_of_peak(found)],
        [
            "peak memory, batch 1 and 16",
            gpu,
            "the baseline",
            "at most 65 % and 50 %",
            f"{_memory(found, 'large')}; {_memory(found, 'large-batch')}" if on_gpu else NO_GPU,
        ],
        [
            "fused norm kernel with its border, forward and backward",
            gpu,
            "the bytes it must move; the compiled twin",
            "80 % of the bandwidth; 1 x",
            _kernel(found),
        ],
        ["`train --small`, all of it", gpu, "", "at most 60 seconds", _whole_run(found, on_gpu)],
    ]


def _works(found: dict[tuple[str, str], Record], part: str, device: str) -> list[dict[str, Any]]:
    return found[part, device]["content"]["works"] if (part, device) in found else []


def _all_ratios(work: dict[str, Any]) -> str:
    """Of ours, and of each variant, with what it computes in."""
    settings = work["settings"]
    return ", ".join(f"{name} ({settings[name]}) {work['ratio'][name]:.2f} x" for name in settings if work["ratio"])


def _small(found: dict[tuple[str, str], Record]) -> str:
    ratios = [
        f"{work['name'].split()[0]} {work['ratio']['ours']:.2f} x"
        for work in _works(found, "steps", "cpu")
        if work["ratio"]
    ]
    return ", ".join(ratios) or "not measured"


def _large_cpu(found: dict[tuple[str, str], Record]) -> str:
    works = _works(found, "large", "cpu")
    if not works or not works[0]["ratio"]:
        return "not measured"
    ratios = _all_ratios(works[0])
    if any(setting.startswith("bfloat16") for setting in works[0]["settings"].values()):
        return ratios
    missing = "--variants bfloat16" if found["large", "cpu"]["machine"]["bfloat16"] else "this CPU has no bfloat16"
    return f"not measured: {missing}; {ratios}"


def _quality(found: dict[tuple[str, str], Record]) -> str:
    if ("quality-small", "cpu") not in found or ("quality-original", "cpu") not in found:
        return "not measured"
    contents = [found[f"quality-{name}", "cpu"]["content"] for name in ("small", "original")]
    small, original = ({run["seed"]: run for run in content["runs"]} for content in contents)
    said = []
    for seed in [seed for seed in small if seed in original]:
        ratio = original[seed]["seconds"] / small[seed]["seconds"]
        there = f"{ratio:.1f} x" if original[seed]["reached"] else f"more than {ratio:.1f} x, when the original gave up"
        said.append(f"seed {seed}: {there if small[seed]['reached'] else '`--small` did not reach it'}")
    if said:
        said.append(f"ours in {small[seed]['precision']}, the original's in {original[seed]['precision']}")
    return "; ".join(said) or "not measured with the same seeds"


def _gpu(found: dict[tuple[str, str], Record], part: str) -> str:
    works = _works(found, part, "cuda")
    return _all_ratios(works[0]) if works else NO_GPU


def _kernel(found: dict[tuple[str, str], Record]) -> str:
    if ("kernels", "cuda") not in found:
        return NO_GPU
    rows = found["kernels", "cuda"]["content"]["rows"]
    shares = [row["kernel"]["share"] for row in rows]
    ratios = [row["compiled twin"]["microseconds"] / row["kernel"]["microseconds"] for row in rows]
    return f"{min(shares):.0%} to {max(shares):.0%}; {min(ratios):.2f} x to {max(ratios):.2f} x"


def _memory(found: dict[tuple[str, str], Record], part: str) -> str:
    works = _works(found, part, "cuda")
    if not works:
        return NO_GPU
    memory = works[0]["memory"]
    shares = (f"{name} {amount / memory['baseline']:.0%}" for name, amount in memory.items() if name != "baseline")
    return ", ".join(shares)


def _share_of_peak(found: dict[tuple[str, str], Record]) -> str:
    works = _works(found, "large-batch", "cuda")
    if not works or ("machine", "cuda") not in found:
        return NO_GPU
    peak = found["machine", "cuda"]["content"]["matrix"]["bfloat16"]
    shares = (
        f"{name} {works[0]['flop'] / works[0]['seconds'][name] / peak:.0%}"
        for name, setting in works[0]["settings"].items()
        if setting.startswith("bfloat16")
    )
    return ", ".join(shares) or "not measured: --variants"


def _whole_run(found: dict[tuple[str, str], Record], on_gpu: bool) -> str:
    if ("whole-run", "cuda") in found:
        return f"{found['whole-run', 'cuda']['content']['seconds']:.0f} s"
    return "not measured" if on_gpu else NO_GPU
