"""One chat endpoint: what is sent, patience with it, and the record of every reply."""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

import httpx2

from annotate.bridges.label_studio.access import Secret
from annotate.corpus.printable import printable
from annotate.errors import ChatError, NotReadyError

KEY_VARIABLE = "ANNOTATE_CHAT_KEY"
ADDRESS_VARIABLE = "ANNOTATE_CHAT_URL"
PATH = "/chat/completions"
MAX_RETRIES = 5
FIRST_WAIT_S = 2.0
LONGEST_WAIT_S = 60.0
LONGEST_ASKED_WAIT_S = 600.0
TIMEOUT_S = 120.0
_BUSY = (408, 409, 425, 429, 500, 502, 503, 504)
_MOST_DETAIL = 200  # characters of a server's own words

Body = Mapping[str, Any]


class Recording(Protocol):
    """Where replies are kept, so that nothing is asked twice; must bear several threads."""

    def get(self, key: str) -> dict[str, Any] | None: ...

    def put(self, key: str, entry: Mapping[str, Any]) -> None: ...


@dataclass(frozen=True)
class ChatReply:
    """What a model said, and what it took.

    ``recorded`` says that the reply was on record: nothing was sent for it.
    """

    text: str
    n_prompt_tokens: int
    n_reply_tokens: int
    recorded: bool


class RefusedRequestError(ChatError):
    """The endpoint will not answer this one request; others may fare better."""


class MissingReplyError(NotReadyError):
    """A reply is not on record, and there is no endpoint to ask."""


