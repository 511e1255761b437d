"""Finished cells on disk: each is stored at once, so that a killed run goes on after it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from annotate.errors import ConfigError
from annotate.store.files import write_bytes
from pipelines.comparison.cells import Cell

COLUMNS = ("data", "start", "factor", "method", "seed", "metric", "at", "class_name", "value")


class Results:
    """The measurements of one folder.

    Parameters
    ----------
    folder : Path
    settings : mapping
        What shapes every measurement; a folder holds measurements under one setting only.

    Raises
    ------
    ConfigError
        If the folder holds measurements under other settings.
    """

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self.folder = folder
        path = folder / "settings.json"
        if path.exists():
            before = json.loads(path.read_text(encoding="utf-8"))
            changed = sorted(k for k in {*before, *settings} if before.get(k) != settings.get(k))
            if changed:
                raise ConfigError(
                    f"A folder must hold measurements under one setting; {folder} has others for"
                    f" {', '.join(changed)}. Give another folder, or the settings of before."
                )
        else:
            folder.mkdir(parents=True, exist_ok=True)
            write_bytes(path, json.dumps(settings, indent=1).encode())

    def path(self, cell: Cell) -> Path:
        """Return the file of one cell, there or not."""
        return self.folder / "cells" / cell.file_name

    def has(self, cell: Cell) -> bool:
        """Return whether a cell has been measured."""
        return self.path(cell).exists()

    def write(self, cell: Cell, rows: list[dict[str, Any]]) -> None:
        """Store a finished cell, whole or not at all."""
        path = self.path(cell)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, json.dumps({"cell": asdict(cell), "rows": rows}).encode())

    def read(self, cells: Iterable[Cell]) -> pd.DataFrame:
        """Return the rows of the cells that have been measured, in the order of the cells."""
        rows = []
        for cell in cells:
            if self.has(cell):
                found = json.loads(self.path(cell).read_text(encoding="utf-8"))
                rows += [{**found["cell"], **row} for row in found["rows"]]
        return pd.DataFrame(rows, columns=list(COLUMNS))
