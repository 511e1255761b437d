"""Name what bytes are when they are not a picture we read, and measure pictures that failed."""

from __future__ import annotations

import struct

_SIGNATURES = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
)

_OTHER_FORMATS = (
    (b"%PDF", "PDF"),
    (b"%!PS", "EPS"),
    (b"\xc5\xd0\xd3\xc6", "EPS"),
    (b"8BPS", "Photoshop"),
    (b"\0\0\x01\0", "ICO"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"II+\0", "BigTIFF"),
    (b"\x93NUMPY", "NumPy"),
)


def picture_format(data: bytes) -> str | None:
    """Return the allowed format that ``data`` claims to be by its first bytes, or None."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    return next((name for mark, name in _SIGNATURES if data.startswith(mark)), None)


def reject_reason(data: bytes) -> tuple[str, str]:
    """Return (code, detail) for bytes that no allowed decoder recognises.

    Examples: a Git LFS pointer, an HTML error page, SVG, PDF, HEIC, or noise.
    """
    if data.startswith(b"version https://git-lfs"):
        return "lfs_pointer", "a Git LFS pointer"
    for mark, name in _OTHER_FORMATS:
        if data.startswith(mark):
            return "format_not_allowed", f"{name} file"
    if data[4:8] == b"ftyp":
        brand = data[8:12].decode("ascii", "replace")
        return "format_not_allowed", f"HEIC, AVIF or video file (brand {brand!r})"
    start = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in start and start.startswith(b"<"):
        return "format_not_allowed", "SVG file"
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "not_image", "html page, perhaps an error page saved in place of the picture"
    return "not_image", f"starts with bytes {data[:8].hex(' ')}"


def header_size(data: bytes, picture: str) -> tuple[int, int] | None:
    """Return (width, height) from the header of a PNG, GIF or BMP that failed to open."""
    try:
        if picture == "PNG":
            return struct.unpack(">II", data[16:24])
        if picture == "GIF":
            return struct.unpack("<HH", data[6:10])
        if picture == "BMP":
            width, height = struct.unpack("<ii", data[18:26])
            return abs(width), abs(height)
    except struct.error:
        return None
    return None
