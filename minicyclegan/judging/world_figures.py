"""What can be measured on a world, because its truth is known: masks, label maps, coats, classes, styles."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
import torch

from minicyclegan.data.images import from_tensor, to_tensor
from minicyclegan.judging.classifier import classes_of, classify
from minicyclegan.judging.coat import CoatJudge, background_change, calibrate
from minicyclegan.judging.figures import Figure, figure, resampled
from minicyclegan.judging.fronts import SMALLEST
from minicyclegan.judging.segmenter import SIZE as SEGMENTER_SIZE
from minicyclegan.judging.segmenter import SegmentationScore, confusion, fcn_score, read_labels, score
from minicyclegan.judging.style_table import judged
from minicyclegan.judging.style_tasks import pairwise_difference, style_task
from minicyclegan.networks import Direction
from minicyclegan.shipping.translator import Translator
from minicyclegan.worlds import Domain, World, draw_scene, other
from minicyclegan.worlds.facades import render_front, sample_style

STYLE_SAMPLES = 16  # of each label map, for the report on styles


@dataclass(frozen=True)
class Known:
    """A world's test scenes, the domain that is translated from, and the pictures' side in pixels."""

    world: World
    domain: Domain
    size: int

    def scene(self, index: int) -> Any:
        return draw_scene(self.world, "test", self.domain, index)

    def truths(self, name: str, count: int, size: int | None = None) -> np.ndarray | None:
        """An entry of the hidden truth of the first `count` scenes, stacked; None if the world has no such entry."""
        if name not in self._entries:
            return None
        return np.stack([self.world.truth(self.scene(index), size or self.size)[name] for index in range(count)])

    def masks(self, count: int) -> np.ndarray | None:
        """(count, size, size) uint8, 255 where the thing is that changes."""
        return self.truths("mask", count)

    @cached_property
    def _entries(self) -> frozenset[str]:
        return frozenset(self.world.truth(self.scene(0), self.size))


def world_figures(
    translator: Translator,
    direction: Direction,
    before: np.ndarray,
    after: np.ndarray,
    truth: np.ndarray,
    known: Known,
) -> list[Figure]:
    """Of inputs, outputs and true counterparts (N, H, W, 1 or 3) uint8: all that this world allows."""
    figures = _classifier(direction, after, truth, known)
    if known.world.name == "facades" and after.shape[-1] == 3:
        figures += _segmentation(direction, after, truth, known)
    # Below 64 px hardly anything of a coat is left once the mask's border is taken off.
    if known.world.name == "horse2zebra" and known.size >= 64:
        figures += _coats(direction, before, after, truth, known)
    if known.world.name == "facades" and known.domain == "A" and getattr(translator, "latent", 0):
        in_colour = before.shape[-1] == after.shape[-1] == 3
        figures += _styles(translator, direction, known) if in_colour and known.size >= SMALLEST else []
    return figures


def true_diversity(known: Known, count: int, samples: int) -> float | None:
    """Mean difference among true answers to one input, of the first `count`; None where there is but one answer."""
    if known.world.name != "facades" or known.domain != "A":
        return None
    rng = np.random.default_rng(0)
    fronts = [
        [render_front(known.scene(i).layout, sample_style(rng), known.size) for _ in range(samples)]
        for i in range(count)
    ]
    return float(pairwise_difference(np.stack([np.stack(row) for row in fronts])).mean())


def _classifier(direction: Direction, after: np.ndarray, truth: np.ndarray, known: Known) -> list[Figure]:
    wanted = classes_of(known.world.name, other(known.domain))
    if not wanted:
        return []
    taken, real = np.isin(classify(after), wanted), np.isin(classify(truth), wanted)
    return [figure(direction, "classifier: share taken for the target domain", taken, float(real.mean()))]


def _segmentation(direction: Direction, after: np.ndarray, truth: np.ndarray, known: Known) -> list[Figure]:
    """Label map -> front: what a segmenter of real fronts reads off it. Front -> label map: what the colours say."""
    if known.domain == "A":
        labels = known.truths("labels", len(after), SEGMENTER_SIZE)
        return _scores(direction, "FCN", fcn_score(after, labels), fcn_score(truth, labels))
    labels = known.truths("labels", len(after))
    read, ideal = (score(confusion(labels, read_labels(pictures))) for pictures in (after, truth))
    return _scores(direction, "labels", read, ideal)


def _scores(direction: Direction, kind: str, reached: SegmentationScore, real: SegmentationScore) -> list[Figure]:
    counts = reached.confusion
    names = {"accuracy": "pixel accuracy", "class_accuracy": "class accuracy", "iou": "class IoU"}
    return [
        resampled(
            direction,
            f"{kind}: {name}",
            lambda chosen, field=field: getattr(score(counts[chosen]), field),
            len(counts),
            getattr(real, field),
        )
        for field, name in names.items()
    ]


@cache
def _coat_judge(world: World, size: int) -> CoatJudge:
    """`calibrate`, which draws 800 pictures, once for both directions."""
    return calibrate(world, size)


def _coats(
    direction: Direction, before: np.ndarray, after: np.ndarray, truth: np.ndarray, known: Known
) -> list[Figure]:
    judge, masks = _coat_judge(known.world, known.size), known.masks(len(before))
    wears = [[judge.wears(other(known.domain), p, m) for p, m in zip(ps, masks, strict=True)] for ps in (after, truth)]
    changed = [background_change(b, a, m) for b, a, m in zip(before, after, masks, strict=True)]
    true_change = [background_change(b, t, m) for b, t, m in zip(before, truth, masks, strict=True)]
    return [
        figure(direction, "coat: share of animals that wear the other coat", wears[0], float(np.mean(wears[1]))),
        figure(direction, "background: change outside the animal's mask", changed, float(np.mean(true_change))),
    ]


def _styles(translator: Translator, direction: Direction, known: Known) -> list[Figure]:
    """The report of `judging.styles` on fresh codes, on one code, and on styles read off other fronts."""
    task = style_task(size=known.size)
    x = to_tensor(task.label_pictures)  # (L, 3, S, S)
    codes = torch.randn(len(x), STYLE_SAMPLES, translator.latent, generator=torch.Generator().manual_seed(0))
    samples = np.stack(
        [_in_styles(translator, a.expand(STYLE_SAMPLES, -1, -1, -1), z) for a, z in zip(x, codes, strict=True)]
    )
    one = codes[0, :1].expand(len(x), -1)  # (L, latent)
    # The same code twice: under whatever noise there is, and in other company.
    seeds = (1, 2) if translator.has_dropout() else (None, None)
    again = _in_styles(translator, x.flip(0), one, seeds[1])[::-1]
    fixed = np.stack([_in_styles(translator, x, one, seeds[0]), again], axis=1)  # (L, 2, S, S, 3)
    transferred = None
    if translator.encoder is not None:
        read = translator.encode(to_tensor(task.references))  # (P, latent)
        transferred = _in_styles(translator, x[torch.from_numpy(task.targets)], read)  # (P, S, S, 3)
    figures = []
    for f in judged(task, samples, fixed, transferred):
        limits = None if f.limits == (None, None) else f.limits
        figures.append(Figure(direction, f"styles: {f.name}", f.value, f.low, f.high, f.count, f.real, limits))
    return figures


def _in_styles(translator: Translator, x: torch.Tensor, z: torch.Tensor, noise: int | None = None) -> np.ndarray:
    """(N, 3, S, S) and codes (N, latent) -> (N, S, S, 3) uint8."""
    parts = zip(x.split(STYLE_SAMPLES), z.split(STYLE_SAMPLES), strict=True)
    return np.concatenate([from_tensor(translator.translate(a, z=code, noise=noise)) for a, code in parts])
