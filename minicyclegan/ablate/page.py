"""The page of the ablations: tables, pictures, and sentences that follow from the figures.

A table's figures lie beside the page as ablations/TABLE.json and its picture as ablations/TABLE.png. The page is a
function of the JSON files alone, so that one table can be written without the others.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minicyclegan.ablate.measures import JUDGES, MEASURES, held_out_of, style_codes, style_task_of
from minicyclegan.ablate.runs import AblationError, Run
from minicyclegan.ablate.spread import DEVIATIONS, agreement, gap, mean_and_spread, pairs_apart
from minicyclegan.ablate.tables import TABLES, Claim, Table
from minicyclegan.data.images import write_picture
from minicyclegan.judging.translation import Translation, as_pictures
from minicyclegan.judging.world_figures import samples_of
from minicyclegan.networks import Direction
from minicyclegan.shipping.translator import Translator, load
from minicyclegan.training.pictures import grid

Content = dict[str, Any]
Paper = dict[str, tuple[float, ...]]  # what the paper reports of each row that it has


def collect(table: Table, runs: Sequence[Run], rehearsal: bool) -> Content:
    """All that the page says of one table, of JSON's own types. `runs` are all that the call finished."""
    rows = []
    for row in table.rows:
        own = [run for run in runs if run.setting.run_name == row.setting.run_name]
        figures = [run.figures() for run in own]
        measures = {name: [of_run["measures"][name] for of_run in figures] for name in table.measures}
        command = row.setting.arguments(own[0].seed, f"runs/ablations/{own[0].folder.path.name}")
        rows.append(
            {
                "label": row.label,
                "command": " ".join(["python", "-m", "minicyclegan.train", *command]),
                "measures": measures,
                **{name: [of_run[name] for of_run in figures] for name in ("training_seconds", "judging_seconds")},
                "machines": [of_run["machine"] for of_run in figures],
            }
        )
    truth = figures[0]["truth"]  # the same of every run
    return {
        "table": table.name,
        "rehearsal": rehearsal,
        "seeds": sorted({run.seed for run in runs}),
        "count": runs[0].count,
        "steps": sorted({run.steps for run in runs if run.setting in [row.setting for row in table.rows]}),
        "rows": rows,
        "truth": {name: truth[name] for name in table.measures},
    }


