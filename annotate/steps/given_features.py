"""Copy features that came with a corpus into the project's arrays, row = item_no."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from annotate.errors import SourceError
from annotate.protocols import Progress, no_progress
from annotate.steps.workspace import Workspace
from annotate.store.arrays import create_array
from annotate.store.items import read_items
from annotate.store.tables import sources

GIVEN_ENCODER = "features"


def copy_given_features(workspace: Workspace, *, progress: Progress = no_progress) -> None:
    """Write the given features of every item, part by part; parts already there are kept.

    Raises
    ------
    SourceError
        If sources disagree on the number of columns, or some came without features.
    """
    files = _feature_files(workspace)
    n_columns = _common_width(files)
    n_items = workspace.n_items()
    array = create_array(
        workspace.store, "features", GIVEN_ENCODER, n_columns, settings={"encoder": GIVEN_ENCODER}
    )
    for part_no, start in enumerate(range(0, n_items, array.part_rows)):
        stop = min(start + array.part_rows, n_items)
        if not array.part_covers(part_no, stop - start):
            array.write_part(part_no, _rows(workspace, files, start, stop, n_columns))
        progress(stop, n_items, "features")


def _feature_files(workspace: Workspace) -> dict[int, NDArray[np.floating]]:
    with workspace.store.read() as connection:
        rows = connection.execute(
            select(sources.c.source_no, sources.c.location, sources.c.options)
        ).all()
    files = {}
    for source_no, location, options in rows:
        path = json.loads(options)["features"]
        if path is None:
            raise SourceError(
                f"Every source of a project with given features needs --features F.npy; {location}"
                " came without. Keep it in a project of its own, or use `annotate embed`."
            )
        files[source_no] = np.load(Path(path), mmap_mode="r", allow_pickle=False)
    return files


def _common_width(files: dict[int, NDArray[np.floating]]) -> int:
    widths = {values.shape[1] for values in files.values()}
    if len(widths) != 1:
        raise SourceError(
            f"All given features must have the same number of columns; got {sorted(widths)}."
            " Make them with one encoder."
        )
    return widths.pop()


def _rows(
    workspace: Workspace,
    files: dict[int, NDArray[np.floating]],
    start: int,
    stop: int,
    n_columns: int,
) -> NDArray[np.float32]:
    with workspace.store.read() as connection:
        where = read_items(connection, ["source_no", "input_no"], start, stop)
    out = np.empty((stop - start, n_columns), dtype=np.float32)
    source_nos = where["source_no"].to_numpy()
    input_nos = where["input_no"].to_numpy()
    for source_no in np.unique(source_nos):
        here = source_nos == source_no
        out[here] = files[int(source_no)][input_nos[here]]
    return out
