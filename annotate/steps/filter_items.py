"""Which items pass a reviewer's filter."""

from __future__ import annotations

import numpy as np
import pandas as pd

from annotate.corpus.splits import split_of
from annotate.errors import UnknownNameError
from annotate.protocols import NO_LABEL, Bools, Ints
from annotate.review.item_filter import DECIDED_AS, SPLITS, ItemFilter
from annotate.review.prediction_summary import PredictionSummary
from annotate.steps.labels import NONE, SOURCES, CurrentLabels
from annotate.steps.workspace import Workspace
from annotate.store.decisions import standing_flags
from annotate.store.items import items_in_group, items_with_text, read_items


def filter_items(
    workspace: Workspace,
    wanted: ItemFilter,
    current: CurrentLabels,
    summary: PredictionSummary,
    is_blind: Bools,
) -> Bools:
    """Return (n_items,) True for the items of which every question of the filter holds.

    Parameters
    ----------
    is_blind : bool array of shape (n_items,)
        Items to be answered blind. Whatever is asked of their label or prediction, they count as
        without either: who filters must not learn it.

    Raises
    ------
    UnknownNameError
        If a class, source, split or way of deciding has no such name.
    """
    passes = np.ones(len(current.labels), dtype=bool)
    if wanted.class_name:
        passes &= _of_class(workspace, wanted.class_name, current, summary) & ~is_blind
    if (wanted.min_confidence, wanted.max_confidence) != (0, 1):
        # NaN, where there is no answer, is in no range.
        passes &= summary.confidence >= wanted.min_confidence
        passes &= (summary.confidence <= wanted.max_confidence) & ~is_blind
    if wanted.source:
        _check("source", wanted.source, SOURCES)
        sources = np.where(is_blind, NONE, current.sources)
        passes &= sources == SOURCES.index(wanted.source)
    if wanted.reviewer:
        decided = current.given.human.everything_standing()
        passes &= _at(_item_nos(decided[decided["reviewer"] == wanted.reviewer]), passes)
    if wanted.decided_as:
        passes &= _decided_as(workspace, wanted.decided_as, current)
    if wanted.split:
        _check("split", wanted.split, SPLITS)
        passes &= _in_split(workspace, wanted.split, passes)
    with workspace.store.read() as connection:
        if wanted.group:
            passes &= _at(items_in_group(connection, wanted.group), passes)
        if wanted.text:
            passes &= _at(items_with_text(connection, wanted.text), passes)
    return passes


def _of_class(
    workspace: Workspace, name: str, current: CurrentLabels, summary: PredictionSummary
) -> Bools:
    number = workspace.schema.class_no(name)
    if number is None:
        raise UnknownNameError("class", name, workspace.schema.names)
    classes = np.where(current.labels == NO_LABEL, summary.predicted, current.labels)
    return np.asarray(classes == number)


def _decided_as(workspace: Workspace, kind: str, current: CurrentLabels) -> Bools:
    _check("way of deciding", kind, DECIDED_AS)
    human = current.given.human
    if kind == "conflict":
        return human.conflict
    if kind == "flag":
        with workspace.store.read() as connection:
            return _at(standing_flags(connection), human.conflict)
    decided = human.everything_standing()
    return _at(_item_nos(decided[decided["kind"] == kind]), human.conflict)


def _in_split(workspace: Workspace, split: str, among: Bools) -> Bools:
    """Return which items fall into a split; only those ``among`` are looked up."""
    with workspace.store.read() as connection:
        items = read_items(connection, ["item_no", "group_key", "sha256"])
    items = items[among[items["item_no"].to_numpy(dtype=np.int64)]]
    keys = items["group_key"].where(items["group_key"].notna(), items["sha256"])
    return _at(_item_nos(items[[split_of(key) == split for key in keys]]), among)


def _item_nos(rows: pd.DataFrame) -> Ints:
    return rows["item_no"].to_numpy(dtype=np.int64)


def _at(item_nos: Ints, like: Bools) -> Bools:
    mask = np.zeros(len(like), dtype=bool)
    mask[item_nos] = True
    return mask


def _check(kind: str, name: str, known: tuple[str, ...]) -> None:
    if name not in known:
        raise UnknownNameError(kind, name, known)
