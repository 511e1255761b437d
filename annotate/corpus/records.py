"""What reading a source gives: an accepted record or a rejected input, one for each input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from annotate.schema import Modality


@dataclass(frozen=True, slots=True)
class Record:
    """An accepted input.

    Attributes
    ----------
    input_no : int
        Position in source order, from 0, counting rejected inputs too.
    item_id : str
        POSIX path under the source for files; for tables the id column, else
        ``<file name>:<row>`` with rows counted from 1 after the header.
    sha256 : str
        Hex digest of the content: image bytes as read, text as UTF-8, a features row as
        little-endian float32.
    outcome : str
        ``ok``, ``normalised`` or ``flagged``.
    notes : tuple of str
        Codes such as ``norm:cmyk`` or ``flag:tiny``; ``annotate.corpus.reasons`` explains each.
    path : str, optional
        Absolute path of a file that stays where it is.
    media : bytes, optional
        Image bytes that arrived inside a table.
    text, label, group : str, optional
    width, height : int, optional
        Pixels of the canonical picture, after EXIF orientation.
    """

    input_no: int
    item_id: str
    sha256: str
    outcome: str
    notes: tuple[str, ...]
    path: str | None = None
    media: bytes | None = None
    text: str | None = None
    label: str | None = None
    group: str | None = None
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A quarantined input; ``code`` is a key of ``annotate.corpus.reasons.QUARANTINE``."""

    input_no: int
    input_id: str
    code: str
    detail: str


@dataclass(frozen=True)
class SourceOptions:
    """How a source is to be read.

    Attributes
    ----------
    modality : {"image", "text", "features"}
    id_column, text_column, image_column, label_column, group_column : str, optional
        Columns of a table. ``text_column`` may list several, ``title,description``: they are
        joined with one space. None looks for a column with a usual name, except for labels and
        groups, which are read only when asked for: gold must never arrive by accident.
    features : Path, optional
        A ``.npy`` matrix, one row for each row of the table.
    labels_from_folders : bool
        Take the first folder under the source as the label.
    follow_links : bool
        Accept symbolic links to files inside the source.
    workers : int, optional
        Processes that decode images; None means one for each core.
    """

    modality: Modality
    id_column: str | None = None
    text_column: str | None = None
    image_column: str | None = None
    label_column: str | None = None
    group_column: str | None = None
    features: Path | None = None
    labels_from_folders: bool = False
    follow_links: bool = False
    workers: int | None = None


def outcome_of(notes: Sequence[str]) -> str:
    """Return the one outcome that the notes add up to: flagged > normalised > ok."""
    if not notes:
        return "ok"
    if any(note.startswith("flag:") for note in notes):
        return "flagged"
    return "normalised"
