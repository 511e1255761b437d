"""What a project's decisions add up to: one label an item, a conflict, or none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from annotate.protocols import NO_LABEL, Bools

LABELLING = ("accept", "relabel")
DECIDING = (*LABELLING, "reject", "skip")


@dataclass(frozen=True)
class HumanLabels:
    """The decisions of all reviewers, resolved.

    Attributes
    ----------
    labels : int32 array of shape (n_items,)
        The class that every reviewer who labelled the item gave it; -1 for none or a conflict.
    trains : bool array of shape (n_items,)
        True where the label may train: not an audit answer, and not held back to measure rounds.
    measures : bool array of shape (n_items,)
        True where the label was given to measure rounds.
    conflict : bool array of shape (n_items,)
        Two reviewers gave different classes.
    decided : bool array of shape (n_items,)
        Somebody accepted, relabelled, rejected or skipped the item, and that stands.
    standing : DataFrame
        The decision that stands for each (item, reviewer), in order of seq.
    rejected : int array of shape (n_rejections, 2)
        Pairs (item_no, class_no) of which a reviewer said "not this class".
    """

    labels: NDArray[np.int32]
    trains: Bools
    measures: Bools
    conflict: Bools
    decided: Bools
    standing: pd.DataFrame
    rejected: NDArray[np.int64]


def resolve_decisions(events: pd.DataFrame, n_items: int) -> HumanLabels:
    """Return what the events add up to.

    The last deciding event of each reviewer stands, unless an undo names it: then the one before it
    does. Flags are notes and decide nothing. Reviewers who gave the same class agree; a skip or a
    rejection disagrees with nobody.

    Parameters
    ----------
    events : DataFrame
        Columns of the table ``decisions``, ordered by seq.
    n_items : int
        Items in the project.
    """
    standing = _standing(events)
    labels = np.full(n_items, NO_LABEL, dtype=np.int32)
    trains, measures, conflict, decided = (np.zeros(n_items, dtype=bool) for _ in range(4))
    decided[standing["item_no"].to_numpy(dtype=np.int64)] = True

    given = standing[standing["kind"].isin(LABELLING)]
    by_item = given.groupby("item_no", sort=True).agg(
        class_no=("class_no", "first"),
        n_classes=("class_no", "nunique"),
        trains=("trains", "all"),
        measures=("measures", "any"),
    )
    item_nos = by_item.index.to_numpy(dtype=np.int64)
    agreed = by_item["n_classes"].to_numpy() == 1
    conflict[item_nos[~agreed]] = True
    labels[item_nos[agreed]] = by_item["class_no"].to_numpy()[agreed].astype(np.int32)
    trains[item_nos[agreed]] = by_item["trains"].to_numpy(dtype=bool)[agreed]
    measures[item_nos[agreed]] = by_item["measures"].to_numpy(dtype=bool)[agreed]

    refused = standing[(standing["kind"] == "reject") & standing["class_no"].notna()]
    rejected = refused[["item_no", "class_no"]].to_numpy(dtype=np.int64).reshape(-1, 2)
    return HumanLabels(labels, trains, measures, conflict, decided, standing, rejected)


def _standing(events: pd.DataFrame) -> pd.DataFrame:
    undone = set(events.loc[events["kind"] == "undo", "undoes"])
    deciding = events[events["kind"].isin(DECIDING) & ~events["event_id"].isin(undone)]
    standing = deciding.drop_duplicates(["item_no", "reviewer"], keep="last").copy()
    is_audit = standing["purpose"] == "audit"
    is_held_back = standing["role"] == "held_back"
    standing["trains"] = ~is_audit & ~is_held_back
    standing["measures"] = ~is_audit & is_held_back
    return standing
