"""What the page's element fetches and sends, without a rerun of the page's script.

Every address holds the session's token, which only that session's page knows: no other site and no
other reviewer can read a picture or act with it. Nothing in an address is a path.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from annotate.errors import AnnotateError
from annotate.steps.picture import Picture, read_picture
from annotate.steps.review import read_cards, read_page, record_events
from app.session import ReviewSession, find_session, open_folder

PREFIX = "/review-api"
MAX_BODY_BYTES = 1_000_000
MAX_CARDS = 100
MAX_EVENTS = 500
_PICTURES_KEPT = 512

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'",
}


def _reply(content: Any, status: int = 200) -> Response:
    return JSONResponse(content, status, {**_HEADERS, "Cache-Control": "no-store"})


def _with_session(answer: Callable[[Request, ReviewSession], Response]) -> Callable[..., Response]:
    """Return an endpoint that first finds the session; Starlette runs it in a thread."""

    def endpoint(request: Request) -> Response:
        session = find_session(request.path_params["token"])
        if session is None:
            return _reply({"error": "this page's session has ended"}, 403)
        try:
            return answer(request, session)
        except AnnotateError as error:
            return _reply({"error": str(error)}, 409)

    return endpoint


def _send_page(request: Request, session: ReviewSession) -> Response:
    start = max(0, _whole(request.query_params.get("start", "")))
    n = min(_whole(request.query_params.get("n", "")), MAX_CARDS)
    cards = read_page(session.workspace, session.queue, start, max(0, n))
    total = len(session.queue)
    return _reply({"cards": [card.as_json() for card in cards], "start": start, "total": total})


def _send_card(request: Request, session: ReviewSession) -> Response:
    try:
        item_no = _whole(request.path_params["item_no"])
        [card] = read_cards(session.workspace, session.queue, [item_no])
    except KeyError:
        return _reply({"error": "no such item"}, 404)
    return _reply(card.as_json())


def _send_picture(request: Request, session: ReviewSession) -> Response:
    try:
        picture = _picture(session.workspace.paths.root, _whole(request.path_params["item_no"]))
    except KeyError:
        return _reply({"error": "no such item"}, 404)
    headers = {**_HEADERS, "ETag": picture.etag, "Cache-Control": "private, max-age=3600"}
    if request.headers.get("if-none-match") == picture.etag:
        return Response(status_code=304, headers=headers)
    return Response(picture.content, media_type=picture.media_type, headers=headers)


async def _take_events(request: Request) -> Response:
    session = find_session(request.path_params["token"])
    if session is None:
        return _reply({"error": "this page's session has ended"}, 403)
    if request.headers.get("content-type") != "application/json":
        return _reply({"error": "events must be sent as JSON"}, 415)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            return _reply({"error": "too many events at once"}, 413)
    try:
        events = json.loads(body)["events"]
        well_formed = isinstance(events, list) and all(isinstance(event, dict) for event in events)
    except (ValueError, KeyError, TypeError, RecursionError):
        well_formed = False
    if not well_formed or len(events) > MAX_EVENTS:
        return _reply({"error": f"the body must hold a list of at most {MAX_EVENTS} events"}, 400)
    try:
        receipt = await run_in_threadpool(
            record_events, session.workspace, session.reviewer, events
        )
    except AnnotateError as error:  # a full disk, say: the page keeps its events and tries again
        return _reply({"error": str(error)}, 503)
    return _reply(receipt.as_json())


@lru_cache(maxsize=_PICTURES_KEPT)
def _picture(root: Path, item_no: int) -> Picture:
    return read_picture(open_folder(root), item_no)


def _whole(digits: str) -> int:
    """Return the number that a part of an address spells; -1, which nothing has, for any other."""
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 16 else -1


ROUTES = [
    Route(f"{PREFIX}/{{token}}/page", _with_session(_send_page)),
    Route(f"{PREFIX}/{{token}}/card/{{item_no}}", _with_session(_send_card)),
    Route(f"{PREFIX}/{{token}}/picture/{{item_no}}", _with_session(_send_picture)),
    Route(f"{PREFIX}/{{token}}/events", _take_events, methods=["POST"]),
]
