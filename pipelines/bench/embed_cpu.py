"""Embedding pictures on the CPU, beside the model alone on tensors that lie ready."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.bench.corpora import write_photos
from pipelines.bench.row import Row, compare

# Slower by 1.15 in time is a rate of 1 / 1.15.
MIN_RATIO = 1 / 1.15


def measure(
    n_photos: int = 256,
    n_runs: int = 3,
    model: str = "ViT-B-32",
    config: Mapping[str, Any] | None = None,
) -> list[Row]:
    """Embed JPEG files and run the model alone, in turns, in this process."""
    from pipelines.bench import embedding

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_photos(folder / "photos", n_photos)
        paths = sorted(str(path) for path in (folder / "photos").iterdir())
        encoder = embedding.make_encoder(folder / "model", model, config)
        batches = embedding.ready_batches(encoder, paths, "cpu")
        embedding.forward_rate(encoder, batches[:1])
        ours, forward = [], []
        for _ in range(n_runs):
            ours.append(embedding.embed_rate(encoder, paths, "cpu"))
            forward.append(embedding.forward_rate(encoder, batches))
    row = compare(
        f"embed on CPU, {model}, {n_photos} JPEG of 640 x 480",
        "images/s",
        ours,
        forward,
        peer_name="forward alone",
        at_least=MIN_RATIO,
        note="random weights; model already loaded",
    )
    return [row]
