"""`annotate ask` as people see it."""

from __future__ import annotations

import json

import pytest

from tests.annotate.bridges.chat.chat_server import ChatServer


@pytest.fixture
def server():
    started = ChatServer(lambda body: '{"label": "fruit"}')
    yield started
    started.close()


def test_the_cost_is_shown_before_and_after(run, project, server):
    asked = ("ask", project, "--model", "tiny", "--url", server.url, "--examples", 2)
    prices = ("--price-in", 1, "--price-out", 2)
    shown = run(*asked, *prices).out
    assert "24 requests" in shown and "price" in shown and "Nothing was sent" in shown
    assert server.requests == []
    shown = run(*asked, "--yes").out
    assert "language_model:tiny answered 24 of 24 items" in shown
    assert "Sent: 24 requests, 240 tokens, and 48 tokens back." in shown
    again = json.loads(run(*asked, "--json").out)
    assert again["estimate"]["n_requests"] == 0 and again["n_answered"] == 24


def test_an_endpoint_that_is_not_there_is_one_line(run, project, server):
    server.faults = [404]
    refused = run("ask", project, "--model", "tiny", "--url", server.url, "--yes")
    assert refused.code == 2
    assert refused.err.splitlines()[-1].startswith("annotate: The address must be")
