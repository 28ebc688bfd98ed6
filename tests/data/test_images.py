"""data/images.py and data/colours.py: every kind of picture file that people have, and none that they shouldn't."""

import io
import stat
import struct
import subprocess
import sys
import threading
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, ImageCms

from minicyclegan.data.colours import PictureError, normalise
from minicyclegan.data.datasets import open_data
from minicyclegan.data.images import (
    find_pictures,
    from_tensor,
    image_of,
    output_suffix,
    picture_size,
    read_picture,
    summary,
    to_array,
    to_image,
    to_pixels,
    to_tensor,
    write_picture,
)
from tests.data.picture_files import (
    encoded,
    ink_profile,
    linear_grey_profile,
    png,
    png_chunk,
    profile_with_red_and_green_exchanged,
    samples,
    srgb_profile,
    tiff,
)

# Whatever the file: no raw warning reaches the user.
pytestmark = pytest.mark.filterwarnings("error")

RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)

# How numpy undoes what a camera, held in one of the eight ways, has done.
UPRIGHT = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: lambda a: np.rot90(a, 1),
}


def noise(height: int = 5, width: int = 7, channels: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)


def blocks(height: int = 48, width: int = 80) -> np.ndarray:
    """Four even quarters, which JPEG keeps nearly as they are."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[:24, :40], picture[:24, 40:], picture[24:, :40], picture[24:, 40:] = (
        (200, 40, 40),
        (40, 180, 60),
        (50, 70, 200),
        (230, 220, 90),
    )
    return picture


@pytest.fixture
def read(tmp_path):
    """Writes bytes to a file and reads it as a picture, laid on paper: -> uint8 (H, W, C)."""

    def read(content: bytes, channels: int = 3, paper: tuple = WHITE, notes: set | None = None) -> np.ndarray:
        path = tmp_path / "picture.png"
        path.write_bytes(content)
        image = read_picture(path, channels, notes)
        assert image.mode == ("RGB" if channels == 3 else "L")
        assert picture_size(path) == image.size
        return to_array(image if paper == WHITE else normalise(Image.open(io.BytesIO(content)), channels, paper))

    return read


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def xmp(orientation: int) -> bytes:
    return b'<x:xmpmeta><rdf:Description tiff:Orientation="%d"/></x:xmpmeta>' % orientation


def profile(orientation: int) -> bytes:
    """How ImageMagick puts EXIF into a PNG."""
    exif = b"Exif\0\0" + turned(orientation).tobytes().removeprefix(b"Exif\0\0")
    return png_chunk(b"tEXt", b"Raw profile type exif\0\nexif\n%8d\n%s\n" % (len(exif), exif.hex().encode()))


def exif_chunk(orientation: int) -> bytes:
    return png_chunk(b"eXIf", turned(orientation).tobytes().removeprefix(b"Exif\0\0"))


def xmp_chunk(orientation: int) -> bytes:
    return png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp(orientation))


def with_chunk(picture: np.ndarray, chunk: bytes, before: bytes) -> bytes:
    content = encoded(Image.fromarray(picture), "PNG")
    place = content.index(before) - 4
    return content[:place] + chunk + content[place:]


TURNED = {
    "png": lambda picture, k: encoded(Image.fromarray(picture), "PNG", exif=turned(k)),
    "png, exif at the end": lambda picture, k: with_chunk(picture, exif_chunk(k), b"IEND"),
    "png, profile": lambda picture, k: with_chunk(picture, profile(k), b"IDAT"),
    "png, profile at the end": lambda picture, k: with_chunk(picture, profile(k), b"IEND"),
    "png, xmp": lambda picture, k: with_chunk(picture, xmp_chunk(k), b"IDAT"),
    "png, xmp at the end": lambda picture, k: with_chunk(picture, xmp_chunk(k), b"IEND"),
    "tiff": lambda picture, k: encoded(Image.fromarray(picture), "TIFF", exif=turned(k)),
    "tiff, deflated": lambda picture, k: encoded(
        Image.fromarray(picture), "TIFF", exif=turned(k), compression="tiff_deflate"
    ),
    "tiff, xmp": lambda picture, k: encoded(Image.fromarray(picture), "TIFF", tiffinfo={700: xmp(k)}),
    "webp": lambda picture, k: encoded(Image.fromarray(picture), "WEBP", lossless=True, exif=turned(k)),
    "webp, xmp": lambda picture, k: encoded(Image.fromarray(picture), "WEBP", lossless=True, xmp=xmp(k)),
}


@pytest.mark.parametrize("kind", TURNED)
@pytest.mark.parametrize("orientation", UPRIGHT)
def test_comes_out_upright_whoever_brings_it(read, kind, orientation, tmp_path):
    """The header says the same size as the pixels (`read` asks), and no route turns a picture twice."""
    stored = noise()
    found, upright = read(TURNED[kind](stored, orientation)), UPRIGHT[orientation](stored)
    if kind in ("tiff, xmp", "webp, xmp") and np.array_equal(found, stored):
        upright = stored  # Pillow 11 does not look there, neither for the header nor for the pixels
    np.testing.assert_array_equal(found, upright)
    for picture in routes(tmp_path / "picture.png"):
        np.testing.assert_array_equal(to_array(image_of(picture)), upright)
        pixels, back = to_pixels(picture)
        np.testing.assert_array_equal(pixels, upright)
        again = back(pixels)
        np.testing.assert_array_equal(again if isinstance(again, np.ndarray) else to_array(again), upright)


def routes(path: Path) -> list[object]:
    """The picture as a path, as Pillow's, opened, loaded, copied or read, and as an array."""
    opened = [Image.open(io.BytesIO(path.read_bytes())) for _ in range(3)]
    opened[1].load()
    opened[2] = opened[2].copy()
    picture = read_picture(path)
    return [path, str(path), *opened, picture, normalise(picture), picture.convert("RGBA"), to_array(picture)]


