"""Rows to export, made without a project."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from annotate.protocols import ExportRow


@pytest.fixture
def make_row() -> Callable[..., ExportRow]:
    """Return a maker of rows that takes whatever a test wants to differ."""

    def make(**changes: Any) -> ExportRow:
        usual: dict[str, Any] = {
            "item_id": "birds/0.png",
            "label": "finch",
            "class_no": 0,
            "source": "pseudo",
            "confidence": 0.75,
            "teacher": "zero_shot",
            "teacher_sha256": "ab" * 32,
            "prediction_id": "p1",
            "selector": "quota:16",
            "round_no": 2,
            "reviewer": None,
            "labelled_at_utc": "2026-11-23T10:00:00+00:00",
            "split": "train",
            "sha256": "cd" * 32,
        }
        return ExportRow(**{**usual, **changes})

    return make


@pytest.fixture
def make_image_row(tmp_path: Path, make_row: Callable[..., ExportRow]) -> Callable[..., ExportRow]:
    """Return a maker of rows whose item is a real PNG file."""

    def make(item_id: str = "birds/0.png", shade: int = 0, **changes: Any) -> ExportRow:
        path = tmp_path / "source" / hashlib.sha256(item_id.encode()).hexdigest()
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (4, 4), (shade, 0, 0)).save(path, format="PNG")
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        return make_row(item_id=item_id, path=str(path), **{"sha256": sha256, **changes})

    return make
