"""A limit on the loss that shrinks with the rounds."""

from __future__ import annotations

import numpy as np

from annotate.errors import ConfigError
from annotate.protocols import Floats, Need, Rows, Selection, SelectionContext
from annotate.selection.candidates import find_candidates, iter_pool, read_history

# Published: a little slack over the mean, and the limit at which shrinking ends.
SLACK = 1.0001
LEAST_LIMIT = 0.05
LEAST_CONFIDENCE = 1e-7


class Dash:
    """Accept a label if its loss, -ln of its probability, is at most a limit that shrinks.

    In round t the limit is 1.0001 * shrink^-(t - 1) times the mean loss of the first teacher, at
    least 0.05, which is a confidence of 0.951. An unsure first teacher sets a generous limit, and
    later rounds must be surer.

    Parameters
    ----------
    shrink : float or str
        What the limit is divided by from one round to the next, above 1; registered as
        ``dash:1.27``.

    References
    ----------
    Xu et al. 2021 (Dash), ICML, algorithm 1; 1.27 is the factor of the USB benchmark for ten
    epochs. Differs in that the first loss is measured on the open items against the teacher's own
    likeliest classes, as is every later one: a linear teacher has next to no loss on the few labels
    that it learnt, so the limit would start at its end. Labels are hard from the first round on.
    """

    needs: frozenset[Need] = frozenset({"history"})

    def __init__(self, shrink: float | str = 1.27) -> None:
        try:
            self.shrink = float(shrink)
        except ValueError:
            self.shrink = 0.0
        if not 1 < self.shrink < np.inf:
            raise ConfigError(f"The shrinking of dash must be a number above 1; got {shrink!r}.")
        self.name = f"dash:{self.shrink:g}"

    def select(self, proba: Floats | Rows, context: SelectionContext) -> Selection:
        """Consider every open item's likeliest class, or that of the chain so far."""
        found = find_candidates(proba, context)
        shrunk = SLACK * self.shrink ** (1 - context.round_no) * first_loss(proba, context)
        limit = max(shrunk, LEAST_LIMIT)
        accepted = _loss(found.confidence) <= limit
        return Selection(
            rows=found.rows,
            classes=found.classes,
            accepted=accepted,
            weights=accepted.astype(np.float32),
            reasons=(~accepted).astype(np.int8),
            reason_names=("accepted", f"confidence below {np.exp(-limit):.2f}"),
        )


def first_loss(proba: Floats | Rows, context: SelectionContext) -> float:
    """Return the mean of -ln(confidence) that the first round's teacher has on the open items."""
    total, n_answered = 0.0, 0
    for rows, block in iter_pool(proba, context):
        first = next(read_history(proba, rows, context), block)
        confidence = first.max(axis=1)
        confidence = confidence[~np.isnan(confidence)]
        total += float(_loss(confidence).sum(dtype=np.float64))
        n_answered += len(confidence)
    return total / max(n_answered, 1)


def _loss(confidence: Floats) -> Floats:
    return -np.log(np.maximum(confidence, LEAST_CONFIDENCE))
