"""Building fronts: a layout painted in a style."""

from __future__ import annotations

import colorsys
from collections import defaultdict
from dataclasses import replace

import numpy as np

from minicyclegan.worlds.facades_canvas import Canvas, leaves, masonry, noise
from minicyclegan.worlds.facades_layout import Layout, Opening, Rectangle
from minicyclegan.worlds.facades_style import Style, light_colour, roof_colour, sky_colours
from minicyclegan.worlds.paint import mix, planes, to_bytes, unit

WHITE = np.ones(3)
IRON = np.array([0.13, 0.14, 0.16])
PAINTED_WOOD = np.array([1.0, 0.99, 0.96])  # of frames, times their brightness
REVEAL = 0.008  # how deep a window sits in its wall, as far as that shows


def render_front(layout: Layout, style: Style, size: int) -> np.ndarray:
    """The building front: (size, size, 3) uint8. A function of its arguments alone."""
    canvas = Canvas(np.zeros((3, size, size)))
    # One generator for each surface: more windows must not move the clouds.
    wall, sky, roof, panes, plants = (np.random.default_rng([style.seed, part]) for part in range(5))
    _paint_sky(canvas, style, sky)
    _paint_ground(canvas, layout, style)
    if layout.roof.kind != "flat":
        _paint_roof(canvas, layout, style, roof)
    _paint_wall(canvas, layout, style, wall)
    _paint_cornices(canvas, layout, style)
    if layout.windows:
        _paint_windows(canvas, layout, style, panes)
    for door in layout.doors:
        _paint_door(canvas, door, style)
    for balcony in layout.balconies:
        _paint_balcony(canvas, balcony, style)
    if layout.plants:
        _paint_plants(canvas, layout, style, plants)
    canvas.planes *= planes(light_colour(style))
    return to_bytes(canvas.planes)


def _paint_sky(canvas: Canvas, style: Style, generator: np.random.Generator) -> None:
    size, (zenith, horizon) = canvas.size, sky_colours(style)
    canvas.planes += mix(zenith, horizon, unit(canvas.y / 0.75))
    billows = noise(size, generator, 3, 5) + 0.6 * noise(size, generator, 6, 11) + 0.35 * noise(size, generator, 12, 22)
    billows += 0.2 * noise(size, generator, 25, 40)
    cover = unit(0.1 + 1.3 * billows) * unit(1.1 - canvas.y)
    canvas.paint(0.8 * cover, mix(horizon, WHITE, 0.65))


def _paint_ground(canvas: Canvas, layout: Layout, style: Style) -> None:
    top, stone = layout.wall.bottom, np.array([0.66, 0.64, 0.61])
    canvas.box(0.0, top, 1.0, 1.0, stone)
    kerb = top + 0.6 * (1 - top)
    width = 0.13 * style.texture_scale
    for left in (np.arange(10) - style.texture_phase_x) * width:
        canvas.box(left, top, left + 0.006, kerb, 0.78 * stone)
    canvas.box(0.0, kerb, 1.0, kerb + 0.014, 1.18 * stone)
    canvas.box(0.0, kerb + 0.014, 1.0, 1.0, 0.62 * stone)
    # The house keeps the light from the pavement at its foot.
    reach = canvas.soft(canvas.x, layout.wall.left - 0.03, layout.wall.right + 0.03, 0.06)
    fade = unit(1 - (canvas.y - top) / 0.035) * canvas.down(top, 1.0)
    canvas.shade(fade * reach, 0.35)


def _paint_roof(canvas: Canvas, layout: Layout, style: Style, generator: np.random.Generator) -> None:
    roof, colour = layout.roof, roof_colour(style)
    phase = style.texture_phase_x, style.texture_phase_y
    tiles = masonry(canvas.size, generator, 0.034, 0.036, 0.005, phase, joint_level=0.62, variety=0.07, relief=0.16)
    for chimney in layout.chimneys:
        _paint_chimney(canvas, chimney, mix(colour, (0.62, 0.4, 0.32), 0.6), style)
    inside = roof.inside(canvas)
    # The slope is lighter towards the sky.
    shade = 1.12 - 0.3 * unit((canvas.y - roof.ridge) / (roof.eaves - roof.ridge))
    if roof.kind == "gable":
        tiles = np.where(inside < 0.006, 1.25, 0.9 + 0.25 * (tiles - 1))
    canvas.paint(canvas.coverage(inside), planes(colour) * tiles * shade)
    if roof.kind != "gable":
        ridge = roof.ridge_left - 0.004, roof.ridge - 0.006, roof.ridge_right + 0.004, roof.ridge + 0.01
        canvas.box(*ridge, 0.8 * colour)


