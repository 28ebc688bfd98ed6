"""Does a model paint as many styles as there are, and good ones? The judge of samples on the world `facades`.

A model that paints one mean front is accurate, one that adds noise is diverse, one that tints covers every colour. So
no figure here counts alone: `style_report` lists them together, each with its limits and the true fronts' own value,
and `judging.style_tasks.null_samples` has the models that must fail.

What these figures do not see: whether a picture shows its own label map (of walls they see it), so a segmenter's
accuracy has to stand beside them; whether texture is bricks or noise of their strength; and, from samples alone,
whether anything but the wall's colour is diverse in more than a few ways. True fronts of two styles with walls
recoloured at will pass all but the transfer of a second parameter.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from minicyclegan.judging.fronts import STYLE_MEASURES, Parts, find_parts, measure
from minicyclegan.judging.style_figures import (
    NO_LIMITS,
    Limits,
    StyleFigure,
    correlation_figure,
    mean_figure,
    ratio_figure,
)
from minicyclegan.judging.style_tasks import StyleTask, pairwise_difference
from minicyclegan.judging.true_styles import TrueStyles, cells_met, learn_styles
from minicyclegan.worlds.facades import DARK_FRAME_PROBABILITY, WARM_WALL_PROBABILITY

FEWEST_PAIRS = 20  # for a correlation to be called the best of several


def style_report(
    task: StyleTask,
    samples: np.ndarray,
    fixed: np.ndarray | None = None,
    transferred: np.ndarray | None = None,
    styles: TrueStyles | None = None,
    seed: int = 0,
) -> list[StyleFigure]:
    """All figures of a model's samples.

    samples      (L, n, S, S, 3) uint8: n pictures of each of the task's label maps, every one with a fresh code
    fixed        (L, k, S, S, 3) uint8: k pictures of each label map that share one code
    transferred  (P, S, S, 3) uint8: label map `task.targets[p]` in the style of `task.references[p]`
    styles       `learn_styles(task.size)`, where it is at hand; else it is learnt here

    Raises ValueError for arrays of another shape or type, with the name of the one that is wrong.
    """
    size, layouts = task.size, len(task.layouts)
    _check("samples", samples, (layouts, None, size, size, 3))
    if fixed is not None:
        _check("fixed", fixed, (layouts, None, size, size, 3))
    if transferred is not None:
        _check("transferred", transferred, (len(task.targets), size, size, 3))
    styles = styles if styles is not None else learn_styles(size)
    if styles.size != size:
        raise ValueError(f"styles learnt at {styles.size} px for a task of {size} px: learn them at {size}")

    parts = task.parts
    measured = _measure_all(samples, parts)
    true = _measure_all(task.fronts, parts)
    count = samples.shape[0] * samples.shape[1]
    figures = _quality(measured, true, count, seed)
    figures += _diversity("diversity", samples, measured["wall"], task.fronts, true["wall"], (0.7, 1.3), seed)
    if fixed is not None:
        walls = _measure_all(fixed, parts)["wall"]
        figures += _diversity("fixed code", fixed, walls, task.fronts, true["wall"], (None, 0.10), seed)
    figures += _modes(task, styles, measured, true, count, seed)
    if transferred is not None:
        figures += _transfer(task, transferred, seed)
    return figures


def _check(name: str, array: np.ndarray, shape: tuple[int | None, ...]) -> None:
    fits = array.ndim == len(shape) and all(want in (None, have) for have, want in zip(array.shape, shape, strict=True))
    if not fits or array.dtype != np.uint8:
        wanted = ", ".join("n" if side is None else str(side) for side in shape)
        raise ValueError(f"{name} of shape {array.shape} and type {array.dtype}: must be ({wanted}) uint8")
    if len(shape) == 5 and array.shape[1] < 2:
        raise ValueError(f"{name} with one picture of each label map: at least two are needed to differ")


def _measure_all(pictures: np.ndarray, parts: list[Parts]) -> dict[str, np.ndarray]:
    """(L, n, S, S, 3) -> every measurement of `fronts.measure` as (L, n, ...)."""
    rows = [measure(layout, part) for layout, part in zip(pictures, parts, strict=True)]
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def _quality(measured: dict, true: dict, count: int, seed: int) -> list[StyleFigure]:
    """Sharp as bricks, even as walls: each as a ratio to the true fronts of the same layouts."""
    limits: dict[str, Limits] = {"texture": (0.6, 1.4), "patchiness": (None, 1.5), "gradient": NO_LIMITS}
    names = {"texture": "wall's texture energy", "patchiness": "wall's patchiness", "gradient": "gradient energy"}
    figures = [
        ratio_figure(
            f"quality: {names[key]}, x true", measured[key].mean(1), true[key].mean(1), count, 1.0, limit, seed
        )
        for key, limit in limits.items()
    ]
    # A mean hides a few noisy samples among many plain ones.
    roughest = np.quantile(true["texture"], 0.99)
    noisy = (measured["texture"] > roughest).mean(1)
    name = "quality: samples with rougher walls than 99 % of true ones"
    return [*figures, mean_figure(name, noisy, count, float((true["texture"] > roughest).mean()), seed=seed)]


def _diversity(
    title: str,
    samples: np.ndarray,
    walls: np.ndarray,
    true_samples: np.ndarray,
    true_walls: np.ndarray,
    limits: Limits,
    seed: int,
) -> list[StyleFigure]:
    """Mean pairwise L1 among pictures of one label map, and among their walls' mean colours.

    The whole picture's is blind to what differs: noise will do. The wall's is not, for noise averages out; but one
    channel that varies twice as much makes up for two that do not vary.
    """
    count = samples.shape[0] * samples.shape[1]
    figures = []
    for part, ours, theirs in (
        ("whole picture", pairwise_difference(samples), pairwise_difference(true_samples)),
        ("wall's colour", pairwise_difference(walls), pairwise_difference(true_walls)),
    ):
        figures.append(mean_figure(f"{title}: {part}, mean pairwise L1", ours, count, float(theirs.mean()), seed=seed))
        figures.append(ratio_figure(f"{title}: {part}, x true", ours, theirs, count, 1.0, limits, seed))
    return figures


def _modes(task: StyleTask, styles: TrueStyles, measured: dict, true: dict, count: int, seed: int) -> list[StyleFigure]:
    """Which wall colours and which discrete modes are met, and whether any that is met is a true one."""
    draws = min(measured["wall"].shape[1], true["wall"].shape[1])
    bins = len(styles.centres)
    met = [cells_met(styles.bins(walls), draws, bins) for walls in (measured["wall"], true["wall"])]
    near, true_near = (styles.near(walls).mean(1) for walls in (measured["wall"], true["wall"]))
    figures = [
        ratio_figure(f"modes: wall colours met of {bins}, x true", *met, count, 1.0, (0.8, None), seed),
        mean_figure("modes: samples near a true wall colour", near, count, float(true_near.mean()), (0.55, None), seed),
    ]
    warm, true_warm = (m["wall"][..., 0] > m["wall"][..., 2] for m in (measured, true))
    dark, true_dark = (m["frame brightness"] < styles.frames for m in (measured, true))
    figures += [
        mean_figure("modes: share of warm walls", warm.mean(1), count, WARM_WALL_PROBABILITY, seed=seed),
        mean_figure("modes: share of dark frames", dark.mean(1), count, DARK_FRAME_PROBABILITY, seed=seed),
    ]
    for name, guess, field in (("warm walls", true_warm, "warm"), ("dark frames", true_dark, "dark_frames")):
        right = guess == np.array([[getattr(style, field) for style in row] for row in task.styles])  # (L, m)
        figures.append(
            mean_figure(f"modes: rule for {name} right about true fronts", right.mean(1), right.size, seed=seed)
        )
    kinds = [cells_met(2 * w + d, draws, 4) for w, d in ((warm, dark), (true_warm, true_dark))]
    return [*figures, ratio_figure("modes: walls x frames met of 4, x true", *kinds, count, 1.0, seed=seed)]


def _transfer(task: StyleTask, transferred: np.ndarray, seed: int) -> list[StyleFigure]:
    """Is a style that was read off another front painted? Measured alike in the reference and in the result.

    Correlation is blind to a constant shift and to a weaker range, which precision and diversity see. Knowing only
    whether a true wall is warm or cool gives 0.89 in red, 0.88 in blue and 0.40 in green, so the wall's colour is also
    compared with the mean of its kind taken off.
    """
    parts = task.parts
    reference, result, truth = (
        {
            name: np.concatenate(values)
            for name, values in _columns(
                measure(picture[None], part) for picture, part in zip(pictures, of, strict=True)
            ).items()
        }
        for pictures, of in (
            (task.references, [find_parts(labels) for labels in task.reference_labels]),
            (transferred, [parts[target] for target in task.targets]),
            (task.transfers, [parts[target] for target in task.targets]),
        )
    )
    walls = reference["wall"], result["wall"], truth["wall"]  # (P, 3) each
    figures = [
        correlation_figure(f"transfer: wall's {channel}", *(wall[:, k] for wall in walls), (0.8, None), seed)
        for k, channel in enumerate(("red", "green", "blue"))
    ]
    warm = walls[0][:, 0] > walls[0][:, 2]
    within = [_less_group_mean(wall, warm) for wall in walls]  # (P, 3) each
    within_figure = correlation_figure("transfer: wall's colour, within warm or cool", *within, NO_LIMITS, seed)
    others = [
        correlation_figure(f"transfer: {name}", reference[name], result[name], truth[name], NO_LIMITS, seed)
        for name in STYLE_MEASURES
    ]
    # The best of ten correlations of a handful of pairs is high by chance; every picture has windows, so one is left.
    best = max((figure for figure in others if figure.count >= FEWEST_PAIRS), key=lambda figure: figure.value)
    name = f"transfer: best of these ({best.name.removeprefix('transfer: ')})"
    best = StyleFigure(name, best.value, best.low, best.high, best.count, best.real, (0.7, None))
    return [*figures, within_figure, *others, best]


def _columns(rows: Iterable[dict[str, np.ndarray]]) -> dict[str, list[np.ndarray]]:
    columns: dict[str, list[np.ndarray]] = {}
    for row in rows:
        for name, value in row.items():
            columns.setdefault(name, []).append(value)
    return columns


def _less_group_mean(values: np.ndarray, group: np.ndarray) -> np.ndarray:
    """(P, 3) less the mean of each of two groups, (P,) bool."""
    means = [values[group == side].mean(0) if (group == side).any() else np.zeros(3) for side in (False, True)]
    return values - np.stack(means)[group.astype(int)]
