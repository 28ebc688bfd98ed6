"""The windows and doors of a front."""

from __future__ import annotations

import colorsys

import numpy as np

from minicyclegan.worlds.facades_canvas import Canvas, Grid, Slices, mix
from minicyclegan.worlds.facades_labels import inside_opening
from minicyclegan.worlds.facades_layout import Layout, Opening, Rectangle
from minicyclegan.worlds.facades_style import Style, sky_colours


def paint_windows(canvas: Canvas, layout: Layout, style: Style, rng: np.random.Generator) -> None:
    """All windows at once: first the place of every pixel in its window, then light and paint over all of them."""
    grid = canvas.grid
    if not layout.windows:
        return
    shape = (grid.size, grid.size)
    inside, across, down = np.full(shape, -1.0), np.zeros(shape), np.zeros(shape)
    bars, flank, chance = np.zeros(shape), np.zeros(shape), np.zeros((4, *shape))
    reveal, frame_width, bar = 0.008, 0.011, 0.0095
    for window in layout.windows:
        frame = window.frame
        where = grid.part(frame.left - 0.01, frame.top - 0.01, frame.right + 0.01, frame.bottom + 0.01)
        distance = inside_opening(grid, window, where)
        owner = distance > inside[where]
        inside[where] = np.maximum(inside[where], distance)
        across[where] = np.where(owner, grid.x[:, where[1]] - frame.left, across[where])
        down[where] = np.where(owner, grid.y[where[0]] - frame.top, down[where])
        chance[(slice(None), *where)] = np.where(owner, rng.random(4)[:, None, None], chance[(slice(None), *where)])
        beside = grid.x[:, where[1]] - frame.middle
        facing = np.sign(-style.light_side * beside) * (np.abs(beside) > frame.width / 2 - reveal - grid.pixel)
        flank[where] = np.where(owner, facing, flank[where])
        bars[where] = np.where(owner, _window_bars(grid, frame, bar, where), bars[where])
    opening = grid.coverage(inside)
    casement = grid.coverage(inside - reveal)
    glass = grid.coverage(inside - reveal - frame_width) * (1 - bars)

    wall = np.asarray(style.wall_colour)
    # The side of the reveal that faces the sun is bright, the other one dark.
    canvas.paint(opening, wall[:, None, None] * (0.62 + 0.25 * flank))
    canvas.paint(casement, style.frame_brightness * np.array([1.0, 0.99, 0.96]))
    canvas.paint(glass, _pane_colours(style, across, down, chance))
    # The head of the opening throws its shadow on panes and frames.
    depth = 0.008 + 0.014 * style.light_height
    top = np.clip(1 - (down - reveal) / depth, 0.0, 1.0)
    canvas.shade(opening * top, 0.34)


def _window_bars(grid: Grid, frame: Rectangle, bar: float, where: Slices) -> np.ndarray:
    """Mullions and transom, decided by the window's proportions: (h, w) coverage."""
    columns = 2 if frame.width < 0.13 else 3
    middles = frame.left + frame.width * np.arange(1, columns) / columns
    uprights = grid.intervals(middles - bar / 2, middles + bar / 2).sum(axis=0)
    height = frame.top + 0.36 * frame.height
    transom = grid.interval(height - bar / 2, height + bar / 2) if frame.height > 0.085 else np.zeros(grid.size)
    return np.maximum(uprights[where[1]][None, :], transom[where[0]][:, None])


