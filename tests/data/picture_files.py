"""Picture files that Pillow reads but does not write, made byte by byte."""

import io
import struct
import zlib

from PIL import ImageCms


def png(width: int, height: int, bits: int, colour_type: int, rows: list[bytes], transparent: bytes = b"") -> bytes:
    """A PNG with packed rows; `transparent` is what its tRNS chunk holds."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + (chunk(b"tRNS", transparent) if transparent else b"")
        + chunk(b"IDAT", pixels)
        + chunk(b"IEND", b"")
    )


def grey_tiff(
    width: int,
    height: int,
    bits: int,
    pixels: bytes,
    white_is_zero: bool,
    order: str = "<",
    exif_directory: int | None = None,
) -> bytes:
    """An uncompressed grey TIFF; `order` is "<" for little and ">" for big endian."""
    tags = {256: width, 257: height, 258: bits, 259: 1, 262: 0 if white_is_zero else 1, 273: 8, 277: 1, 278: height}
    entries = [*tags.items(), (279, len(pixels))]
    if exif_directory is not None:
        entries.append((34665, exif_directory))
    directory = struct.pack(order + "H", len(entries))
    directory += b"".join(struct.pack(order + "HHII", tag, 4, 1, value) for tag, value in entries)
    mark = b"II" if order == "<" else b"MM"
    return mark + struct.pack(order + "HI", 42, 8 + len(pixels)) + pixels + directory + bytes(4)


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
