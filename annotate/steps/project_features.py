"""Project the features in use on a plane, for the map."""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

from annotate.compute.projection import PlaneAxes, principal_plane, project_on
from annotate.protocols import Progress, no_progress
from annotate.steps.corpus_view import current_features
from annotate.steps.workspace import Workspace
from annotate.store.arrays import PartedArray, array_settings, create_array, find_array

KIND = "projections"
PART_ROWS = 65_536

_one_at_a_time = threading.Lock()


def project_features(
    workspace: Workspace, *, progress: Progress = no_progress
) -> NDArray[np.float32]:
    """Return (n_items, 2) coordinates of every item, made and stored where they are not yet.

    The axes are chosen once for each encoder's features: when a corpus grows, items keep their
    places and only the new ones are projected. A row of NaN is an item without features.

    Raises
    ------
    NotReadyError
        If there are no features of all items.
    """
    n_items = workspace.n_items()
    features = current_features(workspace, n_items)
    with _one_at_a_time:  # two pages of one server may ask at the same moment
        array, plane = _stored_plane(workspace, features)
        for part_no, start in enumerate(range(0, n_items, PART_ROWS)):
            stop = min(start + PART_ROWS, n_items)
            if not array.part_covers(part_no, stop - start):
                array.write_part(part_no, project_on(plane, features.read(start, stop)))
            progress(stop, n_items, "project")
    return array.read(0, n_items)


def _stored_plane(workspace: Workspace, features: PartedArray) -> tuple[PartedArray, PlaneAxes]:
    array_id = f"pca-{features.array_id}"
    array = find_array(workspace.store, KIND, array_id)
    if array is None:
        plane = principal_plane(features)
        array = create_array(
            workspace.store, KIND, array_id, 2, dtype="float32", part_rows=PART_ROWS,
            settings={"mean": plane.mean.tolist(), "axes": plane.axes.tolist()},
        )  # fmt: skip
    settings = array_settings(workspace.store, KIND, array_id)
    return array, PlaneAxes(np.array(settings["mean"]), np.array(settings["axes"]))