def _pane_colours(style: Style, across: np.ndarray, down: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """Rooms behind the panes, curtains, the sky in the glass and a glint; (3, size, size)."""
    zenith, horizon = sky_colours(style)
    dusk = np.clip(style.sky_tone - 0.55, 0.0, 0.45) / 0.45
    room = np.broadcast_to(np.array([0.13, 0.17, 0.22])[:, None, None], (3, *down.shape))
    lit = (chance[0] < 0.5 * dusk) * 1.0
    panes = room + lit * (np.array([0.98, 0.78, 0.42])[:, None, None] - room)
    # Curtains hang down from the head, a different length in each window.
    fold = 0.9 + 0.1 * np.sin(across * 230)
    has_curtain = (chance[1] < style.curtains) * (down < 0.05 + 0.5 * chance[2])
    curtain = (0.72 + 0.2 * lit) * fold * np.array([1.0, 0.97, 0.9])[:, None, None]
    panes = panes + 0.75 * has_curtain * (curtain - panes)
    mirror = np.clip(0.5 - 2.2 * down, 0.12, 0.5)
    panes = panes + mirror * (1 - 0.7 * lit) * (mix(zenith, horizon, 0.45)[:, None, None] - panes)
    slant = across + 0.7 * down - 0.04 - 0.07 * chance[3]
    broad, narrow = 0.011 - np.abs(slant), 0.004 - np.abs(slant - 0.026)
    glint = np.clip(np.maximum(broad, narrow) / 0.012, 0.0, 1.0)
    return panes + 0.4 * glint * (1 - 0.6 * lit) * (1.0 - panes)


def paint_door(canvas: Canvas, door: Opening, style: Style) -> None:
    """A panelled door under a fanlight."""
    grid, frame = canvas.grid, door.frame
    where = grid.part(frame.left, frame.top, frame.right, frame.bottom)
    # The threshold has no frame: the door is drawn as if it went on below, and cut off at the ground.
    below = Opening(Rectangle(frame.left, frame.top, frame.right, frame.bottom + 0.1), door.rise)
    inside = inside_opening(grid, below, where)
    above_ground = grid.interval(0.0, frame.bottom)[where[0], None]
    wood = np.array(colorsys.hsv_to_rgb(style.door_hue, 0.55, 0.46))
    bright = style.frame_brightness * np.array([1.0, 0.99, 0.96])
    canvas.paint(grid.coverage(inside) * above_ground, 0.62 * np.asarray(style.wall_colour), where)
    canvas.paint(grid.coverage(inside - 0.007) * above_ground, bright, where)
    leaf = inside - 0.017
    light_top = frame.top + 0.24 * frame.height
    canvas.paint(grid.coverage(leaf) * above_ground, wood, where)
    zenith, horizon = sky_colours(style)
    fanlight = grid.coverage(leaf) * grid.interval(0.0, light_top)[where[0], None]
    canvas.paint(fanlight, mix(np.array([0.15, 0.19, 0.24]), mix(zenith, horizon, 0.5), 0.45), where)
    canvas.box(frame.left + 0.017, light_top, frame.right - 0.017, light_top + 0.011, bright)
    _paint_panels(canvas, Rectangle(frame.left + 0.017, light_top + 0.011, frame.right - 0.017, frame.bottom), wood)
    depth = 0.01 + 0.02 * style.light_height
    shadow = np.clip(1 - (grid.y[where[0]] - frame.top) / depth, 0.0, 1.0)
    canvas.shade(grid.coverage(inside) * shadow, 0.4, where)


def _paint_panels(canvas: Canvas, leaf: Rectangle, wood: np.ndarray) -> None:
    """Two leaves if the door is wide, each with a high panel over a low one."""
    leaves_count = 2 if leaf.width > 0.075 else 1
    width = leaf.width / leaves_count
    gap = 0.22 * width
    for left in (leaf.left + k * width for k in range(leaves_count)):
        for top, bottom in ((0.09, 0.56), (0.66, 0.92)):
            upper, lower = leaf.top + top * leaf.height, leaf.top + bottom * leaf.height
            canvas.box(left + gap, upper, left + width - gap, lower, 0.68 * wood)
            canvas.box(left + gap + 0.005, upper + 0.005, left + width - gap, lower, 1.25 * wood)
    if leaves_count == 2:
        canvas.box(leaf.middle - 0.003, leaf.top, leaf.middle + 0.003, leaf.bottom, 0.5 * wood)
    knob = leaf.middle + (0.012 if leaves_count == 2 else 0.33 * leaf.width)
    height = leaf.top + 0.6 * leaf.height
    canvas.box(knob - 0.005, height - 0.005, knob + 0.005, height + 0.005, np.array([0.9, 0.76, 0.4]))
