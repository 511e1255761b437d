"""The (item, class) pairs that a selector considers, read block by block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from annotate.checks import check_labels, check_proba
from annotate.protocols import NO_LABEL, Bools, Floats, Ints, Rows, SelectionContext

ROWS_PER_BLOCK = 65_536


@dataclass(frozen=True)
class Candidates:
    """One class for each considered item: its likeliest, or the one an earlier selector accepted.

    Attributes
    ----------
    rows : int32 array of shape (n_considered,)
        Items without a given label and with an answer, ascending.
    classes : int32 array of shape (n_considered,)
    confidence : float32 array of shape (n_considered,)
        The probability of that class, 0 to 1.
    """

    rows: NDArray[np.int32]
    classes: NDArray[np.int32]
    confidence: NDArray[np.float32]


def find_candidates(proba: Floats | Rows, context: SelectionContext) -> Candidates:
    """Return the pairs to consider; retired classes are passed over for the next likeliest."""
    found = []
    for rows, block in iter_open_rows(proba, context):
        given = context.candidates
        classes = block.argmax(axis=1) if given is None else given[rows]
        confidence = np.take_along_axis(block, classes[:, None].astype(np.intp), axis=1)[:, 0]
        found.append((rows.astype(np.int32), classes.astype(np.int32), confidence))
    if not found:
        none = np.zeros(0, dtype=np.int32)
        return Candidates(none, none, np.zeros(0, dtype=np.float32))
    return Candidates(*(np.concatenate(column) for column in zip(*found, strict=True)))


def iter_open_rows(
    proba: Floats | Rows, context: SelectionContext
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Yield positions and float32 probabilities of the items that may get a pseudo-label.

    Those are the items without a given label, with an answer, and in a chain accepted so far. A
    retired class has probability 0.

    Raises
    ------
    ValueError
        If ``proba`` does not hold probabilities, or the context does not fit it.
    """
    n_items, n_classes = proba.shape
    check_labels(context.labels, n_items, n_classes)
    active = active_classes(context, n_classes)
    for start in range(0, n_items, ROWS_PER_BLOCK):
        block = _read(proba, start, min(start + ROWS_PER_BLOCK, n_items))
        check_proba(block)
        is_open = (context.labels[start : start + len(block)] == NO_LABEL) & ~np.isnan(block[:, 0])
        if context.candidates is not None:
            is_open &= context.candidates[start : start + len(block)] != NO_LABEL
        if not active.all():
            block = np.where(active, block, 0)
        rows = np.flatnonzero(is_open)
        yield start + rows, block if len(rows) == len(block) else block[rows]


def iter_pool(
    proba: Floats | Rows, context: SelectionContext
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Yield what ``iter_open_rows`` does, of all open items whatever a chain accepted so far."""
    return iter_open_rows(proba, replace(context, candidates=None))


def read_rows(proba: Floats | Rows, rows: Ints, context: SelectionContext) -> NDArray[np.float32]:
    """Return float32 probabilities of some items; a retired class has probability 0."""
    block = proba[rows] if isinstance(proba, np.ndarray) else proba.take(rows)
    active = active_classes(context, proba.shape[1])
    block = np.asarray(block, dtype=np.float32)
    return block if active.all() else np.where(active, block, 0)


def read_history(
    proba: Floats | Rows, rows: Ints, context: SelectionContext
) -> Iterator[NDArray[np.float32]]:
    """Yield what each earlier round said of some items, oldest first; NaN where it had no answer.

    Raises
    ------
    ValueError
        If an earlier round's probabilities have another shape than ``proba``.
    """
    for said in context.history:
        if said.shape != proba.shape:
            raise ValueError(
                f"Earlier rounds must have the shape of proba, {proba.shape}; got {said.shape}."
            )
        yield read_rows(said, rows, context)


def active_classes(context: SelectionContext, n_classes: int) -> Bools:
    """Return which classes accept labels, (n_classes,)."""
    if context.class_active is None:
        return np.ones(n_classes, dtype=np.bool_)
    if context.class_active.shape != (n_classes,):
        raise ValueError(
            f"class_active must have shape ({n_classes},); got {context.class_active.shape}."
        )
    return context.class_active


def _read(proba: Floats | Rows, start: int, stop: int) -> NDArray[np.float32]:
    block = proba[start:stop] if isinstance(proba, np.ndarray) else proba.read(start, stop)
    return np.asarray(block, dtype=np.float32)
