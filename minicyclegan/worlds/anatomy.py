"""The body of a horse or zebra, seen from the side: a pose becomes chains of circles, one for each part.

Body units: x forward, y up, the ground at y = 0, the withers (top of the shoulder) at about y = 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Chain = np.ndarray  # (N, 3): x, y, radius

TORSO = np.array([
    (-0.425, 0.800, 0.085), (-0.370, 0.795, 0.140), (-0.290, 0.785, 0.182), (-0.160, 0.765, 0.186),
    (-0.010, 0.742, 0.193), (0.120, 0.740, 0.204), (0.240, 0.758, 0.210), (0.340, 0.775, 0.175), (0.410, 0.765, 0.120),
])  # fmt: skip
WITHERS = np.array([(0.03, 0.840, 0.085), (0.15, 0.865, 0.100), (0.25, 0.885, 0.112), (0.33, 0.875, 0.130)])

NECK_BASE = (0.345, 0.815)
NECK_LENGTH = 0.56
NECK_RADII = np.array([0.190, 0.166, 0.142, 0.121, 0.106, 0.095, 0.086])

# Along the head from the poll to the lips, and across it towards the forehead.
HEAD = np.array([
    (0.000, -0.005, 0.078), (0.060, -0.010, 0.090), (0.120, -0.012, 0.091), (0.200, -0.006, 0.072),
    (0.290, 0.000, 0.057), (0.345, -0.002, 0.056), (0.385, -0.012, 0.048),
])  # fmt: skip
JAW = np.array([(0.050, -0.045, 0.066), (0.105, -0.055, 0.066), (0.190, -0.038, 0.046)])

# The angles of a leg's bones at the moments STRIDE (0 .. 1) of one stride, in degrees: 0 hangs straight down, forward
# is positive. The foot is on the ground until TOE_OFF.
TOE_OFF = 0.62
STRIDE = np.array([0.00, 0.25, 0.50, 0.62, 0.72, 0.85, 0.95, 1.00])
FORE_STRIDE = np.array([
    (20, 4, -14, -18, 8, 28, 27, 20),  # forearm
    (19, 3, -16, -34, -58, -26, 14, 19),  # cannon
    (40, 44, 34, -15, -90, -65, 8, 40),  # pastern
])  # fmt: skip
HIND_STRIDE = np.array([
    (38, 29, 18, 14, 34, 47, 45, 38),  # thigh
    (-30, -43, -50, -56, -58, -44, -34, -30),  # gaskin
    (14, 5, -10, -24, -34, -12, 9, 14),  # cannon
    (42, 42, 32, -8, -72, -45, 14, 42),  # pastern
])  # fmt: skip
FORE_STANDING = np.array([2.0, 0.0, 40.0])
HIND_STANDING = np.array([28.0, -43.0, 4.0, 42.0])


def smooth_chain(knots: np.ndarray) -> Chain:
    """A smooth curve through every knot (Catmull-Rom), with one more circle between any two."""
    padded = np.concatenate([2 * knots[:1] - knots[1:2], knots, 2 * knots[-1:] - knots[-2:-1]])
    t = np.array([0.0, 0.5])[:, None, None]
    a, b, c, d = padded[:-3], padded[1:-2], padded[2:-1], padded[3:]
    curve = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    return np.concatenate([curve.transpose(1, 0, 2).reshape(-1, knots.shape[1]), knots[-1:]])


SMOOTH_TORSO, SMOOTH_HEAD = smooth_chain(TORSO), smooth_chain(HEAD)


@dataclass(frozen=True)
class Pose:
    """How an animal stands or moves.

    stride   0 standing .. 1 the longest steps
    phases   where in its stride each leg is, from 0 to below 1: near fore, near hind, far fore, far hind
    neck     degrees above the horizon at the neck's base
    bend     degrees the neck turns down from base to poll
    head     degrees of the head above the horizon (negative: the nose points down)
    tail     how far the tail swings back, 0 .. 1
    ears     degrees the ears lie back
    """

    stride: float
    phases: tuple[float, float, float, float]
    neck: float
    bend: float
    head: float
    tail: float
    ears: float


def _direction(degrees: float | np.ndarray) -> np.ndarray:
    """Unit vectors (2, ...): degrees from hanging straight down, forward positive."""
    radians = np.radians(degrees)
    return np.stack([np.sin(radians), -np.cos(radians)])


def _leg_angles(table: np.ndarray, standing: np.ndarray, phase: float, stride: float) -> np.ndarray:
    late = min(int(np.searchsorted(STRIDE, phase, side="right")), len(STRIDE) - 1)
    share = (phase - STRIDE[late - 1]) / (STRIDE[late] - STRIDE[late - 1])
    moving = table[:, late - 1] + share * (table[:, late] - table[:, late - 1])
    return standing + stride * (moving - standing)


def _fore_leg(angles: np.ndarray) -> np.ndarray:
    """Knots of a fore leg from the shoulder down to the toe."""
    forearm, cannon, pastern = (_direction(angle) for angle in angles)
    shoulder = np.array([0.315 + 0.0006 * angles[0], 0.70])
    elbow = np.array([0.275 + 0.0012 * angles[0], 0.575])
    knee = elbow + 0.235 * forearm
    fetlock = knee + 0.205 * cannon
    coronet = fetlock + 0.068 * pastern
    knots = np.array([
        (*shoulder, 0.120), (*elbow, 0.082), (*(elbow + 0.10 * forearm), 0.060), (*(elbow + 0.19 * forearm), 0.043),
        (*knee, 0.0425), (*(knee + 0.05 * cannon), 0.031), (*(knee + 0.13 * cannon), 0.0275), (*fetlock, 0.034),
        (*(fetlock + 0.04 * pastern), 0.0265),
    ])  # fmt: skip
    return np.concatenate([knots, _hoof(coronet, pastern)])


def _hind_leg(angles: np.ndarray) -> np.ndarray:
    thigh, gaskin, cannon, pastern = (_direction(angle) for angle in angles)
    hip = np.array([-0.345, 0.80])
    stifle = hip + 0.245 * thigh
    hock = stifle + 0.265 * gaskin
    fetlock = hock + 0.250 * cannon
    coronet = fetlock + 0.068 * pastern
    back = np.array([-cannon[1], cannon[0]])  # forward of the cannon
    knots = np.array([
        (*(hip + 0.04 * thigh), 0.150), (*(hip + 0.14 * thigh + (-0.05, 0.0)), 0.132),
        (*(stifle + 0.02 * gaskin - 0.02 * back), 0.105), (*(stifle + 0.12 * gaskin), 0.076),
        (*(stifle + 0.21 * gaskin), 0.050), (*(hock - 0.004 * back), 0.048), (*(hock + 0.06 * cannon), 0.036),
        (*(hock + 0.15 * cannon), 0.030), (*fetlock, 0.036), (*(fetlock + 0.04 * pastern), 0.028),
    ])  # fmt: skip
    return np.concatenate([knots, _hoof(coronet, pastern)])


def _hoof(coronet: np.ndarray, pastern: np.ndarray) -> np.ndarray:
    toe = coronet + 0.045 * pastern + (-0.006, 0.0)
    return np.array([(*coronet, 0.033), (*toe, 0.041)])


@dataclass(frozen=True)
class Leg:
    limb: Chain  # from the top to the toe
    knots: Chain  # the same in fewer circles
    coronet: np.ndarray  # (2,) where the hoof begins
    down: np.ndarray  # (2,) unit vector from there to the toe


@dataclass(frozen=True)
class Body:
    """Every part of one animal in one pose, as chains of circles; legs in the order of `Pose.phases`."""

    torso: Chain
    withers: Chain
    neck: Chain
    head: Chain
    jaw: Chain
    ears: tuple[Chain, Chain]  # near, far
    crest: Chain  # the upright part of the mane, from the withers to between the ears
    fall: Chain  # where a long mane falls over the side of the neck
    poll: np.ndarray  # (2,) the top of the head ...
    nose: np.ndarray  # ... and the unit vector from there along the head
    tail: Chain
    legs: tuple[Leg, Leg, Leg, Leg]

    def in_head(self, along: float, across: float) -> np.ndarray:
        """The place so far along the head from the poll, and across it towards the forehead: (2,)."""
        return self.poll + along * self.nose + across * np.array([-self.nose[1], self.nose[0]])

    def near_parts(self) -> list[list[Chain]]:
        """What grows together into one body: everything but the far legs, the tail, the ears and the mane."""
        parts = [[self.torso], [self.withers], [self.neck], [self.head, self.jaw]]
        return parts + [[leg.limb] for leg in self.legs[:2]]

    def chains(self) -> list[Chain]:
        """All parts, for what needs to know how much room the animal takes."""
        parts = [self.torso, self.withers, self.neck, self.head, self.jaw, *self.ears, self.crest, self.fall, self.tail]
        return parts + [leg.limb for leg in self.legs]


def pose_body(pose: Pose, detailed: bool = True) -> Body:
    """The parts of an animal in this pose; without detail in half as many circles, enough for few pixels."""
    neck, upward = _neck(pose)
    poll = neck[-1, :2] + 0.02 * np.array([upward[-1, 1], -upward[-1, 0]])
    head_angle = np.radians(pose.head)
    along = np.array([np.cos(head_angle), np.sin(head_angle)])
    across = np.array([-along[1], along[0]])

    def in_head(knots: np.ndarray) -> np.ndarray:
        return np.column_stack([poll + knots[:, :1] * along + knots[:, 1:2] * across, knots[:, 2]])

    kinds = (FORE_STRIDE, FORE_STANDING, _fore_leg), (HIND_STRIDE, HIND_STANDING, _hind_leg)
    legs = []
    for phase, (table, standing, leg) in zip(pose.phases, 2 * kinds, strict=True):
        knots = leg(_leg_angles(table, standing, phase, pose.stride))
        legs.append(_planted(knots, pose.stride < 0.05 or phase < TOE_OFF, detailed))
    return Body(
        torso=SMOOTH_TORSO if detailed else TORSO,
        withers=WITHERS,
        neck=neck,
        head=in_head(SMOOTH_HEAD if detailed else HEAD),
        jaw=in_head(JAW),
        ears=(_ear(poll, pose, 0.0), _ear(poll, pose, 14.0)),
        crest=_crest(neck, upward, poll + 0.070 * across + 0.02 * along),
        fall=_fall(neck, upward),
        poll=poll,
        nose=along,
        tail=_tail(pose.tail, detailed),
        legs=tuple(legs),
    )


def _neck(pose: Pose) -> tuple[Chain, np.ndarray]:
    """The neck, and unit vectors from its axis towards the mane for each of its circles."""
    pieces = len(NECK_RADII) - 1
    angles = np.radians(pose.neck - pose.bend * (np.arange(pieces) + 0.5) / pieces)
    steps = NECK_LENGTH / pieces * np.column_stack([np.cos(angles), np.sin(angles)])
    sunk = 0.05 * np.clip((30.0 - pose.neck) / 50.0, 0.0, 1.0)  # as the head goes down
    base = np.array(NECK_BASE) - (0.0, sunk)
    points = np.concatenate([[base], base + np.cumsum(steps, axis=0)])
    between = np.concatenate([angles[:1], 0.5 * (angles[1:] + angles[:-1]), angles[-1:]])
    return np.column_stack([points, NECK_RADII]), np.column_stack([-np.sin(between), np.cos(between)])


def _ear(poll: np.ndarray, pose: Pose, turned: float) -> Chain:
    angle = np.radians(pose.head + 118.0 + pose.ears - turned)
    tip = np.array([np.cos(angle), np.sin(angle)])
    root = poll + 0.055 * tip
    return np.array([(*root, 0.022), (*(root + 0.05 * tip), 0.032), (*(root + 0.125 * tip), 0.006)])


def _crest(neck: Chain, upward: np.ndarray, forelock: np.ndarray) -> Chain:
    edge = neck[1:, :2] + upward[1:] * (neck[1:, 2:] + 0.004)
    radii = np.array([0.018, 0.030, 0.036, 0.038, 0.038, 0.036, 0.026])
    return np.column_stack([np.concatenate([edge, [forelock]]), radii])


def _fall(neck: Chain, upward: np.ndarray) -> Chain:
    radii = np.array([0.050, 0.070, 0.072, 0.068, 0.060, 0.045])
    return np.column_stack([neck[1:, :2] + upward[1:] * (neck[1:, 2:] - 0.045), radii])


def _tail(swing: float, detailed: bool) -> Chain:
    knots = np.array([
        (-0.455, 0.855, 0.034), (-0.510 - 0.03 * swing, 0.800, 0.032), (-0.535 - 0.07 * swing, 0.690, 0.036),
        (-0.540 - 0.12 * swing, 0.560, 0.046), (-0.535 - 0.17 * swing, 0.430, 0.042),
        (-0.530 - 0.20 * swing, 0.340, 0.014),
    ])  # fmt: skip
    return smooth_chain(knots) if detailed else knots


def _planted(knots: np.ndarray, on_ground: bool, detailed: bool) -> Leg:
    """The leg stretched or folded a little below its top, so that its hoof stands on the ground or clears it."""
    top, sole = knots[0, 1], knots[-1, 1] - 0.018
    target = 0.0 if on_ground else max(sole, 0.03)
    knots = knots.copy()
    knots[:, 1] = top + (knots[:, 1] - top) * (top - target) / (top - sole)
    coronet, toe = knots[-2, :2], knots[-1, :2]
    down = (toe - coronet) / np.linalg.norm(toe - coronet)
    return Leg(smooth_chain(knots) if detailed else knots, knots, coronet, down)
