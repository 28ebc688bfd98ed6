"""Sample grids: what a model makes of the same few pictures, as training goes on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from minicyclegan.data.datasets import DataSet, Pictures
from minicyclegan.data.images import from_tensor, write_picture
from minicyclegan.files import write_errors
from minicyclegan.models import Model

SAMPLES = 6  # pictures of each domain in a sample grid
CELL = 128  # smaller pictures are enlarged to about this side, pixel by pixel
GAP, MARGIN = 4, 96
PAPER, INK = (255, 255, 255), (40, 40, 40)


def first_few(pictures: Pictures) -> Tensor:
    """The same ones each time, (N at most SAMPLES, C, H, W) in [-1, 1]."""
    return pictures.tensor(range(min(SAMPLES, len(pictures))))


def sample_blocks(model: Model, data: DataSet, device: torch.device) -> dict[str, dict[str, np.ndarray]]:
    """What a sample grid shows: the first few test pictures in all directions, as `grid` takes them. In eval mode."""
    A, B = data.domains
    # Where pairs are known, each is the other's truth.
    truth_A, truth_B = (data.test_B, data.test_A) if data.paired else (data.truth_A, data.truth_B)
    views = {"AtoB": (f"{A} to {B}", data.test_A, truth_A), "BtoA": (f"{B} to {A}", data.test_B, truth_B)}
    blocks = {}
    for direction in model.directions:
        title, pictures, truth = views[direction]
        known = {"truth": first_few(truth)} if truth else {}
        rows = model.sample_rows(
            first_few(pictures).to(device), direction, *(true.to(device) for true in known.values())
        )
        blocks[title] = {name: from_tensor(tensor) for name, tensor in (rows | known).items()}
    return blocks


def grid(blocks: Mapping[str, Mapping[str, np.ndarray]]) -> Image.Image:
    """Blocks side by side, each a title over rows of pictures: {title: {row name: uint8 (N, H, W, 1 or 3)}}."""
    drawn = [_block(title, rows) for title, rows in blocks.items()]
    sheet = Image.new("RGB", (sum(b.width for b in drawn), max(b.height for b in drawn)), PAPER)
    left = 0
    for block in drawn:
        sheet.paste(block, (left, 0))
        left += block.width
    return sheet


def _block(title: str, rows: Mapping[str, np.ndarray]) -> Image.Image:
    count, height, width = next(iter(rows.values())).shape[:3]
    scale = max(1, round(CELL / max(height, width)))
    cell_width, cell_height = width * scale + GAP, height * scale + GAP
    heading, small = ImageFont.load_default(18), ImageFont.load_default(13)
    top = 32
    sheet = Image.new("RGB", (MARGIN + count * cell_width + 16, top + len(rows) * cell_height + GAP), PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((MARGIN, 6), title, INK, heading)
    for row, (name, pictures) in enumerate(rows.items()):
        y = top + row * cell_height
        draw.text((MARGIN - 10, y + cell_height / 2), name, INK, small, anchor="rm")
        for column, picture in enumerate(pictures):
            image = Image.fromarray(np.broadcast_to(picture, (*picture.shape[:2], 3)).copy())
            image = image.resize((width * scale, height * scale), Image.Resampling.NEAREST)
            sheet.paste(image, (MARGIN + column * cell_width, y))
    return sheet


def save_grid(blocks: Mapping[str, Mapping[str, np.ndarray]], path: Path) -> None:
    """Writes `grid` of the blocks. Raises WriteError where it can't, PictureError for a type that can't be written."""
    with write_errors(path):
        write_picture(grid(blocks), path)
