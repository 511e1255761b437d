"""Write the HTML report of each round."""

from __future__ import annotations

from typing import Any

from annotate.corpus.printable import printable
from annotate.protocols import NO_LABEL, Ints, Progress, no_progress
from annotate.quality.accuracy import wilson_interval
from annotate.quality.calibration import reliability_bins
from annotate.quality.class_shares import measure_class_shares
from annotate.quality.flips import find_flips
from annotate.quality.round_facts import (
    ClassShares,
    FlipExample,
    FlippedPair,
    Reliability,
    ReliabilityBin,
    RoundAccuracy,
    RoundReport,
)
from annotate.quality.round_report import render_round_report
from annotate.review.measuring import SPOT_CHECK
from annotate.steps.given_labels import GivenLabels
from annotate.steps.measuring import measure
from annotate.steps.round import read_guess
from annotate.steps.spot_check import judge_spot_check
from annotate.steps.workspace import Workspace
from annotate.store.files import write_bytes
from annotate.store.history import Record, find_prediction, lineage, list_rounds
from annotate.store.items import read_items_at
from annotate.store.queue_front import read_queue_front

SNIPPET_LENGTH = 120


def write_missing_reports(
    workspace: Workspace, given: GivenLabels, *, progress: Progress = no_progress
) -> None:
    """Write the report of every round that has none: also after a run was killed."""
    with workspace.store.read() as connection:
        numbers = [record["round_no"] for record in list_rounds(connection)]
    missing = [number for number in numbers if not workspace.paths.report(number).exists()]
    for done, number in enumerate(missing, 1):
        write_report(workspace, given, number)
        progress(done, len(missing), "reports")


def write_report(workspace: Workspace, given: GivenLabels, round_no: int) -> None:
    """Write one round's report, measured on the labels that measure now."""
    with workspace.store.read() as connection:
        chain = lineage(connection, round_no)
    page = render_round_report(_facts(workspace, given, chain))
    write_bytes(workspace.paths.report(round_no), page.encode("utf-8", "replace"))


def _facts(workspace: Workspace, given: GivenLabels, chain: list[Record]) -> RoundReport:
    record, metrics = chain[-1], chain[-1]["metrics"]
    names = workspace.schema.names
    guess = read_guess(workspace, record["prediction_id"])
    before = read_guess(workspace, record["teacher_prediction_id"])
    with workspace.store.read() as connection:
        asked = read_queue_front(connection)
    flips = find_flips(before, guess) if record["parent"] is not None else None
    return RoundReport(
        project_name=workspace.paths.root.name,
        project_dir=str(workspace.paths.root),
        round_no=record["round_no"],
        class_names=names,
        n_items=len(guess),
        n_given=metrics["n_given"],
        accepted=tuple(metrics["accepted"].get(name, 0) for name in names),
        stop_reason=record["stop_reason"],
        parent_round_no=record["parent"],
        rejected=metrics["rejected"],
        warnings=tuple(metrics.get("warnings", ())),  # rounds of older versions have none
        accuracy=_accuracy(workspace, given, chain),
        reliability=_reliability(workspace, given, record),
        shares=_shares(given, before, guess, len(names)),
        n_flipped=metrics["n_flipped"],
        flips=_flipped(workspace, flips) if flips is not None else (),
        spot_check_asked=int((asked["reason"] == SPOT_CHECK).sum()),
        spot_check=judge_spot_check(workspace, given),
        settings=_settings(record),
        lineage=_lineage(workspace, record),
    )


def _accuracy(
    workspace: Workspace, given: GivenLabels, chain: list[Record]
) -> tuple[RoundAccuracy, ...]:
    history = []
    for record in chain:
        measurement = measure(workspace, given, record["prediction_id"])
        if measurement is None:
            return ()
        n_right, n = int(measurement.right.sum()), len(measurement.right)
        history.append(RoundAccuracy(record["round_no"], n_right, n, *wilson_interval(n_right, n)))
    return tuple(history)


def _reliability(workspace: Workspace, given: GivenLabels, record: Record) -> Reliability | None:
    measurement = measure(workspace, given, record["prediction_id"])
    if measurement is None:
        return None
    bins = reliability_bins(measurement.confidence, measurement.right)
    return Reliability(
        tuple(ReliabilityBin(b.mean_confidence, b.accuracy, b.n_items) for b in bins),
        measurement.as_json()["ece"],
    )


def _shares(
    given: GivenLabels, before: Ints, guess: Ints, n_classes: int
) -> tuple[ClassShares, ...]:
    named = {"teacher": before, "student": guess, "labels people gave": given.current}
    return tuple(
        ClassShares(name, tuple(measure_class_shares(labels, n_classes).tolist()))
        for name, labels in named.items()
        if (labels != NO_LABEL).any()
    )


def _flipped(workspace: Workspace, flips: Any) -> tuple[FlippedPair, ...]:
    names = (*workspace.schema.names, "no answer")  # -1 is the last
    rows = sorted({row for flip in flips.pairs for row in flip.rows})
    with workspace.store.read() as connection:
        items = read_items_at(connection, ["item_id", "text"], rows) if rows else None
    return tuple(
        FlippedPair(
            names[flip.before],
            names[flip.after],
            flip.n,
            tuple(_example(items.loc[row]) for row in flip.rows) if items is not None else (),
        )
        for flip in flips.pairs
    )


def _example(item: Any) -> FlipExample:
    text = item["text"]
    return FlipExample(
        printable(item["item_id"]), printable(text[:SNIPPET_LENGTH]) if text is not None else None
    )


def _settings(record: Record) -> dict[str, str]:
    run = record["settings"]["run"] or {}
    shown = {
        "Selectors": " + ".join(record["settings"]["selectors"]) or "none",
        "Student": run.get("student"),
        "Labels given where": run.get("accept"),
        "Rounds asked for": run.get("n_rounds"),
        "Seed": run.get("seed"),
    }
    return {name: str(value) for name, value in shown.items() if value is not None}


def _lineage(workspace: Workspace, record: Record) -> dict[str, str]:
    with workspace.store.read() as connection:
        teacher = find_prediction(connection, record["teacher_prediction_id"])
    shown = {
        "Teacher": teacher["teacher"] if teacher else None,
        "Teacher's weights": teacher["weights_sha256"] if teacher else None,
        "Teacher's prediction": record["teacher_prediction_id"],
        "Selection": record["selection_id"],
        "Student's model": record["model_sha256"],
        "Student's prediction": record["prediction_id"] if record["parent"] is not None else None,
        "Features": record["settings"].get("encoder_id"),
    }
    return {name: value for name, value in shown.items() if value is not None}
