"""python -m minicyclegan.bench: how fast this machine trains and translates, with the settings that it would choose."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor

from minicyclegan.cli import Parser, run
from minicyclegan.devices import DeviceError, find_device, synchronise
from minicyclegan.models import MODELS, ModelConfig, build
from minicyclegan.networks import ResnetGenerator
from minicyclegan.training.config import TrainConfig, preset
from minicyclegan.training.speed import Precision, choose_speed, prepare


def main(arguments: list[str] | None = None) -> int:
    parser = Parser(prog="python -m minicyclegan.bench", description=__doc__.split(": ", 1)[1])
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    parser.add_argument("--seconds", type=float, default=10, metavar="S", help="how long each row takes (default: 10)")
    given = parser.parse_args(arguments)
    if not given.seconds > 0:
        parser.error(f"--seconds must be above 0, not {given.seconds:g}")
    device = find_device(given.device)
    speed = choose_speed(device)
    print(f"{device}, PyTorch {torch.__version__}; {speed}\n\n{'':60}   ms   pictures/s")

    def row(name: str, work: Callable[[], object], pictures: int) -> None:
        seconds = median_seconds(work, device, given.seconds)
        print(f"{name:56} {1000 * seconds:8.2f} {pictures / seconds:12.1f}", flush=True)

    def step(name: str, config: ModelConfig, size: int, batch: int, precision: Precision) -> None:
        model, speed = build(config).to(device), choose_speed(device, precision)
        prepare(model, speed)
        a, b = some_pictures(batch, size, device), some_pictures(batch, size, device)
        row(f"{name}, {size} px, batch {batch}, {speed.precision}", lambda: model.step(a, b), batch)

    for model in MODELS:
        settings, networks = preset("small", model, device.type)
        config = TrainConfig(**settings)
        networks_config = MODELS[model].config(**networks)
        step(f"a step of --small, {model}", networks_config, config.size, config.batch, config.precision)
    published, size = MODELS["cyclegan"].config(), 128 if device.type == "cpu" else 256
    step("a step as published, cyclegan", published, size, 1, "float32")
    network, picture = ResnetGenerator().eval().to(device), some_pictures(1, 256, device)
    with torch.inference_mode():
        row("translating by the published network, 256 px, float32", lambda: network(picture), 1)
    return 0


def some_pictures(count: int, size: int, device: torch.device) -> Tensor:
    """Noise, (count, 3, size, size) in [-1, 1]: how long a step takes does not depend on what it sees."""
    return (2 * torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(0)) - 1).to(device)


def median_seconds(work: Callable[[], object], device: torch.device, seconds: float) -> float:
    """The median of at least five runs, after two that are not counted."""
    taken: list[float] = []
    end = time.perf_counter() + seconds
    while len(taken) < 7 or time.perf_counter() < end:
        start = time.perf_counter()
        work()
        synchronise(device)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken[2:])


if __name__ == "__main__":
    run(main, (DeviceError, OSError))
