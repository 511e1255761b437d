"""A table of pictures: their bytes, or paths to them under the table's folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from annotate.corpus.cells import read_text
from annotate.corpus.pool import inspect_in_order
from annotate.corpus.records import Record, Rejected, outcome_of
from annotate.corpus.regular_file import RejectedInputError
from annotate.corpus.table_source import Row, TableSource
from annotate.corpus.worker import BytesTask, FileTask, Task, Verdict

# http://, file:, and \\server\share or //server/share
_ADDRESS = re.compile(r"(?i)[a-z][a-z0-9+.-]+://|file:|[\\/]{2}")


class ImageTableSource(TableSource):
    """Rows of pictures. Bytes that came in the table are kept in ``Record.media``."""

    def read(self, start: int = 0) -> Iterator[Record | Rejected]:
        """Yield one record or rejection for each row, from number ``start``."""
        notes = self.file_notes()
        for (row, task), verdict in inspect_in_order(self._pairs(start), self.options.workers):
            if isinstance(row, Rejected):
                yield row
            elif verdict is None or verdict.code:
                code, detail = (verdict.code, verdict.detail) if verdict else ("empty", "no image")
                yield Rejected(row.input_no, row.item_id, code, detail)
            else:
                yield _record(row, task, verdict, notes)

    def _pairs(
        self, start: int
    ) -> Iterator[tuple[tuple[Row | Rejected, Task | None], Task | None]]:
        for row in self.rows(start):
            task = None
            if not isinstance(row, Rejected):
                try:
                    task = self._task(row.content[0])
                except RejectedInputError as error:
                    row = Rejected(row.input_no, row.item_id, error.code, error.detail)
            yield (row, task), task

    def _task(self, cell: Any) -> Task | None:
        """Return what to inspect, or None for an empty cell."""
        name = None
        if isinstance(cell, dict):
            name = cell.get("path")
            cell = cell["bytes"] if cell["bytes"] is not None else name
        if isinstance(cell, bytes):
            return BytesTask(cell, name)
        path = read_text(cell, self.columns["image"])
        if not path:
            return None
        if _ADDRESS.match(path):
            raise RejectedInputError("outside_root", f"an address, not a path: {path[:80]!r}")
        return FileTask(str(self.path.parent), path, self.options.follow_links, "not_found")


def _record(row: Row, task: Task | None, verdict: Verdict, file_notes: tuple[str, ...]) -> Record:
    notes = file_notes + verdict.notes
    return Record(
        row.input_no,
        row.item_id,
        verdict.sha256,
        outcome_of(notes),
        notes,
        path=verdict.path,
        media=task.data if isinstance(task, BytesTask) else None,
        label=row.label,
        group=row.group,
        width=verdict.width,
        height=verdict.height,
    )
