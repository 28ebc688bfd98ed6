"""python -m minicyclegan.translate keeps what a picture has: 16 bits, opacity, upright, and says that it is sRGB."""

import io

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image
from torch import nn

import minicyclegan
from minicyclegan.data import depth
from minicyclegan.data.colours import is_srgb
from minicyclegan.data.images import from_tensor, read_picture, read_pixels, to_array, to_tensor, write_pixels
from minicyclegan.shipping.files import Job, translate_files
from minicyclegan.shipping.translator import Translator
from minicyclegan.translate import main
from tests.data.picture_files import linear_grey_profile, png, srgb_profile
from tests.test_translate import grey_run, noise  # noqa: F401 (a fixture)

tifffile = pytest.importorskip("tifffile", reason="TIFFs of 16 bits a colour need the extra: pip install tifffile")
SAME = Translator({"AtoB": (nn.Identity(), 3), "BtoA": (nn.Identity(), 1)}, torch.device("cpu"), {})


def deep(height: int = 20, width: int = 30, channels: int = 1) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 65536, (height, width, channels), np.uint16)


def run(*arguments: object) -> int:
    return main([*map(str, arguments), "--device", "cpu"])


def copied(path, channels: int = 3, background=None) -> tuple[list, list]:
    """The file through a network that changes nothing, into out/: notes and problems."""
    notes, problems = set(), []
    (path.parent / "out").mkdir(exist_ok=True)
    job = Job(path, [path.parent / "out" / path.name])
    translate_files(SAME, "AtoB" if channels == 3 else "BtoA", [job], [None], None, notes, problems, "auto", background)
    return sorted(line for line, _ in notes), problems


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
@pytest.mark.parametrize("direction", ["AtoB", "BtoA"])
def test_grey_of_16_bits_stays_so(grey_run, tmp_path, name, direction, capsys):  # noqa: F811
    array = deep()
    Image.fromarray(array[:, :, 0]).save(tmp_path / name)
    source = tmp_path / name
    if direction == "BtoA":  # from colours to grey
        assert run(grey_run, source, "--direction", direction, "--out", tmp_path / "out") == 0
        with Image.open(tmp_path / "out" / name) as image:
            assert image.mode == "I;16"
            found = np.asarray(image)[:, :, None]
    else:  # from grey to colours, which Pillow does not read in 16 bits
        assert run(grey_run, source, "--out", tmp_path / "out") == 0
        content = (tmp_path / "out" / name).read_bytes()
        with Image.open(io.BytesIO(content)) as image:
            assert image.tile[0].args[0 if name == "a.tif" else slice(None)][:6] == "RGB;16"
            high = np.asarray(image)
        found = tifffile.imread(io.BytesIO(content)) if name == "a.tif" else None
    expected = minicyclegan.load(grey_run).translate(array, direction)
    assert expected.dtype == np.uint16 and len(np.unique(expected)) > 300
    if found is not None:
        np.testing.assert_array_equal(found, expected)
    else:
        np.testing.assert_array_equal(high, expected >> 8)
    assert "note" not in capsys.readouterr().out


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    arrays.arrays(np.uint16, st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3, 4]))),
    st.sampled_from(["a.tif", "a.png"]),
)
def test_16_bits_there_and_back(tmp_path, array, name):
    """Every bit of grey, and of colours in TIFFs; of colours in a PNG those that Pillow reads."""
    colours, alpha = array[:, :, :3], array[:, :, 3:] if array.shape[2] == 4 else None
    notes = set()
    write_pixels(colours, alpha, tmp_path / name, notes)
    found, opacity = read_pixels(tmp_path / name, colours.shape[2], notes)
    whole = name == "a.tif" or array.shape[2] == 1
    assert len(notes - {note for note in notes if "nearly black" in note[0]}) == (0 if whole else 1)
    if alpha is not None and alpha.min() < 65535:
        seen = (alpha > 0) if whole else (alpha >> 8 > 0)
        colours = np.where(seen, colours, 65535)
        np.testing.assert_array_equal(opacity if opacity is not None else 255, alpha if whole else alpha >> 8)
    np.testing.assert_array_equal(found, colours if whole else colours >> 8)


@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_tiff_of_16_bits_a_colour(tmp_path, planar, orientation):
    array = deep(channels=3)
    stored = np.moveaxis(array, -1, 0) if planar else array
    kind = "separate" if planar else "contig"
    tags = [(274, 3, 1, orientation, True)]
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="rgb", planarconfig=kind, extratags=tags)
    assert copied(tmp_path / "a.tif") == ([], [])
    flat = Image.fromarray((array[:, :, 0] >> 8).astype(np.uint8))
    flat.save(tmp_path / "flat.tif", tiffinfo={274: orientation})
    found = tifffile.imread(tmp_path / "out" / "a.tif")
    assert found.dtype == np.uint16
    flat = to_array(read_picture(tmp_path / "flat.tif", 1))  # as Pillow turns it
    np.testing.assert_array_equal(found[:, :, :1] >> 8, flat)
    np.testing.assert_array_equal(np.sort(found, axis=None), np.sort(array, axis=None))