def write(page: Path, contents: Sequence[Content]) -> None:
    """Writes these tables' JSON beside the page, and the page of them and of all that lie there already."""
    beside = page.with_suffix("")
    beside.mkdir(parents=True, exist_ok=True)
    for content in contents:
        (beside / f"{content['table']}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    page.write_text(render(read(page), page.stem), encoding="utf-8")


def read(page: Path) -> list[Content]:
    """The tables beside a page, in their order. Raises AblationError for a broken file."""
    contents = []
    for name in TABLES:
        path = page.with_suffix("") / f"{name}.json"
        if path.exists():
            try:
                contents.append(json.loads(path.read_text(encoding="utf-8")))
            except ValueError:
                raise AblationError(
                    f"{path}: not readable as JSON; delete it, and have the table written again"
                ) from None
    return contents


# ---- Text --------------------------------------------------------------------------------------------------------


def render(contents: Sequence[Content], stem: str) -> str:
    """The page in Markdown."""
    paragraphs = _head(contents)
    for content in contents:
        paragraphs += _section(TABLES[content["table"]], content, stem)
    return "\n\n".join(paragraphs) + "\n"


def terminal(content: Content) -> str:
    """The table alone, for reading in a terminal."""
    rows = _cells(content)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def _head(contents: Sequence[Content]) -> list[str]:
    rows = {row["command"]: row for content in contents for row in content["rows"]}.values()
    seconds = [t + j for row in rows for t, j in zip(row["training_seconds"], row["judging_seconds"], strict=True)]
    machines = sorted({_machine(machine) for row in rows for machine in row["machines"]})
    rehearsal = ["**A rehearsal: two steps a run. Its figures mean nothing.**"]
    used = dict.fromkeys(name for content in contents for name in content["truth"])
    longest = max(t for row in rows for t in row["training_seconds"])
    measures = ["| measure | what it is |", "| --- | --- |", *(f"| {name} | {MEASURES[name]} |" for name in used)]
    return [
        "# The papers' tables at laptop size",
        *(rehearsal if any(content["rehearsal"] for content in contents) else []),
        "Written by `python -m minicyclegan.ablate all --page docs/ablations.md`. Every setting is trained from "
        "several seeds by the ordinary command, on worlds whose truth is known, and judged by it.",
        f"{len(rows)} settings, {len(seconds)} runs, {sum(seconds) / 60:.0f} minutes of computing on one thread, "
        f"drawing and judging included, {longest:.0f} seconds for the longest training. "
        f"Machine: {'; '.join(machines)}.",
        "A figure is the mean over the seeds ± the deviation of one seed. Two rows differ *beyond the spread* where "
        "all seeds of the one lie on the same side of all seeds of the other, and their means are at least "
        f"{DEVIATIONS:.0f} of their pooled deviations apart. Every answer below follows from the figures by that rule.",
        "\n".join(measures),
    ]


def _section(table: Table, content: Content, stem: str) -> list[str]:
    rows = {row["label"]: row for row in content["rows"]}
    paper = {row.label: row.paper for row in table.rows if row.paper}
    return [
        f"## {table.title}",
        table.compared,
        f"Seeds {', '.join(map(str, content['seeds']))}; {' or '.join(f'{n:,}' for n in content['steps'])} steps a "
        f"run; judged on {content['count']} test pictures of each domain.",
        _table(table, content, paper),
        f"![{table.title}: the same test pictures in every setting]({stem}/{table.name}.png)",
        "What shows, and what does not:",
        "\n".join(f"- {_verdict(claim, rows)}" for claim in table.claims),
        _separation(table, rows),
        *([_against_the_paper(table, rows, paper)] if paper else []),
        "<details><summary>The commands of the first seed</summary>",
        "\n".join(["```", *(row["command"] for row in content["rows"]), "```"]),
        "</details>",
    ]


def _cells(content: Content) -> list[list[str]]:
    """The table's rows, the first of which names its columns."""
    names = list(content["truth"])
    rows = [[row["label"], *(_cell(row["measures"][name]) for name in names)] for row in content["rows"]]
    return [["", *names], *rows, ["true pictures", *(f"{content['truth'][name]:.3f}" for name in names)]]


def _table(table: Table, content: Content, paper: Paper) -> str:
    """In Markdown, with the paper's columns together in the last one."""
    cells = _cells(content)
    if paper:
        columns = ", ".join(column for column, _ in table.paper)
        theirs = [" / ".join(map(_theirs, paper.get(row["label"], ()))) or "not in it" for row in content["rows"]]
        cells = [[*ours, last] for ours, last in zip(cells, [f"paper: {columns}", *theirs, ""], strict=True)]
    cells.insert(1, ["---"] * len(cells[0]))
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


def _verdict(claim: Claim, rows: dict[str, Content]) -> str:
    """A claim, whether it shows, and the figures that say so."""
    low, high = (rows[label]["measures"][claim.measure] for label in (claim.low, claim.high))
    difference = gap(low, high)
    if not difference.beyond_spread:
        answer = "Not beyond the spread"
    elif difference.size < 0:
        answer = "No, the other way round"
    elif claim.at_most is not None and mean_and_spread(low)[0] > claim.at_most:
        answer = f"Less than expected, which was {claim.at_most:g} or below"
    else:
        answer = "Yes"
    figures = f"{claim.measure} {_cell(low)} ({claim.low}) against {_cell(high)} ({claim.high}), {difference} apart"
    return f"*{claim.says[0].upper()}{claim.says[1:]}.* {answer}: {figures}."


def _separation(table: Table, rows: dict[str, Content]) -> str:
    """Which measure tells most pairs of rows apart, and which fewest."""
    count = len(rows) * (len(rows) - 1) // 2
    apart = {name: pairs_apart([row["measures"][name] for row in rows.values()]) for name in table.measures}
    best, worst = max(apart, key=apart.__getitem__), min(apart, key=apart.__getitem__)
    if apart[best] == 0:
        return "No measure tells any two of these settings apart beyond the spread."
    return (
        f"The measure that separates these settings best is **{best}**: {apart[best]} of {count} pairs of rows differ "
        f"beyond the spread. The one that separates them least is **{worst}**: {apart[worst] or 'none'} of {count}."
    )


def _against_the_paper(table: Table, rows: dict[str, Content], paper: Paper) -> str:
    """Of each of the paper's columns, in how many pairs of rows ours go its way."""
    parts = []
    for index, (column, measure) in enumerate(table.paper):
        ours = {label: row["measures"][measure] for label, row in rows.items()}
        same, opposite, unclear = agreement(ours, {label: values[index] for label, values in paper.items()})
        parts.append(
            f"{measure} against its {column}: {same} the same way, {opposite} the other way, "
            f"{unclear} within the spread"
        )
    return f"Pairs of the paper's rows that differ there, and how ours differ: {'; '.join(parts)}."


def _cell(values: Sequence[float]) -> str:
    mean, spread = mean_and_spread(values)
    return f"{mean:.3f} ± {spread:.3f}" if len(values) > 1 else f"{mean:.3f}"


def _theirs(value: float) -> str:
    """As the papers print them: shares with two decimals, per cents with one."""
    return f"{value:.2f}" if value <= 1 else f"{value:.1f}"


def _machine(machine: dict[str, Any]) -> str:
    return (
        f"{machine['cores']} cores ({machine['processor']}), PyTorch {machine['torch']}, "
        f"{machine['side by side']} at a time, on a thread each"
    )


# ---- Pictures ----------------------------------------------------------------------------------------------------

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
    models = {textwrap.fill(row.label, WRAP): load(first[row.setting.run_name].folder.checkpoint) for row in table.rows}
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
