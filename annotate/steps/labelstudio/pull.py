"""Pull: what was answered in Label Studio since the last time, as decisions of this project.

An annotation is one decision; when it changes, a later one of the same reviewer; when it is
deleted, an undo. Each event's id follows from the annotation and its state, so that a pull that was
killed, or runs again, stores nothing twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from annotate.bridges.label_studio.annotations import (
    Answer,
    prediction_shown,
    read_annotation,
)
from annotate.bridges.label_studio.client import LabelStudioClient
from annotate.bridges.label_studio.tasks import item_of_task
from annotate.corpus.printable import printable
from annotate.errors import LabelStudioError, NotReadyError
from annotate.protocols import Progress, no_progress
from annotate.review.measuring import is_blind, purpose_and_role
from annotate.schema import Schema
from annotate.steps.labelstudio.link import asked_first, exchanging, required_link
from annotate.steps.workspace import Workspace
from annotate.store.decisions import Decision, append_decisions, last_seq
from annotate.store.label_studio import (
    Link,
    annotations_of,
    bury_annotations,
    bury_tasks,
    change_link,
    events_beginning,
    live_annotations,
    record_annotations,
    unknown_annotations,
)
from annotate.store.lookups import known_numbers
from annotate.store.schema_versions import latest_schema

# The server stamps a change before it commits it: what was stamped shortly before the last pull may
# have become visible after it. Reading a task again changes nothing.
OVERLAP = timedelta(seconds=60)
_LONGEST_NAME = 100


@dataclass
class PullReport:
    """What a pull stored.

    Attributes
    ----------
    url : str
    project_id : int
    n_tasks_read : int
        Tasks that came from the server.
    n_decisions : int
        New decisions, skips included, undos not.
    n_skips : int
        Of these, skips.
    n_derived : int
        Of these, labels derived for items that nobody looked at: annotations made of predictions.
    n_undone : int
        Decisions taken back, because their annotation is gone or no longer says one class.
    n_deleted : int
        Annotations that are gone from the server.
    n_tasks_deleted : int
        Tasks that are gone; the decisions made on them stand.
    n_kept_raw : int
        New or changed annotations that are not one class of ours; no decision came of them.
    n_not_blind : int
        New answers that were to measure, but were given with a suggestion in sight, as their items
        were drawn after the push: they are left out, and do not train.
    n_foreign_tasks : int
        Annotated tasks that no push made; they belong to no item and were left alone.
    unknown : mapping of str to int
        Annotations kept raw because they are not one class of ours, by reason.
    """

    url: str
    project_id: int
    n_tasks_read: int = 0
    n_decisions: int = 0
    n_skips: int = 0
    n_derived: int = 0
    n_undone: int = 0
    n_deleted: int = 0
    n_tasks_deleted: int = 0
    n_kept_raw: int = 0
    n_not_blind: int = 0
    n_foreign_tasks: int = 0
    unknown: dict[str, int] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        """Return whether anything new was stored."""
        return any(
            (
                self.n_decisions, self.n_undone, self.n_kept_raw, self.n_deleted,
                self.n_tasks_deleted,
            )
        )  # fmt: skip


@dataclass
class _Pull:
    """One pull at work."""

    workspace: Workspace
    client: LabelStudioClient
    link: Link
    report: PullReport
    schema: Schema
    heirs: Sequence[tuple[int, ...]]
    reasons: Mapping[int, str]
    emails: dict[int, str]
    progress: Progress
    foreign: set[int] = field(default_factory=set)

    def reviewer(self, user: int | str | None) -> str:
        """Return who answered: the e-mail address, else the user's number there."""
        if isinstance(user, int):
            if user not in self.emails:
                self.emails.update(self.client.emails())
            # Looked up once a pull, found or not.
            user = self.emails.setdefault(user, f"label-studio-user-{user}")
        return printable(user or "label-studio")[:_LONGEST_NAME]

    def classes_meant(self, name: str) -> tuple[int, ...]:
        """Return the class that a name means, now or else in the label config that was sent.

        One that was merged since means the class it became, one that was split each of its parts,
        an unknown one nothing.
        """
        number = self.schema.class_no(name)
        number = self.link.classes.get(name) if number is None else number
        return () if number is None else self.heirs[number]

    def event_prefix(self, annotation_id: int) -> str:
        """Return what the ids of all events of an annotation begin with."""
        return f"labelstudio:{self.link.link_key}:{annotation_id}:"