def _paint_chimney(canvas: Canvas, chimney: Rectangle, colour: np.ndarray, style: Style) -> None:
    left, top, right, _ = chimney
    canvas.box(*chimney, colour)
    _paint_flank(canvas, chimney, chimney.width * 0.35, 0.75 * colour, style)
    canvas.box(left, top, right, top + 0.014, (0.7, 0.68, 0.65))
    canvas.box(left, top + 0.014, right, top + 0.02, 0.5 * colour)


def _paint_flank(canvas: Canvas, box: Rectangle, width: float, colour: np.ndarray, style: Style) -> None:
    """The side of a box that lies in the shade."""
    left = box.right - width if style.light_side < 0 else box.left
    canvas.box(left, box.top, left + width, box.bottom, colour)


def _wall_surface(size: int, style: Style, generator: np.random.Generator) -> np.ndarray:
    """The wall's material as brightness of mean 1; (size, size)."""
    scale, phase = style.texture_scale, (style.texture_phase_x, style.texture_phase_y)
    if style.material == "brick":
        joint_level = 1.2 if generator.random() < 0.5 else 0.72
        surface = masonry(size, generator, 0.047 * scale, 0.104 * scale, 0.009 * scale, phase, joint_level, 0.09, 0.05)
        return surface + 0.03 * noise(size, generator, 60, 60)
    if style.material == "stone":
        surface = masonry(size, generator, 0.092 * scale, 0.17 * scale, 0.008 * scale, phase, 0.66, 0.05, 0.09)
        return surface + 0.04 * noise(size, generator, 20, 20) + 0.04 * noise(size, generator, 70, 70)
    broad = 0.05 * noise(size, generator, 6, 6) + 0.035 * noise(size, generator, 17, 17)
    return 1.0 + broad + 0.045 * noise(size, generator, 80, 80)


def _paint_wall(canvas: Canvas, layout: Layout, style: Style, generator: np.random.Generator) -> None:
    size, wall = canvas.size, layout.wall
    surface = _wall_surface(size, style, generator)
    down = unit((canvas.y - wall.top) / wall.height)
    # Light falls off downwards, and across, away from the sun.
    light = 1.05 - 0.11 * down + 0.05 * style.light_side * (canvas.x - 0.5) * 2
    streaks = unit(0.15 + noise(size, generator, 38, 4) + 0.5 * noise(size, generator, 12, 9))
    splashes = unit((down - 0.82) / 0.18 + 0.35 * noise(size, generator, 20, 14))
    brightness = surface * light * (1 - style.dirt * (0.24 * streaks + 0.22 * splashes))
    if layout.roof.kind != "gable":
        brightness *= 1 - 0.12 * unit(1 - (canvas.y - wall.top) / 0.05)
    canvas.paint(canvas.coverage(layout.inside_wall(canvas)), planes(style.wall_colour) * brightness)


def _paint_cornices(canvas: Canvas, layout: Layout, style: Style) -> None:
    stone = style.trim_brightness * mix((1.0, 0.98, 0.93), style.wall_colour, 0.1)
    # Lintels and sills of a row share their heights: one stroke of the brush for each row.
    rows: dict[tuple[float, float], list[Rectangle]] = defaultdict(list)
    for cornice in layout.cornices:
        rows[cornice.top, cornice.bottom].append(cornice)
    for (top, bottom), boxes in rows.items():
        if bottom - top <= 0.1:
            _paint_ledges(canvas, layout.wall, boxes, stone, style)
            continue
        for box in boxes:  # pilasters, and the surrounds of dormers
            canvas.box(*box, 0.96 * stone)
            _paint_flank(canvas, box, min(0.006, 0.3 * box.width), 0.78 * stone, style)


