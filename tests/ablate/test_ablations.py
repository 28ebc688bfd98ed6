"""judging/ablations: the rule for what is more than luck, the tables as data, the measures, the page's sentences."""

import dataclasses
import itertools
import math
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minicyclegan.ablate import measures, page, tables
from minicyclegan.ablate.checkpoints import LESSONS
from minicyclegan.ablate.measures import MEASURES
from minicyclegan.ablate.runs import AblationError, plan
from minicyclegan.ablate.spread import agreement, gap, mean_and_spread, pairs_apart
from minicyclegan.ablate.tables import TABLES, Claim
from minicyclegan.data.images import from_tensor, to_tensor
from minicyclegan.judging.nets import to_float, to_uint8
from minicyclegan.judging.translation import HeldOut
from minicyclegan.models import MODELS
from minicyclegan.training.config import TrainConfig

ROWS = [row for table in TABLES.values() for row in table.rows]
DOCS = Path(__file__).parents[2] / "docs/ablations.md"

# ---- What is more than luck --------------------------------------------------------------------------------------

figures = st.lists(st.floats(-10, 10).map(lambda x: round(x, 3)), min_size=2, max_size=5)


@given(figures, figures, st.floats(-5, 5), st.floats(0.1, 10))
def test_a_gap_depends_on_neither_origin_nor_unit_and_turns_with_its_rows(first, second, shift, scale):
    difference = gap(first, second)
    moved = gap([scale * x + shift for x in first], [scale * x + shift for x in second])
    turned = gap(second, first)
    assert turned.size == pytest.approx(-difference.size, abs=1e-12) and turned.spread == difference.spread
    assert turned.beyond_spread == difference.beyond_spread
    assert moved.size == pytest.approx(scale * difference.size, abs=1e-9)  # rounding of numbers below 105
    assert moved.spread == pytest.approx(scale * difference.spread, abs=1e-9)


@given(figures)
def test_a_row_is_not_apart_from_itself(row):
    assert not gap(row, row).beyond_spread


def test_beyond_the_spread_needs_both_distance_and_order():
    assert gap([1.0, 1.1, 1.2], [1.6, 1.7, 1.8]).beyond_spread  # 0.6 is 6 of their deviations
    assert not gap([1.0, 1.1, 1.2], [1.25, 1.35, 1.45]).beyond_spread  # apart, but by 2.5 of them
    # One seed on the wrong side, and still 3.9 deviations: outliers stretch a spread less than they should.
    wrong_side = gap([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.05], [1.0] * 7)
    assert abs(wrong_side.size) >= 3 * wrong_side.spread and not wrong_side.beyond_spread
    assert gap([0.0, 0.0], [0.01, 0.01]).beyond_spread  # rows without any spread


def test_spread_is_that_of_one_seed_and_unknown_for_one():
    assert mean_and_spread([1.0, 2.0, 3.0]) == (2.0, 1.0)
    mean, spread = mean_and_spread([4.0])
    assert mean == 4.0 and math.isnan(spread)
    assert not gap([4.0], [9.0]).beyond_spread
    assert gap([0.0, 2.0], [5.0, 5.0]).spread == pytest.approx(1.0)  # root of the mean of 2 and 0


def test_pairs_and_agreement_are_counted():
    ours = {"a": [1.0, 1.1], "b": [2.0, 2.1], "c": [2.05, 2.15]}
    assert pairs_apart(list(ours.values())) == 2
    assert agreement(ours, {"a": 0.5, "b": 0.1, "c": 0.9}) == (1, 1, 1)  # the same way, the other way, unclear
    assert agreement(ours, {"a": 0.5, "b": 0.5, "d": 0.9}) == agreement({}, {})  # equal there, or not here


# ---- Tables ------------------------------------------------------------------------------------------------------


def test_every_row_claim_and_paper_figure_has_its_place():
    for table in TABLES.values():
        labels = [row.label for row in table.rows]
        assert len(set(labels)) == len(labels)
        assert len({row.setting.judge for row in table.rows}) == 1
        assert set(table.measures) <= set(MEASURES)
        assert {measure for _, measure in table.paper} <= set(table.measures)
        for row in table.rows:
            assert row.paper is None or len(row.paper) == len(table.paper)
        for claim in table.claims:
            assert claim.measure in table.measures and {claim.low, claim.high} <= set(labels), claim


