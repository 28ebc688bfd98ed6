"""Any picture file <-> float tensor (C, H, W) in [-1, 1].

Pillow decodes; `colours.normalise` makes of it what a network sees. Translating also keeps 16 bits and opacity.
"""

from __future__ import annotations

import io
import math
import os
import secrets
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, PngImagePlugin
from torch import Tensor
from torch.nn import functional as F

from minicyclegan.data import colours
from minicyclegan.data.colours import Channels, Colour, PictureError, normalise, orientation_of, packing, quiet_pillow
from minicyclegan.data.depth import deep_colours, encode_png, encode_tiff

# Translations are written in the type of their source where that is lossless or a format of photos.
KEPT_TYPES = frozenset(".png .bmp .tif .tiff .ppm .tga .jp2 .jpg .jpeg .jpe .jfif .webp .avif .heic .heif .hif".split())
# What a folder is searched for, in any case of letters. A single file may have any name.
SUFFIXES = KEPT_TYPES | frozenset(".apng .gif .pgm .pbm .pnm".split())
HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")


def find_pictures(folder: Path) -> list[Path]:
    """The picture files directly in `folder`, sorted by name; hidden files are left out.

    A link to nothing counts: it is reported with the broken files rather than passed over.
    """
    files = (path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and not path.name.startswith("."))
    return sorted(path for path in files if path.is_file() or not path.exists())


# Colours or grey (H, W, 1 or 3), and opacity (H, W, 1) where not all is opaque: uint8, uint16, or floats in [0, 1]
Pixels = tuple[np.ndarray, np.ndarray | None]
# What a user should know of a picture that was read all the same: pairs of a line and the file's path.
Notes = set[tuple[str, str]]
FIRST_ONLY = "only the first of several pictures in one file is used"
SHALLOW = (
    "16 bits a channel are read as 8: to keep them, save opaque grey, or colours in sRGB as a TIFF without LZW, and "
    "pip install tifffile"
)
CUT = "16 bits a channel are written as 8; PNG keeps them, and TIFF in colour with pip install tifffile"
LAID = "what is transparent is laid on white: this type of file knows no opacity"
DARK = "nearly black: 16 bits, but no value above 4095; if it was measured with 12 bits, save it scaled to 16"


def read_picture(path: str | Path, channels: Channels = 3, notes: Notes | None = None) -> Image.Image:
    """The file's first frame as an 8-bit "RGB" (3 channels) or "L" (1 channel) picture. Raises PictureError.

    What a user should know of it is added to `notes`; without them, it is a warning.
    """
    with _opened(Path(path)) as image:
        several, deep = _is_one_of_several(image), ";16" in packing(image)
        picture = normalise(image, channels)
    dark = deep and bool(np.asarray(picture).max() <= 16)  # 4095 of 65535
    _note([FIRST_ONLY] * several + [DARK] * dark, path, notes)
    return picture


def read_pixels(
    path: str | Path, channels: Channels = 3, notes: Notes | None = None, background: Colour | None = None
) -> Pixels:
    """As `read_picture`, with all that can be kept of 16 bits and of opacity, which a background makes opaque."""
    with _opened(Path(path)) as image:
        several, deep = _is_one_of_several(image), ";16" in packing(image)
        found = colours.deep_grey(image)
        found = deep_colours(image, Path(path)) if found is None else found
        pixels = of_array(found, channels, background) if found is not None else of_image(image, channels, background)
    dark = deep and bool(pixels[0].max() <= (16 if found is None else 4095))
    _note([FIRST_ONLY] * several + [DARK] * dark + [SHALLOW] * (deep and found is None), path, notes)
    return pixels


def _note(lines: list[str], path: str | Path, notes: Notes | None) -> None:
    for line in lines:
        if notes is None:
            warnings.warn(f"{path}: {line}", stacklevel=3)
        else:
            notes.add((line, str(path)))


def summary(notes: Notes) -> list[str]:
    """A line for each thing that was noted, with the files it is true of."""
    lines = []
    for line, group in groupby(sorted(notes), key=lambda note: note[0]):
        names = [name for _, name in group]
        lines.append(f"{line}: {', '.join(names[:3])}" + (f" and {len(names) - 3} more" if len(names) > 3 else ""))
    return lines


