"""What a model of many styles is asked to paint, the true answers, and answers that must not pass for good ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from minicyclegan.judging.fronts import Parts, find_parts, measure
from minicyclegan.judging.metrics import pairwise_difference
from minicyclegan.worlds import draw_scene
from minicyclegan.worlds.facades import FACADES, PALETTE, Layout, Style, render_front, render_label, sample_style

NULL_KINDS = ("mean", "mean + noise", "mean + tint", "two styles")


@dataclass(frozen=True)
class StyleTask:
    """L test layouts, m true fronts of each, and P reference fronts of other layouts; S pixels to the side.

    The model paints `samples` from `label_pictures`, and for a transfer paints `label_pictures[targets[p]]` in the
    style of `references[p]`.
    """

    size: int
    layouts: tuple[Layout, ...]
    styles: tuple[tuple[Style, ...], ...]  # L times m
    labels: np.ndarray  # (L, S, S) uint8, class indices
    fronts: np.ndarray  # (L, m, S, S, 3) uint8, of `styles`
    references: np.ndarray  # (P, S, S, 3) uint8
    reference_labels: np.ndarray  # (P, S, S) uint8
    targets: np.ndarray  # (P,) which of the L layouts to paint
    transfers: np.ndarray  # (P, S, S, 3) uint8, what a perfect transfer would be

    @property
    def label_pictures(self) -> np.ndarray:
        """The model's inputs, (L, S, S, 3) uint8."""
        return PALETTE[self.labels]

    @property
    def parts(self) -> list[Parts]:
        return [find_parts(labels) for labels in self.labels]


def style_task(count: int = 24, size: int = 64, seed: int = 0, styles: int = 16, references: int = 96) -> StyleTask:
    """Draws a task from fresh test scenes, a function of its arguments; about 700 pictures with the defaults.

    Layouts and references are test scenes of the world's seed `seed`; no reference shares its layout with a target.
    At least 2 layouts, 2 styles, 24 references and 64 px are needed for every figure.
    """
    rng = np.random.default_rng([seed, 1])
    scenes = [draw_scene(FACADES, "test", "A", index, seed) for index in range(count + references)]
    layouts, others = tuple(scene.layout for scene in scenes[:count]), scenes[count:]
    targets = np.arange(references) % count
    looks = tuple(tuple(sample_style(rng) for _ in range(styles)) for _ in layouts)
    return StyleTask(
        size=size,
        layouts=layouts,
        styles=looks,
        labels=np.stack([render_label(layout, size) for layout in layouts]),
        fronts=np.stack(
            [[render_front(layout, look, size) for look in row] for layout, row in zip(layouts, looks, strict=True)]
        ),
        references=np.stack([render_front(scene.layout, scene.style, size) for scene in others]),
        reference_labels=np.stack([render_label(scene.layout, size) for scene in others]),
        targets=targets,
        transfers=np.stack(
            [render_front(layouts[target], scene.style, size) for target, scene in zip(targets, others, strict=True)]
        ),
    )  # fmt: skip


def fresh_fronts(task: StyleTask, n: int) -> np.ndarray:
    """n more true fronts of every layout, (L, n, S, S, 3) uint8: what a perfect model would paint."""
    rng = np.random.default_rng([0, 2])
    return np.stack([[render_front(layout, sample_style(rng), task.size) for _ in range(n)] for layout in task.layouts])


def null_samples(kind: str, task: StyleTask, n: int) -> np.ndarray:
    """Samples of a model that has not understood the task, (L, n, S, S, 3) uint8; each looks good in some figure.

    mean           the mean of each layout's true fronts, n times: scores 0.88 x real in pixel accuracy
    mean + noise   the same with noise in every pixel, as much as gives the true mean difference between samples
    mean + tint    the same with a colour added that varies as the true walls' colours do
    two styles     true fronts, sharp and correct, but all in one of two styles: one warm, one cool
    """
    rng = np.random.default_rng([0, 3])
    if kind == "two styles":
        styles = [sample_style(rng) for _ in range(64)]
        warm_and_dark = next(style for style in styles if style.warm and style.dark_frames)
        cool_and_bright = next(style for style in styles if not style.warm and not style.dark_frames)
        pair = (warm_and_dark, cool_and_bright)
        painted = np.stack([[render_front(layout, style, task.size) for style in pair] for layout in task.layouts])
        return painted[:, np.arange(n) % 2]
    mean = task.fronts.mean(1, keepdims=True)  # (L, 1, S, S, 3)
    mean = np.repeat(mean, n, axis=1)  # (L, n, S, S, 3)
    if kind == "mean":
        change = np.zeros_like(mean)
    elif kind == "mean + noise":
        # Two normal deviates differ by 2 / sqrt(pi) of their deviation in the mean.
        difference = float(pairwise_difference(task.fronts).mean())
        change = rng.normal(0, 255 * difference * np.sqrt(np.pi) / 2, mean.shape)
    else:  # mean + tint
        walls = [measure(fronts, parts)["wall"].numpy() for fronts, parts in zip(task.fronts, task.parts, strict=True)]
        covariance = np.mean([np.cov(wall.T) for wall in walls], axis=0)  # (3, 3)
        tints = 255 * rng.multivariate_normal(np.zeros(3), covariance, mean.shape[:2])  # (L, n, 3)
        change = tints[:, :, None, None]
    return np.rint(np.clip(mean + change, 0, 255)).astype(np.uint8)
