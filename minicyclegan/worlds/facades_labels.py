"""Where the shapes of a layout end, and the label map that they give; fronts are painted from the same functions."""

from __future__ import annotations

import numpy as np

from minicyclegan.worlds.facades_canvas import EVERYWHERE, Grid, Slices, noise
from minicyclegan.worlds.facades_layout import Layout, Opening, Plant, Rectangle, Roof

CLASSES: tuple[str, ...] = (
    "sky", "wall", "window", "door", "balcony", "cornice", "roof", "plant", "ground",
)  # fmt: skip
SKY, WALL, WINDOW, DOOR, BALCONY, CORNICE, ROOF, PLANT, GROUND = range(len(CLASSES))

# How thick a gable's roof is, seen from the front.
_ROOF_EDGE = 0.03


# ---- Where shapes end: distances to their edges, positive inside, at the pixels' centres --------------------------


def inside_rectangle(grid: Grid, box: Rectangle, where: Slices) -> np.ndarray:
    """Distance to a rectangle's edge within a part of the picture: (h, w)."""
    x, y = grid.x[:, where[1]], grid.y[where[0]]
    return np.minimum(np.minimum(x - box.left, box.right - x), np.minimum(y - box.top, box.bottom - y))


def inside_opening(grid: Grid, opening: Opening, where: Slices) -> np.ndarray:
    """Distance to the edge of a window or door, arched or not: (h, w)."""
    inside = inside_rectangle(grid, opening.frame, where)
    if opening.rise == 0:
        return inside
    # The head is half an ellipse that stands on the straight part.
    half, spring = opening.frame.width / 2, opening.frame.top + opening.rise
    x, y = grid.x[:, where[1]] - opening.frame.middle, grid.y[where[0]] - spring
    head = (1 - np.hypot(x / half, np.minimum(y, 0.0) / opening.rise)) * min(half, opening.rise)
    return np.where(y < 0, np.minimum(head, half), inside)


def inside_slopes(grid: Grid, roof: Roof) -> np.ndarray:
    """Distance to the two slopes and the ridge of a roof, whatever its lower edge; (size, size)."""
    rise = roof.eaves - roof.ridge
    run = roof.ridge_left - roof.left
    length = float(np.hypot(rise, run))
    fall = (grid.y - roof.eaves) * run
    left = ((grid.x - roof.left) * rise + fall) / length
    right = ((roof.right - grid.x) * rise + fall) / length
    return np.minimum(np.minimum(left, right), grid.y - roof.ridge)


def inside_roof(grid: Grid, roof: Roof) -> np.ndarray:
    """Distance to the edge of a sloping roof: (size, size)."""
    return np.minimum(inside_slopes(grid, roof), roof.eaves - grid.y)


def inside_wall(grid: Grid, layout: Layout) -> np.ndarray:
    """Distance to the edge of the wall with its gable, as if it had no openings: (size, size)."""
    wall = inside_rectangle(grid, layout.wall, EVERYWHERE)
    if layout.roof.kind != "gable":
        return wall
    gable = np.minimum(inside_slopes(grid, layout.roof) - _ROOF_EDGE, layout.wall.top + 0.02 - grid.y)
    return np.maximum(wall, gable)


def plant_part(grid: Grid, plant: Plant) -> Slices:
    """The part of the picture that a plant's foliage can reach."""
    left = min(x - width for x, _, width, _ in plant.blobs) - 0.02
    right = max(x + width for x, _, width, _ in plant.blobs) + 0.02
    top = min(y - height for _, y, _, height in plant.blobs) - 0.02
    bottom = max(y + height for _, y, _, height in plant.blobs) + 0.02
    return grid.part(left, top, right, bottom)


def inside_plant(grid: Grid, plant: Plant, waves: np.ndarray, where: Slices) -> tuple[np.ndarray, np.ndarray]:
    """Distance to the foliage's wavy edge, and how much each place faces upwards in [-1, 1]; both (h, w)."""
    x, y = grid.x[:, where[1]], grid.y[where[0]]
    inside = np.full((y.shape[0], x.shape[1]), -1.0)
    upward = np.zeros_like(inside)
    for centre_x, centre_y, width, height in plant.blobs:
        down = (y - centre_y) / height
        depth = (1 - np.hypot((x - centre_x) / width, down)) * min(width, height)
        upward = np.where(depth > inside, -down, upward)
        inside = np.maximum(inside, depth)
    strength = 0.3 * min(0.035, min(min(width, height) for _, _, width, height in plant.blobs))
    return inside + strength * waves[where], np.clip(upward, -1.0, 1.0)


def edge_waves(grid: Grid, layout: Layout) -> np.ndarray:
    """What makes the edges of plants wavy, about [-1.8, 1.8]: (size, size)."""
    rng = np.random.default_rng(layout.leaf_seed)
    return noise(grid, rng, 24, 24) + 0.8 * noise(grid, rng, 45, 45)


# ---- The label map -----------------------------------------------------------------------------------------------


def render_label(layout: Layout, size: int) -> np.ndarray:
    """The class of each pixel's centre: (size, size) uint8, values below len(CLASSES)."""
    grid = Grid(size)
    labels = np.full((size, size), SKY, dtype=np.uint8)

    def fill(box: Rectangle, label: int) -> None:
        rows, columns = grid.part(box.left, box.top, box.right, box.bottom)
        down = (grid.centres[rows] >= box.top) & (grid.centres[rows] < box.bottom)
        across = (grid.centres[columns] >= box.left) & (grid.centres[columns] < box.right)
        labels[rows, columns][down[:, None] & across] = label

    def fill_opening(opening: Opening, label: int) -> None:
        frame = opening.frame
        where = grid.part(frame.left, frame.top, frame.right, frame.bottom)
        labels[where][inside_opening(grid, opening, where) > 0] = label

    fill(Rectangle(0.0, layout.wall.bottom, 1.0, 1.0), GROUND)
    for chimney in layout.chimneys:
        fill(chimney, ROOF)
    if layout.roof.kind != "flat":
        labels[inside_roof(grid, layout.roof) > 0] = ROOF
    labels[inside_wall(grid, layout) > 0] = WALL
    for cornice in layout.cornices:
        fill(cornice, CORNICE)
    for window in layout.windows:
        fill_opening(window, WINDOW)
    for door in layout.doors:
        fill_opening(door, DOOR)
    for balcony in layout.balconies:
        fill(balcony, BALCONY)
    if layout.plants:
        waves = edge_waves(grid, layout)
        for plant in layout.plants:
            if plant.trunk is not None:
                fill(plant.trunk, PLANT)
            where = plant_part(grid, plant)
            labels[where][inside_plant(grid, plant, waves, where)[0] > 0] = PLANT
    return labels
