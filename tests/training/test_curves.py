"""training/curves.py: all of a curve is seen, at a cost that does not grow with the run."""

import gc
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.lines import Line2D
from PIL import Image

from minicyclegan.training.curves import POINTS, Curves, draw_losses, limits, smooth

DARK = (8, 81, 156)  # the running mean


def records(values) -> list[dict]:
    clock = {"epoch": 0, "lr": 1e-4, "images_per_second": 1.0}
    return [{"step": step, **clock, "gan": value, "D": 0.0} for step, value in enumerate(values, 1)]


def test_running_mean():
    assert smooth(np.array([1.0, 3.0, 5.0, 7.0]), 2).tolist() == [1, 2, 4, 6]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=3 * POINTS))
def test_a_thinned_curve_keeps_extremes_ends_and_mean(values):
    step, gan = (Curves(records(values)).thinned()[name] for name in ("step", "gan"))
    mean, low, high = gan
    assert step.shape == gan.shape and 1 <= len(low) <= POINTS
    assert low.min() == min(values) and high.max() == max(values) and step[2, -1] == len(values)
    lengths = np.diff(step[2], prepend=0)
    assert (mean * lengths).sum() == pytest.approx(sum(values), abs=1e-3)
    assert ((low <= mean + 1e-6) & (mean <= high + 1e-6)).all()


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=100), st.floats(-1e3, 1e3))
def test_an_axis_shows_the_mean_and_all_values_but_those_far_outside(values, offset):
    values = np.array(values) + offset
    mean = smooth(values, 5)
    bottom, top = limits(values, values, mean)
    low, high = np.quantile(values, [0.005, 0.995])
    beyond = high - low
    usual = values[(values >= low - beyond) & (values <= high + beyond)]
    assert bottom < top and bottom <= min(usual.min(), mean.min()) and max(usual.max(), mean.max()) <= top
    assert bottom == 0 or values.min() < 0


@pytest.mark.parametrize("sign", [1, -1])
def test_one_step_far_outside_does_not_flatten_the_rest(sign):
    values = np.random.default_rng(0).normal(size=1000)
    values[500] = sign * 100
    assert np.abs(limits(values, values, smooth(values, 25))).max() < 12


def test_gaps_are_left_out():
    gap = np.full(2, math.nan)
    assert limits(gap, gap, gap) == (0.0, 1.0)
    assert limits(np.array([math.nan, 1.0]), np.array([math.nan, 2.0]), gap) == (0.0, 2.1)


@pytest.mark.parametrize("count", [1, 2, 50, 2500])
@pytest.mark.parametrize("shape", [lambda s: -s, lambda s: -1 / s, lambda s: math.sin(s / 9), lambda s: 5.0])
def test_the_running_mean_is_drawn_from_its_first_point_to_its_last(tmp_path, count, shape):
    draw_losses(Curves(records(shape(step) for step in range(1, count + 1))).thinned(), tmp_path / "losses.png")
    assert [path.name for path in tmp_path.iterdir()] == ["losses.png"]
    with Image.open(tmp_path / "losses.png") as image:
        picture = np.asarray(image.convert("RGB"))
    assert picture.shape[1] > 300
    if count > 1:
        gan = picture[:, : picture.shape[1] // 2]
        columns = np.flatnonzero((np.abs(gan.astype(int) - DARK).sum(-1) < 30).any(0))
        # matplotlib leaves a twentieth of an axis free to either side.
        assert np.ptp(columns) > 0.7 * gan.shape[1] and np.diff(columns).max() <= 2


def test_curves_survive_a_term_that_is_missing_or_null(tmp_path):
    draw_losses(Curves([{"step": 1, "gan": None}, {"step": 2}, {"step": 3, "gan": 0.5}]).thinned(), tmp_path / "l.png")


def test_figures_do_not_pile_up_in_memory(tmp_path):
    curves = Curves(records(range(50))).thinned()
    gc.collect()
    gc.disable()
    try:
        counts = []
        for _ in range(3):
            draw_losses(curves, tmp_path / "losses.png")
            counts.append(sum(type(thing) is Line2D for thing in gc.get_objects()))
    finally:
        gc.enable()
    assert counts[0] == counts[1] == counts[2]
