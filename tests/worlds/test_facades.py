"""The world `facades`: what pictures show, what the truth says, and what a label map must not tell."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from minicyclegan.worlds import draw_sample
from minicyclegan.worlds.facades import (
    CLASSES,
    DARK_FRAME_PROBABILITY,
    FACADES,
    PALETTE,
    WARM_WALL_PROBABILITY,
    FacadeScene,
    render_front,
    render_label,
    sample_layout,
    sample_style,
)
from minicyclegan.worlds.facades_style import RANGES, light_colour

REFERENCE = Path(__file__).with_name("facades_reference.png")
PINNED_NUMPY = "2.4.6"


def scenes(count: int, first: int = 0) -> list[FacadeScene]:
    return [FACADES.sample_scene(np.random.default_rng([3, first + index])) for index in range(count)]


def inner(mask: np.ndarray, border: int) -> np.ndarray:
    """The mask without its border, so many pixels wide, where anti-aliasing and shadows mix in."""
    side = 2 * border + 1
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(mask.astype(bool), border), (side, side))
    return windows.all(axis=(2, 3))


def detail(picture: np.ndarray) -> np.ndarray:
    """What remains of (h, w) after subtracting the mean over 7 × 7 pixels."""
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(picture, 3, mode="edge"), (7, 7))
    return picture - windows.mean(axis=(2, 3))


def reference_sheet() -> np.ndarray:
    pictures = [[FACADES.render(scene, domain, 64) for domain in "AB"] for scene in scenes(4, first=900)]
    return np.concatenate([np.concatenate(pair, axis=0) for pair in pictures], axis=1)


@pytest.mark.parametrize("size", [32, 64, 100])
def test_pictures_have_the_promised_form(size):
    sample = draw_sample(FACADES, "train", "A", 5, size)
    for picture in (sample.picture, sample.counterpart):
        assert picture.shape == (size, size, 3) and picture.dtype == np.uint8
    assert sample.truth["labels"].shape == sample.truth["wall"].shape == (size, size)


def test_the_same_seed_gives_the_same_bytes():
    first, second = scenes(3), scenes(3)
    assert first == second
    for one, other in zip(first, second, strict=True):
        for domain in "AB":
            np.testing.assert_array_equal(FACADES.render(one, domain, 64), FACADES.render(other, domain, 64))


def test_pictures_are_those_of_the_reference():
    with Image.open(REFERENCE) as picture:
        expected = np.asarray(picture.convert("RGB")).astype(int)
    difference = np.abs(reference_sheet().astype(int) - expected)
    if np.__version__ == PINNED_NUMPY:
        assert difference.max() == 0
    assert np.mean(difference <= 1) >= 0.999


def test_a_label_picture_holds_palette_colours_only():
    assert len(np.unique(PALETTE, axis=0)) == len(CLASSES) == len(PALETTE)
    for scene in scenes(10):
        labels = FACADES.truth(scene, 64)["labels"]
        np.testing.assert_array_equal(FACADES.render(scene, "A", 64), PALETTE[labels])


def test_every_class_occurs_and_the_wall_is_the_largest():
    maps = np.stack([render_label(sample_layout(np.random.default_rng(seed)), 64) for seed in range(150)])
    shares = np.stack([(maps == index).mean(axis=(1, 2)) for index in range(len(CLASSES))], axis=1)
    mean = dict(zip(CLASSES, shares.mean(axis=0), strict=True))
    present = dict(zip(CLASSES, (shares > 0).mean(axis=0), strict=True))
    assert max(mean, key=mean.get) == "wall" and mean["wall"] > 0.25
    assert all(share > 0.01 for share in mean.values()), mean
    assert all(present[name] == 1 for name in ("wall", "window", "door", "cornice", "ground")), present
    assert all(0.4 < present[name] < 0.95 for name in ("balcony", "roof", "plant")), present


def test_layouts_are_varied_and_resolvable():
    layouts = [sample_layout(np.random.default_rng(seed)) for seed in range(200)]
    assert {len(layout.storeys) for layout in layouts} == {len(layout.bays) for layout in layouts} == {2, 3, 4, 5, 6}
    assert {layout.roof.kind for layout in layouts} == {"flat", "gable", "hip", "mansard"}
    widths = np.array([64 * window.frame.width for layout in layouts for window in layout.windows])
    assert np.mean(widths >= 5) > 0.95 and widths.min() > 4


def test_styles_keep_their_ranges_and_modes():
    styles = [sample_style(np.random.default_rng(seed)) for seed in range(1000)]
    numbers = np.array([list(style.numbers().values()) for style in styles])
    low, high = np.array(list(RANGES.values())).T
    assert numbers.shape == (1000, len(RANGES)) and np.all(numbers >= low) and np.all(numbers <= high)
    assert np.mean([style.warm for style in styles]) == pytest.approx(WARM_WALL_PROBABILITY, abs=0.06)
    assert np.mean([style.dark_frames for style in styles]) == pytest.approx(DARK_FRAME_PROBABILITY, abs=0.06)
    red_over_blue = np.array([style.wall_colour[0] - style.wall_colour[2] for style in styles])
    assert np.abs(red_over_blue).min() > 0.1  # a gap between the warm and the cool walls


def test_the_style_is_independent_of_the_layout():
    drawn = scenes(1500)
    layout = np.array([
        [len(s.layout.windows), len(s.layout.storeys), len(s.layout.bays), s.layout.wall.left, s.layout.wall.top,
         len(s.layout.plants), len(s.layout.balconies), s.layout.roof.kind == "flat", s.layout.leaf_seed]
        for s in drawn
    ], dtype=float)  # fmt: skip
    style = np.array([list(scene.style.numbers().values()) for scene in drawn])
    together = np.corrcoef(layout.T, style.T)[: layout.shape[1], layout.shape[1] :]
    assert np.abs(together).max() < 4.5 / np.sqrt(len(drawn))


def test_two_styles_of_a_layout_differ_in_the_wall_and_share_the_edges():
    rng = np.random.default_rng(11)
    for scene in scenes(6):
        styles = [scene.style, sample_style(rng), sample_style(rng)]
        fronts = [render_front(scene.layout, style, 128).astype(float) for style in styles]
        labels = render_label(scene.layout, 128)
        wall, window = labels == CLASSES.index("wall"), labels == CLASSES.index("window")
        assert np.abs(fronts[0] - fronts[1])[wall].mean() > 8
        border = (wall[:, :-1] & window[:, 1:]) | (window[:, :-1] & wall[:, 1:])
        for front in fronts:
            across = np.abs(np.diff(front.mean(axis=2), axis=1))
            assert across[border].mean() > 3 * across[inner(wall, 2)[:, 1:]].mean()


def test_the_texture_has_no_fixed_place():
    """Otherwise an L1 loss would learn the bricks: averaged over styles, nothing of them may remain."""
    layouts = [sample_layout(np.random.default_rng(seed)) for seed in range(60)]
    walls = [inner(render_label(layout, 64) == CLASSES.index("wall"), 4) for layout in layouts]
    wall, layout = max(zip(walls, layouts, strict=True), key=lambda pair: pair[0].sum())
    rng = np.random.default_rng(5)
    details = []
    while len(details) < 80:
        style = sample_style(rng)
        if style.material != "plaster":
            front = render_front(layout, style, 64).astype(float).mean(axis=2)
            details.append(detail(front / front[wall].mean())[wall])
    energy = np.mean(np.square(details))
    assert energy > 4e-4  # a single front does show its bricks
    assert np.square(np.mean(details, axis=0)).mean() < 0.05 * energy


@pytest.mark.parametrize("field", ["texture_phase_x", "texture_phase_y", "texture_scale"])
@pytest.mark.parametrize("material", ["brick", "stone"])
def test_phase_and_scale_move_the_texture(material, field):
    scene = scenes(1)[0]
    style = replace(scene.style, material=material, texture_phase_x=0.2, texture_phase_y=0.2, texture_scale=0.9)
    moved = replace(style, **{field: getattr(style, field) + 0.3})
    wall = FACADES.truth(scene, 64)["wall"] == 1
    first, second = (render_front(scene.layout, one, 64).astype(float)[wall] for one in (style, moved))
    assert np.abs(first - second).mean() > 3


def test_sizes_show_the_same_front():
    for scene in scenes(4):
        small = FACADES.render(scene, "B", 64).astype(float)
        for size in (128, 256):
            large = FACADES.render(scene, "B", size).astype(float)
            averaged = large.reshape(64, size // 64, 64, size // 64, 3).mean(axis=(1, 3))
            assert np.abs(small - averaged).mean() < 4


def test_the_wall_has_the_colour_that_the_truth_tells():
    for scene in scenes(30):
        truth = FACADES.truth(scene, 64)
        np.testing.assert_array_equal(truth["wall_colour"], truth["style"][:3])
        front = FACADES.render(scene, "B", 64) / 255.0
        share = front[inner(truth["wall"], 1)].mean(axis=0) / (truth["wall_colour"] * light_colour(scene.style))
        assert 0.75 < share.min() <= share.max() < 1.08
        assert np.ptp(share) < 0.12


def test_the_truth_names_every_field():
    scene = scenes(1)[0]
    truth = FACADES.truth(scene, 64)
    assert set(RANGES) <= set(truth)
    assert [truth[name] for name in RANGES] == list(truth["style"])
    assert truth["warm"] == float(scene.style.warm) and truth["dark_frames"] == float(scene.style.dark_frames)
    np.testing.assert_array_equal(truth["wall"], truth["labels"] == CLASSES.index("wall"))
