"""Which animals a scene holds: how many, where, in which pose, coat and stripes."""

from __future__ import annotations

import numpy as np

from minicyclegan.worlds.anatomy import Pose
from minicyclegan.worlds.animals import Animal, Coat
from minicyclegan.worlds.stripes import Stripes

# (body, mane and tail, dark points). All brown: hue between red and yellow, clearly more colour than a zebra.
COATS = (
    Coat("chestnut", (0.56, 0.29, 0.13), (0.44, 0.22, 0.10), 0.1),
    Coat("bay", (0.49, 0.26, 0.12), (0.09, 0.07, 0.06), 0.9),
    Coat("dark bay", (0.36, 0.20, 0.11), (0.07, 0.05, 0.05), 0.8),
    Coat("sorrel", (0.63, 0.35, 0.16), (0.68, 0.47, 0.27), 0.0),
    Coat("liver", (0.41, 0.22, 0.13), (0.33, 0.17, 0.10), 0.2),
    Coat("tan", (0.66, 0.43, 0.22), (0.12, 0.09, 0.07), 0.9),
    Coat("palomino", (0.73, 0.50, 0.23), (0.86, 0.76, 0.58), 0.0),
)
COAT_CHANCES = (0.21, 0.25, 0.16, 0.16, 0.14, 0.05, 0.03)  # few as pale as dry ground

GAITS = ("standing", "walking", "trotting", "grazing")
GAIT_CHANCES = (0.33, 0.28, 0.15, 0.24)

REACH = 1.86  # an animal's length from tail to nose, in heights of its withers
MIDDLE = 0.27  # of that length, forward of the middle of its hooves


def sample_herd(random: np.random.Generator, horizon: float) -> tuple[Animal, ...]:
    """One to three animals, one of them large in the frame; the farthest first."""
    count = random.choice([1, 2, 3], p=[0.85, 0.12, 0.03])
    length = random.uniform(0.68, 0.92) if count == 1 else random.uniform(0.56, 0.70)
    room = (1.0 - length) / 2.0
    middle = 0.5 + random.uniform(-room, room) * 0.9
    ground = random.uniform(max(0.74, horizon + 0.30), 0.93)
    animals = [_sample_animal(random, length, middle, ground)]
    side = random.choice([-1, 1])
    for _ in range(count - 1):
        # Smaller and higher up: farther away on the same ground.
        farther = random.uniform(0.62, 0.88)
        foot = horizon + (ground - horizon) * farther
        place = np.clip(middle + side * random.uniform(0.28, 0.42), 0.15, 0.85)
        animals.append(_sample_animal(random, length * farther, place, foot))
        side = -side
    return tuple(sorted(animals, key=lambda animal: animal.ground))


def sample_mounts(random: np.random.Generator, horizon: float) -> tuple[Animal, ...]:
    """One or two animals with room above for riders, none of them grazing; the farthest first."""
    count = random.choice([1, 2], p=[0.8, 0.2])
    length = random.uniform(0.60, 0.82) if count == 1 else random.uniform(0.52, 0.62)
    ground = random.uniform(max(0.80, horizon + 0.34), 0.93)
    middle = 0.5 + random.uniform(-0.5, 0.5) * (1.0 - length) * 0.9
    animals = [_sample_animal(random, length, middle, ground, GAITS[:3])]
    if count == 2:
        farther = random.uniform(0.70, 0.88)
        place = np.clip(middle + random.choice([-1, 1]) * random.uniform(0.30, 0.42), 0.15, 0.85)
        foot = horizon + (ground - horizon) * farther
        animals.insert(0, _sample_animal(random, length * farther, place, foot, GAITS[:3]))
    return tuple(animals)


def _sample_animal(
    random: np.random.Generator, length: float, middle: float, ground: float, gaits: tuple[str, ...] = GAITS
) -> Animal:
    facing = int(random.choice([-1, 1]))
    slim = random.uniform(0.88, 1.0)
    scale = length / (REACH * slim)
    return Animal(
        x=float(middle - facing * MIDDLE * scale * slim),
        ground=float(ground),
        scale=float(scale),
        facing=facing,
        slim=slim,
        pose=_sample_pose(random, gaits),
        coat=_sample_coat(random),
        stripes=_sample_stripes(random, scale),
    )


def _sample_pose(random: np.random.Generator, gaits: tuple[str, ...]) -> Pose:
    chances = np.array(GAIT_CHANCES[: len(gaits)])
    gait = random.choice(gaits, p=chances / chances.sum())
    beat = random.uniform()
    tail = random.uniform(0.0, 0.35)
    neck, bend, head = random.uniform(42, 64), random.uniform(14, 30), random.uniform(-56, -36)
    if gait == "standing":
        stride, phases = random.uniform(0.15, 0.4), random.uniform(0.05, 0.5, 4)
    elif gait == "grazing":
        stride, phases = random.uniform(0.25, 0.55), random.uniform(0.0, 0.55, 4)
        neck, bend, head = random.uniform(-26, -14), random.uniform(26, 40), random.uniform(-78, -60)
    elif gait == "walking":  # four beats: the hind foot a quarter before the fore foot of its side
        stride, phases = random.uniform(0.7, 1.0), beat + np.array([0.0, 0.25, 0.5, 0.75])
    else:  # trotting: diagonal legs together
        stride, phases = random.uniform(0.9, 1.15), beat + np.array([0.0, 0.5, 0.5, 0.0])
        neck, tail = random.uniform(48, 66), random.uniform(0.5, 1.0)
    return Pose(stride, tuple(map(float, phases % 1.0)), neck, bend, head, tail, random.uniform(-12, 25))


def _sample_coat(random: np.random.Generator) -> Coat:
    coat = COATS[random.choice(len(COATS), p=COAT_CHANCES)]
    tint = random.uniform(0.92, 1.08) * np.array([1.0, random.uniform(0.96, 1.04), random.uniform(0.92, 1.08)])
    body = np.clip(np.asarray(coat.body) * tint, 0.0, 0.85)
    return Coat(coat.name, tuple(map(float, body)), coat.mane, coat.points)


def _sample_stripes(random: np.random.Generator, scale: float) -> Stripes:
    # Never so narrow that they blur at 64 px, where 0.084 of the picture are more than five pixels.
    period = random.uniform(0.084, 0.112) / scale
    dark, pale = random.uniform(0.04, 0.11), random.uniform(0.90, 0.97)
    return Stripes(
        period=period,
        width=random.uniform(0.43, 0.58),
        phase=random.uniform(0.0, 2.0 * np.pi),
        tilt=random.uniform(-12.0, 12.0),
        bow=random.uniform(-1.0, 1.4),
        wobble=random.uniform(0.3, 0.9),
        seed=int(random.integers(2**31)),
        dark=(dark + 0.015, dark + 0.003, dark),
        pale=(pale, pale - random.uniform(0.01, 0.03), pale - random.uniform(0.03, 0.08)),
    )
