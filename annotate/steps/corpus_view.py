"""What a teacher sees of a project: items, features, given labels, schema."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from annotate.compute.nearest import nearest_neighbours
from annotate.errors import NotReadyError
from annotate.protocols import Encoder, Ints, Progress, Rows, no_progress
from annotate.schema import Modality, Schema
from annotate.steps.embed import make_encoder
from annotate.steps.workspace import Workspace
from annotate.store.arrays import PartedArray, array_settings, create_array, find_array, list_arrays

N_NEIGHBOURS = 30


class StoredCorpus:
    """The corpus of an open project; meets ``protocols.CorpusView``."""

    def __init__(
        self, workspace: Workspace, labels: Ints, *, progress: Progress = no_progress
    ) -> None:
        self.n_items = len(labels)
        self.labels = labels
        self.modality: Modality = workspace.modality
        self.schema: Schema = workspace.schema
        self._workspace = workspace
        self._progress = progress

    @property
    def encoder_id(self) -> str:
        """Return the id of the features in use: the newest that cover every item."""
        return self._features.array_id

    def features(self) -> Rows:
        """Return the features in use."""
        return self._features

    @cached_property
    def _features(self) -> PartedArray:
        # Found once: a teacher asks for them block by block, and their parts may be many.
        return current_features(self._workspace, self.n_items)

    def encoder(self) -> Encoder:
        """Return the encoder that made the features in use, loaded."""
        spec = array_settings(self._workspace.store, "features", self.encoder_id)["encoder"]
        return make_encoder(self._workspace, spec)

    def neighbours(self, k: int) -> NDArray[np.int32]:
        """Return each item's k nearest others; computed once for these features, then kept."""
        if k > N_NEIGHBOURS:
            raise ValueError(f"k must be {N_NEIGHBOURS} or less; got {k}.")
        array_id = f"{self.encoder_id}-{self.n_items}"
        array = find_array(self._workspace.store, "neighbours", array_id)
        if array is None or array.n_rows < self.n_items:
            array = self._find_neighbours(array_id)
        out = np.empty((self.n_items, k), dtype=np.int32)
        for part_no, start in enumerate(range(0, self.n_items, array.part_rows)):
            out[start : start + array.part_rows] = array.part(part_no)[:, :k]
        return out

    def _find_neighbours(self, array_id: str) -> PartedArray:
        nearest = nearest_neighbours(self.features(), N_NEIGHBOURS, progress=self._progress)
        array = create_array(
            self._workspace.store, "neighbours", array_id, N_NEIGHBOURS, dtype="int32"
        )
        for part_no, start in enumerate(range(0, self.n_items, array.part_rows)):
            array.write_part(part_no, nearest[start : start + array.part_rows])
        return array


def current_features(workspace: Workspace, n_items: int) -> PartedArray:
    """Return the newest features that cover every item.

    Raises
    ------
    NotReadyError
        If there are none; says which step makes them.
    """
    known = [array for array in list_arrays(workspace.store) if array.kind == "features"]
    complete = [array for array in known if array.n_rows == n_items and n_items > 0]
    if complete:
        return complete[-1]
    step = (
        "`annotate add --features F.npy`"
        if workspace.modality == "features"
        else "`annotate embed`"
    )
    covered = f"; the newest cover {known[-1].n_rows:,}" if known else ""
    raise NotReadyError(
        f"This step needs features of all {n_items:,} items{covered}. Run {step} first."
    )
