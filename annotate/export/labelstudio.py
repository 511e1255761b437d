"""Tasks for Label Studio, and how it writes down a chosen class."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from annotate.export.columns import row_as_json
from annotate.protocols import ExportRow

# Names of the question and of what it is about, in the label config and in every answer.
CONTROL = "label"
OBJECT = "item"
DATA_FIELDS = {"text": "text", "image": "image"}
ID_FIELD = "annotate_item"
LOCAL_FILES = "/data/local-files/?d="
_SHOWN_ANYWAY = ("item_id", "path", "text")


def chosen_class(name: str) -> list[dict[str, Any]]:
    """Return the result of an annotation, or of a prediction, that chooses one class."""
    value = {"choices": [name]}
    return [{"from_name": CONTROL, "to_name": OBJECT, "type": "choices", "value": value}]


@dataclass(frozen=True)
class LabelStudioExporter:
    """Write ``tasks.json``, which Label Studio imports.

    A label that people gave is an annotation, one that a model gave a prediction with its score;
    the lineage is the task's ``meta``. A picture's address is ``image_url`` and the item's id.
    """

    image_url: str = LOCAL_FILES

    def write(self, rows: Iterable[ExportRow], destination: Path) -> None:
        """Write ``rows`` into the folder ``destination``."""
        with open(destination / "tasks.json", "w", encoding="utf-8", newline="\n") as file:
            separator = "[\n"
            for row in rows:
                file.write(separator + json.dumps(self._task(row), allow_nan=False))
                separator = ",\n"
            file.write("\n]\n" if separator == ",\n" else "[]\n")

    def _task(self, row: ExportRow) -> dict[str, Any]:
        if row.text is not None:
            data = {DATA_FIELDS["text"]: row.text}
        else:
            data = {DATA_FIELDS["image"]: self.image_url + quote(row.item_id)}
        lineage = {k: v for k, v in row_as_json(row).items() if k not in _SHOWN_ANYWAY}
        task = {"data": {**data, ID_FIELD: row.item_id}, "meta": lineage}
        result = chosen_class(row.label)
        if row.source != "pseudo":
            return {**task, "annotations": [{"result": result}]}
        version = f"{row.teacher} {row.prediction_id}"
        prediction = {"model_version": version, "score": row.confidence, "result": result}
        return {**task, "predictions": [prediction]}
