"""Any picture file <-> float tensor (C, H, W) in [-1, 1].

Pillow decodes; `colours.normalise` makes of it what a network sees.
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
from PIL import Image
from torch import Tensor

from minicyclegan.data.colours import Channels, PictureError, normalise, orientation_of, packing, quiet_pillow

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


# What a user should know of a picture that was read all the same: pairs of a line and the file's path.
Notes = set[tuple[str, str]]
FIRST_ONLY = "only the first of several pictures in one file is used"
DARK = "nearly black: 16 bits, but no value above 4095; if it was measured with 12 bits, save it scaled to 16"


def read_picture(path: str | Path, channels: Channels = 3, notes: Notes | None = None) -> Image.Image:
    """The file's first frame as an 8-bit "RGB" (3 channels) or "L" (1 channel) picture. Raises PictureError.

    What a user should know of it is added to `notes`; without them, it is a warning.
    """
    with _opened(Path(path)) as image:
        several, deep = _is_one_of_several(image), ";16" in packing(image)
        picture = normalise(image, channels)
    dark = deep and bool(np.asarray(picture).max() <= 16)  # 4095 of 65535
    for line in [FIRST_ONLY] * several + [DARK] * dark:
        if notes is None:
            warnings.warn(f"{path}: {line}", stacklevel=2)
        else:
            notes.add((line, str(path)))
    return picture


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


def resize(image: Image.Image, size: int) -> Image.Image:
    """The picture squeezed to size x size pixels (bicubic), as the published recipe does."""
    return image if image.size == (size, size) else image.resize((size, size), Image.Resampling.BICUBIC)


def to_array(image: Image.Image) -> np.ndarray:
    """A "L" or "RGB" picture -> uint8 array (H, W, C)."""
    array = np.asarray(image)
    return array[:, :, None] if array.ndim == 2 else array


def to_tensor(array: np.ndarray) -> Tensor:
    """uint8 pictures (..., H, W, C) -> float32 (..., C, H, W) in [-1, 1]."""
    # Computed by NumPy: where batches are prefetched, PyTorch would take threads of its own for this, and with more of
    # them than cores, OpenMP puts those of the training to sleep between any two operations.
    values = np.moveaxis(array, -1, -3).astype(np.float32, order="C")
    values /= 127.5
    values -= 1.0
    return torch.from_numpy(values)


def from_tensor(tensor: Tensor) -> np.ndarray:
    """Float (..., C, H, W) in [-1, 1] -> uint8 (..., H, W, C), rounded; what lies outside is clamped."""
    values = ((tensor.detach().float().cpu() + 1.0) * 127.5).round().clamp(0, 255)
    return np.moveaxis(values.to(torch.uint8).numpy(), -3, -1)


def to_image(array: np.ndarray) -> Image.Image:
    """uint8 (H, W, 1, 3 or 4) -> picture of mode "L", "RGB" or "RGBA"."""
    return Image.fromarray(np.ascontiguousarray(array[:, :, 0] if array.shape[2] == 1 else array))


def to_input(picture: Any, channels: Channels = 3) -> tuple[Tensor, Callable[[Tensor], Any]]:
    """A path, Pillow picture, array or tensor -> (N, channels, H, W) in [-1, 1], and the way back to the like.

    A path or a Pillow picture comes back as a Pillow picture, a uint8 array (H, W) or (H, W, C) as an array (H, W, C),
    a float tensor (N, C, H, W) as it is. Raises PictureError for a file that can't be read, ValueError for anything
    else that is no picture.
    """
    if not isinstance(picture, Tensor):
        x = to_tensor(to_array(image_of(picture, channels)))[None]  # (1, C, H, W)
        back = from_tensor if isinstance(picture, np.ndarray) else lambda y: to_image(from_tensor(y))
        return x, lambda y: back(y[0])
    shape = tuple(picture.shape)
    if len(shape) != 4 or shape[1] != channels or 0 in shape or not picture.is_floating_point():
        raise ValueError(f"expected a float tensor (N, {channels}, H, W) in [-1, 1], got {picture.dtype} {shape}")
    return picture, lambda y: y


def image_of(picture: Any, channels: Channels = 3) -> Image.Image:
    """A path, Pillow picture or array -> picture of mode "RGB" or "L". Raises as `to_input` does."""
    if isinstance(picture, str | os.PathLike):
        return read_picture(picture, channels)
    if isinstance(picture, np.ndarray):
        shape = picture.shape
        if picture.dtype != np.uint8 or 0 in shape or len(shape) < 2 or shape[2:] not in ((), (1,), (3,), (4,)):
            raise ValueError(f"expected a uint8 array (H, W) or (H, W, 1, 3 or 4), got {picture.dtype} {shape}")
        picture = to_image(np.atleast_3d(picture))
    if not isinstance(picture, Image.Image):
        raise ValueError(f"expected a path, a picture, an array or a tensor, got {type(picture).__name__}")
    return normalise(picture, channels)


def write_picture(image: Image.Image, path: str | Path) -> None:
    """Writes whole or not at all: encoded in memory first, then to a temporary name, then renamed."""
    path = Path(path)
    kind = _format_of(path.suffix)
    if kind not in Image.SAVE:
        raise PictureError(f"{path}: pictures can't be written as {path.suffix or 'no suffix'!r}; use .png or .jpg")
    encoded = io.BytesIO()
    try:
        image.save(encoded, kind, **({"quality": 95} if kind in ("JPEG", "WEBP", "AVIF", "HEIF") else {}))
    except (OSError, ValueError, MemoryError) as error:
        raise PictureError(f"{path}: can't be written as {kind} ({error}); use .png") from None
    # Short and hidden: a long name stays possible, and no search for pictures finds it.
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        part.write_bytes(encoded.getvalue())
        part.replace(path)
    except BaseException as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise PictureError(f"{path}: can't be written ({error.strerror or error})") from None
        raise
