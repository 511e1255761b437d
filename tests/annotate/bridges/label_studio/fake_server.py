"""A Label Studio that lives in this process, keeps what the real one keeps, and fails on demand.

It answers as version 1.23.2 was seen to answer. Faults are switched on for requests that match:

=============  ====================================================================
kind           what happens to the request
=============  ====================================================================
``connect``    refused before anything was sent
``timeout``    sent, never carried out, no reply
``lost``       carried out, no reply
``late``       no reply, and carried out only a few requests later
``reset``      carried out, the reply breaks off
``garbled``    carried out, the reply is no JSON
``killed``     carried out, then this process dies
``dies``       this process dies before sending
a status       not carried out, answered with it (and ``retry_after``)
=============  ====================================================================
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx2

from annotate.bridges.label_studio.access import Secret
from annotate.bridges.label_studio.client import LabelStudioClient
from annotate.bridges.label_studio.patient_http import PatientHttp

TOKEN = "0123456789abcdef0123456789abcdef01234567"
URL = "http://127.0.0.1:8080"
LATE_BY = 5  # requests


class Killed(BaseException):
    """This process was killed; no handler may catch it."""


@dataclass
class Fault:
    """Switched on for the next ``times`` requests whose line contains ``where``."""

    where: str
    kind: str | int
    times: int = 1
    retry_after: str | None = None


class FakeLabelStudio(httpx2.BaseTransport):
    """The server, used as an HTTP client's transport."""

    def __init__(self) -> None:
        self.projects: dict[int, dict[str, Any]] = {}
        self.tasks: dict[int, dict[str, Any]] = {}
        self.storages: list[dict[str, Any]] = []
        self.users = {1: "ann@example.org", 2: "bob@example.org"}
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.faults: list[Fault] = []
        self.lines: list[str] = []
        self.waits: list[float] = []
        self.kill_at: tuple[int, str] | None = None  # which request, and "killed" or "dies"
        self.token = TOKEN
        self._late: list[tuple[int, Callable[[], Any]]] = []
        self._numbers = {"project": 0, "task": 0, "annotation": 0, "prediction": 0}

    # For tests

    def client(self) -> LabelStudioClient:
        """Return a client whose waiting takes no time; ``waits`` has how long it would be."""
        return LabelStudioClient(
            URL, Secret(TOKEN), transport=self, sleep=self._sleep, draw=lambda: 0.5
        )

    def http(self) -> PatientHttp:
        """Return what such a client asks through."""
        return PatientHttp(URL, Secret(TOKEN), transport=self, sleep=self._sleep, draw=lambda: 0.5)

    def fail(self, where: str, kind: str | int, times: int = 1, retry_after: Any = None) -> None:
        self.faults.append(Fault(where, kind, times, retry_after))

    def annotate(
        self,
        task_id: int,
        choice: str | None = None,
        *,
        result: Any = None,
        user: int = 1,
        parent: int | None = None,
        in_bulk: bool = False,
    ) -> int:
        """Let a user choose a class, give another result, or skip; return the annotation."""
        self._tick()
        if result is None:
            result = [] if choice is None else choices(choice)
        number = self._next("annotation")
        skipped = choice is None and result == []
        self.tasks[task_id]["annotations"].append(
            {
                "id": number,
                "result": result,
                "was_cancelled": skipped,
                "completed_by": user,
                "lead_time": None if in_bulk else 2.5,
                "updated_by": None if in_bulk else user,
                "created_at": self._stamp(),
                "updated_at": self._stamp(),
                "parent_prediction": parent,
                "task": task_id,
            }
        )
        self.tasks[task_id]["updated_at"] = self._stamp()
        return number

    def change(self, annotation_id: int, **values: Any) -> None:
        self._tick()
        task, annotation = self._annotation(annotation_id)
        annotation.update(values, updated_at=self._stamp())
        task["updated_at"] = self._stamp()

    def delete_annotation(self, annotation_id: int) -> None:
        self._tick()
        task, annotation = self._annotation(annotation_id)
        task["annotations"].remove(annotation)
        task["updated_at"] = self._stamp()

    def items(self) -> list[str]:
        """Return the item that each task is for."""
        return [task["data"].get("annotate_item") for task in self.tasks.values()]

    def task_of(self, item_id: str) -> int:
        [number] = [n for n, t in self.tasks.items() if t["data"]["annotate_item"] == item_id]
        return number

    def pass_time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    # As a transport

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self._tick()
        line = f"{request.method} {request.url.path}"
        self.lines.append(line)
        for when, act in list(self._late):
            if len(self.lines) >= when:
                self._late.remove((when, act))
                act()
        if self.kill_at is not None and self.kill_at[0] == len(self.lines) - 1:
            return self._failed(request, self.kill_at[1])
        fault = self._fault(f"{line}?{request.url.query.decode()}")
        if fault is None:
            return self._reply(request, *self._answer(request))
        if isinstance(fault.kind, int):
            extra = {} if fault.retry_after is None else {"retry-after": fault.retry_after}
            return self._reply(request, fault.kind, {"detail": "switched on"}, extra)
        return self._failed(request, fault.kind)

    def _failed(self, request: httpx2.Request, kind: str) -> httpx2.Response:
        if kind == "connect":
            raise httpx2.ConnectError("refused", request=request)
        if kind == "dies":
            raise Killed
        if kind == "late":
            self._late.append((len(self.lines) + LATE_BY, lambda: self._answer(request)))
        elif kind != "timeout":
            answer = self._answer(request)
            if kind == "garbled":
                return httpx2.Response(answer[0], content=b"<html>", request=request)
        if kind == "killed":
            raise Killed
        if kind == "reset":
            raise httpx2.RemoteProtocolError("peer closed connection", request=request)
        raise httpx2.ReadTimeout("no reply", request=request)

    def _fault(self, line: str) -> Fault | None:
        for fault in self.faults:
            if fault.times and fault.where in line:
                fault.times -= 1
                return fault
        return None

    def _reply(
        self,
        request: httpx2.Request,
        status: int,
        body: Any,
        extra: dict[str, str] | None = None,
    ) -> httpx2.Response:
        headers = {"date": format_datetime(self.now, usegmt=True), **(extra or {})}
        if body is None:
            return httpx2.Response(status, headers=headers, request=request)
        # By hand: what Python's encoder refuses, such as NaN, a real server may send.
        content = json.dumps(body).encode()
        headers["content-type"] = "application/json"
        return httpx2.Response(status, content=content, headers=headers, request=request)

    def _answer(self, request: httpx2.Request) -> tuple[int, Any]:
        if request.headers.get("authorization") != f"Token {self.token}":
            return 401, {"detail": "Invalid token."}
        path, params = request.url.path, request.url.params
        body = json.loads(request.content) if request.content else None
        routes: list[tuple[str, str, Callable[..., tuple[int, Any]]]] = [
            ("POST", r"/api/projects/", lambda: self._make_project(body)),
            ("GET", r"/api/projects/", self._list_projects),
            ("GET", r"/api/projects/(\d+)/", self._project),
            ("PATCH", r"/api/projects/(\d+)/", lambda n: self._project(n, body)),
            ("POST", r"/api/projects/(\d+)/import", lambda n: self._import(n, body)),
            ("POST", r"/api/projects/(\d+)/import/predictions", lambda n: self._predict(body)),
            ("POST", r"/api/dm/actions", lambda: self._act(body)),
            ("GET", r"/api/tasks", lambda: self._list_tasks(params)),
            ("DELETE", r"/api/tasks/(\d+)/", self._delete_task),
            ("GET", r"/api/users/", self._list_users),
            ("GET", r"/api/storages/localfiles", lambda: (200, self.storages)),
            ("POST", r"/api/storages/localfiles", lambda: self._add_storage(body)),
        ]
        for method, pattern, act in routes:
            match = re.fullmatch(pattern, path)
            if match and method == request.method:
                return act(*(int(group) for group in match.groups()))
        return 404, {"detail": "no such address"}

    # What it does

    def _make_project(self, body: dict[str, Any]) -> tuple[int, Any]:
        number = self._next("project")
        self.projects[number] = {"id": number, "model_version": "", **body}
        return 201, self._read(number)

    def _list_projects(self) -> tuple[int, Any]:
        return 200, {"next": None, "results": [self._read(n) for n in self.projects]}

    def _project(self, number: int, changes: dict[str, Any] | None = None) -> tuple[int, Any]:
        if number not in self.projects:
            return 404, {"detail": "No Project matches the given query."}
        self.projects[number].update(changes or {})
        return 200, self._read(number)

    def _read(self, number: int) -> dict[str, Any]:
        annotations = [
            a for t in self.tasks.values() if t["project"] == number for a in t["annotations"]
        ]
        skipped = sum(a["was_cancelled"] for a in annotations)
        counts = {
            "total_annotations_number": len(annotations) - skipped,
            "skipped_annotations_number": skipped,
        }
        return {**self.projects[number], **counts}

    def _import(self, project: int, body: list[dict[str, Any]]) -> tuple[int, Any]:
        numbers = []
        for task in body:
            number = self._next("task")
            numbers.append(number)
            self.tasks[number] = {
                "id": number,
                "project": project,
                "data": task["data"],
                "predictions": [],
                "annotations": [],
                "updated_at": self._stamp(),
            }
            self._predict([{**p, "task": number} for p in task.get("predictions", [])])
        return 201, {"task_count": len(numbers), "task_ids": numbers}

    def _predict(self, body: list[dict[str, Any]]) -> tuple[int, Any]:
        if any(p["task"] not in self.tasks for p in body):
            return 400, {"validation_errors": ["task couldn't be retrieved"]}
        for prediction in body:
            self.tasks[prediction["task"]]["predictions"].append(
                {"id": self._next("prediction"), "created_at": self._stamp(), **prediction}
            )
        return 201, {"created": len(body)}

    def _act(self, body: dict[str, Any]) -> tuple[int, Any]:
        for number in body["selectedItems"]["included"]:
            self.tasks[number]["predictions"] = []
        return 200, {}

    def _delete_task(self, number: int) -> tuple[int, Any]:
        return (404, {}) if self.tasks.pop(number, None) is None else (204, None)

    def _list_users(self) -> tuple[int, Any]:
        return 200, [{"id": number, "email": email} for number, email in self.users.items()]

    def _add_storage(self, body: dict[str, Any]) -> tuple[int, Any]:
        self.storages.append(body)
        return 201, body

    def _list_tasks(self, params: Any) -> tuple[int, Any]:
        if int(params["project"]) not in self.projects:
            return 404, {"detail": "No Project matches the given query."}
        query = json.loads(params["query"])
        assert query["ordering"] == ["tasks:id"] and query["filters"]["conjunction"] == "and"
        found = [
            self._counted(task)
            for _, task in sorted(self.tasks.items())
            if task["project"] == int(params["project"])
            and all(self._meets(self._counted(task), f) for f in query["filters"]["items"])
        ]
        page = found[: int(params["page_size"])]
        if params.get("fields") != "all":
            hidden = ("annotations", "predictions")
            page = [{k: v for k, v in task.items() if k not in hidden} for task in page]
        if "include" in params:
            kept = params["include"].split(",")
            page = [{k: task[k] for k in kept} for task in page]
        return 200, {"total": len(found), "tasks": page}

    def _meets(self, task: dict[str, Any], wanted: dict[str, Any]) -> bool:
        field = wanted["filter"].removeprefix("filter:tasks:")
        if wanted["operator"] == "in_list":
            return task[field] in wanted["value"]
        if field == "predictions_model_versions":
            versions = [p["model_version"] for p in task["predictions"]]
            return any(asked in version for asked in wanted["value"] for version in versions)
        assert wanted["operator"] == "greater"
        if field == "updated_at":
            return datetime.fromisoformat(task[field]) > datetime.fromisoformat(wanted["value"])
        return task[field] > wanted["value"]

    def _counted(self, task: dict[str, Any]) -> dict[str, Any]:
        skipped = sum(a["was_cancelled"] for a in task["annotations"])
        return {
            **task,
            "total_annotations": len(task["annotations"]) - skipped,
            "cancelled_annotations": skipped,
        }

    def _annotation(self, number: int) -> tuple[dict[str, Any], dict[str, Any]]:
        return next(
            (task, annotation)
            for task in self.tasks.values()
            for annotation in task["annotations"]
            if annotation["id"] == number
        )

    def _next(self, kind: str) -> int:
        self._numbers[kind] += 1
        return self._numbers[kind]

    def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.pass_time(seconds)

    def _tick(self) -> None:
        self.now += timedelta(seconds=1)

    def _stamp(self) -> str:
        return self.now.isoformat()


def choices(*names: str) -> list[dict[str, Any]]:
    """Return the result that choosing these classes gives."""
    return [
        {
            "from_name": "label",
            "to_name": "item",
            "type": "choices",
            "value": {"choices": list(names)},
        }
    ]
