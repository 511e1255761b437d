"""The parts of Label Studio's HTTP API that are used, each a verb."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx2

from annotate.bridges.label_studio.access import Secret
from annotate.bridges.label_studio.patient_http import (
    LostReplyError,
    MissingError,
    PatientHttp,
    required_object,
)
from annotate.errors import LabelStudioError

FULL_TASKS_AT_ONCE = 100
IDS_AT_ONCE = 1000
IDS_IN_ADDRESS = 200  # an address may be cut at 4,096 characters


class LabelStudioClient:
    """One server, as one user.

    Parameters
    ----------
    url, token, transport, tell, sleep, draw
        As for ``PatientHttp``, through which all is asked.
    """

    def __init__(
        self,
        url: str,
        token: Secret,
        *,
        transport: httpx2.BaseTransport | None = None,
        tell: Callable[[str], None] = lambda line: None,
        sleep: Callable[[float], None] = time.sleep,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self.url = url
        self._http = PatientHttp(url, token, transport=transport, tell=tell, sleep=sleep, draw=draw)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> LabelStudioClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def server_time(self) -> datetime:
        """Return the server's clock at its last answer, ours where it told none."""
        return self._http.server_time

    def wait(self, seconds: float, why: str = "no reply") -> None:
        """Wait, and say so."""
        self._http.wait(seconds, why)

    def wait_before(self, attempt: int) -> float:
        """Return how long to wait before trying again: twice as long each time, never in step."""
        return self._http.wait_before(attempt)

    # Projects

    def create_project(self, title: str, description: str, config: str) -> int:
        """Make a project and return its number; may raise LostReplyError."""
        wanted = {
            "title": title,
            "description": description,
            "label_config": config,
            "show_collab_predictions": True,
        }
        return _number(self._http.send("POST", "/api/projects/", json=wanted), "id")

    def find_project(self, description: str) -> int | None:
        """Return the project with exactly this description."""
        page = 1
        while True:
            params = {"page": page, "page_size": IDS_AT_ONCE, "include": "id,description"}
            reply = self._http.ask("GET", "/api/projects/", params=params)
            for project in _listed(reply, "results"):
                if project.get("description") == description:
                    return _number(project, "id")
            if not reply.get("next"):
                return None
            page += 1

    def read_project(self, project_id: int) -> dict[str, Any]:
        """Return a project."""
        return required_object(self._http.ask("GET", f"/api/projects/{project_id}/"))

    def annotations_there(self, project_id: int) -> int:
        """Return how many annotations a project has, skips included."""
        project = self.read_project(project_id)
        names = ("total_annotations_number", "skipped_annotations_number")
        return sum(_number(project, name) for name in names)

    def change_project(self, project_id: int, changes: Mapping[str, Any]) -> None:
        """Set some of a project's fields."""
        self._http.ask("PATCH", f"/api/projects/{project_id}/", json=dict(changes))

    def serve_folder(self, project_id: int, path: str) -> None:
        """Let a project show pictures of a folder below the server's document root."""
        known = self._http.ask("GET", "/api/storages/localfiles", params={"project": project_id})
        listed = known if isinstance(known, list) else _listed(known, "results")
        if any(storage.get("path") == path for storage in listed):
            return
        wanted = {"project": project_id, "path": path, "use_blob_urls": True, "title": "annotate"}
        self._http.ask("POST", "/api/storages/localfiles", json=wanted)

    # Tasks and predictions

    def create_tasks(self, project_id: int, tasks: Sequence[Mapping[str, Any]]) -> list[int]:
        """Make tasks and return their numbers in the same order.

        Raises
        ------
        LostReplyError
            If it may or may not have worked, or worked and the server does not tell the numbers.
        """
        reply = self._http.send(
            "POST",
            f"/api/projects/{project_id}/import",
            params={"return_task_ids": "true"},
            json=list(tasks),
        )
        ids = reply.get("task_ids") if isinstance(reply, dict) else None
        if not isinstance(ids, list) or len(ids) != len(tasks):
            raise LostReplyError("no task numbers", self._http.wait_before(0), answered=False)
        return [int(number) for number in ids]

    def create_predictions(self, project_id: int, predictions: Sequence[Mapping[str, Any]]) -> None:
        """Add predictions to tasks that are there; may raise LostReplyError."""
        self._http.send(
            "POST", f"/api/projects/{project_id}/import/predictions", json=list(predictions)
        )

    def delete_predictions(self, project_id: int, task_ids: Sequence[int]) -> None:
        """Take every prediction from these tasks."""
        self._http.ask(
            "POST",
            "/api/dm/actions",
            params={"id": "delete_tasks_predictions", "project": project_id},
            json={"selectedItems": {"all": False, "included": list(task_ids)}},
        )

    def delete_task(self, task_id: int) -> None:
        """Remove a task, if it is still there."""
        try:
            self._http.ask("DELETE", f"/api/tasks/{task_id}/")
        except MissingError:
            return

    def tasks_after(self, project_id: int, task_id: int) -> Iterator[list[dict[str, Any]]]:
        """Yield pages of all tasks with a higher number, data included."""
        yield from self._pages(project_id, [], task_id, IDS_AT_ONCE, {})

    def tasks_with_version(self, project_id: int, model_version: str) -> set[int]:
        """Return the tasks that have a prediction of this model version."""
        wanted = {
            "filter": "filter:tasks:predictions_model_versions",
            "operator": "contains",
            "type": "List",
            "value": [model_version],
        }
        pages = self._pages(project_id, [wanted], 0, IDS_AT_ONCE, {"include": "id"})
        return {_number(task, "id") for page in pages for task in page}

    def count_annotations(self, project_id: int, task_ids: Sequence[int]) -> dict[int, int]:
        """Return how many annotations, skips included, those of the tasks have that exist."""
        found: dict[int, int] = {}
        for start in range(0, len(task_ids), IDS_IN_ADDRESS):
            wanted = {
                "filter": "filter:tasks:id",
                "operator": "in_list",
                "type": "List",
                "value": list(task_ids[start : start + IDS_IN_ADDRESS]),
            }
            extra = {"include": "id,total_annotations,cancelled_annotations"}
            for page in self._pages(project_id, [wanted], 0, IDS_AT_ONCE, extra):
                for task in page:
                    counted = _number(task, "total_annotations")
                    skipped = _number(task, "cancelled_annotations")
                    found[_number(task, "id")] = counted + skipped
        return found

    def annotated_tasks(
        self, project_id: int, since: datetime | None
    ) -> Iterator[list[dict[str, Any]]]:
        """Yield pages of tasks, with annotations, that have any and changed after ``since``.

        A task that holds both answers and skips comes twice.
        """
        changed = [] if since is None else [_later("updated_at", since)]
        for counter in ("total_annotations", "cancelled_annotations"):
            wanted = [*changed, _more_than(counter, 0)]
            yield from self._pages(project_id, wanted, 0, FULL_TASKS_AT_ONCE, {"fields": "all"})

    def full_tasks(
        self, project_id: int, task_ids: Sequence[int]
    ) -> Iterator[list[dict[str, Any]]]:
        """Yield pages of the given tasks, with annotations."""
        for start in range(0, len(task_ids), FULL_TASKS_AT_ONCE):
            wanted = {
                "filter": "filter:tasks:id",
                "operator": "in_list",
                "type": "List",
                "value": list(task_ids[start : start + FULL_TASKS_AT_ONCE]),
            }
            yield from self._pages(project_id, [wanted], 0, FULL_TASKS_AT_ONCE, {"fields": "all"})

    def emails(self) -> dict[int, str]:
        """Return the e-mail address of each user."""
        users = self._http.ask("GET", "/api/users/")
        listed = users if isinstance(users, list) else _listed(users, "results")
        return {
            user["id"]: user["email"]
            for user in listed
            if isinstance(user.get("id"), int) and isinstance(user.get("email"), str)
        }

    def _pages(
        self,
        project_id: int,
        wanted: list[dict[str, Any]],
        after_id: int,
        page_size: int,
        params: Mapping[str, str],
    ) -> Iterator[list[dict[str, Any]]]:
        # Always the first page after the last number seen: what comes or goes meanwhile cannot
        # make a page skip a task.
        while True:
            items = [*wanted, _more_than("id", after_id)]
            query = {
                "filters": {"conjunction": "and", "items": items},
                "ordering": ["tasks:id"],
            }
            asked = {
                "project": project_id,
                "page": 1,
                "page_size": page_size,
                "query": json.dumps(query, separators=(",", ":")),
                **params,
            }
            tasks = _listed(self._http.ask("GET", "/api/tasks", params=asked), "tasks")
            if tasks:
                highest = max(_number(task, "id") for task in tasks)
                yield tasks
            if len(tasks) < page_size:
                return
            after_id = max(after_id + 1, highest)


def _more_than(field: str, value: int) -> dict[str, Any]:
    return {
        "filter": f"filter:tasks:{field}",
        "operator": "greater",
        "type": "Number",
        "value": value,
    }


def _later(field: str, than: datetime) -> dict[str, Any]:
    moment = than.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return {
        "filter": f"filter:tasks:{field}",
        "operator": "greater",
        "type": "Datetime",
        "value": moment,
    }


def _listed(value: Any, key: str) -> list[dict[str, Any]]:
    found = required_object(value).get(key)
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise LabelStudioError(
            f"Label Studio must answer with a list of {key}; it did not. Check that its version"
            " is 1.20 or newer."
        )
    return found


def _number(value: Any, key: str) -> int:
    found = required_object(value).get(key)
    if not isinstance(found, int) or isinstance(found, bool) or not 0 <= found < 2**63:
        raise LabelStudioError(
            f"Label Studio must say {key} as a number; it did not. Check that its version is 1.20"
            " or newer."
        )
    return found