class ChatClient:
    """Asks one endpoint; a reply on record is never asked for again.

    Parameters
    ----------
    url : str or None
        What comes before ``/chat/completions``, as ``https://api.example.org/v1``. None replays:
        what is not on record cannot be had.
    key : Secret, optional
        Sent as a bearer token; never kept, logged or shown.
    recording : Recording
    transport : httpx2.BaseTransport, optional
    tell : callable
        Told in one line why and how long it waits.
    timeout_s : float
        For one reply.
    sleep, draw : callables
        How to wait, and random numbers from 0 to 1; for tests.
    """

    def __init__(
        self,
        url: str | None,
        key: Secret | None,
        recording: Recording,
        *,
        transport: httpx2.BaseTransport | None = None,
        tell: Callable[[str], None] = lambda line: None,
        timeout_s: float = TIMEOUT_S,
        sleep: Callable[[float], None] = time.sleep,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._url = url
        self._key = key
        self._recording = recording
        self._tell = tell
        self._sleep = sleep
        self._draw = draw
        self._takes_schemas = True
        # Redirects are not followed: they would carry the key elsewhere.
        self._connections = httpx2.Client(
            timeout=httpx2.Timeout(timeout_s, connect=10.0),
            transport=transport,
            follow_redirects=False,
        )

    def close(self) -> None:
        """Close the connections."""
        self._connections.close()

    def has(self, body: Body) -> bool:
        """Return whether the reply to a request is on record."""
        return self._recording.get(request_key(body)) is not None

    def complete(self, body: Body) -> ChatReply:
        """Return the reply to a request, from the record if it is there.

        Parameters
        ----------
        body : mapping
            As the endpoint takes it: model, messages, temperature, seed, response_format. Where it
            knows no ``response_format`` the request is sent without.

        Raises
        ------
        MissingReplyError
            If it would have to be sent and there is no endpoint.
        RefusedRequestError
            If the endpoint will not answer this request.
        ChatError
            If it accepts no key, is not there, or gives no usable reply in ``MAX_RETRIES + 1``
            attempts.
        """
        key = request_key(body)
        entry = self._recording.get(key)
        recorded = entry is not None
        if entry is None:
            entry = {"request": dict(body), "reply": self._send(body)}
            self._recording.put(key, entry)
        reply = entry["reply"]
        usage = reply.get("usage") or {}
        return ChatReply(
            _usable_text(reply),
            int(usage.get("prompt_tokens") or 0),
            int(usage.get("completion_tokens") or 0),
            recorded,
        )

    def _send(self, body: Body) -> dict[str, Any]:
        if self._url is None:
            raise MissingReplyError(
                "Every reply must be on record to be replayed; one is not. Give the endpoint with"
                f" --url, or set {ADDRESS_VARIABLE}."
            )
        plain = {name: value for name, value in body.items() if name != "response_format"}
        if not self._takes_schemas:
            return self._ask(plain)
        try:
            return self._ask(body)
        except RefusedRequestError:
            if "response_format" not in body:
                raise
            reply = self._ask(plain)
            self._takes_schemas = False  # it is the format that was refused
            return reply

    def _ask(self, body: Body) -> dict[str, Any]:
        why, wait_s = "", 0.0
        for attempt in range(MAX_RETRIES + 1):
            if attempt:
                self._tell(f"{self._url}: {why}. Trying again in {wait_s:.0f} seconds.")
                self._sleep(wait_s)
            wait_s = self._own_wait(attempt)
            try:
                answer = self._connections.post(
                    f"{self._url}{PATH}", json=dict(body), headers=self._headers()
                )
                if answer.status_code in _BUSY:
                    why = f"status {answer.status_code}"
                    wait_s = max(wait_s, self._asked_wait(answer))
                elif answer.status_code >= 300:
                    self._refuse(answer)
                else:
                    reply = answer.json()
                    _usable_text(reply)
                    return dict(reply)
            except (httpx2.HTTPError, httpx2.StreamError, ValueError, RecursionError) as error:
                # The class only: a message may quote what was sent.
                why = type(error).__name__
        raise ChatError(
            f"The endpoint {self._url} must answer; it did not in {MAX_RETRIES + 1} attempts"
            f" ({why}). Run the same command again: what was answered is kept."
        )

    def _headers(self) -> dict[str, str]:
        return {} if self._key is None else {"Authorization": f"Bearer {self._key.reveal()}"}

    def _own_wait(self, attempt: int) -> float:
        wait_s = min(FIRST_WAIT_S * 2**attempt, LONGEST_WAIT_S)
        return wait_s * (0.75 + 0.5 * self._draw())

    def _asked_wait(self, answer: httpx2.Response) -> float:
        header = answer.headers.get("retry-after", "").strip()
        try:
            asked = float(header) if header.isdigit() else _seconds_until(header)
        except (ValueError, TypeError):
            return 0.0
        if asked > LONGEST_ASKED_WAIT_S:
            raise ChatError(
                f"The endpoint {self._url} must take requests; it asks to wait {asked:,.0f}"
                " seconds. Run the same command again later: what was answered is kept."
            )
        return asked

    def _refuse(self, answer: httpx2.Response) -> None:
        status = answer.status_code
        if status in (401, 403):
            raise ChatError(
                f"The endpoint {self._url} must accept the key; it refuses (status {status}). Set"
                f" {KEY_VARIABLE}."
            )
        if status < 400 or status in (404, 405):
            raise ChatError(
                f"The address must be what comes before {PATH}; {self._url} has nothing there"
                f" (status {status}). Give another with --url."
            )
        raise RefusedRequestError(
            f"The endpoint {self._url} must take the request; it refuses with status {status}:"
            f" {_detail(answer)!r}. Mend what it names."
        )


def request_key(body: Body) -> str:
    """Return the name that a request's reply has on record: a hash of everything sent but keys."""
    text = json.dumps(dict(body), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _usable_text(reply: Any) -> str:
    """Return the text of a reply; ValueError if it has none of the form agreed on."""
    try:
        content = reply["choices"][0]["message"].get("content")
    except (KeyError, IndexError, TypeError, AttributeError):
        raise ValueError("A reply must have choices with a message; this one has none.") from None
    return content if isinstance(content, str) else ""


def _seconds_until(date: str) -> float:
    return parsedate_to_datetime(date).timestamp() - time.time() if date else 0.0


def _detail(answer: httpx2.Response) -> str:
    try:
        error = answer.json().get("error") or {}
        words = error.get("message", "") if isinstance(error, dict) else error
    except (ValueError, AttributeError):
        return ""
    return printable(str(words))[:_MOST_DETAIL]
