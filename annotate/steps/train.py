"""Train: rounds of self-training, recorded, measured where gold allows, stopped in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from annotate.errors import ConfigError, NotReadyError
from annotate.protocols import NO_LABEL, Progress, no_progress
from annotate.schema import refuse_several_classes
from annotate.steps.anchor import find_anchor
from annotate.steps.fit_student import check_encoder, make_student
from annotate.steps.given_labels import GivenLabels, read_given_labels
from annotate.steps.given_up import find_given_up
from annotate.steps.gold_roles import assign_gold_roles
from annotate.steps.measuring import measure
from annotate.steps.predict import run_teacher
from annotate.steps.round import labels_sha256, make_round, make_teacher_round
from annotate.steps.round_reports import write_missing_reports
from annotate.steps.run_settings import (
    ANSWERS_TEACHER,
    RunSettings,
    answers_teacher,
    resolve_settings,
)
from annotate.steps.select import make_chain
from annotate.steps.spot_check import ask_spot_check
from annotate.steps.workspace import Workspace
from annotate.store.history import (
    Record,
    begin_run,
    end_run,
    find_prediction,
    find_round,
    head_round,
    head_round_no,
    move_head,
    next_round_no,
    open_run,
    record_round,
)
from annotate.training.stopping import got_better, got_worse, reason_to_stop

NOTHING_MEASURES = (
    "no held-back labels can show whether a round helps: what the answers teach stands"
)


@dataclass(frozen=True)
class TrainReport:
    """What a run of rounds did.

    Attributes
    ----------
    report : str, optional
        Where the page of the head round lies; None if none was to be written.
    """

    rounds: list[dict[str, Any]]
    head_round: int
    stop_reason: str
    measured_on: int
    spot_check_asked: int
    report: str | None


def train(
    workspace: Workspace,
    *,
    n_rounds: int | None = None,
    selectors: Sequence[str] | None = None,
    student: str | None = None,
    teacher: str | None = None,
    seed: int | None = None,
    reports: bool = True,
    progress: Progress = no_progress,
) -> TrainReport:
    """Run rounds: select pseudo-labels, train a fresh student, predict everything, again.

    Round 0 is the teacher itself. Later runs go on from the head. A run that was killed goes on
    where it stopped when the same settings are asked for again; one that was given up is not done
    again while nothing has changed.

    Parameters
    ----------
    n_rounds, selectors, student, teacher, seed
        What was asked for; None is what the project says, else the default.
    reports : bool
        Write the page of every round that has none. They take as long as the rounds of a small
        project, so a simulation, which nobody reads, goes without.

    Raises
    ------
    NotReadyError
        If the project has no items, features or teacher to start from.
    ConfigError
        If an item may have several classes, or a setting is impossible.
    UnknownNameError
        If a selector, the student or the teacher is not known.
    """
    refuse_several_classes(workspace.schema, "`annotate train`")
    settings = resolve_settings(
        workspace,
        n_rounds=n_rounds,
        selectors=selectors,
        student=student,
        teacher=teacher,
        seed=seed,
    )
    if settings.n_rounds < 0:
        raise ConfigError(f"--rounds must be 0 or more; got {settings.n_rounds}.")
    # Told now, not after the teacher has predicted.
    make_chain(settings.selectors)
    check_encoder(workspace, make_student(workspace, settings))
    with workspace.running("train"):
        if workspace.n_items() == 0:
            raise NotReadyError("Training needs items; the project has none. Run `annotate add`.")
        assign_gold_roles(workspace)
        given = read_given_labels(workspace)
        run = _killed_run(workspace, settings) or _new_run(workspace, settings, given, progress)
        stop_reason = _run_rounds(workspace, settings, given, run, progress)
        asked = ask_spot_check(workspace, given, settings.seed) if settings.n_rounds else 0
        if reports:
            write_missing_reports(workspace, given, progress=progress)
        with workspace.store.write() as connection:
            end_run(connection)
            head = head_round_no(connection)
        assert head is not None
        return TrainReport(
            rounds=[{"round_no": r["round_no"], **r["metrics"]} for r in run],
            head_round=head,
            stop_reason=stop_reason,
            measured_on=int((given.measuring != NO_LABEL).sum()),
            spot_check_asked=asked,
            report=str(workspace.paths.report(head)) if reports else None,
        )


def _killed_run(workspace: Workspace, settings: RunSettings) -> list[Record]:
    """Return the base and rounds of a run with these settings that was killed, [] if none was."""
    with workspace.store.read() as connection:
        note = open_run(connection)
        if note is None or note["run"] != settings.as_json():
            return []
        members = (note["base"], *range(note["first"], next_round_no(connection)))
        rounds = [find_round(connection, number) for number in members]
    return [record for record in rounds if record is not None]


def _new_run(
    workspace: Workspace, settings: RunSettings, given: GivenLabels, progress: Progress
) -> list[Record]:
    """Return the round to start from: the head, or the teacher's own round."""
    with workspace.store.read() as connection:
        base = head_round(connection)
    teacher = settings.teacher or answers_teacher(workspace, given)
    if base is None or teacher is not None:
        prediction_id = run_teacher(workspace, given, teacher, progress=progress)
        if base is None or base["prediction_id"] != prediction_id:
            base = make_teacher_round(workspace, settings, given, prediction_id)
            _record(workspace, base, base)
    with workspace.store.write() as connection:
        first = next_round_no(connection)
        note = {"run": settings.as_json(), "base": base["round_no"], "first": first}
        begin_run(connection, note)
    return [base]


