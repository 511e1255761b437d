"""Embed: one encoder's features of every item, into the cache."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotate.encoders import ENCODERS
from annotate.encoders.pipeline import iter_features
from annotate.errors import ConfigError, NotReadyError
from annotate.protocols import Encoder, Progress, TextTower, no_progress
from annotate.schema import Modality
from annotate.steps.given_features import GIVEN_ENCODER
from annotate.steps.loading import contents_of, loader
from annotate.steps.workspace import Workspace
from annotate.store.arrays import PartedArray, create_array

DEFAULT_ENCODERS: dict[Modality, str] = {
    "image": "open_clip:ViT-B-32/laion2b_s34b_b79k",
    "text": "sentence:all-MiniLM-L6-v2",
}


@dataclass(frozen=True)
class EmbedReport:
    """What a run of embed did; ``failures`` says why a file that was added has no features now."""

    encoder: str
    encoder_id: str
    dim: int
    n_items: int
    n_embedded: int
    failures: dict[str, str]


def embed(
    workspace: Workspace, encoder_spec: str | None = None, *, progress: Progress = no_progress
) -> EmbedReport:
    """Encode every item that the cache lacks.

    The cache key covers encoder, weights, preprocessing and dtype, so two encoders never mix. A
    part that is complete and sound is kept: a killed run redoes at most one, and new items only
    make the parts that they are in.

    Raises
    ------
    NotReadyError
        If the project has no items.
    ConfigError
        If the encoder does not fit what the project holds.
    """
    spec = encoder_spec or default_encoder(workspace)
    with workspace.running("embed"):
        n_items = workspace.n_items()
        if n_items == 0:
            raise NotReadyError("Embedding needs items; the project has none. Run `annotate add`.")
        encoder = make_encoder(workspace, spec)
        array = create_array(
            workspace.store,
            "features",
            encoder.id,
            encoder.dim,
            settings={
                "encoder": spec,
                "preprocessing": dict(encoder.preprocessing),
                "reads_names": isinstance(encoder, TextTower),
            },
        )
        missing = _missing_parts(array, n_items)
        failures = _fill(workspace, encoder, array, missing, n_items, progress)
        n_embedded = sum(_rows_in(part_no, array, n_items) for part_no in missing)
        return EmbedReport(spec, encoder.id, encoder.dim, n_items, n_embedded, failures)


def default_encoder(workspace: Workspace) -> str:
    """Return the encoder of ``annotate.toml``, else the usual one for what the project holds."""
    if workspace.config.defaults.encoder:
        return workspace.config.defaults.encoder
    if workspace.modality == "features":
        raise ConfigError(
            "A project of ready-made features needs no encoder; its features came with"
            " `annotate add --features F.npy`. Go on with `annotate predict`."
        )
    return DEFAULT_ENCODERS[workspace.modality]


def make_encoder(workspace: Workspace, spec: str) -> Encoder:
    """Return the encoder that ``spec`` names, checked against what the project holds."""
    if spec == GIVEN_ENCODER:
        raise ConfigError(
            "The encoder 'features' stands for given vectors; it cannot encode items."
        )
    encoder: Encoder = ENCODERS.make(spec)
    if encoder.modality != workspace.modality:
        raise ConfigError(
            f"The encoder must take {workspace.modality}s; {spec!r} takes {encoder.modality}s."
            f" The usual one here is {DEFAULT_ENCODERS.get(workspace.modality)!r}."
        )
    return encoder


def _missing_parts(array: PartedArray, n_items: int) -> list[int]:
    n_parts = -(-n_items // array.part_rows)
    return [no for no in range(n_parts) if not array.part_covers(no, _rows_in(no, array, n_items))]


def _rows_in(part_no: int, array: PartedArray, n_items: int) -> int:
    return min(array.part_rows, n_items - part_no * array.part_rows)


def _fill(
    workspace: Workspace,
    encoder: Encoder,
    array: PartedArray,
    missing: list[int],
    n_items: int,
    progress: Progress,
) -> dict[str, str]:
    """Encode the missing parts in one stream, so that workers never wait between parts."""
    starts = [part_no * array.part_rows for part_no in missing]
    ranges = [range(start, min(start + array.part_rows, n_items)) for start in starts]
    contents = contents_of(workspace, ranges)
    failures: dict[str, str] = {}

    def note_failure(position: int, reason: str) -> None:
        failures[contents[position]] = reason

    blocks = iter_features(
        encoder,
        contents,
        loader(workspace.modality),
        report_failure=note_failure,
    )
    done = n_items - len(contents)
    sizes = [len(r) for r in ranges]
    for part_no, values in zip(missing, _regrouped(blocks, sizes), strict=True):
        array.write_part(part_no, values)
        done += len(values)
        progress(done, n_items, "embed")
    return failures


def _regrouped(
    blocks: Iterator[NDArray[np.float32]], sizes: list[int]
) -> Iterator[NDArray[np.float32]]:
    """Give the rows of ``blocks`` again in groups of the given sizes."""
    held: list[NDArray[np.float32]] = []
    for size in sizes:
        while sum(len(block) for block in held) < size:
            held.append(next(blocks))
        rows = np.concatenate(held) if len(held) > 1 else held[0]
        yield rows[:size]
        held = [rows[size:]] if len(rows) > size else []
