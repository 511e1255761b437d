"""Patience with a Label Studio server in trouble: what is sent again, and when.

The SDK's own client sends a request again after any error of the server, imports included, and so
can make every task twice. Here a request that may have worked is never sent again blindly:
``LostReplyError`` leaves it to the caller to look first.
"""

from __future__ import annotations

import random
import ssl
import time
from collections.abc import Callable
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


class PatientHttp:
    """Requests to one server, as one user.

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
        self._connections = httpx2.Client(
            base_url=url, timeout=_TIMEOUT, transport=transport, follow_redirects=False
        )

    def close(self) -> None:
        """Close the connections."""
        self._connections.close()

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

    def ask(self, method: str, path: str, **request: Any) -> Any:
        """Return the answer to a request that may be sent any number of times.

        Parameters
        ----------
        method, path : str
        **request
            As for ``httpx2.Client.request``: ``params``, ``json``.

        Raises
        ------
        RefusedError
            If the server understood and will not.
        LabelStudioError
            If it gave no usable reply in ``MAX_RETRIES + 1`` attempts.
        """
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

    def send(self, method: str, path: str, **request: Any) -> Any:
        """Return the answer to a request that must not be sent twice.

        It is tried again only where nothing can have come of it.

        Raises
        ------
        LostReplyError
            If it may or may not have been carried out.
        RefusedError
            If the server understood and will not.
        LabelStudioError
            If it took no request in ``MAX_RETRIES + 1`` attempts.
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
            reply = self._connections.request(method, path, headers=self._headers(), **request)
            if reply.status_code == 401 and self._access is not None:
                self._access = None  # it lasts minutes only
                reply = self._connections.request(method, path, headers=self._headers(), **request)
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
            reply = self._connections.post("/api/token/refresh", json={"refresh": token})
            if reply.status_code in _BUSY:
                # Nothing was asked of the server yet, so nothing can have come of it.
                raise _NotTakenError(f"status {reply.status_code}", FIRST_WAIT_S, answered=True)
            if reply.status_code != 200:
                self._refuse(reply)
            self._access = Secret(str(required_object(reply.json()).get("access", "")))
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


def required_object(reply: Any) -> dict[str, Any]:
    """Return a reply that must be a JSON object.

    Raises
    ------
    LabelStudioError
        If it is something else, as the answer of another program would be.
    """
    if not isinstance(reply, dict):
        raise LabelStudioError(
            "Label Studio must answer with an object; it sent something else. Check that the"
            " address is that of a Label Studio server."
        )
    return reply


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
