"""What selectors may consider: a teacher's probabilities, less what people have ruled out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import Need, SelectionContext
from annotate.steps.corpus_view import StoredCorpus
from annotate.steps.given_labels import GivenLabels
from annotate.steps.predicting import StoredProba
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
    proba = stored.read_all(len(given.current))
    items, classes = given.human.rejected[:, 0], given.human.rejected[:, 1]
    proba[items, classes] = 0
    rows = np.unique(items)
    totals = proba[rows].sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        proba[rows] /= totals  # a row whose only class was refused becomes NaN: no answer is left
    proba[given.dropped | given.human.conflict] = np.nan
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
    """
    history = earlier if "history" in needs else ()
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
        history=[candidate_proba(workspace, prediction_id, given) for prediction_id in history],
        rows_of=StoredCorpus(workspace, given.training).rows_of if "ids" in needs else None,
    )
