"""A model of many styles beside true fronts and beside models that must fail: the same figures for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from minicyclegan.judging.figures import Figure
from minicyclegan.judging.segmenter import SIZE as SEGMENTER_SIZE
from minicyclegan.judging.segmenter import fcn_score
from minicyclegan.judging.style_figures import NO_LIMITS, StyleFigure, mean_figure
from minicyclegan.judging.style_tasks import NULL_KINDS, StyleTask, fresh_fronts, null_samples
from minicyclegan.judging.styles import style_report
from minicyclegan.judging.true_styles import TrueStyles, learn_styles
from minicyclegan.worlds.facades import render_label

LEAST_ACCURACY = 0.84  # of the true fronts' own


def judged(
    task: StyleTask,
    samples: np.ndarray,
    fixed: np.ndarray | None = None,
    transferred: np.ndarray | None = None,
    styles: TrueStyles | None = None,
) -> list[StyleFigure]:
    """`style_report`, and before it what a segmenter reads off the samples. Arguments as there."""
    labels = np.stack([render_label(layout, SEGMENTER_SIZE) for layout in task.layouts])  # (L, 64, 64)

    def accuracy(pictures: np.ndarray) -> np.ndarray:
        """(L, n, S, S, 3) -> (L,): samples of one label map are kin, so label maps are resampled, not samples."""
        flat = pictures.reshape(-1, *pictures.shape[2:])  # (L n, S, S, 3)
        score = fcn_score(flat, np.repeat(labels, pictures.shape[1], axis=0))
        return score.per_picture.reshape(len(labels), -1).mean(1)

    true = float(accuracy(task.fronts).mean())
    count = samples.shape[0] * samples.shape[1]
    limits = (LEAST_ACCURACY * true, None)
    first = mean_figure("FCN pixel accuracy of samples", accuracy(samples), count, true, limits)
    return [first, *style_report(task, samples, fixed, transferred, styles)]


def null_figures(task: StyleTask, n: int) -> dict[str, list[StyleFigure]]:
    """The figures of fresh true fronts, which pass, and of the models that must fail; n samples of each label map."""
    styles = learn_styles(task.size)
    samples = {"true fronts": fresh_fronts(task, n)} | {kind: null_samples(kind, task, n) for kind in NULL_KINDS}
    return {name: judged(task, pictures, styles=styles) for name, pictures in samples.items()}


def side_by_side(columns: Mapping[str, Sequence[StyleFigure | Figure]]) -> str:
    """The figures that have limits, a row each and a column a model, as text; "x" marks what is outside its limits."""
    rows = {f.name: f for figures in columns.values() for f in figures if f.limits not in (None, NO_LIMITS)}
    lines = [f"{'':46} {'limits':>12}" + "".join(f" {name:>13}" for name in columns)]
    for name, example in rows.items():
        lowest, highest = ("" if limit is None else f"{limit:.2f}" for limit in example.limits)
        line = f"{name:46} {lowest + '..' + highest:>12}"
        for figures in columns.values():
            found = next((f for f in figures if f.name == name), None)
            line += f" {'' if found is None else f'{found.value:.3f}' + (' ' if found.passes else 'x'):>13}"
        lines.append(line)
    return "\n".join(lines)
