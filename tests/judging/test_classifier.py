"""The classifier knows every domain from a picture; what it is blind to is stated, and its features are not."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

from minicyclegan.judging.classifier import (
    CLASSES,
    FEATURES,
    SIZE,
    Classifier,
    classes_of,
    classify,
    features,
    labelled,
    train_classifier,
)
from minicyclegan.judging.metrics import fid
from minicyclegan.judging.nets import WEIGHTS, shipped
from minicyclegan.worlds import WORLDS, draw_scene, render_pictures

COUNT = 40
HORSE2ZEBRA = WORLDS["horse2zebra"]


@pytest.fixture(scope="module")
def real() -> tuple[np.ndarray, np.ndarray]:
    return labelled("test", COUNT)


def test_it_knows_where_a_fresh_picture_is_from(real):
    pictures, classes = real
    right = classify(pictures) == classes
    # measured on 150 of each class: 0.9956; the hardest, circles and squares, 0.97 and 0.99
    assert right.mean() >= 0.98
    assert min(right[classes == c].mean() for c in range(len(CLASSES))) >= 0.85


def test_classes_that_stand_for_others():
    assert classes_of("facades", "B") == (1,)
    assert classes_of("riders", "B") == classes_of("horse2zebra", "B") == (3,)
    assert classes_of("edges2photo", "B") == (2, 3) and classes_of("edges2photo", "A") == (8,)
    assert classes_of("a world of somebody else's", "A") == ()
    for world in WORLDS.values():
        for domain in ("A", "B"):
            wanted = classes_of(world.name, domain)
            if world.name in ("riders", "edges2photo"):
                assert np.isin(classify(render_pictures(world, "test", domain, 10, SIZE)), wanted).mean() >= 0.7


def test_its_known_blindness():
    """Grey noise in place of the coat is a zebra to it, in nearly every picture."""
    noisy = horses_in_noise(COUNT)
    assert (classify(noisy) == CLASSES.index(("horse2zebra", "B"))).mean() > 0.9  # measured on 200: 0.995


def horses_in_noise(count: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    pictures = render_pictures(HORSE2ZEBRA, "test", "A", count, SIZE)
    for index, picture in enumerate(pictures):
        mask = HORSE2ZEBRA.truth(draw_scene(HORSE2ZEBRA, "test", "A", index), SIZE)["mask"] >= 128
        noise = np.clip(128 + 90 * rng.normal(size=(SIZE, SIZE, 1)), 0, 255).astype(np.uint8)
        picture[mask] = np.broadcast_to(noise, picture.shape)[mask]
    return pictures


def test_features_tell_real_pictures_from_spoilt_ones():
    zebras = render_pictures(HORSE2ZEBRA, "test", "B", 2 * COUNT, SIZE)
    real, others = features(zebras[:COUNT]), zebras[COUNT:]
    floor = fid(real, features(others))  # real against real; not 0, for want of pictures
    blurred = np.stack([np.asarray(Image.fromarray(p).filter(ImageFilter.GaussianBlur(0.7))) for p in others])
    assert fid(real, features(blurred)) > 2 * floor
    assert fid(real, features(render_pictures(HORSE2ZEBRA, "test", "A", COUNT, SIZE))) > 20 * floor
    assert fid(real, features(horses_in_noise(COUNT))) > 2 * floor, "what the classes miss, the features see"
    assert fid(real, features(np.repeat(others[:2], COUNT // 2, axis=0))) > 5 * floor, "two pictures only"


def test_features_are_of_one_scale(real):
    spread = features(real[0]).std(0, correction=0)
    assert spread.shape == (FEATURES,)
    # Divided by the deviation over the training pictures, so about 1 on others.
    assert spread.min() > 0.7 and spread.max() < 1.3


def test_training_ends_with_the_scale_of_its_own_pictures():
    network = train_classifier(pictures=3, steps=3, batch=4)
    spread = features(labelled("train", 3)[0], network).std(0)
    # A channel that hardly varies is left small rather than blown up.
    np.testing.assert_allclose(spread[spread > 0.99], 1, rtol=1e-5)
    assert np.mean((spread > 0.99).numpy()) > 0.9


def test_grey_pictures_and_other_sizes_are_taken(real):
    grey = real[0][:3].mean(3, keepdims=True).astype(np.uint8)
    np.testing.assert_array_equal(features(grey), features(np.repeat(grey, 3, axis=3)))
    enlarged = np.repeat(np.repeat(real[0][:3], 2, axis=1), 2, axis=2)
    np.testing.assert_array_equal(features(enlarged), features(real[0][:3]))


def test_training_is_a_function_of_its_seed_and_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    states = [train_classifier(pictures=2, steps=3, seed=seed, batch=4).state_dict() for seed in (0, 0, 1)]
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    assert not torch.equal(states[0]["head.weight"], states[2]["head.weight"])
    assert torch.equal(torch.get_rng_state(), before)


def test_a_short_training_is_well_on_its_way(real):
    pictures, classes = real
    assert (classify(pictures, train_classifier(pictures=25, steps=80)) == classes).mean() >= 0.6


def test_the_shipped_weights_are_small():
    assert (WEIGHTS / "classifier.pt").stat().st_size < 300_000
    assert not shipped(Classifier).training
