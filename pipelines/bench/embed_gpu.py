"""Embedding pictures on a GPU, beside decoding alone and the model alone."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from pipelines.bench.corpora import write_photos
from pipelines.bench.row import Row, spread

MODELS = ("ViT-B-32", "ViT-L-14")
BUDGET = "≥ 0.9 of the slower of decode and forward"


def measure(
    n_photos: int = 8192,
    n_runs: int = 3,
    models: tuple[str, ...] = MODELS,
    config: Mapping[str, Any] | None = None,
    device: str = "cuda",
) -> list[Row]:
    """Embed JPEG files, decode them without a model, and run the model alone, in turns."""
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        return [
            Row(f"embed on GPU, {model}", None, "images/s", BUDGET, note="no CUDA device")
            for model in models
        ]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_photos(folder / "photos", n_photos)
        paths = sorted(str(path) for path in (folder / "photos").iterdir())
        return [
            _measure_model(folder / model, paths, n_runs, model, config, device) for model in models
        ]


def _measure_model(
    folder: Path,
    paths: list[str],
    n_runs: int,
    model: str,
    config: Mapping[str, Any] | None,
    device: str,
) -> Row:
    from pipelines.bench import embedding

    encoder = embedding.make_encoder(folder, model, config)
    encoder.to(device)
    batches = embedding.ready_batches(encoder, paths, device)
    embedding.forward_rate(encoder, batches[:2])
    ours, decode, forward = [], [], []
    for _ in range(n_runs):
        ours.append(embedding.embed_rate(encoder, paths, device))
        decode.append(embedding.decode_rate(encoder, paths, device))
        forward.append(embedding.forward_rate(encoder, batches))
    slower = min(median(decode), median(forward))
    ratio = median(ours) / slower
    return Row(
        f"embed on {device}, {model}, {len(paths)} JPEG of 640 x 480",
        median(ours),
        "images/s",
        BUDGET,
        ratio >= 0.9,
        "decode alone" if slower == median(decode) else "forward alone",
        slower,
        ratio,
        f"decode alone {median(decode):,.0f}, forward alone {median(forward):,.0f} images/s;"
        f" {encoder.id.rsplit('-', 1)[0]}; ours {spread(ours, 'images/s')}",
    )
