"""Where the shapes of a layout end, and the label map that they give; fronts are painted from the same functions.

Of every pixel's centre on a canvas, or a part of it, the functions `inside_…` say how far it is from a shape's edge:
(h, w), positive inside.
"""

from __future__ import annotations

import numpy as np

from minicyclegan.worlds.facades_canvas import Canvas, noise
from minicyclegan.worlds.facades_layout import Layout, Opening, Plant, Rectangle, Roof

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

GABLE_EDGE = 0.03  # how thick a gable's roof is, seen from the front


def inside_rectangle(canvas: Canvas, box: Rectangle) -> np.ndarray:
    x, y = canvas.x, canvas.y
    return np.minimum(np.minimum(x - box.left, box.right - x), np.minimum(y - box.top, box.bottom - y))


def inside_opening(canvas: Canvas, opening: Opening) -> np.ndarray:
    """Of a window or door, arched or not."""
    inside = inside_rectangle(canvas, opening.frame)
    if opening.rise == 0:
        return inside
    # The head is half an ellipse that stands on the straight part.
    half, spring = opening.frame.width / 2, opening.frame.top + opening.rise
    x, y = canvas.x - opening.frame.middle, canvas.y - spring
    head = (1 - np.hypot(x / half, np.minimum(y, 0.0) / opening.rise)) * min(half, opening.rise)
    return np.where(y < 0, np.minimum(head, half), inside)


def inside_slopes(canvas: Canvas, roof: Roof) -> np.ndarray:
    """Of the two slopes and the ridge of a roof, whatever its lower edge."""
    rise, run = roof.eaves - roof.ridge, roof.ridge_left - roof.left
    length = float(np.hypot(rise, run))
    fall = (canvas.y - roof.eaves) * run
    left = ((canvas.x - roof.left) * rise + fall) / length
    right = ((roof.right - canvas.x) * rise + fall) / length
    return np.minimum(np.minimum(left, right), canvas.y - roof.ridge)


def inside_roof(canvas: Canvas, roof: Roof) -> np.ndarray:
    return np.minimum(inside_slopes(canvas, roof), roof.eaves - canvas.y)


def inside_wall(canvas: Canvas, layout: Layout) -> np.ndarray:
    """Of the wall with its gable, as if it had no openings."""
    wall = inside_rectangle(canvas, layout.wall)
    if layout.roof.kind != "gable":
        return wall
    gable = np.minimum(inside_slopes(canvas, layout.roof) - GABLE_EDGE, layout.wall.top + 0.02 - canvas.y)
    return np.maximum(wall, gable)


def around_plant(canvas: Canvas, plant: Plant) -> Canvas:
    """The part of the picture that a plant's foliage can reach."""
    x, y, width, height = np.array(plant.blobs).T
    left, right = (x - width).min() - 0.02, (x + width).max() + 0.02
    return canvas.part(left, (y - height).min() - 0.02, right, (y + height).max() + 0.02)


def inside_plant(canvas: Canvas, plant: Plant, waves: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of the foliage with its wavy edge; and how much each place faces upwards in [-1, 1]. `waves` of `edge_waves`."""
    inside = np.full((canvas.y.size, canvas.x.size), -1.0)
    upward = np.zeros_like(inside)
    for x, y, width, height in plant.blobs:
        down = (canvas.y - y) / height
        depth = (1 - np.hypot((canvas.x - x) / width, down)) * min(width, height)
        upward = np.where(depth > inside, -down, upward)
        inside = np.maximum(inside, depth)
    strength = 0.3 * min(0.035, min(min(width, height) for _, _, width, height in plant.blobs))
    return inside + strength * waves[canvas.where], np.clip(upward, -1.0, 1.0)


def edge_waves(size: int, layout: Layout) -> np.ndarray:
    """What makes the edges of plants wavy, about [-1.8, 1.8]: (size, size)."""
    rng = np.random.default_rng(layout.leaf_seed)
    return noise(size, rng, 24, 24) + 0.8 * noise(size, rng, 45, 45)


def render_label(layout: Layout, size: int) -> np.ndarray:
    """The class of each pixel's centre: (size, size) uint8, values below len(CLASSES)."""
    canvas = Canvas(np.full((size, size), SKY, dtype=np.uint8))

    def fill(box: Rectangle, label: int) -> None:
        part = canvas.part(*box)
        down, across = (part.y >= box.top) & (part.y < box.bottom), (part.x >= box.left) & (part.x < box.right)
        part.planes[down & across] = label

    def fill_opening(opening: Opening, label: int) -> None:
        part = canvas.part(*opening.frame)
        part.planes[inside_opening(part, opening) > 0] = label

    fill(Rectangle(0.0, layout.wall.bottom, 1.0, 1.0), GROUND)
    for chimney in layout.chimneys:
        fill(chimney, ROOF)
    if layout.roof.kind != "flat":
        canvas.planes[inside_roof(canvas, layout.roof) > 0] = ROOF
    canvas.planes[inside_wall(canvas, layout) > 0] = WALL
    for cornice in layout.cornices:
        fill(cornice, CORNICE)
    for window in layout.windows:
        fill_opening(window, WINDOW)
    for door in layout.doors:
        fill_opening(door, DOOR)
    for balcony in layout.balconies:
        fill(balcony, BALCONY)
    waves = edge_waves(size, layout) if layout.plants else None
    for plant in layout.plants:
        if plant.trunk is not None:
            fill(plant.trunk, PLANT)
        part = around_plant(canvas, plant)
        part.planes[inside_plant(part, plant, waves)[0] > 0] = PLANT
    return canvas.planes
