"""Reject the labels that their neighbours contradict most, as many as are estimated wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from annotate.compute.leave_one_out import estimate_noise_rate, leave_one_out_support
from annotate.errors import NotReadyError
from annotate.protocols import NO_LABEL, Floats, Ints, Need, Rows, Selection, SelectionContext
from annotate.selection.candidates import Candidates, active_classes, find_candidates

# Each reads the features of its neighbours too.
ROWS_PER_BLOCK = 4_096


class LeaveOneOut:
    """Accept what its neighbours support, up to the estimated share of wrong labels.

    An item's support is the share of its neighbours' votes that its class has, where near
    neighbours count more. They vote as for ``agreement``: with the given label if there is one,
    else with the likeliest class. How many labels are wrong is estimated from how often an item and
    the nearest other considered one have equal classes; so many of the considered items are
    rejected, the least supported first, and each that no neighbour supports. Equal support is
    accepted or rejected together, so fewer may be.

    References
    ----------
    The support is that of LOOK (Feng et al. 2022, arXiv:2110.06014). Differs in that it selects
    labels instead of training features, and that the 15 neighbours at hand vote.
    """

    name = "leave_one_out"
    needs: frozenset[Need] = frozenset({"features", "neighbours"})

    def select(self, proba: Floats | Rows, context: SelectionContext) -> Selection:
        """Consider every open item's likeliest class, or that of the chain so far.

        Raises
        ------
        NotReadyError
            If the context has no neighbours or no features.
        """
        found = find_candidates(proba, context)
        if context.neighbours is None or context.features is None:
            raise NotReadyError(
                f"The selector {self.name} needs each item's features and neighbours; there are"
                " none. Run `annotate embed` first."
            )
        support = _support(found, _votes(proba, context), context.neighbours, context.features)
        n_classes = int(active_classes(context, proba.shape[1]).sum())
        cut = find_cut(support, _noise_rate(found, context.neighbours, n_classes))
        accepted = (support >= cut) & (support > 0)
        return Selection(
            rows=found.rows,
            classes=found.classes,
            accepted=accepted,
            weights=accepted.astype(np.float32),
            reasons=np.where(np.isnan(support), 2, ~accepted).astype(np.int8),
            reason_names=(
                "accepted",
                "among the least supported by neighbours, as many as are estimated wrong",
                "no neighbour with a class",
            ),
        )


def find_cut(support: Floats, noise_rate: float) -> float:
    """Return the support of the least supported item to accept, where ``noise_rate`` are wrong.

    Parameters
    ----------
    support : float array of shape (n_items,)
        NaN is passed over.
    noise_rate : float
        0 to 1, below 1.
    """
    known = np.sort(support[~np.isnan(support)])
    return float(known[int(noise_rate * len(known))]) if len(known) else 0.0


def _votes(proba: Floats | Rows, context: SelectionContext) -> NDArray[np.int32]:
    """Return each item's label that may teach, else its likeliest class whatever a chain said."""
    votes = context.teaching.astype(np.int32)
    likeliest = find_candidates(proba, replace(context, candidates=None))
    votes[likeliest.rows] = likeliest.classes
    return votes


def _support(
    found: Candidates, votes: Ints, neighbours: Ints, features: Rows
) -> NDArray[np.float32]:
    support = np.empty(len(found.rows), dtype=np.float32)
    for block in _blocks(len(support)):
        rows = found.rows[block]
        near = neighbours[rows]
        cosines = _cosines(rows, near, features)
        # An item fills the places for which it has no neighbour.
        may_vote = (near != rows[:, None]) & np.isfinite(cosines)
        cast = np.where(may_vote, votes[near], NO_LABEL)
        support[block] = leave_one_out_support(found.classes[block], cast, cosines)
    return support


def _cosines(rows: Ints, near: Ints, features: Rows) -> NDArray[np.float32]:
    """Return (len(rows), k) cosines of items with their neighbours; NaN without features."""
    own = _unit(features.take(rows))
    theirs = _unit(features.take(near.ravel())).reshape(*near.shape, -1)
    return np.matmul(theirs, own[:, :, None])[:, :, 0]


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)


def _noise_rate(found: Candidates, neighbours: Ints, n_classes: int) -> float:
    """Estimate which share of the considered labels is wrong; 0 where no two are neighbours."""
    if n_classes < 2:
        return 0.0
    considered = np.full(len(neighbours), NO_LABEL, dtype=np.int32)
    considered[found.rows] = found.classes
    n_pairs = n_equal = 0
    for block in _blocks(len(found.rows)):
        rows = found.rows[block]
        near = neighbours[rows]
        # Given labels are passed over: they are not as often wrong as those that are judged.
        may_pair = (near != rows[:, None]) & (considered[near] != NO_LABEL)
        first = near[np.arange(len(rows)), may_pair.argmax(axis=1)]
        paired = may_pair.any(axis=1)
        n_pairs += int(paired.sum())
        n_equal += int((considered[first] == found.classes[block])[paired].sum())
    return estimate_noise_rate(n_equal / n_pairs, n_classes) if n_pairs else 0.0


def _blocks(n_rows: int) -> Iterator[slice]:
    for start in range(0, n_rows, ROWS_PER_BLOCK):
        yield slice(start, min(start + ROWS_PER_BLOCK, n_rows))
