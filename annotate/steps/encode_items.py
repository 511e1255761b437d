"""Fill an array with what an encoder gives for each item: only the parts that lack something."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from annotate.encoders.pipeline import iter_features
from annotate.protocols import Encoder, Progress
from annotate.steps.loading import contents_of, loader
from annotate.steps.workspace import Workspace
from annotate.store.arrays import PartedArray


def encode_items(
    workspace: Workspace, encoder: Encoder, array: PartedArray, what: str, progress: Progress
) -> tuple[int, dict[str, str]]:
    """Encode every item that the array lacks, in one stream: workers never wait between parts.

    Parameters
    ----------
    what : str
        What is being made, for progress.

    Returns
    -------
    n_encoded : int
        Rows in the parts that were made, again or for the first time.
    failures : dict of str to str
        Why a file has no row but one of NaN, by its path.
    """
    n_items = workspace.n_items()
    missing = _missing_parts(array, n_items)
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
        progress(done, n_items, what)
    return len(contents), failures


def _missing_parts(array: PartedArray, n_items: int) -> list[int]:
    n_parts = -(-n_items // array.part_rows)
    return [no for no in range(n_parts) if not array.part_covers(no, _rows_in(no, array, n_items))]


def _rows_in(part_no: int, array: PartedArray, n_items: int) -> int:
    return min(array.part_rows, n_items - part_no * array.part_rows)


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
