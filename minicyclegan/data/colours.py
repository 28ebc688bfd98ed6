"""Any Pillow picture -> upright (EXIF), sRGB, opaque (laid on a background colour) or not, 8 bits a channel or 16."""

from __future__ import annotations

import io
import threading
import warnings
from functools import cache
from typing import Literal

import numpy as np
from PIL import Image, ImageCms

Channels = Literal[1, 3]
Colour = tuple[int, int, int]
WHITE: Colour = (255, 255, 255)

ORIENTATION = 274  # the tag of EXIF, and of TIFF as these:
BITS, PHOTOMETRIC, FILL_ORDER, PLANAR, EXTRA_SAMPLES, SAMPLE_FORMAT = 258, 262, 266, 284, 338, 339
T = Image.Transpose
# What turns a picture of orientation 2, 3, … 8 upright.
TO_UPRIGHT = (T.FLIP_LEFT_RIGHT, T.ROTATE_180, T.FLIP_TOP_BOTTOM, T.TRANSPOSE, T.ROTATE_270, T.TRANSVERSE, T.ROTATE_90)


class PictureError(ValueError):
    """A picture that can't be read or written; the message names the file, what is wrong and what to do."""


def normalise(image: Image.Image, channels: Channels = 3, background: Colour = WHITE) -> Image.Image:
    """Any Pillow picture -> upright, opaque, sRGB, 8 bits a channel; mode "RGB" or "L".

    What is normalised already stays as it is. Raises PictureError.
    """
    return separate(image, channels, background)[0]


