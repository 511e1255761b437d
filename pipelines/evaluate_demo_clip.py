"""Measure the demo's checkpoint on the handwritten digits it never saw.

Run ``python -m pipelines.evaluate_demo_clip``; the figures are those of ``data/README.md``.
"""

from __future__ import annotations

import csv
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from annotate.encoders.open_clip import OpenClipEncoder
from annotate.encoders.pipeline import iter_features
from annotate.quality.calibration import expected_calibration_error
from annotate.schema import new_schema
from annotate.teachers.prompts import default_templates
from annotate.teachers.zero_shot import class_features, zero_shot_proba
from pipelines.demo_digits import digit_classes, write_digit_images
from pipelines.embedded import data_folder


def evaluate_demo_clip(checkpoint: Path, digits: Path) -> dict[str, Any]:
    """Return zero-shot accuracy, calibration error and embedding time; writes PNGs to ``digits``.

    Accuracies and the calibration error are fractions, the time is in seconds.
    """
    with write_digit_images(digits).open(newline="", encoding="utf-8") as file:
        truth = {row["id"]: int(row["label"]) for row in csv.DictReader(file)}
    files = [digits / "images" / name for name in truth]
    labels = np.array(list(truth.values()))

    encoder = OpenClipEncoder(str(checkpoint))
    started = time.perf_counter()
    features = np.concatenate(list(iter_features(encoder, files, Image.open, report_failure=fail)))
    embed_s = time.perf_counter() - started

    classes = class_features(encoder, new_schema(digit_classes()), default_templates("image"))
    proba = zero_shot_proba(features, classes, encoder.logit_scale)
    right = proba.argmax(axis=1) == labels
    return {
        "n_items": len(labels),
        "accuracy": round(float(right.mean()), 4),
        "ece": round(expected_calibration_error(proba.max(axis=1), right), 4),
        "accuracy_per_class": [round(float(right[labels == d].mean()), 3) for d in range(10)],
        "logit_scale": round(encoder.logit_scale, 2),
        "embed_s": round(embed_s, 2),
    }


def fail(position: int, reason: str) -> None:
    """Stop: every image was written a moment ago, so each must load."""
    raise RuntimeError(f"digit {position} must load; {reason}")


def main() -> None:
    """Print the figures as JSON."""
    checkpoint = Path(sys.argv[1]) if len(sys.argv) > 1 else data_folder() / "demo_clip"
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(evaluate_demo_clip(checkpoint, Path(folder))))


if __name__ == "__main__":
    main()
