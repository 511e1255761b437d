"""Overview: what a project's decisions, predictions and measuring answers amount to."""

from __future__ import annotations

import numpy as np
import pandas as pd

from annotate.corpus.printable import printable
from annotate.protocols import NO_LABEL, Bools
from annotate.quality.share import share_of
from annotate.review.class_board import class_rows
from annotate.review.decision_rules import DECIDING, LABELLING
from annotate.review.overview import MeasuredAccuracy, Overview, ReviewerRow
from annotate.review.pace import measure_pace, total_pace
from annotate.review.prediction_summary import PredictionSummary
from annotate.steps.audit import judge_measuring
from annotate.steps.given_labels import decided_mask
from annotate.steps.labels import SOURCES
from annotate.steps.measured_answers import measured_answers
from annotate.steps.run_settings import ACCEPT_LABELS
from annotate.steps.snapshot import Snapshot, current_summary
from annotate.steps.status import read_status
from annotate.steps.stopping import read_stop_evidence
from annotate.steps.workspace import Workspace
from annotate.store.decisions import read_acts

_SURE = float(ACCEPT_LABELS.partition(":")[2])
_COUNTED = {
    "n_labels": (*LABELLING, "adjudicate"),
    "n_rejections": ("reject",),
    "n_skips": ("skip",),
    "n_derived": ("derive",),
}


def read_overview(workspace: Workspace, snapshot: Snapshot) -> Overview:
    """Return the overview of a snapshot."""
    labels, given = snapshot.labels, snapshot.labels.given
    status = read_status(workspace, labels)
    summary = current_summary(workspace, snapshot)
    here = ~given.dropped
    is_done = decided_mask(given)
    with workspace.store.read() as connection:
        reviewers = _reviewers(read_acts(connection))
    return Overview(
        n_items=int(here.sum()),
        n_done=int((is_done & here).sum()),
        n_labelled=int(((labels.labels != NO_LABEL) & here).sum()),
        n_conflicts=status.n_conflicts,
        n_asked=status.n_spot_check_open,
        quarantine=status.quarantine,
        labels_by_source={k: n for k, n in status.labels_by_source.items() if k != SOURCES[0]},
        classes=class_rows(snapshot.schema, labels.labels, labels.sources, SOURCES, summary),
        has_predictions=snapshot.prediction is not None,
        accuracy=_accuracy(snapshot, summary),
        reviewers=reviewers,
        pace=total_pace(tuple(row.pace for row in reviewers if row.pace is not None)),
        stopping=read_stop_evidence(workspace, given),
        next_step=status.next_step,
    )


def _accuracy(snapshot: Snapshot, summary: PredictionSummary) -> tuple[MeasuredAccuracy, ...]:
    answers = measured_answers(snapshot.labels.given)
    measured, right = judge_measuring(snapshot.labels.given, summary.predicted)
    # What measures has no pseudo-label itself; the prediction says which it would have.
    is_sure = summary.confidence >= _SURE if snapshot.labels.head else np.zeros_like(right)

    def judge(judged_by: str, rows: Bools) -> MeasuredAccuracy:
        return MeasuredAccuracy(judged_by, share_of(right[rows]), share_of(right[rows & is_sure]))

    kinds = {
        "held-back gold": answers.gold,
        "spot check": answers.spot_check,
        "audit": measured & ~answers.gold & ~answers.spot_check,
    }
    present = {name: rows for name, rows in kinds.items() if rows.any()}
    if not present or snapshot.prediction is None:
        return ()
    if len(present) > 1:
        present = {"all of them": measured, **present}
    return tuple(judge(name, rows) for name, rows in present.items())


def _reviewers(acts: pd.DataFrame) -> tuple[ReviewerRow, ...]:
    """Return one row a reviewer, busiest first."""
    acts = acts[~acts["event_id"].isin(acts.loc[acts["kind"] == "undo", "undoes"])]
    acts = acts[acts["kind"] != "undo"]
    names, who = np.unique(acts["reviewer"].to_numpy(dtype=str), return_inverse=True)
    counts = {
        field: np.bincount(who[acts["kind"].isin(kinds)], minlength=len(names)).tolist()
        for field, kinds in _COUNTED.items()
    }
    # Answers from a file, or from a simulation, took nobody's time.
    timed = acts["kind"].isin(DECIDING) & (acts["purpose"] != "simulated")
    timed &= ~acts["event_id"].str.startswith("import:")
    times = pd.to_datetime(acts.loc[timed, "decided_at_utc"], errors="coerce", utc=True)
    seconds = times.to_numpy(dtype="datetime64[us]").astype(np.float64) / 1e6
    seconds[times.isna().to_numpy()] = np.nan
    timed_who = who[timed.to_numpy()]
    paces = measure_pace(timed_who, seconds, len(names))
    last = acts.groupby("reviewer")["decided_at_utc"].max()
    rows = [
        ReviewerRow(
            name=printable(name),
            **{field: by_reviewer[code] for field, by_reviewer in counts.items()},
            last_at_utc=str(last.loc[name]),
            pace=paces[code] if (timed_who == code).any() else None,
        )
        for code, name in enumerate(names.tolist())
    ]
    return tuple(sorted(rows, key=lambda row: (-row.n_labels, row.name)))
