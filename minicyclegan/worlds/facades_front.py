"""Building fronts: a layout painted in a style."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from minicyclegan.worlds.facades_canvas import Canvas, Grid, leaves, masonry, mix, noise, ramp
from minicyclegan.worlds.facades_labels import edge_waves, inside_plant, inside_roof, inside_wall, plant_part
from minicyclegan.worlds.facades_layout import Layout, Rectangle
from minicyclegan.worlds.facades_openings import paint_door, paint_windows
from minicyclegan.worlds.facades_style import Style, light_colour, sky_colours

_WHITE = np.ones(3)
_IRON = np.array([0.13, 0.14, 0.16])


def render_front(layout: Layout, style: Style, size: int) -> np.ndarray:
    """The building front: (size, size, 3) uint8. A function of its arguments alone."""
    canvas = Canvas(Grid(size))
    # One generator for each surface: more windows must not move the clouds.
    wall_rng, sky_rng, roof_rng, pane_rng, plant_rng = (np.random.default_rng([style.seed, part]) for part in range(5))
    _paint_sky(canvas, style, sky_rng)
    _paint_ground(canvas, layout, style)
    _paint_roof(canvas, layout, style, roof_rng)
    _paint_wall(canvas, layout, style, wall_rng)
    _paint_cornices(canvas, layout, style)
    paint_windows(canvas, layout, style, pane_rng)
    for door in layout.doors:
        paint_door(canvas, door, style)
    _paint_balconies(canvas, layout, style)
    _paint_plants(canvas, layout, style, plant_rng)
    canvas.planes *= light_colour(style)[:, None, None]
    return canvas.to_uint8()


def _paint_sky(canvas: Canvas, style: Style, rng: np.random.Generator) -> None:
    grid = canvas.grid
    zenith, horizon = sky_colours(style)
    height = np.clip(grid.y / 0.75, 0.0, 1.0)
    canvas.planes += zenith[:, None, None] + (horizon - zenith)[:, None, None] * height
    billows = noise(grid, rng, 3, 5) + 0.6 * noise(grid, rng, 6, 11) + 0.35 * noise(grid, rng, 12, 22)
    billows += 0.2 * noise(grid, rng, 25, 40)
    cover = np.clip(0.1 + 1.3 * billows, 0.0, 1.0) * np.clip(1.1 - grid.y, 0.0, 1.0)
    canvas.paint(0.8 * cover, mix(horizon, _WHITE, 0.65))


def _paint_ground(canvas: Canvas, layout: Layout, style: Style) -> None:
    grid, top = canvas.grid, layout.wall.bottom
    stone = np.array([0.66, 0.64, 0.61])
    canvas.box(0.0, top, 1.0, 1.0, stone)
    kerb = top + 0.6 * (1 - top)
    width = 0.13 * style.texture_scale
    for left in (np.arange(10) - style.texture_phase_x) * width:
        canvas.box(left, top, left + 0.006, kerb, 0.78 * stone)
    canvas.box(0.0, kerb, 1.0, kerb + 0.014, 1.18 * stone)
    canvas.box(0.0, kerb + 0.014, 1.0, 1.0, 0.62 * stone)
    # The house keeps the light from the pavement at its foot.
    reach = grid.soft_interval(layout.wall.left - 0.03, layout.wall.right + 0.03, 0.06)
    fade = np.clip(1 - (grid.centres - top) / 0.035, 0.0, 1.0) * grid.interval(top, 1.0)
    canvas.shade(fade[:, None] * reach, 0.35)


def _roof_colour(style: Style) -> np.ndarray:
    return ramp([(0.33, 0.37, 0.44), (0.42, 0.34, 0.32), (0.66, 0.34, 0.24)], style.roof_tone)


def _paint_roof(canvas: Canvas, layout: Layout, style: Style, rng: np.random.Generator) -> None:
    grid, roof = canvas.grid, layout.roof
    if roof.kind == "flat":
        return
    tiles = masonry(
        grid, rng, 0.034, 0.036, 0.005, (style.texture_phase_x, style.texture_phase_y), 0.62, 0.07, 0.16
    )  # fmt: skip
    colour = _roof_colour(style)
    for chimney in layout.chimneys:
        _paint_chimney(canvas, chimney, mix(colour, np.array([0.62, 0.4, 0.32]), 0.6), style)
    inside = inside_roof(grid, roof)
    # The slope is lighter towards the sky.
    shade = 1.12 - 0.3 * np.clip((grid.y - roof.ridge) / (roof.eaves - roof.ridge), 0.0, 1.0)
    if roof.kind == "gable":
        tiles = np.where(inside < 0.006, 1.25, 0.9 + 0.25 * (tiles - 1))
    canvas.paint(grid.coverage(inside), colour[:, None, None] * tiles * shade)
    if roof.kind != "gable":
        canvas.box(
            roof.ridge_left - 0.004, roof.ridge - 0.006, roof.ridge_right + 0.004, roof.ridge + 0.01, 0.8 * colour
        )


def _paint_chimney(canvas: Canvas, chimney: Rectangle, colour: np.ndarray, style: Style) -> None:
    canvas.box(chimney.left, chimney.top, chimney.right, chimney.bottom, colour)
    side = chimney.width * 0.35
    if style.light_side < 0:
        canvas.box(chimney.right - side, chimney.top, chimney.right, chimney.bottom, 0.75 * colour)
    else:
        canvas.box(chimney.left, chimney.top, chimney.left + side, chimney.bottom, 0.75 * colour)
    canvas.box(chimney.left, chimney.top, chimney.right, chimney.top + 0.014, np.array([0.7, 0.68, 0.65]))
    canvas.box(chimney.left, chimney.top + 0.014, chimney.right, chimney.top + 0.02, 0.5 * colour)


def _wall_surface(grid: Grid, style: Style, rng: np.random.Generator) -> np.ndarray:
    """The wall's material as brightness of mean 1; (size, size)."""
    scale, phase = style.texture_scale, (style.texture_phase_x, style.texture_phase_y)
    if style.material == "brick":
        joint_level = 1.2 if rng.random() < 0.5 else 0.72
        surface = masonry(grid, rng, 0.047 * scale, 0.104 * scale, 0.009 * scale, phase, joint_level, 0.09, 0.05)
        return surface + 0.03 * noise(grid, rng, 60, 60)
    if style.material == "stone":
        surface = masonry(grid, rng, 0.092 * scale, 0.17 * scale, 0.008 * scale, phase, 0.66, 0.05, 0.09)
        return surface + 0.04 * noise(grid, rng, 20, 20) + 0.04 * noise(grid, rng, 70, 70)
    broad = 0.05 * noise(grid, rng, 6, 6) + 0.035 * noise(grid, rng, 17, 17)
    return 1.0 + broad + 0.045 * noise(grid, rng, 80, 80)


