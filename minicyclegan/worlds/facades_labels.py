"""The label map of a layout."""

from __future__ import annotations

import numpy as np

from minicyclegan.worlds.facades_canvas import Canvas
from minicyclegan.worlds.facades_layout import Layout, Opening, Rectangle

# Every class with its colour in a label picture.
COLOURS = {
    "sky": (140, 200, 240), "wall": (60, 70, 160), "window": (250, 220, 90), "door": (190, 60, 50),
    "balcony": (230, 130, 190), "cornice": (245, 245, 240), "roof": (130, 80, 60), "plant": (70, 160, 70),
    "ground": (120, 120, 120),
}  # fmt: skip
CLASSES: tuple[str, ...] = tuple(COLOURS)
PALETTE = np.array(list(COLOURS.values()), dtype=np.uint8)  # (number of classes, 3), in the order of CLASSES
PALETTE.setflags(write=False)
SKY, WALL, WINDOW, DOOR, BALCONY, CORNICE, ROOF, PLANT, GROUND = range(len(CLASSES))


def render_label(layout: Layout, size: int) -> np.ndarray:
    """The class of each pixel's centre: (size, size) uint8, values below len(CLASSES)."""
    canvas = Canvas(np.full((size, size), SKY, dtype=np.uint8))

    def fill(box: Rectangle, label: int) -> None:
        part = canvas.part(*box)
        down, across = (part.y >= box.top) & (part.y < box.bottom), (part.x >= box.left) & (part.x < box.right)
        part.planes[down & across] = label

    def fill_opening(opening: Opening, label: int) -> None:
        part = canvas.part(*opening.frame)
        part.planes[opening.inside(part) > 0] = label

    fill(Rectangle(0.0, layout.wall.bottom, 1.0, 1.0), GROUND)
    for chimney in layout.chimneys:
        fill(chimney, ROOF)
    if layout.roof.kind != "flat":
        canvas.planes[layout.roof.inside(canvas) > 0] = ROOF
    canvas.planes[layout.inside_wall(canvas) > 0] = WALL
    for cornice in layout.cornices:
        fill(cornice, CORNICE)
    for window in layout.windows:
        fill_opening(window, WINDOW)
    for door in layout.doors:
        fill_opening(door, DOOR)
    for balcony in layout.balconies:
        fill(balcony, BALCONY)
    waves = layout.waves(size) if layout.plants else None
    for plant in layout.plants:
        if plant.trunk is not None:
            fill(plant.trunk, PLANT)
        part = plant.around(canvas)
        part.planes[plant.inside(part, waves)[0] > 0] = PLANT
    return canvas.planes
