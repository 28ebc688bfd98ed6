"""Does a model paint as many styles as there are, and good ones? The judge of samples on the world `facades`.

A model that paints one mean front is accurate, one that adds noise is diverse, one that tints covers every colour. So
no figure here counts alone: `style_report` lists them together, each with its limits and the true fronts' own value,
and `judging.style_tasks.null_samples` has the models that must fail.

What these figures do not see: whether texture is bricks or noise of their strength; and, from samples alone, whether
anything but the wall's colour is diverse in more than a few ways. True fronts of two styles with walls recoloured at
will pass all but the transfer of a second parameter.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import comb

import numpy as np
import torch
from torch import Tensor

from minicyclegan.judging.figures import Figure, Limits, Values, as_array, figure, resampled
from minicyclegan.judging.fronts import STYLE_MEASURES, Parts, find_parts, measure
from minicyclegan.judging.metrics import Images, as_tensor, pairwise_difference
from minicyclegan.judging.segmenter import SIZE as SEGMENTER_SIZE
from minicyclegan.judging.segmenter import fcn_score
from minicyclegan.judging.style_tasks import NULL_KINDS, StyleTask, fresh_fronts, null_samples
from minicyclegan.worlds import draw_scene
from minicyclegan.worlds.facades import DARK_FRAME_PROBABILITY, FACADES, WARM_WALL_PROBABILITY, render_label

LEAST_ACCURACY = 0.84  # of the true fronts' own
FEWEST_PAIRS = 20  # for a correlation to be called the best of several
REAL_PRECISION = 0.86

Measured = dict[str, np.ndarray]  # every measurement of `fronts.measure`, (L, n, ...)


# ---- What true fronts look like ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class TrueStyles:
    """What training fronts of one size look like: against this, samples are counted as near or far, dark or bright.

    colours  (n, 3) wall colours of training fronts
    centres  (bins, 3) the bins' centres: a colour is in the bin whose centre is nearest
    radius   a distance between wall colours: 0.86 of the training fronts have another one's nearer than that
    frames   frame brightness halfway between dark and bright ones
    """

    colours: np.ndarray
    centres: np.ndarray
    radius: float
    frames: float

    def bins(self, walls: np.ndarray) -> np.ndarray:
        """(..., 3) wall colours -> (...) indices of bins."""
        return _distances(walls, self.centres).argmin(-1)

    def near(self, walls: np.ndarray) -> np.ndarray:
        """(..., 3) wall colours -> (...) whether some true wall has nearly that colour."""
        return _distances(walls, self.colours).min(-1) <= self.radius


@cache
def learn_styles(size: int = 64, count: int = 300, bins: int = 16, seed: int = 0) -> TrueStyles:
    """Bins, radius and frame threshold from `count` training fronts of the world.

    The bins are k-means cells (Lloyd 1982) of their wall colours: they lie where true colours are, so each can be
    reached and none is empty. 16 of them, because 16 true fronts of one layout then meet about two thirds: far from
    none, and far from all, where a ratio to the truth would say nothing.
    """
    scenes = [draw_scene(FACADES, "train", "B", index, seed) for index in range(count)]
    fronts = np.stack([FACADES.render(scene, "B", size) for scene in scenes])[:, None]  # (count, 1, size, size, 3)
    measured = _measure_all(fronts, [find_parts(FACADES.truth(scene, size)["labels"]) for scene in scenes])
    colours, brightness = measured["wall"][:, 0], measured["frame brightness"][:, 0]
    dark = np.array([scene.style.dark_frames for scene in scenes])
    apart = _distances(colours, colours)  # (count, count)
    np.fill_diagonal(apart, np.inf)
    return TrueStyles(
        colours=colours,
        centres=_k_means(colours, bins, np.random.default_rng(seed)),
        radius=float(np.quantile(apart.min(1), REAL_PRECISION)),
        frames=float((brightness[dark].mean() + brightness[~dark].mean()) / 2),
    )


def _distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(..., 3), (k, 3) -> (..., k)."""
    return np.linalg.norm(first[..., None, :] - second, axis=-1)


