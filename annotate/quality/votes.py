"""Votes of several weak sources on items: how they are counted, and what they cover."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import NO_LABEL, Ints


@dataclass(frozen=True)
class FunctionSummary:
    """What one source of votes does, as shares of all items.

    Attributes
    ----------
    coverage : float
        Items it votes on.
    overlaps : float
        Items it and another vote on.
    conflicts : float
        Items on which another votes for another class.
    n_labelled : int
        Items with a vote of its and a known label.
    accuracy : float, optional
        Share of those that it gets right; None where there is none.
    """

    coverage: float
    overlaps: float
    conflicts: float
    n_labelled: int
    accuracy: float | None


def check_votes(votes: Ints, n_classes: int) -> None:
    """Raise ValueError unless ``votes`` is (n_items, n_functions) of -1 or a class, not all -1."""
    if votes.ndim != 2 or not votes.size:
        raise ValueError(f"votes must have shape (n_items, n_functions); got {votes.shape}.")
    if votes.min() < NO_LABEL or votes.max() >= n_classes:
        raise ValueError(
            f"votes must be -1 or below {n_classes}; got {votes.min()} to {votes.max()}."
        )
    if votes.max() == NO_LABEL:
        raise ValueError("votes must hold at least one vote; all abstain.")


def one_hot_votes(votes: Ints, n_classes: int) -> Any:
    """Return a sparse (n_items, n_functions * n_classes) array: 1 where function j votes c."""
    from scipy.sparse import csr_array

    items, functions = np.nonzero(votes >= 0)
    cells = functions * n_classes + votes[items, functions]
    shape = (len(votes), votes.shape[1] * n_classes)
    return csr_array((np.ones(len(items)), (items, cells)), shape=shape)


def vote_shares(votes: Ints, n_classes: int) -> NDArray[np.float64]:
    """Return (n_items, n_classes) share of the votes for each class; NaN where all abstain."""
    items, functions = np.nonzero(votes >= 0)
    cells = items * n_classes + votes[items, functions]
    counts = np.bincount(cells, minlength=len(votes) * n_classes).reshape(len(votes), n_classes)
    totals = counts.sum(axis=1, keepdims=True)
    return np.where(totals > 0, counts / np.maximum(totals, 1), np.nan)


def in_conflict(votes: Ints, n_classes: int) -> NDArray[np.bool_]:
    """Return (n_items,) True where votes name two classes or more."""
    shares = vote_shares(votes, n_classes)
    return np.asarray((shares > 0).sum(axis=1) > 1)


def summarise_votes(votes: Ints, labels: Ints, n_classes: int) -> list[FunctionSummary]:
    """Return what each function covers, where it differs from others, and how often it is right.

    Parameters
    ----------
    votes : int array of shape (n_items, n_functions)
        -1 where the function abstains.
    labels : int array of shape (n_items,)
        Known labels, -1 elsewhere.
    n_classes : int
    """
    voted = votes >= 0
    shared = voted & (voted.sum(axis=1) > 1)[:, None]
    differs = voted & in_conflict(votes, n_classes)[:, None]
    known = voted & (labels >= 0)[:, None]
    right = known & (votes == labels[:, None])
    n_items = max(len(votes), 1)
    return [
        FunctionSummary(
            coverage=float(voted[:, j].sum() / n_items),
            overlaps=float(shared[:, j].sum() / n_items),
            conflicts=float(differs[:, j].sum() / n_items),
            n_labelled=int(known[:, j].sum()),
            accuracy=float(right[:, j].sum() / known[:, j].sum()) if known[:, j].any() else None,
        )
        for j in range(votes.shape[1])
    ]
