"""The stripes of a zebra: rings around the body, along a curve that runs from the hind hoof over the back to the nose.

Around each point of that curve the phase of the stripes is a plane wave across it; in between, the plane waves are
blended. So the stripes stand upright on the flank, fan out over the haunch where the curve turns down into the hind
leg, lean on the neck and ring the legs, without a seam.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from minicyclegan.data.worlds.anatomy import Body
from minicyclegan.data.worlds.paint import Colour, Noise

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
    hind = body.legs[1].limb
    curve = [
        *(_knot(point, 0.55 + 0.5 * min(1.0, max(0.0, (point[1] - 0.35) / 0.3))) for point in hind[:3:-3]),
        (-0.375, 0.660, 0.72),
        (-0.325, 0.745, 0.68),
        (-0.230, 0.780, 0.80),
        (-0.110, 0.762, 1.00),
        (0.010, 0.755, 1.00),
        (0.130, 0.755, 1.00),
        (0.240, 0.775, 0.95),
        *(_knot(point, 0.85) for point in body.neck[1::2]),
        *(_knot(point, 0.62) for point in body.head[4::3]),
    ]
    return waves_along(stripes, np.array(curve), 0.0), leg_waves(stripes, body, 0)


def leg_waves(stripes: Stripes, body: Body, leg: int) -> Waves:
    limb = body.legs[leg].limb[::-3]
    curve = np.array([_knot(point, 0.55 + 0.35 * min(1.0, max(0.0, (point[1] - 0.35) / 0.3))) for point in limb])
    return waves_along(stripes, curve, 1.7 * leg)


def waves_along(stripes: Stripes, curve: np.ndarray, offset: float) -> Waves:
    """Waves along a polyline (N, 3) of x, y and the period there as a share of `stripes.period`."""
    lengths = np.linalg.norm(np.diff(curve[:, :2], axis=0), axis=1)
    distance = np.concatenate([[0.0], np.cumsum(lengths)])
    places = np.linspace(0.0, distance[-1], max(2, round(distance[-1] / SPACING)))
    x, y, share = (np.interp(places, distance, column) for column in curve.T)
    rate = 2.0 * np.pi / (stripes.period * share)
    tangent = np.gradient(np.column_stack([x, y]), axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    tilt = np.radians(stripes.tilt)
    cosine, sine = np.cos(tilt), np.sin(tilt)
    turned = tangent @ np.array([[cosine, sine], [-sine, cosine]])
    steps = np.diff(places) * 0.5 * (rate[1:] + rate[:-1]) * cosine
    phases = stripes.phase + offset + np.concatenate([[0.0], np.cumsum(steps)])
    return Waves(np.column_stack([x, y]), phases, turned * rate[:, None])


def darkness(
    stripes: Stripes, waves: tuple[Waves, ...], x: np.ndarray, y: np.ndarray, nz: np.ndarray, pale: np.ndarray,
    pixel: float,
) -> np.ndarray:  # fmt: skip
    """How dark the stripes make each pixel, 0 .. 1.

    x (1, W) and y (H, 1) in body units; nz (H, W) the normal's part towards the viewer, around which stripes bend;
    pale (H, W) how far the white wins over (0: not at all, 1: wholly); pixel a pixel's width in body units.
    """
    wander = Noise(stripes.seed)
    scale = 0.6 / stripes.period
    wandering = stripes.wobble * wander.fractal(x * scale, y * scale, 2, pixel * scale)
    bent = wandering + stripes.bow * nz
    total, value, steepness = 1e-12, 0.0, 0.0
    for wave in waves:
        weight, phase, rate = _blend(wave, x, y)
        total = total + weight
        value = value + weight * np.sin(phase + bent)
        steepness = steepness + weight * rate
    bias = np.sin(np.pi * (stripes.width - 0.5)) - 1.6 * pale
    return np.clip(0.5 + (value / total + bias) / (steepness / total * pixel), 0.0, 1.0)


def _blend(waves: Waves, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Total weight of these waves at each point, and their blended phase and rate of phase."""
    px, py = waves.points.T[:, :, None, None]
    dx, dy = x - px, y - py
    weight = np.exp(-(dx * dx) / (2.0 * REACH**2)) * np.exp(-(dy * dy) / (2.0 * REACH**2)) + 1e-30
    gx, gy = waves.gradients.T[:, :, None, None]
    local = waves.phases[:, None, None] + dx * gx + dy * gy
    rates = np.hypot(*waves.gradients.T)
    total = weight.sum(axis=0)
    return total, (weight * local).sum(axis=0) / total, np.tensordot(rates, weight, 1) / total


def _knot(point: np.ndarray, share: float) -> tuple[float, float, float]:
    return float(point[0]), float(point[1]), share
