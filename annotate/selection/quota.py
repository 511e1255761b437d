"""Accept each class's most confident items, a given number per class."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annotate.protocols import NO_NEEDS, Floats, Ints, Rows, Selection, SelectionContext
from annotate.selection.candidates import (
    Candidates,
    active_classes,
    find_candidates,
    iter_open_rows,
)
from annotate.selection.claims import with_claims
from annotate.selection.settings import read_count


class Quota:
    """Accept the ``k`` likeliest items of each class.

    Every class gets examples, also one that the teacher is never sure of: an item counts for a
    class even where another class is likelier. Where two classes claim an item the likelier keeps
    it, and the other does not refill: it is left with fewer rather than with worse.

    Parameters
    ----------
    k : int or str
        Items per class, 1 or more; registered as ``quota:16``.

    References
    ----------
    Menghini et al. 2023 (FPL), arXiv:2306.01669. Differs in that an item is accepted for one class
    only, and that ties keep item order.
    """

    needs = NO_NEEDS

    def __init__(self, k: int | str = 16) -> None:
        self.k = read_count(k, "The quota")
        self.name = f"quota:{self.k}"

    def select(self, proba: Floats | Rows, context: SelectionContext) -> Selection:
        """Consider every open item's likeliest class, and each claim of another class."""
        likeliest = find_candidates(proba, context)
        return select_quotas(proba, context, likeliest, self.k)


class GrowingQuota:
    """A quota that grows with the rounds, until in the last one it covers the corpus.

    In round t of I the quota is floor(t * floor(|U| / I) / C), at least 1 and at most
    floor(|U| / C), where U are the open items and C the number of active classes.

    It supposes classes of like size: on unequal ones its last rounds force labels onto the small
    classes.

    References
    ----------
    Menghini et al. 2023 (GRIP), arXiv:2306.01669.
    """

    name = "growing_quota"
    needs = NO_NEEDS

    def select(self, proba: Floats | Rows, context: SelectionContext) -> Selection:
        """Consider every open item's likeliest class, and each claim of another class."""
        n_classes = proba.shape[1]
        likeliest = find_candidates(proba, context)
        n_active = int(active_classes(context, n_classes).sum())
        quota = growing_quota(len(likeliest.rows), n_active, context.round_no, context.n_rounds)
        return select_quotas(proba, context, likeliest, quota)


def growing_quota(n_open: int, n_classes: int, round_no: int, n_rounds: int) -> int:
    """Return how many items per class round ``round_no`` of ``n_rounds`` accepts, at least 1."""
    grown = round_no * (n_open // n_rounds) // n_classes
    return max(1, min(grown, n_open // n_classes))


def select_quotas(
    proba: Floats | Rows, context: SelectionContext, likeliest: Candidates, quota: int | Ints
) -> Selection:
    """Return what a quota of ``quota`` items for each class accepts.

    Parameters
    ----------
    proba : float array or Rows of shape (n_items, n_classes)
    context : SelectionContext
    likeliest : Candidates
        From ``find_candidates`` on the same probabilities.
    quota : int or int array of shape (n_classes,)
        Of all classes, or of each. Retired classes have none.
    """
    claimed = _claim(proba, context, quota)
    rows, classes = with_claims(likeliest, claimed[likeliest.rows])
    accepted = claimed[rows] == classes
    reasons = np.where(accepted, 0, np.where(claimed[rows] >= 0, 2, 1)).astype(np.int8)
    return Selection(
        rows=rows,
        classes=classes,
        accepted=accepted,
        weights=accepted.astype(np.float32),
        reasons=reasons,
        reason_names=(
            "accepted",
            "not among its class's most confident",
            "accepted for another class",
        ),
        equal_classes=isinstance(quota, int),
    )


def _claim(proba: Floats | Rows, context: SelectionContext, quota: int | Ints) -> NDArray[np.int32]:
    """Return (n_items,) the class that keeps each item, -1 = none."""
    n_items, n_classes = proba.shape
    active = active_classes(context, n_classes)
    tops = [_Top(int(k)) for k in np.broadcast_to(quota, n_classes) * active]
    for rows, block in iter_open_rows(proba, context):
        by_class = np.ascontiguousarray(block.T)
        for class_no, top in enumerate(tops):
            if context.candidates is None:
                top.add(by_class[class_no], rows)
            else:
                own = np.flatnonzero(context.candidates[rows] == class_no)
                top.add(by_class[class_no][own], rows[own])
    claimed = np.full(n_items, -1, dtype=np.int32)
    # From 0 on: a class with probability 0 (refused by a reviewer, added later) claims nothing.
    best = np.zeros(n_items, dtype=np.float32)
    for class_no, top in enumerate(tops):
        # Strictly likelier, so that equal claims go to the class with the lower number.
        likelier = top.values > best[top.rows]
        claimed[top.rows[likelier]] = class_no
        best[top.rows[likelier]] = top.values[likelier]
    return claimed


class _Top:
    """The k largest values seen so far, in row order; of equal ones the earlier rows stay."""

    def __init__(self, k: int) -> None:
        self.k = k
        self.values: NDArray[np.float32] = np.zeros(0, dtype=np.float32)
        self.rows: NDArray[np.int64] = np.zeros(0, dtype=np.int64)

    def add(self, values: NDArray[np.float32], rows: NDArray[np.int64]) -> None:
        """Consider more rows, all of them later than those seen before."""
        if self.k == 0:
            return
        if len(self.values) == self.k:
            fresh = np.flatnonzero(values > self.values.min())
            values, rows = values[fresh], rows[fresh]
        self.values = np.concatenate([self.values, values])
        self.rows = np.concatenate([self.rows, rows])
        if len(self.values) > self.k:
            kept = largest(self.values, self.k)
            self.values, self.rows = self.values[kept], self.rows[kept]


def largest(values: NDArray[np.float32], k: int) -> NDArray[np.intp]:
    """Return the positions of the ``k`` largest values, ascending; earlier ones win ties."""
    smallest_kept = np.partition(values, len(values) - k)[len(values) - k]
    above = np.flatnonzero(values > smallest_kept)
    equal = np.flatnonzero(values == smallest_kept)[: k - len(above)]
    return np.sort(np.concatenate([above, equal]))
