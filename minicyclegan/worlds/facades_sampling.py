"""Layouts drawn from a generator: the storeys and bays first, then what hangs on them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from minicyclegan.worlds.facades_details import (
    open_onto,
    sample_balconies,
    sample_chimneys,
    sample_cornices,
    sample_plants,
)
from minicyclegan.worlds.facades_layout import Layout, Opening, Rectangle, Roof, RoofKind, Skeleton


def sample_layout(rng: np.random.Generator) -> Layout:
    """Draws a layout: two to six floors, two to six bays, one of four roofs."""
    skeleton = _sample_skeleton(rng)
    doors, door_bays = _sample_doors(rng, skeleton)
    rows = _sample_windows(rng, skeleton, door_bays)
    balconies = sample_balconies(rng, skeleton, rows)
    windows = [open_onto(window, balconies) for row in rows for window in row]
    attic = list(_attic_windows(rng, skeleton))
    cornices = tuple(sample_cornices(rng, skeleton, windows, attic, balconies))
    return Layout(
        floors=len(skeleton.storeys),
        bays=len(skeleton.bays),
        wall=skeleton.wall,
        roof=skeleton.roof,
        chimneys=tuple(sample_chimneys(rng, skeleton.roof)),
        windows=tuple(windows + attic),
        doors=tuple(doors),
        cornices=cornices,
        balconies=tuple(balconies),
        plants=tuple(sample_plants(rng, skeleton, rows, doors, balconies)),
        leaf_seed=int(rng.integers(2**31)),
    )


def _sample_skeleton(rng: np.random.Generator) -> Skeleton:
    left, right = _sample_sides(rng)
    ground = rng.uniform(0.885, 0.935)
    floors = int(rng.integers(2, 7))

    kinds: tuple[RoofKind, ...] = ("flat", "gable", "hip", "mansard")
    kind = kinds[rng.choice(4, p=[0.32, 0.26, 0.21, 0.21])]
    if kind == "gable" and (left <= 0 or right >= 1):
        # The slopes of a gable need their feet in the picture.
        kind = "mansard"
    # The storey is as high as the sky leaves room for, within reason; a high roof costs a floor.
    roof_height = {"flat": 0.0, "gable": 0.21, "hip": 0.13, "mansard": 0.17}[kind] * rng.uniform(0.85, 1.15)
    highest = rng.uniform(0.035, 0.12) + roof_height
    floors = min(floors, int((ground - highest) / 0.122))
    pitch = min((ground - highest) / floors, rng.uniform(0.21, 0.31))
    # A bay is no narrower than its window at 64 px needs, and no broader than twice its height.
    fewest = max(2, round((right - left) / (2.0 * pitch)))
    bays = int(rng.integers(fewest, max(fewest, min(6, int((right - left) / 0.137))) + 1))
    eaves = ground - floors * pitch

    overhang = {"flat": 0.0, "gable": 0.03, "hip": 0.02, "mansard": 0.02}[kind]
    slope = {"flat": 0.0, "gable": 0.5, "hip": rng.uniform(0.16, 0.3), "mansard": rng.uniform(0.05, 0.08)}[kind]
    start, end = left - overhang, right + overhang
    inset = slope * (end - start)
    roof = Roof(kind, start, end, eaves, eaves - roof_height, start + inset, end - inset)

    wall = Rectangle(left, eaves, right, ground)
    return Skeleton(wall, roof, _storeys(rng, wall, floors), _bays(rng, wall, bays))


def _sample_sides(rng: np.random.Generator) -> tuple[float, float]:
    """Where the wall begins and ends: with sky at both sides, at one, or filling the picture."""
    margins = rng.uniform(0.06, 0.15, size=2)
    sides = rng.random()
    if sides < 0.2:
        return -0.02, 1.02
    if sides < 0.45:
        return (margins[0], 1.02) if rng.random() < 0.5 else (-0.02, 1 - margins[1])
    return margins[0], 1 - margins[1]


def _storeys(rng: np.random.Generator, wall: Rectangle, floors: int) -> tuple[tuple[float, float], ...]:
    shares = np.ones(floors)
    if rng.random() < 0.6:
        shares[-1] = rng.uniform(1.1, 1.25) if floors < 5 else rng.uniform(1.2, 1.35)
    if rng.random() < 0.4 and floors > 2:
        # Upper floors of town houses are lower: servants climbed, owners did not.
        shares[0] = 0.88
    edges = wall.top + wall.height * np.concatenate([[0.0], np.cumsum(shares / shares.sum())])
    return tuple((float(top), float(bottom)) for top, bottom in pairwise(edges))


def _bays(rng: np.random.Generator, wall: Rectangle, count: int) -> tuple[tuple[float, float], ...]:
    # A wall that leaves the picture is laid out within it, lest its outer windows be cut.
    border = rng.uniform(0.012, 0.03)
    left, right = max(wall.left, 0.0) + border, min(wall.right, 1.0) - border
    shares = np.ones(count)
    if count % 2 == 1 and count < 6 and rng.random() < 0.35:
        shares[count // 2] = 1.25
    edges = left + (right - left) * np.concatenate([[0.0], np.cumsum(shares / shares.sum())])
    return tuple((float(start), float(end)) for start, end in pairwise(edges))


def _sample_doors(rng: np.random.Generator, skeleton: Skeleton) -> tuple[list[Opening], set[int]]:
    """The doors, and the bays of the ground floor that they stand in."""
    count = len(skeleton.bays)
    chosen = {count // 2 if rng.random() < 0.45 else int(rng.integers(count))}
    if count >= 5 and rng.random() < 0.25:
        chosen.add((min(chosen) + 2 + int(rng.integers(count - 3))) % count)
    top, bottom = skeleton.storeys[-1]
    height = min((bottom - top) * rng.uniform(0.74, 0.84), 0.22)
    width = min(0.72 * skeleton.pitch, max(0.085, height * rng.uniform(0.5, 0.78)))
    rise = rng.choice([0.0, 0.18, 0.5], p=[0.6, 0.2, 0.2]) * width
    doors = []
    for bay in sorted(chosen):
        middle = sum(skeleton.bays[bay]) / 2
        doors.append(Opening(Rectangle(middle - width / 2, bottom - height, middle + width / 2, bottom), float(rise)))
    return doors, chosen


def _sample_windows(rng: np.random.Generator, skeleton: Skeleton, door_bays: set[int]) -> list[list[Opening]]:
    """Rows of windows from top to bottom; all windows of a row are alike."""
    width = rng.uniform(0.46, 0.62)
    sill = rng.uniform(0.15, 0.25)
    head = rng.uniform(0.17, 0.23)
    arched_rows = rng.choice(["none", "all", "top", "first"], p=[0.6, 0.14, 0.13, 0.13])
    arch = rng.choice([0.2, 0.5])
    shop = rng.random() < 0.3
    rows = []
    last = len(skeleton.storeys) - 1
    for index, (top, bottom) in enumerate(skeleton.storeys):
        height = bottom - top
        is_shop = shop and index == last
        arched = {"none": False, "all": not is_shop, "top": index == 0, "first": index == last - 1}[str(arched_rows)]
        row = []
        for bay, (start, end) in enumerate(skeleton.bays):
            if index == last and bay in door_bays:
                continue
            share = 0.84 if is_shop else width
            # Windows are higher than wide, shop windows are not; and at least five pixels of a 64 px picture.
            half = max(0.08, min(share * (end - start), 1.2 * height if is_shop else 0.58 * height)) / 2
            middle = (start + end) / 2
            frame = Rectangle(
                middle - half, top + head * height, middle + half, bottom - (0.12 if is_shop else sill) * height
            )
            rise = min(2 * half * float(arch), 0.4 * frame.height) if arched else 0.0
            row.append(Opening(frame, rise))
        rows.append(row)
    return rows


def _attic_windows(rng: np.random.Generator, skeleton: Skeleton) -> Iterator[Opening]:
    """Dormers in a mansard roof, one window under a gable."""
    roof = skeleton.roof
    height = roof.eaves - roof.ridge
    if roof.kind == "mansard" and rng.random() < 0.8:
        every = 1 if len(skeleton.bays) < 4 or rng.random() < 0.5 else 2
        for start, end in skeleton.bays[::every]:
            middle, half = (start + end) / 2, min(0.26 * (end - start), 0.36 * height)
            yield Opening(Rectangle(middle - half, roof.ridge + 0.3 * height, middle + half, roof.eaves - 0.1 * height))
    if roof.kind == "gable" and rng.random() < 0.8:
        middle, half = (roof.left + roof.right) / 2, rng.uniform(0.045, 0.06)
        frame = Rectangle(middle - half, roof.eaves - 0.55 * height, middle + half, roof.eaves - 0.15 * height)
        yield Opening(frame, half if rng.random() < 0.5 else 0.0)