def _run_rounds(
    workspace: Workspace,
    settings: RunSettings,
    given: GivenLabels,
    run: list[Record],
    progress: Progress,
) -> str:
    """Append rounds to ``run`` until something stops it; return why it stopped."""
    if settings.n_rounds == 0:
        return "no round was asked for"
    stop = run[-1]["stop_reason"] if len(run) > 1 else None
    if stop is not None:
        return str(stop)
    if _is_taught_by_answers(workspace, run[0]) and not (given.measuring != NO_LABEL).any():
        return NOTHING_MEASURES
    anchor = find_anchor(workspace, given, run[0], progress=progress)
    before = find_given_up(workspace, settings, given, run[0], anchor) if len(run) == 1 else None
    if before is not None:
        return (
            f"nothing is new since round {before['round_no']}, which went on from here in the same"
            " way and was given up; another `--seed` or a `--teacher` begins a run all the same"
        )
    while stop is None:
        n_done = len(run) - 1
        progress(n_done, settings.n_rounds, "rounds")
        record = make_round(workspace, settings, given, run, anchor, progress)
        if record is None:
            return "the selectors accepted labels of fewer than two classes"
        stop, is_worse = _why_stop(workspace, settings, given, run, record)
        record["stop_reason"] = stop
        # Stopped for being worse, or no better: the labels of the best round stand.
        head = _best(run) if is_worse else record
        _record(workspace, record, head)
        run.append(record)
    return str(stop)


def _why_stop(
    workspace: Workspace,
    settings: RunSettings,
    given: GivenLabels,
    run: list[Record],
    record: Record,
) -> tuple[str | None, bool]:
    """Return why the run ends with ``record`` (None when it goes on), and whether it got worse."""
    n_broken = n_fixed = 0
    now = measure(workspace, given, record["prediction_id"])
    best = measure(workspace, given, _best(run)["prediction_id"])
    if now is not None and best is not None:
        n_broken = int((best.right & ~now.right).sum())
        n_fixed = int((~best.right & now.right).sum())
    doubted = _doubt(workspace, settings, given, run[0])
    if doubted is not None and not got_better(n_broken, n_fixed):
        return (
            f"no better than {doubted}: {n_fixed} held-back labels fixed and"
            f" {n_broken} broken since the best round"
        ), True
    reason = reason_to_stop(len(run), settings.n_rounds, n_broken=n_broken, n_fixed=n_fixed)
    return reason, got_worse(n_broken, n_fixed)


def _doubt(
    workspace: Workspace, settings: RunSettings, given: GivenLabels, base: Record
) -> str | None:
    """Return in words what the rounds that follow must be shown to better, None if they need not.

    They must better what the answers teach, and rounds of the same settings that learnt from the
    very same labels: such rounds gained what there was to gain, and more of them drift.
    """
    if _is_taught_by_answers(workspace, base):
        return "what the answers teach"
    before = base["settings"]["run"]
    goes_on = before is not None and (before["selectors"], before["student"]) == (
        list(settings.selectors),
        settings.student,
    )
    has_learnt_all = base["settings"].get("labels_sha256") == labels_sha256(given)
    if goes_on and has_learnt_all and (given.measuring != NO_LABEL).any():
        return "the rounds before, which learnt from the same labels"
    return None


def _is_taught_by_answers(workspace: Workspace, record: Record) -> bool:
    """Return whether a run began with the teacher that pools all that answers confirm."""
    with workspace.store.read() as connection:
        prediction = find_prediction(connection, record["prediction_id"])
    return prediction is not None and prediction["teacher"] == ANSWERS_TEACHER


def _best(run: list[Record]) -> Record:
    """Return the round that is most often right on labels that measure, the latest of equals."""
    return max(
        run, key=lambda r: ((r["metrics"]["measured"] or {}).get("accuracy", 0), r["round_no"])
    )


def _record(workspace: Workspace, record: Record, head: Record) -> None:
    with workspace.store.write() as connection:
        record_round(connection, record)
        move_head(connection, head["round_no"], "train")
