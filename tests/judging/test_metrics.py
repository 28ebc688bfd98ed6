"""Metrics: cases by hand, properties, and the library's own results."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torchmetrics.functional.image import peak_signal_noise_ratio, structural_similarity_index_measure
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import KernelInceptionDistance

from minicyclegan.judging.metrics import (
    HIGHEST_PSNR,
    box_resize,
    box_sum,
    colour_drift,
    erode,
    fid,
    gradient_energy,
    kid,
    l1,
    masked_mean,
    pairwise_difference,
    psnr,
    squared_error,
    ssim,
)
from minicyclegan.worlds import WORLDS
from minicyclegan.worlds.render import draw_range

seeds = st.integers(0, 2**32 - 1)


def pictures(seed: int, count: int = 2, size: int = 16, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, channels), np.uint8)


# ---- Picture by picture ------------------------------------------------------------------------------------------


def mean_psnr(a: np.ndarray, b: np.ndarray, mask: torch.Tensor | None = None) -> torch.Tensor:
    return psnr(masked_mean(squared_error(a, b), mask))


def mean_ssim(a: np.ndarray, b: np.ndarray, mask: torch.Tensor | None = None) -> torch.Tensor:
    return masked_mean(ssim(a, b), mask)


MEASURES = (l1, mean_psnr, mean_ssim)


@given(seeds)
@settings(max_examples=5, deadline=None)
def test_equal_pictures(seed):
    a = pictures(seed)
    np.testing.assert_array_equal(l1(a, a), 0)
    np.testing.assert_allclose(ssim(a, a), 1, atol=1e-12)
    np.testing.assert_allclose(mean_psnr(a, a), HIGHEST_PSNR, rtol=1e-12)
    assert np.isfinite(HIGHEST_PSNR) and abs(HIGHEST_PSNR - 58.92) < 0.01


@given(seeds, st.integers(8, 40), st.integers(8, 40), st.sampled_from([1, 3]), st.integers(1, 40))
@settings(max_examples=10, deadline=None)
def test_order_does_not_matter_and_the_library_agrees(seed, height, width, channels, count):
    a, b = np.random.default_rng(seed).integers(0, 256, (2, count, height, width, channels), np.uint8)
    x, y = (torch.from_numpy(np.moveaxis(p, -1, 1).astype(np.float64)) for p in (a, b))
    for measure in MEASURES:
        np.testing.assert_allclose(measure(a, b), measure(b, a), rtol=1e-9)
        np.testing.assert_allclose(measure(a, b), measure(x.byte(), y.byte()), rtol=1e-12)
    expected = peak_signal_noise_ratio(x, y, data_range=255.0, reduction="none", dim=(1, 2, 3))
    np.testing.assert_allclose(mean_psnr(a, b), expected, rtol=1e-6)  # the library keeps ln 10 in single precision
    _, expected = structural_similarity_index_measure(x, y, data_range=255.0, reduction="none", return_full_image=True)
    np.testing.assert_allclose(ssim(a, b), expected.mean(1), atol=1e-9)
    np.testing.assert_allclose(l1(a, b), (x - y).abs().mean((1, 2, 3)) / 255, rtol=1e-12)


def test_ssim_is_the_librarys_on_what_is_measured():
    """Flat skies and sharp edges, where variances are small differences of large numbers."""
    worlds = (draw_range(WORLDS[name], "test", "A", 0, 3, 64, 0) for name in ("facades", "summer2winter"))
    a = np.concatenate(list(worlds))
    b = np.roll(a, 1, axis=1)
    x, y = (torch.from_numpy(np.moveaxis(p, -1, 1).astype(np.float64)) for p in (a, b))
    expected = structural_similarity_index_measure(x, y, data_range=255.0, reduction="none")
    np.testing.assert_allclose(mean_ssim(a, b), expected, atol=1e-9)


def test_inside_and_outside_a_mask():
    a = np.zeros((2, 8, 8, 3), np.uint8)
    b = a.copy()
    b[:, :4] = 51  # a fifth of 255 in the upper half
    upper = torch.zeros(2, 8, 8, dtype=torch.bool)
    upper[:, :4] = True
    np.testing.assert_allclose(l1(a, b, upper), 0.2)
    np.testing.assert_allclose(l1(a, b, ~upper), 0)
    np.testing.assert_allclose(l1(a, b), 0.1)
    np.testing.assert_allclose(mean_psnr(a, b, upper), 20 * np.log10(5))
    np.testing.assert_allclose(mean_psnr(a, b, ~upper), HIGHEST_PSNR)
    # The windows of SSIM reach over the edge, so the lower half is not quite 1.
    assert (mean_ssim(a, b, upper) < mean_ssim(a, b)).all() and (mean_ssim(a, b) < mean_ssim(a, b, ~upper)).all()
    upper[1] = False
    for measure in MEASURES:
        assert measure(a, b, upper).isnan().tolist() == [False, True], "no pixel, no value"


def test_grey_against_colour_is_compared_in_grey():
    colour = np.zeros((1, 8, 8, 3), np.uint8)
    colour[..., 0] = 30
    grey = np.full((1, 8, 8, 1), 10, np.uint8)
    assert l1(colour, grey) == 0 and l1(grey, colour) == 0


def test_pictures_that_cannot_be_compared_are_refused():
    with pytest.raises(ValueError, match="of the same size"):
        l1(pictures(0, size=8), pictures(0, size=9))
    with pytest.raises(ValueError, match="of the same size"):
        squared_error(pictures(0, count=2), pictures(0, count=3))
    with pytest.raises(ValueError, match="at least 8 px, not 4 x 4"):
        ssim(pictures(0, size=4), pictures(0, size=4))


def test_gradient_energy_by_hand():
    steps = np.zeros((1, 4, 4, 1), np.uint8)
    steps[:, :, 2:] = 255  # one of three differences across is 1, none down is
    assert gradient_energy(steps) == pytest.approx(1 / 3)
    assert gradient_energy(np.swapaxes(steps, 1, 2)) == pytest.approx(1 / 3)
    assert gradient_energy(np.full((1, 4, 4, 3), 77, np.uint8)) < 1e-25
    red = np.concatenate([steps, 0 * steps, 0 * steps], axis=3)
    assert gradient_energy(red) == pytest.approx(0.299**2 / 3)


def test_colours_drift_where_light_noise_and_shadow_do_not():
    rng = np.random.default_rng(0)
    before = rng.integers(60, 190, (2, 64, 64, 3), dtype=np.uint8)
    assert colour_drift(before, before).tolist() == [0, 0]
    # without its mean over the channels, a step of 51 in red is +34, -17, -17
    reddened = before + np.array([51, 0, 0], np.uint8)
    np.testing.assert_allclose(colour_drift(before, reddened), 68 / 3 / 255, atol=1e-12)
    shaded = before - np.uint8(50) * (np.arange(64) < 32)[:, None, None].astype(np.uint8)
    np.testing.assert_allclose(colour_drift(before, shaded), 0, atol=1e-12)
    noisy = (before + rng.integers(-50, 51, before.shape)).astype(np.uint8)
    assert (colour_drift(before, noisy) < 0.03).all()  # of single pixels it is 0.093; of means of 16, a quarter


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 7), seeds)
def test_pairwise_difference_is_the_mean_over_pairs(n, seed):
    samples = np.random.default_rng(seed).integers(0, 256, (3, n, 4, 2, 3), dtype=np.uint8)
    for layout, value in zip(samples / 255.0, pairwise_difference(samples), strict=True):
        pairs = [np.abs(a - b).mean() for a, b in itertools.combinations(layout, 2)]
        assert float(value) == pytest.approx(np.mean(pairs), abs=1e-12)  # float64 sums of 24 numbers
    np.testing.assert_allclose(pairwise_difference(samples / 255.0), pairwise_difference(samples), atol=1e-12)


# ---- Neighbourhoods ----------------------------------------------------------------------------------------------


@given(seeds, st.integers(0, 3))
@settings(max_examples=20, deadline=None)
def test_sums_and_erosion_by_their_definitions(seed, radius):
    rng = np.random.default_rng(seed)
    values, mask = torch.from_numpy(rng.normal(size=(2, 9, 7))), torch.from_numpy(rng.random((2, 9, 7)) < 0.9)
    sums, inner, open_border = box_sum(values, radius), erode(mask, radius), erode(mask, radius, beyond=True)
    for row in range(9):
        for column in range(7):
            window = np.s_[:, max(row - radius, 0) : row + radius + 1, max(column - radius, 0) : column + radius + 1]
            np.testing.assert_allclose(sums[:, row, column], values[window].sum((1, 2)), atol=1e-12)
            within = mask[window].all(2).all(1)
            assert torch.equal(open_border[:, row, column], within)
            whole = radius <= row < 9 - radius and radius <= column < 7 - radius
            assert torch.equal(inner[:, row, column], within & whole)


@pytest.mark.parametrize("height, width", [(64, 64), (128, 128), (96, 96), (100, 75), (192, 256), (48, 30)])
@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_are_averaged_down_as_pillow_does_it(height, width, channels):
    array = np.random.default_rng(0).integers(0, 256, (3, height, width, channels), np.uint8)
    images = [Image.fromarray(p[:, :, 0] if channels == 1 else p) for p in array]
    expected = [np.asarray(i.resize((64, 64), Image.Resampling.BOX)).reshape(64, 64, channels) for i in images]
    found = box_resize(array, 64).movedim(1, -1).numpy()
    assert found.dtype == np.uint8
    # Pillow's weights are rounded, ours are not: a half may fall to the other side.
    difference = np.abs(found.astype(int) - np.stack(expected))
    assert difference.max() <= 1 and (difference > 0).mean() < (0.02 if height % 64 or width % 64 else 1e-9)


# ---- Set against set ---------------------------------------------------------------------------------------------


def normal(*shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).normal(size=shape))


class Given(torch.nn.Module):
    """For a library that wants a network: the features are computed already."""

    def __init__(self, features: int):
        super().__init__()
        self.num_features = features

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


def by_the_library(metric, a: torch.Tensor, b: torch.Tensor):
    metric.update(a, real=True)
    metric.update(b, real=False)
    return metric.compute()


@given(seeds, st.integers(2, 40), st.integers(2, 40), st.integers(1, 30))
@settings(max_examples=15, deadline=None)
def test_fid_is_the_librarys(seed, n, m, d):
    rng = np.random.default_rng(seed)
    a = torch.from_numpy(rng.normal(size=(n, d)) * rng.uniform(0.5, 2, d))
    b = torch.from_numpy(rng.normal(0.3, 1.5, (m, d)))
    theirs = by_the_library(FrechetInceptionDistance(feature=Given(d)).set_dtype(torch.float64), a, b)
    # The library takes roots of eigenvalues, of which those that should be 0 are about 1e-16: errors of about 1e-7.
    assert fid(a, b) == pytest.approx(max(float(theirs), 0), abs=1e-5, rel=1e-6)
    assert fid(a, b) == pytest.approx(fid(b, a), abs=1e-9)


@pytest.mark.filterwarnings("ignore:Metric `Kernel Inception Distance`")
def test_kid_is_the_librarys():
    rng = np.random.default_rng(0)
    a, b = torch.from_numpy(rng.normal(size=(30, 6))), torch.from_numpy(rng.normal(0.3, 1.2, (25, 6)))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        metric = KernelInceptionDistance(feature=Given(6), subsets=20, subset_size=12)
        theirs = by_the_library(metric, a, b)
    # The library's random halves are drawn alike.
    np.testing.assert_allclose(kid(a, b, subsets=20), theirs, rtol=1e-9)


def test_fid_of_known_distributions():
    a = normal(200, 3)
    assert fid(a, a) == pytest.approx(0, abs=1e-6)
    assert fid(a, a + torch.tensor([3, 0, 4])) == pytest.approx(25, abs=1e-6)  # a shift alone: its squared length
    centred = a - a.mean(0)
    # (Σ + 4 Σ − 2 √(4 Σ²)) = Σ: the trace of Σ is left
    assert fid(centred, 2 * centred) == pytest.approx(a.T.cov().trace().item(), abs=1e-6)


def test_kid_is_unbiased_and_grows_with_distance():
    a, b = normal(2, 120, 4)
    same, deviation = kid(a, b)
    assert abs(same) < 4 * deviation, "two samples of one distribution"
    near, far = kid(a, b + 0.5)[0], kid(a, b + 1)[0]
    assert 4 * deviation < near < far
    assert kid(a, b) == kid(a, b) != kid(a, b, seed=1)


def test_kids_deviation_is_that_of_fresh_samples():
    rng = np.random.default_rng(0)
    fresh = [torch.from_numpy(rng.normal(size=(2, 80, 4)) + np.array([0, 0.7])[:, None, None]) for _ in range(40)]
    estimates = [kid(a, b, subsets=40) for a, b in fresh]
    spread = np.std([mean for mean, _ in estimates])
    # 40 samples know their deviation to 11 %; the jackknife's own, and that it is of halves, add as much.
    assert np.mean([deviation for _, deviation in estimates]) == pytest.approx(spread, rel=0.4)


def test_too_few_pictures_are_refused():
    with pytest.raises(ValueError, match="at least 2 pictures of each kind, not 1 and 5"):
        fid(torch.zeros(1, 3), torch.zeros(5, 3))
    with pytest.raises(ValueError, match="at least 4 pictures of each kind, not 5 and 3"):
        kid(torch.zeros(5, 3), torch.zeros(3, 3))
