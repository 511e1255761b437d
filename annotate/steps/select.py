"""Select: show what a round would learn from, before anything trains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from annotate.errors import NotReadyError
from annotate.protocols import Ints, Progress, Selection, Selector, no_progress
from annotate.schema import refuse_several_classes
from annotate.selection import SELECTORS
from annotate.selection.chain import chain
from annotate.selection.expected_precision import expected_precision
from annotate.selection.gaps import warn_of_gaps
from annotate.selection.votes import Vote, collect_votes
from annotate.steps.candidates import candidate_proba, selection_context
from annotate.steps.corpus_view import StoredCorpus
from annotate.steps.given_labels import read_given_labels
from annotate.steps.predicting import current_prediction
from annotate.steps.run_settings import default_selectors
from annotate.steps.workspace import Workspace
from annotate.store.history import head_round_no, lineage
from annotate.training.defaults import DEFAULT_ROUNDS


@dataclass(frozen=True)
class SelectReport:
    """What would be accepted.

    Attributes
    ----------
    per_class : dict
        Class name to accepted (items) and expected_precision (mean confidence of the accepted, as
        the teacher tells it; None where nothing is accepted).
    rejected : dict
        Reason to the number of considered items it keeps out.
    votes : list of dict
        For each selector what it says by itself of every item considered, whatever the others say:
        selector, accepted (items) and rejected (reason to items).
    warnings : list of str
        That nothing, or nothing of some class, is accepted.
    """

    teacher: str
    prediction_id: str
    selectors: list[str]
    round_no: int
    n_rounds: int
    n_items: int
    n_considered: int
    n_accepted: int
    expected_precision: float | None
    per_class: dict[str, dict[str, float | int | None]]
    rejected: dict[str, int]
    votes: list[dict[str, Any]]
    warnings: list[str]


def select(
    workspace: Workspace,
    selectors: Sequence[str] | None = None,
    *,
    round_no: int = 1,
    n_rounds: int = DEFAULT_ROUNDS,
    progress: Progress = no_progress,
) -> SelectReport:
    """Apply selectors to the newest predictions and report; nothing is stored.

    Parameters
    ----------
    selectors : sequence of str, optional
        Names with arguments, chained in order; default are the project's.
    round_no, n_rounds : int
        Growing selectors accept more in later rounds: which one to show.

    Raises
    ------
    NotReadyError
        If no teacher has predicted yet.
    ConfigError
        If an item may have several classes, or a setting is impossible.
    """
    refuse_several_classes(workspace.schema, "`annotate select`")
    record = current_prediction(workspace)
    if record is None:
        raise NotReadyError("Selecting needs predictions; there are none. Run `annotate predict`.")
    names = list(selectors or default_selectors(workspace))
    given = read_given_labels(workspace)
    proba = candidate_proba(workspace, record["prediction_id"], given)
    selector = make_chain(names)
    view = view_if_features(workspace, given.training, progress)
    context = selection_context(
        workspace, given, selector.needs, view,
        round_no=round_no, n_rounds=n_rounds, seed=workspace.config.defaults.seed,
        earlier=_before_head(workspace),
    )  # fmt: skip
    selection = selector.select(proba, context)
    n_accepted = np.bincount(selection.classes[selection.accepted], minlength=proba.shape[1])
    precision = expected_precision(selection, proba)
    overall = float(np.nansum(precision * n_accepted) / max(n_accepted.sum(), 1))
    reasons = np.bincount(
        selection.reasons[~selection.accepted], minlength=len(selection.reason_names)
    )
    return SelectReport(
        teacher=record["teacher"],
        prediction_id=record["prediction_id"],
        selectors=names,
        round_no=round_no,
        n_rounds=n_rounds,
        n_items=len(proba),
        n_considered=len(np.unique(selection.rows)),
        n_accepted=int(n_accepted.sum()),
        expected_precision=overall if n_accepted.any() else None,
        per_class={
            spec.name: {
                "accepted": int(n_accepted[spec.class_no]),
                "expected_precision": (
                    float(precision[spec.class_no]) if n_accepted[spec.class_no] else None
                ),
            }
            for spec in workspace.schema.active
        },
        rejected={
            name: int(n) for name, n in zip(selection.reason_names, reasons, strict=True) if n
        },
        votes=[_count_vote(vote) for vote in collect_votes(selector, selection, proba, context)],
        warnings=gaps_of(workspace, selection),
    )


def _count_vote(vote: Vote) -> dict[str, Any]:
    rejected = np.bincount(
        vote.reasons[vote.judged & ~vote.accepted], minlength=len(vote.reason_names)
    )
    return {
        "selector": vote.selector,
        "accepted": int(vote.accepted.sum()),
        "rejected": {why: int(n) for why, n in zip(vote.reason_names, rejected, strict=True) if n},
    }


def gaps_of(workspace: Workspace, selection: Selection) -> list[str]:
    """Return warnings that nothing, or nothing of some active class, is accepted."""
    schema = workspace.schema
    return warn_of_gaps(selection, schema.names, [spec.class_no for spec in schema.active])


def _before_head(workspace: Workspace) -> list[str]:
    """Return the predictions of the rounds that led to the head, oldest first."""
    with workspace.store.read() as connection:
        head = head_round_no(connection)
        rounds = [] if head is None else lineage(connection, head)
    return [record["prediction_id"] for record in rounds[:-1]]


def make_chain(names: Sequence[str]) -> Selector:
    """Return the selectors of these names as one: a later one sees what earlier ones accepted."""
    return chain([SELECTORS.make(name) for name in names])


def view_if_features(workspace: Workspace, labels: Ints, progress: Progress) -> StoredCorpus | None:
    """Return the corpus for selectors that ask neighbours, None where no features exist."""
    view = StoredCorpus(workspace, labels, progress=progress)
    try:
        view.features()
    except NotReadyError:
        return None
    return view
