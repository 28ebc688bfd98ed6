"""What is measured of one trained setting: the same test pictures for every row of a table, one number a measure.

Pictures are compared after rounding to 8 bits, at 64 px.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import torch

from minicyclegan.data.images import from_tensor, to_tensor
from minicyclegan.judging.coat import CoatJudge, background_change, calibrate
from minicyclegan.judging.fronts import find_parts, measure
from minicyclegan.judging.metrics import gradient_energy, l1
from minicyclegan.judging.segmenter import confusion, fcn_score, read_labels, score
from minicyclegan.judging.style_tasks import StyleTask, pairwise_difference, style_task
from minicyclegan.judging.styles import style_report
from minicyclegan.judging.true_styles import TrueStyles, learn_styles
from minicyclegan.networks import Direction
from minicyclegan.shipping.translator import Translator
from minicyclegan.worlds import WORLDS, Domain, default_cache_dir, draw_scene, other, render_pictures

SIZE = 64
BATCH = 16
STYLES = 8  # samples of each label map

MEASURES: dict[str, str] = {
    "FCN accuracy": "share of the pixels whose class a segmenter, trained on true fronts, reads off the painted ones",
    "FCN class accuracy": "the same of each class, then averaged",
    "FCN IoU": "of each class the pixels read rightly, by those that are it or are read as it; then averaged",
    "sharpness": "mean squared slope of the brightness, as a share of the true fronts'",
    "texture": "energy of the walls' brightness less its mean nearby (bricks), as a share of the true fronts'",
    "L1": "mean absolute difference from the one true front, pictures in [0, 1]",
    "variety": "mean difference between fronts of different label maps, as a share of the true fronts'",
    "label accuracy": "share of the pixels of painted label maps whose nearest label colour is the right one",
    "label class accuracy": "the same of each class, then averaged",
    "label IoU": "of each class the pixels painted rightly, by those that are it or are painted as it; then averaged",
    "zebra coats": "share of the horses that came to wear a zebra's coat, by measurements inside the animal's mask",
    "horse coats": "share of the zebras that came to wear a horse's",
    "background": "mean absolute difference outside the animals, pictures in [0, 1], both directions",
    "already there": "mean absolute difference that pictures suffer on the way to the domain in which they are already",
    "colour drift": "the same of their colours alone: without brightness, blurred to 16 x 16 pixels",
    "distance": "mean absolute difference of translated pictures from the true translation, both directions",
    "patchiness": "deviation of a wall's colour from place to place, as a share of the true fronts'",
    "diversity": "mean difference between fronts of one label map, as a share of the true fronts' in different styles",
    "wall diversity": "the same of the walls' mean colours",
    "colours met": "of 16 bins of true wall colours, as a share of what as many true fronts meet",
    "true colours": "share of the samples whose wall is near some true wall's colour",
}

JudgeName = Literal["fronts", "both ways", "coats", "seasons", "styles"]
Measures = dict[str, float]
Painter = Callable[[np.ndarray], np.ndarray]  # pictures (N, S, S, 3) uint8 -> the same in the other domain
Sampler = Callable[[StyleTask], np.ndarray]  # -> (L, n, S, S, 3) uint8: n fronts of each of its L label maps


def judge(name: JudgeName, translator: Translator, count: int) -> Measures:
    """All measures of a trained model on `count` test pictures of each domain."""
    if name == "styles":
        return styles(count, sampler(translator))
    return JUDGES[name](count, *(painter(translator, direction) for direction in translator.generators))


def judge_truth(name: JudgeName, count: int) -> Measures:
    """The same measures of true pictures, in place of a model's: what there is to reach."""
    if name == "styles":
        return styles(count, lambda task: task.fronts)
    world = {"coats": "horse2zebra", "seasons": "summer2winter"}.get(name, "facades")
    domains: tuple[Domain, ...] = ("A",) if name == "fronts" else ("A", "B")
    return JUDGES[name](count, *(_truth_of(test_set(world, domain, count)) for domain in domains))


