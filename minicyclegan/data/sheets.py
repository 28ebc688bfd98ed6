"""Contact sheets: blocks of pictures with titles and names, to look at. Pillow and NumPy alone, like the worlds."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from PIL import Image, ImageDraw, ImageFont

CELL = 128  # smaller pictures are enlarged to about this side, pixel by pixel
GAP, MARGIN = 4, 96
PAPER, INK = (255, 255, 255), (40, 40, 40)


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
    across = max(count * cell_width, round(heading.getlength(title)))
    sheet = Image.new("RGB", (MARGIN + across + 16, top + len(rows) * cell_height + GAP), PAPER)
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
