"""judging/style_table.py: the segmenter's word beside the styles' figures, and models side by side."""

import numpy as np
import pytest

from minicyclegan.judging.style_figures import StyleFigure
from minicyclegan.judging.style_table import LEAST_ACCURACY, judged, side_by_side
from minicyclegan.judging.style_tasks import StyleTask, fresh_fronts, null_samples, style_task
from minicyclegan.judging.true_styles import TrueStyles, learn_styles


@pytest.fixture(scope="module")
def task() -> StyleTask:
    return style_task(count=4, styles=6, references=24)


@pytest.fixture(scope="module")
def styles() -> TrueStyles:
    return learn_styles(64, count=60, bins=8)


def test_the_segmenter_reads_true_fronts_and_not_a_random_other_front(task, styles):
    samples = fresh_fronts(task, 3)
    true, shuffled = (judged(task, pictures, styles=styles)[0] for pictures in (samples, samples[::-1]))
    assert true.passes and true.value == pytest.approx(true.real, abs=0.03)  # other styles of the same layouts
    assert not shuffled.passes
    assert true.limits == (LEAST_ACCURACY * true.real, None) and true.count == 12


def test_noise_on_the_mean_front_fails_it(task, styles):
    assert not judged(task, null_samples("mean + noise", task, 3), styles=styles)[0].passes


def test_models_stand_side_by_side_and_failures_are_marked():
    good = [StyleFigure("a", 1.0, 0.9, 1.1, 5, 1.0, (0.5, 2.0)), StyleFigure("no limits", 1.0, 1.0, 1.0, 5)]
    bad = [StyleFigure("a", 3.0, 2.9, 3.1, 5, 1.0, (0.5, 2.0)), StyleFigure("b", np.nan, 0.0, 0.0, 5, 1.0, (0.5, None))]
    heading, a, b = side_by_side({"good": good, "bad": bad}).splitlines()
    assert heading.split() == ["limits", "good", "bad"]
    assert a.split() == ["a", "0.50..2.00", "1.000", "3.000x"]
    assert b.split() == ["b", "0.50..", "nanx"]  # the good model has no such figure: its place stays empty
