"""Items that have no task yet are sent, and looked for before they are sent again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from annotate.bridges.label_studio.patient_http import MAX_RETRIES, LostReplyError
from annotate.bridges.label_studio.tasks import fingerprint, item_of_task, make_task
from annotate.steps.labelstudio.pushing import TASKS_AT_ONCE, Push, gave_up, highest_known
from annotate.store.items import read_items_at
from annotate.store.label_studio import read_tasks, record_tasks
from annotate.store.lookups import known_numbers

# How often to look for what a request without any answer may have made, before sending it again.
LOOKS_AFTER_SILENCE = 3
_UNKNOWN = "?"  # what a task found again was sent with; matches no fingerprint


def send_new_tasks(work: Push, limit: int | None) -> None:
    """Send the open items that have no task, in chunks, each on record once it is there."""
    with work.workspace.store.read() as connection:
        tasks = read_tasks(connection, work.link.link_no)
    open_items = work.queue.item_nos
    known = np.isin(open_items, tasks["item_no"].to_numpy())
    new = open_items[~known].tolist()
    if limit is not None:
        deleted = tasks.loc[tasks["deleted"], "item_no"].to_numpy()
        n_waiting = int((known & ~np.isin(open_items, deleted)).sum())
        new = new[: max(0, limit - n_waiting)]
    work.report.n_open = int(known.sum()) + len(new)
    work.report.n_deleted_there = int(tasks["deleted"].sum())
    began_after = highest_known(work)
    for start in range(0, len(new), TASKS_AT_ONCE):
        _send_chunk(work, new[start : start + TASKS_AT_ONCE])
        work.progress(min(start + TASKS_AT_ONCE, len(new)), len(new), "push")
    if work.lost_a_reply:
        # A request without an answer may have been carried out after all was looked for.
        find_tasks_again(work, began_after, {})


def _send_chunk(work: Push, item_nos: list[int]) -> None:
    wanted = work.checked_predictions(item_nos)
    with work.workspace.store.read() as connection:
        items = read_items_at(connection, ("item_id", "text", "path", "sha256"), item_nos)
    tasks = {
        item_no: make_task(
            work.link.link_key, item_no, str(item.item_id), work.content_of(item_no, item),
            work.workspace.modality, wanted[item_no],
        )
        for item_no, item in zip(item_nos, items.itertuples(index=False), strict=True)
    }  # fmt: skip
    sent = {item_no: fingerprint(wanted[item_no]) for item_no in item_nos}
    left = list(item_nos)
    for _ in range(MAX_RETRIES + 1):
        try:
            ids = work.client.create_tasks(work.project_id, [tasks[item_no] for item_no in left])
        except LostReplyError as lost:
            left = _look_for(work, left, sent, lost)
            if left:
                continue
        else:
            rows = [(task_id, no, sent[no]) for task_id, no in zip(ids, left, strict=True)]
            with work.workspace.store.write() as connection:
                record_tasks(connection, work.link.link_no, rows)
        work.report.n_new_tasks += len(item_nos)
        work.report.n_blind += sum(item_no in work.blind for item_no in item_nos)
        return
    raise gave_up(work.client)


def _look_for(
    work: Push, item_nos: list[int], sent: Mapping[int, str], lost: LostReplyError
) -> list[int]:
    """Return the items for which a request whose reply was lost has made no task."""
    work.lost_a_reply = True
    left = item_nos
    for look in range(1 if lost.answered else LOOKS_AFTER_SILENCE):
        work.client.wait(lost.wait_s if look == 0 else work.client.wait_before(look))
        found = find_tasks_again(work, highest_known(work), sent)
        left = [item_no for item_no in left if item_no not in found]
        if not left:
            break
    return left


def find_tasks_again(work: Push, after: int, sent: Mapping[int, str]) -> set[int]:
    """Put tasks of ours that are on the server but not on record on record; return their items.

    Parameters
    ----------
    after : int
        Look at tasks with higher numbers.
    sent : mapping of int to str
        What their items were sent with, where that is known.
    """
    with work.workspace.store.read() as connection:
        tasks = read_tasks(connection, work.link.link_no)
    live = tasks[~tasks["deleted"]]
    task_of = dict(zip(live["item_no"], live["task_id"], strict=True))
    found: list[tuple[int, int, str]] = []
    for page in work.client.tasks_after(work.project_id, after):
        named = [(item_of_task(task, work.link.link_key), task) for task in page]
        with work.workspace.store.read() as connection:
            exist = known_numbers(connection, [no for no, _ in named if no is not None])
        for item_no, task in named:
            if item_no is None or item_no not in exist or task_of.get(item_no) == task["id"]:
                continue
            if item_no in task_of:
                _remove_duplicate(work, task)
                continue
            task_of[item_no] = task["id"]
            found.append((task["id"], item_no, sent.get(item_no, _UNKNOWN)))
    if found:
        with work.workspace.store.write() as connection:
            record_tasks(connection, work.link.link_no, found)
    return {item_no for _, item_no, _ in found}


def _remove_duplicate(work: Push, task: Mapping[str, Any]) -> None:
    # Somebody's answer is worth more than tidiness: a duplicate that has one stays.
    if task.get("total_annotations") == 0 and task.get("cancelled_annotations") == 0:
        work.client.delete_task(task["id"])
        work.report.n_duplicates_removed += 1
