"""Lesson 7, identity, image pool, schedule: tint and learning rates; pool, average and phases have a file each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from checking.engine import Answer, Exercise, Mistake
from checking.lesson_7_average import check_contributions
from checking.lesson_7_phases import check_balance
from checking.lesson_7_pool import check_query
from minicyclegan.training.config import learning_rate_factor

__all__ = ["check_balance", "check_contributions", "check_query", "check_schedule", "check_tint"]

# ---- Task 7.1: how far colours have drifted -----------------------------------------------------------------------

Part = Callable[[np.ndarray], np.ndarray]


def _all_pixels(difference: np.ndarray) -> np.ndarray:
    return difference.mean((0, 1, 2))


def _less_brightness(rise: np.ndarray) -> np.ndarray:
    return rise - rise.mean(-1, keepdims=True)


def _tint_with(
    difference: Callable[[np.ndarray, np.ndarray], np.ndarray] = lambda before, after: after - before,
    pixels: Part = _all_pixels,
    colour: Part = _less_brightness,
) -> Answer:
    """The right tint, of which any part may be wrong."""
    return lambda before, after: colour(pixels(difference(before, after)))


def _pictures() -> list[tuple[np.ndarray, np.ndarray]]:
    draw = np.random.default_rng(71)

    def pair(count: int, height: int, width: int, shift: Sequence[float], noise: float) -> tuple[np.ndarray, ...]:
        before = draw.uniform(0.2, 0.6, (count, height, width, 3))
        return before, before + np.array(shift) + noise * draw.uniform(-1, 1, before.shape)

    return [
        pair(2, 5, 4, (0.15, 0.02, -0.05), 0.1),
        pair(3, 4, 6, (-0.03, 0.05, 0.12), 0.15),
        pair(1, 6, 3, (0.1, 0.16, 0.01), 0.02),
    ]


TINT = Exercise(
    "7.1",
    reference=_tint_with(),
    inputs=_pictures(),
    mistakes=(
        Mistake(
            "This looks like the brightness left in: where red, green and blue rise alike, a picture gets brighter, "
            "not tinted. Subtract the mean of the three.",
            _tint_with(colour=lambda rise: rise),
        ),
        Mistake(
            "This looks like the size of the differences, without their sign: changes up and down then add up to a "
            "tint where they should cancel.",
            _tint_with(difference=lambda before, after: np.abs(after - before)),
        ),
        Mistake(
            "This looks like squared differences: changes up and down then add up to a tint where they should cancel.",
            _tint_with(difference=lambda before, after: (after - before) ** 2),
        ),
        Mistake(
            "This looks like the tint without its sign: whether a picture has more red or less has to show.",
            _tint_with(colour=lambda rise: np.abs(_less_brightness(rise))),
        ),
        Mistake(
            "This looks like before minus after: what has become redder should have a positive red.",
            _tint_with(difference=lambda before, after: before - after),
        ),
        Mistake(
            "This looks like a tint for each picture; the task asks for one over all of them.",
            _tint_with(pixels=lambda difference: difference.mean((1, 2))),
        ),
        Mistake(
            "This looks like a tint for each pixel; the task asks for one over all of them.",
            _tint_with(pixels=lambda difference: difference.mean(0)),
        ),
        Mistake(
            "This looks like the first picture alone.",
            _tint_with(pixels=lambda difference: difference[0].mean((0, 1))),
        ),
        Mistake(
            "This looks like the colour of `after` itself; how far has it moved from `before`?",
            _tint_with(difference=lambda before, after: after),
        ),
        Mistake(
            "This looks like the colour of `before` itself; how far is `after` from it?",
            _tint_with(difference=lambda before, after: before),
        ),
        Mistake(
            "This looks like a ratio of after and before; a shift is a difference.",
            lambda before, after: _less_brightness(_all_pixels(after) / _all_pixels(before)),
        ),
        Mistake(
            "This looks like a sum over the pixels; a larger picture would then have a stronger tint.",
            _tint_with(pixels=lambda difference: difference.sum((0, 1, 2))),
        ),
        Mistake(
            "This looks like green taken for the brightness; it is the mean of all three channels.",
            _tint_with(colour=lambda rise: rise - rise[1]),
        ),
        Mistake(
            "This looks like red taken for the brightness; it is the mean of all three channels.",
            _tint_with(colour=lambda rise: rise - rise[0]),
        ),
        Mistake(
            "This looks like a division by the brightness; subtract it.",
            _tint_with(colour=lambda rise: rise / rise.mean()),
        ),
        Mistake(
            "This looks like a tint in units of its own deviation; leave the numbers as large as they are.",
            _tint_with(colour=lambda rise: (rise - rise.mean()) / rise.std()),
        ),
        Mistake(
            "This looks like steps of 255; the pictures are in [0, 1], and so is the shift.",
            _tint_with(colour=lambda rise: 255 * _less_brightness(rise)),
        ),
        Mistake(
            "This looks like a median over the pixels; the task asks for the mean.",
            _tint_with(pixels=lambda difference: np.median(difference, axis=(0, 1, 2))),
        ),
        *(
            Mistake(
                "This looks like one number; each of red, green and blue has its own.",
                _tint_with(colour=lambda rise, size=size: size(_less_brightness(rise))),
            )
            for size in (
                lambda tint: np.abs(tint).mean(),
                lambda tint: np.abs(tint).sum(),
                lambda tint: np.abs(tint).max(),
                np.linalg.norm,
                np.mean,
            )
        ),
    ),
)
check_tint = TINT.check


# ---- Task 7.3: spot the bug that trains the last epoch for nothing ------------------------------------------------


def _schedule(base: float, epochs: int, decay_epochs: int) -> list[float]:
    """By the package, whose run of as many steps is cut so that its share of decay is exact."""
    share = decay_epochs / epochs
    return [base * learning_rate_factor(epoch, epochs, share) for epoch in range(epochs)]


def _each(factor: Callable[[int, int, int], float]) -> Answer:
    """`factor` takes the epoch, counted from 0, how many there are, and how many of them fall."""
    return lambda base, epochs, decay_epochs: [base * factor(epoch, epochs, decay_epochs) for epoch in range(epochs)]


def _as_found(first: int, less: int = 0) -> Answer:
    """The public rule, with epochs counted from `first`, and `less` taken off the length of the fall."""

    def factor(epoch: int, epochs: int, decay_epochs: int) -> float:
        over = max(0, epoch + first + 1 - (epochs - decay_epochs))
        return 1.0 - over / max(1, decay_epochs + 1 - less)

    return _each(factor)


def _falling(epoch: int, epochs: int, decay_epochs: int) -> float:
    """The straight line, also where it is above 1."""
    return (epochs - epoch) / decay_epochs if decay_epochs else 1.0


def _compounding(base: float, epochs: int, decay_epochs: int) -> list[float]:
    return [base * rate for rate in np.cumprod(_each(lambda *at: min(1.0, _falling(*at)))(1.0, epochs, decay_epochs))]


SCHEDULE = Exercise(
    "7.3",
    reference=_schedule,
    inputs=[(1.0, 5, 4), (2e-4, 20, 10), (0.1, 6, 6), (0.01, 7, 1), (0.3, 4, 0)],
    mistakes=(
        Mistake(
            "This looks like the code as found: its last rate is 0, and the fall begins one epoch early.",
            _as_found(1),
        ),
        Mistake(
            "This looks like the code as found with its epochs counted from 0. The last rate is no longer 0, but the "
            "fall still begins one epoch early, because it is divided by decay_epochs + 1; compare the example.",
            _as_found(0),
        ),
        *(
            Mistake("This looks like a fall that reaches 0 in the last epoch: nothing is learned in it.", answer)
            for answer in (
                lambda base, epochs, decay: [base] * (epochs - decay) + list(np.linspace(base, 0, decay)),
                lambda base, epochs, decay: [base] * (epochs - decay) + list(np.linspace(base, 0, decay + 1)[1:]),
                _each(lambda epoch, epochs, decay: min(1.0, _falling(epoch + 1, epochs, decay))),
                _each(
                    lambda epoch, epochs, decay: min(1.0, (epochs - epoch - 1) / max(1, decay - 1)) if decay else 1.0
                ),
            )
        ),
        Mistake(
            "This looks like a fall from the first epoch on; it has to wait for the last decay_epochs epochs.",
            _each(lambda epoch, epochs, decay: (epochs - epoch) / epochs),
        ),
        Mistake(
            "This looks like a line that is not cut off at base: before the fall the rate would be higher than base.",
            _each(_falling),
        ),
        Mistake(
            "This looks like factors multiplied from epoch to epoch: each rate is a factor times base, not times the "
            "rate before it.",
            _compounding,
        ),
        Mistake(
            "This looks like factors alone; multiply them by base.",
            lambda base, epochs, decay: _schedule(1.0, epochs, decay),
        ),
        Mistake(
            "This looks like whole-number division: // drops what makes the line slope.",
            _each(lambda epoch, epochs, decay: min(1, (epochs - epoch) // max(1, decay))),
        ),
        Mistake(
            "This looks like the two halves exchanged: decay_epochs says how many epochs fall, not how many stay.",
            _each(lambda epoch, epochs, decay: min(1.0, (epochs - epoch) / max(1, epochs - decay))),
        ),
        Mistake(
            "This looks like one rate in place of a list of them; each epoch has its own.",
            lambda base, epochs, decay: _schedule(base, epochs, decay)[-1],
        ),
        Mistake(
            "This looks like a step down in place of a line: the rate falls by the same amount in each epoch.",
            _each(lambda epoch, epochs, decay: 1.0 if epoch < epochs - decay else 0.5),
        ),
        Mistake(
            "This looks like a step down in place of a line: the rate falls by the same amount in each epoch.",
            _each(lambda epoch, epochs, decay: 1.0 if epoch < epochs - decay else 0.1),
        ),
        Mistake(
            "This looks like a cosine in place of a straight line.",
            _each(
                lambda epoch, epochs, decay: 0.5 + 0.5 * np.cos(np.pi * max(0, epoch - epochs + decay) / max(1, decay))
            ),
        ),
        Mistake(
            "This looks like one epoch missing; there are as many rates as epochs.",
            lambda base, epochs, decay: _schedule(base, epochs, decay)[1:],
        ),
        Mistake(
            "This looks like one epoch missing; there are as many rates as epochs.",
            lambda base, epochs, decay: _schedule(base, epochs, decay)[:-1],
        ),
        Mistake(
            "This looks like one epoch too many; there are as many rates as epochs.",
            lambda base, epochs, decay: [*_schedule(base, epochs, decay), 0.0],
        ),
    ),
)
check_schedule = SCHEDULE.check
