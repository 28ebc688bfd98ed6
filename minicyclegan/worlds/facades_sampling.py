"""Layouts of building fronts, drawn from a generator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np

from minicyclegan.worlds.base import new_seed, pick
from minicyclegan.worlds.facades_layout import Layout, Opening, Plant, Rectangle, Roof, Span

# One pixel of a 64 px picture, slightly enlarged: a bar of this thickness covers at least one row of pixel centres.
THINNEST = 1.05 / 64


def sample_layout(generator: np.random.Generator) -> Layout:
    """Draws a layout, the storeys and bays first, then what hangs on them: two to six floors, two to six bays, one of
    four roofs."""
    bare = _sample_bare_layout(generator)
    doors, door_bays = _sample_doors(generator, bare)
    rows = _sample_windows(generator, bare, door_bays)
    balconies = _sample_balconies(generator, bare, rows)
    windows = [_open_onto(window, balconies) for row in rows for window in row]
    attic = list(_attic_windows(generator, bare))
    return replace(
        bare,
        cornices=tuple(_sample_cornices(generator, bare, windows, attic, balconies)),
        chimneys=tuple(_sample_chimneys(generator, bare.roof)),
        windows=tuple(windows + attic),
        doors=tuple(doors),
        balconies=tuple(balconies),
        plants=tuple(_sample_plants(generator, bare.wall, rows, doors, balconies)),
        leaf_seed=new_seed(generator),
    )


# ---- Storeys, bays and roof ----------------------------------------------------------------------------------------


def _sample_bare_layout(generator: np.random.Generator) -> Layout:
    """Wall, roof, storeys and bays."""
    left, right = _sample_sides(generator)
    ground = generator.uniform(0.885, 0.935)
    floors = int(generator.integers(2, 7))

    kind = pick(generator, ("flat", "gable", "hip", "mansard"), (0.32, 0.26, 0.21, 0.21))
    if kind == "gable" and (left <= 0 or right >= 1):
        # The slopes of a gable need their feet in the picture.
        kind = "mansard"
    # The storey is as high as the sky leaves room for, within reason; a high roof costs a floor.
    roof_height = {"flat": 0.0, "gable": 0.21, "hip": 0.13, "mansard": 0.17}[kind] * generator.uniform(0.85, 1.15)
    highest = generator.uniform(0.035, 0.12) + roof_height
    floors = min(floors, int((ground - highest) / 0.122))
    pitch = min((ground - highest) / floors, generator.uniform(0.21, 0.31))
    # A bay is no narrower than its window at 64 px needs, and no broader than twice its height.
    fewest = max(2, round((right - left) / (2.0 * pitch)))
    bays = int(generator.integers(fewest, max(fewest, min(6, int((right - left) / 0.137))) + 1))
    eaves = ground - floors * pitch

    overhang = {"flat": 0.0, "gable": 0.03, "hip": 0.02, "mansard": 0.02}[kind]
    hip, mansard = generator.uniform(0.16, 0.3), generator.uniform(0.05, 0.08)
    slope = {"flat": 0.0, "gable": 0.5, "hip": hip, "mansard": mansard}[kind]
    start, end = left - overhang, right + overhang
    inset = slope * (end - start)
    roof = Roof(kind, start, end, eaves, eaves - roof_height, start + inset, end - inset)

    wall = Rectangle(left, eaves, right, ground)
    return Layout(wall, roof, _sample_storeys(generator, wall, floors), _sample_bays(generator, wall, bays))


def _sample_sides(generator: np.random.Generator) -> Span:
    """Where the wall begins and ends: with sky at both sides, at one, or filling the picture."""
    margins = generator.uniform(0.06, 0.15, size=2)
    sides = generator.random()
    if sides < 0.2:
        return -0.02, 1.02
    if sides < 0.45:
        return (margins[0], 1.02) if generator.random() < 0.5 else (-0.02, 1 - margins[1])
    return margins[0], 1 - margins[1]


def _sample_storeys(generator: np.random.Generator, wall: Rectangle, floors: int) -> tuple[Span, ...]:
    shares = np.ones(floors)
    if generator.random() < 0.6:
        shares[-1] = generator.uniform(1.1, 1.25) if floors < 5 else generator.uniform(1.2, 1.35)
    if generator.random() < 0.4 and floors > 2:
        # Upper floors of town houses are lower: servants climbed, owners did not.
        shares[0] = 0.88
    return _divide(wall.top, wall.bottom, shares)


def _sample_bays(generator: np.random.Generator, wall: Rectangle, count: int) -> tuple[Span, ...]:
    # A wall that leaves the picture is laid out within it, lest its outer windows be cut.
    border = generator.uniform(0.012, 0.03)
    shares = np.ones(count)
    if count % 2 == 1 and count < 6 and generator.random() < 0.35:
        shares[count // 2] = 1.25
    return _divide(max(wall.left, 0.0) + border, min(wall.right, 1.0) - border, shares)


def _divide(start: float, end: float, shares: np.ndarray) -> tuple[Span, ...]:
    edges = start + (end - start) * np.concatenate([[0.0], np.cumsum(shares / shares.sum())])
    return tuple(pairwise(edges.tolist()))


# ---- Doors, windows and balconies ----------------------------------------------------------------------------------


def _sample_doors(generator: np.random.Generator, layout: Layout) -> tuple[list[Opening], set[int]]:
    """The doors, and the bays of the ground floor that they stand in."""
    count = len(layout.bays)
    chosen = {count // 2 if generator.random() < 0.45 else int(generator.integers(count))}
    if count >= 5 and generator.random() < 0.25:
        chosen.add((min(chosen) + 2 + int(generator.integers(count - 3))) % count)
    top, bottom = layout.storeys[-1]
    height = min((bottom - top) * generator.uniform(0.74, 0.84), 0.22)
    width = min(0.72 * layout.pitch, max(0.085, height * generator.uniform(0.5, 0.78)))
    rise = pick(generator, (0.0, 0.18, 0.5), (0.6, 0.2, 0.2)) * width
    middles = [sum(layout.bays[bay]) / 2 for bay in sorted(chosen)]
    return [Opening(upright(middle, width, bottom - height, bottom), rise) for middle in middles], chosen


def _sample_windows(generator: np.random.Generator, layout: Layout, door_bays: set[int]) -> list[list[Opening]]:
    """Rows of windows from top to bottom; all windows of a row are alike."""
    width, sill, head = generator.uniform(0.46, 0.62), generator.uniform(0.15, 0.25), generator.uniform(0.17, 0.23)
    arched_rows = pick(generator, ("none", "all", "top", "first"), (0.6, 0.14, 0.13, 0.13))
    arch = pick(generator, (0.2, 0.5))
    shop = generator.random() < 0.3
    rows = []
    last = len(layout.storeys) - 1
    for index, (top, bottom) in enumerate(layout.storeys):
        height = bottom - top
        is_shop = shop and index == last
        arched = {"none": False, "all": not is_shop, "top": index == 0, "first": index == last - 1}[arched_rows]
        # Windows are higher than wide, shop windows are not.
        share, widest, below = (0.84, 1.2, 0.12) if is_shop else (width, 0.58, sill)
        row = []
        for bay, (start, end) in enumerate(layout.bays):
            if index == last and bay in door_bays:
                continue
            wide = max(0.08, min(share * (end - start), widest * height))  # at least five pixels of a 64 px picture
            frame = upright((start + end) / 2, wide, top + head * height, bottom - below * height)
            row.append(Opening(frame, min(wide * arch, 0.4 * frame.height) if arched else 0.0))
        rows.append(row)
    return rows


def _attic_windows(generator: np.random.Generator, layout: Layout) -> Iterator[Opening]:
    """Dormers in a mansard roof, one window under a gable."""
    roof = layout.roof
    height = roof.eaves - roof.ridge
    if roof.kind == "mansard" and generator.random() < 0.8:
        every = 1 if len(layout.bays) < 4 or generator.random() < 0.5 else 2
        for start, end in layout.bays[::every]:
            width = 2 * min(0.26 * (end - start), 0.36 * height)
            yield Opening(upright((start + end) / 2, width, roof.ridge + 0.3 * height, roof.eaves - 0.1 * height))
    if roof.kind == "gable" and generator.random() < 0.8:
        half = generator.uniform(0.045, 0.06)
        middle, top = (roof.left + roof.right) / 2, roof.eaves - 0.55 * height
        frame = upright(middle, 2 * half, top, roof.eaves - 0.15 * height)
        yield Opening(frame, half if generator.random() < 0.5 else 0.0)


def _sample_balconies(generator: np.random.Generator, layout: Layout, rows: list[list[Opening]]) -> list[Rectangle]:
    plan = pick(generator, ("none", "row", "rows", "column", "long"), (0.3, 0.18, 0.2, 0.17, 0.15))
    upper = range(len(layout.storeys) - 1)
    if plan == "none":
        return []
    chosen = [pick(generator, upper)] if plan in ("row", "long") else upper
    column = int(generator.integers(len(layout.bays)))
    balconies = []
    for index in chosen:
        top, bottom = layout.storeys[index]
        rail = bottom - max(0.33 * (bottom - top), 0.05)
        row = [window.frame for window in rows[index]]
        if plan == "column":
            row = row[column : column + 1]
        if plan == "long":
            row = [row[0]._replace(right=row[-1].right)]
        side = min(0.02, 0.3 * (layout.pitch - rows[index][0].frame.width))
        balconies += [Rectangle(frame.left - side, rail, frame.right + side, bottom) for frame in row]
    return balconies


def _open_onto(window: Opening, balconies: list[Rectangle]) -> Opening:
    """A window behind a balcony reaches down to its floor."""
    frame = window.frame
    for balcony in balconies:
        if balcony.left < frame.middle < balcony.right and balcony.top < frame.bottom < balcony.bottom:
            return Opening(frame._replace(bottom=balcony.bottom - 0.02), window.rise)
    return window


# ---- Trim and chimneys ---------------------------------------------------------------------------------------------


def _sample_cornices(
    generator: np.random.Generator, layout: Layout, windows: list[Opening], attic: list[Opening],
    balconies: list[Rectangle],
) -> Iterator[Rectangle]:  # fmt: skip
    """Trim of every kind: the main cornice, bands between floors, lintels, sills, pilasters, the plinth."""
    left, top, right, bottom = layout.wall
    main = generator.uniform(0.026, 0.042)
    if layout.roof.kind == "flat":
        yield Rectangle(left - 0.015, top - main, right + 0.015, top + 0.01)
    elif layout.roof.kind != "gable" or generator.random() < 0.5:
        yield Rectangle(left - 0.015, top - 0.008, right + 0.015, top - 0.008 + 0.8 * main)

    bands = pick(generator, ("none", "ground", "all"), (0.35, 0.35, 0.3))
    floors = [floor for _, floor in layout.storeys[:-1]]
    for floor in {"none": [], "ground": floors[-1:], "all": floors}[bands]:
        yield Rectangle(left - 0.006, floor - THINNEST / 2, right + 0.006, floor + THINNEST / 2)

    # Low storeys have no room for both.
    high = min(storey[1] - storey[0] for storey in layout.storeys) > 0.16
    lintels, sills = generator.random() < 0.4, generator.random() < 0.6
    frames = [window.frame for window in windows]
    if lintels and (high or not sills):
        for frame in (window.frame for window in windows if window.rise == 0):
            yield Rectangle(frame.left - 0.008, frame.top - THINNEST, frame.right + 0.008, frame.top)
    if sills:
        for frame in frames:
            if not any(balcony.top < frame.bottom < balcony.bottom + 0.01 for balcony in balconies):
                yield Rectangle(frame.left - 0.01, frame.bottom, frame.right + 0.01, frame.bottom + THINNEST)

    if generator.random() < 0.25:  # pilasters
        width = generator.uniform(0.02, 0.03)
        for start in (left, right - width):
            if start > 0 and start + width < 1:
                yield Rectangle(start, top, start + width, bottom)
    if generator.random() < 0.4:  # a stone base; the doors are cut out of it when they are drawn over it
        height = generator.uniform(0.018, 0.03)
        lowest = max((frame.bottom for frame in frames), default=0.0)
        yield Rectangle(left - 0.006, max(bottom - height, lowest), right + 0.006, bottom)
    if layout.roof.kind == "mansard":  # the dormers' surrounds
        for frame in (window.frame for window in attic):
            sides = frame.left - THINNEST, frame.right + THINNEST
            yield Rectangle(sides[0], frame.top - 1.3 * THINNEST, sides[1], frame.bottom + THINNEST)


def _sample_chimneys(generator: np.random.Generator, roof: Roof) -> Iterator[Rectangle]:
    if roof.kind == "flat":
        return
    for side in (-1, 1):
        if generator.random() < 0.4:
            width, place = generator.uniform(0.045, 0.065), generator.uniform(0.35, 0.7)
            middle = (roof.left + roof.right) / 2 + side * place * (roof.right - roof.left) / 2 * 0.8
            foot = roof.eaves - 0.1 * (roof.eaves - roof.ridge)
            # On a slope the chimney starts lower; its foot is hidden behind the roof.
            head = roof.ridge - 0.05 if roof.kind != "gable" else roof.ridge + place * (roof.eaves - roof.ridge) - 0.06
            yield upright(middle, width, max(head, 0.01), foot)


# ---- Plants --------------------------------------------------------------------------------------------------------


def _sample_plants(
    generator: np.random.Generator, wall: Rectangle, rows: list[list[Opening]], doors: list[Opening],
    balconies: list[Rectangle],
) -> Iterator[Plant]:  # fmt: skip
    if generator.random() < 0.22:
        yield _ivy(generator, wall)
    if generator.random() < 0.3:
        yield from _boxes(generator, rows, balconies)
    if generator.random() < 0.45:
        yield from _bushes(generator, wall, doors)
    for side in (0, 1):
        margin = wall.left if side == 0 else 1 - wall.right
        if generator.random() < (0.45 if margin > 0 else 0.1):
            middle = max(margin, 0.05) * generator.uniform(0.3, 0.7)
            yield _tree(generator, middle if side == 0 else 1 - middle, wall.bottom)


def _ivy(generator: np.random.Generator, wall: Rectangle) -> Plant:
    """A climber that thins out upwards from one corner."""
    corner, inward = (max(wall.left, 0.0), 1) if generator.random() < 0.5 else (min(wall.right, 1.0), -1)
    reach = generator.uniform(0.35, 0.8) * wall.height
    blobs = []
    for share in np.linspace(0, 1, 7):
        radius = 0.075 * (1 - 0.6 * share)
        x = corner + inward * (0.6 * radius + generator.normal(0, 0.012))
        blobs.append((x, wall.bottom - share * reach, radius, 0.085))
    return Plant(tuple(blobs))


def _boxes(generator: np.random.Generator, rows: list[list[Opening]], balconies: list[Rectangle]) -> Iterator[Plant]:
    """Flowers before the windows of one upper row, or along the rails of the balconies."""
    if balconies and generator.random() < 0.5:
        places = [(rail.left + 0.01, rail.right - 0.01, rail.top + 0.004) for rail in balconies]
    else:
        row = pick(generator, rows[:-1])
        places = [(window.frame.left, window.frame.right, window.frame.bottom - 0.004) for window in row]
    for left, right, height in places:
        if generator.random() < 0.8:
            count = max(2, round((right - left) / 0.03))
            middles = np.linspace(left + 0.012, right - 0.012, count)
            radii = generator.uniform(0.017, 0.024, size=count)
            yield Plant(tuple((x, height, 0.022, radius) for x, radius in zip(middles, radii, strict=True)))


def _bushes(generator: np.random.Generator, wall: Rectangle, doors: list[Opening]) -> Iterator[Plant]:
    """Bushes at the foot of the wall, beside the doors."""
    for door in doors:
        for middle in (door.frame.left - 0.04, door.frame.right + 0.04):
            if generator.random() < 0.75 and 0.03 < middle < 0.97:
                width, height = generator.uniform(0.026, 0.036), generator.uniform(0.035, 0.065)
                blobs = [(middle, wall.bottom + 0.012 - height / 2, width, height / 2 + 0.012)]
                if generator.random() < 0.5:
                    blobs.append((middle, wall.bottom - 1.15 * height, 0.7 * width, 0.45 * height))
                yield Plant(tuple(blobs))


def _tree(generator: np.random.Generator, middle: float, ground: float) -> Plant:
    foot = ground + generator.uniform(0.02, 0.05)
    height, radius = generator.uniform(0.28, 0.5), generator.uniform(0.07, 0.1)
    top, crown = foot - height, 0.62 * height
    blobs = []
    for share in np.linspace(0.2, 0.85, 4):
        # Broadest below the middle, as crowns are.
        width = radius * (0.62 + 0.5 * np.sin(np.pi * share))
        blobs.append((middle + generator.normal(0, 0.014), top + crown * share, width, 0.24 * crown + 0.02))
    return Plant(tuple(blobs), upright(middle, 0.022, top + 0.6 * crown, foot))


def upright(middle: float, width: float, top: float, bottom: float) -> Rectangle:
    """A rectangle around a vertical line."""
    return Rectangle(middle - width / 2, top, middle + width / 2, bottom)
