"""What sources that come as a table share: rows with an id, a label, a group and content."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from annotate.corpus.base import Source
from annotate.corpus.cells import read_id, read_text
from annotate.corpus.columns import split_columns
from annotate.corpus.feature_rows import FeatureRows, row_problems
from annotate.corpus.printable import storable
from annotate.corpus.records import Rejected
from annotate.corpus.regular_file import RejectedInputError
from annotate.corpus.table import BadRow, Table
from annotate.protocols import Ints


class Row(NamedTuple):
    """A row whose id, label and group are sound; ``content`` holds the cells still to be read."""

    input_no: int
    item_id: str
    label: str | None
    group: str | None
    content: tuple[Any, ...]


@dataclass
class TableSource(Source):
    """A source whose inputs are the rows of a table, perhaps with features beside them."""

    table: Table = field(kw_only=True)
    feature_rows: FeatureRows | None = field(default=None, kw_only=True)

    def features(self, input_nos: Ints) -> NDArray[np.float32]:
        """Return (len(input_nos), dim) ready-made features of accepted inputs, in that order."""
        if self.feature_rows is None:
            return super().features(input_nos)
        return self.feature_rows.take(input_nos)

    def file_notes(self) -> tuple[str, ...]:
        """Return the ``norm:`` notes that every row carries."""
        return self.table.notes + (self.feature_rows.notes if self.feature_rows else ())

    def rows(self, start: int) -> Iterator[Row | Rejected]:
        """Yield every row from number ``start``, its content not yet looked at."""
        named = [role for role in ("id", "label", "group") if role in self.columns]
        columns = [self.columns[role] for role in named]
        for role in ("text", "image"):
            if role in self.columns:
                columns += split_columns(role, self.columns[role], self.table)
        bad_features = self._bad_features(start)
        for number, cells in enumerate(self.table.rows(columns, start), start):
            if isinstance(cells, BadRow):
                yield Rejected(number, self._default_id(number), "row", cells.detail)
            elif number in bad_features:
                yield Rejected(number, self._default_id(number), "row", bad_features[number])
            else:
                yield self._read_row(number, named, cells)

    def _read_row(self, number: int, named: list[str], cells: tuple[Any, ...]) -> Row | Rejected:
        item_id = "" if "id" in named else self._default_id(number)
        label = group = None
        try:
            for role, cell in zip(named, cells, strict=False):
                if role == "id":
                    item_id = read_id(cell, self.columns["id"])
                elif role == "label":
                    label = read_text(cell, self.columns["label"]) or None
                else:
                    group = read_text(cell, self.columns["group"]) or None
        except RejectedInputError as error:
            return Rejected(number, item_id or self._default_id(number), error.code, error.detail)
        return Row(number, item_id, label, group, cells[len(named) :])

    def _bad_features(self, start: int) -> dict[int, str]:
        bad: dict[int, str] = {}
        if self.feature_rows is not None:
            for first, block in self.feature_rows.blocks(start):
                bad.update({first + row: why for row, why in row_problems(block).items()})
        return bad

    def _default_id(self, number: int) -> str:
        return f"{storable(self.path.name)}:{number + 1}"

    def _files(self) -> Iterable[Path]:
        return (self.path, self.feature_rows.path) if self.feature_rows else (self.path,)
