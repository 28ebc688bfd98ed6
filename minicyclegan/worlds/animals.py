"""Horses and zebras in paint: the parts of `anatomy` as lit round bodies, in either coat."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from minicyclegan.worlds.anatomy import Body, Leg, Pose, pose_body
from minicyclegan.worlds.base import Domain, new_seed, pick
from minicyclegan.worlds.layer import SKIN, Layer, Shape, empty_layer
from minicyclegan.worlds.light import Light
from minicyclegan.worlds.paint import Colour, Noise, coverage, lay_over, mix, planes, smoothstep, unit
from minicyclegan.worlds.rider import Part, paint_rider
from minicyclegan.worlds.stripes import Stripes, Waves, body_waves, darkness, leg_waves

FAR_SIDE = np.array([0.045, 0.035, 0.0])  # where the far legs stand, seen a little from above
HORN = np.array([0.24, 0.21, 0.19])
ZEBRA_MUZZLE = (0.13, 0.11, 0.11)


@dataclass(frozen=True)
class Coat:
    """A plain horse's colours: its body, its mane and tail, and how dark its lower legs and muzzle are (0 .. 1)."""

    name: str
    body: Colour
    mane: Colour
    points: float


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


@dataclass(frozen=True)
class Animal:
    """One animal, in both coats.

    x, ground  where the middle of its hooves stands in the picture
    scale      the height of its withers in picture widths
    facing     1 to the right, -1 to the left
    slim       squeezes its length, as if it stood at an angle to the viewer
    """

    x: float
    ground: float
    scale: float
    facing: int
    slim: float
    pose: Pose
    coat: Coat
    stripes: Stripes


def sample_animal(
    generator: np.random.Generator, length: float, middle: float, ground: float, gaits: tuple[str, ...] = GAITS
) -> Animal:
    """An animal so long, from tail to nose in picture widths, around `middle` and on the ground at `ground`."""
    facing = pick(generator, (-1, 1))
    slim = generator.uniform(0.88, 1.0)
    scale = length / (REACH * slim)
    x = float(middle - facing * MIDDLE * scale * slim)
    pose, coat, stripes = _sample_pose(generator, gaits), _sample_coat(generator), _sample_stripes(generator, scale)
    return Animal(x, ground, scale, facing, slim, pose, coat, stripes)


def _sample_pose(generator: np.random.Generator, gaits: tuple[str, ...]) -> Pose:
    chances = np.array(GAIT_CHANCES[: len(gaits)])
    gait = pick(generator, gaits, chances / chances.sum())
    beat = generator.uniform()
    tail = generator.uniform(0.0, 0.35)
    neck, bend, head = generator.uniform(42, 64), generator.uniform(14, 30), generator.uniform(-56, -36)
    if gait == "standing":
        stride, phases = generator.uniform(0.15, 0.4), generator.uniform(0.05, 0.5, 4)
    elif gait == "grazing":
        stride, phases = generator.uniform(0.25, 0.55), generator.uniform(0.0, 0.55, 4)
        neck, bend, head = generator.uniform(-26, -14), generator.uniform(26, 40), generator.uniform(-78, -60)
    elif gait == "walking":  # four beats: the hind foot a quarter before the fore foot of its side
        stride, phases = generator.uniform(0.7, 1.0), beat + np.array([0.0, 0.25, 0.5, 0.75])
    else:  # trotting: diagonal legs together
        stride, phases = generator.uniform(0.9, 1.15), beat + np.array([0.0, 0.5, 0.5, 0.0])
        neck, tail = generator.uniform(48, 66), generator.uniform(0.5, 1.0)
    return Pose(stride, tuple(phases % 1.0), neck, bend, head, tail, generator.uniform(-12, 25))


def _sample_coat(generator: np.random.Generator) -> Coat:
    coat = pick(generator, COATS, COAT_CHANCES)
    tint = generator.uniform(0.92, 1.08) * np.array([1.0, generator.uniform(0.96, 1.04), generator.uniform(0.92, 1.08)])
    body = np.clip(np.asarray(coat.body) * tint, 0.0, 0.85)
    return replace(coat, body=tuple(body))


def _sample_stripes(generator: np.random.Generator, scale: float) -> Stripes:
    # Never so narrow that they blur at 64 px, where 0.084 of the picture are more than five pixels.
    period = generator.uniform(0.084, 0.112) / scale
    dark, pale = generator.uniform(0.04, 0.11), generator.uniform(0.90, 0.97)
    width, phase = generator.uniform(0.43, 0.58), generator.uniform(0.0, 2.0 * np.pi)
    tilt, bow, wobble = generator.uniform(-12.0, 12.0), generator.uniform(-1.0, 1.4), generator.uniform(0.3, 0.9)
    seed = new_seed(generator)
    black = dark + 0.015, dark + 0.003, dark
    white = pale, pale - generator.uniform(0.01, 0.03), pale - generator.uniform(0.03, 0.08)
    return Stripes(period, width, phase, tilt, bow, wobble, seed, black, white)