@dataclass(frozen=True)
class TestSet:
    """The first test pictures of one domain, their true counterparts, and what is hidden: labels or masks."""

    before: np.ndarray  # (N, S, S, 3) uint8
    truth: np.ndarray  # (N, S, S, 3) uint8
    hidden: np.ndarray  # (N, S, S) uint8


@cache
def test_set(world: str, domain: Domain, count: int) -> TestSet:
    scenes = [draw_scene(WORLDS[world], "test", domain, index) for index in range(count)]
    entry = {"facades": "labels", "horse2zebra": "mask", "summer2winter": "labels"}[world]
    return TestSet(
        before=render_pictures(WORLDS[world], "test", domain, count, SIZE, cache_dir=default_cache_dir()),
        truth=np.stack([WORLDS[world].render(scene, other(domain), SIZE) for scene in scenes]),
        hidden=np.stack([WORLDS[world].truth(scene, SIZE)[entry] for scene in scenes]),
    )


def painter(translator: Translator, direction: Direction) -> Painter:
    def paint(pictures: np.ndarray) -> np.ndarray:
        parts = [to_tensor(pictures[start : start + BATCH]) for start in range(0, len(pictures), BATCH)]
        return np.concatenate([from_tensor(translator.translate(part, direction)) for part in parts])

    return paint


def sampler(translator: Translator) -> Sampler:
    """Every sample with a code of its own."""

    def samples(task: StyleTask) -> np.ndarray:
        draw = torch.Generator().manual_seed(0)
        x = to_tensor(task.label_pictures)  # (L, 3, S, S)
        codes = [torch.randn(len(x), translator.latent, generator=draw) for _ in range(STYLES)]
        return np.stack([from_tensor(translator.translate(x, z=z)) for z in codes], axis=1)  # (L, STYLES, S, S, 3)

    return samples


def _truth_of(test: TestSet) -> Painter:
    """Paints the truth of its test pictures, and leaves alone what is of the other domain already."""
    return lambda pictures: test.truth if np.array_equal(pictures, test.before) else pictures


# ---- Building fronts ---------------------------------------------------------------------------------------------


def fronts(count: int, paint: Painter) -> Measures:
    """Label map -> front."""
    test = test_set("facades", "A", count)
    painted = paint(test.before)
    read = fcn_score(painted, test.hidden)
    return {
        "FCN accuracy": read.accuracy,
        "FCN class accuracy": read.class_accuracy,
        "FCN IoU": read.iou,
        "sharpness": _share(gradient_energy(painted), gradient_energy(test.truth)),
        "texture": _share(_texture(painted, test.hidden), _texture(test.truth, test.hidden)),
        "L1": float(l1(painted, test.truth).mean()),
        "variety": _share(pairwise_difference(painted[None]), pairwise_difference(test.truth[None])),
    }


def both_ways(count: int, paint_front: Painter, paint_labels: Painter) -> Measures:
    """Label map -> front, and front -> label map."""
    test = test_set("facades", "B", count)
    read = score(confusion(test.hidden, read_labels(paint_labels(test.before))))
    return fronts(count, paint_front) | {
        "label accuracy": read.accuracy,
        "label class accuracy": read.class_accuracy,
        "label IoU": read.iou,
    }


