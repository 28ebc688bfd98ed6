"""How near the fused instance norm + ReLU + border comes to the speed of the GPU's memory, and how far ahead of others.

    python -m tests.benchmarks.kernels [--json FILE] [--rounds N] [--only TEXT]

For the maps of the 256 px generator, forward and backward together, with the border of one pixel that the next
convolution wants: the kernel, `F.instance_norm` + ReLU + `F.pad`, the kernel's twin (`group_norm` + …), and the twin as
torch.compile fuses it. "share" is the part of the memory's bandwidth, that of a copy of 1 GiB in the same rounds, at
which the bytes are moved that have to be: x is read and y written, then x and the gradient of y are read and that of x
is written. Each is timed as a CUDA graph over so many maps that none of them waits in the cache for its turn, and once
more as PyTorch's eager mode launches it, host included. "kept" is what the forward pass leaves in memory, y included,
in maps. The engines take turns; medians.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from minicyclegan.files import write_json
from minicyclegan.kernels.instance_norm import Fused, kernel_takes, twin
from tests.reference_numpy.layers import FORMATS, TYPES

SHAPES = [  # (N, C, H, W); the two that docs/speed.md aims at come first, should time run out
    (1, 64, 256, 256),
    (16, 256, 64, 64),
    (1, 128, 128, 128),
    (1, 256, 64, 64),
    (16, 64, 256, 256),
    (16, 128, 128, 128),
]
PAD = 1
# Of the whole's size: one function, or the times mean nothing. Single elements say nothing in bfloat16: where y is 0 to
# the last digit, the slope of ReLU can be either.
ALLOWED = {"float32": 1e-4, "bfloat16": 2e-2}
Engine = Callable[[Tensor], Tensor]


def engines() -> dict[str, Engine]:
    torch.compiler.reset()  # or the next size would be compiled for any size
    compiled = torch.compile(lambda x: twin(x, slope=0.0, pad=PAD), dynamic=False)
    return {
        "kernel": lambda x: Fused.apply(x, None, 0, 0.0, PAD, 1e-5)[0],
        "instance_norm": lambda x: F.pad(F.relu(F.instance_norm(x)), (PAD,) * 4, mode="reflect"),
        "twin": lambda x: twin(x, slope=0.0, pad=PAD),
        "compiled twin": compiled,
    }


def there_and_back(engine: Engine, maps: list[tuple[Tensor, Tensor]]) -> list[tuple[Tensor, Tensor]]:
    """All results, kept: each map's are written to memory of their own."""
    results = []
    for x, g in maps:
        y = engine(x)
        results.append((y.detach(), *torch.autograd.grad(y, x, g)))
    return results


def captured(work: Callable[[], Any]) -> torch.cuda.CUDAGraph:
    """The work as a graph, after three runs of it beside the main stream, which compile what is to be compiled."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            work()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    return graph


def seconds_on_the_device(work: Callable[[], Any]) -> float:
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda.synchronize()
    start.record()
    work()
    end.record()
    torch.cuda.synchronize()
    return start.elapsed_time(end) / 1e3


def seconds_on_the_host(work: Callable[[], Any]) -> float:
    torch.cuda.synchronize()
    start = time.perf_counter()
    work()
    torch.cuda.synchronize()
    return time.perf_counter() - start


def medians(works: dict[str, tuple[Callable, Callable]], rounds: int) -> dict[str, float]:
    """The median seconds of each (timer, work); they take turns, and two rounds warm up."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for measurement in range(-2, rounds):
        for name, (timer, work) in works.items():
            taken = timer(work)
            if measurement >= 0:
                seconds[name].append(taken)
    return {name: statistics.median(taken) for name, taken in seconds.items()}


def kept_maps(engine: Engine, x: Tensor) -> float:
    before = torch.cuda.memory_allocated()
    y = engine(x)
    kept = torch.cuda.memory_allocated() - before
    del y
    return kept / (x.numel() * x.element_size())


def check(name: str, engine: Engine, x: Tensor, g: Tensor, allowed: float) -> None:
    """Raises SystemExit where the engine computes something else than the twin does in float64."""
    exact = x.detach().double().requires_grad_()
    ((y, gradient),) = there_and_back(engine, [(x, g)])
    ((right_y, right_gradient),) = there_and_back(lambda x: twin(x, slope=0.0, pad=PAD), [(exact, g.double())])
    for found, right in ((y, right_y), (gradient, right_gradient)):
        error = ((found.double() - right).norm() / right.norm()).item()
        if not error <= allowed:
            sys.exit(f"{name}, {tuple(x.shape)} {x.dtype}: off by {error:.1e} of its size")