@pytest.mark.parametrize(
    "content",
    [
        encoded(Image.fromarray(noise(channels=4)), "PNG", exif=turned(6)),
        encoded(Image.fromarray(noise()).quantize(8), "PNG", exif=turned(8), transparency=bytes([0, 99] * 4)),
        encoded(Image.fromarray(noise()).quantize(8), "GIF", transparency=2),
        encoded(Image.fromarray(noise()), "PNG", exif=turned(5), icc_profile=profile_with_red_and_green_exchanged()),
        encoded(Image.fromarray(noise(channels=1)[:, :, 0]), "PNG", icc_profile=linear_grey_profile()),
        encoded(Image.fromarray(noise()).convert("CMYK"), "TIFF", icc_profile=ink_profile(), exif=turned(7)),
        encoded(Image.fromarray(noise()).convert("CMYK"), "JPEG", exif=turned(3)),
        encoded(Image.fromarray(noise()[:, :, 0] * np.uint16(257)), "PNG", exif=turned(6), transparency=257 * 50),
        encoded(Image.fromarray(noise()), "JPEG", exif=turned(6), icc_profile=srgb_profile(), xmp=xmp(6)),
    ],
    ids="opacity palette gif profile grey-profile ink cmyk 16-bit jpeg".split(),
)
def test_what_is_normalised_stays_as_it_is_whoever_brings_it(tmp_path, content):
    path = tmp_path / "picture"
    path.write_bytes(content)
    for channels in (1, 3):
        expected = read_picture(path, channels)
        assert expected.info == {} and dict(expected.getexif()) == {}
        for picture in [normalise(expected, channels), *(image_of(picture, channels) for picture in routes(path)[:5])]:
            assert (picture.mode, picture.size) == (expected.mode, expected.size)
            assert picture.tobytes() == expected.tobytes()
        for picture in routes(path)[5:]:
            assert image_of(picture).tobytes() == read_picture(path).tobytes()


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_a_photo_comes_out_upright(read, orientation):
    stored = blocks()
    content = encoded(Image.fromarray(stored), "JPEG", quality=95, subsampling=0, exif=turned(orientation))
    difference = read(content).astype(int) - UPRIGHT[orientation](stored)
    assert np.abs(difference).max() <= 3


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_impossible_orientation_is_ignored(read, orientation):
    stored = noise()
    np.testing.assert_array_equal(read(encoded(Image.fromarray(stored), "PNG", exif=turned(orientation))), stored)


@pytest.mark.parametrize("exif", [b"MM\0*\0\0\0\x08\xff\xff" + b"\1" * 40, b"garbage", b"II*\0\xff\xff\xff\xff", b""])
def test_damaged_exif_spoils_nothing(read, exif):
    content = encoded(Image.fromarray(blocks()), "JPEG", quality=95, exif=b"Exif\0\0" + exif)
    assert read(content).shape == (48, 80, 3)


@pytest.mark.parametrize("offset", [3, 20, 100000])
def test_a_damaged_exif_directory_of_a_tiff_spoils_nothing(read, offset):
    content = tiff(3, 1, [bytes([0, 100, 255])], tags={34665: offset})
    assert read(content, 1)[0, :, 0].tolist() == [0, 100, 255]


def test_a_mirrored_palette_with_opacity_stays_what_it_is(read):
    image = Image.fromarray(noise()).quantize(8)
    expected = np.asarray(image.convert("RGB"))[:, ::-1]
    content = encoded(image, "PNG", exif=turned(2), transparency=bytes([255] * 8))
    np.testing.assert_array_equal(read(content), expected)


@pytest.mark.parametrize("background", [WHITE, RED])
def test_opacity_is_laid_on_the_background(read, background):
    stored = np.array([[[10, 20, 30, 255], [10, 20, 30, 0], [0, 100, 200, 128]]], np.uint8)
    content = encoded(Image.fromarray(stored), "PNG")
    expected = np.array(
        [[10, 20, 30], background, np.round((stored[0, 2, :3] * 128.0 + np.array(background) * 127) / 255)]
    )
    assert np.abs(read(content, paper=background)[0].astype(int) - expected).max() <= 1


