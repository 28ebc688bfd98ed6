"""judging/ablations: the rule for what is more than luck, the tables as data, the measures, the page's sentences."""

import dataclasses
import itertools
import math
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minicyclegan.ablate import measures, page, settings
from minicyclegan.ablate.measures import MEASURES, colour_drift
from minicyclegan.ablate.pictures import COLUMNS
from minicyclegan.ablate.runs import AblationError, plan
from minicyclegan.ablate.spread import agreement, gap, mean_and_spread, pairs_apart
from minicyclegan.ablate.tables import TABLES, Claim
from minicyclegan.judging.coat import calibrate
from minicyclegan.judging.true_styles import learn_styles
from minicyclegan.models import MODELS
from minicyclegan.training.config import TrainConfig
from minicyclegan.worlds import WORLDS

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
    found = agreement(ours, {"a": 0.5, "b": 0.1, "c": 0.9})
    assert (found.same, found.opposite, found.unclear) == (1, 1, 1)
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
    assert {setting.name for setting in settings.FOR_LESSONS} <= set(by_name)


@pytest.mark.parametrize("setting", {row.setting.name: row.setting for row in ROWS}.values(), ids=lambda s: s.name)
def test_every_setting_is_one_that_train_accepts(setting):
    config_class, options = MODELS[setting.model].config, dict(setting.options)
    names = {field.name for field in dataclasses.fields(config_class)}
    config_class(**{name: options.pop(name) for name in list(options) if name in names}).check_size(options["size"])
    assert TrainConfig(**options | {"model": setting.model, "data": (options["data"],)}).steps == options["steps"]


def test_options_become_the_words_a_user_types():
    options = {"lr": 1e-3, "skips": False, "conditional": True}
    words = settings.Setting("x", "pix2pix", "fronts", options).arguments(7, "there")
    typed = "--model pix2pix --lr 0.001 --no-skips --conditional --cache --device cpu --seed 7 --out there"
    assert words == typed.split()


def test_other_options_make_another_run_and_another_order_does_not():
    def name(**options):
        return settings.Setting("x", "pix2pix", "fronts", options).run_name

    assert name(lr=1e-3, steps=5) == name(steps=5, lr=1e-3) != name(steps=6, lr=1e-3)
    assert settings.L1.rehearsed().run_name != settings.L1.run_name


# ---- Measures ----------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def quick_judges(monkeypatch, tmp_path_factory):
    """The judges that learn from hundreds of drawn pictures make do with a few."""
    monkeypatch.setenv("MINICYCLEGAN_CACHE", str(tmp_path_factory.getbasetemp() / "pictures"))
    monkeypatch.setattr(measures, "_coat_judge", lambda: calibrate(WORLDS["horse2zebra"], 64, count=25))
    monkeypatch.setattr(measures, "_true_styles", lambda: learn_styles(64, count=40))


@pytest.mark.parametrize("name", ["fronts", "both ways", "coats", "seasons", "styles"])
def test_the_truth_reaches_what_there_is_to_reach(name):
    truth = measures.judge_truth(name, 4)
    assert set(truth) <= set(MEASURES)
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
        assert min(truth["zebra coats"], truth["horse coats"]) >= 0.5  # the judge saw 25 pictures rather than 400
    if name in ("fronts", "styles"):
        assert truth["FCN accuracy"] > 0.95


def test_who_changes_nothing_keeps_backgrounds_and_translates_nothing():
    judged = measures.coats(4, lambda pictures: pictures, lambda pictures: pictures)
    assert judged == dict.fromkeys(judged, 0.0)


def test_colours_drift_where_light_noise_and_shadow_do_not():
    rng = np.random.default_rng(0)
    before = rng.integers(60, 190, (2, 64, 64, 3), dtype=np.uint8)
    assert colour_drift(before, before).tolist() == [0, 0]
    # without its mean over the channels, a step of 51 in red is +34, -17, -17
    reddened = before + np.array([51, 0, 0], np.uint8)
    assert colour_drift(before, reddened) == pytest.approx(68 / 3 / 255, abs=1e-12)
    shaded = before - np.uint8(50) * (np.arange(64) < 32)[:, None, None].astype(np.uint8)
    assert colour_drift(before, shaded) == pytest.approx(0, abs=1e-12)
    noisy = (before + rng.integers(-50, 51, before.shape)).astype(np.uint8)
    assert (colour_drift(before, noisy) < 0.03).all()  # of single pixels it is 0.093; of means of 16, a quarter


def test_blurred_fronts_are_less_sharp_and_equal_ones_have_no_variety():
    test = measures.test_set("facades", "A", 4)
    blurred = (test.truth.astype(float) + np.roll(test.truth, 1, 1) + np.roll(test.truth, 1, 2)) / 3
    assert measures.fronts(4, lambda _: blurred.astype(np.uint8))["sharpness"] < 0.7
    one = measures.fronts(4, lambda _: np.repeat(test.truth[:1], 4, axis=0))
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
    assert target.read_text(encoding="utf-8") == page.render(contents, "page")
    (tmp_path / f"deep/page/{first.name}.json").write_text("{", encoding="utf-8")
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


@pytest.mark.skipif(
    not DOCS.exists(), reason="docs/ablations.md is not written yet: ablate all --page docs/ablations.md does"
)
def test_the_page_in_the_docs_is_what_its_figures_say():
    contents = page.read(DOCS)
    assert [content["table"] for content in contents] == list(TABLES)
    text = DOCS.read_text(encoding="utf-8")
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
    assert measures.STYLES >= COLUMNS