def test_a_setting_is_trained_once_however_many_tables_ask_for_it():
    runs = plan(list(TABLES.values()), 3, Path("runs"), 8)
    names = [run.folder.path for run in runs]
    assert len(set(names)) == len(names) == 3 * len({row.setting.run_name for row in ROWS})
    assert len(ROWS) > len(names) / 3
    assert [run.seed for run in runs] == sorted(run.seed for run in runs)
    by_name = {row.setting.name: row.setting for row in ROWS}
    assert len(by_name) == len(names) / 3  # no two settings share a name
    assert set(LESSONS) <= set(by_name)


@pytest.mark.parametrize("setting", {row.setting.name: row.setting for row in ROWS}.values(), ids=lambda s: s.name)
def test_every_setting_is_one_that_train_accepts(setting):
    config_class, options = MODELS[setting.model].config, dict(setting.options)
    names = {field.name for field in dataclasses.fields(config_class)}
    config_class(**{name: options.pop(name) for name in list(options) if name in names}).check_size(options["size"])
    assert TrainConfig(**options | {"model": setting.model, "data": (options["data"],)}).steps == options["steps"]


def test_options_become_the_words_a_user_types():
    options = {"lr": 1e-3, "skips": False, "conditional": True}
    words = tables.Setting("x", "pix2pix", "fronts", options).arguments(7, "there")
    typed = "--model pix2pix --lr 0.001 --no-skips --conditional --cache --device cpu --seed 7 --out there"
    assert words == typed.split()


def test_other_options_make_another_run_and_another_order_does_not():
    def name(**options):
        return tables.Setting("x", "pix2pix", "fronts", options).run_name

    assert name(lr=1e-3, steps=5) == name(steps=5, lr=1e-3) != name(steps=6, lr=1e-3)
    assert tables.L1.rehearsed().run_name != tables.L1.run_name


# ---- Measures ----------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def kept_pictures(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("MINICYCLEGAN_CACHE", str(tmp_path_factory.getbasetemp() / "pictures"))


class Answers:
    """Stands in for a translator: {direction: a function of pictures (N, 3, S, S) uint8}."""

    device, latent, encoder = torch.device("cpu"), 0, None

    def __init__(self, answers: dict):
        self.generators, self.answers = dict.fromkeys(answers), answers

    def translate(self, x: torch.Tensor, direction: str = "AtoB") -> torch.Tensor:
        return to_float(self.answers[direction](to_uint8(x)))


def the_truth(name: str, count: int) -> Answers:
    """Knows every test picture's answer, and leaves alone what is of the other domain already."""

    def answer(test: HeldOut):
        known = {source.numpy().tobytes(): true for source, true in zip(test.source, test.truth, strict=True)}
        return lambda pictures: torch.stack([known.get(one.numpy().tobytes(), one) for one in pictures])

    directions = ("AtoB",) if name == "fronts" else ("AtoB", "BtoA")
    return Answers({way: answer(measures.held_out_of(measures.JUDGES[name][0], way, count)) for way in directions})


class TrueStyles(Answers):
    """Paints the task's own fronts: a label map and a code say which."""

    latent = 2

    def __init__(self, count: int):
        super().__init__({"AtoB": None})
        task = measures.style_task_of(count)
        codes = measures.style_codes(task, self)
        self.fronts = {
            (labels.tobytes(), code.numpy().tobytes()): front
            for labels, row, fronts in zip(task.label_pictures, codes, task.fronts, strict=True)
            for code, front in zip(row, fronts, strict=True)
        }
        self.first = {
            labels.tobytes(): fronts[0] for labels, fronts in zip(task.label_pictures, task.fronts, strict=True)
        }

    def has_dropout(self) -> bool:
        return False

    def translate(self, x: torch.Tensor, direction: str = "AtoB", *, z: torch.Tensor, noise=None) -> torch.Tensor:
        pictures = [picture.tobytes() for picture in from_tensor(x)]
        keys = zip(pictures, (code.numpy().tobytes() for code in z), strict=True)
        return to_tensor(np.stack([self.fronts.get(key, self.first[key[0]]) for key in keys]))


