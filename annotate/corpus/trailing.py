"""Find data after the end of a picture: padding is harmless, an archive or script is not."""

from __future__ import annotations

import re
import struct

_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_PNG_END = b"\0\0\0\0IEND\xaeB`\x82"
_START_OF_SCAN = 0xDA
_END_OF_IMAGE = 0xD9


def has_trailing_data(data: bytes, picture: str) -> bool:
    """Return whether bytes other than padding follow the picture's own end.

    Formats that do not state in one place where they end (GIF, BMP, TIFF) never have any.
    """
    end = len(data)
    if picture == "JPEG":
        end = _end_of_jpeg(data)
    elif picture == "PNG":
        found = data.find(_PNG_END)
        end = found + len(_PNG_END) if found >= 0 else end
    elif picture == "WEBP":
        size = struct.unpack("<I", data[4:8])[0]
        end = 8 + size + size % 2
    return bool(data[end:].strip(b"\0\xff \r\n"))


def _end_of_jpeg(data: bytes) -> int:
    """Return the offset after the end marker, or len(data) where the segments make no sense."""
    first_scan = _skip_segments(data, 2)
    if first_scan is None:
        return len(data)
    # A bare search is fast and right unless a table between two scans holds the marker's bytes.
    found = data.find(b"\xff\xd9", first_scan)
    if found < 0 or found + 2 >= len(data):
        return len(data)
    position: int | None = first_scan
    while position is not None:
        match = _NEXT_MARKER.search(data, position)
        if match is None:
            return len(data)
        if data[match.start() + 1] == _END_OF_IMAGE:
            return match.end()
        position = _skip_segments(data, match.start())
    return len(data)


def _skip_segments(data: bytes, position: int) -> int | None:
    """Return where the next scan's data starts, or None where there is none."""
    while position + 4 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        if marker == _END_OF_IMAGE:
            return position
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
        if marker == _START_OF_SCAN:
            return position
    return None