def _paint_ledges(canvas: Canvas, wall: Rectangle, boxes: list[Rectangle], stone: np.ndarray, style: Style) -> None:
    """Ledges at one height: bright above, dark below, with a shadow on the wall that is moved away from the sun."""
    (_, top, _, bottom), sides = boxes[0], np.array([(box.left, box.right) for box in boxes])
    starts, ends = sides.T
    height = bottom - top
    depth = style.light_height * (0.012 + 0.5 * height)
    shift = -0.4 * depth * style.light_side
    # Where a cornice juts out beyond the wall, its shadow falls on nothing.
    shadow_starts, shadow_ends = (np.clip(edges + shift, wall.left, wall.right) for edges in (starts, ends))
    shadow = np.minimum(canvas.across(shadow_starts, shadow_ends).sum(axis=0), 1.0)
    fade = canvas.soft(canvas.y, bottom - depth, bottom + depth, 0.6 * depth) * canvas.down(bottom, 1.0)
    canvas.shade(fade * shadow, 0.36)

    part = canvas.part(0.0, top, 1.0, bottom)
    level = 1.0 + 0.06 * part.down(top, top + 0.3 * height) - 0.2 * part.down(bottom - 0.3 * height, bottom)
    part.paint(part.down(top, bottom) * np.minimum(part.across(starts, ends).sum(axis=0), 1.0), stone * level)


def _paint_windows(canvas: Canvas, layout: Layout, style: Style, generator: np.random.Generator) -> None:
    """All windows at once: first the place of every pixel in its window, then light and paint over all of them."""
    fields = np.zeros((9, canvas.size, canvas.size))
    inside, across, down, bars, flank, *chances = fields
    inside[:] = -1.0
    for window in layout.windows:
        left, top, right, bottom = frame = window.frame
        part = canvas.part(left - 0.01, top - 0.01, right + 0.01, bottom + 0.01)
        distance = window.inside(part)
        beside = part.x - frame.middle
        facing = np.sign(-style.light_side * beside) * (np.abs(beside) > frame.width / 2 - REVEAL - 1.0 / part.size)
        values = (distance, part.x - left, part.y - top, _window_bars(part, frame), facing, *generator.random(4))
        nearer = distance > inside[part.where]
        for field, value in zip(fields, values, strict=True):
            np.copyto(field[part.where], value, where=nearer)
    opening = canvas.coverage(inside)
    glass = canvas.coverage(inside - REVEAL - 0.011) * (1 - bars)

    # The side of the reveal that faces the sun is bright, the other one dark.
    canvas.paint(opening, planes(style.wall_colour) * (0.62 + 0.25 * flank))
    canvas.paint(canvas.coverage(inside - REVEAL), style.frame_brightness * PAINTED_WOOD)
    canvas.paint(glass, _pane_colours(style, across, down, chances))
    # The head of the opening throws its shadow on panes and frames.
    canvas.shade(opening * unit(1 - (down - REVEAL) / (0.008 + 0.014 * style.light_height)), 0.34)


def _window_bars(part: Canvas, frame: Rectangle) -> np.ndarray:
    """Mullions and transom, decided by the window's proportions: (h, w) coverage."""
    half, columns = 0.0095 / 2, 2 if frame.width < 0.13 else 3
    middles = frame.left + frame.width * np.arange(1, columns) / columns
    uprights = part.across(middles - half, middles + half).sum(axis=0)
    height = frame.top + 0.36 * frame.height
    return np.maximum(uprights, part.down(height - half, height + half) * (frame.height > 0.085))


def _pane_colours(style: Style, across: np.ndarray, down: np.ndarray, chances: list[np.ndarray]) -> np.ndarray:
    """Rooms behind the panes, curtains, the sky in the glass and a glint; (3, size, size)."""
    dusk = np.clip(style.sky_tone - 0.55, 0.0, 0.45) / 0.45
    lit = (chances[0] < 0.5 * dusk) * 1.0
    panes = mix((0.13, 0.17, 0.22), (0.98, 0.78, 0.42), lit)
    # Curtains hang down from the head, a different length in each window.
    curtain = (0.72 + 0.2 * lit) * (0.9 + 0.1 * np.sin(across * 230)) * planes((1.0, 0.97, 0.9))
    panes = mix(panes, curtain, 0.75 * ((chances[1] < style.curtains) * (down < 0.05 + 0.5 * chances[2])))
    mirror = np.clip(0.5 - 2.2 * down, 0.12, 0.5)
    panes = mix(panes, mix(*sky_colours(style), 0.45), mirror * (1 - 0.7 * lit))
    slant = across + 0.7 * down - 0.04 - 0.07 * chances[3]
    glint = unit(np.maximum(0.011 - np.abs(slant), 0.004 - np.abs(slant - 0.026)) / 0.012)
    return mix(panes, WHITE, 0.4 * glint * (1 - 0.6 * lit))


