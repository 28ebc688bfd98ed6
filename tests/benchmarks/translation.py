"""How many pictures a second a generator translates, and how far each way of computing strays from float32."""

from __future__ import annotations

import copy
import dataclasses
import statistics
from typing import Any

import torch
from torch import Tensor, nn

from minicyclegan.networks import ResnetGenerator
from minicyclegan.shipping.translator import PICTURES_A_PASS, PIXELS_A_PASS
from minicyclegan.training.speed import Speed, bfloat16_support, prepare
from tests.benchmarks.clock import take_turns

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


def ways(device: torch.device, pictures: int, usual: int, compiled: bool) -> dict[str, tuple[Speed, int]]:
    """Precision, memory format and compiling; and how many of the pictures go through at a time.

    usual   how many do by default
    """
    last = Speed(memory_format="channels_last")
    found = {"one at a time": (Speed(), 1), f"{usual} at a time, the default": (Speed(), usual)}
    found |= {f"{pictures} at a time": (Speed(), pictures)}
    found |= {"channels last, one at a time": (last, 1), f"channels last, {usual} at a time": (last, usual)}
    if bfloat16_support(device)[0]:
        found[f"bfloat16, {usual} at a time"] = (Speed("bfloat16"), usual)
        found["bfloat16, channels last, all at a time"] = (Speed("bfloat16", memory_format="channels_last"), pictures)
    if compiled:
        found[f"compiled, {usual} at a time"] = (Speed(compile=True), usual)
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
    channels: int = 3,
) -> dict[str, Any]:
    """Pictures a second of each way, and its largest difference from one at a time in float32, in 255ths."""
    usual = max(1, min(PICTURES_A_PASS, PIXELS_A_PASS // size**2))
    pictures = 2 * usual
    draw = torch.Generator().manual_seed(0)
    x = (2 * torch.rand(pictures, channels, -(-size // 8), -(-size // 8), generator=draw) - 1).to(device)
    x = nn.functional.interpolate(x, (size, size), mode="bilinear")  # (pictures, channels, size, size), smooth
    network = network.to(device)
    expected = torch.cat([network(one) for one in x.split(1)])  # (pictures, out_channels, size, size)
    passes, differences, settings = {}, {}, ways(device, pictures, usual, compiled)
    for way, (speed, batch) in settings.items():
        model = nn.ModuleDict({"G": copy.deepcopy(network)})
        prepare(model, dataclasses.replace(speed, threads=torch.get_num_threads()), backend)

        def work(G: nn.Module = model["G"], batch: int = batch) -> Tensor:
            return torch.cat([G(part) for part in x.split(batch)])

        differences[way] = 127.5 * (work() - expected).abs().max().item()
        passes[way] = work
    taken = take_turns(passes, device, seconds, name)
    rates = {way: pictures / statistics.median(times) for way, times in taken.items()}
    allowed = [way for way in rates if differences[way] <= ALLOWED]
    return {
        "name": name,
        "size": size,
        "pictures_per_second": rates,
        "difference": differences,
        "fastest_allowed": max(allowed, key=rates.__getitem__),
    }
