"""The parts of Label Studio's HTTP API that are used, with patience for a server in trouble.

The SDK's own client sends a request again after any error of the server, imports included, and so
can make every task twice. Here a request that may have worked is never sent again blindly:
``LostReplyError`` leaves it to the caller to look first.
"""

from __future__ import annotations

import json
import random
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2

from annotate.bridges.label_studio.access import Secret
from annotate.corpus.printable import printable
from annotate.errors import LabelStudioError

MAX_RETRIES = 5
FIRST_WAIT_S = 2.0
LONGEST_WAIT_S = 60.0
LONGEST_ASKED_WAIT_S = 600.0  # a server that asks for more is given up
FULL_TASKS_AT_ONCE = 100
IDS_AT_ONCE = 1000
IDS_IN_ADDRESS = 200  # an address may be cut at 4,096 characters
_TIMEOUT = httpx2.Timeout(600.0, connect=10.0)
_BUSY = (429, 500, 502, 503, 504)
_MOST_DETAIL = 200  # characters of a server's own words
# Failures before anything was sent.
_NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)


class LostReplyError(Exception):
    """A request may or may not have been carried out.

    Attributes
    ----------
    wait_s : float
        How long to wait before looking.
    answered : bool
        The server did answer, if only to say that it failed: it is no longer at work on it.
    """

    def __init__(self, why: str, wait_s: float, answered: bool) -> None:
        super().__init__(why)
        self.wait_s = wait_s
        self.answered = answered


class RefusedError(LabelStudioError):
    """The server understood and will not; sending it again helps nothing."""


class MissingError(RefusedError):
    """What was asked for is not there, or no longer."""


