"""data/doctor.py: what a look at a file finds, and what the pictures of a set say together."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from minicyclegan.data.doctor import DEEP, Finding, findings, look, look_at, one_way
from minicyclegan.data.folders import Layout, find_layout
from minicyclegan.worlds import WORLDS, draw_scene

SHARED = next((up / "shared/data" for up in Path(__file__).parents if (up / "shared/data").is_dir()), None)
real = pytest.mark.skipif(SHARED is None, reason="no real pictures beside the project, in shared/data")


def picture(seed: int, size: tuple[int, int] = (96, 80)) -> Image.Image:
    """Soft patches of colour, others for every seed."""
    patches = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    return Image.fromarray(patches).resize(size, Image.Resampling.BICUBIC)


def saved_again(image: Image.Image, kind: str, quality: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, kind, quality=quality)
    return Image.open(file)


def found(root: Path, *folders: Path) -> dict[str, list[str]]:
    """What the doctor says of a data set: each finding with the names in it."""
    layout = find_layout(list(folders or (root,)))
    return said_of(layout, root)


def said_of(layout: Layout, root: Path) -> dict[str, list[str]]:
    side_by_side = layout.kind == "side by side"
    sets = {"train A": layout.train_A, "train B": layout.train_B, "test A": layout.test_A, "test B": layout.test_B}
    sets = {"train": layout.train_A, "test": layout.test_A} if side_by_side else sets
    looks = look_at(sets, side_by_side, 1, progress=False)
    return {
        text: [line.replace(f"{root}/", "") for line in lines]
        for text, lines, _ in findings(layout, looks, 64)
        if lines
    }


def unpaired(root: Path, count: int = 5) -> Path:
    for index, name in enumerate(("trainA", "trainB", "testA", "testB")):
        (root / name).mkdir(parents=True)
        for number in range(count):
            picture(100 * index + number).save(root / name / f"{number}.png")
    return root


def shapes(seed: int) -> Image.Image:
    """Rectangles in places of their own."""
    rng, image = np.random.default_rng(seed), Image.new("RGB", (64, 64), (200, 190, 180))
    for _ in range(6):
        (x, y), (w, h) = rng.integers(0, 56, 2), rng.integers(6, 30, 2)
        image.paste(tuple(map(int, rng.integers(0, 256, 3))), (x, y, x + w, y + h))
    return image


def side_by_side(root: Path, partners: list[int]) -> Path:
    """Pairs: a picture on the left, and on the right its edges, or those of another one."""
    (root / "train").mkdir(parents=True)
    for number, partner in enumerate(partners):
        pair = Image.new("RGB", (128, 64))
        pair.paste(shapes(number))
        grey = np.asarray(shapes(partner).convert("L")).astype(float)
        edges = np.hypot(*np.gradient(grey)) > 20
        pair.paste(Image.fromarray(np.where(edges, 0, 255).astype(np.uint8)), (64, 0))
        pair.save(root / f"train/{number:02}.png")
    return root


def test_nothing_is_said_of_what_is_right(tmp_path):
    assert found(unpaired(tmp_path / "unpaired")) == {}
    assert found(side_by_side(tmp_path / "pairs", list(range(12)))) == {}


@pytest.mark.parametrize("kind, quality", [("JPEG", 40), ("WEBP", 60), ("PNG", 0)])
@pytest.mark.parametrize("scale", [0.5, 0.7, 1, 2])
def test_copies_are_found_scaled_and_saved_again(tmp_path, kind, quality, scale):
    root = unpaired(tmp_path / "set")
    for number in range(5):
        copy = picture(number).resize((round(96 * scale), round(80 * scale)), Image.Resampling.LANCZOS)
        saved_again(copy, kind, quality).save(root / f"testA/copy{number}.png")
    saved_again(picture(3), kind, quality).save(root / "trainA/again.png")
    picture(101).save(root / "trainA/of_B.png")
    assert found(root) == {
        "copies of others in train A": ["trainA/again.png = trainA/3.png"],
        "in both train A and train B": ["trainB/1.png = trainA/of_B.png"],
        "in both train A and test A: figures flatter": [
            f"testA/copy{number}.png = trainA/{number}.png" for number in range(5)
        ],
    }


def test_other_pictures_of_a_scene_are_no_copies(tmp_path):
    """The same landscape with its animal in the other coat; the same place seen a little from the side."""
    root, world = unpaired(tmp_path / "set"), WORLDS["horse2zebra"]
    for index in range(6):
        scene = draw_scene(world, "train", "A", index, 0)
        for domain in "AB":
            Image.fromarray(world.render(scene, domain, 96)).save(root / f"train{domain}/scene{index}.png")
        picture(index).crop((5, 0, 96, 80)).save(root / f"testA/moved{index}.png")
        changed = picture(index)
        changed.paste((250, 20, 20), (40, 30, 52, 46))  # something has come into the picture
        changed.save(root / f"testA/changed{index}.png")
    assert not [text for text in found(root) if "copies" in text or "both" in text or "flatter" in text]


def test_flat_pictures_are_flat_and_not_copies(tmp_path):
    root = unpaired(tmp_path / "set")
    for number, shade in enumerate((7, 7, 8)):
        Image.new("RGB", (70, 70), (shade, shade, 200)).save(root / f"trainB/flat{number}.png")
    assert found(root) == {
        "one colour all over: nothing to learn from": [f"trainB/flat{number}.png" for number in range(3)]
    }


@pytest.mark.parametrize("exchanged", [[1, 0], [1, 2, 0], [11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]])
def test_mispaired_are_found_by_their_edges(tmp_path, exchanged):
    partners = exchanged + list(range(len(exchanged), 12))
    said = found(side_by_side(tmp_path / "set", partners))
    wrong = [k for k, partner in enumerate(partners) if partner != k]
    assert said == {
        "mispaired, by where their edges are": [
            f"train/{k:02}.png: its A fits the B of train/{partners.index(k):02}.png" for k in wrong
        ]
    }


def test_pairs_that_have_no_edges_in_common_are_left_alone(tmp_path):
    for folder in ("A", "B"):
        (tmp_path / folder).mkdir()
        for number in range(40):
            picture(number + 1000 * (folder == "B"), (64, 64)).save(tmp_path / folder / f"{number}.png")
    assert found(tmp_path, tmp_path / "A", tmp_path / "B") == {}


def test_one_of_a_pair_with_an_orientation_tag(tmp_path):
    upside_down = Image.Exif()
    upside_down[274] = 3
    for folder in ("A", "B"):
        (tmp_path / folder).mkdir()
        for number in range(4):
            picture(number, (64, 64)).save(tmp_path / folder / f"{number}.jpg")
    picture(2, (64, 64)).save(tmp_path / "B/2.jpg", exif=upside_down)
    said = found(tmp_path, tmp_path / "A", tmp_path / "B")
    assert said["only one of a pair has an orientation tag: is it turned as the other is?"] == ["A/2.jpg, B/2.jpg"]


@pytest.mark.parametrize(
    "name, change, said",
    [
        ("png", lambda image: saved_again(image, "JPEG", 95), "file type"),
        ("png", lambda image: image.convert("L"), "colour"),
        ("png", lambda image: image.resize((80, 96)), "shape"),
        ("png", lambda image: image.resize((288, 240)), "size"),
    ],
)
def test_trivial_differences_between_the_domains(tmp_path, name, change, said):
    root = unpaired(tmp_path / "set", 8)
    for path in (root / "trainB").iterdir():
        changed = change(Image.open(path).convert("RGB"))
        changed.save(path, "JPEG" if said == "file type" else "PNG")
    (lines,) = found(root).values()
    assert len(lines) == 1 and lines[0].startswith(f"the {said} alone tells A from B")


def test_jpeg_quality_and_frames_tell_domains_apart(tmp_path):
    root = unpaired(tmp_path / "set", 8)
    for folder, quality in (("trainA", 95), ("trainB", 60)):
        for path in list((root / folder).iterdir()):
            image = Image.open(path).convert("RGB")
            if folder == "trainB":
                image = ImageOps.expand(image, 4)
            image.save(path.with_suffix(".jpg"), quality=quality)
            path.unlink()
    (lines,) = found(root).values()
    assert lines == [
        "the frame alone tells A from B: A mostly no frame (100 %), B a black frame (100 %)",
        "the JPEG quality alone tells A from B: about 95 in A, 60 in B",
    ]


@pytest.mark.parametrize("quality", [30, 50, 75, 92, 100])
def test_the_quality_is_read_off_the_tables(tmp_path, quality):
    picture(0).save(tmp_path / "a.jpg", quality=quality)
    assert look(tmp_path / "a.jpg", False).quality == pytest.approx(quality, abs=1)


@pytest.mark.parametrize("mode", ["I;16", "L", "RGB"])
def test_depth_that_is_lost(tmp_path, mode):
    values = np.random.default_rng(0).integers(0, 65536, (40, 40), np.uint16)
    image = Image.fromarray(values) if mode == "I;16" else picture(0).convert(mode)
    image.save(tmp_path / "a.png")
    assert (DEEP in look(tmp_path / "a.png", False).traits) == (mode == "I;16")


def looks(pictures: list[Image.Image], folder: Path) -> list:
    for number, image in enumerate(pictures):
        image.save(folder / f"{number}.png")
    return [look(folder / f"{number}.png", False) for number in range(len(pictures))]


def test_pictures_that_look_one_way(tmp_path):
    def shoe(seed: int) -> Image.Image:
        image = picture(seed, (64, 64)).point(lambda value: 200 + value // 8)
        image.paste((60, 30, 20), (5, 20, 30 + seed % 7, 50))
        return image

    assert one_way(looks([shoe(seed) for seed in range(30)], tmp_path))
    assert not one_way(looks([picture(seed) for seed in range(30)], tmp_path))
    mixed = [shoe(seed) if seed % 2 else shoe(seed).transpose(Image.Transpose.FLIP_LEFT_RIGHT) for seed in range(30)]
    assert not one_way(looks(mixed, tmp_path))


@pytest.mark.parametrize("world", ["facades", "edges2photo"])
def test_no_alarm_on_the_pairs_of_a_world(tmp_path, world):
    (tmp_path / "train").mkdir()
    for index in range(24):
        scene = draw_scene(WORLDS[world], "train", "A", index, 0)
        pair = np.concatenate([WORLDS[world].render(scene, domain, 64) for domain in "AB"], axis=1)
        Image.fromarray(pair).save(tmp_path / f"train/{index}.png")
    assert "mispaired, by where their edges are" not in found(tmp_path)


@real
@pytest.mark.parametrize("name, seen", [("facades", 0.85), ("edges2shoes", 0.95)])
def test_no_alarm_on_real_pairs_and_exchanged_ones_are_found(tmp_path, name, seen):
    assert found(SHARED / name) == {}
    paths = sorted((SHARED / name / "train").iterdir())[:100]
    (tmp_path / "train").mkdir()
    exchanged = np.random.default_rng(0).permutation(len(paths))[:10]
    partner = dict(zip(exchanged, np.roll(exchanged, 1), strict=True))
    for k, path in enumerate(paths):
        with Image.open(path) as one, Image.open(paths[partner.get(k, k)]) as other:
            pair = one.copy()
            pair.paste(other.crop((256, 0, 512, 256)), (256, 0))
        pair.save(tmp_path / f"train/{k}.png")
    lines = found(tmp_path)["mispaired, by where their edges are"]
    named = {int(line.split(".png")[0].removeprefix("train/")) for line in lines}
    assert named <= set(exchanged) and len(named) >= seen * len(exchanged)


def test_a_finding_without_lines_is_none():
    assert not Finding("of nothing", []).lines
