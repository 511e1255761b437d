"""Audit: draw items at random, and say how many of the answers the model would have given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotate.compute.seeding import seeded_generator
from annotate.errors import ConfigError
from annotate.protocols import NO_LABEL, Ints
from annotate.review.measuring import AUDIT
from annotate.steps.given_labels import GivenLabels, read_given_labels
from annotate.steps.people import require_owner
from annotate.steps.predicting import StoredProba, current_prediction
from annotate.steps.summaries import class_active
from annotate.steps.workspace import Workspace
from annotate.store.queue_front import ask_first, read_queue_front

CONFIDENCE = 0.95


@dataclass(frozen=True)
class AuditReport:
    """What the audit has shown so far.

    Attributes
    ----------
    n_drawn, n_answered : int
        A skip is an answer.
    n_right : int
        Answers that are the class the current prediction finds likeliest.
    accuracy : float or None
        ``n_right / n_answered``; None without answers or without a prediction.
    low, high : float
        Exact 95 % interval of the accuracy (Clopper & Pearson 1934).
    open_items : tuple of int
        Drawn, and not answered yet, in the order drawn.
    """

    n_drawn: int
    n_answered: int
    n_right: int
    accuracy: float | None
    low: float
    high: float
    open_items: tuple[int, ...]


def draw_audit(workspace: Workspace, n_items: int, seed: int, *, by: str) -> int:
    """Draw items at random, to be asked blind; return how many there were to draw.

    Drawn from the items that people have not labelled, whatever a model says of them, so that the
    answers speak for the labels that models give. Each draw adds to those before.

    Raises
    ------
    NotAllowedError
        If ``by`` does not own the project.
    ConfigError
        If ``n_items`` is below 1.
    """
    require_owner(workspace, by, "draw an audit")
    if n_items < 1:
        raise ConfigError(f"An audit needs 1 item or more; got {n_items}.")
    given = read_given_labels(workspace)
    with workspace.store.read() as connection:
        asked = read_queue_front(connection)["item_no"].to_numpy(dtype=np.int64)
    may_be_drawn = (given.current == NO_LABEL) & ~given.dropped & ~given.human.decided
    may_be_drawn[asked] = False
    items = np.flatnonzero(may_be_drawn)
    chosen = seeded_generator(seed, "audit").choice(items, min(n_items, len(items)), replace=False)
    with workspace.store.write() as connection:
        ask_first(connection, chosen.tolist(), AUDIT)
    return len(chosen)


def read_audit(workspace: Workspace) -> AuditReport:
    """Return what the answers to the audit say of the current prediction."""
    given = read_given_labels(workspace)
    with workspace.store.read() as connection:
        front = read_queue_front(connection)
    drawn = front.loc[front["reason"] == AUDIT, "item_no"].to_numpy(dtype=np.int64)
    drawn = drawn[~given.dropped[drawn]]
    answered = drawn[given.human.decided[drawn]]
    n_right = _n_right(workspace, given, answered)
    open_items = tuple(drawn[~given.human.decided[drawn]].tolist())
    if n_right is None or len(answered) == 0:
        return AuditReport(len(drawn), len(answered), 0, None, 0.0, 1.0, open_items)
    from scipy.stats import binomtest

    interval = binomtest(n_right, len(answered)).proportion_ci(CONFIDENCE, method="exact")
    return AuditReport(
        len(drawn), len(answered), n_right, n_right / len(answered), interval.low, interval.high,
        open_items,
    )  # fmt: skip


def _n_right(workspace: Workspace, given: GivenLabels, answered: Ints) -> int | None:
    record = current_prediction(workspace)
    if record is None:
        return None
    proba = StoredProba(workspace.store, record["prediction_id"], workspace.schema).take(answered)
    has_answer = ~np.isnan(proba[:, 0])
    in_force = np.where(class_active(workspace.schema)[: proba.shape[1]], proba, -1)
    right = in_force.argmax(axis=1) == given.human.labels[answered]
    return int((has_answer & right).sum())
