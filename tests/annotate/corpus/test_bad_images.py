"""Every kind of bad picture, by its row in the table of bad images, read through real workers."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from annotate.corpus.reasons import explain
from annotate.corpus.records import Record, Rejected, SourceOptions
from annotate.corpus.source import open_source

PICTURE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 48, 3), dtype=np.uint8))


def encode(image: Image.Image, format_: str, **settings: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_, **settings)
    return buffer.getvalue()


JPEG, PNG = encode(PICTURE, "JPEG"), encode(PICTURE, "PNG")


def chunk(kind: bytes, data: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + checksum


def grey_png(width: int, height: int, bits: int, rows: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(rows, 1))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + data + chunk(b"IEND", b"")


def sixteen_bit_rgb() -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 16, 2, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress((b"\0" + bytes(48)) * 8))
    return b"\x89PNG\r\n\x1a\n" + header + data + chunk(b"IEND", b"")


def with_flipped_bit(data: bytes, position: int) -> bytes:
    return data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]


def with_orientation(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encode(PICTURE, "JPEG", exif=exif)


def frames(format_: str, count: int) -> bytes:
    grey = [Image.new("RGB", PICTURE.size, (20 * i, 0, 0)) for i in range(1, count)]
    return encode(PICTURE, format_, save_all=True, append_images=grey)


def animated_png() -> bytes:
    return frames("PNG", 3)


def transparent_palette() -> bytes:
    return encode(PICTURE.convert("P", palette=Image.Palette.ADAPTIVE), "PNG", transparency=0)


def metadata_bomb() -> bytes:
    packed = zlib.compress(b"a" * 200_000_000, 1)
    return PNG[:33] + chunk(b"zTXt", b"k\0\0" + packed) + PNG[33:]


SIXTEEN_BITS = Image.fromarray(np.full((16, 16), 30_000, dtype=np.uint16))
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

# row of the table, file name, how to make it, the quarantine code or one of the notes it must get
CASES: list[tuple[str, str, Callable[[], bytes], str]] = [
    ("01", "a.jpg", lambda: b"", "empty"),
    ("02", "a.jpg", lambda: JPEG[: len(JPEG) // 2], "truncated"),
    ("03", "a.jpg", lambda: JPEG[:-1], "truncated"),
    ("04", "a.jpg", lambda: JPEG[:10], "truncated"),
    ("05", "a.png", lambda: PNG[: len(PNG) // 2], "truncated"),
    ("05-webp", "a.webp", lambda: encode(PICTURE, "WEBP")[:-9], "truncated"),
    ("05-gif", "a.gif", lambda: encode(PICTURE, "GIF")[:40], "truncated"),
    ("05-tiff", "a.tif", lambda: encode(PICTURE, "TIFF")[:-9], "truncated"),
    ("05-bmp", "a.bmp", lambda: encode(PICTURE, "BMP")[:-9], "truncated"),
    ("06", "a.png", lambda: with_flipped_bit(PNG, PNG.index(b"IDAT") + 30), "corrupt"),
    ("07", "a.jpg", lambda: b"<!DOCTYPE html><html>404</html>", "not_image"),
    ("08", "a.jpg", lambda: b"version https://git-lfs.github.com/spec/v1\n", "lfs_pointer"),
    ("09", "a.jpg", lambda: np.random.default_rng(9).bytes(2000), "not_image"),
    ("10", "a.jpg", lambda: PNG, "flag:ext_mismatch"),
    ("11", "a.png", lambda: JPEG, "flag:ext_mismatch"),
    ("12", "a.png", lambda: b"<svg><script>alert(1)</script></svg>", "format_not_allowed"),
    ("12-xml", "a.svg", lambda: b"<?xml version='1.0'?>\n<svg/>", "format_not_allowed"),
    ("13", "a.jpg", lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n", "format_not_allowed"),
    ("14", "a.jpg", lambda: b"%PDF-1.7\n", "format_not_allowed"),
    ("15", "a.png", lambda: grey_png(12_000, 12_000, 1, bytes(1501 * 12_000)), "too_large"),
    ("16", "a.png", lambda: grey_png(20_000, 20_000, 1, bytes(2501 * 20_000)), "too_large"),
    ("17", "a.png", lambda: grey_png(2**31 - 1, 2**31 - 1, 1, b""), "too_large"),
    ("18", "a.png", lambda: grey_png(0, 0, 8, b""), "zero_size"),
    ("18-gif", "a.gif", lambda: b"GIF89a\0\0\0\0\0\0\0;", "zero_size"),
    ("19", "a.png", lambda: encode(Image.new("RGB", (1, 1)), "PNG"), "flag:tiny"),
    ("20", "a.png", lambda: encode(Image.new("RGB", (60_000, 2)), "PNG"), "flag:aspect"),
    ("21", "a.png", metadata_bomb, "metadata_bomb"),
    ("22", "a.jpg", lambda: encode(PICTURE.convert("CMYK"), "JPEG"), "norm:cmyk"),
    ("23", "a.jpg", lambda: encode(PICTURE.convert("L"), "JPEG"), "norm:grey"),
    ("24", "a.png", lambda: encode(SIXTEEN_BITS, "PNG"), "norm:16to8"),
    ("24-tiff", "a.tif", lambda: encode(SIXTEEN_BITS, "TIFF"), "norm:16to8"),
    ("24-rgb", "a.png", sixteen_bit_rgb, "norm:16to8"),
    ("25", "a.tif", lambda: encode(Image.new("I", (9, 9), 70_000), "TIFF"), "bit_depth"),
    ("26", "a.tif", lambda: encode(Image.new("F", (9, 9), 0.5), "TIFF"), "bit_depth"),
    ("26-lab", "a.tif", lambda: encode(Image.new("LAB", (9, 9)), "TIFF"), "colour_mode"),
    ("26-ycc", "a.tif", lambda: encode(PICTURE.convert("YCbCr"), "TIFF"), "norm:colour"),
    ("27", "a.png", lambda: encode(PICTURE.convert("1"), "PNG"), "norm:bilevel"),
    ("28", "a.gif", lambda: encode(PICTURE, "GIF"), "norm:palette"),
    ("29", "a.png", transparent_palette, "norm:alpha"),
    ("30", "a.png", lambda: encode(PICTURE.convert("RGBA"), "PNG"), "norm:alpha"),
    ("31", "a.png", lambda: encode(PICTURE.convert("LA"), "PNG"), "norm:alpha"),
    ("32", "a.jpg", lambda: with_orientation(6), "norm:exif"),
    ("34", "a.jpg", lambda: encode(PICTURE, "JPEG", exif=b"Exif\0\0nonsense"), "flag:exif"),
    (
        "34-cut",
        "a.png",
        lambda: encode(PICTURE, "PNG", exif=b"II*\0\x08\0\0\0\xff\xffab"),
        "flag:exif",
    ),
    ("35", "a.jpg", lambda: encode(PICTURE, "JPEG", icc_profile=b"x" * 200), "flag:icc"),
    (
        "35-unfit",
        "a.jpg",
        lambda: encode(PICTURE.convert("CMYK"), "JPEG", icc_profile=SRGB),
        "flag:icc",
    ),
    ("36", "a.gif", lambda: frames("GIF", 10), "flag:animated"),
    ("37", "a.webp", lambda: frames("WEBP", 3), "flag:animated"),
    ("38", "a.png", animated_png, "flag:animated"),
    ("39", "a.tif", lambda: frames("TIFF", 3), "flag:pages"),
    ("41", "a.jpg", lambda: JPEG + b"PK\x03\x04 an archive", "flag:trailing"),
    ("41-png", "a.png", lambda: PNG + b"<script>", "flag:trailing"),
]
# what must be taken without any note
CLEAN = [
    ("jpeg", "a.jpg", lambda: JPEG),
    ("progressive", "a.jpg", lambda: encode(PICTURE, "JPEG", progressive=True)),
    ("padded", "a.jpg", lambda: JPEG + bytes(100)),
    ("phone", "a.jpg", lambda: frames("MPO", 2)),
    ("png", "a.png", lambda: PNG),
    ("profile", "a.png", lambda: encode(PICTURE, "PNG", icc_profile=SRGB)),
    ("upright", "a.jpg", lambda: with_orientation(1)),
    ("bmp", "a.bmp", lambda: encode(PICTURE, "BMP")),
    ("tiff", "a.tif", lambda: encode(PICTURE, "TIFF")),
    ("webp", "a.webp", lambda: encode(PICTURE, "WEBP")),
    ("no-suffix", "a", lambda: PNG),
]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Record | Rejected]:
    root = tmp_path_factory.mktemp("bad_images")
    for row, name, make, *_ in [*CASES, *CLEAN]:
        (root / row).mkdir()
        (root / row / name).write_bytes(make())
    source = open_source(root, SourceOptions("image", workers=2))
    found = list(source.read())
    assert len(found) == source.n_inputs == len(CASES) + len(CLEAN)
    return {_id_of(one).split("/")[0]: one for one in found}


def _id_of(one: Record | Rejected) -> str:
    return one.item_id if isinstance(one, Record) else one.input_id


@pytest.mark.parametrize(
    ("row", "expected"), [pytest.param(c[0], c[3], id=f"row-{c[0]}") for c in CASES]
)
def test_a_bad_picture_gets_the_outcome_of_its_row(
    row: str, expected: str, outcomes: dict[str, Record | Rejected]
) -> None:
    found = outcomes[row]
    if ":" not in expected:
        assert isinstance(found, Rejected), found
        assert found.code == expected, found
        assert explain(found.code)
        return
    assert isinstance(found, Record), found
    assert expected in found.notes
    flagged = any(note.startswith("flag:") for note in found.notes)
    assert found.outcome == ("flagged" if flagged else "normalised")
    assert all(explain(note) for note in found.notes)


@pytest.mark.parametrize("row", [case[0] for case in CLEAN])
def test_a_sound_picture_is_ok_without_notes(
    row: str, outcomes: dict[str, Record | Rejected]
) -> None:
    found = outcomes[row]
    assert isinstance(found, Record), found
    assert (found.outcome, found.notes) == ("ok", ())
    assert (found.width, found.height) == PICTURE.size


def test_a_turned_picture_has_the_size_it_is_shown_in(
    outcomes: dict[str, Record | Rejected],
) -> None:
    found = outcomes["32"]
    assert isinstance(found, Record)
    assert (found.width, found.height) == (PICTURE.height, PICTURE.width)


def test_an_html_page_is_named_as_such(outcomes: dict[str, Record | Rejected]) -> None:
    found = outcomes["07"]
    assert isinstance(found, Rejected)
    assert "html" in found.detail


def test_nothing_is_written_beside_the_pictures(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    before = [(p, p.stat().st_mtime_ns) for p in [tmp_path, *tmp_path.rglob("*")]]
    list(open_source(tmp_path, SourceOptions("image", workers=1)).read())
    assert before == [(p, p.stat().st_mtime_ns) for p in [tmp_path, *tmp_path.rglob("*")]]
