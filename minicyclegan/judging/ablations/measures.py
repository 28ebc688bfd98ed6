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
from minicyclegan.data.worlds import WORLDS, Domain, default_cache_dir, draw_scene, other, render_pictures
from minicyclegan.judging.coat import CoatJudge, background_change, calibrate, erode
from minicyclegan.judging.fronts import find_parts, measure
from minicyclegan.judging.metrics import gradient_energy, l1
from minicyclegan.judging.segmenter import confusion, fcn_score, read_labels, score
from minicyclegan.judging.style_tasks import StyleTask, pairwise_difference, style_task
from minicyclegan.judging.styles import style_report
from minicyclegan.judging.true_styles import TrueStyles, learn_styles
from minicyclegan.networks import Direction
from minicyclegan.shipping.translator import Translator

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
    "colour drift": "mean absolute difference of the background's mean colour: a tint and nothing finer",
    "already there": "mean absolute difference that zebras, and horses, suffer on the way to themselves",
    "patchiness": "deviation of a wall's colour from place to place, as a share of the true fronts'",
    "diversity": "mean difference between fronts of one label map, as a share of the true fronts' in different styles",
    "wall diversity": "the same of the walls' mean colours",
    "colours met": "of 16 bins of true wall colours, as a share of what as many true fronts meet",
    "true colours": "share of the samples whose wall is near some true wall's colour",
}

JudgeName = Literal["fronts", "both ways", "coats", "styles"]
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
    world = "horse2zebra" if name == "coats" else "facades"
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
    entry = "labels" if world == "facades" else "mask"
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
    both: dict[str, list[float]] = {"background": [], "colour drift": [], "already there": []}
    for domain, name, paint in (("A", "zebra coats", paint_zebra), ("B", "horse coats", paint_horse)):
        test, target = test_set("horse2zebra", domain, count), test_set("horse2zebra", other(domain), count).before
        painted = paint(test.before)
        measures[name] = float(
            np.mean([judge.wears(other(domain), *pair) for pair in zip(painted, test.hidden, strict=True)])
        )
        for before, after, mask in zip(test.before, painted, test.hidden, strict=True):
            both["background"].append(background_change(before, after, mask))
            both["colour drift"].append(colour_drift(before, after, mask))
        both["already there"] += l1(paint(target), target).tolist()
    return measures | {name: float(np.mean(values)) for name, values in both.items()}


def colour_drift(before: np.ndarray, after: np.ndarray, mask: np.ndarray) -> float:
    """How far the mean colour outside the mask moved, mean of the channels, in [0, 1]. Shapes as `background_change`.

    Blind to what changes from place to place and cancels out.
    """
    outside = erode(mask <= 5, round(2 * before.shape[0] / 64), beyond=True)
    shift = after[outside].mean(0) / 255.0 - before[outside].mean(0) / 255.0  # (3,)
    return float(np.abs(shift).mean())


@cache
def _coat_judge() -> CoatJudge:
    return calibrate(WORLDS["horse2zebra"], SIZE)


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


JUDGES: dict[JudgeName, Callable[..., Measures]] = {"fronts": fronts, "both ways": both_ways, "coats": coats}
