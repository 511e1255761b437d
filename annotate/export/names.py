"""File and folder names that are safe everywhere, made from names that may hold anything."""

from __future__ import annotations

import hashlib
import unicodedata
from pathlib import PurePosixPath

_MAX_BYTES = 80
_DEVICES = (f"{device}{n}" for device in ("com", "lpt") for n in range(10))
_RESERVED_ON_WINDOWS = {"con", "prn", "aux", "nul", *_DEVICES}


def safe_name(text: str, fallback: str) -> str:
    """Return ``text`` as one path component.

    Letters and digits of any alphabet, ``.``, ``-`` and ``_`` stay. Anything else becomes ``_``;
    dots, dashes and underscores at the ends go, so the result is never hidden, an option, or a way
    out of its folder. At most 80 bytes; ``fallback`` when nothing is left. Two texts may give one
    name: the caller keeps them apart.
    """
    composed = unicodedata.normalize("NFC", text)
    # Marks belong to letters in many alphabets: without them Hindi would be unreadable.
    kept = "".join(
        ch if ch in ".-_" or unicodedata.category(ch)[0] in "LMN" else "_" for ch in composed
    )
    short = kept.encode()[:_MAX_BYTES].decode(errors="ignore").strip("._-")
    if short.split(".")[0].lower() in _RESERVED_ON_WINDOWS:
        return f"_{short}"
    return short or fallback


def file_name_of_item(item_id: str, suffix: str) -> str:
    """Return a file name that no other item shares, whatever order items come in."""
    stem = safe_name(PurePosixPath(item_id).stem, "item")
    return f"{stem}-{hashlib.sha256(item_id.encode()).hexdigest()[:16]}{suffix}"


class FolderNames:
    """One folder for each class, the same in every split, equal in no file system's eyes."""

    def __init__(self) -> None:
        self._folder_by_class: dict[int, str] = {}
        self._name_by_class: dict[int, str] = {}
        self._taken: set[str] = set()

    def folder_of(self, class_no: int, name: str) -> str:
        """Return the folder of a class, made at its first call and kept."""
        if class_no not in self._folder_by_class:
            folder = safe_name(name, f"class-{class_no}")
            while folder.casefold() in self._taken:
                folder = f"{folder}-{class_no}"
            self._taken.add(folder.casefold())
            self._folder_by_class[class_no] = folder
            self._name_by_class[class_no] = name
        return self._folder_by_class[class_no]

    def as_map(self) -> dict[str, dict[str, int | str]]:
        """Return folder to class number and exact class name."""
        return {
            self._folder_by_class[number]: {"class_no": number, "name": self._name_by_class[number]}
            for number in sorted(self._folder_by_class)
        }
