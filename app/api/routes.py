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

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from annotate.errors import AnnotateError
from annotate.review.pictures import MAX_SIDE_PX, THUMBNAIL_PX, Picture
from annotate.steps.hand_out import give_back, hand_out, keep_leases
from annotate.steps.look_alikes import find_look_alikes
from annotate.steps.people import is_on_list
from annotate.steps.picture import read_picture
from annotate.steps.record_events import record_events
from annotate.steps.review import read_cards
from app.session import (
    ReviewSession,
    find_session,
    follow_live,
    live_learner,
    open_folder,
    order_is_old,
)

PREFIX = "/review-api"
MAX_BODY_BYTES = 1_000_000
MAX_CARDS = 100
MAX_EVENTS = 500
MAX_HOLDER = 64  # characters
_PICTURES_KEPT = 1024

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
        session = _session_of(request)
        if session is None:
            return _reply({"error": "this page's session has ended"}, 403)
        try:
            return answer(request, session)
        except AnnotateError as error:
            return _reply({"error": str(error)}, 409)

    return endpoint


def _session_of(request: Request) -> ReviewSession | None:
    """Return the session of an address, as long as its person may review."""
    session = find_session(request.path_params["token"])
    if session is None or not is_on_list(session.workspace, session.person.name):
        return None
    return session


def _send_next(request: Request, session: ReviewSession) -> Response:
    holder = request.query_params.get("holder")
    if not _is_holder(holder):
        return _reply({"error": "holder must be a page's own name"}, 400)
    n = max(0, min(_whole(request.query_params.get("n", "")), MAX_CARDS))
    if order_is_old(session):
        follow_live(session)
    cards = hand_out(session.workspace, session.handing, n, f"{session.person.name}:{holder}")
    return _reply({"cards": [card.as_json() for card in cards]})


def _send_card(request: Request, session: ReviewSession) -> Response:
    try:
        item_no = _whole(request.path_params["item_no"])
        [card] = read_cards(session.workspace, session.queue, [item_no])
    except KeyError:
        return _reply({"error": "no such item"}, 404)
    return _reply(card.as_json())


def _send_look_alikes(request: Request, session: ReviewSession) -> Response:
    class_no = _whole(request.query_params.get("class_no", ""))
    try:
        found = find_look_alikes(
            session.workspace,
            session.queue,
            _whole(request.path_params["item_no"]),
            class_no if class_no >= 0 else None,
        )
    except KeyError:
        return _reply({"error": "no such item"}, 404)
    return _reply(found.as_json())


def _send_picture(request: Request, session: ReviewSession) -> Response:
    small = "small" in request.query_params
    try:
        picture = _picture(
            session.workspace.paths.root,
            _whole(request.path_params["item_no"]),
            THUMBNAIL_PX if small else MAX_SIDE_PX,
        )
    except KeyError:
        return _reply({"error": "no such item"}, 404)
    headers = {**_HEADERS, "ETag": picture.etag, "Cache-Control": "private, max-age=3600"}
    if request.headers.get("if-none-match") == picture.etag:
        return Response(status_code=304, headers=headers)
    return Response(picture.content, media_type=picture.media_type, headers=headers)


async def _take_leases(request: Request) -> Response:
    """Renew what a page holds, take back what it gives back, and tell what it has lost."""
    session, body = await _posted(request)
    if session is None:
        return body
    wanted = body if isinstance(body, dict) else {}
    holder, kept, released = (wanted.get(name) for name in ("holder", "keep", "release"))
    if not (_is_holder(holder) and _are_items(kept) and _are_items(released)):
        return _reply({"error": "the body must name holder, items to keep and to release"}, 400)
    holder = f"{session.person.name}:{holder}"
    workspace, handing = session.workspace, session.handing
    await run_in_threadpool(give_back, workspace, handing, holder, released)
    return _reply({"lost": await run_in_threadpool(keep_leases, workspace, handing, holder, kept)})


async def _take_events(request: Request) -> Response:
    session, body = await _posted(request)
    if session is None:
        return body
    events = body.get("events") if isinstance(body, dict) else None
    well_formed = isinstance(events, list) and all(isinstance(event, dict) for event in events)
    if not well_formed or len(events) > MAX_EVENTS:
        return _reply({"error": f"the body must hold a list of at most {MAX_EVENTS} events"}, 400)
    try:
        receipt = await run_in_threadpool(
            record_events, session.workspace, session.person.name, events
        )
    except AnnotateError as error:  # a full disk, say: the page keeps its events and tries again
        return _reply({"error": str(error)}, 503)
    reply = _reply({**receipt.as_json(), "order_version": session.order_version})
    # The reply does not wait for what earlier answers taught: the next one tells of it.
    reply.background = BackgroundTask(_learn, session)
    return reply


def _learn(session: ReviewSession) -> None:
    learner = live_learner(session.workspace.paths.root)
    if learner is not None:
        learner.wake()
        if order_is_old(session):
            follow_live(session)


async def _posted(request: Request) -> tuple[ReviewSession | None, Any]:
    """Return the session and the JSON it sent, or None and the reply that refuses it."""
    session = await run_in_threadpool(_session_of, request)
    if session is None:
        return None, _reply({"error": "this page's session has ended"}, 403)
    if request.headers.get("content-type") != "application/json":
        return None, _reply({"error": "what is sent must be JSON"}, 415)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            return None, _reply({"error": "too much at once"}, 413)
    try:
        return session, json.loads(body)
    except (ValueError, RecursionError):
        return None, _reply({"error": "what is sent must be JSON"}, 400)


@lru_cache(maxsize=_PICTURES_KEPT)
def _picture(root: Path, item_no: int, max_side_px: int) -> Picture:
    return read_picture(open_folder(root), item_no, max_side_px)


def _is_holder(value: Any) -> bool:
    return (
        isinstance(value, str) and value.isascii() and value.isalnum() and len(value) <= MAX_HOLDER
    )


def _are_items(values: Any) -> bool:
    return (
        isinstance(values, list)
        and len(values) <= MAX_EVENTS
        and all(type(value) is int for value in values)
    )


def _whole(digits: str) -> int:
    """Return the number that a part of an address spells; -1, which nothing has, for any other."""
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 16 else -1


ROUTES = [
    Route(f"{PREFIX}/{{token}}/next", _with_session(_send_next), methods=["POST"]),
    Route(f"{PREFIX}/{{token}}/card/{{item_no}}", _with_session(_send_card)),
    Route(f"{PREFIX}/{{token}}/picture/{{item_no}}", _with_session(_send_picture)),
    Route(f"{PREFIX}/{{token}}/look-alikes/{{item_no}}", _with_session(_send_look_alikes)),
    Route(f"{PREFIX}/{{token}}/leases", _take_leases, methods=["POST"]),
    Route(f"{PREFIX}/{{token}}/events", _take_events, methods=["POST"]),
]
