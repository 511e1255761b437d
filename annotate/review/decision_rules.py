"""What a project's decisions add up to: one label an item, a conflict, or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from annotate.protocols import NO_LABEL, Bools

LABELLING = ("accept", "relabel")
DECIDING = (*LABELLING, "reject", "skip")
_NOT_BLIND = '"blind":false'  # as the store writes what was shown


@dataclass(frozen=True)
class HumanLabels:
    """The decisions of all reviewers, resolved.

    Attributes
    ----------
    labels : int32 array of shape (n_items,)
        The class that an owner ruled, else the one that every reviewer who labelled the item gave
        it; -1 for none or a conflict.
    derived : int32 array of shape (n_items,)
        The class derived for an item that nobody has decided by itself; -1 elsewhere.
    trains : bool array of shape (n_items,)
        True where the label may train: not an audit answer, and not held back to measure rounds.
    measures : bool array of shape (n_items,)
        True where the label was given to measure rounds, and nobody was led.
    led : bool array of shape (n_items,)
        True where somebody who should have answered blind had a suggestion in front of them, as on
        a page that was open before the item was drawn: such an item neither trains nor measures.
    conflict : bool array of shape (n_items,)
        Two reviewers gave different classes, and no owner has ruled.
    decided : bool array of shape (n_items,)
        Somebody accepted, relabelled, rejected or skipped the item, ruled on it, or derived a label
        for it, and that stands.
    standing : DataFrame
        The decision on the very item that stands for each (item, reviewer), in order of seq.
    rulings, derivations : DataFrame
        The adjudication, and the derived decision, that stands for each item.
    rejected : int array of shape (n_rejections, 2)
        Pairs (item_no, class_no) of which a reviewer said "not this class".
    n_acts : int array of shape (n_items,)
        How often somebody decided the item itself, repetitions included.
    """

    labels: NDArray[np.int32]
    derived: NDArray[np.int32]
    trains: Bools
    measures: Bools
    led: Bools
    conflict: Bools
    decided: Bools
    standing: pd.DataFrame
    rulings: pd.DataFrame
    derivations: pd.DataFrame
    rejected: NDArray[np.int64]
    n_acts: NDArray[np.int64]

    def everything_standing(self) -> pd.DataFrame:
        """Return every decision that stands: on items by themselves, rulings and derived labels."""
        return pd.concat([self.standing, self.rulings, self.derivations])


def resolve_decisions(
    events: pd.DataFrame, n_items: int, heirs: Sequence[Sequence[int]] = ()
) -> HumanLabels:
    """Return what the events add up to.

    The last deciding event of each reviewer stands, unless an undo names it: then the one before it
    does. Flags are notes and decide nothing. Reviewers who gave the same class agree; a skip or a
    rejection disagrees with nobody. An owner's ruling counts before all of them. A derived label
    counts only where nobody has decided the item itself.

    Parameters
    ----------
    events : DataFrame
        Columns of the table ``decisions``, ordered by seq.
    n_items : int
        Items in the project.
    heirs : sequence of sequences of int
        For each class what it is now, as ``Schema.heirs`` tells it; empty if no class has changed.
        Whoever gave a class that was merged gave its heir, and who refused one refused all heirs.
        Whoever gave a class that was split has not decided.
    """
    events = _not_undone(events)
    standing, rulings, derivations = _what_stands(events, heirs)
    labels, derived = (np.full(n_items, NO_LABEL, dtype=np.int32) for _ in range(2))
    trains, measures, led, conflict, decided = (np.zeros(n_items, dtype=bool) for _ in range(5))
    decided[_item_nos(standing)] = True

    by_item = (
        standing[standing["kind"].isin(LABELLING)]
        .groupby("item_no", sort=True)
        .agg(
            class_no=("class_no", "first"),
            n_classes=("class_no", "nunique"),
            trains=("trains", "all"),
            measures=("measures", "any"),
        )
        .reset_index()
    )
    agreed = by_item["n_classes"] == 1
    conflict[_item_nos(by_item[~agreed])] = True
    _write(by_item[agreed], labels, trains, measures)

    conflict[_item_nos(rulings)] = False
    _write(rulings, labels, trains, measures)
    decided[_item_nos(rulings)] = True

    for answers in (standing, rulings):
        should_be_blind = answers[answers["role"] == "held_back"]
        led[_item_nos(should_be_blind[should_be_blind["shown"].str.contains(_NOT_BLIND)])] = True
    measures &= ~led

    derivations = derivations[~decided[_item_nos(derivations)]]
    derived[_item_nos(derivations)] = derivations["class_no"].to_numpy(dtype=np.int32)
    decided[_item_nos(derivations)] = True

    refused = standing[(standing["kind"] == "reject") & standing["class_no"].notna()]
    refused = refused[["item_no", "class_no"]].astype("int64")
    if len(heirs):
        refused["class_no"] = refused["class_no"].map(dict(enumerate(heirs)))
        refused = refused.explode("class_no")
    rejected = refused.to_numpy(dtype=np.int64).reshape(-1, 2)
    acts = events[events["kind"].isin(DECIDING)]
    n_acts = np.bincount(_item_nos(acts), minlength=n_items)
    return HumanLabels(
        labels, derived, trains, measures, led, conflict, decided, standing, rulings, derivations,
        rejected, n_acts,
    )  # fmt: skip


def stand_on(events: pd.DataFrame, heirs: Sequence[Sequence[int]] = ()) -> pd.DataFrame:
    """Return the decisions that stand among events: of each person, each ruling, each derivation.

    Parameters
    ----------
    events : DataFrame
        Every decision on some items, ordered by seq, with the columns of the table ``decisions``.
    heirs : sequence of sequences of int
        As in ``resolve_decisions``.
    """
    return pd.concat(_what_stands(_not_undone(events), heirs))


def _not_undone(events: pd.DataFrame) -> pd.DataFrame:
    return events[~events["event_id"].isin(events.loc[events["kind"] == "undo", "undoes"])]


def _what_stands(
    events: pd.DataFrame, heirs: Sequence[Sequence[int]]
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    return (
        _as_now(_last(events, DECIDING, ["item_no", "reviewer"]), heirs),
        _as_now(_last(events, ["adjudicate"], ["item_no"]), heirs),
        _as_now(_last(events, ["derive"], ["item_no"]), heirs),
    )


def _last(events: pd.DataFrame, kinds: Sequence[str], per: list[str]) -> pd.DataFrame:
    """Return the last event of these kinds for each combination of ``per``, with what it is for."""
    last = events[events["kind"].isin(kinds)].drop_duplicates(per, keep="last").copy()
    is_audit = last["purpose"] == "audit"
    is_held_back = last["role"] == "held_back"
    last["trains"] = ~is_audit & ~is_held_back
    last["measures"] = ~is_audit & is_held_back
    return last


def _as_now(answers: pd.DataFrame, heirs: Sequence[Sequence[int]]) -> pd.DataFrame:
    """Return the answers with the classes given as they are now, without those that were split.

    Only after the last of each reviewer was found: an older answer must not come back instead.
    """
    if not len(heirs):
        return answers
    counts_as = np.array([own[0] if len(own) == 1 else NO_LABEL for own in heirs])
    gives = (~answers["kind"].isin(("reject", "skip"))).to_numpy()
    now = counts_as[answers.loc[gives, "class_no"].to_numpy(dtype=np.int64)]
    answers.loc[gives, "class_no"] = now.astype(np.float64)
    gives[gives] = now == NO_LABEL
    return answers[~gives]


def _item_nos(events: pd.DataFrame) -> NDArray[np.int64]:
    return events["item_no"].to_numpy(dtype=np.int64)


def _write(
    answers: pd.DataFrame, labels: NDArray[np.int32], trains: Bools, measures: Bools
) -> None:
    rows = _item_nos(answers)
    labels[rows] = answers["class_no"].to_numpy(dtype=np.int32)
    trains[rows] = answers["trains"].to_numpy(dtype=bool)
    measures[rows] = answers["measures"].to_numpy(dtype=bool)
