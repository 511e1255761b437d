"""What a teacher sees of a project: items, features, given labels, schema."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from annotate.compute.nearest import nearest_neighbours
from annotate.errors import NotReadyError
from annotate.protocols import Encoder, Ints, Progress, Rows, Votes, no_progress
from annotate.schema import Modality, Schema
from annotate.steps.embed import make_encoder
from annotate.steps.loading import StoredTexts
from annotate.steps.predicting import StoredProba, prediction_by
from annotate.steps.stored_votes import read_votes
from annotate.steps.workspace import Workspace
from annotate.store.arrays import PartedArray, array_settings, create_array, find_array, list_arrays
from annotate.store.history import heads, list_predictions
from annotate.store.items import item_index

N_NEIGHBOURS = 30
# Teachers whose probabilities are those of others.
MADE_OF_PREDICTIONS = frozenset({"ensemble", "frechet", "two_cues"})


class StoredCorpus:
    """The corpus of an open project; meets ``protocols.CorpusView``."""

    def __init__(
        self, workspace: Workspace, labels: Ints, *, progress: Progress = no_progress
    ) -> None:
        self.n_items = len(labels)
        self.labels = labels
        self.modality: Modality = workspace.modality
        self.schema: Schema = workspace.schema
        self.vote_sets_read: tuple[str, ...] = ()
        self._workspace = workspace
        self._progress = progress

    @property
    def encoder_id(self) -> str:
        """Return the id of the features in use: the newest that cover every item."""
        return self._features.array_id

    def find_encoder_id(self) -> str | None:
        """Return the id of the features in use, None where none cover every item."""
        try:
            return self.encoder_id
        except NotReadyError:
            return None

    def features(self) -> Rows:
        """Return the features in use."""
        return self._features

    @cached_property
    def _features(self) -> PartedArray:
        # Found once: a teacher asks for them block by block, and their parts may be many.
        return current_features(self._workspace, self.n_items)

    def texts(self) -> Sequence[str] | None:
        """Return the text of every item, read from the store as it is needed; None for others."""
        if self.modality != "text":
            return None
        return StoredTexts(self._workspace, [range(self.n_items)])

    def encoder(self) -> Encoder:
        """Return the encoder that made the features in use, loaded."""
        spec = array_settings(self._workspace.store, "features", self.encoder_id)["encoder"]
        return make_encoder(self._workspace, spec)

    def votes(self) -> Votes:
        """Return every stored vote."""
        found, self.vote_sets_read = read_votes(self._workspace, self.n_items)
        if not found.functions:
            raise NotReadyError(
                "This teacher needs votes of weak sources; there are none. Run `annotate votes"
                " run`, `annotate votes import` or `annotate votes take`."
            )
        return found

    def has_neighbours(self) -> bool:
        """Return whether the neighbours by the features in use have been found already."""
        array = find_array(self._workspace.store, "neighbours", self._neighbours_id())
        return array is not None and array.n_rows >= self.n_items

    def neighbours(self, k: int) -> NDArray[np.int32]:
        """Return each item's k nearest others; computed once for these features, then kept."""
        if k > N_NEIGHBOURS:
            raise ValueError(f"k must be {N_NEIGHBOURS} or less; got {k}.")
        array_id = self._neighbours_id()
        array = find_array(self._workspace.store, "neighbours", array_id)
        if array is None or array.n_rows < self.n_items:
            array = self._find_neighbours(array_id)
        out = np.empty((self.n_items, k), dtype=np.int32)
        for part_no, start in enumerate(range(0, self.n_items, array.part_rows)):
            out[start : start + array.part_rows] = array.part(part_no)[:, :k]
        return out

    def predictions(self, teacher: str) -> Rows:
        """Return the newest prediction by a teacher, or the one with that id.

        Raises
        ------
        UnknownNameError
            If there is none; lists the teachers that have predicted.
        NotReadyError
            If it does not cover every item.
        """
        record = prediction_by(self._workspace, teacher)
        if record["n_items"] != self.n_items:
            raise NotReadyError(
                f"The prediction by {teacher} must cover all {self.n_items:,} items; it covers"
                f" {record['n_items']:,}. Run `annotate predict`, or import it, again."
            )
        store = self._workspace.store
        return StoredProba(store, record["prediction_id"], self.schema)

    def untaught_predictions(self) -> dict[str, Rows]:
        """Return the newest prediction of each teacher that no label taught, the newest last.

        Of rounds it is the last whose labels stood: one that was given up was worse.

        What is made of other predictions is left out, as it may be taught through them, and so is
        what does not cover every item.
        """
        with self._workspace.store.read() as connection:
            records = list_predictions(connection)
            untaught_heads = [
                head["prediction_id"]
                for head in heads(connection)
                if head["metrics"]["n_given"] == 0
            ]
        newest: dict[str, str] = {}
        for record in records:
            is_round = record["round_no"] is not None
            untaught = (
                record["prediction_id"] in untaught_heads[-1:]
                if is_round
                else not record["settings"].get("learnt_from_labels", False)
                and record["teacher"].partition(":")[0] not in MADE_OF_PREDICTIONS
            )
            if untaught and record["n_items"] == self.n_items:
                name = "rounds" if is_round else record["teacher"]
                newest.pop(name, None)
                newest[name] = record["prediction_id"]
        store = self._workspace.store
        return {name: StoredProba(store, number, self.schema) for name, number in newest.items()}

    def rows_of(self, item_ids: Sequence[str]) -> Ints:
        """Return the item_no of each id, -1 for an id that is no item."""
        with self._workspace.store.read() as connection:
            return item_index(connection).get_indexer(pd.Index(item_ids))

    def _neighbours_id(self) -> str:
        return f"{self.encoder_id}-{self.n_items}"

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