def test_grey_with_opacity(read):
    stored = np.array([[[50, 255], [50, 0], [100, 51]]], np.uint8)
    content = encoded(Image.merge("LA", [Image.fromarray(stored[:, :, k]) for k in (0, 1)]), "PNG")
    assert read(content, 1)[0, :, 0].tolist() == [50, 255, 224]
    assert read(content, 1, paper=BLACK)[0, :, 0].tolist() == [50, 0, 20]


def test_a_palette_with_one_transparent_colour(read):
    image = Image.new("P", (3, 1))
    image.putpalette([*RED, *GREEN, *BLUE])
    for x in range(3):
        image.putpixel((x, 0), x)
    for content in (encoded(image, "PNG", transparency=1), encoded(image, "GIF", transparency=1)):
        assert read(content)[0].tolist() == [list(RED), list(WHITE), list(BLUE)]
        assert read(content, paper=BLACK)[0].tolist() == [list(RED), list(BLACK), list(BLUE)]


def test_a_palette_with_an_opacity_for_each_colour(read):
    image = Image.new("P", (3, 1))
    image.putpalette([*RED, *GREEN, *BLUE])
    for x in range(3):
        image.putpixel((x, 0), x)
    found = read(encoded(image, "PNG", transparency=bytes([255, 0, 51])))[0]
    assert found.tolist() == [list(RED), list(WHITE), [204, 204, 255]]


@pytest.mark.parametrize(
    ("bits", "row", "transparent", "expected"),
    [
        (1, [0b01100000], 1, [0, RED, RED, 0]),
        (2, [0b00011011], 1, [0, RED, 170, 255]),
        (4, [0x01, 0x2F], 2, [0, 17, RED, 255]),
        (8, [0, 1, 2, 255], 2, [0, 1, RED, 255]),
        (16, [0, 0, 0x40, 0x40, 0x40, 0x41, 0xFF, 0xFF], 0x4040, [0, RED, 64, 255]),
    ],
)
def test_one_transparent_grey(read, bits, row, transparent, expected):
    content = png(4, 1, bits, 0, [bytes(row)], struct.pack(">H", transparent))
    found = read(content, paper=RED)[0].tolist()
    assert found == [list(value) if isinstance(value, tuple) else [value] * 3 for value in expected]


def test_one_transparent_colour(read):
    row8, row16 = bytes([1, 2, 3, 1, 2, 4]), struct.pack(">6H", 0x1234, 0x1234, 0x1234, 0x5634, 0x1234, 0xFFFF)
    content = png(2, 1, 8, 2, [row8], struct.pack(">3H", 1, 2, 3))
    assert read(content, paper=BLUE)[0].tolist() == [list(BLUE), [1, 2, 4]]
    content = png(2, 1, 16, 2, [row16], struct.pack(">3H", 0x1234, 0x1234, 0x1234))
    assert read(content, paper=BLUE)[0].tolist() == [list(BLUE), [0x56, 0x12, 0xFF]]


def test_one_bit(read):
    stored = np.array([[True, False, True]])
    for kind in ("PNG", "TIFF", "BMP"):
        content = encoded(Image.fromarray(stored), kind)
        assert read(content, 1)[0, :, 0].tolist() == [255, 0, 255]
        assert read(content)[0].tolist() == [[255] * 3, [0] * 3, [255] * 3]


def test_grey_as_grey_and_as_colour(read):
    stored = np.arange(256, dtype=np.uint8).reshape(16, 16)
    content = encoded(Image.fromarray(stored), "PNG")
    np.testing.assert_array_equal(read(content, 1)[:, :, 0], stored)
    np.testing.assert_array_equal(read(content), np.repeat(stored[:, :, None], 3, axis=2))


def test_colour_as_grey_is_its_luma(read):
    stored = noise()
    found = read(encoded(Image.fromarray(stored), "PNG"), 1)[:, :, 0]
    assert np.abs(found - stored @ [0.299, 0.587, 0.114]).max() <= 1


SIXTEEN = np.array([[0, 128, 257, 32768, 65400, 65535]], np.uint16)
EIGHT = [0, 0, 1, 128, 254, 255]  # divided by 257, rounded


@pytest.mark.parametrize(
    "content",
    [
        encoded(Image.fromarray(SIXTEEN), "PNG"),
        encoded(Image.fromarray(SIXTEEN), "TIFF"),
        tiff(6, 1, [SIXTEEN.astype("<u2").tobytes()], (16,)),
        tiff(6, 1, [SIXTEEN.astype(">u2").tobytes()], (16,), order=">"),
        tiff(6, 1, [(65535 - SIXTEEN).astype("<u2").tobytes()], (16,), {262: 0}),
        b"P5 6 1 65535\n" + SIXTEEN.astype(">u2").tobytes(),
        encoded(Image.fromarray(SIXTEEN.astype(np.float32) / 65535), "TIFF"),
        tiff(6, 1, [(1 - SIXTEEN / 65535).astype("<f4").tobytes()], (32,), {339: 3, 262: 0}),
        tiff(6, 1, [(SIXTEEN / 65535).astype(">f4").tobytes()], (32,), {339: 3}, ">"),
    ],
    ids=["png", "tiff", "little", "big", "white is 0", "pgm", "float", "float, white is 0", "float, big"],
)
def test_16_bits_are_scaled_not_clamped(read, content):
    assert read(content, 1)[0, :, 0].tolist() == EIGHT
    assert read(content)[0].tolist() == [[value] * 3 for value in EIGHT]


