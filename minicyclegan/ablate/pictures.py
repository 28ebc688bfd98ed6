"""A picture for each table: a row of pictures for every setting, all from the same test inputs and the first seed."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from minicyclegan.ablate.measures import painter, sampler, style_test, test_set
from minicyclegan.ablate.runs import Run
from minicyclegan.ablate.tables import Table
from minicyclegan.data.images import write_picture
from minicyclegan.networks import Direction
from minicyclegan.shipping.translator import Translator, load
from minicyclegan.training.pictures import grid
from minicyclegan.worlds import Domain

COLUMNS = 6
WRAP = 12  # letters of a row's name in a line


def draw(table: Table, runs: Sequence[Run], path: Path) -> None:
    """Writes the table's picture. Raises CheckpointError where a finished run lacks its checkpoint, PictureError."""
    first = {run.setting.run_name: run for run in reversed(runs)}
    models = {row.label: load(first[row.setting.run_name].folder.path) for row in table.rows}
    kind = table.rows[0].setting.judge
    if kind == "styles":
        blocks = {f"label map {number + 1}": _styles(models, number) for number in range(2)}
    elif kind == "seasons":
        blocks = {"winter to winter": _kept(models, "B", "AtoB"), "summer to summer": _kept(models, "A", "BtoA")}
    else:
        world, names = ("horse2zebra", ("horse", "zebra")) if kind == "coats" else ("facades", ("label map", "front"))
        ways: list[tuple[Domain, Direction]] = [("A", "AtoB"), ("B", "BtoA")][: 1 if kind == "fronts" else 2]
        blocks = {
            " to ".join(names if domain == "A" else names[::-1]): _translations(models, world, domain, direction)
            for domain, direction in ways
        }
    path.parent.mkdir(parents=True, exist_ok=True)
    write_picture(grid(blocks), path)


def _translations(
    models: dict[str, Translator], world: str, domain: Domain, direction: Direction
) -> dict[str, np.ndarray]:
    """Rows of COLUMNS pictures: input, a row a setting, truth."""
    test = test_set(world, domain, COLUMNS)
    rows = {_wrapped(label): painter(model, direction)(test.before) for label, model in models.items()}
    return {"input": test.before} | rows | {"truth": test.truth}


def _kept(models: dict[str, Translator], domain: Domain, direction: Direction) -> dict[str, np.ndarray]:
    """Pictures on the way to the domain in which they are already: the input is the truth."""
    pictures = test_set("summer2winter", domain, COLUMNS).before
    return {"input": pictures} | {_wrapped(label): painter(m, direction)(pictures) for label, m in models.items()}


def _styles(models: dict[str, Translator], number: int) -> dict[str, np.ndarray]:
    """Rows of samples of one label map, which stands alone in the first row; in the last, true fronts."""
    task = style_test(8)
    blank = np.full_like(task.fronts[number, :COLUMNS], 255)  # (COLUMNS, S, S, 3)
    blank[0] = task.label_pictures[number]
    rows = {_wrapped(label): sampler(model)(task)[number, :COLUMNS] for label, model in models.items()}
    return {"input": blank} | rows | {"true fronts": task.fronts[number, :COLUMNS]}


def _wrapped(label: str) -> str:
    return textwrap.fill(label, WRAP)