def _paint_wall(canvas: Canvas, layout: Layout, style: Style, rng: np.random.Generator) -> None:
    grid, wall = canvas.grid, layout.wall
    surface = _wall_surface(grid, style, rng)
    down = np.clip((grid.y - wall.top) / wall.height, 0.0, 1.0)
    # Light falls off downwards, and across, away from the sun.
    light = 1.05 - 0.11 * down + 0.05 * style.light_side * (grid.x - 0.5) * 2
    streaks = np.clip(0.15 + noise(grid, rng, 38, 4) + 0.5 * noise(grid, rng, 12, 9), 0.0, 1.0)
    splashes = np.clip((down - 0.82) / 0.18 + 0.35 * noise(grid, rng, 20, 14), 0.0, 1.0)
    dirt = style.dirt * (0.24 * streaks + 0.22 * splashes)
    brightness = surface * light * (1 - dirt)
    if layout.roof.kind != "gable":
        brightness *= 1 - 0.12 * np.clip(1 - (grid.y - wall.top) / 0.05, 0.0, 1.0)
    colour = np.asarray(style.wall_colour)[:, None, None]
    canvas.paint(grid.coverage(inside_wall(grid, layout)), colour * brightness)


def _paint_cornices(canvas: Canvas, layout: Layout, style: Style) -> None:
    stone = style.trim_brightness * mix(np.array([1.0, 0.98, 0.93]), np.asarray(style.wall_colour), 0.1)
    # Lintels and sills of a row share their heights: one stroke of the brush for each row.
    rows: dict[tuple[float, float], list[Rectangle]] = defaultdict(list)
    for cornice in layout.cornices:
        rows[cornice.top, cornice.bottom].append(cornice)
    for (top, bottom), boxes in rows.items():
        if bottom - top > 0.1:
            for box in boxes:
                _paint_upright(canvas, box, stone, style)
        else:
            starts, ends = np.array([box.left for box in boxes]), np.array([box.right for box in boxes])
            _paint_ledges(canvas, layout.wall, (top, bottom), starts, ends, stone, style)


