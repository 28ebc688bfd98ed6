"""What is measured of one trained setting, by names of `judging`'s figures: one number a measure.

Every row of a table is judged on the same test pictures, at 64 px.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from minicyclegan.data.datasets import world_data
from minicyclegan.judging.evaluation import evaluate
from minicyclegan.judging.figures import Figure
from minicyclegan.judging.style_tasks import StyleTask, style_task
from minicyclegan.judging.translation import HeldOut, Translation, held_out
from minicyclegan.judging.world_figures import styles_of
from minicyclegan.networks import Direction
from minicyclegan.shipping.translator import Translator
from minicyclegan.worlds import WORLDS, default_cache_dir

SIZE = 64
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

# The figure that each is, in a named direction or in the mean of both; of two names, the one that was measured.
FIGURES: dict[str, tuple[str, ...]] = {
    "FCN accuracy": ("AtoB FCN: pixel accuracy", "styles: FCN pixel accuracy of samples"),
    "FCN class accuracy": ("AtoB FCN: class accuracy",),
    "FCN IoU": ("AtoB FCN: class IoU",),
    "sharpness": ("AtoB detail: gradient energy x 1000",),
    "texture": ("AtoB texture of walls", "styles: quality: wall's texture energy, x true"),
    "L1": ("AtoB truth: L1",),
    "variety": ("AtoB variety: among outputs",),
    "label accuracy": ("labels: pixel accuracy",),
    "label class accuracy": ("labels: class accuracy",),
    "label IoU": ("labels: class IoU",),
    "zebra coats": ("AtoB coat: share of animals that wear the other coat",),
    "horse coats": ("BtoA coat: share of animals that wear the other coat",),
    "background": ("background: change outside the animal's mask",),
    "already there": ("identity: change of the target domain's own",),
    "colour drift": ("identity: drift of their colours",),
    "distance": ("truth: L1",),
    "patchiness": ("styles: quality: wall's patchiness, x true",),
    "diversity": ("styles: diversity: whole picture, x true",),
    "wall diversity": ("styles: diversity: wall's colour, x true",),
    "colours met": ("styles: modes: wall colours met of 16, x true",),
    "true colours": ("styles: modes: samples near a true wall colour",),
}
SHARES = ("sharpness", "texture", "variety")  # of what the true pictures have

JudgeName = Literal["fronts", "both ways", "coats", "seasons", "styles"]
FRONTS = ("labels", "detail", "texture", "truth", "variety")
JUDGES: dict[JudgeName, tuple[str, tuple[str, ...]]] = {
    "fronts": ("facades", FRONTS),
    "both ways": ("facades", FRONTS),
    "coats": ("horse2zebra", ("coats", "identity")),
    "seasons": ("summer2winter", ("truth", "identity")),
}


def judge(name: JudgeName, translator: Translator, count: int) -> dict[str, dict[str, float]]:
    """Every measure of a trained model, and what true pictures would have in its place: "measures" and "truth".

    On `count` test pictures of each domain; of styles, on several fronts of each of a quarter as many label maps.
    """
    if name == "styles":
        task = style_task_of(max(2, count // 4))
        figures = styles_of(translator, task, style_codes(task, translator))
    else:
        world, measures = JUDGES[name]
        tests = [held_out_of(world, direction, count) for direction in translator.generators]
        figures = evaluate([Translation(translator, test) for test in tests], measures=measures)
    judged: dict[str, dict[str, float]] = {"measures": {}, "truth": {}}
    for measure, names in FIGURES.items():
        chosen = next(filter(None, (_called(name, figures) for name in names)), None)
        if chosen:
            value, real = (float(np.mean([getattr(f, field) or 0.0 for f in chosen])) for field in ("value", "real"))
            judged["measures"][measure] = value / real if measure in SHARES else value
            judged["truth"][measure] = 1.0 if measure in SHARES else real
    return judged


def _called(name: str, figures: Sequence[Figure]) -> list[Figure]:
    """With the direction, or of both."""
    return [f for f in figures if name in (f.name, f"{f.direction} {f.name}")]


@cache
def held_out_of(world: str, direction: Direction, count: int) -> HeldOut:
    """The first test pictures of one direction, and what is known of them."""
    data = world_data(WORLDS[world], SIZE, 1, count, cache_dir=default_cache_dir())
    return held_out(data, direction, WORLDS[world])


@cache
def style_task_of(layouts: int) -> StyleTask:
    return style_task(layouts, SIZE, styles=STYLES, references=24)


def style_codes(task: StyleTask, translator: Translator) -> Tensor:
    """Every sample has a code of its own: (L, STYLES, latent)."""
    draw = torch.Generator().manual_seed(0)
    return torch.stack([torch.randn(len(task.labels), translator.latent, generator=draw) for _ in range(STYLES)], dim=1)