def test_colours_of_16_bits_that_are_read_as_8_are_said_in_a_line(tmp_path, monkeypatch):
    rows = [row.astype(">u2").tobytes() for row in deep(channels=3)]
    (tmp_path / "a.png").write_bytes(png(30, 20, 16, 2, rows))
    tifffile.imwrite(tmp_path / "b.tif", deep(channels=3), photometric="rgb")
    Image.fromarray(deep()[:, :, 0]).save(tmp_path / "c.tif")
    line = "16 bits a channel are read as 8: "
    ((note,), problems) = copied(tmp_path / "a.png")
    assert note.startswith(line) and problems == []
    assert copied(tmp_path / "b.tif") == ([], [])
    monkeypatch.setattr(depth, "tifffile", lambda: None)
    ((note,), problems) = copied(tmp_path / "b.tif")
    assert note.startswith(line) and note.endswith("pip install tifffile") and problems == []
    ((note,), problems) = copied(tmp_path / "c.tif")
    assert note.startswith("16 bits a channel are written as 8") and problems == []
    for name in ("a.png", "b.tif"):
        with Image.open(tmp_path / "out" / name) as image:
            np.testing.assert_array_equal(np.asarray(image), deep(channels=3) >> 8)


def test_grey_of_16_bits_under_a_profile_that_changes_it(tmp_path):
    for name, profile, kept in (("a", linear_grey_profile(), False), ("b", srgb_profile(), True), ("c", b"", True)):
        Image.fromarray(deep()[:, :, 0]).save(tmp_path / f"{name}.png", icc_profile=profile)
        notes, problems = copied(tmp_path / f"{name}.png", 1)
        assert problems == [] and len(notes) == (not kept)
        with Image.open(tmp_path / "out" / f"{name}.png") as image:
            assert image.mode == ("I;16" if kept else "L")


@pytest.mark.parametrize("kind", ["uint8", "uint16", "float16", "float32", "float64"])
@pytest.mark.parametrize("shape", [(20, 30), (20, 30, 1), (20, 30, 3), (20, 30, 4)])
def test_arrays_come_back_as_their_own_type(tiny_run, kind, shape):
    levels = np.random.default_rng(0).integers(0, 256, shape)
    array = (levels * {"uint8": 1, "uint16": 257}.get(kind, 1 / 255)).astype(kind)
    model = minicyclegan.load(tiny_run)
    found = model.translate(array)
    assert found.dtype == array.dtype and found.shape == (20, 30, 4 if shape[2:] == (4,) else 3)
    white = {"uint8": 255, "uint16": 65535}.get(kind, 1)
    same = model.translate(levels.astype(np.uint8))
    assert np.abs(found.astype(float) / white - same / 255.0).max() < 1.5 / 255
    assert found[:, :, :3].std() > 0


@pytest.mark.parametrize(
    "array",
    [
        *(np.full((4, 4), value) for value in (1.5, -0.1, np.nan)),
        *(np.zeros((4, 4), kind) for kind in ("i2", "?", "c8")),
    ],
)
def test_numbers_that_are_no_picture_are_refused(tiny_run, array):
    with pytest.raises(ValueError, match="expected"):
        minicyclegan.load(tiny_run).translate(array)


def test_values_of_every_type_there_and_back():
    for kind, white in (("uint8", 255), ("uint16", 65535)):
        values = np.arange(white + 1).astype(kind).reshape(-1, 16, 1)
        np.testing.assert_array_equal(from_tensor(to_tensor(values), kind), values)


def see_through(seed: int = 0) -> np.ndarray:
    array = noise(20, 30, 4, seed)
    array[:5, :, 3], array[5:9, :, 3] = 0, 255
    return array


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp", "a.tga", "a.gif"])
@pytest.mark.parametrize("direction", ["AtoB", "BtoA"])
def test_opacity_comes_back(grey_run, tmp_path, name, direction, capsys):  # noqa: F811
    array = see_through()
    array[:, :, 3] = array[:, :, 3] // 255 * 255 if name == "a.gif" else array[:, :, 3]  # there or not
    Image.fromarray(array).save(tmp_path / name, **({"lossless": True, "exact": True} if name == "a.webp" else {}))
    assert run(grey_run, tmp_path / name, "--direction", direction, "--out", tmp_path / "out") == 0
    with Image.open(tmp_path / "out" / name.replace("gif", "png")) as image:
        assert image.mode == ("LA" if direction == "BtoA" and name != "a.webp" else "RGBA")
        np.testing.assert_array_equal(np.asarray(image.getchannel("A")), array[:, :, 3])
    assert capsys.readouterr().out.startswith("1 picture translated")


