"""Lesson 7's task 7.5: a transposed convolution whose phases all weigh the same."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from checking.engine import Answer, Exercise, Mistake

Phases = Callable[[int, int], np.ndarray]  # kernel's side and stride -> the phase of each weight, (k, k)


def _by_remainder(side: int, stride: int) -> np.ndarray:
    """Weights whose row and column leave the same remainders reach the same pixels."""
    place = np.arange(side) % stride
    return stride * place[:, None] + place


def _kept(sums: np.ndarray) -> np.ndarray:
    return sums.mean(axis=0)


def _balance_with(
    phases: Phases = _by_remainder,
    pooled: Callable[[np.ndarray], np.ndarray] = lambda values: values,
    target: Callable[[np.ndarray], np.ndarray] = _kept,
    spread: Callable[[np.ndarray, int, int], float] = lambda mine, side, stride: mine.sum(),
    move: Callable[[np.ndarray, np.ndarray], np.ndarray] = lambda weights, excess: weights - excess,
) -> Answer:
    """The right balance, of which anything may be wrong.

    pooled   of the phases' sums (phases, I, O), where pairs of channels are not kept apart
    target   of the same, what each sum is to become
    spread   of which weights are the phase's (k, k), the side and the stride: over how many the excess is spread
    """

    def balance(weight: np.ndarray, stride: int) -> np.ndarray:
        phase = phases(weight.shape[2], stride)  # (k, k)
        there = [phase == number for number in np.unique(phase)]
        sums = pooled(np.stack([weight[:, :, mine].sum(-1) for mine in there]))  # (phases, I, O)
        wanted, out = target(sums), weight.copy()
        for mine, total in zip(there, sums, strict=True):
            excess = (total - wanted)[..., None] / spread(mine, weight.shape[2], stride)  # (I, O, 1)
            out[:, :, mine] = move(weight[:, :, mine], excess)
        return out

    return balance


def _scaled(weight: np.ndarray, stride: int) -> np.ndarray:
    out, sums = weight.copy(), _phase_sums(weight, stride)
    for number, total in enumerate(sums):
        out[:, :, _by_remainder(weight.shape[2], stride) == number] *= (sums.mean(0) / total)[..., None]
    return out


def _phase_sums(weight: np.ndarray, stride: int) -> np.ndarray:
    phase = _by_remainder(weight.shape[2], stride)
    return np.stack([weight[:, :, phase == number].sum(-1) for number in range(stride**2)])  # (phases, I, O)


def _all_alike(weight: np.ndarray, stride: int) -> np.ndarray:
    """Sums are right, and nothing of the kernel's shape is left."""
    out, mean = weight.copy(), _phase_sums(weight, stride).mean(0)[..., None]
    for number in range(stride**2):
        mine = _by_remainder(weight.shape[2], stride) == number
        out[:, :, mine] = mean / mine.sum()
    return out


def _means_alike(
    weight: np.ndarray, stride: int, target: Callable[[np.ndarray], np.ndarray] | None = None
) -> np.ndarray:
    out, phase = weight.copy(), _by_remainder(weight.shape[2], stride)
    means = np.stack([weight[:, :, phase == number].mean(-1) for number in range(stride**2)])  # (phases, I, O)
    wanted = means.mean(0) if target is None else target(weight)
    for number, mean in enumerate(means):
        out[:, :, phase == number] += (wanted - mean)[..., None]
    return out


def _one_after_another(weight: np.ndarray, stride: int) -> np.ndarray:
    """The mean of the sums is taken anew after each phase, and has moved."""
    out, phase = weight.copy(), _by_remainder(weight.shape[2], stride)
    for number in range(stride**2):
        sums, mine = _phase_sums(out, stride), phase == number
        out[:, :, mine] -= ((sums[number] - sums.mean(0)) / mine.sum())[..., None]
    return out


def _blocks(side: int, stride: int) -> np.ndarray:
    block = np.arange(side) // -(-side // stride)
    return stride * block[:, None] + block


def _strides(side: int, stride: int) -> np.ndarray:
    block = np.arange(side) // stride
    return side * block[:, None] + block


def _diagonals(side: int, stride: int) -> np.ndarray:
    return (np.arange(side)[:, None] + np.arange(side)) % stride


def _rows(side: int, stride: int) -> np.ndarray:
    return np.repeat((np.arange(side) % stride)[:, None], side, axis=1)


def _always(stride: int) -> Answer:
    return lambda weight, _: _balance_with()(weight, stride)


def _inputs() -> list[tuple[np.ndarray, int]]:
    draw = np.random.default_rng(75)
    shapes = (((2, 3, 3, 3), 2), ((3, 2, 4, 4), 2), ((2, 2, 5, 5), 3), ((1, 2, 7, 7), 4))
    return [(draw.standard_normal(shape) + 0.3, stride) for shape, stride in shapes]


