"""What can be measured on a world, because its truth is known: masks, label maps, coats, classes, styles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from minicyclegan.judging.classifier import classes_of, classify
from minicyclegan.judging.coat import background_change, real_ranges, wears
from minicyclegan.judging.figures import Figure, figure, resampled
from minicyclegan.judging.fronts import SMALLEST, find_parts, measure
from minicyclegan.judging.metrics import as_tensor, erode, pairwise_difference
from minicyclegan.judging.nets import to_float, to_uint8
from minicyclegan.judging.segmenter import SIZE as SEGMENTER_SIZE
from minicyclegan.judging.segmenter import SegmentationScore, confusion, fcn_score, read_labels, score
from minicyclegan.judging.style_tasks import StyleTask, style_task
from minicyclegan.judging.styles import style_report
from minicyclegan.judging.translation import BATCH, HeldOut, Translation, judging_device
from minicyclegan.shipping.translator import Translator
from minicyclegan.worlds import draw_scene, other
from minicyclegan.worlds.facades import render_front, sample_style
from minicyclegan.worlds.facades_labels import SKY, WALL


def plain_parts(test: HeldOut) -> Tensor | None:
    """Where nothing but a grid should be fine-grained, (N, S, S) bool: outside animals, on sky and walls of fronts.

    None where nothing is known of the pictures.
    """
    if test.animals is not None:
        return erode(test.animals <= 5, 2, beyond=True)
    if not _fronts(test):
        return None
    labels = torch.from_numpy(test.hidden("labels")).to(test.source.device)
    return erode(labels == SKY, 2, beyond=True) | erode(labels == WALL, 2, beyond=True)


def _fronts(test: HeldOut) -> bool:
    return test.world is not None and test.world.name == "facades"


def true_diversity(test: HeldOut, count: int, samples: int) -> float | None:
    """Mean difference among true answers to one input, of the first `count`; None where there is but one answer."""
    if not _fronts(test) or test.domain != "A":
        return None
    rng = np.random.default_rng(0)
    layouts = [draw_scene(test.world, "test", "A", index).layout for index in range(count)]
    fronts = [[render_front(layout, sample_style(rng), test.size) for _ in range(samples)] for layout in layouts]
    return float(pairwise_difference(np.array(fronts)).mean())


def classifier(t: Translation) -> list[Figure]:
    """Needs a world that the classifier was taught."""
    wanted = classes_of(t.test.world.name, other(t.test.domain)) if t.test.world else ()
    if not wanted:
        return []
    taken, real = (np.isin(classify(images), wanted) for images in (t.output, t.test.truth))
    return [figure("classifier: share taken for the target domain", taken, real=float(real.mean()))]


def labels_read(t: Translation) -> list[Figure]:
    """Label map -> front: what a segmenter of real fronts reads off it. Front -> label map: what the colours say."""
    if not _fronts(t.test) or t.output.shape[1] != 3:
        return []
    if t.test.domain == "A":
        labels = t.test.hidden("labels", SEGMENTER_SIZE)
        return _scores("FCN", fcn_score(t.output, labels), fcn_score(t.test.truth, labels))
    labels = t.test.hidden("labels")
    read, ideal = (score(confusion(labels, read_labels(images))) for images in (t.output, t.test.truth))
    return _scores("labels", read, ideal)


def _scores(kind: str, reached: SegmentationScore, real: SegmentationScore) -> list[Figure]:
    counts = reached.confusion
    names = {"accuracy": "pixel accuracy", "class_accuracy": "class accuracy", "iou": "class IoU"}
    return [
        resampled(
            f"{kind}: {name}",
            lambda draws, field=field: np.array([getattr(score(counts[chosen]), field) for chosen in draws]),
            len(counts),
            real=getattr(real, field),
        )
        for field, name in names.items()
    ]


def texture(t: Translation) -> list[Figure]:
    """Of the walls of painted fronts, for those who compare models that have one answer."""
    if not _fronts(t.test) or t.test.domain != "A" or t.output.shape[1] != 3 or t.test.size < SMALLEST:
        return []
    parts = [find_parts(labels) for labels in t.test.hidden("labels")]

    def of(images: Tensor) -> list[float]:
        return [float(measure(one[None], part)["texture"]) for one, part in zip(images, parts, strict=True)]

    return [figure("texture of walls", of(t.output), real=float(np.mean(of(t.test.truth))))]


def coats(t: Translation) -> list[Figure]:
    """In colour; below 64 px hardly anything of a coat is left once the mask's border is taken off."""
    in_colour = t.test.source.shape[1] == t.output.shape[1] == 3
    if t.test.world is None or t.test.world.name != "horse2zebra" or t.test.size < 64 or not in_colour:
        return []
    masks, wanted, ranges = t.test.animals, other(t.test.domain), real_ranges(t.test.size)
    worn, real = (wears(wanted, images, masks, ranges).double() for images in (t.output, t.test.truth))
    changed, true_change = (background_change(t.test.source, images, masks) for images in (t.output, t.test.truth))
    return [
        figure("coat: share of animals that wear the other coat", worn, real=float(real.mean())),
        figure("background: change outside the animal's mask", changed, real=float(true_change.mean())),
    ]


