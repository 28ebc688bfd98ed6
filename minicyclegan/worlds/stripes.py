"""The stripes of a zebra: rings around the body, along a curve that runs from the hind hoof over the back to the nose.

Around each point of that curve the phase of the stripes is a plane wave across it; in between, the plane waves are
blended. So the stripes stand upright on the flank, fan out over the haunch where the curve turns down into the hind
leg, lean on the neck and ring the legs, without a seam.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from minicyclegan.worlds.anatomy import Body
from minicyclegan.worlds.layer import Layer
from minicyclegan.worlds.paint import Colour, Noise, unit

# The middle of the curve, from above the stifle to the shoulder: x, y, and the period as a share of the flank's.
BACK = np.array([
    (-0.375, 0.660, 0.72), (-0.325, 0.745, 0.68), (-0.230, 0.780, 0.80), (-0.110, 0.762, 1.00), (0.010, 0.755, 1.00),
    (0.130, 0.755, 1.00), (0.240, 0.775, 0.95),
])  # fmt: skip
SPACING = 0.075  # between the points of the curve, in body units
REACH = 0.075  # how far around a point its own wave counts


@dataclass(frozen=True)
class Stripes:
    """What is free about one zebra's stripes.

    period  from one dark stripe to the next on the flank, in body units
    width   the dark share of the period, about 0.5
    phase   radians by which all stripes are moved along the body
    tilt    degrees by which they lean
    bow     radians by which they are bent around the body
    wobble  radians by which they wander
    seed    of the wandering
    """

    period: float
    width: float
    phase: float
    tilt: float
    bow: float
    wobble: float
    seed: int
    dark: Colour
    pale: Colour


@dataclass(frozen=True)
class Waves:
    """Plane waves around points: position (N, 2), phase (N,), gradient of the phase (N, 2)."""

    points: np.ndarray
    phases: np.ndarray
    gradients: np.ndarray


def body_waves(stripes: Stripes, body: Body) -> tuple[Waves, Waves]:
    """The waves along the body with its near hind leg, and those down the near fore leg."""
    neck, head = _with_share(body.neck[1::2], 0.85), _with_share(body.head[2:], 0.62)
    curve = np.concatenate([_leg_curve(body, 1)[:-2], BACK, neck, head])
    return _waves_along(stripes, curve, 0.0), leg_waves(stripes, body, 0)


def leg_waves(stripes: Stripes, body: Body, leg: int) -> Waves:
    return _waves_along(stripes, _leg_curve(body, leg), 1.7 * leg)


def _leg_curve(body: Body, leg: int) -> np.ndarray:
    """From the hoof up; the rings get wider upwards."""
    limb = body.legs[leg].knots[::-1]
    return _with_share(limb, 0.55 + 0.35 * unit((limb[:, 1] - 0.35) / 0.3))


def _with_share(chain: np.ndarray, share: np.ndarray | float) -> np.ndarray:
    curve = chain.copy()
    curve[:, 2] = share
    return curve


def _waves_along(stripes: Stripes, curve: np.ndarray, offset: float) -> Waves:
    """Waves along a polyline (N, 3) of x, y and the period there as a share of `stripes.period`."""
    steps = curve[1:, :2] - curve[:-1, :2]
    distance = np.concatenate([[0.0], np.cumsum(np.hypot(steps[:, 0], steps[:, 1]))])
    places = np.linspace(0.0, distance[-1], max(3, round(distance[-1] / SPACING)))
    x, y, share = (np.interp(places, distance, column) for column in curve.T)
    points = np.column_stack([x, y])
    tangent = np.empty_like(points)
    tangent[1:-1] = points[2:] - points[:-2]
    tangent[0], tangent[-1] = points[1] - points[0], points[-1] - points[-2]
    rate = 2.0 * np.pi / (stripes.period * share)
    tilt = np.radians(stripes.tilt)
    cosine, sine = np.cos(tilt), np.sin(tilt)
    turned = tangent @ np.array([[cosine, sine], [-sine, cosine]])
    phase = np.concatenate([[0.0], np.cumsum(0.5 * (rate[1:] + rate[:-1]))]) * places[1] * cosine
    length = np.hypot(tangent[:, 0], tangent[:, 1])
    return Waves(points, stripes.phase + offset + phase, turned * (rate / length)[:, None])


def darkness(
    stripes: Stripes, wander: Noise, waves: tuple[Waves, ...], layer: Layer, nz: np.ndarray, pale: np.ndarray
) -> np.ndarray:
    """How dark the stripes make each pixel, 0 .. 1.

    pale (H, W) says how far the white wins over (0: not at all, 1: wholly); the rest is `stripe_wave`'s.
    """
    height, rate = stripe_wave(stripes, wander, waves, layer, nz)
    bias = np.sin(np.pi * (stripes.width - 0.5)) - 1.6 * pale
    return unit(0.5 + (height + bias) / (rate * layer.pixel))


def stripe_wave(
    stripes: Stripes, wander: Noise, waves: tuple[Waves, ...], layer: Layer, nz: np.ndarray, shift: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """The wave that the stripes follow, 1 in the middle of a dark one and -1 between two, and its rate of phase.

    wander  the noise they wander with
    layer   where to look at it, in body units
    nz      (H, W) the normal's part towards the viewer, around which stripes bend
    shift   radians by which the wave is moved, for looking at it elsewhere than the stripes do
    """
    x, y, scale = layer.x, layer.y, 0.6 / stripes.period
    wandering = stripes.wobble * wander.fractal(x * scale, y * scale, 2, layer.pixel * scale)
    bent = wandering + stripes.bow * nz + shift
    total, value, steepness = 1e-12, 0.0, 0.0
    for wave in waves:
        weight, phase, rate = _blend(wave, x, y)
        total = total + weight
        value = value + weight * np.sin(phase + bent)
        steepness = steepness + weight * rate
    return value / total, np.maximum(steepness / total, 1.0)  # far from the body there are no waves at all


def _blend(waves: Waves, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Total weight of these waves at each point, and their blended phase and rate of phase."""
    # A Gaussian is a function of x times one of y, so every sum over the waves is a product of two matrices.
    dx, dy = x - waves.points[:, 0:1], y - waves.points[:, 1]
    across, down = np.exp(dx * dx / (-2.0 * REACH**2)), np.exp(dy * dy / (-2.0 * REACH**2))
    gx, gy = waves.gradients[:, 0:1], waves.gradients[:, 1]
    total = _product(down, across) + 1e-30
    phase = _product(down, across * (waves.phases[:, None] + dx * gx)) + _product(down * (dy * gy), across)
    return total, phase / total, _product(down, across * np.hypot(gx, gy[:, None])) / total


def _product(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """first @ second, in pieces too small to be shared among threads, whose waiting would cost more than the work."""
    return np.concatenate([first[row : row + 32] @ second for row in range(0, len(first), 32)])
