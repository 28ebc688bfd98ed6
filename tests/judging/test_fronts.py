"""Measurements of one building front: what they follow, what they must not see, and the same at every size."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from minicyclegan.judging.fronts import STYLE_MEASURES, find_parts, masked_box_mean, measure
from minicyclegan.worlds import draw_scene
from minicyclegan.worlds.facades import FACADES, render_front
from minicyclegan.worlds.facades_labels import CLASSES, SKY, WALL, WINDOW


def front(index: int, size: int = 64) -> tuple[np.ndarray, dict]:
    scene = draw_scene(FACADES, "test", "B", index)
    return FACADES.render(scene, "B", size), FACADES.truth(scene, size)


def measure_one(picture: np.ndarray, labels: np.ndarray) -> dict[str, np.ndarray]:
    return {name: value[0].numpy() for name, value in measure(picture[None], find_parts(labels)).items()}


@pytest.fixture(scope="module")
def table() -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Measured and true values of 200 test fronts."""
    measured, true = [], []
    for index in range(200):
        picture, truth = front(index)
        measured.append(measure_one(picture, truth["labels"]))
        true.append(truth)
    return tuple({name: np.array([row[name] for row in rows]) for name in rows[0]} for rows in (measured, true))


@pytest.mark.parametrize("name", STYLE_MEASURES)
def test_every_measurement_follows_its_style_as_well_as_stated(table, name):
    measured, true = table
    field, stated = STYLE_MEASURES[name]
    known = np.isfinite(measured[name])
    assert known.sum() >= 100  # 61 % of the fronts have a roof
    found = np.corrcoef(measured[name][known], true[field][known])[0, 1]
    # Deviation of a correlation r over n pairs: (1 - r²) / sqrt(n); three of it, and rounding
    assert found == pytest.approx(stated, abs=3 * (1 - stated**2) / np.sqrt(known.sum()) + 0.015)


def test_wall_colour_follows_the_true_one_in_each_channel(table):
    measured, true = table
    for channel in range(3):
        # light and dirt, which no wall colour knows of, are the rest
        assert np.corrcoef(measured["wall"][:, channel], true["wall_colour"][:, channel])[0, 1] > 0.88


LABELS = front(3)[1]["labels"]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 255), min_size=3, max_size=3), st.integers(0, 2**31))
def test_a_plain_wall_has_its_own_colour_and_nothing_else_whatever_is_beside_it(colour, seed):
    picture = np.random.default_rng(seed).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    picture[LABELS == WALL] = colour
    measured = measure_one(picture, LABELS)
    np.testing.assert_allclose(measured["wall"], np.array(colour) / 255, atol=1e-12)  # a mean of equal float64 numbers
    assert measured["texture"] < 1e-24 and measured["patchiness"] < 1e-12


def test_texture_is_the_energy_of_noise_and_patchiness_hardly_sees_it():
    rng = np.random.default_rng(0)
    labels = np.full((64, 64), WALL, dtype=np.uint8)
    labels[:8] = SKY
    labels[20:24, 20:24] = WINDOW
    grey = np.repeat(128 + rng.normal(0, 10, (64, 64, 1)), 3, axis=2)
    measured = measure_one(np.rint(grey).astype(np.uint8), labels)
    # Less the mean of nine neighbours, itself one of them, 8/9 of the variance is left; 3,500 pixels: 3 % deviation
    assert measured["texture"] == pytest.approx(8 / 9 * (10 / 255) ** 2, rel=0.08)
    assert measured["patchiness"] < 0.15 * 10 / 255  # windows of 81 pixels leave a ninth


def test_patchiness_is_the_deviation_between_two_halves_and_texture_hardly_sees_it():
    labels = np.full((64, 64), WALL, dtype=np.uint8)
    labels[:2] = WINDOW
    halves = np.full((64, 64, 3), 100, dtype=np.uint8)
    halves[:, 32:] = 150
    measured = measure_one(halves, labels)
    # 25 less what the windows blur: 9 of 64 columns fall from one half's colour to the other's
    assert 0.9 * 25 / 255 < measured["patchiness"] < 25 / 255
    assert measured["texture"] < 0.02 * (25 / 255) ** 2


def repainted(index: int, **fields: object) -> dict[str, np.ndarray]:
    """Measurements of a test front with some fields of its style replaced."""
    scene = draw_scene(FACADES, "test", "B", index)
    labels = FACADES.truth(scene, 64)["labels"]
    return measure_one(render_front(scene.layout, replace(scene.style, **fields), 64), labels)


@pytest.mark.parametrize("index", range(4))
def test_frames_are_seen_apart_from_the_wall_around_them(index):
    dark, bright = (repainted(index, wall_colour=(grey,) * 3)["frame brightness"] for grey in (0.5, 0.9))
    # The reveal alone would add 0.31 of the wall's 0.4; the windows' shapes decide how far off 0.31 is.
    assert abs(bright - dark) < 0.05


@pytest.mark.parametrize("index", range(4))
def test_roof_and_sky_keep_their_tone_in_any_light(index):
    blue, yellow = (repainted(index, light_warmth=warmth) for warmth in (-1.0, 1.0))
    for name in ("roof tone", "sky tone"):
        assert blue[name] == pytest.approx(yellow[name], abs=0.012, nan_ok=True)
    dim, full = (repainted(index, light_strength=strength) for strength in (0.85, 1.0))
    assert dim["trim brightness"] == pytest.approx(full["trim brightness"], rel=0.02, nan_ok=True)


@pytest.mark.parametrize("size", [128, 256])
def test_all_sizes_measure_the_same_of_the_same_scene(size):
    small, large = (
        [measure_one(picture, truth["labels"]) for picture, truth in (front(index, side) for index in range(6))]
        for side in (64, size)
    )
    for ours, theirs in zip(small, large, strict=True):
        np.testing.assert_allclose(ours["wall"], theirs["wall"], atol=0.02)
        assert ours["frame brightness"] == pytest.approx(
            theirs["frame brightness"], abs=0.08
        )  # a third of dark to bright
        assert ours["patchiness"] == pytest.approx(theirs["patchiness"], rel=0.25)
        for name in ("light warmth", "sky tone", "roof tone"):
            assert ours[name] == pytest.approx(theirs[name], abs=0.03, nan_ok=True)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.integers(0, 3))
def test_masked_box_mean_is_a_mean_over_windows(seed, radius):
    rng = np.random.default_rng(seed)
    values, mask = rng.normal(size=(2, 7, 6)), rng.random((7, 6)) < 0.6
    result = masked_box_mean(torch.from_numpy(values), torch.from_numpy(mask), radius)
    for row in range(7):
        for column in range(6):
            window = np.s_[max(row - radius, 0) : row + radius + 1, max(column - radius, 0) : column + radius + 1]
            inside = mask[window]
            want = values[:, *window][:, inside].mean(1) if inside.any() else np.zeros(2)
            np.testing.assert_allclose(result[:, row, column], want, atol=1e-12)  # cumulated sums of 42 numbers


@pytest.mark.parametrize("shape", [(32, 32), (64, 128)])
def test_small_and_oblong_label_maps_are_refused(shape):
    with pytest.raises(ValueError, match="squares of at least 64 px"):
        find_parts(np.full(shape, WALL, dtype=np.uint8))


def test_a_label_map_without_wall_is_refused():
    with pytest.raises(ValueError, match="bare wall"):
        find_parts(np.full((64, 64), CLASSES.index("sky"), dtype=np.uint8))