# ---- Styles ------------------------------------------------------------------------------------------------------


def styles(t: Translation) -> list[Figure]:
    """Needs a model with a code, and label maps and fronts in colour, large enough to be measured."""
    if not getattr(t.translator, "latent", 0) or not _fronts(t.test) or t.test.domain != "A":
        return []
    in_colour = t.test.source.shape[1] == t.output.shape[1] == 3
    if not in_colour or t.test.size < SMALLEST:
        return []
    task = style_task(size=t.test.size)
    draw = torch.Generator().manual_seed(0)
    return styles_of(t.translator, task, torch.randn(*task.fronts.shape[:2], t.translator.latent, generator=draw))


def styles_of(translator: Translator, task: StyleTask, codes: Tensor) -> list[Figure]:
    """The report of `judging.styles` on fresh codes, on one code, and on styles read off other fronts.

    codes   (L, n, latent): n for each of the task's label maps
    """
    x = to_float(as_tensor(task.label_pictures)).to(judging_device(translator))  # (L, 3, S, S)
    one = codes[0, :1].expand(len(x), -1)  # (L, latent)
    # The same code twice: under whatever noise there is, and in other company.
    seeds = (1, 2) if translator.has_dropout() else (None, None)
    again = _in_styles(translator, x.flip(0), one, seeds[1]).flip(0)
    fixed = torch.stack([_in_styles(translator, x, one, seeds[0]), again], dim=1)  # (L, 2, 3, S, S)
    transferred = None
    if translator.encoder is not None:
        read = translator.encode(to_float(as_tensor(task.references)))  # (P, latent)
        transferred = _in_styles(translator, x[torch.from_numpy(task.targets)], read)  # (P, 3, S, S)
    figures = style_report(task, samples_of(translator, task, codes), fixed, transferred)
    return [replace(found, name=f"styles: {found.name}") for found in figures]


def samples_of(translator: Translator, task: StyleTask, codes: Tensor) -> Tensor:
    """Each label map in n styles, by its codes (L, n, latent): (L, n, 3, S, S) uint8."""
    x = to_float(as_tensor(task.label_pictures)).to(judging_device(translator))  # (L, 3, S, S)
    n = codes.shape[1]
    return torch.stack([_in_styles(translator, a.expand(n, -1, -1, -1), z) for a, z in zip(x, codes, strict=True)])


def _in_styles(translator: Translator, x: Tensor, z: Tensor, noise: int | None = None) -> Tensor:
    """(N, 3, S, S) and codes (N, latent) -> (N, 3, S, S) uint8."""
    parts = zip(x.split(BATCH), z.split(BATCH), strict=True)
    return torch.cat([to_uint8(translator.translate(a, z=code, noise=noise)) for a, code in parts])