def _k_means(points: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    # First centres are drawn far from each other (k-means++, Arthur and Vassilvitskii 2007).
    centres = points[rng.integers(len(points))][None]
    while len(centres) < count:
        weights = _distances(points, centres).min(1) ** 2
        centres = np.concatenate([centres, points[rng.choice(len(points), p=weights / weights.sum())][None]])
    for _ in range(50):
        nearest = _distances(points, centres).argmin(1)
        cells = [points[nearest == k] for k in range(count)]
        centres = np.stack([cell.mean(0) if len(cell) else own for cell, own in zip(cells, centres, strict=True)])
    return centres


# ---- The report --------------------------------------------------------------------------------------------------


def style_report(
    task: StyleTask, samples: Images, fixed: Images | None = None, transferred: Images | None = None
) -> list[Figure]:
    """All figures of a model's samples, uint8 arrays (..., S, S, 3) or tensors (..., 3, S, S).

    samples      (L, n, …): n pictures of each of the task's label maps, every one with a fresh code
    fixed        (L, k, …): k pictures of each label map that share one code
    transferred  (P, …): label map `task.targets[p]` in the style of `task.references[p]`

    Raises ValueError for pictures of another shape or type, with the name of what is wrong.
    """
    samples, styles = _checked("samples", samples, task, len(task.layouts)), learn_styles(task.size)
    parts, fronts = task.parts, as_tensor(task.fronts).to(samples.device)
    measured, true = _measure_all(samples, parts), _measure_all(fronts, parts)
    figures = [_accuracy(task, samples, fronts), *_quality(measured, true)]
    figures += _diversity("diversity", samples, measured, fronts, true, (0.7, 1.3))
    if fixed is not None:
        fixed = _checked("fixed", fixed, task, len(task.layouts))
        figures += _diversity("fixed code", fixed, _measure_all(fixed, parts), fronts, true, (None, 0.10))
    figures += _modes(task, styles, measured, true)
    if transferred is not None:
        figures += _transfer(task, _checked("transferred", transferred, task, len(task.targets), several=False))
    return figures


def _checked(name: str, images: Images, task: StyleTask, length: int, several: bool = True) -> Tensor:
    x, size = as_tensor(images), task.size
    wanted = (length, *x.shape[1:2], 3, size, size) if several else (length, 3, size, size)
    if x.shape != wanted or x.dtype != torch.uint8:
        shape = f"({length}, {'n, ' if several else ''}{size}, {size}, 3)"
        raise ValueError(f"{name} of shape {tuple(images.shape)} and type {images.dtype}: must be {shape} uint8")
    if several and x.shape[1] < 2:
        raise ValueError(f"{name} with one picture of each label map: at least two are needed to differ")
    return x


def _measure_all(images: Images, parts: Sequence[Parts]) -> Measured:
    """n pictures of each label map; or of P pictures (P, …) and as many label maps the measurements (P, ...)."""
    rows = [measure(of_layout, part) for of_layout, part in zip(images, parts, strict=True)]
    return {name: as_array(torch.stack([row[name] for row in rows])) for name in rows[0]}


def _accuracy(task: StyleTask, samples: Tensor, fronts: Tensor) -> Figure:
    """What a segmenter reads off the samples."""
    labels = np.stack([render_label(layout, SEGMENTER_SIZE) for layout in task.layouts])  # (L, 64, 64)

    def accuracy(images: Tensor) -> np.ndarray:
        """(L, n, …) -> (L,): samples of one label map are kin, so label maps are resampled, not samples."""
        score = fcn_score(images.flatten(0, 1), np.repeat(labels, images.shape[1], axis=0))
        return score.per_picture.reshape(len(labels), -1).mean(1)

    real = float(accuracy(fronts).mean())
    limits = (LEAST_ACCURACY * real, None)
    return figure("FCN pixel accuracy of samples", accuracy(samples), real=real, limits=limits, each=samples.shape[1])


def _quality(measured: Measured, true: Measured) -> list[Figure]:
    """Sharp as bricks, even as walls: each as a ratio to the true fronts of the same layouts."""
    n = measured["wall"].shape[1]
    wanted: dict[str, tuple[str, Limits | None]] = {
        "texture": ("wall's texture energy", (0.6, 1.4)),
        "patchiness": ("wall's patchiness", (None, 1.5)),
        "gradient": ("gradient energy", None),
    }
    figures = [
        _ratio(f"quality: {name}", measured[key].mean(1), true[key].mean(1), n, limits)
        for key, (name, limits) in wanted.items()
    ]
    # A mean hides a few noisy samples among many plain ones.
    noisy, real = (m["texture"] > np.quantile(true["texture"], 0.99) for m in (measured, true))
    name = "quality: samples with rougher walls than 99 % of true ones"
    return [*figures, figure(name, noisy.mean(1), real=float(real.mean()), each=n)]


def _ratio(name: str, values: Values, per: Values, each: int, limits: Limits | None = None) -> Figure:
    return figure(f"{name}, x true", values, per, each, real=1.0, limits=limits)


def _diversity(
    title: str, samples: Tensor, measured: Measured, fronts: Tensor, true: Measured, limits: Limits
) -> list[Figure]:
    """Mean pairwise L1 among pictures of one label map, and among their walls' mean colours.

    The whole picture's is blind to what differs: noise will do. The wall's is not, for noise averages out; but one
    channel that varies twice as much makes up for two that do not vary.
    """
    n, figures = samples.shape[1], []
    walls = torch.from_numpy(measured["wall"]), torch.from_numpy(true["wall"])
    for part, of in {"whole picture": (samples, fronts), "wall's colour": walls}.items():
        ours, theirs = map(pairwise_difference, of)
        name = f"{title}: {part}"
        figures.append(figure(f"{name}, mean pairwise L1", ours, real=float(theirs.mean()), each=n))
        figures.append(_ratio(name, ours, theirs, n, limits))
    return figures


def _modes(task: StyleTask, styles: TrueStyles, measured: Measured, true: Measured) -> list[Figure]:
    """Which wall colours and which discrete modes are met, and whether any that is met is a true one."""
    both, n = (measured, true), measured["wall"].shape[1]
    draws, bins = min(m["wall"].shape[1] for m in both), len(styles.centres)
    met = [cells_met(styles.bins(m["wall"]), draws, bins) for m in both]
    near, true_near = (styles.near(m["wall"]).mean(1) for m in both)
    warm, true_warm = (m["wall"][..., 0] > m["wall"][..., 2] for m in both)
    dark, true_dark = (m["frame brightness"] < styles.frames for m in both)
    kinds = [cells_met(2 * w + d, draws, 4) for w, d in ((warm, dark), (true_warm, true_dark))]
    near_limits = {"real": float(true_near.mean()), "limits": (0.55, None)}
    figures = [
        _ratio(f"modes: wall colours met of {bins}", *met, n, (0.8, None)),
        figure("modes: samples near a true wall colour", near, each=n, **near_limits),
        figure("modes: share of warm walls", warm.mean(1), each=n, real=WARM_WALL_PROBABILITY),
        figure("modes: share of dark frames", dark.mean(1), each=n, real=DARK_FRAME_PROBABILITY),
    ]
    for name, guess, field in (("warm walls", true_warm, "warm"), ("dark frames", true_dark, "dark_frames")):
        right = guess == np.array([[getattr(style, field) for style in row] for row in task.styles])  # (L, m)
        figures.append(figure(f"modes: rule for {name} right about true fronts", right.mean(1), each=right.shape[1]))
    return [*figures, _ratio("modes: walls x frames met of 4", *kinds, n)]


def cells_met(cells: np.ndarray, draws: int, count: int) -> np.ndarray:
    """How many of `count` cells so many draws from each layout's samples meet, expected; (L, n) indices -> (L,).

    Of n samples, c in a cell, a draw without replacement of k misses it with probability C(n - c, k) / C(n, k). So
    sets of different sizes can be compared at the same number of draws.
    """
    n = cells.shape[1]
    missed = np.array([comb(n - c, draws) / comb(n, draws) for c in range(n + 1)])
    held = np.stack([(cells == cell).sum(1) for cell in range(count)], axis=1)  # (L, count)
    return (1 - missed[held]).sum(1)


def _transfer(task: StyleTask, transferred: Tensor) -> list[Figure]:
    """Is a style that was read off another front painted? Measured alike in the reference and in the result.

    Correlation is blind to a constant shift and to a weaker range, which precision and diversity see. Knowing only
    whether a true wall is warm or cool gives 0.89 in red, 0.88 in blue and 0.40 in green, so the wall's colour is also
    compared with the mean of its kind taken off.
    """
    parts, others = task.parts, [find_parts(labels) for labels in task.reference_labels]
    targets = [parts[target] for target in task.targets]
    reference, result, truth = (
        {name: values[:, 0] for name, values in _measure_all(images[:, None], of).items()}  # (P, ...) each
        for images, of in (
            (as_tensor(task.references).to(transferred.device), others),
            (transferred, targets),
            (as_tensor(task.transfers).to(transferred.device), targets),
        )
    )
    walls = reference["wall"], result["wall"], truth["wall"]  # (P, 3) each
    figures = [
        correlation_figure(f"transfer: wall's {channel}", *(wall[:, k] for wall in walls), (0.8, None))
        for k, channel in enumerate(("red", "green", "blue"))
    ]
    warm = walls[0][:, 0] > walls[0][:, 2]
    within = [_less_group_mean(wall, warm) for wall in walls]  # (P, 3) each
    figures.append(correlation_figure("transfer: wall's colour, within warm or cool", *within))
    measures = [
        correlation_figure(f"transfer: {name}", reference[name], result[name], truth[name]) for name in STYLE_MEASURES
    ]
    # The best of ten correlations of a handful of pairs is high by chance; every picture has windows, so one is left.
    best = max((found for found in measures if found.count >= FEWEST_PAIRS), key=lambda found: found.value)
    name = f"transfer: best of these ({best.name.removeprefix('transfer: ')})"
    return [*figures, *measures, replace(best, name=name, limits=(0.7, None))]


def _less_group_mean(values: np.ndarray, group: np.ndarray) -> np.ndarray:
    """(P, 3) less the mean of each of two groups, (P,) bool."""
    means = [values[group == side].mean(0) if (group == side).any() else np.zeros(3) for side in (False, True)]
    return values - np.stack(means)[group.astype(int)]


def correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Pearson's over the last axis, (..., P) -> (...); 0 where one of them does not vary: nothing was transferred."""
    first, second = (values - values.mean(-1, keepdims=True) for values in (first, second))
    spread = np.sqrt((first**2).sum(-1) * (second**2).sum(-1))
    return np.where(spread > 1e-12, (first * second).sum(-1) / np.maximum(spread, 1e-12), 0.0)


def correlation_figure(
    name: str, reference: np.ndarray, result: np.ndarray, truth: np.ndarray, limits: Limits | None = None
) -> Figure:
    """Correlation of a measurement between references and results, (P,) or (P, c) each; `truth`: of perfect transfers.

    Pairs in which it can't be measured (no roof, no sky) are left out and not counted. Values of one pair are resampled
    together.
    """
    known = np.isfinite(np.stack([reference, result, truth])).reshape(3, len(reference), -1).all((0, 2))  # (P,)
    count = int(known.sum())
    if count < 3:
        return Figure(name, math.nan, math.nan, math.nan, count, None, limits)
    reference, result, truth = reference[known], result[known], truth[known]

    def of_draws(draws: np.ndarray) -> np.ndarray:
        return correlation(reference[draws].reshape(len(draws), -1), result[draws].reshape(len(draws), -1))

    real = float(correlation(reference.ravel(), truth.ravel()))
    return resampled(name, of_draws, count, real=real, limits=limits)


# ---- Models that must fail ---------------------------------------------------------------------------------------


def null_figures(task: StyleTask, n: int) -> dict[str, list[Figure]]:
    """The figures of fresh true fronts, which pass, and of the models that must fail; n samples of each label map."""
    samples = {"true fronts": fresh_fronts(task, n)} | {kind: null_samples(kind, task, n) for kind in NULL_KINDS}
    return {name: style_report(task, fronts) for name, fronts in samples.items()}


def side_by_side(columns: Mapping[str, Sequence[Figure]]) -> str:
    """The figures that have limits, a row each and a column a model, as text; "x" marks what is outside its limits."""
    rows = {found.name: found for figures in columns.values() for found in figures if found.limits is not None}
    lines = [f"{'':46} {'limits':>12}" + "".join(f" {name:>13}" for name in columns)]
    for name, example in rows.items():
        lowest, highest = ("" if limit is None else f"{limit:.2f}" for limit in example.limits)
        line = f"{name:46} {lowest + '..' + highest:>12}"
        for figures in columns.values():
            found = next((f for f in figures if f.name == name), None)
            line += f" {'' if found is None else f'{found.value:.3f}' + (' ' if found.passes else 'x'):>13}"
        lines.append(line)
    return "\n".join(lines)