def separate(
    image: Image.Image, channels: Channels = 3, background: Colour | None = None
) -> tuple[Image.Image, Image.Image | None]:
    """As `normalise`; without a background also the picture's opacity, mode "L", where it is not all opaque.

    Colours then stay as they are, but white where nothing is seen of them.
    """
    if 0 in image.size:
        raise PictureError("a picture without pixels")
    if image.format == "TIFF":
        _refuse_misread(image)
    _scale_transparent_colour(image)
    image.load()
    profile, orientation = image.info.get("icc_profile"), orientation_of(image)
    if image.mode.startswith("I") or image.mode == "F":
        image = _to_8_bits(image)
    if orientation > 1:
        image = image.transpose(TO_UPRIGHT[orientation - 2])
    if image.mode in ("P", "PA", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
    elif image.mode == "La":
        image = image.convert("LA")
    alpha = image.getchannel("A") if image.mode in ("LA", "RGBA") else None
    colour = _to_srgb(_without_alpha(image), profile)
    if alpha is not None:
        paper = Image.new("RGB", image.size, WHITE if background is None else background)
        paper.paste(colour, mask=alpha.point([0] + [255] * 255) if background is None else alpha)
        colour = paper
        alpha = None if background is not None or alpha.getextrema()[0] == 255 else alpha
    colour = colour.convert("L" if channels == 1 else "RGB")
    colour.info.clear()  # how to turn it, its profile, what is transparent: all of that has been done
    return colour, alpha


def deep_grey(image: Image.Image) -> np.ndarray | None:
    """Opaque grey of more than 8 bits in sRGB, upright, as uint16 (H, W, 1); None for any other picture."""
    deep = image.mode.startswith(("I", "F")) and "transparency" not in image.info and 0 not in image.size
    if not deep or not is_srgb(image.info.get("icc_profile"), "L"):
        return None
    if image.format == "TIFF":
        _refuse_misread(image)
    image.load()
    return upright(_grey_values(image, 65535).astype(np.uint16), orientation_of(image))[:, :, None]


def upright(array: np.ndarray, orientation: int) -> np.ndarray:
    """An array (H, W, …) of a camera that was held as `orientation` says, as TO_UPRIGHT turns a picture."""
    array = array.swapaxes(0, 1) if orientation >= 5 else array
    return array[:: -1 if orientation in (3, 4, 7, 8) else 1, :: -1 if orientation in (2, 3, 6, 7) else 1]


def is_srgb(profile: bytes | None, mode: str) -> bool:
    """Whether colours, or greys (mode "L"), stay what they are under this profile: as under none and a damaged one."""
    steps = np.arange(0, 256, 15, np.uint8)
    ramp = Image.fromarray(np.stack(np.meshgrid(steps, steps, steps), -1).reshape(1, -1, 3)).convert(mode)
    change = np.asarray(_to_srgb(ramp, profile)).astype(int) - np.asarray(ramp.convert("RGB"))
    return bool(np.abs(change).max() <= 1)


def _refuse_misread(image: Image.Image) -> None:
    """Raises PictureError for a TIFF that Pillow opens and gets wrong, or that does not say what its numbers mean."""
    tags, packed = image.tag_v2, image.info.get("compression") != "raw"
    bytewise = set(tags.get(BITS, ())) == {8} and tags.get(PHOTOMETRIC) != 0 and tags.get(FILL_ORDER, 1) == 1
    faults = {
        "signed numbers": 2 in tags.get(SAMPLE_FORMAT, ()),
        "whole numbers of 32 bits": image.mode == "I",
        "compressed floating point numbers, big-endian": image.mode == "F" and packed and tags.prefix == b"MM",
        "each channel stored alone": tags.get(PLANAR) == 2
        and (image.mode in ("LA", "La", "PA", "LAB") or not (packed or bytewise)),
        "no word on what its fourth channel is": image.mode == "RGBA" and EXTRA_SAMPLES not in tags,
        "no word on whether 0 is black or white": PHOTOMETRIC not in tags and image.mode in ("L", "I;16", "F"),
    }
    if found := [fault for fault, is_so in faults.items() if is_so]:
        raise PictureError(f"a kind of TIFF that is not read ({found[0]}); save it with 8 bits a channel, interleaved")


def _scale_transparent_colour(image: Image.Image) -> None:
    """Pillow spreads a PNG's 1, 2, 4 or 16 bits to 8, but leaves the transparent colour beside them as it was."""
    colour = image.info.get("transparency") if image.format == "PNG" else None
    if colour is not None and packing(image) == "RGB;16B":
        image.info["transparency"] = tuple(value >> 8 for value in colour)
    elif colour is not None and (step := {"1": 255, "L;2": 85, "L;4": 17}.get(packing(image))):
        image.info["transparency"] = min(colour * step, 255)  # newer versions of Pillow have spread 1 bit already


def packing(image: Image.Image) -> str:
    """What Pillow calls the layout of samples in a file that it has opened and not yet decoded: "RGB;16B", say."""
    args = image.tile[0].args if image.tile else ""
    return str(args[0] if isinstance(args, tuple) and args else args)


def orientation_of(image: Image.Image) -> int:
    """How a camera was held: 1 upright, 2 to 8 mirrored or turned; 1 where the EXIF says nothing or is damaged."""
    if image.format == "TIFF" and ORIENTATION in image.tag_v2:
        return 1  # Pillow turns it when it decodes it, and gives its size as if it had
    try:
        with quiet_pillow:
            orientation = image.getexif().get(ORIENTATION)
    except Exception:
        return 1
    return orientation if orientation in range(2, 9) else 1


def _without_alpha(image: Image.Image) -> Image.Image:
    """The colours alone, in one of the modes that a colour profile can describe."""
    if image.mode in ("1", "LA"):
        return image.convert("L")
    return image if image.mode in ("L", "RGB", "CMYK", "LAB") else image.convert("RGB")


def _to_8_bits(image: Image.Image) -> Image.Image:
    """Grey of more than 8 bits, which Pillow's own conversion would clamp at 255, scaled."""
    scaled = Image.fromarray(_grey_values(image, 255).astype(np.uint8))
    if "transparency" in image.info:
        scaled.putalpha(Image.fromarray((np.asarray(image) != image.info["transparency"]).astype(np.uint8) * 255))
    return scaled


def _grey_values(image: Image.Image, white: int) -> np.ndarray:
    """Grey of more than 8 bits, or float grey in [0, 1], as whole numbers from 0 to `white`."""
    if image.format not in (None, "PNG", "PPM", "JPEG2000", "TIFF"):
        raise PictureError(f"numbers in a {image.format} file, which does not say what is white; save it with 8 bits")
    values, tags = np.asarray(image), getattr(image, "tag_v2", {})
    top = 1.0 if image.mode == "F" else 2.0 ** tags.get(BITS, (16,))[0] - 1
    low, high = values.min(), values.max()
    if not (low >= 0 and high <= top):
        raise PictureError(f"grey values from {low:g} to {high:g}, expected 0 to {top:g}; save it with 8 or 16 bits")
    white_is_zero = tags.get(PHOTOMETRIC) == 0  # which Pillow sees to where a grey has 8 bits at most
    return np.rint((top - values if white_is_zero else values) * (white / top))


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The picture in sRGB: through its embedded profile where it has one that works, else by Pillow's own rule."""
    srgb = ImageCms.createProfile("sRGB")
    if image.mode == "LAB":
        return ImageCms.profileToProfile(image, ImageCms.createProfile("LAB"), srgb, outputMode="RGB")
    if profile:
        try:
            embedded = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            return ImageCms.profileToProfile(image, embedded, srgb, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError):
            # A damaged profile, or one for another kind of picture: viewers ignore it too.
            pass
    return image.convert("RGB")


@cache
def srgb_profile(grey: bool = False) -> bytes:
    """The ICC profile that says that colours are sRGB; or that greys follow its curve."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = bytes(12)  # the time: equal pictures are equal files
    if grey:
        profile[16:20] = b"GRAY"
        profile = profile.replace(b"rTRC", b"kTRC")
    return bytes(profile)


class QuietPillow:
    """`with quiet_pillow:` no raw warnings from Pillow.

    The filters are the whole process's: of the threads inside, the first sets them, the last puts the old ones back.
    """

    def __init__(self) -> None:
        self.lock, self.inside, self.filters = threading.Lock(), 0, warnings.catch_warnings()

    def __enter__(self) -> None:
        with self.lock:
            if self.inside == 0:
                self.filters = warnings.catch_warnings()
                self.filters.__enter__()
                warnings.filterwarnings("ignore", module=r"(PIL|pillow_heif)\b")
            self.inside += 1

    def __exit__(self, *_: object) -> None:
        with self.lock:
            self.inside -= 1
            if self.inside == 0:
                self.filters.__exit__()


quiet_pillow = QuietPillow()