def pull(
    workspace: Workspace, client: LabelStudioClient, *, progress: Progress = no_progress
) -> PullReport:
    """Store what was answered in Label Studio since the last pull.

    Safe to run any number of times, by hand, by a clock or at a webhook's hint.

    Raises
    ------
    NotReadyError
        If nothing was pushed yet.
    LabelStudioError
        If the server cannot be reached, refuses, or does not answer as it must. What was read
        before is stored whole; the next pull reads the rest.
    """
    link = required_link(workspace)
    if link.project_id is None or link.url != client.url:
        raise NotReadyError(
            f"A pull must ask the server that items were sent to, {link.url}; got {client.url}."
            " Push there first."
        )
    with exchanging(workspace, "labelstudio pull"):
        with workspace.store.read() as connection:
            schema = latest_schema(connection)
        work = _Pull(
            workspace, client, link, PullReport(link.url, link.project_id), schema,
            schema.heirs(),
            asked_first(workspace), {}, progress,
        )  # fmt: skip
        client.read_project(link.project_id)
        until = client.server_time - OVERLAP
        since = link.pulled_until_utc
        pages = client.annotated_tasks(
            link.project_id, datetime.fromisoformat(since) if since else None
        )
        _take_pages(work, pages)
        _take_deletions(work)
        with workspace.store.write() as connection:
            change_link(connection, link.link_no, pulled_until_utc=until.isoformat())
        with workspace.store.read() as connection:
            work.report.unknown = unknown_annotations(connection, link.link_no)
        work.report.n_foreign_tasks = len(work.foreign)
    return work.report


def _take_pages(work: _Pull, pages: Iterable[Sequence[Mapping[str, Any]]]) -> None:
    for page in pages:
        work.report.n_tasks_read += len(page)
        _take_page(work, page)
        work.progress(work.report.n_tasks_read, None, "pull")


def _take_page(work: _Pull, page: Sequence[Mapping[str, Any]]) -> None:
    """Store what the annotations of some tasks say, decisions first.

    Killed between the two commits, the next pull makes the same events, which are stored once.
    """
    named = [(item_of_task(task, work.link.link_key), task) for task in page]
    with work.workspace.store.read() as connection:
        exist = known_numbers(connection, [no for no, _ in named if no is not None])
        before = annotations_of(connection, work.link.link_no, [task["id"] for task in page])
    events: list[Decision] = []
    rows: list[dict[str, Any]] = []
    gone: list[int] = []
    foreign_gone: list[int] = []
    for item_no, task in named:
        raws = _annotations(task)
        known = before.get(task["id"], {})
        there = {answer.annotation_id for answer, _ in raws}
        left = [n for n, row in known.items() if row["deleted_at_utc"] is None and n not in there]
        if item_no is None or item_no not in exist:
            work.foreign.add(task["id"])
            rows += [_foreign(task, a) for a, _ in raws if a.annotation_id not in known]
            foreign_gone += left
            continue
        for answer, raw in raws:
            earlier = known.get(answer.annotation_id)
            if earlier is not None and earlier["sha256"] == answer.sha256:
                continue
            new_events, row = _take_answer(work, item_no, task, answer, raw, earlier is None)
            events += new_events
            rows.append(row)
        gone += left
        for annotation_id in left:
            events += _undos(work, annotation_id)
    _store(work, events)
    if rows or gone or foreign_gone:
        work.report.n_kept_raw += sum(row["raw"] is not None for row in rows)
        with work.workspace.store.write() as connection:
            record_annotations(connection, work.link.link_no, rows)
            bury_annotations(connection, work.link.link_no, [*gone, *foreign_gone])
        work.report.n_deleted += len(gone)


def _annotations(task: Mapping[str, Any]) -> list[tuple[Answer, Mapping[str, Any]]]:
    listed = task.get("annotations")
    if not isinstance(listed, list):
        # Never taken for "all deleted".
        raise LabelStudioError(
            f"Label Studio must list the annotations of task {task['id']}; it did not. Check that"
            " its version is 1.20 or newer."
        )
    read = []
    for raw in listed:
        answer = read_annotation(raw) if isinstance(raw, Mapping) else None
        if answer is None:
            raise LabelStudioError(
                f"Label Studio must number the annotations of task {task['id']}; it did not. Check"
                " that its version is 1.20 or newer."
            )
        read.append((answer, raw))
    return sorted(read, key=lambda pair: (pair[0].updated_at, pair[0].annotation_id))


def _foreign(task: Mapping[str, Any], answer: Answer) -> dict[str, Any]:
    """Return how an annotation of a task that no push made goes on record: only to be counted."""
    return {
        "annotation_id": answer.annotation_id,
        "task_id": task["id"],
        "sha256": answer.sha256,
        "outcome": "unknown",
        "reason": "a task that no push made",
        "raw": None,
    }