def paint_animal(animal: Animal, domain: Domain, light: Light, size: int, rider: tuple[Part, ...] = ()) -> Layer:
    """The animal in its horse's coat (A) or its zebra's (B), with its rider if it has one."""
    body, layer = place_animal(animal, size, rider)
    light = light.flipped(animal.facing)
    painter = _Painter(animal, domain, light, layer, body)
    painter.far_legs()
    painter.tail()
    painter.body()
    painter.mane()
    painter.ears()
    painter.face()
    if rider:
        paint_rider(layer, rider, body, light)
    return layer


def place_animal(animal: Animal, size: int, rider: tuple[Part, ...] = ()) -> tuple[Body, Layer]:
    """The animal's body in its pose, and an empty layer with room for it and its rider."""
    body = pose_body(animal.pose, detailed=size * animal.scale > 50)
    chains = body.chains() + [np.array(part.chain) for part in rider]
    return body, empty_layer(size, animal.x, animal.ground, animal.scale, chains, animal.slim, animal.facing)


def far_legs(layer: Layer, body: Body) -> Iterator[tuple[int, Layer, Shape, np.ndarray]]:
    """Both far legs: their place in `Body.legs`, the part of the layer around them, their shape, and the distance to
    their outline where it ends at the ground."""
    for which in (3, 2):
        limb = body.legs[which].limb + FAR_SIDE
        patch = layer.around(limb)
        shape = patch.shape([limb])
        yield which, patch, shape, np.maximum(shape.away, FAR_SIDE[1] - patch.y)


