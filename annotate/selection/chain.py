"""Several selectors in a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from annotate.protocols import Floats, Need, Rows, Selection, SelectionContext, Selector


class Chain:
    """Each selector decides only about what the earlier ones accepted; weights multiply.

    Parameters
    ----------
    selectors : sequence of Selector
        One or more, in order.
    """

    def __init__(self, selectors: Sequence[Selector]) -> None:
        if not selectors:
            raise ValueError("A chain must have at least one selector; got none.")
        self.selectors = tuple(selectors)
        self.name = " > ".join(selector.name for selector in self.selectors)
        self.needs = frozenset[Need]().union(*(selector.needs for selector in self.selectors))

    def select(self, proba: Floats | Rows, context: SelectionContext) -> Selection:
        """Return the first selector's pairs with the verdict of the last that saw each."""
        result = self.selectors[0].select(proba, context)
        n_items = proba.shape[0]
        for selector in self.selectors[1:]:
            candidates = result.labels(n_items)
            verdict = selector.select(proba, replace(context, candidates=candidates))
            result = _join(result, verdict)
        return result


def chain(selectors: Sequence[Selector]) -> Selector:
    """Return one selector that applies all in order; a single one is returned as it is."""
    return selectors[0] if len(selectors) == 1 else Chain(selectors)


def _join(earlier: Selection, later: Selection) -> Selection:
    """Return the earlier selection with the later one's verdicts on what it had accepted."""
    judged = np.flatnonzero(earlier.accepted)
    if not np.array_equal(earlier.rows[judged], later.rows) or not np.array_equal(
        earlier.classes[judged], later.classes
    ):
        raise ValueError(
            "A selector in a chain must judge each pair accepted so far, and no other."
        )
    accepted, weights = earlier.accepted.copy(), earlier.weights.copy()
    reasons = earlier.reasons.copy()
    accepted[judged] = later.accepted
    weights[judged] *= later.weights
    shift = len(earlier.reason_names) - 1
    reasons[judged] = np.where(later.reasons == 0, 0, later.reasons + shift)
    return Selection(
        rows=earlier.rows,
        classes=earlier.classes,
        accepted=accepted,
        weights=weights,
        reasons=reasons,
        reason_names=(*earlier.reason_names, *later.reason_names[1:]),
        equal_classes=earlier.equal_classes and bool(later.accepted.all()),
    )
