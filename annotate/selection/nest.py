"""Accept what diverges least from the labelled items nearest to it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annotate.compute.nearest import NEVER, nearest_rows
from annotate.errors import NotReadyError
from annotate.protocols import NO_LABEL, Floats, Ints, Need, Rows, Selection, SelectionContext
from annotate.selection.candidates import find_candidates, read_rows
from annotate.selection.reweighting import reweigh

# Published.
N_NEAREST = 7
AMONG_NEIGHBOURS = 0.1
PER_LABEL = 10
LEAST_CONFIDENCE = 0.9
# Seven times the classes are held for each row.
ROWS_AT_ONCE = 8_192
LEAST_PROBABILITY = 1e-7


class NeST:
    """Accept the items least divergent from labelled neighbours, ten a label, if above 0.9.

    Divergence is the mean KL(p || p_n) over the seven nearest labelled items n, plus 0.1 times the
    mean KL between two of them: what the teacher says here, there, and how much it varies there.

    References
    ----------
    NeST as reproduced by Schröder & Heyer 2024 (HAST), EMNLP. Takes the least divergent, as meant:
    their code seems to take the most divergent, by two changes of sign. Differs in that divergence
    is not averaged over rounds, and that neighbours are by fixed features. A round already lets
    pseudo-labels weigh as much as given labels, their 0.5 each.
    """

    name = "nest"
    needs: frozenset[Need] = frozenset({"features"})

    def select(self, proba: Floats | Rows, context: SelectionContext) -> Selection:
        """Consider every open item's likeliest class, or that of the chain so far.

        Raises
        ------
        NotReadyError
            If the context has no features, or no labelled item has features and an answer.
        """
        found = find_candidates(proba, context)
        scores = divergences(proba, context, found.rows)
        n_wanted = PER_LABEL * int((context.teaching != NO_LABEL).sum())
        near = np.zeros(len(scores), dtype=np.bool_)
        near[np.argsort(scores, kind="stable")[:n_wanted]] = True
        near &= np.isfinite(scores)
        accepted = near & (found.confidence > LEAST_CONFIDENCE)
        return Selection(
            rows=found.rows,
            classes=found.classes,
            accepted=accepted,
            weights=accepted.astype(np.float32),
            reasons=np.where(accepted, 0, np.where(near, 2, 1)).astype(np.int8),
            reason_names=(
                "accepted",
                f"not among the {PER_LABEL} a label that diverge least from labelled neighbours",
                f"confidence not above {LEAST_CONFIDENCE:g}",
            ),
        )


def divergences(proba: Floats | Rows, context: SelectionContext, rows: Ints) -> NDArray[np.float64]:
    """Return (n,) how far items are from their labelled neighbours; inf without features.

    Raises
    ------
    NotReadyError
        If the context has no features, or no labelled item has features and an answer.
    """
    if context.features is None:
        raise NotReadyError(
            "The selector nest needs features; there are none. Run `annotate embed` first."
        )
    labelled = np.flatnonzero(context.teaching != NO_LABEL)
    base, base_proba = context.features.take(labelled), _read(proba, labelled, context)
    usable = np.isfinite(base).all(axis=1) & np.isfinite(base_proba).all(axis=1)
    if not usable.any():
        raise NotReadyError(
            "The selector nest needs labelled items with features and a prediction; there are none."
            " Label some, or use another selector such as threshold:0.9."
        )
    base, base_proba = base[usable], base_proba[usable]
    k = min(N_NEAREST, len(base))
    scores = np.empty(len(rows))
    for start in range(0, len(rows), ROWS_AT_ONCE):
        block = slice(start, start + ROWS_AT_ONCE)
        nearest, cosines = nearest_rows(context.features.take(rows[block]), base, k)
        score = _divergence(_read(proba, rows[block], context), base_proba[nearest])
        scores[block] = np.where(cosines[:, 0] > NEVER, score, np.inf)
    return scores


def _read(proba: Floats | Rows, rows: Ints, context: SelectionContext) -> NDArray[np.float32]:
    """Return probabilities of some items over the classes in use, rows that sum to 1."""
    return reweigh(read_rows(proba, rows, context), np.ones(proba.shape[1]))


def _divergence(own: Floats, near: Floats) -> NDArray[np.float64]:
    """Return (n,) the score of items (n, n_classes) with neighbours (n, k, n_classes)."""
    own_log, near_log = _log(own), _log(near)
    to_neighbours = (own * (own_log - near_log.mean(axis=1))).sum(axis=1)
    k = near.shape[1]
    # Over all ordered pairs, of which those of one with itself are 0.
    within = k * (near * near_log).sum(axis=(1, 2))
    across = (near.sum(axis=1) * near_log.sum(axis=1)).sum(axis=1)
    among = (within - across) / max(k * (k - 1), 1)
    score: NDArray[np.float64] = to_neighbours + AMONG_NEIGHBOURS * among
    return score


def _log(proba: Floats) -> NDArray[np.float64]:
    return np.log(np.maximum(proba, LEAST_PROBABILITY, dtype=np.float64))
