"""Lesson 3's exercises: another light, groups of channels, running statistics; 3.3, 3.5 and 3.6 are in files beside."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import reference_numpy as rn
from checking.engine import Exercise, Mistake
from checking.lesson_3_backward import BATCH, BATCH_NORM_BACKWARD, along, features
from checking.lesson_3_blocks import REFLECT_PAD_BACKWARD, RESIDUAL_BLOCK

F = rn.functional

# Task 3.1

Light = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def _relit(picture: np.ndarray, mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Batch norm of a batch of one, with the new light for its weight and bias."""
    own = np.sqrt(picture.var((1, 2)))
    return F.batch_norm(picture[None], picture.mean((1, 2)), own**2, deviation, mean, eps=0.0).data[0]


def _from_own(change: Callable[..., np.ndarray]) -> Light:
    """Made of the picture, its own mean and deviation, and the new ones, (C, 1, 1) each."""

    def answer(picture: np.ndarray, mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
        own = picture.mean((1, 2), keepdims=True), picture.std((1, 2), keepdims=True)
        return change(picture, *own, mean.reshape(-1, 1, 1), deviation.reshape(-1, 1, 1))

    return answer


def _along_other(axes: tuple[int, ...]) -> Light:
    return lambda picture, mean, deviation: (
        along(picture, axes, 0.0) * deviation.reshape(-1, 1, 1) + mean.reshape(-1, 1, 1)
    )


def _light(channels: int, *size: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return features(1, channels, *size, seed=seed)[0], rng.normal(0, 1, channels), rng.uniform(0.3, 2, channels)


RELIT = Exercise(
    "3.1",
    reference=_relit,
    inputs=[_light(3, 4, 5, seed=1), _light(2, 3, 3, seed=2), _light(4, 2, 6, seed=3)],
    mistakes=(
        Mistake(
            "This looks like the new mean with the old contrast; the deviation is to change, too.",
            _from_own(lambda x, m, s, mean, deviation: x - m + mean),
        ),
        Mistake(
            "This looks as if the picture's own deviation stayed; divide by it before you put the new one on.",
            _from_own(lambda x, m, s, mean, deviation: (x - m) * deviation + mean),
        ),
        Mistake(
            "This looks as if the picture's own mean stayed; take it away before you put the new one on.",
            _from_own(lambda x, m, s, mean, deviation: x / s * deviation + mean),
        ),
        Mistake(
            "This looks as if nothing of the picture's own light were taken away first.",
            _from_own(lambda x, m, s, mean, deviation: x * deviation + mean),
        ),
        Mistake(
            "This looks like the picture without its own light; the new one is still to be put on.",
            _from_own(lambda x, m, s, mean, deviation: (x - m) / s),
        ),
        Mistake(
            "This looks like a division by the variance; a root is missing.",
            _from_own(lambda x, m, s, mean, deviation: (x - m) / s**2 * deviation + mean),
        ),
        Mistake(
            "This looks like the new variance put on; the scale is the deviation.",
            _from_own(lambda x, m, s, mean, deviation: (x - m) / s * deviation**2 + mean),
        ),
        Mistake(
            "This looks like a division by the new deviation; the old one is divided by, the new one multiplied.",
            _from_own(lambda x, m, s, mean, deviation: (x - m) / s / deviation + mean),
        ),
        Mistake(
            "This looks like the picture's own mean put back; the new one belongs there.",
            _from_own(lambda x, m, s, mean, deviation: (x - m) / s * deviation + m),
        ),
        Mistake(
            "This looks like a new mean that is scaled as well; first scale, then shift.",
            _from_own(lambda x, m, s, mean, deviation: ((x - m) / s + mean) * deviation),
        ),
        Mistake(
            "This looks like mean and deviation in each other's place; the deviation multiplies.",
            _from_own(lambda x, m, s, mean, deviation: (x - m) / s * mean + deviation),
        ),
        Mistake(
            "This looks like the unbiased deviation, divided by one less; here the count itself divides.",
            _from_own(
                lambda x, m, s, mean, deviation: (x - m) / x.std((1, 2), ddof=1, keepdims=True) * deviation + mean
            ),
        ),
        Mistake(
            "This looks like a result cut off at -1 and 1; it may be as large as it comes out.",
            _from_own(lambda x, m, s, mean, deviation: np.clip((x - m) / s * deviation + mean, -1, 1)),
        ),
        Mistake("This looks like one mean for all channels; each channel has its own.", _along_other((0, 1, 2))),
        Mistake("This looks like a mean over the channels; it is over the pixels of one.", _along_other((0,))),
        Mistake("This looks like a mean for each row; a channel has one, over rows and columns.", _along_other((2,))),
        Mistake(
            "This looks like a mean for each column; a channel has one, over rows and columns.", _along_other((1,))
        ),
    ),
)


# Task 3.2


def _group_norm(x: np.ndarray, groups: int, eps: float) -> np.ndarray:
    lists = x.reshape(len(x), groups, -1)  # (N, groups, C/groups · H · W)
    return rn.functional.instance_norm(lists, eps=eps).data.reshape(x.shape)


def _in_groups(answer: Callable[[np.ndarray, float], np.ndarray]) -> Callable[..., np.ndarray]:
    """Something else done to each group, given as (N, groups, C/groups · H · W)."""

    def grouped(x: np.ndarray, groups: int, eps: float) -> np.ndarray:
        return answer(x.reshape(len(x), groups, -1), eps).reshape(x.shape)

    return grouped


def _mean(x: np.ndarray) -> np.ndarray:
    return x.mean(-1, keepdims=True)


def _variance(x: np.ndarray) -> np.ndarray:
    return x.var(-1, keepdims=True)


def _interleaved(x: np.ndarray, groups: int, eps: float) -> np.ndarray:
    n, c, *size = x.shape
    split = x.reshape(n, c // groups, groups, *size)  # group k holds channels k, k + groups, k + 2 groups, …
    return along(split, (1, 3, 4), eps).reshape(x.shape)


def _by_channel_in_groups(axes: tuple[int, ...]) -> Callable[..., np.ndarray]:
    """Mean and variance along axes of (N, groups, C/groups, H, W)."""

    def answer(x: np.ndarray, groups: int, eps: float) -> np.ndarray:
        n, c, *size = x.shape
        return along(x.reshape(n, groups, c // groups, *size), axes, eps).reshape(x.shape)

    return answer


def _of_channel_and_group(statistics: Callable[..., tuple[np.ndarray, np.ndarray]]) -> Callable[..., np.ndarray]:
    """Mean and variance, from the lists of channels (N, groups, C/groups, H · W) and of groups (N, groups, 1, …)."""

    def answer(x: np.ndarray, groups: int, eps: float) -> np.ndarray:
        channel = x.reshape(len(x), groups, x.shape[1] // groups, -1)
        mean, variance = statistics(channel, x.reshape(len(x), groups, 1, -1))
        return ((channel - mean[..., None]) / np.sqrt(variance[..., None] + eps)).reshape(x.shape)

    return answer


GROUP_NORM = Exercise(
    "3.2",
    reference=_group_norm,
    inputs=[
        (features(3, 6, 3, 5), 2, 1e-5),
        (features(2, 6, 5, 4), 3, 0.5),
        (features(2, 8, 3, 4, spread=2e-3), 2, 1e-5),
    ],
    mistakes=(
        Mistake(
            "This looks like each channel by itself, instance norm; a group's channels share one mean and variance.",
            lambda x, groups, eps: along(x, (2, 3), eps),
        ),
        Mistake(
            "This looks like all channels together, layer norm; is `groups` used?",
            lambda x, groups, eps: along(x, (1, 2, 3), eps),
        ),
        Mistake(
            "This looks like mean and variance over the batch; each picture has its own.",
            _by_channel_in_groups((0, 2, 3, 4)),
        ),
        Mistake(
            "This looks like batch norm, one mean for a channel of all pictures; whose values belong together here?",
            lambda x, groups, eps: along(x, (0, 2, 3), eps),
        ),
        Mistake(
            "This looks like a mean over the batch, pixel by pixel; each picture is normalised by itself.",
            lambda x, groups, eps: along(x, (0,), eps),
        ),
        Mistake(
            "This looks like a mean over a group's channels, pixel by pixel; the pixels belong to the list as well.",
            _by_channel_in_groups((2,)),
        ),
        Mistake(
            "This looks like a mean over all channels, pixel by pixel; a group has few channels, and all the pixels.",
            lambda x, groups, eps: along(x, (1,), eps),
        ),
        Mistake(
            "This looks like groups that take every second or third channel; a group is a run of neighbours.",
            _interleaved,
        ),
        Mistake(
            "This looks as if `groups` were the size of a group; it is how many groups there are.",
            lambda x, groups, eps: _group_norm(x, x.shape[1] // groups, eps),
        ),
        Mistake(
            "This looks like the unbiased variance, divided by one less than the count; a norm divides by the count.",
            _in_groups(lambda x, eps: (x - _mean(x)) / np.sqrt(x.var(-1, ddof=1, keepdims=True) + eps)),
        ),
        Mistake(
            "This looks like an eps outside the root; it is added to the variance, before the root is taken.",
            _in_groups(lambda x, eps: (x - _mean(x)) / (np.sqrt(_variance(x)) + eps)),
        ),
        Mistake(
            "This looks like a division without eps; what happens to a group whose values hardly differ?",
            _in_groups(lambda x, eps: (x - _mean(x)) / np.sqrt(_variance(x))),
        ),
        Mistake(
            "This looks like an eps of 1e-5 whatever was asked for; use the argument.",
            lambda x, groups, eps: _group_norm(x, groups, 1e-5),
        ),
        Mistake(
            "This looks like eps squared under the root; eps belongs to the variance, which is a square already.",
            _in_groups(lambda x, eps: (x - _mean(x)) / np.sqrt(_variance(x) + eps**2)),
        ),
        Mistake(
            "This looks as if the mean were not subtracted; the result's mean should be 0.",
            _in_groups(lambda x, eps: x / np.sqrt(_variance(x) + eps)),
        ),
        Mistake(
            "This looks like a mean of squares for the variance; a variance is measured from the mean.",
            _in_groups(lambda x, eps: (x - _mean(x)) / np.sqrt(_mean(x * x) + eps)),
        ),
        Mistake(
            "This looks as if the mean were not subtracted, neither above nor in the variance.",
            _in_groups(lambda x, eps: x / np.sqrt(_mean(x * x) + eps)),
        ),
        Mistake(
            "This looks like a division by the variance itself; is a root missing?",
            _in_groups(lambda x, eps: (x - _mean(x)) / (_variance(x) + eps)),
        ),
        Mistake(
            "This looks like the mean alone; the contrast has to go as well.",
            _in_groups(lambda x, eps: x - _mean(x)),
        ),
        Mistake(
            "This looks like the first group alone; the others are to be normalised as well.",
            lambda x, groups, eps: np.concatenate(
                [_group_norm(x, groups, eps)[:, : x.shape[1] // groups], x[:, x.shape[1] // groups :]], axis=1
            ),
        ),
        Mistake(
            "This looks like each channel's own mean with the group's deviation; both belong to the group.",
            _of_channel_and_group(lambda channel, group: (channel.mean(-1), group.var(-1))),
        ),
        Mistake(
            "This looks like the mean of the channels' own variances; how far their means lie apart counts as well.",
            _of_channel_and_group(lambda channel, group: (group.mean(-1), channel.var(-1).mean(2, keepdims=True))),
        ),
    ),
)


# Task 3.4


def _update(mean: np.ndarray, variance: np.ndarray, x: np.ndarray, momentum: float) -> tuple[np.ndarray, np.ndarray]:
    mean, variance = mean.copy(), variance.copy()
    rn.functional.batch_norm(x, mean, variance, training=True, momentum=momentum)
    return mean, variance


def _towards(
    new: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]], step: Callable[..., np.ndarray] | None = None
) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """A step from the running statistics to other new ones, or another kind of step."""

    def answer(mean: np.ndarray, variance: np.ndarray, x: np.ndarray, momentum: float) -> tuple:
        move = step or (lambda old, now, momentum: old + momentum * (now - old))
        return tuple(move(old, now, momentum) for old, now in zip((mean, variance), new(x), strict=True))

    return answer


def _statistics(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return x.mean(BATCH), x.var(BATCH, ddof=1)


def _from_running(
    mean: np.ndarray, variance: np.ndarray, x: np.ndarray, momentum: float, around: np.ndarray | None = None
) -> tuple:
    centre = mean if around is None else around
    far = ((x - centre.reshape(-1, 1, 1)) ** 2).sum(BATCH) / (x[:, 0].size - 1)
    return _update(mean, variance, x, momentum)[0], variance + momentum * (far - variance)


def _all_unbiased(mean: np.ndarray, variance: np.ndarray, x: np.ndarray, momentum: float) -> tuple:
    biased = variance + momentum * (x.var(BATCH) - variance)
    return _update(mean, variance, x, momentum)[0], biased * x[:, 0].size / (x[:, 0].size - 1)


UPDATE_RUNNING = Exercise(
    "3.4",
    parts=("the running mean", "the running variance"),
    reference=_update,
    inputs=[
        (np.zeros(4), np.ones(4), features(3, 4, 2, 3), 0.1),
        (np.array([1.0, -2.0]), np.array([0.5, 3.0]), features(5, 2, 1, 3, seed=8), 0.3),
        (np.array([0.2, 0.4, -1.0]), np.array([2.0, 0.1, 1.0]), features(2, 3, 3, 2, seed=9), 0.75),
    ],
    mistakes=(
        Mistake(
            "This looks like the momentum the wrong way round; a momentum of 0.1 keeps nine tenths of the old.",
            _towards(_statistics, lambda old, now, m: m * old + (1 - m) * now),
        ),
        Mistake(
            "This looks like the biased variance; the running one is fed with the unbiased, divided by one less.",
            _towards(lambda x: (x.mean(BATCH), x.var(BATCH))),
        ),
        Mistake(
            "This looks like a standard deviation; what runs is the variance, without a root.",
            _towards(lambda x: (x.mean(BATCH), x.std(BATCH, ddof=1))),
        ),
        Mistake(
            "This looks like a standard deviation, and a biased one; what runs is the unbiased variance.",
            _towards(lambda x: (x.mean(BATCH), x.std(BATCH))),
        ),
        Mistake(
            "This looks like the average of the pictures' own variances; how far their means lie apart counts as well.",
            _towards(lambda x: (x.mean(BATCH), x.var((2, 3), ddof=1).mean(0))),
        ),
        Mistake(
            "This looks like the average of the pictures' own biased variances; take one over the batch, unbiased.",
            _towards(lambda x: (x.mean(BATCH), x.var((2, 3)).mean(0))),
        ),
        Mistake(
            "This looks like one less than the number of pictures; the count is of all a channel's values.",
            _towards(lambda x: (x.mean(BATCH), x.var(BATCH) * x[:, 0].size / (len(x) - 1))),
        ),
        Mistake(
            "This looks like one less than the pixels of one picture; the count is of all a channel's values.",
            _towards(lambda x: (x.mean(BATCH), x.var(BATCH) * x[0, 0].size / (x[0, 0].size - 1))),
        ),
        Mistake(
            "This looks like the new statistics alone; running ones remember the old.",
            _towards(_statistics, lambda old, now, m: now),
        ),
        Mistake(
            "This looks like the new added without forgetting any of the old.",
            _towards(_statistics, lambda old, now, m: old + m * now),
        ),
        Mistake(
            "This looks like all of the new and a part of the old; the two shares add up to 1.",
            _towards(_statistics, lambda old, now, m: (1 - m) * old + now),
        ),
        Mistake(
            "This looks as if the variance stood still; both statistics move.",
            lambda mean, variance, x, m: (_update(mean, variance, x, m)[0], variance),
        ),
        Mistake(
            "This looks as if the mean stood still; both statistics move.",
            lambda mean, variance, x, m: (mean, _update(mean, variance, x, m)[1]),
        ),
        Mistake(
            "This looks like a variance around the running mean; the batch's variance is measured from its own.",
            _from_running,
        ),
        Mistake(
            "This looks like variance and mean in each other's place; the order is mean, variance.",
            lambda mean, variance, x, m: _update(mean, variance, x, m)[::-1],
        ),
        Mistake(
            "This looks like statistics that did not move at all.",
            lambda mean, variance, x, m: (mean, variance),
        ),
        Mistake(
            "This looks like a momentum of 0.1 whatever was asked for; use the argument.",
            lambda mean, variance, x, m: _update(mean, variance, x, 0.1),
        ),
        Mistake(
            "This looks like one mean and one variance for all channels; each channel has its own.",
            _towards(lambda x: (x.mean(), x.var(ddof=1))),
        ),
        Mistake(
            "This looks like the momentum the wrong way round for the variance alone.",
            lambda mean, variance, x, m: (_update(mean, variance, x, m)[0], _update(mean, variance, x, 1 - m)[1]),
        ),
        Mistake(
            "This looks like the batch's variance alone; the running one remembers the old, as the mean does.",
            lambda mean, variance, x, m: (_update(mean, variance, x, m)[0], _statistics(x)[1]),
        ),
        Mistake(
            "This looks like a correction of the whole running variance; only the batch's is made unbiased.",
            _all_unbiased,
        ),
        Mistake(
            "This looks like squares that are not centred; a variance is measured from the mean.",
            _towards(lambda x: (x.mean(BATCH), (x**2).sum(BATCH) / (x[:, 0].size - 1))),
        ),
        Mistake(
            "This looks like a variance around the new running mean; the batch's is measured from its own.",
            lambda mean, variance, x, m: _from_running(mean, variance, x, m, around=_update(mean, variance, x, m)[0]),
        ),
        Mistake(
            "This looks like an old mean that is multiplied by the momentum, too; its share is 1 − momentum.",
            lambda mean, variance, x, m: (m * mean + m * x.mean(BATCH), _update(mean, variance, x, m)[1]),
        ),
    ),
)

check_relit = RELIT.check
check_group_norm = GROUP_NORM.check
check_batch_norm_backward = BATCH_NORM_BACKWARD.check
check_update_running = UPDATE_RUNNING.check
check_reflect_pad_backward = REFLECT_PAD_BACKWARD.check
check_residual_block = RESIDUAL_BLOCK.check