def picture_size(path: str | Path) -> tuple[int, int]:
    """Width and height of the upright picture, from the file's header alone if it can be. Raises PictureError."""
    path, silent = Path(path), False
    with _opened(path) as image:
        # A PNG may say after its pixels how it was held: Pillow decodes them in search of that, so only if it is there.
        if image.format == "PNG" and "exif" not in image.info:
            content = path.read_bytes()
            silent = not any(key in content for key in (b"eXIf", b"Raw profile type exif", b"XML:com.adobe.xmp"))
        return image.size if silent or orientation_of(image) < 5 else image.size[::-1]


def output_suffix(path: Path) -> str:
    """What the name of the file's translation ends in: as it does itself, where that type is kept, else in .png.

    Of an animation one frame is left, which is a .png too. What can't be read keeps its suffix.
    """
    suffix = path.suffix.lower()
    try:
        with _opened(path) as image:
            moves = image.format in ("GIF", "PNG", "WEBP", "AVIF") and _is_one_of_several(image)
    except PictureError:  # reported when it is translated
        return suffix
    return suffix if suffix in KEPT_TYPES and _format_of(suffix) in Image.SAVE and not moves else ".png"


def _is_one_of_several(image: Image.Image) -> bool:
    with suppress(Exception):  # a damaged second picture
        return getattr(image, "is_animated", False)
    return False


def _format_of(suffix: str) -> str | None:
    _allow_heic()
    return Image.registered_extensions().get(suffix.lower())


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """The picture in a file; whatever goes wrong inside the block is raised as a PictureError with the path."""
    head = b""
    try:
        with path.open("rb") as file:
            head = file.read(12)
            file.seek(0)
            _allow_heic()
            with quiet_pillow, Image.open(file) as image:
                if image.width * image.height > (Image.MAX_IMAGE_PIXELS or math.inf):
                    raise Image.DecompressionBombError  # from twice as many on, Pillow does that itself
                yield image
    # Decoders answer broken files with nearly every kind of exception.
    except Exception as error:
        raise PictureError(f"{path}: {_reason(error, path, head)}") from None


def _reason(error: Exception, path: Path, head: bytes) -> str:
    """In words, why the file that begins with `head` can't be read."""
    text = " ".join(str(error).split())[:200] or type(error).__name__
    match error:
        case PictureError():
            return text
        case FileNotFoundError():
            return "no such file"
        case MemoryError():
            return "too large for the memory; make a smaller copy"
        case OSError() if path.is_dir():
            return "a folder, not a picture"
        case Image.DecompressionBombError():
            return f"more than {(Image.MAX_IMAGE_PIXELS or 0) / 1e6:.0f} million pixels, refused; make a smaller copy"
        case Image.UnidentifiedImageError() if head[4:8] == b"ftyp" and head[8:12] in HEIC_BRANDS:
            extra = "; to read these, install the extra: pip install pillow-heif"
            return "a HEIC picture" + (" that can't be decoded" if _allow_heic() else extra)
        case Image.UnidentifiedImageError() if head[:4] in (b"II*\0", b"MM\0*"):
            return "a TIFF of a kind that Pillow can't read; save it with 8 bits a channel"
        case Image.UnidentifiedImageError():
            return "not a picture that Pillow can read" if head else "an empty file"
        case OSError() if error.strerror:
            return error.strerror
    return f"broken picture ({text})"


