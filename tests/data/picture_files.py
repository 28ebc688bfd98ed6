"""Picture files that Pillow reads but does not write, made byte by byte."""

import io
import struct
import zlib

import numpy as np
from PIL import ImageCms


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, bits: int, colour_type: int, rows: list[bytes], transparent: bytes = b"") -> bytes:
    """A PNG with packed rows; `transparent` is what its tRNS chunk holds."""
    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + (png_chunk(b"tRNS", transparent) if transparent else b"")
        + png_chunk(b"IDAT", pixels)
        + png_chunk(b"IEND", b"")
    )


def tiff(
    width: int,
    height: int,
    strips: list[bytes],
    bits: tuple[int, ...] = (8,),
    tags: dict[int, int | tuple[int, ...] | None] | None = None,
    order: str = "<",
) -> bytes:
    """A TIFF of these strips, each a plane where tag 284 is 2; `order` is "<" for little and ">" for big endian.

    It is grey, 0 is black, uncompressed and interleaved, unless `tags` say otherwise; None leaves a tag out.
    """
    ends = [8]
    for strip in strips:
        ends.append(ends[-1] + len(strip))
    entries = {256: width, 257: height, 258: bits, 259: 1, 262: 1, 273: tuple(ends[:-1]), 277: len(bits), 278: height}
    entries |= {279: tuple(len(strip) for strip in strips), **(tags or {})}
    rows, arrays = b"", b""
    fields = [
        (tag, (value,) if isinstance(value, int) else value) for tag, value in entries.items() if value is not None
    ]
    for tag, values in sorted(fields):
        content = struct.pack(f"{order}{len(values)}I", *values)
        if len(values) > 1:
            arrays, content = arrays + content, struct.pack(order + "I", ends[-1] + len(arrays))
        rows += struct.pack(order + "HHI", tag, 4, len(values)) + content
    mark = b"II" if order == "<" else b"MM"
    head = mark + struct.pack(order + "HI", 42, ends[-1] + len(arrays))
    return head + b"".join(strips) + arrays + struct.pack(order + "H", len(fields)) + rows + bytes(4)


def samples(values: np.ndarray, planar: bool = False, packed: bool = False) -> list[bytes]:
    """(H, W, C) as strips for `tiff`: interleaved or a plane each, in the array's own byte order, deflated or not."""
    planes = np.moveaxis(values, -1, 0) if planar else [values]
    return [zlib.compress(plane.tobytes()) if packed else plane.tobytes() for plane in planes]


def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def profile_with_red_and_green_exchanged() -> bytes:
    profile = srgb_profile()
    for red, green in ((b"rXYZ", b"gXYZ"), (b"rTRC", b"gTRC")):
        profile = profile.replace(red, b"????").replace(green, red).replace(b"????", green)
    return profile


def linear_grey_profile() -> bytes:
    """Grey values are amounts of light: a curve with gamma 1."""
    return _profile(b"mntr", b"GRAY", b"XYZ ", {b"kTRC": b"curv" + bytes(8)})


def ink_profile() -> bytes:
    """CMYK inks of unusual colours: all "cyan" looks red, everything else on it black; no ink is white."""
    no_ink, cyan_alone, dark = bytes((255, 128, 128)), bytes((128, 200, 180)), bytes((0, 128, 128))
    corners = [no_ink] + [dark] * 7 + [cyan_alone] + [dark] * 7
    ramp = bytes(range(256))
    identity = struct.pack(">9i", *(65536 if index % 4 == 0 else 0 for index in range(9)))
    table = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + identity + ramp * 4 + b"".join(corners) + ramp * 3
    return _profile(b"prtr", b"CMYK", b"Lab ", {b"A2B0": table})


def _profile(kind: bytes, colours: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    white = struct.pack(">3i", round(0.9642 * 65536), 65536, round(0.8249 * 65536))
    tags = {**tags, b"wtpt": b"XYZ " + bytes(4) + white}
    directory, body = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        content += bytes(-len(content) % 4)
        directory += name + struct.pack(">II", 128 + 4 + 12 * len(tags) + len(body), len(content))
        body += content
    header = bytes(8) + b"\x02\x40\x00\x00" + kind + colours + connection + bytes(12) + b"acsp" + bytes(28)
    header = (header + white).ljust(128, b"\0")
    profile = header + directory + body
    return struct.pack(">I", len(profile)) + profile[4:]


def encoded(image, kind: str, **options: object) -> bytes:
    """The bytes that Pillow writes."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()