class LabelStudioClient:
    """One server, as one user.

    Parameters
    ----------
    url : str
        Checked by ``check_address``.
    token : Secret
        A legacy token (40 hex digits), or a personal access token, which is exchanged for one that
        lasts minutes.
    transport : httpx2.BaseTransport, optional
    tell : callable
        Told in one line why and how long it waits.
    sleep, draw : callables
        How to wait, and random numbers from 0 to 1; for tests.
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
        self._token = token
        self._access: Secret | None = None
        self._tell = tell
        self._sleep = sleep
        self._draw = draw
        self._server_time: datetime | None = None
        # Redirects are not followed: they would carry the token elsewhere.
        self._http = httpx2.Client(
            base_url=url, timeout=_TIMEOUT, transport=transport, follow_redirects=False
        )

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
        return self._server_time or datetime.now(UTC)

    def wait(self, seconds: float, why: str = "no reply") -> None:
        """Wait, and say so."""
        self._tell(f"Label Studio at {self.url}: {why}. Trying again in {seconds:.0f} seconds.")
        self._sleep(seconds)

    def wait_before(self, attempt: int) -> float:
        """Return how long to wait before trying again: twice as long each time, never in step."""
        wait_s = min(FIRST_WAIT_S * 2**attempt, LONGEST_WAIT_S)
        return wait_s * (0.75 + 0.5 * self._draw())

    # Projects

    def create_project(self, title: str, description: str, config: str) -> int:
        """Make a project and return its number; may raise LostReplyError."""
        wanted = {
            "title": title,
            "description": description,
            "label_config": config,
            "show_collab_predictions": True,
        }
        return _number(self._send("POST", "/api/projects/", json=wanted), "id")

    def find_project(self, description: str) -> int | None:
        """Return the project with exactly this description."""
        page = 1
        while True:
            params = {"page": page, "page_size": IDS_AT_ONCE, "include": "id,description"}
            reply = self._ask("GET", "/api/projects/", params=params)
            for project in _listed(reply, "results"):
                if project.get("description") == description:
                    return _number(project, "id")
            if not reply.get("next"):
                return None
            page += 1

    def read_project(self, project_id: int) -> dict[str, Any]:
        """Return a project."""
        return _mapping(self._ask("GET", f"/api/projects/{project_id}/"))

    def annotations_there(self, project_id: int) -> int:
        """Return how many annotations a project has, skips included."""
        project = self.read_project(project_id)
        names = ("total_annotations_number", "skipped_annotations_number")
        return sum(_number(project, name) for name in names)

    def change_project(self, project_id: int, changes: Mapping[str, Any]) -> None:
        """Set some of a project's fields."""
        self._ask("PATCH", f"/api/projects/{project_id}/", json=dict(changes))

    def serve_folder(self, project_id: int, path: str) -> None:
        """Let a project show pictures of a folder below the server's document root."""
        known = self._ask("GET", "/api/storages/localfiles", params={"project": project_id})
        listed = known if isinstance(known, list) else _listed(known, "results")
        if any(storage.get("path") == path for storage in listed):
            return
        wanted = {"project": project_id, "path": path, "use_blob_urls": True, "title": "annotate"}
        self._ask("POST", "/api/storages/localfiles", json=wanted)

    # Tasks and predictions

    def create_tasks(self, project_id: int, tasks: Sequence[Mapping[str, Any]]) -> list[int]:
        """Make tasks and return their numbers in the same order.

        Raises
        ------
        LostReplyError
            If it may or may not have worked, or worked and the server does not tell the numbers.
        """
        reply = self._send(
            "POST",
            f"/api/projects/{project_id}/import",
            params={"return_task_ids": "true"},
            json=list(tasks),
        )
        ids = reply.get("task_ids") if isinstance(reply, dict) else None
        if not isinstance(ids, list) or len(ids) != len(tasks):
            raise LostReplyError("no task numbers", self.wait_before(0), answered=False)
        return [int(number) for number in ids]

    def create_predictions(self, project_id: int, predictions: Sequence[Mapping[str, Any]]) -> None:
        """Add predictions to tasks that are there; may raise LostReplyError."""
        self._send("POST", f"/api/projects/{project_id}/import/predictions", json=list(predictions))

    def delete_predictions(self, project_id: int, task_ids: Sequence[int]) -> None:
        """Take every prediction from these tasks."""
        self._ask(
            "POST",
            "/api/dm/actions",
            params={"id": "delete_tasks_predictions", "project": project_id},
            json={"selectedItems": {"all": False, "included": list(task_ids)}},
        )

    def delete_task(self, task_id: int) -> None:
        """Remove a task, if it is still there."""
        try:
            self._ask("DELETE", f"/api/tasks/{task_id}/")
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
        users = self._ask("GET", "/api/users/")
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
            tasks = _listed(self._ask("GET", "/api/tasks", params=asked), "tasks")
            if tasks:
                highest = max(_number(task, "id") for task in tasks)
                yield tasks
            if len(tasks) < page_size:
                return
            after_id = max(after_id + 1, highest)

    # Requests

    def _ask(self, method: str, path: str, **request: Any) -> Any:
        """Return the answer to a request that may be sent any number of times."""
        for attempt in range(MAX_RETRIES + 1):
            try:
                return self._try(method, path, attempt, **request)
            except LostReplyError as lost:
                if attempt == MAX_RETRIES:
                    raise LabelStudioError(
                        f"Label Studio at {self.url} must answer; it did not in"
                        f" {MAX_RETRIES + 1} attempts ({lost}). Run the same command again once it"
                        " does."
                    ) from None
                self.wait(lost.wait_s, str(lost))
        raise AssertionError("the loop returns or raises")

    def _send(self, method: str, path: str, **request: Any) -> Any:
        """Return the answer to a request that must not be sent twice.

        It is tried again only where nothing can have come of it.
        """
        attempt = 0
        while True:
            try:
                return self._try(method, path, attempt, **request)
            except _NotTakenError as busy:
                if attempt == MAX_RETRIES:
                    raise LabelStudioError(
                        f"Label Studio at {self.url} must take requests; it took none in"
                        f" {MAX_RETRIES + 1} attempts ({busy}). Run the same command again later."
                    ) from None
                self.wait(busy.wait_s, str(busy))
                attempt += 1

    def _try(self, method: str, path: str, attempt: int, **request: Any) -> Any:
        try:
            reply = self._http.request(method, path, headers=self._headers(), **request)
            if reply.status_code == 401 and self._access is not None:
                self._access = None  # it lasts minutes only
                reply = self._http.request(method, path, headers=self._headers(), **request)
            self._note_time(reply)
            if reply.status_code in _BUSY:
                wait_s = self._asked_wait(reply, attempt)
                why = f"status {reply.status_code}"
                if reply.status_code == 429:
                    raise _NotTakenError(why, wait_s, answered=True)
                raise LostReplyError(why, wait_s, answered=True)
            if reply.status_code >= 300:
                self._refuse(reply)
            return reply.json() if reply.content else None
        except (httpx2.HTTPError, httpx2.StreamError, ValueError, RecursionError) as error:
            self._fail_if_untrusted(error)
            kind = _NotTakenError if isinstance(error, _NOT_SENT) else LostReplyError
            # The class only: a message may quote what was sent.
            wait_s = self.wait_before(attempt)
            raise kind(type(error).__name__, wait_s, answered=False) from None

    def _headers(self) -> dict[str, str]:
        token = self._token.reveal()
        if token.count(".") != 2:
            return {"Authorization": f"Token {token}"}
        if self._access is None:
            reply = self._http.post("/api/token/refresh", json={"refresh": token})
            if reply.status_code in _BUSY:
                # Nothing was asked of the server yet, so nothing can have come of it.
                raise _NotTakenError(f"status {reply.status_code}", FIRST_WAIT_S, answered=True)
            if reply.status_code != 200:
                self._refuse(reply)
            self._access = Secret(str(_mapping(reply.json()).get("access", "")))
        return {"Authorization": f"Bearer {self._access.reveal()}"}

    def _note_time(self, reply: httpx2.Response) -> None:
        try:
            self._server_time = _moment(reply.headers["date"])
        except (KeyError, ValueError):
            self._server_time = None

    def _asked_wait(self, reply: httpx2.Response, attempt: int) -> float:
        own = self.wait_before(attempt)
        header = reply.headers.get("retry-after", "")
        try:
            asked = float(header) if header.strip().isdigit() else self._until(header)
        except ValueError:
            return own
        if asked > LONGEST_ASKED_WAIT_S:
            raise LabelStudioError(
                f"Label Studio at {self.url} must take requests; it asks to wait {asked:,.0f}"
                " seconds. Run the same command again later."
            )
        return max(own, asked)

    def _until(self, date: str) -> float:
        if not date:
            return 0.0
        return (_moment(date) - self.server_time).total_seconds()

    def _refuse(self, reply: httpx2.Response) -> None:
        status, where = reply.status_code, f"{reply.request.method} {reply.request.url.path}"
        if status in (401, 403):
            raise RefusedError(
                f"Label Studio at {self.url} must accept the token; it refuses (status {status})."
                " Make a new token there, under Account & Settings."
            )
        if status == 404:
            raise MissingError(
                f"Label Studio at {self.url} must have what is asked for; {where} is not there."
                " Check the address; if its project was deleted, push with --new-project."
            )
        if status < 400:
            raise RefusedError(
                f"Label Studio must answer at the address given; {self.url} sends elsewhere"
                f" (status {status}). Give the address it ends at."
            )
        raise RefusedError(
            f"Label Studio at {self.url} must take {where}; it refuses with status {status}:"
            f" {_detail(reply)!r}. Mend what it names and run the same command again."
        )

    def _fail_if_untrusted(self, error: BaseException) -> None:
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, ssl.SSLCertVerificationError):
                raise LabelStudioError(
                    f"The certificate of {self.url} must be valid; it is not"
                    f" ({cause.verify_message}). Mend it there, or trust its authority with"
                    " SSL_CERT_FILE."
                ) from None
            cause = cause.__cause__ or cause.__context__


class _NotTakenError(LostReplyError):
    """Nothing came of the request: it did not reach the server, or was turned away."""


def _moment(date: str) -> datetime:
    moment = parsedate_to_datetime(date)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _detail(reply: httpx2.Response) -> str:
    try:
        body = reply.json()
    except ValueError:
        return ""
    if isinstance(body, dict):
        body = body.get("validation_errors") or body.get("detail") or ""
    return printable(str(body))[:_MOST_DETAIL]


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


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise LabelStudioError(
            "Label Studio must answer with an object; it sent something else. Check that the"
            " address is that of a Label Studio server."
        )
    return value


def _listed(value: Any, key: str) -> list[dict[str, Any]]:
    found = _mapping(value).get(key)
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise LabelStudioError(
            f"Label Studio must answer with a list of {key}; it did not. Check that its version"
            " is 1.20 or newer."
        )
    return found


def _number(value: Any, key: str) -> int:
    found = _mapping(value).get(key)
    if not isinstance(found, int) or isinstance(found, bool) or not 0 <= found < 2**63:
        raise LabelStudioError(
            f"Label Studio must say {key} as a number; it did not. Check that its version is 1.20"
            " or newer."
        )
    return found
