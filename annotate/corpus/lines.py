"""Lines of a text file, none of which may fill the memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

MAX_LINE_CHARS = 64 << 20


class LineTooLongError(Exception):
    """A line is above the cap; it has been skipped, and the next one can be read."""


class Lines(Iterator[str]):
    """Iterate lines with their ends; goes on after a ``LineTooLongError``.

    Attributes
    ----------
    line_no : int
        Number of the line last given, from 1.
    saw_nul : bool
        Whether a line given since this was last set to False holds a NUL character.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.line_no = 0
        self.saw_nul = False

    def __next__(self) -> str:
        line = self._file.readline(MAX_LINE_CHARS)
        if not line:
            raise StopIteration
        self.line_no += 1
        if len(line) >= MAX_LINE_CHARS and not line.endswith(("\n", "\r")):
            while rest := self._file.readline(MAX_LINE_CHARS):
                if rest.endswith(("\n", "\r")):
                    break
            raise LineTooLongError
        if "\0" in line:
            self.saw_nul = True
        return line
