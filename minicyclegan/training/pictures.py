"""Sample grids: what a model makes of the same few pictures, as training goes on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from torch import Tensor

from minicyclegan.data.datasets import DataSet, Pictures
from minicyclegan.data.images import from_tensor, write_picture
from minicyclegan.data.sheets import grid
from minicyclegan.files import write_errors
from minicyclegan.models import Model

SAMPLES = 6  # pictures of each domain in a sample grid


def first_few(pictures: Pictures) -> Tensor:
    """The same ones each time, (N at most SAMPLES, C, H, W) in [-1, 1]."""
    return pictures.tensor(range(min(SAMPLES, len(pictures))))


def sample_blocks(model: Model, data: DataSet) -> dict[str, dict[str, np.ndarray]]:
    """What a sample grid shows: the first few test pictures in all directions, as `grid` takes them. In eval mode."""
    A, B = data.domains
    # Where pairs are known, each is the other's truth.
    truth_A, truth_B = (data.test_B, data.test_A) if data.paired else (data.truth_A, data.truth_B)
    views = {"AtoB": (f"{A} to {B}", data.test_A, truth_A), "BtoA": (f"{B} to {A}", data.test_B, truth_B)}
    blocks = {}
    for direction in model.directions:
        title, pictures, truth = views[direction]
        known = {"truth": first_few(truth).to(model.device)} if truth else {}
        rows = model.sample_rows(first_few(pictures).to(model.device), direction, *known.values())
        blocks[title] = {name: from_tensor(tensor) for name, tensor in (rows | known).items()}
    return blocks


def save_grid(blocks: Mapping[str, Mapping[str, np.ndarray]], path: Path) -> None:
    """Writes `grid` of the blocks. Raises WriteError where it can't, PictureError for a type that can't be written."""
    with write_errors(path):
        path.parent.mkdir(exist_ok=True)  # alarms/, with the first one
        write_picture(grid(blocks), path)
