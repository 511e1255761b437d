"""One JSON object a line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from annotate.export.columns import dump_json, row_as_json
from annotate.protocols import ExportRow


@dataclass(frozen=True)
class JsonlExporter:
    """Write ``labels.jsonl``: strict JSON in UTF-8, every line with the same keys."""

    def write(self, rows: Iterable[ExportRow], destination: Path) -> None:
        """Write ``rows`` into the folder ``destination``."""
        with open(destination / "labels.jsonl", "w", encoding="utf-8", newline="\n") as file:
            for row in rows:
                file.write(dump_json(row_as_json(row)) + "\n")
