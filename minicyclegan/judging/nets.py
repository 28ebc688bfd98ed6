"""What the trained judges share: their weights on disk, their training schedule, how they look at pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn
from tqdm import tqdm

from minicyclegan.judging.metrics import Images, box_resize

WEIGHTS = Path(__file__).parent / "weights"
BATCH = 64

Network = TypeVar("Network", bound=nn.Module)


def one_cycle(network: nn.Module, steps: int, name: str, lr: float = 5e-3) -> Iterator[int]:
    """Training steps: the caller computes a loss and its gradients, this takes the step and empties them.

    The rate rises over the first fifth of the steps and falls to nothing (Smith 2018, "super-convergence").
    """
    optimizer = torch.optim.Adam(network.parameters(), lr)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps, pct_start=0.2)
    network.train()
    for step in tqdm(range(steps), desc=f"training the {name}", unit="step"):
        yield step
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()


def save_weights(network: nn.Module, path: Path) -> None:
    """The state dict in half precision: 2 bytes a number are plenty for a judge."""
    state = {key: value.half() if value.is_floating_point() else value for key, value in network.state_dict().items()}
    torch.save({key: value.contiguous() for key, value in state.items()}, path)


def load_weights(network: Network, path: Path) -> Network:
    """Fills `network` with what `save_weights` wrote; in eval mode, without gradients. Raises OSError."""
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return network.eval().requires_grad_(False)


@cache
def shipped(kind: type[Network], device: str | torch.device = "cpu") -> Network:
    """The one whose weights come with the package, made by `python -m minicyclegan.judges`."""
    return load_weights(kind(), WEIGHTS / f"{kind.__name__.lower()}.pt").to(device)


def convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


@torch.no_grad()
def look(network: Callable[[Tensor], Tensor], images: Images, size: int) -> Tensor:
    """What a network makes of uint8 pictures, seen in colour at size x size: averaged down, or enlarged."""
    small = box_resize(images, size).expand(-1, 3, -1, -1)  # (N, 3, size, size)
    return torch.cat([network(to_float(part)) for part in small.split(BATCH)])


def to_float(images: Tensor) -> Tensor:
    """uint8 -> float32 in [-1, 1], as `data.images.to_tensor` computes it."""
    return images.float() / 127.5 - 1.0


def to_uint8(x: Tensor) -> Tensor:
    """Floats in [-1, 1] -> uint8, rounded; what lies outside is clamped."""
    return ((x.float() + 1.0) * 127.5).round().clamp(0, 255).to(torch.uint8)