def _paint_door(canvas: Canvas, door: Opening, style: Style) -> None:
    """A panelled door under a fanlight."""
    left, top, right, bottom = frame = door.frame
    part = canvas.part(*frame)
    # The threshold has no frame: the door is drawn as if it went on below, and cut off at the ground.
    inside = replace(door, frame=frame._replace(bottom=bottom + 0.1)).inside(part)
    above_ground = part.down(0.0, bottom)
    wood = np.array(colorsys.hsv_to_rgb(style.door_hue, 0.55, 0.46))
    bright = style.frame_brightness * PAINTED_WOOD
    leaf = part.coverage(inside - 0.017)
    part.paint(part.coverage(inside) * above_ground, 0.62 * np.asarray(style.wall_colour))
    part.paint(part.coverage(inside - 0.007) * above_ground, bright)
    part.paint(leaf * above_ground, wood)
    sill = top + 0.24 * frame.height  # of the fanlight
    part.paint(leaf * part.down(0.0, sill), mix((0.15, 0.19, 0.24), mix(*sky_colours(style), 0.5), 0.45))
    canvas.box(left + 0.017, sill, right - 0.017, sill + 0.011, bright)
    _paint_panels(canvas, Rectangle(left + 0.017, sill + 0.011, right - 0.017, bottom), wood)
    shadow = unit(1 - (part.y - top) / (0.01 + 0.02 * style.light_height))
    part.shade(part.coverage(inside) * shadow, 0.4)


def _paint_panels(canvas: Canvas, leaf: Rectangle, wood: np.ndarray) -> None:
    """Two leaves if the door is wide, each with a high panel over a low one."""
    count = 2 if leaf.width > 0.075 else 1
    width = leaf.width / count
    gap = 0.22 * width
    for left in (leaf.left + k * width for k in range(count)):
        for top, bottom in ((0.09, 0.56), (0.66, 0.92)):
            upper, lower = leaf.top + top * leaf.height, leaf.top + bottom * leaf.height
            canvas.box(left + gap, upper, left + width - gap, lower, 0.68 * wood)
            canvas.box(left + gap + 0.005, upper + 0.005, left + width - gap, lower, 1.25 * wood)
    if count == 2:
        canvas.box(leaf.middle - 0.003, leaf.top, leaf.middle + 0.003, leaf.bottom, 0.5 * wood)
    knob = leaf.middle + (0.012 if count == 2 else 0.33 * leaf.width)
    height = leaf.top + 0.6 * leaf.height
    canvas.box(knob - 0.005, height - 0.005, knob + 0.005, height + 0.005, (0.9, 0.76, 0.4))


def _paint_balcony(canvas: Canvas, balcony: Rectangle, style: Style) -> None:
    left, top, right, bottom = balcony
    stone, slab = style.trim_brightness * np.array([0.95, 0.93, 0.89]), bottom - 0.02
    depth = 0.05 * style.light_height
    shift = -0.5 * depth * style.light_side
    below = canvas.part(left - 0.05, bottom, right + 0.05, bottom + 0.08)
    fade = unit(1 - (below.y - bottom) / depth) ** 0.7
    below.shade(fade * below.soft(below.x, left + shift, right + shift, 0.01), 0.45)

    # Behind the rail it is darker: the eye looks into the balcony's depth.
    part = canvas.part(left, top, right, slab)
    height = part.down(top, slab)
    part.shade(part.across(left, right) * height, 0.22)
    middles = np.linspace(left + 0.004, right - 0.004, max(3, round(balcony.width / 0.026)))
    part.paint(part.across(middles - 0.004, middles + 0.004).sum(axis=0) * height, IRON)
    canvas.box(left, top, right, top + 0.011, IRON)
    canvas.box(left, top, right, top + 0.004, 2.6 * IRON)
    canvas.box(left, slab, right, bottom, stone)
    canvas.box(left, slab + 0.012, right, bottom, 0.7 * stone)


def _paint_plants(canvas: Canvas, layout: Layout, style: Style, generator: np.random.Generator) -> None:
    waves, foliage = layout.waves(canvas.size), leaves(canvas.size, (generator.random(), generator.random()))
    bark = np.array([0.36, 0.27, 0.2])
    for plant in layout.plants:
        if plant.trunk is not None:
            left, top, right, bottom = plant.trunk
            canvas.box(left, top, right, bottom, bark)
            lit = left if style.light_side < 0 else right - 0.007
            canvas.box(lit, top, lit + 0.007, bottom, 1.4 * bark)
        part = plant.around(canvas)
        inside, upward = plant.inside(part, waves)
        level = unit(0.42 + 0.22 * upward + 0.3 * foliage[part.where])
        part.paint(part.coverage(inside), mix((0.12, 0.24, 0.1), (0.5, 0.66, 0.26), level))
