"""What selectors may consider: a teacher's probabilities, less what people have ruled out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import Ints, Need, SelectionContext
from annotate.steps.corpus_view import StoredCorpus
from annotate.steps.given_labels import GivenLabels
from annotate.steps.predicting import StoredProba, prediction_by
from annotate.steps.workspace import Workspace

NEIGHBOURS_FOR_SELECTORS = 15


def candidate_proba(
    workspace: Workspace, prediction_id: str, given: GivenLabels
) -> NDArray[np.float32]:
    """Return (n_items, n_classes) with NaN rows for items that may have no pseudo-label.

    Those are dropped items, items on which reviewers differ, and items that came after the
    prediction. A class that a reviewer refused for an item has probability 0 there.
    """
    stored = StoredProba(workspace.store, prediction_id, workspace.schema)
    n_items = len(given.current)
    return _rule_out(stored.read_all(n_items), np.arange(n_items), given)


class CandidateProba:
    """What ``candidate_proba`` returns, read block by block; for rounds beside the current one."""

    def __init__(self, workspace: Workspace, prediction_id: str, given: GivenLabels) -> None:
        self._stored = StoredProba(workspace.store, prediction_id, workspace.schema)
        self._given = given

    @property
    def shape(self) -> tuple[int, int]:
        """Return (n_items, n_classes), items that came later included."""
        return len(self._given.current), self._stored.shape[1]

    def read(self, start: int, stop: int) -> NDArray[np.float32]:
        """Return the probabilities of items start to stop - 1."""
        return self.take(np.arange(start, stop))

    def take(self, rows: Ints) -> NDArray[np.float32]:
        """Return the probabilities of some items."""
        return _rule_out(self._stored.take(rows), np.asarray(rows), self._given)


class NamedPredictions:
    """Predictions on record as selectors ask for them, by a teacher's name or by id.

    Attributes
    ----------
    read : dict
        Each name that was asked for, and the id of the prediction that it stood for.
    """

    def __init__(self, workspace: Workspace, given: GivenLabels) -> None:
        self.read: dict[str, str] = {}
        self._workspace = workspace
        self._given = given

    def __call__(self, teacher: str) -> CandidateProba:
        """Return the newest prediction by a teacher, or the one with that id.

        Raises
        ------
        UnknownNameError
            If there is none; lists the teachers that have predicted.
        """
        prediction_id: str = prediction_by(self._workspace, teacher)["prediction_id"]
        self.read[teacher] = prediction_id
        return CandidateProba(self._workspace, prediction_id, self._given)


def _rule_out(proba: NDArray[np.float32], rows: Ints, given: GivenLabels) -> NDArray[np.float32]:
    """Take out of probabilities of ``rows``, in place, what people have ruled out."""
    items, classes = given.human.rejected[:, 0], given.human.rejected[:, 1]
    place = np.full(len(given.current), -1)
    place[rows] = np.arange(len(rows))
    here = place[items] >= 0
    refused = place[items[here]]
    proba[refused, classes[here]] = 0
    changed = np.unique(refused)
    totals = proba[changed].sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        # A row whose only class was refused becomes NaN: no answer is left.
        proba[changed] /= totals
    proba[(given.dropped | given.human.conflict)[rows]] = np.nan
    return proba


def selection_context(
    workspace: Workspace,
    given: GivenLabels,
    needs: frozenset[Need],
    view: StoredCorpus | None,
    *,
    round_no: int,
    n_rounds: int,
    seed: int,
    earlier: Sequence[str] = (),
    predictions: NamedPredictions | None = None,
) -> SelectionContext:
    """Return what selectors may know, of what takes long only what they need.

    Parameters
    ----------
    needs : frozenset of str
        See ``protocols.Selector``.
    view : StoredCorpus, optional
        None where no features exist.
    earlier : sequence of str
        Ids of the predictions of the line's earlier rounds, oldest first.
    predictions : NamedPredictions, optional
        By default some of its own; give yours to know afterwards which were read.
    """
    history = earlier if "history" in needs else ()
    named = predictions or NamedPredictions(workspace, given)
    return SelectionContext(
        labels=given.current,
        training=given.training,
        round_no=round_no,
        n_rounds=n_rounds,
        seed=seed,
        class_active=workspace.schema.class_active,
        neighbours=(
            view.neighbours(NEIGHBOURS_FOR_SELECTORS) if view and "neighbours" in needs else None
        ),
        features=view.features() if view and "features" in needs else None,
        history=[CandidateProba(workspace, prediction_id, given) for prediction_id in history],
        rows_of=StoredCorpus(workspace, given.training).rows_of if "ids" in needs else None,
        predictions=named if "predictions" in needs else None,
    )
