"""A picture for each table: a row of pictures for every setting, all from the same test inputs and the first seed."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from minicyclegan.ablate.measures import JUDGES, held_out_of, style_codes, style_task_of
from minicyclegan.ablate.runs import Run
from minicyclegan.ablate.tables import Table
from minicyclegan.data.images import write_picture
from minicyclegan.judging.translation import Translation, as_pictures
from minicyclegan.judging.world_figures import samples_of
from minicyclegan.networks import Direction
from minicyclegan.shipping.translator import Translator, load
from minicyclegan.training.pictures import grid

COLUMNS = 6
WRAP = 12  # letters of a row's name in a line
Rows = dict[str, np.ndarray]  # of COLUMNS pictures, each with its name
TITLES: dict[str, tuple[str, ...]] = {
    "fronts": ("label map to front",),
    "both ways": ("label map to front", "front to label map"),
    "coats": ("horse to zebra", "zebra to horse"),
    "seasons": ("winter to winter", "summer to summer"),
}


def draw(table: Table, runs: Sequence[Run], path: Path) -> None:
    """Writes the table's picture. Raises CheckpointError where a finished run lacks its checkpoint, PictureError."""
    first = {run.setting.run_name: run for run in reversed(runs)}
    models = {textwrap.fill(row.label, WRAP): load(first[row.setting.run_name].folder.path) for row in table.rows}
    kind = table.rows[0].setting.judge
    if kind == "styles":
        blocks = {f"label map {number + 1}": _styles(models, number) for number in range(2)}
    else:
        ways: tuple[Direction, ...] = ("AtoB", "BtoA")
        blocks = {title: _translations(models, kind, way) for title, way in zip(TITLES[kind], ways, strict=False)}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_picture(grid(blocks), path)


def _translations(models: dict[str, Translator], kind: str, direction: Direction) -> Rows:
    """Input, a row a setting, truth; of seasons, what becomes of pictures that are there already."""
    test = held_out_of(JUDGES[kind][0], direction, COLUMNS)
    works = {label: Translation(model, test) for label, model in models.items()}
    if kind == "seasons":
        rows = {"input": test.target} | {label: work.of_target for label, work in works.items()}
    else:
        rows = {"input": test.source} | {label: work.output for label, work in works.items()} | {"truth": test.truth}
    return {name: as_pictures(row) for name, row in rows.items()}


def _styles(models: dict[str, Translator], number: int) -> Rows:
    """Rows of samples of one label map, which stands alone in the first row; in the last, true fronts."""
    task = style_task_of(8)
    fronts = task.fronts[number, :COLUMNS]  # (COLUMNS, S, S, 3)
    blank = np.full_like(fronts, 255)
    blank[0] = task.label_pictures[number]
    samples = {label: samples_of(model, task, style_codes(task, model))[number] for label, model in models.items()}
    return (
        {"input": blank}
        | {label: as_pictures(row[:COLUMNS]) for label, row in samples.items()}
        | {"true fronts": fronts}
    )
