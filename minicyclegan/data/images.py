"""Any picture file <-> float tensor (C, H, W) in [-1, 1].

Pillow decodes. What comes out is upright (EXIF), opaque (laid on a background colour), sRGB, 8 bits a channel.
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from PIL import Image, ImageCms, ImageOps
from torch import Tensor

Channels = Literal[1, 3]
Colour = tuple[int, int, int]
WHITE: Colour = (255, 255, 255)

# What a folder is searched for, in any case of letters. A single file may have any name.
SUFFIXES = frozenset(
    ".png .jpg .jpeg .jfif .webp .bmp .gif .tif .tiff .ppm .pgm .pbm .pnm .tga .avif .heic .heif".split()
)


class PictureError(ValueError):
    """A picture that can't be read or written; the message names the file, what is wrong and what to do."""


def find_pictures(folder: Path) -> list[Path]:
    """The picture files directly in `folder`, sorted by name; hidden files are left out."""
    files = (path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and not path.name.startswith("."))
    return sorted(path for path in files if path.is_file())


def read_picture(path: str | Path, channels: Channels = 3, background: Colour = WHITE) -> Image.Image:
    """The file's first frame as an 8-bit "RGB" (3 channels) or "L" (1 channel) picture. Raises PictureError."""
    path = Path(path)
    try:
        with warnings.catch_warnings():
            # Pillow only warns between its limit and twice its limit; a decompression bomb is refused from the first.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            _allow_heic()
            with Image.open(path) as image:
                image.load()
                return normalise(image, channels, background)
    except FileNotFoundError:
        raise PictureError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise PictureError(f"{path}: a folder, not a picture") from None
    except PictureError as error:
        raise PictureError(f"{path}: {error}") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        limit = (Image.MAX_IMAGE_PIXELS or 0) / 1e6
        raise PictureError(f"{path}: more than {limit:.0f} million pixels, refused; make a smaller copy") from None
    except Image.UnidentifiedImageError:
        raise PictureError(f"{path}: {_why_unidentified(path)}") from None
    # Decoders answer broken files with nearly every kind of exception.
    except Exception as error:
        raise PictureError(f"{path}: broken picture ({error or type(error).__name__})") from None


def normalise(image: Image.Image, channels: Channels = 3, background: Colour = WHITE) -> Image.Image:
    """Any Pillow picture -> upright, opaque, sRGB, 8 bits a channel; mode "RGB" or "L". Raises PictureError."""
    profile = image.info.get("icc_profile")
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I") or image.mode == "F":
        image = _to_8_bits(image)
    if image.mode in ("P", "PA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
    alpha = image.getchannel("A") if image.mode in ("LA", "RGBA") else None
    colour = _to_srgb(_without_alpha(image), profile)
    if alpha is not None:
        paper = Image.new("RGB", image.size, background)
        paper.paste(colour, mask=alpha)
        colour = paper
    return colour.convert("L" if channels == 1 else "RGB")


def _without_alpha(image: Image.Image) -> Image.Image:
    """The colours alone, in one of the modes that a colour profile can describe."""
    if image.mode in ("1", "LA"):
        return image.convert("L")
    return image if image.mode in ("L", "RGB", "CMYK", "LAB") else image.convert("RGB")


def _to_8_bits(image: Image.Image) -> Image.Image:
    """16-bit grey, which Pillow's own conversion would clamp at 255, scaled; likewise float grey in [0, 1]."""
    values = np.asarray(image)
    top = 1.0 if image.mode == "F" else 65535.0
    low, high = values.min(), values.max()
    if not (low >= 0 and high <= top):
        raise PictureError(f"grey values from {low:g} to {high:g}, expected 0 to {top:g}; save it with 8 or 16 bits")
    return Image.fromarray(np.rint(values * (255.0 / top)).astype(np.uint8))


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


def _allow_heic() -> bool:
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return False
    register_heif_opener()
    return True


def _why_unidentified(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(12)
    if not head:
        return "an empty file"
    if head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"hevc", b"heim", b"mif1", b"msf1"):
        if not _allow_heic():
            return "a HEIC picture; to read these, install the extra: pip install pillow-heif"
        return "a HEIC picture that can't be decoded"
    return "not a picture that Pillow can read"


def resize(image: Image.Image, size: int) -> Image.Image:
    """The picture squeezed to size x size pixels (bicubic), as the published recipe does."""
    return image if image.size == (size, size) else image.resize((size, size), Image.Resampling.BICUBIC)


def to_array(image: Image.Image) -> np.ndarray:
    """A "L" or "RGB" picture -> uint8 array (H, W, C)."""
    array = np.asarray(image)
    return array[:, :, None] if array.ndim == 2 else array


def to_tensor(array: np.ndarray) -> Tensor:
    """uint8 pictures (..., H, W, C) -> float32 (..., C, H, W) in [-1, 1]."""
    tensor = torch.from_numpy(np.ascontiguousarray(np.moveaxis(array, -1, -3)))
    return tensor.float() / 127.5 - 1.0


def from_tensor(tensor: Tensor) -> np.ndarray:
    """Float (..., C, H, W) in [-1, 1] -> uint8 (..., H, W, C), rounded; what lies outside is clamped."""
    values = ((tensor.detach().float().cpu() + 1.0) * 127.5).round().clamp(0, 255)
    return np.moveaxis(values.to(torch.uint8).numpy(), -3, -1)


def to_image(array: np.ndarray) -> Image.Image:
    """uint8 (H, W, 1 or 3) -> picture of mode "L" or "RGB"."""
    return Image.fromarray(np.ascontiguousarray(array[:, :, 0] if array.shape[2] == 1 else array))


def load_image(path: str | Path, channels: Channels = 3, background: Colour = WHITE) -> Tensor:
    """A picture file -> float32 (C, H, W) in [-1, 1]. Raises PictureError, with the path."""
    return to_tensor(to_array(read_picture(path, channels, background)))


def save_image(tensor: Tensor, path: str | Path) -> None:
    """Writes a (C, H, W) picture in [-1, 1]; the suffix decides the format. Raises PictureError."""
    write_picture(to_image(from_tensor(tensor)), path)


def write_picture(image: Image.Image, path: str | Path) -> None:
    """Writes whole or not at all: encoded in memory first, then to a temporary name, then renamed."""
    path = Path(path)
    encoded, part = io.BytesIO(), path.with_name(path.name + ".part")
    try:
        kind = Image.registered_extensions().get(path.suffix.lower())
        if kind is None:
            raise PictureError(f"{path}: unknown picture type {path.suffix!r}; use .png or .jpg")
        image.save(encoded, kind, **({"quality": 95} if kind in ("JPEG", "WEBP", "AVIF") else {}))
        part.write_bytes(encoded.getvalue())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise PictureError(f"{path}: can't be written ({error.strerror or error})") from None
