"""Label Studio's ML-backend protocol, as a web application over anything that has predictions.

Nobody is believed: every address but the health check wants the secret, a body has a limit, and a
webhook is only a hint that a pull may find something.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from annotate.bridges.label_studio.access import Secret

SECRET_HEADER = "X-Annotate-Secret"
MAX_BODY_BYTES = 5 << 20

_Answer = Callable[[Request, bytes], Awaitable[JSONResponse]]


class Predictor(Protocol):
    """What a backend answers from."""

    def model_version(self) -> str:
        """Return the name of the predictions that stand now; empty for none."""
        ...

    def predict(self, tasks: Sequence[Any]) -> list[dict[str, Any]]:
        """Return one prediction a task, in the same order; an empty result for none."""
        ...


def make_backend(predictor: Predictor, secret: Secret, hint: Callable[[], None]) -> Starlette:
    """Return the application.

    Parameters
    ----------
    predictor : Predictor
    secret : Secret
        Must come in the header ``X-Annotate-Secret``, or as the password of basic authentication,
        which is what Label Studio's form for a backend offers.
    hint : callable
        Called for each webhook; must return at once.
    """

    async def health(request: Request) -> JSONResponse:
        return _reply({"status": "UP"})

    async def setup(request: Request, body: bytes) -> JSONResponse:
        # The body hands over an access token, which nobody here needs: it is not even read.
        return _reply({"model_version": await run_in_threadpool(predictor.model_version)})

    async def versions(request: Request, body: bytes) -> JSONResponse:
        version = await run_in_threadpool(predictor.model_version)
        return _reply({"versions": [version] if version else []})

    async def predict(request: Request, body: bytes) -> JSONResponse:
        tasks = _tasks(body)
        if tasks is None:
            return _reply({"error": "the body must hold a list of tasks"}, 400)
        return _reply({"results": await run_in_threadpool(predictor.predict, tasks)})

    async def webhook(request: Request, body: bytes) -> JSONResponse:
        hint()
        return _reply({"status": "noted"})

    def guarded(answer: _Answer) -> Callable[[Request], Awaitable[JSONResponse]]:
        async def endpoint(request: Request) -> JSONResponse:
            if not _knows_secret(request, secret):
                return _reply({"error": "the secret is missing or wrong"}, 401)
            body = await _read_body(request)
            if body is None:
                return _reply({"error": f"a body may have {MAX_BODY_BYTES:,} bytes"}, 413)
            return await answer(request, body)

        return endpoint

    return Starlette(
        routes=[
            Route("/", health),
            Route("/health", health),
            Route("/setup", guarded(setup), methods=["POST"]),
            Route("/versions", guarded(versions), methods=["GET", "POST"]),
            Route("/predict", guarded(predict), methods=["POST"]),
            Route("/webhook", guarded(webhook), methods=["POST"]),
        ]
    )


def _knows_secret(request: Request, secret: Secret) -> bool:
    given = request.headers.get(SECRET_HEADER) or _basic_password(request)
    # In constant time: how far a guess was right must not show.
    return hmac.compare_digest(given.encode("utf-8", "replace"), secret.reveal().encode())


def _basic_password(request: Request) -> str:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return ""


async def _read_body(request: Request) -> bytes | None:
    """Return the body; None as soon as it is too long."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            return None
    return bytes(body)


def _tasks(body: bytes) -> list[Any] | None:
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        return None
    tasks = sent.get("tasks") if isinstance(sent, Mapping) else None
    return tasks if isinstance(tasks, list) else None


def _reply(content: Any, status: int = 200) -> JSONResponse:
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
    return JSONResponse(content, status, headers)
