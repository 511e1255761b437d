"""Stopping: what a project knows of whether people may stop answering."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from annotate.compute.seeding import seeded_generator
from annotate.protocols import NO_LABEL, Bools, Ints
from annotate.quality.share import share_of
from annotate.quality.stopping import N_UPDATES, StopEvidence
from annotate.steps.audit import judge_measuring
from annotate.steps.given_labels import GivenLabels, decided_mask
from annotate.steps.measured_answers import audited, measured_answers
from annotate.steps.order_context import ProbaInForce
from annotate.steps.predicting import StoredProba, current_prediction
from annotate.steps.workspace import Workspace
from annotate.store.history import Record, head_round_no, lineage

STOP_SET_ITEMS = 2_000
# A model that hardly anything was added to agrees with the one before whatever it is worth.
LEAST_ANSWERS = 20


def read_stop_evidence(workspace: Workspace, given: GivenLabels) -> StopEvidence:
    """Return what is known; without a prediction nothing is measured."""
    answers = measured_answers(given)
    record = current_prediction(workspace)
    measured: Bools = np.zeros(len(given.current), dtype=bool)
    right: Bools = measured
    if record is not None:
        rows = np.flatnonzero((answers.truth != NO_LABEL) | audited(given))
        predicted = np.full(len(given.current), NO_LABEL)
        predicted[rows] = _guess(workspace, record["prediction_id"], rows)
        measured, right = judge_measuring(given, predicted)
    is_random = measured & ~answers.gold
    here = ~given.dropped
    return StopEvidence(
        guesses=_successive_guesses(workspace, given),
        random=share_of(right[is_random]),
        measured=share_of(right[measured]),
        n_items=int(here.sum()),
        n_decided=int((decided_mask(given) & here).sum()),
    )


def _successive_guesses(workspace: Workspace, given: GivenLabels) -> tuple[NDArray[np.int64], ...]:
    """Return what the head and the models before it say, each taught by 20 answers more."""
    with workspace.store.read() as connection:
        rounds = _models_so_far(connection)
    chosen: list[str] = []
    fewer_than = np.inf
    for record in reversed(rounds):
        n_given = record["metrics"]["n_given"]
        if n_given <= fewer_than - LEAST_ANSWERS and len(chosen) <= N_UPDATES:
            chosen.append(record["prediction_id"])
            fewer_than = n_given
    items = np.flatnonzero(~given.dropped)
    generator = seeded_generator(0, "stop set")
    stop_set = np.sort(generator.choice(items, min(STOP_SET_ITEMS, len(items)), replace=False))
    return tuple(_guess(workspace, number, stop_set) for number in reversed(chosen))


def _models_so_far(connection: Connection) -> list[Record]:
    """Return the rounds that led to the head, also over runs that began with a teacher anew."""
    rounds: list[Record] = []
    number = head_round_no(connection)
    while number is not None and number >= 0:
        rounds = [*lineage(connection, number), *rounds]
        number = rounds[0]["round_no"] - 1
    return rounds


def _guess(workspace: Workspace, prediction_id: str, rows: Ints) -> NDArray[np.int64]:
    """Return the likeliest class of each row, -1 where there is no answer."""
    schema = workspace.schema
    stored = StoredProba(workspace.store, prediction_id, schema)
    proba = ProbaInForce(stored, schema, workspace.n_items()).take(rows)
    return np.where(np.isnan(proba[:, 0]), NO_LABEL, np.nan_to_num(proba).argmax(axis=1))
