"""How many pictures a second a generator translates, and how far each way of computing strays from float32."""

from __future__ import annotations

import copy
import statistics
from typing import Any

import torch
from torch import Tensor, nn

from minicyclegan.measuring.clock import take_turns
from minicyclegan.networks import ResnetGenerator
from minicyclegan.training.speed import Speed, bfloat16_support, prepare

PICTURES = 8
ALLOWED = 1.0  # of 255: what nobody sees


def some_generator(width: int, blocks: int) -> ResnetGenerator:
    """A generator whose numbers are as large as a trained one's: the usual first weights paint nearly grey pictures."""
    draw = torch.Generator().manual_seed(0)
    network = ResnetGenerator(width=width, blocks=blocks)
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim == 4:
                nn.init.kaiming_normal_(parameter, generator=draw)
    return network.eval()


def ways(device: torch.device, compiled: bool) -> dict[str, tuple[Speed, int]]:
    """Precision, memory format and compiling; and how many pictures go through at a time."""
    found = {
        "float32, one at a time": (Speed(), 1),
        "float32, 4 at a time": (Speed(), 4),
        "float32, 8 at a time": (Speed(), 8),
        "channels last, one at a time": (Speed(memory_format="channels_last"), 1),
        "channels last, 4 at a time": (Speed(memory_format="channels_last"), 4),
    }
    if bfloat16_support(device)[0]:
        found["bfloat16, one at a time"] = (Speed("bfloat16"), 1)
        found["bfloat16, channels last, 8 at a time"] = (Speed("bfloat16", memory_format="channels_last"), 8)
    if compiled:
        found["compiled, one at a time"] = (Speed(compile=True), 1)
    return found


@torch.no_grad()
def measure_translation(
    name: str,
    network: nn.Module,
    size: int,
    device: torch.device,
    seconds: float,
    compiled: bool = False,
    backend: str = "inductor",
) -> dict[str, Any]:
    """Pictures a second of each way, its first pass in seconds, and its largest difference from float32, in 255ths."""
    draw = torch.Generator().manual_seed(0)
    x = (2 * torch.rand(PICTURES, 3, size // 8, size // 8, generator=draw) - 1).to(device)
    x = nn.functional.interpolate(x, scale_factor=8, mode="bilinear")  # (PICTURES, 3, size, size), smooth as a photo
    network = network.to(device)
    expected = torch.cat([network(one) for one in x.split(1)])  # (PICTURES, 3, size, size)
    passes, differences, settings = {}, {}, ways(device, compiled)
    for way, (speed, batch) in settings.items():
        model = nn.ModuleDict({"G": copy.deepcopy(network)})
        speed = Speed(speed.precision, speed.compile, speed.memory_format, torch.get_num_threads())
        prepare(model, speed, backend)

        def work(G: nn.Module = model["G"], batch: int = batch) -> Tensor:
            return torch.cat([G(part) for part in x.split(batch)])

        differences[way] = 127.5 * (work() - expected).abs().max().item()
        passes[way] = work
    taken = take_turns(passes, device, seconds, name)
    rates = {way: PICTURES / statistics.median(times) for way, times in taken.items()}
    allowed = [way for way in rates if differences[way] <= ALLOWED]
    return {
        "name": name,
        "size": size,
        "pictures_per_second": rates,
        "difference": differences,
        "fastest_allowed": max(allowed, key=rates.__getitem__),
    }
