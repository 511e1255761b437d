"""Where a proxy says who is there, nobody else may connect."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from app.api.trusted_proxy import OnlyFromProxy


def answer(request):
    return PlainTextResponse("in")


async def greet(socket):
    await socket.accept()
    await socket.send_text("in")
    await socket.close()


def client(address):
    app = Starlette(
        routes=[Route("/", answer), WebSocketRoute("/socket", greet)],
        middleware=[Middleware(OnlyFromProxy, proxy="10.1.2.3")],
    )
    return TestClient(app, client=(address, 5000))


@pytest.mark.parametrize("address", ["10.1.2.3", "::ffff:10.1.2.3"])
def test_the_proxy_comes_in(address):
    assert client(address).get("/").text == "in"
    with client(address).websocket_connect("/socket") as socket:
        assert socket.receive_text() == "in"


@pytest.mark.parametrize("address", ["10.1.2.4", "127.0.0.1", "::1", "unknown"])
def test_nobody_else_does_whatever_headers_say(address):
    headers = {"X-Forwarded-For": "10.1.2.3", "X-Real-IP": "10.1.2.3"}
    assert client(address).get("/", headers=headers).status_code == 403
    with pytest.raises(WebSocketDisconnect), client(address).websocket_connect("/socket"):
        pass