def _texture(pictures: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(N, S, S, 3), (N, S, S) -> (N,)."""
    return np.stack([measure(p[None], find_parts(y))["texture"][0] for p, y in zip(pictures, labels, strict=True)])


def _share(values: np.ndarray, true: np.ndarray) -> float:
    return float(values.mean() / true.mean())


# ---- Horses and zebras -------------------------------------------------------------------------------------------


def coats(count: int, paint_zebra: Painter, paint_horse: Painter) -> Measures:
    """Horse -> zebra and back; what is not said of one direction is the mean of both."""
    judge = _coat_judge()
    measures: Measures = {}
    background = []
    for domain, name, paint in (("A", "zebra coats", paint_zebra), ("B", "horse coats", paint_horse)):
        test = test_set("horse2zebra", domain, count)
        painted = paint(test.before)
        measures[name] = float(
            np.mean([judge.wears(other(domain), *pair) for pair in zip(painted, test.hidden, strict=True)])
        )
        background += [background_change(*three) for three in zip(test.before, painted, test.hidden, strict=True)]
    return measures | {"background": float(np.mean(background))} | _kept("horse2zebra", count, paint_zebra, paint_horse)


@cache
def _coat_judge() -> CoatJudge:
    return calibrate(WORLDS["horse2zebra"], SIZE)


# ---- Seasons ------------------------------------------------------------------------------------------------------


def seasons(count: int, paint_winter: Painter, paint_summer: Painter) -> Measures:
    """Summer -> winter and back; the mean of both."""
    distances = []
    for domain, paint in (("A", paint_winter), ("B", paint_summer)):
        test = test_set("summer2winter", domain, count)
        distances += l1(paint(test.before), test.truth).tolist()
    return _kept("summer2winter", count, paint_winter, paint_summer) | {"distance": float(np.mean(distances))}


def _kept(world: str, count: int, paint_B: Painter, paint_A: Painter) -> Measures:
    """What becomes of pictures that are sent to the domain in which they are already."""
    there: dict[str, list[float]] = {"already there": [], "colour drift": []}
    for domain, paint in (("B", paint_B), ("A", paint_A)):
        pictures = test_set(world, domain, count).before
        painted = paint(pictures)
        there["already there"] += l1(painted, pictures).tolist()
        there["colour drift"] += colour_drift(pictures, painted).tolist()
    return {name: float(np.mean(values)) for name, values in there.items()}


def colour_drift(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """(N, S, S, 3) uint8 twice, S a multiple of 16 -> (N,): mean absolute difference of the colours, in [0, 1].

    A colour is what is left of red, green and blue when their mean is taken off: light and shadow don't count.
    """
    difference = after / 255.0 - before / 255.0  # (N, S, S, 3)
    count, side = before.shape[:2]
    coarse = difference.reshape(count, 16, side // 16, 16, side // 16, 3).mean((2, 4))  # (N, 16, 16, 3)
    return np.abs(coarse - coarse.mean(-1, keepdims=True)).mean((1, 2, 3))


# ---- Styles ------------------------------------------------------------------------------------------------------


def styles(count: int, sample: Sampler) -> Measures:
    """Several fronts of each of a quarter as many label maps: realism, then diversity."""
    task = style_test(max(2, count // 4))
    samples = sample(task)  # (L, n, S, S, 3)
    labels = np.repeat(task.labels, samples.shape[1], axis=0)  # (L n, S, S)
    report = {figure.name: figure.value for figure in style_report(task, samples, styles=_true_styles())}
    return {
        "FCN accuracy": fcn_score(samples.reshape(-1, *samples.shape[2:]), labels).accuracy,
        "texture": report["quality: wall's texture energy, x true"],
        "patchiness": report["quality: wall's patchiness, x true"],
        "diversity": report["diversity: whole picture, x true"],
        "wall diversity": report["diversity: wall's colour, x true"],
        "colours met": report["modes: wall colours met of 16, x true"],
        "true colours": report["modes: samples near a true wall colour"],
    }


@cache
def style_test(layouts: int) -> StyleTask:
    return style_task(layouts, SIZE, styles=STYLES, references=24)


@cache
def _true_styles() -> TrueStyles:
    return learn_styles(SIZE)


JUDGES: dict[JudgeName, Callable[..., Measures]] = {
    "fronts": fronts,
    "both ways": both_ways,
    "coats": coats,
    "seasons": seasons,
}