def _paint_ledges(
    canvas: Canvas,
    wall: Rectangle,
    heights: tuple[float, float],
    starts: np.ndarray,
    ends: np.ndarray,
    stone: np.ndarray,
    style: Style,
) -> None:
    """Ledges at one height: bright above, dark below, with a shadow on the wall that is moved away from the sun."""
    grid = canvas.grid
    top, bottom = heights
    height = bottom - top
    depth = style.light_height * (0.012 + 0.5 * height)
    shift = -0.4 * depth * style.light_side
    # Where a cornice juts out beyond the wall, its shadow falls on nothing.
    shadow_starts, shadow_ends = (np.clip(edges + shift, wall.left, wall.right) for edges in (starts, ends))
    shadow = np.minimum(grid.intervals(shadow_starts, shadow_ends).sum(axis=0), 1.0)
    fade = grid.soft_interval(bottom - depth, bottom + depth, 0.6 * depth) * grid.interval(bottom, 1.0)
    canvas.shade(fade[:, None] * shadow, 0.36)

    across = np.minimum(grid.intervals(starts, ends).sum(axis=0), 1.0)
    level = 1.0 + 0.06 * grid.interval(top, top + 0.3 * height) - 0.2 * grid.interval(bottom - 0.3 * height, bottom)
    where = grid.part(0.0, top, 1.0, bottom)
    colour = stone[:, None, None] * level[None, where[0], None]
    canvas.paint(grid.interval(top, bottom)[where[0], None] * across, colour, where)


def _paint_upright(canvas: Canvas, box: Rectangle, stone: np.ndarray, style: Style) -> None:
    """Pilasters, and the surrounds of dormers: bright, with one shaded flank."""
    flank = min(0.006, 0.3 * box.width)
    canvas.box(box.left, box.top, box.right, box.bottom, 0.96 * stone)
    left = box.right - flank if style.light_side < 0 else box.left
    canvas.box(left, box.top, left + flank, box.bottom, 0.78 * stone)


def _paint_balconies(canvas: Canvas, layout: Layout, style: Style) -> None:
    grid = canvas.grid
    stone = style.trim_brightness * np.array([0.95, 0.93, 0.89])
    for balcony in layout.balconies:
        slab = balcony.bottom - 0.02
        depth = 0.05 * style.light_height
        shift = -0.5 * depth * style.light_side
        where = grid.part(balcony.left - 0.05, balcony.bottom, balcony.right + 0.05, balcony.bottom + 0.08)
        across = grid.soft_interval(balcony.left + shift, balcony.right + shift, 0.01)[where[1]]
        fade = np.clip(1 - (grid.y[where[0]] - balcony.bottom) / depth, 0.0, 1.0) ** 0.7
        canvas.shade(fade * across, 0.45, where)

        # Behind the rail it is darker: the eye looks into the balcony's depth.
        where = grid.part(balcony.left, balcony.top, balcony.right, slab)
        behind = grid.interval(balcony.left, balcony.right)[where[1]] * grid.interval(balcony.top, slab)[where[0], None]
        canvas.shade(behind, 0.22, where)
        count = max(3, round(balcony.width / 0.026))
        middles = np.linspace(balcony.left + 0.004, balcony.right - 0.004, count)
        rods = grid.intervals(middles - 0.004, middles + 0.004).sum(axis=0)
        canvas.paint(rods[where[1]] * grid.interval(balcony.top, slab)[where[0], None], _IRON, where)
        canvas.box(balcony.left, balcony.top, balcony.right, balcony.top + 0.011, _IRON)
        canvas.box(balcony.left, balcony.top, balcony.right, balcony.top + 0.004, 2.6 * _IRON)
        canvas.box(balcony.left, slab, balcony.right, balcony.bottom, stone)
        canvas.box(balcony.left, slab + 0.012, balcony.right, balcony.bottom, 0.7 * stone)


def _paint_plants(canvas: Canvas, layout: Layout, style: Style, rng: np.random.Generator) -> None:
    if not layout.plants:
        return
    grid = canvas.grid
    waves = edge_waves(grid, layout)
    foliage = leaves(grid, (rng.random(), rng.random()))
    dark, bright = np.array([0.12, 0.24, 0.1]), np.array([0.5, 0.66, 0.26])
    for plant in layout.plants:
        if plant.trunk is not None:
            trunk = plant.trunk
            bark = np.array([0.36, 0.27, 0.2])
            canvas.box(trunk.left, trunk.top, trunk.right, trunk.bottom, bark)
            lit = trunk.left if style.light_side < 0 else trunk.right - 0.007
            canvas.box(lit, trunk.top, lit + 0.007, trunk.bottom, 1.4 * bark)
        where = plant_part(grid, plant)
        inside, upward = inside_plant(grid, plant, waves, where)
        level = np.clip(0.42 + 0.22 * upward + 0.3 * foliage[where], 0.0, 1.0)
        colour = dark[:, None, None] + (bright - dark)[:, None, None] * level
        canvas.paint(grid.coverage(inside), colour, where)
