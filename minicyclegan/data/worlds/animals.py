"""Horses and zebras in paint: the parts of `anatomy` as lit round bodies, in either coat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from minicyclegan.data.worlds.anatomy import Body, Chain, Pose, pose_body
from minicyclegan.data.worlds.base import Domain
from minicyclegan.data.worlds.layer import Layer, Shape, empty_layer
from minicyclegan.data.worlds.light import Light, shade
from minicyclegan.data.worlds.paint import Colour, Noise, coverage, mix, smoothstep
from minicyclegan.data.worlds.stripes import Stripes, Waves, body_waves, darkness, leg_waves

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


def paint_animal(
    animal: Animal, domain: Domain, light: Light, size: int, load: Callable[[Layer, Body, Light], None] | None = None
) -> Layer:
    """The animal in its horse's coat (A) or its zebra's (B). `load` paints what it carries, before its head."""
    body = pose_body(animal.pose)
    layer = empty_layer(size, animal.x, animal.ground, animal.scale, animal.slim, animal.facing, body.chains())
    x, y, z = light.toward
    light = replace(light, toward=(x * animal.facing, y, z))  # the layer is mirrored, so the sun is too
    painter = _Painter(animal, domain, light, layer, body)
    painter.far_legs()
    painter.tail()
    painter.ear(1)
    painter.body()
    painter.mane()
    painter.ear(0)
    painter.face()
    if load is not None:
        load(layer, body, light)
    return layer


class _Painter:
    """Paints one animal, part by part from the far side to the near one."""

    def __init__(self, animal: Animal, domain: Domain, light: Light, layer: Layer, body: Body) -> None:
        self.coat, self.stripes, self.striped = animal.coat, animal.stripes, domain == "B"
        self.light, self.layer, self.anatomy = light, layer, body
        self.noise = Noise(animal.stripes.seed + 1)

    def far_legs(self) -> None:
        for which in (3, 2):
            leg = self.anatomy.legs[which]
            limb, hoof = leg.limb + FAR_SIDE, leg.hoof + FAR_SIDE
            patch = self.layer.around(limb, hoof)
            dim = 0.62 - 0.22 * smoothstep(0.35, 0.65, patch.y)  # darkest up under the belly
            shape = patch.shape(limb)
            waves = (leg_waves(self.stripes, self.anatomy, which),)
            patch.paint(self.lit(self.hide(patch, shape, waves), shape, dim), patch.cover(shape), 1.0)
            self.hoof(hoof, FAR_SIDE[1], 0.62)

    def tail(self) -> None:
        patch = self.layer.around(self.anatomy.tail)
        shape = patch.shape(self.anatomy.tail)
        strands = self.noise(patch.x * 60.0 + 8.0 * patch.y, patch.y * 6.0)
        albedo = np.broadcast_to(self.coat.mane, (*shape.away.shape, 3))
        if self.striped:
            rings = np.clip(0.5 + 2.0 * np.sin(patch.y * 2.0 * np.pi / (0.55 * self.stripes.period)), 0.0, 1.0)
            tuft = smoothstep(0.66, 0.58, patch.y + 0.02 * strands)
            albedo = mix(self.stripes.pale, self.stripes.dark, np.maximum(rings, tuft))
        self.hair(patch, albedo, strands, shape, patch.cover(shape))

    def body(self) -> None:
        body, patch = self.anatomy, self.layer
        shape = patch.shape(
            body.torso, body.withers, body.neck, body.head, body.jaw, body.legs[0].limb, body.legs[1].limb
        )
        self.skin, self.skin_shape = patch.cover(shape), shape
        self.waves = body_waves(self.stripes, body)
        albedo = self.hide(patch, shape, self.waves)
        if self.striped:
            albedo = mix(albedo, ZEBRA_MUZZLE, 0.95 * self.muzzle())
        else:
            albedo = mix(albedo, np.asarray(self.coat.body) * 0.35, (0.35 + 0.6 * self.coat.points) * self.muzzle())
        patch.paint(self.lit(albedo, shape), self.skin, 1.0)
        for leg in body.legs[:2]:
            self.hoof(leg.hoof, 0.0, 1.0)

    def hoof(self, hoof: Chain, ground: float, dim: float) -> None:
        patch = self.layer.around(hoof)
        shape = patch.shape(hoof)
        sole = np.maximum(shape.away, ground - patch.y)
        patch.paint(self.lit(np.broadcast_to(HORN, (*sole.shape, 3)), shape, dim), coverage(sole, patch.pixel))

    def muzzle(self) -> np.ndarray:
        (x, y), (along_x, along_y) = self.anatomy.poll, self.anatomy.nose
        dx, dy = self.layer.x - x, self.layer.y - y
        along, across = dx * along_x + dy * along_y, dy * along_x - dx * along_y
        return smoothstep(0.275, 0.335, along) * smoothstep(0.16, 0.12, np.abs(across)) * smoothstep(0.5, 0.47, along)

    def mane(self) -> None:
        body = self.anatomy
        patch = self.layer.around(body.crest, body.fall, margin=0.03)
        root, tip = body.crest[0, :2], body.crest[-2, :2]
        forward = (tip - root) / np.linalg.norm(tip - root)
        along = patch.x * forward[0] + patch.y * forward[1]
        across = patch.y * forward[0] - patch.x * forward[1]
        strands = self.noise(along * 42.0, across * 5.0)
        upright = patch.shape(body.crest)
        if self.striped:
            rings = darkness(self.stripes, self.waves, patch.x, patch.y, 0.0, 0.0, patch.pixel)
            tips = smoothstep(-0.018, -0.004, upright.away)
            albedo = mix(self.stripes.pale, self.stripes.dark, np.maximum(rings, 0.8 * tips))
        else:
            albedo = np.broadcast_to(self.coat.mane, (*upright.away.shape, 3))
            inner = self.layer.rows.start, self.layer.columns.start
            box = (_shifted(patch.rows, inner[0]), _shifted(patch.columns, inner[1]))
            neck = Shape(
                *(a[box] for a in (self.skin_shape.away, self.skin_shape.nx, self.skin_shape.ny, self.skin_shape.nz))
            )
            fallen = patch.shape(body.fall).away + 0.028 * strands
            self.hair(patch, albedo, strands, neck, coverage(fallen, patch.pixel) * self.skin[box])
        self.hair(patch, albedo, strands, upright, coverage(upright.away + 0.010 * strands, patch.pixel))

    def hair(self, patch: Layer, albedo: np.ndarray, strands: np.ndarray, shape: Shape, cover: np.ndarray) -> None:
        resolved = min(1.0, 0.012 / patch.pixel)  # strands finer than a pixel only average out
        tone = 1.0 + 0.3 * resolved * strands
        patch.paint(self.lit(albedo * tone[..., None], shape), cover)

    def ear(self, which: int) -> None:
        ear = self.anatomy.ears[which]
        patch = self.layer.around(ear)
        shape = patch.shape(ear)
        albedo = np.asarray(self.stripes.pale if self.striped else self.coat.body)
        dim = 1.0 if which == 0 else 0.7
        patch.paint(self.lit(np.broadcast_to(albedo, (*shape.away.shape, 3)), shape, dim), patch.cover(shape), 1.0)

    def face(self) -> None:
        self.dot(0.110, 0.035, 0.016, (0.05, 0.04, 0.035))  # eye
        self.dot(0.114, 0.040, 0.004, (0.9, 0.9, 0.9))  # the light in it
        self.dot(0.362, 0.010, 0.010, (0.08, 0.06, 0.06))  # nostril

    def dot(self, along: float, across: float, radius: float, colour: Colour) -> None:
        nose = self.anatomy.nose
        x, y = self.anatomy.poll + along * nose + across * np.array([-nose[1], nose[0]])
        patch = self.layer.around(np.array([(x, y, radius)]))
        cover = coverage(np.hypot(patch.x - x, patch.y - y) - radius, patch.pixel)
        patch.paint(colour, cover * min(1.0, (2.0 * radius / patch.pixel) ** 2))

    def hide(self, patch: Layer, shape: Shape, waves: tuple[Waves, ...]) -> np.ndarray:
        """The colour of the skin in white light (H, W, 3), plain or striped."""
        x, y = patch.x, patch.y
        mottle = self.noise.fractal(x * 9.0, y * 9.0, 4, patch.pixel * 9.0)[..., None]
        belly = smoothstep(-0.55, -1.0, shape.ny) * (y > 0.45)
        if self.striped:
            dark = darkness(self.stripes, waves, x, y, shape.nz, 0.75 * belly, patch.pixel)
            return mix(self.stripes.pale, self.stripes.dark, dark) * (1.0 + 0.05 * mottle)
        body = np.asarray(self.coat.body)
        points = mix(body, self.coat.mane, 0.85 * self.coat.points * smoothstep(0.42, 0.20, y))
        return mix(points, np.minimum(body * 1.2 + 0.05, 1.0), 0.45 * belly) * (1.0 + 0.10 * mottle)

    def lit(self, albedo: np.ndarray, shape: Shape, dim: float | np.ndarray = 1.0) -> np.ndarray:
        received, mirrored = shade(self.light, shape.nx, shape.ny, shape.nz, gloss=0.03 if self.striped else 0.14)
        return (albedo * received + np.multiply.outer(mirrored, self.light.sun)) * np.asarray(dim)[..., None]


def _shifted(part: slice, origin: int) -> slice:
    return slice(part.start - origin, part.stop - origin)