@cache
def _allow_heic() -> bool:
    """Teaches Pillow to read HEIC; whether the extra for it is installed."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return False
    register_heif_opener()
    return True


def to_array(image: Image.Image) -> np.ndarray:
    """A "L" or "RGB" picture -> uint8 array (H, W, C)."""
    array = np.asarray(image)
    return array[:, :, None] if array.ndim == 2 else array


# What is white in an array, by the kind of its type
WHITE = {"uint8": 255, "uint16": 65535, "float16": 1, "float32": 1, "float64": 1}


def to_tensor(array: np.ndarray) -> Tensor:
    """Pictures (..., H, W, C) of uint8, uint16 or floats in [0, 1] -> float32 (..., C, H, W) in [-1, 1]."""
    # Computed by NumPy: where batches are prefetched, PyTorch would take threads of its own for this, and with more of
    # them than cores, OpenMP puts those of the training to sleep between any two operations.
    values = np.moveaxis(array, -1, -3).astype(np.float32, order="C")
    values /= WHITE[array.dtype.name] / 2
    values -= 1.0
    return torch.from_numpy(values)


def from_tensor(tensor: Tensor, kind: str | np.dtype = "uint8") -> np.ndarray:
    """Float (..., C, H, W) in [-1, 1] -> (..., H, W, C) of that type, rounded; what lies outside is clamped."""
    kind = np.dtype(kind)
    values = (tensor.detach().float().cpu() + 1.0) * (WHITE[kind.name] / 2)
    values = (values if kind.kind == "f" else values.round()).clamp(0, WHITE[kind.name])
    return np.moveaxis(values.numpy().astype(kind), -3, -1)


def smaller(array: np.ndarray, shorter_side: int) -> np.ndarray:
    """(H, W, C) -> the same kind of picture, with so many pixels to its shorter side (bicubic)."""
    height, width = (round(shorter_side * side / min(array.shape[:2])) for side in array.shape[:2])
    x = F.interpolate(to_tensor(array)[None], (height, width), mode="bicubic", antialias=True)  # (1, C, H, W)
    return from_tensor(x[0], array.dtype)


def to_image(array: np.ndarray) -> Image.Image:
    """(H, W, 1 to 4) -> picture of mode "L", "LA", "RGB" or "RGBA"; of uint16 and one channel "I;16"."""
    if array.dtype != np.uint8 and (array.dtype != np.uint16 or array.shape[2] > 1):
        array = from_tensor(to_tensor(array))  # Pillow has no such colours
    return Image.fromarray(np.ascontiguousarray(array[:, :, 0] if array.shape[2] == 1 else array))


def to_pixels(picture: Any, channels: Channels = 3) -> tuple[Any, Callable[[Any], Any]]:
    """What a network is to see of a path, Pillow picture, array or tensor; and the way back to the like.

    A path or a Pillow picture comes back as a Pillow picture, an array (H, W) or (H, W, C) of uint8, uint16 or floats
    in [0, 1] as such an array (H, W, C); both are arrays (H, W, channels) between, and get their opacity back. A float
    tensor (N, C, H, W) in [-1, 1] is taken as it is. Raises PictureError for a file that can't be read, ValueError
    for anything else that is no picture.
    """
    if isinstance(picture, Tensor):
        shape = tuple(picture.shape)
        if len(shape) != 4 or shape[1] != channels or 0 in shape or not picture.is_floating_point():
            raise ValueError(f"expected a float tensor (N, {channels}, H, W) in [-1, 1], got {picture.dtype} {shape}")
        return picture, lambda y: y
    if isinstance(picture, str | os.PathLike):
        pixels, alpha = read_pixels(picture, channels)
    elif isinstance(picture, np.ndarray):
        pixels, alpha = of_array(picture, channels)
    elif isinstance(picture, Image.Image):
        grey = colours.deep_grey(picture)
        pixels, alpha = of_image(picture, channels) if grey is None else of_array(grey, channels)
    else:
        raise ValueError(f"expected a path, a picture, an array or a tensor, got {type(picture).__name__}")
    back = (lambda y: y) if isinstance(picture, np.ndarray) else to_image
    return pixels, lambda y: back(joined(y, alpha))


def of_image(image: Image.Image, channels: Channels, background: Colour | None = None) -> Pixels:
    """8 bits of any Pillow picture."""
    colour, alpha = colours.separate(image, channels, background)
    return to_array(colour), None if alpha is None else to_array(alpha)


def of_array(array: np.ndarray, channels: Channels, background: Colour | None = None) -> Pixels:
    """Any array of a picture: grey or colours, with or without opacity. Raises ValueError for what is none."""
    shape, white = array.shape, WHITE.get(array.dtype.name)
    if white is None or 0 in shape or len(shape) < 2 or shape[2:] not in ((), (1,), (3,), (4,)):
        raise ValueError(f"expected uint8, uint16 or floats (H, W) or (H, W, 1, 3 or 4), got {array.dtype} {shape}")
    if array.dtype == np.uint8:
        return of_image(to_image(np.atleast_3d(array)), channels, background)
    if white == 1 and not (array.min() >= 0 and array.max() <= 1):
        raise ValueError(f"expected floats in [0, 1], got {array.min():g} to {array.max():g}")
    array = np.atleast_3d(array)
    pixels, alpha = array[:, :, :3], array[:, :, 3:] if array.shape[2] == 4 and array[:, :, 3].min() < white else None
    if alpha is not None:
        if background is None:
            pixels = np.where(alpha > 0, pixels, array.dtype.type(white))
        else:
            paper = np.array(background, np.float32) * (white / 255)
            pixels, alpha = paper + np.float32(1 / white) * alpha * (pixels - paper), None
    if channels == 1 and pixels.shape[2] == 3:
        pixels = (pixels @ np.array([0.299, 0.587, 0.114]))[:, :, None]  # as Pillow, ITU-R 601-2
    pixels = pixels if white == 1 or pixels.dtype == array.dtype else np.rint(pixels)
    return np.repeat(pixels.astype(array.dtype), channels // pixels.shape[2], axis=2), alpha


def joined(pixels: np.ndarray, alpha: np.ndarray | None) -> np.ndarray:
    """(H, W, C), and opacity as one more channel."""
    return pixels if alpha is None else np.concatenate([pixels, alpha], axis=2)


def image_of(picture: Any, channels: Channels = 3) -> Image.Image:
    """A path, Pillow picture or array -> picture of mode "RGB" or "L". Raises as `to_pixels` does."""
    if isinstance(picture, str | os.PathLike):
        return read_picture(picture, channels)
    if not isinstance(picture, Image.Image):
        to_pixels(picture, channels)  # refuses what is none
        picture = to_image(np.atleast_3d(picture))
    return normalise(picture, channels)


def write_pixels(pixels: np.ndarray, alpha: np.ndarray | None, path: Path, notes: Notes) -> None:
    """Writes what is like `read_pixels`, with all that its type of file can keep of it. Raises PictureError."""
    array = joined(pixels, alpha)
    if array.dtype == np.uint16:
        encode = {"PNG": encode_png, "TIFF": encode_tiff}.get(_format_of(path.suffix), lambda _: None)
        if (content := encode(array)) is not None:
            return _write(content, path)
        notes.add((CUT, str(path)))
        array = ((array.astype(np.uint32) + 128) // 257).astype(np.uint8)
    image = to_image(array)
    try:
        write_picture(image, path)
    except PictureError:
        if alpha is None:
            raise
        write_picture(normalise(image, pixels.shape[2]), path)
        notes.add((LAID, str(path)))


def write_picture(image: Image.Image, path: str | Path) -> None:
    """Writes whole or not at all, and that it is sRGB where the type of file has a word for it. Raises PictureError."""
    path = Path(path)
    kind = _format_of(path.suffix)
    if kind not in Image.SAVE:
        raise PictureError(f"{path}: pictures can't be written as {path.suffix or 'no suffix'!r}; use .png or .jpg")
    if kind in ("BMP", "PPM") and image.mode == "RGBA":  # Pillow writes it, and nobody reads the opacity
        raise PictureError(f"{path}: {kind} knows no opacity; use .png")
    options, encoded, srgb = {}, io.BytesIO(), PngImagePlugin.PngInfo()
    srgb.add(b"sRGB", b"\0")
    if kind in ("JPEG", "TIFF", "WEBP", "AVIF", "HEIF"):
        options["icc_profile"] = colours.srgb_profile(grey=kind in ("JPEG", "TIFF") and image.mode in ("L", "LA"))
    if kind in ("JPEG", "WEBP", "AVIF", "HEIF"):
        options["quality"] = 95
    try:
        image.save(encoded, kind, **({"pnginfo": srgb} if kind == "PNG" else options))
    except (OSError, ValueError, MemoryError) as error:
        raise PictureError(f"{path}: can't be written as {kind} ({error}); use .png") from None
    _write(encoded.getvalue(), path)


def _write(content: bytes, path: Path) -> None:
    """Under a temporary name first, then renamed: the file is whole or not there."""
    # Short and hidden: a long name stays possible, and no search for pictures finds it.
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except BaseException as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise PictureError(f"{path}: can't be written ({error.strerror or error})") from None
        raise
