"""What the two benchmarks of embed share: models without published weights, and their peers."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import open_clip
import torch
from open_clip import transform
from safetensors.torch import save_file
from torch.utils.data import DataLoader

from annotate.compute.device import choose_batch_size, choose_workers
from annotate.encoders.open_clip import OpenClipEncoder
from annotate.encoders.pipeline import Blocks, iter_features
from annotate.steps.loading import open_picture


def make_encoder(
    folder: Path, model: str, config: Mapping[str, Any] | None = None
) -> OpenClipEncoder:
    """Return a model with random weights, which are as fast as any others.

    Parameters
    ----------
    folder : Path
        Where weights are written.
    model : str
        An architecture that open_clip knows by name.
    config : mapping, optional
        The architecture itself, instead of open_clip's of that name.
    """
    config = dict(config or open_clip.get_model_config(model))
    folder.mkdir(parents=True)
    torch.manual_seed(0)
    weights = open_clip.CLIP(**config).state_dict()
    save_file(
        {k: v.contiguous() for k, v in weights.items()}, folder / "open_clip_model.safetensors"
    )
    preprocess = {"mean": transform.OPENAI_DATASET_MEAN, "std": transform.OPENAI_DATASET_STD}
    about = {"model_cfg": config, "preprocess_cfg": preprocess}
    (folder / "open_clip_config.json").write_text(json.dumps(about))
    return OpenClipEncoder(str(folder))


def embed_rate(encoder: OpenClipEncoder, paths: Sequence[str], device: str) -> float:
    """Return items per second from files to features, as ``annotate embed`` makes them."""
    failures: list[str] = []
    started = time.perf_counter()
    blocks = iter_features(
        encoder,
        paths,
        open_picture,
        report_failure=lambda position, reason: failures.append(reason),
        device=device,
    )
    n_done = sum(len(block) for block in blocks)
    elapsed_s = time.perf_counter() - started
    if failures or n_done != len(paths):
        raise RuntimeError(f"All {len(paths)} pictures must embed; {failures[:1]}, {n_done} did.")
    return n_done / elapsed_s


def decode_rate(encoder: OpenClipEncoder, paths: Sequence[str], device: str) -> float:
    """Return items per second of the workers alone: files to pixels, and no model."""
    started = time.perf_counter()
    n_done = sum(len(pixels) for pixels in _decoded(encoder, paths, device))
    return n_done / (time.perf_counter() - started)


def ready_batches(
    encoder: OpenClipEncoder, paths: Sequence[str], device: str
) -> list[torch.Tensor]:
    """Return all pixels, already where the model is."""
    return [pixels.to(device) for pixels in _decoded(encoder, paths, device)]


def forward_rate(encoder: OpenClipEncoder, batches: Sequence[torch.Tensor]) -> float:
    """Return items per second of the model alone on tensors that lie ready."""
    started = time.perf_counter()
    for pixels in batches:
        encoder.forward(pixels)  # returns a NumPy array, so it waits for the device
    return sum(len(pixels) for pixels in batches) / (time.perf_counter() - started)


def _decoded(encoder: OpenClipEncoder, paths: Sequence[str], device: str) -> Any:
    blocks = Blocks(paths, open_picture, encoder.preprocess, choose_batch_size(device), True)
    loader: Any = DataLoader(
        blocks,  # type: ignore[arg-type]
        batch_size=None,
        num_workers=min(choose_workers(device), len(blocks)),
        collate_fn=_pixels_only,
    )
    return iter(loader)


def _pixels_only(block: Any) -> Any:
    return block[0]