def new_maps(shape: tuple[int, ...], dtype: str, memory_format: str) -> list[tuple[Tensor, Tensor]]:
    """Maps and gradients, together at least four times what the cache holds."""

    def drawn(pad: int = 0) -> Tensor:
        sides = (*shape[:2], *(side + 2 * pad for side in shape[2:]))
        return torch.randn(sides, device="cuda", dtype=TYPES[dtype]).contiguous(memory_format=FORMATS[memory_format])

    first = drawn()
    cache = torch.cuda.get_device_properties(first.device).L2_cache_size
    count = max(1, -(-4 * cache // (2 * first.numel() * first.element_size())))
    return [(drawn().requires_grad_(), drawn(PAD)) for _ in range(count)]


def measure(shape: tuple[int, ...], dtype: str, memory_format: str, rounds: int) -> dict[str, Any]:
    """One row of the result: of each engine the microseconds of a map, on the device and eagerly, and the rest."""
    maps = new_maps(shape, dtype, memory_format)
    x, g = maps[0]
    large = torch.empty(2**30, dtype=torch.uint8, device="cuda")
    copy = torch.empty_like(large)
    works, kept = {"copy": (seconds_on_the_device, lambda: copy.copy_(large))}, {}
    for name, engine in engines().items():
        check(name, engine, x, g, ALLOWED[dtype])
        kept[name] = kept_maps(engine, x)
        works[name] = seconds_on_the_device, captured(lambda engine=engine: there_and_back(engine, maps)).replay
        works[f"{name}, eager"] = seconds_on_the_host, lambda engine=engine: there_and_back(engine, maps)
    seconds = medians(works, rounds)
    bandwidth = 2 * large.numel() / seconds["copy"]
    # x and y; x, the gradient of y and that of x.
    moved = len(maps) * (3 * x.numel() + 2 * g.numel()) * x.element_size()
    row: dict[str, Any] = {"shape": shape, "dtype": dtype, "memory_format": memory_format, "bandwidth": bandwidth}
    for name in kept:
        row[name] = {
            "microseconds": 1e6 * seconds[name] / len(maps),
            "eager_microseconds": 1e6 * seconds[f"{name}, eager"] / len(maps),
            "share": moved / bandwidth / seconds[name],
            "kept": kept[name],
        }
    return row


def show(row: dict[str, Any]) -> None:
    print(f"{row['shape']} {row['dtype']} {row['memory_format']}; memory {row['bandwidth'] / 1e12:.2f} TB/s")
    for name, own in ((name, value) for name, value in row.items() if isinstance(value, dict)):
        ratio = own["microseconds"] / row["kernel"]["microseconds"]
        print(
            f"  {name:15s}{own['microseconds']:10.1f} us{ratio:8.2f}x   share {own['share']:5.0%}"
            f"   kept {own['kept']:5.2f}   eager{own['eager_microseconds']:10.1f} us"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", metavar="FILE", help="also write all figures there")
    parser.add_argument("--rounds", type=int, default=25, help="measurements; the engines take turns")
    parser.add_argument("--only", default="", metavar="TEXT", help='such maps, as "(1, 64" or "bfloat16 contiguous"')
    options = parser.parse_args()
    if not torch.cuda.is_available():
        print("this benchmark needs a CUDA GPU, and PyTorch finds none here", file=sys.stderr)
        sys.exit(2)
    if not kernel_takes(torch.empty(1, 1, 2, 2, device="cuda")):
        print("this benchmark needs Triton and a GPU of compute capability 8.0 or more", file=sys.stderr)
        sys.exit(2)
    machine = {"gpu": torch.cuda.get_device_name(), "torch": torch.__version__, "cuda": torch.version.cuda}
    print(", ".join(machine.values()), f"{options.rounds} rounds", sep=", ")
    torch.manual_seed(0)
    rows = []
    for memory_format, shape, dtype in itertools.product(("channels_last", "contiguous"), SHAPES, TYPES):
        if options.only not in f"{shape} {dtype} {memory_format}":
            continue
        row = measure(shape, dtype, memory_format, options.rounds)
        show(row)
        rows.append(row)
        torch.cuda.empty_cache()
        if options.json:  # after each row, so that what was measured outlives a wrong result or an interruption
            write_json(Path(options.json), {"machine": machine, "rows": rows})


if __name__ == "__main__":
    main()
