"""What makes one front out of a grid of windows: balconies, trim, chimneys, plants; drawn from a generator."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from minicyclegan.worlds.facades_layout import THINNEST, Opening, Plant, Rectangle, Roof, Skeleton


def sample_balconies(rng: np.random.Generator, skeleton: Skeleton, rows: list[list[Opening]]) -> list[Rectangle]:
    plan = rng.choice(["none", "row", "rows", "column", "long"], p=[0.3, 0.18, 0.2, 0.17, 0.15])
    upper = range(len(skeleton.storeys) - 1)
    if plan == "none":
        return []
    chosen = {int(rng.choice(upper))} if plan in ("row", "long") else set(upper)
    column = int(rng.integers(len(skeleton.bays)))
    balconies = []
    for index in sorted(chosen):
        top, bottom = skeleton.storeys[index]
        rail = bottom - max(0.33 * (bottom - top), 0.05)
        row = [window.frame for window in rows[index]]
        if plan == "column":
            row = row[column : column + 1]
        if plan == "long":
            row = [Rectangle(row[0].left, row[0].top, row[-1].right, row[0].bottom)]
        side = min(0.02, 0.3 * (skeleton.pitch - rows[index][0].frame.width))
        balconies += [Rectangle(frame.left - side, rail, frame.right + side, bottom) for frame in row]
    return balconies


def open_onto(window: Opening, balconies: list[Rectangle]) -> Opening:
    """A window behind a balcony reaches down to its floor."""
    frame = window.frame
    for balcony in balconies:
        if balcony.left < frame.middle < balcony.right and balcony.top < frame.bottom < balcony.bottom:
            return Opening(Rectangle(frame.left, frame.top, frame.right, balcony.bottom - 0.02), window.rise)
    return window


def _dormer(frame: Rectangle) -> Rectangle:
    return Rectangle(frame.left - THINNEST, frame.top - 1.3 * THINNEST, frame.right + THINNEST, frame.bottom + THINNEST)


def _lintel(window: Opening, thickness: float) -> Rectangle:
    frame = window.frame
    return Rectangle(frame.left - 0.008, frame.top - thickness, frame.right + 0.008, frame.top)


def sample_cornices(
    rng: np.random.Generator,
    skeleton: Skeleton,
    windows: list[Opening],
    attic: list[Opening],
    balconies: list[Rectangle],
) -> Iterator[Rectangle]:
    """Trim of every kind: the main cornice, bands between floors, lintels, sills, pilasters, the plinth."""
    wall = skeleton.wall
    outer_left, outer_right = wall.left - 0.015, wall.right + 0.015
    main = rng.uniform(0.026, 0.042)
    if skeleton.roof.kind == "flat":
        yield Rectangle(outer_left, wall.top - main, outer_right, wall.top + 0.01)
    elif skeleton.roof.kind != "gable" or rng.random() < 0.5:
        yield Rectangle(outer_left, wall.top - 0.008, outer_right, wall.top - 0.008 + 0.8 * main)

    bands = rng.choice(["none", "ground", "all"], p=[0.35, 0.35, 0.3])
    boundaries = [bottom for _, bottom in skeleton.storeys[:-1]]
    for boundary in {"none": [], "ground": boundaries[-1:], "all": boundaries}[str(bands)]:
        yield Rectangle(wall.left - 0.006, boundary - THINNEST / 2, wall.right + 0.006, boundary + THINNEST / 2)

    # Low storeys have no room for both.
    high = min(bottom - top for top, bottom in skeleton.storeys) > 0.16
    lintels, sills = rng.random() < 0.4, rng.random() < 0.6
    if lintels and (high or not sills):
        yield from (_lintel(window, THINNEST) for window in windows if window.rise == 0)
    if sills:
        for frame in (window.frame for window in windows):
            if not any(balcony.top < frame.bottom < balcony.bottom + 0.01 for balcony in balconies):
                yield Rectangle(frame.left - 0.01, frame.bottom, frame.right + 0.01, frame.bottom + THINNEST)

    if rng.random() < 0.25:
        width = rng.uniform(0.02, 0.03)
        for left in (wall.left, wall.right - width):
            if left > 0 and left + width < 1:
                yield Rectangle(left, wall.top, left + width, wall.bottom)
    if rng.random() < 0.4:
        yield from _plinth(skeleton, rng.uniform(0.018, 0.03), windows)
    if skeleton.roof.kind == "mansard":
        yield from (_dormer(window.frame) for window in attic)


def _plinth(skeleton: Skeleton, height: float, windows: list[Opening]) -> Iterator[Rectangle]:
    """A stone base; the doors are cut out of it when they are drawn over it."""
    wall = skeleton.wall
    lowest = max((window.frame.bottom for window in windows), default=0.0)
    yield Rectangle(wall.left - 0.006, max(wall.bottom - height, lowest), wall.right + 0.006, wall.bottom)


def sample_chimneys(rng: np.random.Generator, roof: Roof) -> Iterator[Rectangle]:
    if roof.kind == "flat":
        return
    for side in (-1, 1):
        if rng.random() < 0.4:
            width, place = rng.uniform(0.045, 0.065), rng.uniform(0.35, 0.7)
            middle = (roof.left + roof.right) / 2 + side * place * (roof.right - roof.left) / 2 * 0.8
            foot = roof.eaves - 0.1 * (roof.eaves - roof.ridge)
            # On a slope the chimney starts lower; its foot is hidden behind the roof.
            head = roof.ridge - 0.05 if roof.kind != "gable" else roof.ridge + place * (roof.eaves - roof.ridge) - 0.06
            yield Rectangle(middle - width / 2, max(head, 0.01), middle + width / 2, foot)


def sample_plants(
    rng: np.random.Generator,
    skeleton: Skeleton,
    rows: list[list[Opening]],
    doors: list[Opening],
    balconies: list[Rectangle],
) -> Iterator[Plant]:
    wall = skeleton.wall
    if rng.random() < 0.22:
        yield _ivy(rng, wall)
    if rng.random() < 0.3:
        yield from _boxes(rng, rows, balconies)
    if rng.random() < 0.45:
        yield from _bushes(rng, wall, doors)
    for side in (0, 1):
        margin = wall.left if side == 0 else 1 - wall.right
        if rng.random() < (0.45 if margin > 0 else 0.1):
            middle = max(margin, 0.05) * rng.uniform(0.3, 0.7)
            yield _tree(rng, middle if side == 0 else 1 - middle, wall)


def _tree(rng: np.random.Generator, middle: float, wall: Rectangle) -> Plant:
    foot = wall.bottom + rng.uniform(0.02, 0.05)
    height = rng.uniform(0.28, 0.5)
    radius = rng.uniform(0.07, 0.1)
    top = foot - height
    crown = 0.62 * height
    blobs = []
    for share in np.linspace(0.2, 0.85, 4):
        # Broadest below the middle, as crowns are.
        width = radius * (0.62 + 0.5 * np.sin(np.pi * share))
        blobs.append((middle + rng.normal(0, 0.014), top + crown * share, width, 0.24 * crown + 0.02))
    trunk = Rectangle(middle - 0.011, top + 0.6 * crown, middle + 0.011, foot)
    return Plant("tree", _as_floats(blobs), trunk)


def _bushes(rng: np.random.Generator, wall: Rectangle, doors: list[Opening]) -> Iterator[Plant]:
    """Bushes at the foot of the wall, beside the doors."""
    for door in doors:
        for middle in (door.frame.left - 0.04, door.frame.right + 0.04):
            if rng.random() < 0.75 and 0.03 < middle < 0.97:
                width, height = rng.uniform(0.026, 0.036), rng.uniform(0.035, 0.065)
                blobs = [(middle, wall.bottom + 0.012 - height / 2, width, height / 2 + 0.012)]
                if rng.random() < 0.5:
                    blobs.append((middle, wall.bottom - 1.15 * height, 0.7 * width, 0.45 * height))
                yield Plant("bush", _as_floats(blobs))


def _boxes(rng: np.random.Generator, rows: list[list[Opening]], balconies: list[Rectangle]) -> Iterator[Plant]:
    """Flowers before the windows of one upper row, or along the rails of the balconies."""
    if balconies and rng.random() < 0.5:
        places = [(rail.left + 0.01, rail.right - 0.01, rail.top + 0.004) for rail in balconies]
    else:
        row = rows[int(rng.integers(len(rows) - 1))] if len(rows) > 1 else rows[0]
        places = [(window.frame.left, window.frame.right, window.frame.bottom - 0.004) for window in row]
    for left, right, height in places:
        if rng.random() < 0.8:
            count = max(2, round((right - left) / 0.03))
            middles = np.linspace(left + 0.012, right - 0.012, count)
            radii = rng.uniform(0.017, 0.024, size=count)
            yield Plant("box", _as_floats([(x, height, 0.022, r) for x, r in zip(middles, radii, strict=True)]))


def _ivy(rng: np.random.Generator, wall: Rectangle) -> Plant:
    """A climber that thins out upwards from one corner."""
    from_left = rng.random() < 0.5
    corner = max(wall.left, 0.0) if from_left else min(wall.right, 1.0)
    inward = 1 if from_left else -1
    reach = rng.uniform(0.35, 0.8) * wall.height
    blobs = []
    for share in np.linspace(0, 1, 7):
        radius = 0.075 * (1 - 0.6 * share)
        blobs.append(
            (corner + inward * (0.6 * radius + rng.normal(0, 0.012)), wall.bottom - share * reach, radius, 0.085)
        )
    return Plant("ivy", _as_floats(blobs))


def _as_floats(blobs: list[tuple[float, float, float, float]]) -> tuple[tuple[float, float, float, float], ...]:
    return tuple((float(x), float(y), float(width), float(height)) for x, y, width, height in blobs)
