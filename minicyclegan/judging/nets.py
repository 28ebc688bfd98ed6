"""What the trained judges share: their weights on disk, their training schedule, the size they look at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from PIL import Image
from torch import nn
from tqdm import tqdm

WEIGHTS = Path(__file__).parent / "weights"

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


def at_size(pictures: np.ndarray, size: int) -> np.ndarray:
    """(N, H, W, C) uint8 -> (N, size, size, C): the mean of the pixels that fall into one, a box filter."""
    if pictures.shape[1:3] == (size, size):
        return pictures
    resized = [
        np.asarray(Image.fromarray(p[:, :, 0] if p.shape[2] == 1 else p).resize((size, size), Image.Resampling.BOX))
        for p in pictures
    ]
    return np.stack(resized).reshape(len(pictures), size, size, -1)
