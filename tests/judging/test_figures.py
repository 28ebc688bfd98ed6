"""Figures: values, intervals that hold what they say, JSON that any reader takes."""

import json

import numpy as np
import pytest
import torch

from minicyclegan.judging.extractor import OWN, FeaturesError, find_extractor
from minicyclegan.judging.figures import HEADING, Figure, around, figure, resampled


def test_bootstrap_interval_covers_the_true_mean_as_often_as_it_says():
    rng = np.random.default_rng(0)
    hits = []
    for _ in range(300):
        f = figure("x", rng.normal(3, 1, 50).tolist())
        hits.append(f.low <= 3 <= f.high)
    # 95 % less the known optimism of the bootstrap at 50 values (about 1 %); 300 trials: deviation 1.3 %, three of it
    assert np.mean(hits) == pytest.approx(0.94, abs=0.04)


def test_pictures_without_a_value_are_not_counted():
    f = figure("x", [1.0, np.nan, 3.0])
    assert f.count == 2 and f.value == 2 and f.low == 1 and f.high == 3
    with pytest.raises(ValueError, match="nothing: there is no picture to measure it on"):
        figure("nothing", [np.nan])


def test_any_statistic_is_resampled():
    values = np.arange(100.0)
    f = resampled("median", lambda draws: np.median(values[draws], axis=1), 100)
    assert f.value == 49.5 and 30 < f.low < f.value < f.high < 70 and f.count == 100


def test_an_interval_around_a_value():
    f = around("x", 5.0, 1.0, 10, real=4.0)
    assert (f.low, f.high, f.real) == (pytest.approx(3.04), pytest.approx(6.96), 4.0)


def test_limits():
    def passes(value, limits):
        return Figure("x", value, value, value, 1, limits=limits).passes

    assert passes(1.0, None) is None
    assert passes(1.0, (1.0, None)) and passes(1.0, (None, 1.0)) and passes(1.0, (0.5, 1.5))
    assert not passes(1.0, (1.1, None)) and not passes(1.0, (None, 0.9)) and not passes(float("nan"), (0.0, None))


def test_lines_up_with_the_heading_and_shows_small_values():
    f = Figure("a name", 0.001234, 0.001, 0.002, 200, real=0.5)
    assert len(str(f)) == len(HEADING)
    assert "0.00123" in str(f) and str(f).endswith("200")
    assert "FAILS" in str(Figure("x", 0.0, 0.0, 0.0, 1, limits=(0.5, None)))


def test_json_holds_numbers_or_nothing():
    f = Figure("x", float("nan"), float("-inf"), 1.0, 3, limits=(None, 2.0))
    content = json.loads(json.dumps(f.to_json(), allow_nan=False))
    assert content["value"] is None and content["low"] is None and content["high"] == 1.0
    assert content["limits"] == [None, 2.0] and content["passes"] is False and content["direction"] == "AtoB"


def test_a_ratio_of_means_resamples_what_belongs_together():
    rng = np.random.default_rng(0)
    hits = []
    for _ in range(300):
        true = rng.uniform(1, 3, 40)
        f = figure("x", 0.8 * true + rng.normal(0, 0.1, 40), per=true)  # far closer to the truth than one to another
        hits.append(f.low <= 0.8 <= f.high)
    assert np.mean(hits) == pytest.approx(0.94, abs=0.04)  # as above


def test_values_of_several_pictures_count_as_many_and_may_be_tensors():
    f = figure("x", torch.tensor([1.0, 3.0], dtype=torch.float64), each=5, real=2.5, limits=(1.0, None))
    assert (f.value, f.count, f.real, f.limits) == (2.0, 10, 2.5, (1.0, None))


def test_inception_is_refused_in_one_line_where_it_cannot_be_had(monkeypatch):
    monkeypatch.setattr("minicyclegan.judging.extractor.find_spec", lambda name: None)
    with pytest.raises(FeaturesError, match="pip install torch-fidelity"):
        find_extractor("inception")
    assert find_extractor("auto") is OWN is find_extractor("own")

    def offline(*_, **__):
        raise OSError("name resolution failed\nmore of it")

    monkeypatch.setattr("minicyclegan.judging.extractor.find_spec", lambda name: "found")
    monkeypatch.setattr("torchmetrics.image.fid.FrechetInceptionDistance", offline)
    with pytest.raises(FeaturesError, match=r"can't be had \(name resolution failed\); use --features own"):
        find_extractor("inception")


def test_inceptions_features_are_extracted_in_parts(monkeypatch):
    """With a stand-in for the network, whose weights are not at hand."""

    class StandIn(torch.nn.Module):
        def forward(self, x):
            assert x.dtype == torch.uint8 and x.shape[1:] == (3, 8, 8) and len(x) <= 16
            return x.float().mean((2, 3))

    class Metric:
        def __init__(self, feature):
            assert feature == 2048
            self.inception = StandIn()

    monkeypatch.setattr("minicyclegan.judging.extractor.find_spec", lambda name: "found")
    monkeypatch.setattr("torchmetrics.image.fid.FrechetInceptionDistance", Metric)
    extractor = find_extractor("auto")
    assert extractor.name == "Inception v3, 2048 features"
    grey = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 1), np.uint8)
    np.testing.assert_allclose(extractor.extract(grey), np.repeat(grey.mean((1, 2)), 3, 1), rtol=1e-6)
