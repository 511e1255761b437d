"""The labels that people gave a project: decisions and gold, each in its role."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from annotate.protocols import NO_LABEL, Bools
from annotate.review.decision_rules import HumanLabels, resolve_decisions
from annotate.steps.current_gold import read_current_gold
from annotate.steps.workspace import Workspace
from annotate.store.decisions import read_decisions
from annotate.store.items import count_items, dropped_mask
from annotate.store.schema_versions import latest_schema


@dataclass(frozen=True)
class GivenLabels:
    """Labels given by people, never changed by a round.

    Attributes
    ----------
    current : int32 array of shape (n_items,)
        What stands: the reviewers' label, else gold, else a derived label, else -1 (a conflict is
        no label).
    training : int32 array of shape (n_items,)
        What a student may learn from; -1 elsewhere. No item that measures is ever in it.
    measuring : int32 array of shape (n_items,)
        Held-back gold and spot-check answers, which judge rounds; -1 elsewhere.
    spot_check : bool array of shape (n_items,)
        Where ``measuring`` is a reviewer's answer rather than gold.
    dropped : bool array of shape (n_items,)
    human : HumanLabels
    gold : DataFrame
    """

    current: NDArray[np.int32]
    training: NDArray[np.int32]
    measuring: NDArray[np.int32]
    spot_check: Bools
    dropped: Bools
    human: HumanLabels
    gold: pd.DataFrame


def read_given_labels(workspace: Workspace) -> GivenLabels:
    """Read and resolve every label that people gave."""
    with workspace.store.read() as connection:
        n_items = count_items(connection)
        events = read_decisions(connection)
        schema = latest_schema(connection)
        gold = read_current_gold(connection, schema)
        dropped = dropped_mask(connection, n_items)
    human = resolve_decisions(events, n_items, schema.heirs())
    return combine_labels(human, gold, dropped)


def decided_mask(given: GivenLabels) -> Bools:
    """Return (n_items,) True for the items that people decided, or that came with gold."""
    is_decided = given.human.decided.copy()
    is_decided[given.gold["item_no"].to_numpy(dtype=np.int64)] = True
    return is_decided


def combine_labels(human: HumanLabels, gold: pd.DataFrame, dropped: Bools) -> GivenLabels:
    """Put decisions over gold, and keep what measures apart from what trains."""
    n_items = len(dropped)
    gold_labels = np.full(n_items, NO_LABEL, dtype=np.int32)
    gold_held_back = np.zeros(n_items, dtype=bool)
    positions = gold["item_no"].to_numpy(dtype=np.int64)
    gold_labels[positions] = gold["class_no"].to_numpy(dtype=np.int32)
    gold_held_back[positions] = (gold["role"] == "held_back").to_numpy()

    has_human = human.labels != NO_LABEL
    current = np.where(has_human, human.labels, gold_labels)
    current = np.where(current == NO_LABEL, human.derived, current)
    current[human.conflict] = NO_LABEL
    spot_check = human.measures & ~gold_held_back
    measuring = np.where(gold_held_back, gold_labels, NO_LABEL).astype(np.int32)
    measuring[spot_check] = human.labels[spot_check]

    may_train = ~gold_held_back & ~human.measures & ~human.conflict
    may_train &= np.where(has_human, human.trains, True)
    training = np.where(may_train, current, NO_LABEL).astype(np.int32)
    for labels in (current, training, measuring):
        labels[dropped] = NO_LABEL
    return GivenLabels(
        current.astype(np.int32), training, measuring, spot_check, dropped, human, gold
    )


def may_train(given: GivenLabels) -> NDArray[np.bool_]:
    """Return (n_items,) False for what no student may learn from, whatever a selector says.

    That is what measures, or would if people agreed about it, what they ruled out, and what was
    dropped.
    """
    is_given = given.training != NO_LABEL
    is_open = (given.current == NO_LABEL) & (given.measuring == NO_LABEL) & ~_is_to_measure(given)
    return (is_given | is_open) & ~given.dropped


def _is_to_measure(given: GivenLabels) -> Bools:
    """Return (n_items,) True where somebody answered to measure: a spot check or an audit."""
    is_to_measure = np.zeros(len(given.current), dtype=bool)
    for answers in (given.human.standing, given.human.rulings):
        is_to_measure[answers.loc[~answers["trains"], "item_no"].to_numpy(dtype=np.int64)] = True
    return is_to_measure