@pytest.mark.parametrize("name", ["fronts", "both ways", "coats", "seasons", "styles"])
def test_the_truth_reaches_what_there_is_to_reach(name):
    judged = measures.judge(name, TrueStyles(2) if name == "styles" else the_truth(name, 4), 4)
    truth = judged["truth"]
    assert set(truth) == set(judged["measures"]) <= set(MEASURES)
    for measure, value in judged["measures"].items():
        assert value == pytest.approx(truth[measure], abs=1e-12), measure
    assert all(
        {row.setting.judge for row in t.rows} != {name} or set(t.measures) <= set(truth) for t in TABLES.values()
    )
    shares = ("sharpness", "texture", "variety", "patchiness", "diversity", "wall diversity", "colours met")
    perfect = dict.fromkeys((*shares, "label accuracy", "label class accuracy", "label IoU"), 1.0)
    perfect |= dict.fromkeys(("L1", "already there", "colour drift", "distance"), 0.0)
    for measure, value in truth.items():
        if measure in perfect:
            assert value == pytest.approx(perfect[measure], abs=1e-12), measure
    if name == "coats":
        # mane and tail reach over the mask a little
        assert truth["background"] < 0.02
        assert min(truth["zebra coats"], truth["horse coats"]) == 1
    if name in ("fronts", "styles"):
        assert truth["FCN accuracy"] > 0.95


def test_every_measure_has_its_figure_and_every_truth_is_the_pages():
    """The figures of true pictures, which need no training, are those that the page was written with."""
    assert set(MEASURES) == set(measures.FIGURES)
    content = next(content for content in page.read(DOCS) if content["table"] == "cyclegan-seasons")
    truth = measures.judge("seasons", the_truth("seasons", 96), 96)["truth"]
    assert {name: truth[name] for name in content["truth"]} == pytest.approx(content["truth"], abs=1e-12)


def test_who_changes_nothing_keeps_backgrounds_and_translates_nothing():
    judged = measures.judge("coats", Answers(dict.fromkeys(("AtoB", "BtoA"), lambda pictures: pictures)), 4)["measures"]
    assert judged == dict.fromkeys(judged, 0.0) and len(judged) == 5


def test_blurred_fronts_are_less_sharp_and_equal_ones_have_no_variety():
    truth = measures.held_out_of("facades", "AtoB", 4).truth
    blurred = ((truth.double() + truth.roll(1, 2) + truth.roll(1, 3)) / 3).byte()
    assert measures.judge("fronts", Answers({"AtoB": lambda _: blurred}), 4)["measures"]["sharpness"] < 0.7
    one = measures.judge("fronts", Answers({"AtoB": lambda _: truth[:1].expand(4, -1, -1, -1)}), 4)["measures"]
    assert one["variety"] < 1e-12 and one["FCN accuracy"] < 0.9


# ---- The page ----------------------------------------------------------------------------------------------------


def made_up(table, seed: int = 0, seeds: int = 3) -> dict:
    """A table's content with random figures."""
    rng = np.random.default_rng(seed)
    rows = [
        {
            "label": row.label,
            "command": f"python -m minicyclegan.train {' '.join(row.setting.arguments(0, 'x'))}",
            "measures": {name: rng.uniform(0, 1, seeds).round(5).tolist() for name in table.measures},
            "training_seconds": [30.0] * seeds,
            "judging_seconds": [2.0] * seeds,
            "machines": [{"cores": 2, "processor": "x86_64, AVX2", "torch": "2", "side by side": 2}] * seeds,
        }
        for row in table.rows
    ]
    return {
        "table": table.name, "rehearsal": False, "seeds": list(range(seeds)), "count": 96, "steps": [700], "rows": rows,
        "truth": {name: float(rng.uniform(0, 1)) for name in table.measures},
    }  # fmt: skip


def tables_of(text: str) -> list[list[list[str]]]:
    """Every Markdown table as rows of cells."""
    rows = [line.strip("| ").split(" | ") if line.startswith("|") else None for line in text.splitlines()]
    return [list(group) for is_row, group in itertools.groupby(rows, lambda row: row is not None) if is_row]


def check_numbers(text: str, contents: list[dict]) -> None:
    """Every figure of every table of the page is that of the content."""
    written = tables_of(text)[1:]  # the first says what the measures are
    assert len(written) == len(contents)
    for cells, content in zip(written, contents, strict=True):
        names = list(content["truth"])
        assert cells[0][: len(names) + 1][-len(names) :] == names or cells[0][: len(names)] == names
        for row, line in zip(content["rows"], cells[2:], strict=False):
            assert line[0] == row["label"]
            for name, cell in zip(names, line[1:], strict=False):
                mean, spread = mean_and_spread(row["measures"][name])
                assert cell == f"{mean:.3f} ± {spread:.3f}", (row["label"], name)
        last = cells[2 + len(content["rows"])]
        assert last[: len(names) + 1] == ["true pictures", *(f"{value:.3f}" for value in content["truth"].values())]


