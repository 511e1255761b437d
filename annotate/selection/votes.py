"""What each selector of a chain says by itself."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from annotate.protocols import (
    NO_LABEL,
    Bools,
    Floats,
    Ints,
    Rows,
    Selection,
    SelectionContext,
    Selector,
)
from annotate.selection.chain import Chain


@dataclass(frozen=True)
class Vote:
    """What one selector says by itself of every pair that a selection considers.

    Attributes
    ----------
    selector : str
        Its name, settings included.
    judged : bool array of shape (n_considered,)
        False for the other pairs of an item of which an earlier selector considers several
        classes: only the one that it accepts, else the first, is put to the others.
    accepted : bool array of shape (n_considered,)
    weights : float32 array of shape (n_considered,)
    reasons : int8 array of shape (n_considered,)
        Index into ``reason_names``.
    reason_names : tuple of str
    """

    selector: str
    judged: Bools
    accepted: Bools
    weights: Floats
    reasons: Ints
    reason_names: tuple[str, ...]


def collect_votes(
    selector: Selector, selection: Selection, proba: Floats | Rows, context: SelectionContext
) -> tuple[Vote, ...]:
    """Return the vote of each selector of a chain, in order; of a single one its selection.

    A later selector of a chain decides about what earlier ones accepted. Its vote tells what it
    says of every pair of the first one, as if it came first: what would change without the others.

    Parameters
    ----------
    selector : Selector
        What made ``selection`` from ``proba`` and ``context``.
    """
    if not isinstance(selector, Chain):
        return (_vote(selector.name, selection, selection),)
    first, *others = selector.selectors
    opened = first.select(proba, context)
    candidates = _one_class_each(opened, proba.shape[0])
    everything = replace(context, candidates=candidates)
    return (
        _vote(first.name, opened, opened),
        *(_vote(other.name, opened, other.select(proba, everything)) for other in others),
    )


def _one_class_each(opened: Selection, n_items: int) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    """Return (n_items,) the class accepted for each item, else the first considered."""
    classes = np.full(n_items, NO_LABEL, dtype=np.int32)
    classes[opened.rows[::-1]] = opened.classes[::-1]
    accepted = opened.accepted
    classes[opened.rows[accepted]] = opened.classes[accepted]
    return classes


def _vote(name: str, opened: Selection, own: Selection) -> Vote:
    """Return ``own`` laid out along the pairs of ``opened``, of which it holds a part."""
    n_classes = int(max(opened.classes.max(initial=0), own.classes.max(initial=0))) + 1
    keys = opened.rows.astype(np.int64) * n_classes + opened.classes
    judged = np.isin(keys, own.rows.astype(np.int64) * n_classes + own.classes)
    accepted = np.zeros(len(keys), dtype=np.bool_)
    weights = np.zeros(len(keys), dtype=np.float32)
    reasons = np.zeros(len(keys), dtype=np.int8)
    accepted[judged], weights[judged] = own.accepted, own.weights
    reasons[judged] = own.reasons
    return Vote(name, judged, accepted, weights, reasons, own.reason_names)
