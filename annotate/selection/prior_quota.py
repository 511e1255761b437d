"""A quota for each class in proportion to how frequent the class probably is."""

from __future__ import annotations

import numpy as np

from annotate.protocols import NO_NEEDS, Floats, Rows, Selection, SelectionContext
from annotate.selection.candidates import active_classes, find_candidates
from annotate.selection.class_prior import corpus_class_prior
from annotate.selection.quota import select_quotas


class PriorQuota:
    """Accept the likeliest items of each class, so many as its estimated share of the corpus.

    In round t of I the quotas add up to t / I of the open items; each active class has at least
    one. Unlike ``growing_quota`` it does not suppose equal classes, and unlike ``growing_share`` an
    item may count for another class than its likeliest.

    References
    ----------
    The quota is that of GRIP, see ``growing_quota``; the shares are those of Saerens et al. 2002,
    see ``class_prior.estimate_class_prior``. Putting them together is ours.
    """

    name = "prior_quota"
    needs = NO_NEEDS

    def select(self, proba: Floats | Rows, context: SelectionContext) -> Selection:
        """Consider every open item's likeliest class, and each claim of another class."""
        likeliest = find_candidates(proba, context)
        shares = corpus_class_prior(proba, context)
        grown = min(1.0, context.round_no / context.n_rounds) * len(likeliest.rows)
        quotas = np.maximum(np.floor(grown * shares), 1).astype(np.int64)
        quotas *= active_classes(context, proba.shape[1])
        return select_quotas(proba, context, likeliest, quotas)
