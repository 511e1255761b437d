"""Accept more in each round, in equal classes where the corpus does not speak against it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from annotate.protocols import Floats, Need, Rows, Selection, SelectionContext
from annotate.selection.agreement import N_VOTERS, vote_shares
from annotate.selection.candidates import Candidates, active_classes, find_candidates
from annotate.selection.growing_share import GrowingShare
from annotate.selection.quota import GrowingQuota, select_quotas

# How it was chosen, and what other values gave: docs/methods.md, "growing".
MOST_AGREEMENT_LOST = 0.01


class Growing:
    """Grow by quota where equal classes fit the corpus, else by share.

    A teacher that knows class names alone often prefers some of them, and shares pass that on. A
    quota undoes it where classes are about equally frequent, and forces wrong labels onto small
    ones where they are not. Which is the case shows among neighbours: the corpus is labelled twice
    by the teacher's probabilities, freely and in classes of equal size. If items agree with their
    neighbours almost as often the second way, this round uses ``growing_quota``, else
    ``growing_share``; without neighbours, because there are no features, always the latter.

    References
    ----------
    The two ways are those of GRIP and Curriculum Labeling, see ``growing_quota`` and
    ``growing_share``. Choosing between them by neighbours is ours.
    """

    name = "growing"
    needs: frozenset[Need] = frozenset({"neighbours"})

    def select(self, proba: Floats | Rows, context: SelectionContext) -> Selection:
        """Consider every open item's likeliest class; under a quota also claims of others."""
        way = GrowingQuota() if equal_classes_fit(proba, context) else GrowingShare()
        return way.select(proba, context)


def equal_classes_fit(proba: Floats | Rows, context: SelectionContext) -> bool:
    """Return whether labels in equal classes agree with neighbours about as often as free ones."""
    if context.neighbours is None:
        return False
    # Later in a chain too the question is about the whole corpus.
    context = replace(context, candidates=None)
    likeliest = find_candidates(proba, context)
    quota = len(likeliest.rows) // int(active_classes(context, proba.shape[1]).sum())
    if quota == 0:
        return False
    claimed = select_quotas(proba, context, likeliest, quota).labels(proba.shape[0])
    # What no class claimed, because quotas are rounded and claims collide, keeps its own.
    wanted = claimed[likeliest.rows]
    equal = replace(likeliest, classes=np.where(wanted >= 0, wanted, likeliest.classes))
    lost = _agreement(likeliest, context) - _agreement(equal, context)
    return lost <= MOST_AGREEMENT_LOST


def _agreement(labelled: Candidates, context: SelectionContext) -> float:
    """Return the mean share of an item's neighbours that have its class; given labels vote too."""
    assert context.neighbours is not None
    votes = context.teaching.astype(np.int32)
    votes[labelled.rows] = labelled.classes
    shares = vote_shares(labelled, votes, context.neighbours[:, :N_VOTERS])
    has_voters = ~np.isnan(shares)
    return float(shares[has_voters].mean()) if has_voters.any() else 0.0
