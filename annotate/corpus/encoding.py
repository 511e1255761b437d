"""Find out how a text file is encoded, reading it once from end to end, or refuse it."""

from __future__ import annotations

import codecs
import io
from pathlib import Path
from typing import NamedTuple

from annotate.errors import SourceError

BLOCK_BYTES = 1 << 20

_REFUSED_BY_SIGNATURE = (
    (b"\x1f\x8b", "is gzip-compressed; unpack it with `gunzip` first"),
    (b"PK\x03\x04", "is a zip archive or an Excel workbook; unpack it or save it as CSV"),
    (b"\x28\xb5\x2f\xfd", "is zstd-compressed; unpack it first"),
    (b"PAR1", "is a Parquet file; name it .parquet"),
    (b"\x93NUMPY", "is a NumPy file; name it .npy"),
)


class TextEncoding(NamedTuple):
    """A Python codec name, and the ``norm:`` notes that every row of the file carries."""

    codec: str
    notes: tuple[str, ...]


def check_encoding(path: Path) -> TextEncoding:
    """Return the encoding of a UTF-8 or marked UTF-16 file.

    Raises
    ------
    SourceError
        For an empty file, a compressed or binary one, and for bytes that do not decode, with the
        offset of the first.
    """
    with path.open("rb") as file:
        head = file.read(1 << 16)
        for signature, problem in _REFUSED_BY_SIGNATURE:
            if head.startswith(signature):
                raise SourceError(f"A table must be plain text; {path} {problem}.")
        if not head:
            raise SourceError(f"A table must have a header or rows; {path} is empty.")
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            codec, notes = "utf-16", ["norm:utf16"]
        elif head.startswith(codecs.BOM_UTF8):
            codec, notes = "utf-8-sig", ["norm:bom"]
        else:
            codec, notes = "utf-8", []
        if b"\r\n" in head or ("\r\n".encode("utf-16-le") in head and codec == "utf-16"):
            notes.append("norm:crlf")
        file.seek(0)
        _decode_all(path, file, codec)
    return TextEncoding(codec, tuple(notes))


def _decode_all(path: Path, file: io.BufferedReader, codec: str) -> None:
    decoder = codecs.getincrementaldecoder(codec)()
    n_read = 0
    n_lines = 1
    while True:
        block = file.read(BLOCK_BYTES)
        n_read += len(block)
        try:
            decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            # The decoder may have kept bytes of a character that an earlier block began.
            offset = n_read - len(error.object) + error.start
            line = n_lines + error.object[: error.start].count(b"\n")
            raise SourceError(
                f"A table must be UTF-8 or UTF-16 text; {path} has byte"
                f" 0x{error.object[error.start]:02x} at offset {offset:,} (line {line:,})."
                " If it is Latin-1, run `iconv -f latin1 -t utf-8`."
            ) from error
        if not block:
            return
        n_lines += block.count(b"\n")
