"""The FCN score: its definitions by hand, and a judge that passes real fronts and nothing else."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from minicyclegan.judging.nets import WEIGHTS, shipped
from minicyclegan.judging.segmenter import (
    SIZE,
    Segmenter,
    confusion,
    fcn_score,
    fronts,
    mirrored,
    read_labels,
    score,
    segment,
    train_segmenter,
)
from minicyclegan.worlds import draw_scene
from minicyclegan.worlds.facades import CLASSES, FACADES, PALETTE, render_front, sample_style

COUNT = 80


@pytest.fixture(scope="module")
def real() -> tuple[np.ndarray, np.ndarray]:
    return fronts("test", COUNT)


# ---- The definitions ---------------------------------------------------------------------------------------------


def test_scores_by_hand():
    labels = np.array([[[0, 0, 0, 1]], [[1, 1, 2, 2]]])  # two pictures of four pixels
    read = np.array([[[0, 0, 1, 1]], [[1, 0, 2, 0]]])
    counts = confusion(labels, read, classes=4)
    np.testing.assert_array_equal(
        counts.sum(0),  # rows: the truth
        [[2, 1, 0, 0], [1, 2, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]],
    )
    result = score(counts)
    assert result.accuracy == pytest.approx(5 / 8)
    assert result.class_accuracy == pytest.approx((2 / 3 + 2 / 3 + 1 / 2) / 3)  # of class 3 there is no pixel
    assert result.iou == pytest.approx((2 / 5 + 2 / 4 + 1 / 2) / 3)
    np.testing.assert_allclose(result.per_picture, [3 / 4, 2 / 4])


def test_a_class_that_is_only_imagined_counts_in_iou_alone():
    result = score(confusion(np.zeros((1, 1, 4), int), np.array([[[0, 0, 0, 3]]]), classes=4))
    assert result.accuracy == result.class_accuracy == pytest.approx(3 / 4)
    assert result.iou == pytest.approx((3 / 4 + 0) / 2)


@given(st.integers(0, 2**32 - 1))
def test_perfect_labels_score_one_and_names_of_classes_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    labels, read = rng.integers(9, size=(2, 3, 5, 4))
    perfect = score(confusion(labels, labels))
    assert perfect.accuracy == perfect.class_accuracy == perfect.iou == 1
    renamed = rng.permutation(9)
    first, second = score(confusion(labels, read)), score(confusion(renamed[labels], renamed[read]))
    assert first.accuracy == second.accuracy
    assert first.class_accuracy == pytest.approx(second.class_accuracy)
    assert first.iou == pytest.approx(second.iou)
    assert first.iou <= first.class_accuracy + 1e-12


def test_unequal_shapes_are_refused():
    with pytest.raises(ValueError, match=r"\(1, 2, 2\) and predictions \(1, 2, 3\)"):
        confusion(np.zeros((1, 2, 2), int), np.zeros((1, 2, 3), int))


def test_label_pictures_are_read_by_their_nearest_colour():
    labels = np.arange(9).reshape(1, 3, 3)
    noise = np.random.default_rng(0).integers(-20, 21, (1, 3, 3, 3))
    spoilt = np.clip(PALETTE[labels].astype(int) + noise, 0, 255).astype(np.uint8)
    np.testing.assert_array_equal(read_labels(spoilt), labels)


# ---- The judge ---------------------------------------------------------------------------------------------------


def test_real_fronts_pass(real):
    result = fcn_score(*real)
    # measured on 200: 0.958, 0.943, 0.897
    assert result.accuracy >= 0.95 and result.class_accuracy >= 0.92 and result.iou >= 0.87
    assert result.confusion.shape == (COUNT, 9, 9) and len(CLASSES) == 9


@pytest.mark.parametrize(
    "kind, most", [("grey", 0.50), ("another layout's", 0.60), ("blurred", 0.92), ("noisy", 0.92), ("the labels", 0.85)]
)
def test_what_is_no_front_of_this_layout_scores_less(real, kind, most):
    pictures, labels = real
    rng = np.random.default_rng(0)
    spoilt = {
        "grey": lambda: np.full_like(pictures, 128),
        "another layout's": lambda: np.roll(pictures, 1, axis=0),
        "blurred": lambda: np.stack(
            [np.asarray(Image.fromarray(p).filter(ImageFilter.GaussianBlur(1))) for p in pictures]
        ),
        "noisy": lambda: np.clip(pictures + rng.normal(0, 20, pictures.shape), 0, 255).astype(np.uint8),
        "the labels": lambda: PALETTE[labels],
    }[kind]()
    assert fcn_score(spoilt, labels).accuracy <= most * fcn_score(pictures, labels).accuracy


def test_the_mean_of_many_true_fronts_scores_less():
    """Every edge is in its place and every colour is the likeliest one: what a blurry model would paint."""
    scenes, rng = [draw_scene(FACADES, "test", "B", index) for index in range(12)], np.random.default_rng(0)
    many = np.stack([[render_front(s.layout, sample_style(rng), SIZE) for _ in range(40)] for s in scenes])
    labels = np.stack([FACADES.truth(scene, SIZE)["labels"] for scene in scenes])
    mean, one = many.mean(1).round().astype(np.uint8), many[:, 0]
    # 0.856 on 60 layouts with 48 fronts each
    assert fcn_score(mean, labels).accuracy <= 0.90 * fcn_score(one, labels).accuracy


def test_pictures_of_another_size_are_brought_to_its_own(real):
    pictures, labels = real
    enlarged = np.repeat(np.repeat(pictures[:5], 2, axis=1), 2, axis=2)
    np.testing.assert_array_equal(segment(enlarged), segment(pictures[:5]))
    np.testing.assert_array_equal(
        fcn_score(enlarged, labels[:5]).confusion, fcn_score(pictures[:5], labels[:5]).confusion
    )
    at_128 = np.stack([FACADES.render(draw_scene(FACADES, "test", "B", i), "B", 128) for i in range(20)])
    # Averaged down, edges are a little softer than drawn at 64 px.
    assert fcn_score(at_128, labels[:20]).accuracy == pytest.approx(
        fcn_score(pictures[:20], labels[:20]).accuracy, abs=0.015
    )


def test_each_output_sees_19_pixels_and_no_more():
    x = torch.randn(1, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0), requires_grad=True)
    shipped(Segmenter)(x)[0, :, 32, 32].sum().backward()
    rows = x.grad.abs().sum((0, 1, 3)).nonzero()
    assert int(rows.max() - rows.min()) + 1 == 19


def test_training_is_a_function_of_its_seed():
    states = [train_segmenter(pictures=6, steps=3, seed=seed, batch=2).state_dict() for seed in (0, 0, 1)]
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    assert not torch.equal(states[0]["head.1.weight"], states[2]["head.1.weight"])


def test_training_leaves_the_global_generator_alone():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    train_segmenter(pictures=4, steps=2, batch=2)
    assert torch.equal(torch.get_rng_state(), before)


def test_half_of_the_fronts_are_mirrored_with_their_labels(real):
    labels = torch.from_numpy(real[1]).long()
    front = labels[:, None].expand(-1, 3, -1, -1).float()
    seen, read = mirrored(front, labels, torch.Generator().manual_seed(0))
    assert torch.equal(seen, read[:, None].expand(-1, 3, -1, -1).float())
    turned = [not torch.equal(a, b) for a, b in zip(labels, read, strict=True)]
    assert 0.3 < np.mean(turned) < 0.7  # of 80: four deviations
    assert all(torch.equal(b, a.flip(-1)) for a, b, t in zip(labels, read, turned, strict=True) if t)


def test_a_short_training_is_well_on_its_way(real):
    """The recipe of the shipped weights, much shortened."""
    network = train_segmenter(pictures=60, steps=30)
    assert not network.training
    assert fcn_score(*real, network).accuracy >= 0.65


def test_the_shipped_weights_are_small_and_are_the_networks():
    assert (WEIGHTS / "segmenter.pt").stat().st_size < 300_000
    kept, fresh = shipped(Segmenter).state_dict(), Segmenter().state_dict()
    assert {key: value.shape for key, value in kept.items()} == {key: value.shape for key, value in fresh.items()}
