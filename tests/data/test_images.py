"""data/images.py and data/colours.py: every kind of picture file that people have, and none that they shouldn't."""

import io
import stat
import struct
import subprocess
import sys
import threading
import warnings
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
from minicyclegan.data.images import (
    can_write,
    find_pictures,
    from_tensor,
    is_animation,
    load_image,
    picture_size,
    read_picture,
    resize,
    save_image,
    to_array,
    to_image,
    to_tensor,
    write_picture,
)
from tests.data.picture_files import (
    encoded,
    grey_tiff,
    ink_profile,
    linear_grey_profile,
    png,
    profile_with_red_and_green_exchanged,
    srgb_profile,
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
    """Writes bytes to a file and reads it as a picture: -> uint8 (H, W, C)."""

    def read(content: bytes, channels: int = 3, name: str = "picture.png", **options: object) -> np.ndarray:
        path = tmp_path / name
        path.write_bytes(content)
        image = read_picture(path, channels, **options)
        assert image.mode == ("RGB" if channels == 3 else "L")
        assert picture_size(path) == image.size
        return to_array(image)

    return read


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", UPRIGHT)
def test_comes_out_upright(read, kind, orientation):
    stored = noise()
    options = {"lossless": True} if kind == "WEBP" else {}
    content = encoded(Image.fromarray(stored), kind, exif=turned(orientation), **options)
    np.testing.assert_array_equal(read(content), UPRIGHT[orientation](stored))


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
    content = grey_tiff(3, 1, 8, bytes([0, 100, 255]), False, exif_directory=offset)
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
    assert np.abs(read(content, background=background)[0].astype(int) - expected).max() <= 1


def test_grey_with_opacity(read):
    stored = np.array([[[50, 255], [50, 0], [100, 51]]], np.uint8)
    content = encoded(Image.merge("LA", [Image.fromarray(stored[:, :, k]) for k in (0, 1)]), "PNG")
    assert read(content, 1)[0, :, 0].tolist() == [50, 255, 224]
    assert read(content, 1, background=BLACK)[0, :, 0].tolist() == [50, 0, 20]


def test_a_palette_with_one_transparent_colour(read):
    image = Image.new("P", (3, 1))
    image.putpalette([*RED, *GREEN, *BLUE])
    for x in range(3):
        image.putpixel((x, 0), x)
    for content in (encoded(image, "PNG", transparency=1), encoded(image, "GIF", transparency=1)):
        assert read(content)[0].tolist() == [list(RED), list(WHITE), list(BLUE)]
        assert read(content, background=BLACK)[0].tolist() == [list(RED), list(BLACK), list(BLUE)]


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
    found = read(content, background=RED)[0].tolist()
    assert found == [list(value) if isinstance(value, tuple) else [value] * 3 for value in expected]


def test_one_transparent_colour(read):
    row8, row16 = bytes([1, 2, 3, 1, 2, 4]), struct.pack(">6H", 0x1234, 0x1234, 0x1234, 0x5634, 0x1234, 0xFFFF)
    content = png(2, 1, 8, 2, [row8], struct.pack(">3H", 1, 2, 3))
    assert read(content, background=BLUE)[0].tolist() == [list(BLUE), [1, 2, 4]]
    content = png(2, 1, 16, 2, [row16], struct.pack(">3H", 0x1234, 0x1234, 0x1234))
    assert read(content, background=BLUE)[0].tolist() == [list(BLUE), [0x56, 0x12, 0xFF]]


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
        grey_tiff(6, 1, 16, SIXTEEN.astype("<u2").tobytes(), False),
        grey_tiff(6, 1, 16, SIXTEEN.astype(">u2").tobytes(), False, ">"),
        grey_tiff(6, 1, 16, (65535 - SIXTEEN).astype("<u2").tobytes(), True),
        b"P5 6 1 65535\n" + SIXTEEN.astype(">u2").tobytes(),
        encoded(Image.fromarray(SIXTEEN.astype(np.int32)), "TIFF"),
        encoded(Image.fromarray(SIXTEEN.astype(np.float32) / 65535), "TIFF"),
    ],
    ids=["png", "tiff", "little", "big", "white is 0", "pgm", "I", "F"],
)
def test_16_bits_are_scaled_not_clamped(read, content):
    assert read(content, 1)[0, :, 0].tolist() == EIGHT
    assert read(content)[0].tolist() == [[value] * 3 for value in EIGHT]


def test_8_bits_where_white_is_zero(read):
    assert read(grey_tiff(3, 1, 8, bytes([0, 100, 255]), True), 1)[0, :, 0].tolist() == [255, 155, 0]


@pytest.mark.parametrize(
    "values", [np.array([[-1, 5]], np.int32), np.array([[0, 65536]], np.int32), np.array([[0, 1.5]], np.float32),
               np.array([[0, np.nan]], np.float32)]
)  # fmt: skip
def test_grey_values_of_unknown_scale_are_refused(tmp_path, values):
    Image.fromarray(values).save(tmp_path / "depth.tif")
    with pytest.raises(PictureError, match=r"depth.tif: grey values from .* expected 0 to (65535|1)"):
        read_picture(tmp_path / "depth.tif")


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


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_moving_pictures_the_first_frame(read, tmp_path, kind):
    frames = [Image.new("RGB", (4, 3), colour) for colour in (RED, GREEN, BLUE)]
    options = {"lossless": True} if kind == "WEBP" else {}
    content = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    assert np.unique(read(content).reshape(-1, 3), axis=0).tolist() == [list(RED)]
    assert is_animation(tmp_path / "picture.png") == (kind != "TIFF")


def test_still_pictures_are_no_animations(tmp_path):
    for kind in ("GIF", "WEBP", "PNG", "JPEG"):
        (tmp_path / "still").write_bytes(encoded(Image.new("RGB", (4, 3)), kind))
        assert not is_animation(tmp_path / "still")


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
        load_image(tmp_path / name, 1)


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
    for reader in (read_picture, picture_size, is_animation):
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
        for reader in (read_picture, picture_size, is_animation):
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
    save_image(to_tensor(blocks()), tmp_path / "photo.HEIC")
    assert np.abs(to_array(read_picture(tmp_path / "photo.HEIC")).astype(int) - blocks()).mean() < 3
    assert find_pictures(tmp_path) == [tmp_path / "photo.HEIC"]


def test_without_the_extra_a_heic_file_says_what_to_install(tmp_path):
    (tmp_path / "photo.heic").write_bytes(b"\0\0\0\x1cftypheic" + bytes(60))
    script = (
        "import sys; sys.modules['pillow_heif'] = None\n"
        "from minicyclegan.data.images import can_write, read_picture\n"
        "assert not can_write('.heic')\n"
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
            save_image(tensor, tmp_path / f"picture{suffix}")
            assert torch.equal(load_image(tmp_path / f"picture{suffix}", picture.shape[2]), tensor)


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


def test_resize_squeezes_to_a_square():
    image = Image.fromarray(blocks())
    assert resize(image, 24).size == (24, 24)
    square = Image.fromarray(noise(8, 8))
    assert resize(square, 8) is square


@pytest.mark.parametrize("suffix", ["", ".psd", ".doc", ".eps2"])
def test_an_unknown_type_is_refused(tmp_path, suffix):
    assert not can_write(suffix)
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