def test_8_bits_where_white_is_zero(read):
    content = tiff(3, 1, [bytes([0, 100, 255])], tags={262: 0})
    assert read(content, 1)[0, :, 0].tolist() == [255, 155, 0]


@pytest.mark.parametrize("packed", [False, True])
def test_12_bits_of_a_tiff_are_scaled_by_4095(read, packed):
    values = [0, 16, 2048, 4095]
    strip = b"".join(struct.pack(">I", a << 12 | b)[1:] for a, b in zip(values[::2], values[1::2], strict=True))
    content = tiff(4, 1, [zlib.compress(strip) if packed else strip], (12,), {259: 8 if packed else 1})
    assert read(content, 1)[0, :, 0].tolist() == [0, 1, 128, 255]


@pytest.mark.parametrize(("kind", "packed"), [("|u1", False), ("|u1", True), ("<u2", True), (">u2", True)])
def test_channels_that_are_stored_alone_are_put_together(read, kind, packed):
    values = noise(4, 6).astype(kind) * (1 if kind == "|u1" else 257)
    tags = {262: 2, 284: 2, 259: 8 if packed else 1}
    bits = (8 * values.itemsize,) * 3
    found = read(tiff(6, 4, samples(values, True, packed), bits, tags, kind[0].replace("|", "<")))
    np.testing.assert_array_equal(found, noise(4, 6))


GREY = np.array([[[0], [64], [100]]])
COLOUR = np.arange(2 * 3 * 4).reshape(2, 3, 4)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (tiff(3, 1, samples(GREY.astype("i1")), (8,), {339: 2}), "signed numbers"),
        (tiff(3, 1, samples(GREY.astype("<i2")), (16,), {339: 2}), "signed numbers"),
        (tiff(3, 1, samples(GREY.astype(">i2")), (16,), {339: 2}, ">"), "signed numbers"),
        (encoded(Image.fromarray(GREY[:, :, 0].astype(np.int32)), "TIFF"), "signed numbers"),
        (tiff(3, 1, samples(GREY.astype("<u4")), (32,)), "whole numbers of 32 bits"),
        (tiff(3, 1, samples((GREY / 100).astype(">f4"), packed=True), (32,), {339: 3, 259: 8}, ">"), "big-endian"),
        *(
            (tiff(3, 2, samples(COLOUR[:, :, :n].astype(order + "u2"), True), (16,) * n,
                  {262: 2, 284: 2, 338: 2 if n == 4 else None}, order), "each channel stored alone")
            for n in (3, 4) for order in "<>"
        ),
        *(
            (tiff(3, 2, samples(COLOUR[:, :, :2].astype("u1"), True, packed), (8, 8),
                  {284: 2, 338: 2, 259: 8 if packed else 1}), "each channel stored alone")
            for packed in (False, True)
        ),
        (tiff(3, 2, samples(COLOUR[:, :, :3].astype("u1"), True), (8,) * 3, {262: 8, 284: 2}), "each channel stored"),
        (tiff(3, 1, samples(GREY.astype("u1")), (8,), {262: 0, 284: 2}), "each channel stored alone"),
        (tiff(3, 2, samples(COLOUR.astype("u1")), (8,) * 4, {262: 2}), "what its fourth channel is"),
        (tiff(3, 2, samples(COLOUR.astype("<u2")), (16,) * 4, {262: 2}), "what its fourth channel is"),
        (tiff(3, 1, samples(GREY.astype("u1")), (8,), {262: None}), "whether 0 is black or white"),
    ],
)  # fmt: skip
def test_a_tiff_that_pillow_would_misread_is_refused_with_the_reason(tmp_path, content, reason):
    (tmp_path / "scan.tif").write_bytes(content)
    for picture in (tmp_path / "scan.tif", Image.open(io.BytesIO(content))):
        with pytest.raises(PictureError, match=rf"a kind of TIFF that is not read \(.*{reason}.*; save it with 8 bits"):
            image_of(picture)


@pytest.mark.parametrize(
    "content",
    [
        tiff(3, 1, samples((GREY / 100).astype("<f2")), (16,), {339: 3}),
        tiff(3, 1, samples((GREY / 100).astype("<f8")), (64,), {339: 3}),
        tiff(3, 2, samples(COLOUR[:, :, :2].astype("<u2")), (16, 16), {338: 2}),
        tiff(3, 2, samples(COLOUR[:, :, :3].astype("<f4")), (32,) * 3, {262: 2, 339: (3, 3, 3)}),
    ],
)
def test_a_tiff_that_pillow_cannot_read_says_what_to_do(tmp_path, content):
    (tmp_path / "scan.tif").write_bytes(content)
    with pytest.raises(PictureError, match=r"scan\.tif: a TIFF of a kind that Pillow can't read; save it with 8 bits"):
        read_picture(tmp_path / "scan.tif")