class _Painter:
    """Paints one animal, part by part from the far side to the near one."""

    def __init__(self, animal: Animal, domain: Domain, light: Light, layer: Layer, body: Body) -> None:
        self.coat, self.stripes, self.striped = animal.coat, animal.stripes, domain == "B"
        self.light, self.layer, self.anatomy = light, layer, body
        self.noise = Noise(animal.stripes.seed)

    def far_legs(self) -> None:
        for which, patch, shape, away in far_legs(self.layer, self.anatomy):
            dim = 0.62 - 0.22 * smoothstep(0.35, 0.65, patch.y)  # darkest up under the belly
            waves = (leg_waves(self.stripes, self.anatomy, which),) if self.striped else ()
            albedo = self.hide(patch, shape, waves, far=True)
            self.shoe(patch, albedo, self.anatomy.legs[which], FAR_SIDE[:2])
            patch.paint(self.lit(albedo, shape, dim), coverage(away, patch.pixel), SKIN)

    def tail(self) -> None:
        patch = self.layer.around(self.anatomy.tail)
        shape = patch.shape([self.anatomy.tail])
        strands = self.noise(patch.x * 60.0 + 8.0 * patch.y, patch.y * 6.0)
        albedo = planes(self.coat.mane)
        if self.striped:
            rings = unit(0.5 + 2.0 * np.sin(patch.y * 2.0 * np.pi / (0.55 * self.stripes.period)))
            tuft = smoothstep(0.66, 0.58, patch.y + 0.02 * strands)
            albedo = mix(self.stripes.pale, self.stripes.dark, np.maximum(rings, tuft))
        self.hair(patch, albedo, strands, shape, patch.cover(shape))

    def body(self) -> None:
        body, patch = self.anatomy, self.layer
        shape = patch.shape(*body.near_parts())
        self.skin, self.skin_shape = coverage(np.maximum(shape.away, -patch.y), patch.pixel), shape
        self.albedo = self.hide(patch, shape, body_waves(self.stripes, body) if self.striped else ())
        self.muzzle(self.albedo)
        for leg in body.legs[:2]:
            self.shoe(patch, self.albedo, leg, np.zeros(2))
        patch.paint(self.lit(self.albedo, shape), self.skin, SKIN)

    def shoe(self, patch: Layer, albedo: np.ndarray, leg: Leg, shift: np.ndarray) -> None:
        """Turns the skin beyond the coronet into horn, in place."""
        (x, y), (down_x, down_y) = leg.coronet + shift, leg.down
        rows, columns = patch.box([np.array([(x, y, 0.0), (x + 0.06 * down_x, y + 0.06 * down_y, 0.0)])], 0.06)
        beyond = (patch.x[:, columns] - x) * down_x + (patch.y[rows] - y) * down_y
        lay_over(albedo[:, rows, columns], HORN, coverage(-beyond, patch.pixel))

    def muzzle(self, albedo: np.ndarray) -> None:
        """Darkens the end of the head, in place."""
        (x, y), (along_x, along_y) = self.anatomy.poll, self.anatomy.nose
        rows, columns = self.layer.box([self.anatomy.head[-8:]], 0.06)
        dx, dy = self.layer.x[:, columns] - x, self.layer.y[rows] - y
        along, across = dx * along_x + dy * along_y, dy * along_x - dx * along_y
        end = smoothstep(0.275, 0.335, along) * smoothstep(0.16, 0.12, np.abs(across))
        colour, strength = ZEBRA_MUZZLE, 0.95
        if not self.striped:
            colour, strength = 0.35 * np.asarray(self.coat.body), 0.35 + 0.6 * self.coat.points
        lay_over(albedo[:, rows, columns], colour, strength * end)

    def mane(self) -> None:
        body = self.anatomy
        box = self.layer.box([body.crest, body.fall], margin=0.03 + 2.0 * self.layer.pixel)
        patch = self.layer.part(*box)
        root, tip = body.crest[0, :2], body.crest[-2, :2]
        forward = (tip - root) / np.linalg.norm(tip - root)
        along = patch.x * forward[0] + patch.y * forward[1]
        across = patch.y * forward[0] - patch.x * forward[1]
        strands = 0.6 * self.noise(along * 44.0, across * 6.0) + 0.4 * self.noise(along * 101.0, across * 9.0)
        upright = patch.shape([body.crest])
        if self.striped:  # the stripes of the neck go on in it, its tips are dark
            albedo = mix(self.albedo[:, *box], self.stripes.dark, 0.8 * smoothstep(-0.018, -0.004, upright.away))
        else:
            albedo = planes(self.coat.mane)
            fallen = patch.shape([body.fall]).away + 0.030 * strands
            cover = coverage(fallen, patch.pixel) * self.skin[box]
            self.hair(patch, albedo, strands, self.skin_shape.part(box), cover)
        self.hair(patch, albedo, strands, upright, coverage(upright.away + 0.009 * strands, patch.pixel))

    def hair(self, patch: Layer, albedo: np.ndarray, strands: np.ndarray, shape: Shape, cover: np.ndarray) -> None:
        resolved = min(1.0, 0.012 / patch.pixel)  # strands finer than a pixel only average out
        tone = 1.0 + 0.3 * resolved * strands
        patch.paint(self.lit(albedo * tone, shape), cover)

    def ears(self) -> None:
        ears = self.anatomy.ears
        patch = self.layer.around(*ears)
        shape = patch.shape(ears)
        albedo = planes(self.stripes.pale if self.striped else self.coat.body)
        patch.paint(self.lit(albedo, shape), patch.cover(shape), SKIN)

    def face(self) -> None:
        dots = (
            (0.110, 0.035, 0.016, (0.05, 0.04, 0.035)),  # eye
            (0.114, 0.040, 0.004, (0.9, 0.9, 0.9)),  # the light in it
            (0.362, 0.010, 0.010, (0.08, 0.06, 0.06)),  # nostril
        )
        for along, across, radius, colour in dots:
            if radius >= 0.2 * self.layer.pixel:  # else it is too small to be seen
                self.layer.dot(self.anatomy.in_head(along, across), radius, colour)

    def hide(self, patch: Layer, shape: Shape, waves: tuple[Waves, ...], far: bool = False) -> np.ndarray:
        """The colour of the skin in white light (3, H, W), plain or striped."""
        x, y = patch.x, patch.y
        belly = smoothstep(-0.55, -1.0, shape.ny) * (y > 0.45)
        if self.striped:
            dark = darkness(self.stripes, self.noise, waves, patch, shape.nz, 0.75 * belly)
            skin = mix(self.stripes.pale, self.stripes.dark, dark)
        else:
            body = planes(self.coat.body)
            points = mix(body, self.coat.mane, 0.85 * self.coat.points * smoothstep(0.42, 0.20, y))
            skin = mix(points, np.minimum(body * 1.2 + 0.05, 1.0), 0.45 * belly)
        if not far:  # mottled, seen from near
            mottle = self.noise.fractal(x * 9.0, y * 9.0, 4, patch.pixel * 9.0)
            skin = skin * (1.0 + (0.05 if self.striped else 0.10) * mottle)
        return skin

    def lit(self, albedo: np.ndarray, shape: Shape, dim: float | np.ndarray = 1.0) -> np.ndarray:
        normal = shape.nx, shape.ny, shape.nz
        gloss = (0.03 if self.striped else 0.14) * self.light.highlight(*normal)
        return (albedo * self.light.received(*normal) + gloss * planes(self.light.sun)) * dim
