"""The committed notebooks: run, tidy, accessible, and with everything a lesson has to have."""

import ast
import json
import re
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "lessons").glob("*.ipynb"))
TAGS = {"setup", "nbval-ignore-output"}
# Cells whose output is not compared when CI runs the lessons, and why.
UNCOMPARED: dict[str, dict[str, str]] = {
    "1_autograd.ipynb": {
        "1-10a": "rounding errors of differences",
        "1-53": "rounding errors of differences",
        "1-55": "rounding errors of differences",
        "1-58": "rounding errors of gradients",
        "1-60": "the losses of a trained network",
        "1-61": "how many points a trained network tells right",
        "1-63b": "the losses of a trained network",
        "1-63d": "the losses of trained networks",
        "1-65": "the losses of a trained network",
        "1-69s": "whether the machine has a GPU",
    },
    "2_convolution.ipynb": {
        "2-25": "how long the loops and the matrix product take",
        "2-70": "gradients of random weights",
        "2-74": "gradients of random weights",
    },
    "3_normalisation.ipynb": {
        "3-43": "rounding errors of differences",
        "3-47": "rounding errors of gradients",
        "3-49": "rounding errors of gradients",
        "3-51": "rounding errors of a norm in float32",
        "3-52": "rounding errors of gradients",
        "3-56": "where rounding errors lead to",
        "3-76": "the variance behind random weights",
        "3-80": "gradients of random weights",
        "3-81b": "gradients of random weights",
        "3-81d": "gradients of random weights",
        "3-84": "the losses of trained networks",
        "3-87": "whether the machine has a GPU, and rounding errors",
    },
    "4_gan_loss.ipynb": {
        "4-05": "how well a trained game ends",
        "4-15": "how well a trained network answers",
        "4-30": "gradients of trained networks",
        "4-33": "a trained network's answers",
        "4-38": "the losses of trained networks",
        "4-48": "how many modes trained games cover",
        "4-51": "gradients of trained networks",
        "4-57": "the losses of trained games",
        "4-60": "the losses of trained games, and how many modes they cover",
        "4-fresh-measured": "the losses of trained networks",
        "4-turnover-measured": "how many modes trained games cover",
        "4-empty-modes": "logits of trained networks",
        "4-63": "how many modes trained games cover",
        "4-experiment-run": "how many modes trained games cover",
        "4-experiment-all": "how many modes trained games cover",
        "4-68": "rounding errors of trained networks",
        "4-78b": "the losses of trained networks",
    },
    "5_pix2pix.ipynb": {
        "5-18b": "rounding errors of trained pictures",
        "5-21": "pictures of trained networks",
        "5-23": "pictures of trained networks",
        "5-26": "a trained network's answers",
        "5-question-run": "a trained network's answers",
        "5-32": "a trained network's answers",
        "5-43": "the losses of trained networks",
        "5-46b": "the losses of trained networks",
        "5-grid-measured": "pictures of trained networks",
        "5-51b": "pictures of trained networks",
        "5-53": "pictures of trained networks",
        "5-55": "a trained network's answers",
        "5-lambda": "pictures of trained networks",
        "5-lambda-all": "pictures of trained networks",
        "5-58": "the error of trained networks",
        "5-60b": "pictures of trained networks",
        "5-66": "pictures of trained networks",
        "5-68": "pictures of trained networks",
        "5-72": "pictures of trained networks",
        "5-74": "pictures of trained networks",
        "5-85b": "random weights' answers",
    },
    "7_identity.ipynb": {
        "7-07": "pictures of trained networks",
        "7-12": "rounding of angles",
        "7-14": "pictures of trained networks",
        "7-26": "the distances of networks trained here",
        "7-34": "where trained games end",
        "7-41": "pictures of trained networks",
        "7-51": "pictures of trained networks",
        "7-54": "where trained games end",
        "7-61": "pictures of trained networks",
        "7-66": "pictures of trained networks",
        "7-71": "pictures of trained networks",
        "7-73m": "pictures of trained networks",
        "7-75": "pictures of networks trained here",
    },
    "8_bicyclegan.ipynb": {
        "8-08": "pictures of trained networks",
        "8-11": "pictures of trained networks",
        "8-20": "pictures of trained networks",
        "8-45": "rounding errors of losses",
        "8-54": "how well trained networks answer",
        "8-57": "the losses of trained networks",
        "8-59": "how well a trained network answers",
        "8-61": "how well trained networks answer",
        "8-63": "pictures of trained networks",
        "8-64b": "pictures of trained networks",
        "8-68": "pictures of a trained network",
        "8-72": "pictures of a trained network",
        "8-74a": "rounding errors of pictures",
        "8-75": "a trained network's answers",
        "8-88": "the losses and gradients of random weights",
    },
    "6_cyclegan.ipynb": {
        "6-swap-run": "random weights' answers",
        "6-same-run": "the losses of trained networks",
        "6-gan-run": "where trained games end",
        "6-both-run": "where trained games end",
        "6-stay-run": "where trained games end",
        "6-experiment-run": "where trained games end",
        "6-live-run": "the losses of trained networks",
        "6-measures-run": "pictures of trained networks",
        "6-hidden-break": "pictures of trained networks",
        "6-hidden-horses": "pictures of trained networks",
        "6-4t-watched": "random weights' gradients",
    },
}
SECTIONS = ["Exercises", "What you have now", "Where to read on"]
NBGRADER = {"schema_version", "grade", "solution", "locked", "task", "grade_id", "points"}

pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def code(path: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def prose(path: Path) -> str:
    """All Markdown, without its blocks of code."""
    text = "\n\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def headings(path: Path) -> list[tuple[int, str]]:
    return [(len(marks), title.strip()) for marks, title in re.findall(r"^(#+) (.+)$", prose(path), re.MULTILINE)]


def tags(cell: nbformat.NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def grading(path: Path) -> list[tuple[int, dict]]:
    """Position and nbgrader's metadata of each cell that has any."""
    cells = read(path).cells
    return [(k, cell.metadata.nbgrader) for k, cell in enumerate(cells) if "nbgrader" in cell.metadata]


def test_is_valid_and_was_run_from_top_to_bottom(path):
    nbformat.validate(read(path))
    # Without execution counts nbval would compare nothing, and be content.
    assert [cell.execution_count for cell in code(path)] == list(range(1, len(code(path)) + 1))
    for cell in code(path):
        assert cell.source.strip()
        assert all(output.output_type != "error" for output in cell.outputs), cell.id


def test_holds_no_noise(path):
    notebook = read(path)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.metadata.kernelspec.name == "python3"
    assert set(notebook.metadata.language_info) == {"name"}
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"tags", "nbgrader"}, cell.id
    assert "vnd.jupyter.widget" not in path.read_text(encoding="utf-8")
    assert path.stat().st_size <= 2_000_000


def test_imports_stand_in_the_setup_cell_alone_and_name_what_they_take(path):
    assert [number for number, cell in enumerate(code(path)) if "setup" in tags(cell)] == [0]
    for cell in code(path):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Import | ast.ImportFrom):
                assert "setup" in tags(cell), ast.unparse(node)
                assert all(name.name != "*" for name in node.names), ast.unparse(node)


def test_what_is_not_compared_stands_on_the_list(path):
    ignored = {cell.id for cell in code(path) if "nbval-ignore-output" in tags(cell)}
    assert ignored == set(UNCOMPARED.get(path.name, {}))
    for cell in read(path).cells:
        assert set(tags(cell)) <= TAGS, cell.id
        # nbval takes orders from comments as well.
        assert not re.search(r"^\s*#+\s*(NBVAL|PYTEST_VALIDATE)", cell.source, re.MULTILINE), cell.id


def test_every_picture_has_alternative_text(path):
    for cell in code(path):
        for output in cell.outputs:
            for kind, content in output.get("data", {}).items():
                if kind.startswith("image/"):
                    alt = output.metadata.get(kind, {}).get("alt", "")
                    assert len(alt) >= 30, cell.id
                    assert output.data["text/plain"] == alt
                for picture in re.findall(r"<img[^>]*>", content) if kind == "text/html" else []:
                    alt = re.search(r'alt="([^"]*)"', picture)
                    assert alt, cell.id
                    assert len(alt[1]) >= 30, cell.id
    for cell in read(path).cells:
        if cell.cell_type == "markdown":
            assert "![](" not in cell.source
            assert "<img" not in cell.source


def test_headings_make_an_outline(path):
    levels = [level for level, _ in headings(path)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert max(levels) <= 3
    for before, after in pairwise(levels):
        assert after <= before + 1
    titles = [title for _, title in headings(path)]
    assert len(set(titles)) == len(titles)


def test_has_what_every_lesson_has(path):
    notebook = read(path)
    number = path.name[0]
    assert re.match(rf"# Lesson {number}: \S", notebook.cells[0].source)
    opening = "\n".join(cell.source for cell in notebook.cells[:3])
    assert "You need: " in opening
    assert re.search(r"Takes about .*minute", opening)
    assert "GPU" in opening
    first_picture = next(
        k for k, cell in enumerate(notebook.cells) if any("data" in o for o in cell.get("outputs", []))
    )
    above = "\n".join(cell.source for cell in notebook.cells[:first_picture] if cell.cell_type == "markdown")
    assert len(re.findall(r"^## ", above, re.MULTILINE)) <= 1, "a picture of where the lesson ends comes first"
    titles = [title for level, title in headings(path) if level == 2]
    assert titles[-3:] == SECTIONS
    assert len(titles) >= 5


def test_exercises_are_numbered_and_each_is_followed_by_its_check(path):
    number = path.name[0]
    cells, marked = read(path).cells, grading(path)
    for _, data in marked:
        assert set(data) <= NBGRADER
        assert data["schema_version"] == 3
        assert not data["task"]
    names = [data["grade_id"] for _, data in marked]
    assert 3 <= len(names) / 2 <= 6
    expected = [f"{kind}_{number}_{k}" for k in range(1, len(names) // 2 + 1) for kind in ("task", "check")]
    assert names == expected
    for (at, task), (after, check) in zip(marked[::2], marked[1::2], strict=True):
        assert after == at + 1
        assert (task["grade"], task["solution"], task["locked"], "points" in task) == (False, True, False, False)
        assert (check["grade"], check["solution"], check["locked"], check["points"]) == (True, False, True, 1)
        title = re.match(r"# (Task \d\.\d: .+)\n", cells[at].source)[1]
        assert f"### {title}" in cells[at - 1].source, "the cell above says what to do, under the same title"
        assert re.fullmatch(r"check_\w+\(\w+\)", cells[after].source)
        assert cells[after].outputs[0].text.startswith(f"✓ task {title[5:8]}")
    spotted = [title for level, title in headings(path) if level == 3 and "bug" in title.lower()]
    assert spotted, "one exercise is to spot a bug"


def test_ids_are_unique_and_code_is_in_small_cells(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)
    for cell in code(path):
        assert len(cell.source.splitlines()) <= 75, cell.id