_PAIRS = "This looks like channels thrown together: each pair of an input and an output channel has its own sums."
_SPREAD = "over how many weights is a phase's excess spread? Over those of the phase itself, and phases differ in size."

BALANCE = Exercise(
    "7.5",
    reference=_balance_with(),
    inputs=_inputs(),
    mistakes=(
        Mistake(
            "This looks like weights that are scaled to the right sum; a sum near 0 would blow them up. Move them all "
            "by the same amount.",
            _scaled,
        ),
        Mistake(
            "This looks like the whole excess taken off every weight of a phase; share it among them.",
            _balance_with(spread=lambda mine, side, stride: 1),
        ),
        Mistake(f"This looks like k · k: {_SPREAD}", _balance_with(spread=lambda mine, side, stride: side**2)),
        Mistake(
            f"This looks like stride · stride: {_SPREAD}", _balance_with(spread=lambda mine, side, stride: stride**2)
        ),
        Mistake(f"This looks like k · k / stride²: {_SPREAD}", _balance_with(spread=lambda m, k, s: k**2 / s**2)),
        Mistake(
            "This looks like the excess added where it has to be taken off.",
            _balance_with(move=lambda weights, excess: weights + excess),
        ),
        Mistake(
            "This looks like sums that are all 0: a flat map would come out as 0. They are to become the mean of the "
            "sums.",
            _balance_with(target=lambda sums: 0 * sums[0]),
        ),
        Mistake(
            "This looks like the sum of all weights as every phase's sum; it is to be the mean of the sums, so that "
            "the kernel keeps its weight.",
            _balance_with(target=lambda sums: sums.sum(0)),
        ),
        Mistake(
            "This looks like the first phase's sum for all; it is to be the mean of the sums.",
            _balance_with(target=lambda sums: sums[0]),
        ),
        Mistake(
            "This looks like phases with the same mean; a pixel gets their *sum*, and phases differ in size.",
            _means_alike,
        ),
        Mistake(
            "This looks like phases with the same mean; a pixel gets their *sum*, and phases differ in size.",
            lambda weight, stride: _means_alike(weight, stride, lambda w: w.mean((2, 3))),
        ),
        Mistake(_PAIRS, _balance_with(target=lambda sums: np.full_like(sums[0], sums.mean()))),
        Mistake(_PAIRS, _balance_with(target=lambda sums: np.broadcast_to(sums.mean((0, 1)), sums[0].shape))),
        Mistake(_PAIRS, _balance_with(target=lambda s: np.broadcast_to(s.mean((0, 2))[:, None], s[0].shape))),
        *(
            Mistake(_PAIRS, _balance_with(pooled=lambda sums, axes=axes: sums.mean(axes, keepdims=True) + 0 * sums))
            for axes in ((1, 2), 1, 2)
        ),
        Mistake(
            "This looks like blocks of neighbours; stamps lie `stride` apart, so a pixel meets every stride-th weight.",
            _balance_with(phases=_blocks),
        ),
        Mistake(
            "This looks like blocks of neighbours; stamps lie `stride` apart, so a pixel meets every stride-th weight.",
            _balance_with(phases=_strides),
        ),
        Mistake(
            "This looks like diagonals: row and column have a remainder each, so there are stride · stride phases.",
            _balance_with(phases=_diagonals),
        ),
        Mistake(
            "This looks like the rows alone; a phase is a remainder of the row and one of the column.",
            _balance_with(phases=_rows),
        ),
        Mistake(
            "This looks like the columns alone; a phase is a remainder of the row and one of the column.",
            _balance_with(phases=lambda side, stride: _rows(side, stride).T),
        ),
        Mistake(
            "This looks like rows balanced, and then columns: that leaves four corners of a phase pattern. Balance the "
            "stride · stride phases at once.",
            lambda weight, stride: _balance_with(phases=lambda k, s: _rows(k, s).T)(
                _balance_with(phases=_rows)(weight, stride), stride
            ),
        ),
        Mistake("This looks like a stride of 2, whatever was asked for.", _always(2)),
        Mistake("This looks like a stride of 3, whatever was asked for.", _always(3)),
        Mistake(
            "This looks like sums that are right and a kernel that is flat: nothing is left of what it had learned. "
            "Move the weights, don't replace them.",
            _all_alike,
        ),
        Mistake(
            "This looks like a kernel that is flat: nothing is left of what it had learned.",
            lambda weight, stride: np.ones_like(weight) * weight.mean((2, 3), keepdims=True),
        ),
        Mistake(
            "This looks like a mean that is computed anew after each phase was moved: it has moved along. Compute all "
            "sums first.",
            _one_after_another,
        ),
    ),
)
check_balance = BALANCE.check