@pytest.mark.parametrize("values", [[[0, 1.5]], [[-0.1, 1]], [[0, np.nan]]])
def test_floats_beyond_0_to_1_are_refused(tmp_path, values):
    Image.fromarray(np.array(values, np.float32)).save(tmp_path / "depth.tif")
    with pytest.raises(PictureError, match=r"depth.tif: grey values from .* expected 0 to 1"):
        read_picture(tmp_path / "depth.tif")


@pytest.mark.parametrize(("largest", "dark"), [(255, True), (4095, True), (4369, False), (65535, False)])
def test_16_bits_that_could_be_12_are_kept_and_noted(tmp_path, largest, dark):
    grey = np.array([[0, largest // 2, largest]], np.uint16)
    rgb = png(1, 1, 16, 2, [struct.pack(">3H", 0, largest, 0)])
    notes = set()
    for name, content in (
        ("grey.png", encoded(Image.fromarray(grey), "PNG")),
        ("rgb.png", rgb),
        ("grey.tif", tiff(3, 1, [grey.astype("<u2").tobytes()], (16,))),
    ):
        (tmp_path / name).write_bytes(content)
        assert np.asarray(read_picture(tmp_path / name, notes=notes)).max() <= largest / 257 + 1
    lines = summary(notes)
    assert len(lines) == dark
    if dark:
        assert lines[0].startswith("nearly black: 16 bits, but no value above 4095; ")
        assert lines[0].endswith(f": {tmp_path / 'grey.png'}, {tmp_path / 'grey.tif'}, {tmp_path / 'rgb.png'}")


def test_cmyk(read):
    stored = blocks()
    inks = Image.fromarray(stored).convert("CMYK")
    np.testing.assert_array_equal(read(encoded(inks, "TIFF")), stored)
    photo = encoded(inks, "JPEG", quality=95, subsampling=0)
    assert b"Adobe" in photo[:32]  # whose values are stored inverted
    assert np.abs(read(photo).astype(int) - stored).max() <= 4


def test_ycbcr_and_lab(read):
    stored = blocks()
    assert np.abs(to_array(normalise(Image.fromarray(stored).convert("YCbCr"))).astype(int) - stored).max() <= 2
    lab = ImageCms.profileToProfile(
        Image.fromarray(stored), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    difference = np.abs(read(encoded(lab, "TIFF")).astype(int) - stored)
    assert difference.max() <= 8 and difference.mean() < 1.5  # 8 bits are coarse in L*a*b*


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF", "MPO"])
def test_of_moving_pictures_the_first_frame(read, tmp_path, kind):
    frames = [Image.new("RGB", (64, 48), colour) for colour in (RED, BLUE)]
    options = {"lossless": True} if kind == "WEBP" else {}
    content = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    notes = set()
    assert np.abs(read(content, notes=notes).astype(int) - RED).max() <= 1
    path = tmp_path / "picture.png"
    (tmp_path / "picture.tif").write_bytes(content)
    assert output_suffix(tmp_path / "picture.tif") == (".tif" if kind in ("TIFF", "MPO") else ".png")
    assert summary(notes) == [f"only the first of several pictures in one file is used: {path}"]
    with pytest.warns(UserWarning, match=r"picture.png: only the first of several pictures"):
        read_picture(path)


def test_a_training_folder_says_what_is_left_out_of_it(tmp_path, capsys):
    pages = [Image.fromarray(noise(32, 32, seed=seed)) for seed in range(3)]
    for folder in ("trainA", "trainB"):
        (tmp_path / folder).mkdir()
        for name in ("a.tif", "b.gif", "c.png", "d.jpg"):
            pages[0].save(
                tmp_path / folder / name, **({} if name == "d.jpg" else {"save_all": True, "append_images": pages[1:]})
            )
    open_data([str(tmp_path)], 32, 1, progress=True)
    first = ", ".join(str(tmp_path / "trainA" / name) for name in ("a.tif", "b.gif", "c.png"))
    assert (
        capsys.readouterr().out == f"note: only the first of several pictures in one file is used: {first} and 3 more\n"
    )


def test_many_notes_of_one_kind_are_one_line():
    notes = {("seen", f"{k}.png") for k in range(5)} | {("heard", "a.png")}
    assert summary(notes) == ["heard: a.png", "seen: 0.png, 1.png, 2.png and 2 more"]


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "PNG"])
def test_a_damaged_second_picture_spoils_nothing(read, kind):
    frames = [Image.fromarray(noise(32, 32, seed=seed)).quantize(200) for seed in range(2)]
    content = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    expected = np.asarray(frames[0].convert("RGB"))
    for share in (0.8, 0.9):
        if kind != "TIFF" or share > 0.5:
            np.testing.assert_array_equal(read(content[: int(share * len(content))], notes=set()), expected)


def test_still_pictures_are_no_animations(tmp_path):
    for kind in ("GIF", "WEBP", "PNG", "JPEG"):
        (tmp_path / "still.bmp").write_bytes(encoded(Image.new("RGB", (4, 3)), kind))
        assert output_suffix(tmp_path / "still.bmp") == ".bmp"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_an_embedded_profile_is_followed(read, kind):
    options = {"PNG": {}, "TIFF": {}, "WEBP": {"lossless": True}, "JPEG": {"quality": 95, "subsampling": 0}}[kind]
    stored = blocks()
    content = encoded(Image.fromarray(stored), kind, icc_profile=profile_with_red_and_green_exchanged(), **options)
    assert np.abs(read(content).astype(int) - stored[:, :, [1, 0, 2]]).max() <= 4


def test_an_embedded_srgb_profile_changes_nothing(read):
    stored = noise(64, 64)
    content = encoded(Image.fromarray(stored), "PNG", icc_profile=srgb_profile())
    np.testing.assert_array_equal(read(content), stored)


def test_a_profile_with_opacity_and_with_a_palette(read):
    profile = profile_with_red_and_green_exchanged()
    colours = np.array([[[200, 40, 40, 255], [200, 40, 40, 0]]], np.uint8)
    found = read(encoded(Image.fromarray(colours), "PNG", icc_profile=profile))[0].astype(int)
    assert np.abs(found - [[40, 200, 40], WHITE]).max() <= 1
    palette = Image.fromarray(colours[:, :1, :3]).quantize(2)
    found = read(encoded(palette, "PNG", icc_profile=profile))[0].astype(int)
    assert np.abs(found - [[40, 200, 40]]).max() <= 1


def test_a_grey_profile_is_followed(read):
    content = encoded(Image.new("L", (2, 2), 128), "PNG", icc_profile=linear_grey_profile())
    assert np.abs(read(content, 1).astype(int) - 188).max() <= 1  # half the light, in sRGB
    assert np.abs(read(content).astype(int) - 188).max() <= 1
    content = encoded(Image.fromarray(np.full((2, 2), 32896, np.uint16)), "PNG", icc_profile=linear_grey_profile())
    assert np.abs(read(content, 1).astype(int) - 188).max() <= 1


@pytest.mark.parametrize("kind", ["TIFF", "JPEG"])
def test_an_ink_profile_is_followed(read, kind):
    content = encoded(Image.new("CMYK", (16, 16), (255, 0, 0, 0)), kind, icc_profile=ink_profile())
    red, green, blue = read(content)[8, 8].tolist()
    assert red > 200 and green < 60 and blue < 60
    paper = encoded(Image.new("CMYK", (16, 16), (*BLACK, 0)), kind, icc_profile=ink_profile())
    assert read(paper).min() >= 253


@pytest.mark.parametrize("profile", [b"no profile", srgb_profile()[:300], ink_profile(), linear_grey_profile()])
def test_a_damaged_or_foreign_profile_is_ignored(read, profile):
    stored = noise()
    np.testing.assert_array_equal(read(encoded(Image.fromarray(stored), "PNG", icc_profile=profile)), stored)


@pytest.mark.parametrize(
    "mode", "1 L P RGB RGBA CMYK YCbCr LAB HSV I F LA PA RGBX RGBa La I;16 I;16L I;16B I;16N".split()
)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_mode_of_pillow_becomes_grey_or_colour(mode, channels):
    image = normalise(Image.new(mode, (3, 2)), channels)
    assert image.mode == ("L" if channels == 1 else "RGB") and image.size == (3, 2)


def test_normalise_leaves_the_given_picture_alone():
    image = Image.fromarray(noise(channels=4))
    before = image.copy()
    normalise(image)
    assert image.mode == before.mode and image.tobytes() == before.tobytes()


def broken_files() -> dict[str, tuple[bytes, str]]:
    """Name -> (content, the reason that is given)."""
    photo, drawing = encoded(Image.fromarray(noise(64, 64)), "JPEG"), encoded(Image.fromarray(noise(64, 64)), "PNG")
    return {
        "empty.png": (b"", "an empty file"),
        "text.png": (b"once upon a time" * 9, "not a picture that Pillow can read"),
        "cut.jpg": (photo[: len(photo) // 2], "broken picture"),
        "cut.png": (drawing[: len(drawing) // 2], "broken picture"),
        "head.jpg": (photo[:15], "broken picture"),
        "head.png": (drawing[:30], "broken picture|not a picture"),
        "flipped.png": (drawing[:60] + bytes(byte ^ 255 for byte in drawing[60:90]) + drawing[90:], "broken picture"),
        "huge.png": (png(60000, 60000, 8, 2, [b""]), "more than 89 million pixels, refused"),
        "large.png": (png(10000, 10000, 8, 2, [b""]), "more than 89 million pixels, refused"),
        "cut.heic": (b"\0\0\0\x1cftypheic" + bytes(40), "HEIC|not a picture"),
    }


@pytest.mark.parametrize("name", broken_files())
def test_a_broken_file_is_named_with_the_reason(tmp_path, name):
    content, reason = broken_files()[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(PictureError, match=reason) as error:
        read_picture(tmp_path / name)
    assert str(error.value).startswith(str(tmp_path / name)) and "\n" not in str(error.value)
    with pytest.raises(PictureError, match=reason):
        read_picture(tmp_path / name, 1)


WHOLE_FILES = {
    kind: encoded(Image.fromarray(noise(16, 16)), kind, exif=turned(6), icc_profile=srgb_profile()[:400])
    for kind in ("PNG", "JPEG", "TIFF", "WEBP")
} | {kind: encoded(Image.fromarray(noise(16, 16)), kind) for kind in ("GIF", "BMP", "PPM", "TGA")}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(sorted(WHOLE_FILES)),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=5),
    st.integers(0, 1500),
)
def test_a_file_with_wrong_bytes_is_a_picture_or_one_clear_error(tmp_path, kind, changes, length):
    content = bytearray(WHOLE_FILES[kind])
    for place, value in changes:
        content[place % len(content)] = value
    (tmp_path / "picture").write_bytes(content[:length])
    for reader in (read_picture, picture_size):
        try:
            reader(tmp_path / "picture")
        except PictureError as error:
            assert str(error).startswith(f"{tmp_path / 'picture'}: ") and "\n" not in str(error)


def test_what_is_no_file(tmp_path):
    (tmp_path / "dangling.png").symlink_to(tmp_path / "nothing.png")
    for path, reason in (
        (tmp_path, "a folder, not a picture"),
        (tmp_path / "missing.png", "no such file"),
        (tmp_path / "dangling.png", "no such file"),
        (str(tmp_path / "missing.png"), "no such file"),
    ):
        for reader in (read_picture, picture_size):
            with pytest.raises(PictureError, match=reason):
                reader(path)


@pytest.mark.parametrize("side", [11, 20])  # above Pillow's limit, where it warns; above twice that, where it refuses
def test_a_decompression_bomb_is_refused_from_pillows_limit_on(tmp_path, monkeypatch, side):
    Image.new("RGB", (side, side)).save(tmp_path / "bomb.png")
    Image.new("RGB", (10, 10)).save(tmp_path / "fine.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    read_picture(tmp_path / "fine.png")
    for reader in (read_picture, picture_size):
        with pytest.raises(PictureError, match=r"bomb.png: more than 0 million pixels, refused"):
            reader(tmp_path / "bomb.png")


def test_many_threads_leave_the_warning_filters_as_they_were(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    paths = []
    for index in range(60):
        paths.append(tmp_path / f"{index}.png")
        Image.new("RGB", (11, 11) if index % 2 else (10, 10)).save(paths[-1])

    def refused(path: Path) -> bool:
        try:
            read_picture(path)
        except PictureError:
            return True
        return False

    before = list(warnings.filters)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(refused, paths))
    assert found == [bool(index % 2) for index in range(60)]
    assert list(warnings.filters) == before


def test_heic(tmp_path):
    pytest.importorskip("pillow_heif", reason="reading HEIC needs the extra: pip install pillow-heif")
    write_picture(to_image(blocks()), tmp_path / "photo.HEIC")
    assert np.abs(to_array(read_picture(tmp_path / "photo.HEIC")).astype(int) - blocks()).mean() < 3
    assert find_pictures(tmp_path) == [tmp_path / "photo.HEIC"]


def test_without_the_extra_a_heic_file_says_what_to_install(tmp_path):
    (tmp_path / "photo.heic").write_bytes(b"\0\0\0\x1cftypheic" + bytes(60))
    (tmp_path / "drawing.heic").write_bytes(encoded(Image.new("RGB", (4, 3)), "PNG"))
    script = (
        "import sys; sys.modules['pillow_heif'] = None\n"
        "from pathlib import Path; from minicyclegan.data.images import output_suffix, read_picture\n"
        f"assert output_suffix(Path({str(tmp_path / 'drawing.heic')!r})) == '.png'\n"
        f"read_picture({str(tmp_path / 'photo.heic')!r})"
    )
    result = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, timeout=60)
    assert result.stderr.splitlines()[-1].endswith(
        "photo.heic: a HEIC picture; to read these, install the extra: pip install pillow-heif"
    )


def test_pictures_of_a_folder_are_found_by_suffix_and_sorted(tmp_path):
    for name in ("b.PNG", "a.JpEg", "c.tiff", "._a.jpg", ".hidden.png", "notes.txt", "Thumbs.db", "d.webp", "e"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "lost.jpg").symlink_to(tmp_path / "nowhere.jpg")
    assert [path.name for path in find_pictures(tmp_path)] == ["a.JpEg", "b.PNG", "c.tiff", "d.webp", "lost.jpg"]


def test_the_size_is_read_from_the_header_alone(tmp_path):
    drawing = encoded(Image.fromarray(noise(64, 32)), "PNG")
    (tmp_path / "cut.png").write_bytes(drawing[:200])
    assert picture_size(tmp_path / "cut.png") == (32, 64)
    photo = encoded(Image.fromarray(noise(64, 32)), "JPEG", exif=turned(6))
    (tmp_path / "cut.jpg").write_bytes(photo[: len(photo) // 2])
    assert picture_size(tmp_path / "cut.jpg") == (64, 32)


def test_all_256_values_go_to_a_tensor_and_back(tmp_path):
    values = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    for picture in (values, np.concatenate([values, values[::-1], values[:, ::-1]], axis=2)):
        tensor = to_tensor(picture)
        assert tensor.dtype == torch.float32 and tensor.shape == (picture.shape[2], 16, 16)
        assert tensor.min() == -1 and tensor.max() == 1
        for kind in (torch.float32, torch.float64):
            np.testing.assert_array_equal(from_tensor(tensor.to(kind)), picture)
        for suffix in (".png", ".tif", ".bmp", ".ppm", ".tga"):
            write_picture(to_image(from_tensor(tensor)), tmp_path / f"picture{suffix}")
            image = read_picture(tmp_path / f"picture{suffix}", picture.shape[2])
            assert torch.equal(to_tensor(to_array(image)), tensor)


@settings(max_examples=60, deadline=None)
@given(
    arrays.arrays(
        np.uint8, st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4), st.sampled_from((1, 3)))
    ),
    st.sampled_from([np.s_[:], np.s_[:, ::-1], np.s_[:, :, ::-1], np.s_[::-1, ::2]]),
)
def test_any_array_of_pictures_goes_to_a_tensor_and_back(pictures, view):
    pictures = pictures[view]
    pictures.flags.writeable = False  # as Pillow's are
    tensor = to_tensor(pictures)
    assert tensor.shape == (pictures.shape[0], pictures.shape[3], *pictures.shape[1:3])
    np.testing.assert_array_equal(from_tensor(tensor), pictures)
    tensor += 1  # the tensor shares no memory with the read-only array


@settings(max_examples=40, deadline=None)
@given(
    arrays.arrays(np.uint8, st.tuples(st.integers(1, 6), st.integers(1, 6), st.just(3))),
    st.sampled_from(sorted(UPRIGHT)),
)
def test_any_picture_comes_out_upright_and_unchanged(stored, orientation):
    with Image.open(io.BytesIO(encoded(Image.fromarray(stored), "PNG", exif=turned(orientation)))) as image:
        np.testing.assert_array_equal(to_array(normalise(image)), UPRIGHT[orientation](stored))


def test_values_outside_the_range_are_clamped():
    found = from_tensor(torch.tensor([-3.0, -1.0, 0.0, 1.0, 7.0]).reshape(1, 1, 5))
    assert found[0, :, 0].tolist() == [0, 0, 128, 255, 255]


@pytest.mark.parametrize("suffix", ["", ".psd", ".doc", ".eps2"])
def test_an_unknown_type_is_refused(tmp_path, suffix):
    with pytest.raises(PictureError, match=r"can't be written as .*; use .png or .jpg"):
        write_picture(Image.new("RGB", (2, 2)), tmp_path / f"picture{suffix}")
    assert list(tmp_path.iterdir()) == []


def test_a_picture_too_large_for_its_type_is_refused(tmp_path):
    with pytest.raises(PictureError, match=r"wide.webp: can't be written as WEBP"):
        write_picture(Image.new("RGB", (17000, 1)), tmp_path / "wide.webp")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mishap", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("moment", ["write_bytes", "replace"])
def test_a_picture_is_written_whole_or_not_at_all(tmp_path, monkeypatch, mishap, moment):
    path = tmp_path / "picture.png"
    write_picture(Image.new("RGB", (2, 2), RED), path)

    def fail(self: Path, content: object) -> None:
        if moment == "write_bytes":
            with self.open("wb") as file:
                file.write(content[:20])
        raise mishap

    monkeypatch.setattr(Path, moment, fail)
    error = PictureError if isinstance(mishap, OSError) else KeyboardInterrupt
    with pytest.raises(error):
        write_picture(Image.new("RGB", (2, 2), BLUE), path)
    monkeypatch.undo()
    assert list(tmp_path.iterdir()) == [path]
    assert read_picture(path).getpixel((0, 0)) == RED


def test_a_written_picture_has_ordinary_rights_and_may_have_a_long_name(tmp_path):
    path = tmp_path / f"{'n' * 251}.png"
    write_picture(Image.new("L", (2, 2)), path)
    (tmp_path / "plain").write_bytes(b"")
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)


def test_a_place_that_is_no_folder(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    for path in (tmp_path / "file" / "picture.png", tmp_path / "missing" / "picture.png"):
        with pytest.raises(PictureError, match="can't be written"):
            write_picture(Image.new("RGB", (2, 2)), path)
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(PictureError, match="can't be written"):
        write_picture(Image.new("RGB", (2, 2)), tmp_path / "folder.png")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.png"]


def test_two_threads_that_write_one_file_leave_one_whole_file(tmp_path):
    path = tmp_path / "picture.png"
    threads = [
        threading.Thread(target=write_picture, args=(to_image(noise(64, 64, seed=seed)), path)) for seed in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(tmp_path.iterdir()) == [path] and read_picture(path).size == (64, 64)
