"""The label that stands for each item now, with where it came from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from annotate.protocols import NO_LABEL
from annotate.review.decision_rules import LABELLING
from annotate.steps.given_labels import GivenLabels, read_given_labels
from annotate.steps.label_table import counts_as
from annotate.steps.selections import read_selection
from annotate.steps.workspace import Workspace
from annotate.store.history import Record, find_prediction, find_selection, head_round
from annotate.store.schema_versions import latest_schema

SOURCES = ("none", "human", "gold", "derived", "pseudo")
NONE, HUMAN, GOLD, DERIVED, PSEUDO = range(len(SOURCES))


@dataclass(frozen=True)
class CurrentLabels:
    """One label an item: ruled or agreed, else gold, else derived, else the head's pseudo-label.

    Attributes
    ----------
    labels : int32 array of shape (n_items,)
        -1 for none.
    sources : int8 array of shape (n_items,)
        Index into ``SOURCES``.
    confidence : float32 array of shape (n_items,)
        The head round's probability of a pseudo-label; NaN for labels people gave.
    given : GivenLabels
    head : dict or None
        The head round's record.
    prediction, selection : dict or None
        The student's prediction and the selection that made its pseudo-labels.
    """

    labels: NDArray[np.int32]
    sources: NDArray[np.int8]
    confidence: NDArray[np.float32]
    given: GivenLabels
    head: Record | None
    prediction: Record | None
    selection: Record | None

    def human_facts(self) -> pd.DataFrame:
        """Return reviewer, decided_at_utc and purpose behind each human or derived label."""
        human = self.given.human
        answers = human.standing[human.standing["kind"].isin(LABELLING)]
        unruled = answers[~answers["item_no"].isin(human.rulings["item_no"])]
        answers = pd.concat([unruled, human.rulings, human.derivations])
        facts = answers.groupby("item_no", sort=True).agg(
            reviewer=("reviewer", lambda names: ", ".join(sorted(set(names)))),
            decided_at_utc=("decided_at_utc", "last"),
            purpose=("purpose", "last"),
        )
        return facts


def read_current_labels(workspace: Workspace) -> CurrentLabels:
    """Return the label of every item as it stands."""
    given = read_given_labels(workspace)
    n_items = len(given.current)
    labels = given.current.copy()
    sources = np.full(n_items, NONE, dtype=np.int8)
    has_gold = np.zeros(n_items, dtype=bool)
    has_gold[given.gold["item_no"].to_numpy(dtype=np.int64)] = True
    has_label = labels != NO_LABEL
    sources[has_label & (given.human.derived != NO_LABEL)] = DERIVED
    sources[has_label & has_gold] = GOLD
    sources[has_label & (given.human.labels != NO_LABEL)] = HUMAN
    confidence = np.full(n_items, np.nan, dtype=np.float32)
    with workspace.store.read() as connection:
        head = head_round(connection)
        prediction = find_prediction(connection, head["prediction_id"]) if head else None
        selection = find_selection(connection, head["label_selection_id"]) if head else None
        now = counts_as(latest_schema(connection))
    if selection is not None:
        table = read_selection(workspace, selection["selection_id"])
        _add_pseudo_labels(table[table["accepted"]], now, given, labels, sources, confidence)
    return CurrentLabels(labels, sources, confidence, given, head, prediction, selection)


def _add_pseudo_labels(
    accepted: pd.DataFrame,
    now: NDArray[np.int32],
    given: GivenLabels,
    labels: NDArray[np.int32],
    sources: NDArray[np.int8],
    confidence: NDArray[np.float32],
) -> None:
    """Write the accepted classes where nothing speaks against them; ``now`` as in ``counts_as``."""
    rows = accepted["item_no"].to_numpy()
    classes = now[accepted["class_no"].to_numpy()]
    # Items may have been labelled, dropped, put in conflict or refused this class since the round,
    # or the class may have been split.
    refused = {(int(item), int(cls)) for item, cls in given.human.rejected}
    stands = (labels[rows] == NO_LABEL) & ~given.dropped[rows] & ~given.human.conflict[rows]
    stands &= classes != NO_LABEL
    if refused:
        stands &= np.array(
            [pair not in refused for pair in zip(rows.tolist(), classes.tolist(), strict=True)]
        )
    rows = rows[stands]
    labels[rows] = classes[stands]
    sources[rows] = PSEUDO
    confidence[rows] = accepted["confidence"].to_numpy()[stands]
