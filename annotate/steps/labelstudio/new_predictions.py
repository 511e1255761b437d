"""Tasks that are there get the newer prediction, and those of blind items lose theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from annotate.bridges.label_studio.patient_http import MAX_RETRIES, LostReplyError, RefusedError
from annotate.bridges.label_studio.tasks import fingerprint
from annotate.steps.labelstudio.pushing import TASKS_AT_ONCE, Push, gave_up
from annotate.store.label_studio import bury_tasks, read_tasks, record_sent


def renew_predictions(work: Push) -> None:
    """Send newer predictions to unanswered tasks, and take those of blind items back."""
    with work.workspace.store.read() as connection:
        tasks = read_tasks(connection, work.link.link_no)
    tasks = tasks[~tasks["deleted"] & np.isin(tasks["item_no"], work.queue.item_nos)]
    withdrawn, renewed = _stale(work, tasks)
    for start in range(0, len(withdrawn), TASKS_AT_ONCE):
        chunk = withdrawn[start : start + TASKS_AT_ONCE]
        work.client.delete_predictions(work.project_id, chunk)
        _record_sent(work, dict.fromkeys(chunk, ""))
        work.report.n_withdrawn += len(chunk)
    if not renewed or work.model_version is None:
        return
    # A killed push may have sent some without putting them on record.
    there = work.client.tasks_with_version(work.project_id, work.model_version)
    task_ids = list(renewed)
    for start in range(0, len(task_ids), TASKS_AT_ONCE):
        chunk = task_ids[start : start + TASKS_AT_ONCE]
        predictions = _predictions_of(work, {t: renewed[t] for t in chunk})
        _record_sent(work, {t: fingerprint(p) for t, p in predictions.items() if t in there})
        left = [task_id for task_id in chunk if task_id not in there]
        if left:
            _send_predictions(work, left, predictions)
        work.progress(start + len(chunk), len(task_ids), "predictions")


def _stale(work: Push, tasks: pd.DataFrame) -> tuple[list[int], dict[int, int]]:
    """Return the tasks whose predictions must go, and {task: item} of those that need newer ones.

    Read in blocks: what is wanted for every task at once would not fit into memory.
    """
    withdrawn: list[int] = []
    renewed: dict[int, int] = {}
    for start in range(0, len(tasks), TASKS_AT_ONCE):
        block = tasks.iloc[start : start + TASKS_AT_ONCE]
        wanted = work.predictions(block["item_no"].tolist())
        columns = (block[name].tolist() for name in ("task_id", "item_no", "sent_sha256"))
        for task_id, item_no, sent in zip(*columns, strict=True):
            if sent == fingerprint(wanted[item_no]):
                continue
            if wanted[item_no] is None:
                withdrawn.append(task_id)
            else:
                renewed[task_id] = item_no
    return withdrawn, renewed


def _predictions_of(work: Push, item_of: Mapping[int, int]) -> dict[int, dict[str, Any]]:
    wanted = work.checked_predictions(item_of.values())
    return {task_id: p for task_id, no in item_of.items() if (p := wanted[no]) is not None}


def _send_predictions(
    work: Push, task_ids: list[int], predictions: Mapping[int, dict[str, Any]]
) -> None:
    assert work.model_version is not None
    left, looked_for_deleted = task_ids, False
    for _ in range(MAX_RETRIES + 1):
        try:
            work.client.create_predictions(
                work.project_id, [{"task": t, **predictions[t]} for t in left]
            )
            there = set(left)
        except LostReplyError as lost:
            work.client.wait(lost.wait_s)
            there = work.client.tasks_with_version(work.project_id, work.model_version)
        except RefusedError:
            # One deleted task makes the server refuse them all.
            if looked_for_deleted:
                raise
            looked_for_deleted = True
            left = _without_deleted(work, left)
            there = set()
        done = [task_id for task_id in left if task_id in there]
        _record_sent(work, {t: fingerprint(predictions[t]) for t in done})
        work.report.n_new_predictions += len(done)
        left = [task_id for task_id in left if task_id not in there]
        if not left:
            return
    raise gave_up(work.client)


def _without_deleted(work: Push, task_ids: Sequence[int]) -> list[int]:
    there = work.client.count_annotations(work.project_id, task_ids)
    gone = [task_id for task_id in task_ids if task_id not in there]
    with work.workspace.store.write() as connection:
        bury_tasks(connection, work.link.link_no, gone)
    work.report.n_deleted_there += len(gone)
    return [task_id for task_id in task_ids if task_id in there]


def _record_sent(work: Push, sent: Mapping[int, str]) -> None:
    with work.workspace.store.write() as connection:
        record_sent(connection, work.link.link_no, sent)