def test_the_page_s_numbers_are_those_of_the_figures():
    contents = [made_up(table, seed) for seed, table in enumerate(TABLES.values())]
    text = page.render(contents, "ablations")
    check_numbers(text, contents)
    for table in TABLES.values():
        assert f"(ablations/{table.name}.png)" in text
        for row in table.rows:
            if row.paper:
                assert " / ".join(f"{value:.{1 if value > 1 else 2}f}" for value in row.paper) in text


def test_one_table_is_written_beside_the_others(tmp_path):
    first, second = list(TABLES.values())[:2]
    target = tmp_path / "deep/page.md"
    page.write(target, [made_up(second)])
    page.write(target, [made_up(first, 1)])
    contents = page.read(target)
    assert [content["table"] for content in contents] == [first.name, second.name]
    assert target.read_text() == page.render(contents, "page")
    (tmp_path / f"deep/page/{first.name}.json").write_text("{")
    with pytest.raises(AblationError, match=rf"{first.name}.json: not readable as JSON; delete it"):
        page.read(target)


@pytest.mark.parametrize(
    "low, high, at_most, answer",
    [
        ([0.1, 0.2, 0.3], [0.7, 0.8, 0.9], None, "Yes"),
        ([0.1, 0.2, 0.3], [0.7, 0.8, 0.9], 0.25, "Yes"),
        ([0.1, 0.2, 0.3], [0.7, 0.8, 0.9], 0.15, "Less than expected, which was 0.15 or below"),
        ([0.1, 0.2, 0.3], [0.2, 0.3, 0.4], None, "Not beyond the spread"),
        ([0.7, 0.8, 0.9], [0.1, 0.2, 0.3], None, "No, the other way round"),
        ([0.0, 0.0, 0.0], [0.0, 0.0, 0.0], None, "Not beyond the spread"),
    ],
)
def test_the_answer_follows_from_the_figures(low, high, at_most, answer):
    claim = Claim("it blurs", "sharpness", "L1", "GAN", at_most)
    sentence = page._verdict(claim, {"L1": {"measures": {"sharpness": low}}, "GAN": {"measures": {"sharpness": high}}})
    assert sentence.startswith(f"*It blurs.* {answer}: sharpness {np.mean(low):.3f} ± ")


def test_the_measures_that_separate_best_and_least_are_named():
    table = TABLES["pix2pix-skips"]
    content = made_up(table)
    for place, row in enumerate(content["rows"]):
        for name in table.measures:
            apart = {"sharpness": 1.0, "texture": 0.0}.get(name, 0.02)
            row["measures"][name] = [apart * place - 0.01, apart * place, apart * place + 0.01]
    text = page.render([content], "x")
    assert "separates these settings best is **sharpness**: 6 of 6 pairs" in text
    assert "separates them least is **texture**: none of 6" in text


def test_a_rehearsal_says_so_at_the_top():
    content = made_up(TABLES["pix2pix-skips"])
    assert "rehearsal" not in page.render([content], "x")
    assert "**A rehearsal" in page.render([content | {"rehearsal": True}], "x")


def test_the_page_in_the_docs_is_what_its_figures_say():
    contents = page.read(DOCS)
    assert [content["table"] for content in contents] == list(TABLES)
    text = DOCS.read_text()
    assert text == page.render(contents, "ablations")
    check_numbers(text, contents)
    assert not any(content["rehearsal"] for content in contents)
    for content in contents:
        table = TABLES[content["table"]]
        assert content["seeds"] == [0, 1, 2]
        assert [row["label"] for row in content["rows"]] == [row.label for row in table.rows]
        for row, expected in zip(content["rows"], table.rows, strict=True):
            name = f"{expected.setting.run_name}-seed0"
            words = " ".join(expected.setting.arguments(0, f"runs/ablations/{name}"))
            assert row["command"] == f"python -m minicyclegan.train {words}"  # the settings are still these
    assert not re.search(r"/(home|root|work|tmp|Users)/", text)


def test_a_picture_has_no_more_columns_than_there_are_samples():
    assert measures.STYLES >= page.COLUMNS