def test_opacity_in_python(tiny_run):
    model, array = minicyclegan.load(tiny_run), see_through()
    found, image = model.translate(array), model.translate(Image.fromarray(array))
    np.testing.assert_array_equal(found, np.asarray(image))
    np.testing.assert_array_equal(found[:, :, 3], array[:, :, 3])
    np.testing.assert_array_equal(model.translate(array * np.uint16(257))[:, :, 3], array[:, :, 3] * np.uint16(257))
    seen = np.where(array[:, :, 3:] > 0, array[:, :, :3], 255)  # what is not seen at all is white
    np.testing.assert_array_equal(found[:, :, :3], model.translate(seen.astype(np.uint8)))


@pytest.mark.parametrize(
    ("given", "colour"), [("white", (255, 255, 255)), ("#204060", (32, 64, 96)), ("black", (0, 0, 0))]
)
@pytest.mark.parametrize("deep", [False, True])
def test_a_background_makes_it_opaque(tiny_run, tmp_path, given, colour, deep):
    array = see_through()
    if deep:
        kind = {"photometric": "rgb", "extrasamples": ["unassalpha"]}
        tifffile.imwrite(tmp_path / "a.tif", array * np.uint16(257), **kind)
    else:
        Image.fromarray(array).save(tmp_path / "a.tif")
    assert run(tiny_run, tmp_path / "a.tif", "--out", tmp_path / "out", "--background", given) == 0
    found = tifffile.imread(tmp_path / "out" / "a.tif") / (257 if deep else 1)
    share = array[:, :, 3:] / 255
    laid = np.rint(share * array[:, :, :3] + (1 - share) * colour).astype(np.uint8)
    expected = minicyclegan.load(tiny_run).translate(laid)
    assert found.shape == expected.shape and np.abs(found - expected).mean() < 1


def test_a_background_that_is_no_colour(tiny_run, tmp_path, capsys):
    Image.fromarray(noise()).save(tmp_path / "a.png")
    with pytest.raises(SystemExit) as stopped:
        run(tiny_run, tmp_path / "a.png", "--out", tmp_path / "out", "--background", "bluish")
    assert stopped.value.code == 2
    assert "'bluish' is no colour; give a name like white, or #rrggbb" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "kind"), [("a.jpg", "JPEG"), ("a.bmp", "BMP"), ("a.ppm", "PPM")])
def test_a_type_that_knows_no_opacity_is_laid_on_white_and_said(tmp_path, name, kind):
    array = see_through()
    Image.fromarray(array).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / name)
    ((note,), problems) = copied(tmp_path / name)
    assert note.startswith("what is transparent is laid on white") and problems == []
    with Image.open(tmp_path / "out" / name) as image:
        assert image.format == kind and image.mode == "RGB" and np.asarray(image)[:3].min() > 200


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif", "a.webp"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("bits", [8, 16])
def test_the_answer_says_that_it_is_srgb(tmp_path, name, channels, bits):
    array = deep(channels=channels) if bits == 16 else noise(channels=channels)
    write_pixels(array, None, tmp_path / name, set())
    with Image.open(tmp_path / name) as image:
        if name == "a.png":
            assert image.info["srgb"] == 0
        else:
            assert is_srgb(image.info["icc_profile"], "L" if image.mode in ("L", "I;16") else "RGB")
            kind = image.info["icc_profile"][16:20]
            assert kind == (b"GRAY" if image.mode in ("L", "I;16") else b"RGB ")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_deep_and_transparent_pictures_are_turned_once(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    grey, colours = deep()[:, :, 0], see_through()
    Image.fromarray(grey).save(tmp_path / "deep.png", exif=exif)
    Image.fromarray((grey >> 8).astype(np.uint8)).save(tmp_path / "flat.png", exif=exif)
    Image.fromarray(colours).save(tmp_path / "clear.png", exif=exif)
    Image.fromarray(colours[:, :, 3]).save(tmp_path / "alpha.png", exif=exif)
    for name in ("deep", "flat", "clear", "alpha"):
        assert copied(tmp_path / f"{name}.png", 3 if name == "clear" else 1) == ([], [])
    deep_one, flat, clear, alpha = (
        np.asarray(Image.open(tmp_path / "out" / f"{name}.png")) for name in ("deep", "flat", "clear", "alpha")
    )
    assert flat.shape == ((30, 20) if orientation >= 5 else (20, 30))
    np.testing.assert_array_equal(deep_one >> 8, flat)
    np.testing.assert_array_equal(clear[:, :, 3], alpha)
