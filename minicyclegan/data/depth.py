"""Colours of 16 bits a channel, as uint16 arrays (H, W, C). Pillow knows none; TIFFs go through tifffile, an extra."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from types import ModuleType

import numpy as np
from PIL import Image

from minicyclegan.data.colours import BITS, EXTRA_SAMPLES, ORIENTATION, PHOTOMETRIC, is_srgb, srgb_profile, upright

# The kinds of PNG that have so many channels
PNG_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
RGB, UNASSOCIATED = 2, 2  # what a TIFF calls them


def tifffile() -> ModuleType | None:
    """The extra, where it is installed."""
    try:
        import tifffile
    except ImportError:
        return None
    return tifffile


def deep_colours(image: Image.Image, path: Path) -> np.ndarray | None:
    """The opened TIFF's RGB or RGBA of 16 bits, upright; None without the extra, and for any other picture."""
    tags = image.tag_v2 if image.format == "TIFF" and tifffile() else {}
    extra = tags.get(EXTRA_SAMPLES, ())
    plain = tags.get(BITS) == (16,) * (3 + len(extra)) and extra in ((), (UNASSOCIATED,))
    if not plain or tags.get(PHOTOMETRIC) != RGB or not is_srgb(image.info.get("icc_profile"), "RGB"):
        return None
    try:
        with tifffile().TiffFile(path) as file:
            page = file.pages[0]
            array = page.asarray()
    except Exception:  # compressed in a way that tifffile wants yet another package for
        return None
    array = np.moveaxis(array, 0, -1) if page.axes == "SYX" else array
    return upright(array, tags.get(ORIENTATION, 1)) if array.dtype == np.uint16 else None


def encode_png(array: np.ndarray) -> bytes:
    """uint16 (H, W, 1 to 4) as a PNG in sRGB."""
    rows = np.ascontiguousarray(array, ">u2").view(np.uint8).reshape(len(array), -1)  # (H, 2 W C)
    rows = np.diff(rows, axis=0, prepend=np.zeros_like(rows[:1]))  # filter 2: what differs from the row above
    rows = np.pad(rows, ((0, 0), (1, 0)), constant_values=2)
    header = struct.pack(">IIBBBBB", array.shape[1], array.shape[0], 16, PNG_COLOUR_TYPES[array.shape[2]], 0, 0, 0)
    chunks = {b"IHDR": header, b"sRGB": b"\0", b"IDAT": zlib.compress(rows, 6), b"IEND": b""}
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks.items()
    )


def encode_tiff(array: np.ndarray) -> bytes | None:
    """uint16 (H, W, 1 to 4) as a TIFF in sRGB; None where that takes the extra, and it is not there."""
    file, profile = io.BytesIO(), srgb_profile(grey=array.shape[2] < 3)
    if array.shape[2] == 1:
        Image.fromarray(array[:, :, 0]).save(file, "TIFF", icc_profile=profile)
    elif tifffile():
        kind, extra = "rgb" if array.shape[2] > 2 else "minisblack", ["unassalpha"] * (array.shape[2] % 2 == 0)
        tifffile().imwrite(file, array, photometric=kind, extrasamples=extra, iccprofile=profile, metadata=None)
    else:
        return None
    return file.getvalue()