def _take_answer(
    work: _Pull,
    item_no: int,
    task: Mapping[str, Any],
    answer: Answer,
    raw: Mapping[str, Any],
    is_new: bool,
) -> tuple[list[Decision], dict[str, Any]]:
    """Return the events that a new or changed annotation makes, and how it goes on record."""
    outcome, reason, class_no = answer.outcome, answer.reason, None
    if answer.class_name is not None:
        meant = work.classes_meant(answer.class_name)
        class_no = meant[0] if len(meant) == 1 else None
        if class_no is None:
            outcome, reason = "unknown", "a class that was split" if meant else "another class"
        elif work.schema.classes[class_no].retired:
            outcome, reason = "unknown", "a retired class"
        elif answer.in_bulk and is_blind(work.reasons.get(item_no)):
            outcome, reason = "unknown", "made in bulk, but measures"
    row = {
        "annotation_id": answer.annotation_id,
        "task_id": task["id"],
        "sha256": answer.sha256,
        "outcome": outcome,
        "reason": reason,
        # ASCII: whatever text it holds can be stored.
        "raw": json.dumps(raw) if outcome == "unknown" else None,
    }
    if outcome == "unknown":
        return ([] if is_new else _undos(work, answer.annotation_id)), row
    reviewer = work.reviewer(answer.completed_by)
    # An answer that went over to another person is no longer that of the first.
    undos = [] if is_new else _undos(work, answer.annotation_id, other_than=reviewer)
    return [*undos, _decision(work, item_no, task, answer, class_no, reviewer)], row


def _decision(
    work: _Pull,
    item_no: int,
    task: Mapping[str, Any],
    answer: Answer,
    class_no: int | None,
    reviewer: str,
) -> Decision:
    reason = work.reasons.get(item_no)
    purpose, role = purpose_and_role(reason)
    predictions = task.get("predictions")
    seen = prediction_shown(answer, predictions if isinstance(predictions, list) else [])
    shown: dict[str, Any] = {"blind": is_blind(reason) and seen is None}
    if seen is not None:
        meant = () if seen.class_name is None else work.classes_meant(seen.class_name)
        # Our own versions are "source, prediction's id, schema's version".
        words = printable(seen.model_version).rsplit(" ", 2)
        shown |= {"teacher": words[0]}
        shown |= {"prediction_id": words[1]} if len(words) == 3 else {}
        shown |= {"class_no": meant[0]} if len(meant) == 1 else {}
        shown |= {} if seen.score is None else {"confidence": seen.score}
    if answer.outcome == "skip":
        kind = "skip"
    elif answer.in_bulk:
        kind = "derive"
    else:
        kind = "accept" if shown.get("class_no") == class_no else "relabel"
    state = f"{_time(answer.updated_at)}:{answer.sha256[:16]}"
    return Decision(
        event_id=work.event_prefix(answer.annotation_id) + state,
        item_no=item_no,
        reviewer=reviewer,
        kind=kind,  # type: ignore[arg-type]
        schema_version=work.schema.version,
        class_no=class_no,
        purpose=purpose,
        role=role,
        shown=shown,
        elapsed_s=answer.lead_time_s,
        decided_at_utc=_time(answer.updated_at),
        payload={"label_studio": {"task": task["id"], "annotation": answer.annotation_id}},
    )


def _undos(work: _Pull, annotation_id: int, other_than: str | None = None) -> list[Decision]:
    """Return undos of all that an annotation said before, or of what others than one person did."""
    with work.workspace.store.read() as connection:
        events = events_beginning(connection, work.event_prefix(annotation_id))
    undos = []
    for event in events:
        if event["reviewer"] == other_than:
            continue
        purpose, role = purpose_and_role(work.reasons.get(event["item_no"]))
        undos.append(
            Decision(
                event_id=f"undo:{event['event_id']}",
                item_no=event["item_no"],
                reviewer=event["reviewer"],
                kind="undo",
                schema_version=event["schema_version"],
                purpose=purpose,
                role=role,
                undoes=event["event_id"],
                payload={"label_studio": {"annotation": annotation_id}},
            )
        )
    return undos


def _store(work: _Pull, events: Sequence[Decision]) -> None:
    if not events:
        return
    with work.workspace.store.read() as connection:
        highest = last_seq(connection)
    for event, seq in zip(events, append_decisions(work.workspace.store, events), strict=True):
        if seq <= highest:
            continue
        if event.kind == "undo":
            work.report.n_undone += 1
        else:
            work.report.n_decisions += 1
            work.report.n_skips += event.kind == "skip"
            work.report.n_derived += event.kind == "derive"
            work.report.n_not_blind += event.role == "held_back" and not event.shown["blind"]


def _take_deletions(work: _Pull) -> None:
    """Notice annotations and tasks that are gone without a trace in what changed.

    Asked only where the server counts other annotations than are known here. Those of tasks that
    no push made are known too: a new one would else make up for one of ours that is gone.
    """
    project_id = work.report.project_id
    n_there = work.client.annotations_there(project_id)
    with work.workspace.store.read() as connection:
        live = live_annotations(connection, work.link.link_no)
    if n_there == sum(live.values()):
        return
    there = work.client.count_annotations(project_id, sorted(live))
    missing = [task_id for task_id in live if task_id not in there]
    if missing:
        with work.workspace.store.write() as connection:
            n_ours = bury_tasks(connection, work.link.link_no, missing)
        work.report.n_tasks_deleted += n_ours
    differing = [task_id for task_id in live if there.get(task_id, live[task_id]) != live[task_id]]
    _take_pages(work, work.client.full_tasks(project_id, differing))


def _time(text: str) -> str:
    try:
        return datetime.fromisoformat(text).isoformat()
    except ValueError:
        return ""  # the store then writes its own time
