"""Metrics: cases by hand, properties, and the library's own results."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchmetrics.functional.image import peak_signal_noise_ratio, structural_similarity_index_measure

from minicyclegan.judging.metrics import HIGHEST_PSNR, fid, gradient_energy, kid, l1, psnr, quick_fid, ssim

seeds = st.integers(0, 2**32 - 1)


def pictures(seed: int, count: int = 2, size: int = 16, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, channels), np.uint8)


# ---- Picture by picture ------------------------------------------------------------------------------------------


@given(seeds)
@settings(max_examples=5, deadline=None)
def test_equal_pictures(seed):
    a = pictures(seed)
    np.testing.assert_array_equal(l1(a, a), 0)
    np.testing.assert_allclose(ssim(a, a), 1, atol=1e-12)
    np.testing.assert_array_equal(psnr(a, a), HIGHEST_PSNR)
    assert np.isfinite(HIGHEST_PSNR) and abs(HIGHEST_PSNR - 58.92) < 0.01


@given(seeds)
@settings(max_examples=5, deadline=None)
def test_order_does_not_matter_and_the_library_agrees(seed):
    a, b = pictures(seed), pictures(seed + 1)
    x, y = (torch.from_numpy(np.moveaxis(p, -1, 1).astype(np.float64)) for p in (a, b))
    for measure in (l1, psnr, ssim):
        np.testing.assert_allclose(measure(a, b), measure(b, a), rtol=1e-9)
    expected = peak_signal_noise_ratio(x, y, data_range=255.0, reduction="none", dim=(1, 2, 3))
    np.testing.assert_allclose(psnr(a, b), expected, rtol=1e-7)  # the library keeps ln 10 in single precision
    expected = structural_similarity_index_measure(x, y, data_range=255.0, reduction="none")
    np.testing.assert_allclose(ssim(a, b), expected, atol=1e-9)
    np.testing.assert_allclose(l1(a, b), (x - y).abs().mean((1, 2, 3)) / 255, rtol=1e-12)


def test_inside_and_outside_a_mask():
    a = np.zeros((2, 8, 8, 3), np.uint8)
    b = a.copy()
    b[:, :4] = 51  # a fifth of 255 in the upper half
    upper = np.zeros((2, 8, 8), bool)
    upper[:, :4] = True
    np.testing.assert_allclose(l1(a, b, upper), 0.2)
    np.testing.assert_allclose(l1(a, b, ~upper), 0)
    np.testing.assert_allclose(l1(a, b), 0.1)
    np.testing.assert_allclose(psnr(a, b, upper), 20 * np.log10(5))
    np.testing.assert_allclose(psnr(a, b, ~upper), HIGHEST_PSNR)
    # The windows of SSIM reach over the edge, so the lower half is not quite 1.
    assert (ssim(a, b, upper) < ssim(a, b)).all() and (ssim(a, b) < ssim(a, b, ~upper)).all()
    upper[1] = False
    for measure in (l1, psnr, ssim):
        assert np.isnan(measure(a, b, upper)).tolist() == [False, True], "no pixel, no value"


def test_grey_against_colour_is_compared_in_grey():
    colour = np.zeros((1, 8, 8, 3), np.uint8)
    colour[..., 0] = 30
    grey = np.full((1, 8, 8, 1), 10, np.uint8)
    assert l1(colour, grey) == 0 and l1(grey, colour) == 0


def test_pictures_that_cannot_be_compared_are_refused():
    with pytest.raises(ValueError, match="of the same size"):
        l1(pictures(0, size=8), pictures(0, size=9))
    with pytest.raises(ValueError, match="of the same size"):
        psnr(pictures(0, count=2), pictures(0, count=3))
    with pytest.raises(ValueError, match="at least 8 px, not 4 x 4"):
        ssim(pictures(0, size=4), pictures(0, size=4))


def test_gradient_energy_by_hand():
    steps = np.zeros((1, 4, 4, 1), np.uint8)
    steps[:, :, 2:] = 255  # one of three differences across is 1, none down is
    assert gradient_energy(steps) == pytest.approx(1 / 3)
    assert gradient_energy(np.swapaxes(steps, 1, 2)) == pytest.approx(1 / 3)
    assert gradient_energy(np.full((1, 4, 4, 3), 77, np.uint8)) == 0
    red = np.concatenate([steps, 0 * steps, 0 * steps], axis=3)
    assert gradient_energy(red) == pytest.approx(0.299**2 / 3)


# ---- Set against set ---------------------------------------------------------------------------------------------


@given(seeds, st.integers(2, 40), st.integers(2, 40), st.integers(1, 30))
@settings(max_examples=15, deadline=None)
def test_both_roads_to_fid_agree(seed, n, m, d):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(n, d)) * rng.uniform(0.5, 2, d), rng.normal(0.3, 1.5, (m, d))
    # The library takes roots of eigenvalues, of which those that should be 0 are about 1e-16: errors of about 1e-7.
    assert quick_fid(a, b) == pytest.approx(fid(a, b), abs=1e-5, rel=1e-6)
    assert quick_fid(a, b) == pytest.approx(quick_fid(b, a), abs=1e-9)


def test_fid_of_known_distributions():
    rng = np.random.default_rng(0)
    a = rng.normal(size=(200, 3))
    assert fid(a, a) == pytest.approx(0, abs=1e-6)
    assert fid(a, a + np.array([3, 0, 4])) == pytest.approx(25, abs=1e-6)  # a shift alone: its squared length
    centred = a - a.mean(0)
    # (Σ + 4 Σ − 2 √(4 Σ²)) = Σ: the trace of Σ is left
    assert fid(centred, 2 * centred) == pytest.approx(np.trace(np.cov(a.T)), abs=1e-6)


def test_kid_is_unbiased_and_grows_with_distance():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 120, 4))
    same, deviation = kid(a, b)
    assert abs(same) < 4 * deviation, "two samples of one distribution"
    near, far = kid(a, b + 0.5)[0], kid(a, b + 1)[0]
    assert 4 * deviation < near < far
    assert kid(a, b) == kid(a, b) != kid(a, b, seed=1)


def test_kids_deviation_is_that_of_fresh_samples():
    rng = np.random.default_rng(0)
    fresh = [rng.normal(size=(2, 80, 4)) + np.array([0, 0.7])[:, None, None] for _ in range(40)]
    estimates = [kid(a, b, subsets=40) for a, b in fresh]
    spread = np.std([mean for mean, _ in estimates])
    # 40 samples know their deviation to 11 %; the jackknife's own, and that it is of halves, add as much.
    assert np.mean([deviation for _, deviation in estimates]) == pytest.approx(spread, rel=0.4)


def test_too_few_pictures_are_refused():
    with pytest.raises(ValueError, match="at least 2 pictures of each kind, not 1 and 5"):
        fid(np.zeros((1, 3)), np.zeros((5, 3)))
    with pytest.raises(ValueError, match="at least 4 pictures of each kind, not 5 and 3"):
        kid(np.zeros((5, 3)), np.zeros((3, 3)))
