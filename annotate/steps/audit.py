"""Audit: draw items at random, and say how many of the answers the model would have given."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from annotate.compute.seeding import seeded_generator
from annotate.errors import ConfigError
from annotate.protocols import NO_LABEL, Bools, Ints
from annotate.quality.share import Share, share_of
from annotate.review.measuring import AUDIT
from annotate.steps.given_labels import GivenLabels, read_given_labels
from annotate.steps.measured_answers import audited, measured_answers
from annotate.steps.open_items import open_mask
from annotate.steps.people import require_owner
from annotate.steps.snapshot import Snapshot, current_summary
from annotate.steps.workspace import Workspace
from annotate.store.leases import leased_items
from annotate.store.queue_front import ask_first, read_queue_front


@dataclass(frozen=True)
class AuditOutcome:
    """What people's answers to an audit say of a prediction, item by item.

    Attributes
    ----------
    settled : bool array of shape (n_items,)
        The answers tell whether the prediction is right.
    right : bool array of shape (n_items,)
        It is; False where nothing is settled.
    """

    settled: Bools
    right: Bools


@dataclass(frozen=True)
class AuditReport:
    """What the audit has shown so far.

    Attributes
    ----------
    n_drawn, n_answered : int
        A skip is an answer.
    n_led : int
        Items of those answered, and of a spot check's, that are left out everywhere, because
        somebody had a suggestion in front of them.
    n_unsettled : int
        Items answered blind that do not tell whether the prediction is right; see ``judge_audit``.
    right : Share
        Of the items that do, how many the prediction in force has right; 0 of 0 without one.
    open_items : tuple of int
        Drawn, and not answered yet, in the order drawn.
    """

    n_drawn: int
    n_answered: int
    n_led: int
    n_unsettled: int
    right: Share
    open_items: tuple[int, ...]


def draw_audit(workspace: Workspace, n_items: int, seed: int, *, by: str) -> int:
    """Draw items at random, to be asked blind; return how many there were to draw.

    Drawn from the items that people have not labelled, whatever a model says of them, so that the
    answers speak for the labels that models give. Each draw adds to those before. Items in front of
    somebody are left out: their suggestion has been seen. That leans the sample away from what the
    queue puts first, by as many items as open pages hold.

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
        seen = leased_items(connection, time.time())
    may_be_drawn = (given.current == NO_LABEL) & ~given.dropped & ~given.human.decided
    may_be_drawn[asked] = False
    may_be_drawn[seen] = False
    items = np.flatnonzero(may_be_drawn)
    chosen = seeded_generator(seed, "audit").choice(items, min(n_items, len(items)), replace=False)
    with workspace.store.write() as connection:
        ask_first(connection, chosen.tolist(), AUDIT)
    return len(chosen)


def judge_audit(given: GivenLabels, predicted: Ints) -> AuditOutcome:
    """Return what the answers to an audit say of a prediction: one rule for every page.

    Right is an item whose label, agreed or ruled, is the class predicted. Wrong is one with another
    label, one of which that class was refused, and one that people only skipped. Nothing is settled
    by a conflict before an owner rules, nor by the refusal of another class. Items that people were
    led to are left out; see ``HumanLabels.led``.

    Parameters
    ----------
    predicted : int array of shape (n_items,)
        The likeliest class, -1 for no answer.
    """
    human = given.human
    items, classes = human.rejected[:, 0], human.rejected[:, 1]
    refused, refused_guess = (np.zeros(len(predicted), dtype=bool) for _ in range(2))
    refused[items] = True
    refused_guess[items[predicted[items] == classes]] = True
    has_label = human.labels != NO_LABEL
    settled = audited(given) & ~human.conflict & (has_label | refused_guess | ~refused)
    return AuditOutcome(settled, settled & has_label & (human.labels == predicted))


def judge_measuring(given: GivenLabels, predicted: Ints) -> tuple[Bools, Bools]:
    """Return which items measure a prediction, and on which of them it is right."""
    answers = measured_answers(given)
    audit = judge_audit(given, predicted)
    measured = answers.gold | answers.spot_check | audit.settled
    right = np.where(audit.settled, audit.right, predicted == answers.truth)
    return measured, measured & right


def read_audit(workspace: Workspace, snapshot: Snapshot) -> AuditReport:
    """Return what the answers to the audit say of the prediction in force."""
    given = snapshot.labels.given
    is_audit = snapshot.asked_first["reason"] == AUDIT
    drawn = snapshot.asked_first.loc[is_audit, "item_no"].to_numpy(dtype=np.int64)
    drawn = drawn[~given.dropped[drawn]]
    outcome = judge_audit(given, current_summary(workspace, snapshot).predicted)
    return AuditReport(
        n_drawn=len(drawn),
        n_answered=int(given.human.decided[drawn].sum()),
        n_led=int((given.human.led & ~given.dropped).sum()),
        n_unsettled=int((audited(given) & ~outcome.settled).sum()),
        right=share_of(outcome.right[outcome.settled]) if snapshot.prediction else Share(0, 0),
        open_items=tuple(drawn[open_mask(given)[drawn]].tolist()),
    )
